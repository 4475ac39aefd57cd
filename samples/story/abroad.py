"""Letters in French, Japanese, Spanish, Russian and Chinese."""

from __future__ import annotations

from samples.mail.letter import Letter


def letters() -> tuple[Letter, ...]:
    """In the order in which they were written."""
    return (*_french(), *_japanese(), *_others())


def _french() -> tuple[Letter, ...]:
    return (
        Letter(
            "quay", "2024-04-04 09:12 +0200", "marchand", ("jane",),
            "Trois moyeux restés à quai", """
            Madame,

            les trois moyeux du lot 2 sont restés à quai faute de remorque. Ils partiront demain
            matin sans frais pour vous. Je vous présente nos excuses pour ce désagrément.

            Bien cordialement,""",
            language="fr", charset="iso-8859-1",
        ),
        Letter(
            "quay_re", "2024-04-04 10:03 +0100", "jane", ("marchand",),
            "Re: Trois moyeux restés à quai", """
            Chère Madame Marchand,

            merci de votre réponse. Notre contrôleur retient la facture jusqu'à l'arrivée des trois
            pièces. Pouvez-vous confirmer le numéro de la remorque ?

            Cordialement,""",
            cc=("john",), reply="quay", language="fr", charset="iso-8859-1",
        ),
        Letter(
            "demurrage", "2024-09-11 16:40 +0200", "marchand", ("jane",),
            "Surestaries, troisième rappel", """
            Madame,

            malgré deux rappels, les surestaries du mois de juin demeurent impayées. À défaut de
            règlement sous huit jours, nous invoquerons la clause de résiliation de plein droit.

            Le détail figure dans le tableau ci-joint, à lire côté « été ».

            Salutations distinguées,""",
            cc=("john",), language="fr", charset="windows-1252", files=("demurrage",),
            names="2047",
        ),
        Letter(
            "demurrage_re", "2024-09-12 11:20 +0100", "john", ("marchand",),
            "Re: Surestaries, troisième rappel", """
            Chère Madame,

            la facture sera réglée vendredi. Une résiliation n'est dans l'intérêt de personne.

            John Doe""",
            cc=("jane",), reply="demurrage", language="fr", charset="windows-1252",
        ),
    )  # fmt: skip


def _japanese() -> tuple[Letter, ...]:
    return (
        Letter(
            "delay", "2024-07-22 11:05 +0900", "sato", ("jane",), "納期遅延のお詫び", """
            ロー様

            いつもお世話になっております。月影精密の佐藤です。

            フランジ加工機の故障により、第六ロットについて納期遅延が三週間ほど発生する見込みです。
            誠に申し訳ございません。代替機の手配を進めております。

            よろしくお願いいたします。""",
            language="ja", charset="iso-2022-jp",
        ),
        Letter(
            "delay_re", "2024-07-22 09:30 +0100", "jane", ("sato",), "Re: 納期遅延のお詫び", """
            Dear Ms Sato,

            thank you for telling me at once. Three weeks are hard but honest. Please keep the
            first hub of lot 6 uncoated, our engineer would like to see the flange bare.

            Kind regards""",
            cc=("john",), reply="delay", charset="iso-2022-jp",
        ),
        Letter(
            "flange", "2024-07-25 18:22 +0900", "sato", ("jane",), "フランジの写真", """
            ロー様

            ご依頼の件、塗装前のフランジを確認いたしました。表面に微細な気孔が見られます。
            検査記録には「異常なし」とありますが、弊社では受入時に測定しておりません。

            詳しい資料は追ってお送りします。

            佐藤""",
            language="ja", charset="shift_jis", coding="base64", files=("nouki",),
        ),
    )  # fmt: skip


def _others() -> tuple[Letter, ...]:
    return (
        Letter(
            "montaje", "2024-06-17 20:15 +0200", "rivera", ("john", "jane"),
            "Montaje parado por el oleaje", """
            Hola a los dos:

            llevamos dos días parados por el oleaje. Los bujes suenan a hueco cuando se golpean, y
            los buzos preguntan si alguien los ha revisado. ¿Mañana podéis llamarme antes de las
            nueve? El capitán cobra igual, con grúa o sin ella.

            Un saludo,""",
            language="es", charset="utf-8", form="both",
        ),
        Letter(
            "montaje_re", "2024-06-18 07:40 +0100", "john", ("rivera",),
            "Re: Montaje parado por el oleaje", """
            Tomás, llamo a las ocho y media. No hables de esto con Skerry.

            John""",
            reply="montaje", language="es", charset="utf-8",
        ),
        Letter(
            "customs", "2024-08-05 12:50 +0300", "petrova", ("john",), "Контейнер задержан", """
            Уважаемый господин Доу,

            контейнер с пятым лотом задержан таможней. Инспектор просит подлинные протоколы
            ультразвукового контроля, копии он не принимает. Хранение стоит двести евро в сутки.

            С уважением,""",
            language="ru", charset="koi8-r", coding="8bit",
        ),
        Letter(
            "haitang", "2024-10-09 10:30 +0800", "chen", ("jane",), "轮毂报价", """
            罗女士您好：

            感谢您的询价。我厂可在四个月内交付首批三十件轮毂，单价五万九千欧元，含第三方超声波检测。
            附件为报价明细，如有问题请随时联系。

            此致敬礼""",
            language="zh", charset="gb18030", coding="base64", files=("haitang_offer",),
        ),
    )  # fmt: skip
