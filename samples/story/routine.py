"""The daily noise around the dispute: lots, invoices, announcements, newsletters, small talk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from samples.mail.letter import Letter
from samples.story import small_talk
from samples.things import number, pick


def letters() -> tuple[Letter, ...]:
    """About ninety letters; the same ones each time."""
    return (
        *_goods_inwards(),
        *_announcements(),
        *_newsletters(),
        *_bank(),
        *_invoices(),
        *_freight(),
        *_statistics(),
        *_site(),
        *_tsukikage(),
        *small_talk.letters(),
    )


def _at(day: date, *key: object, zone: str = "+0000") -> str:
    hour, minute = number(8, 17, "hour", *key), number(0, 59, "minute", *key)
    return f"{day:%Y-%m-%d} {hour:02}:{minute:02} {zone}"


def _goods_inwards() -> Iterator[Letter]:
    openings = ("Morning both,", "Afternoon,", "Jane, John,", "All quiet here, so just the list.")
    weather = (
        "The yard was under water until ten, so nothing moved before that.",
        "The big crane is back from its inspection.",
        "Two trailers had to wait for the weighbridge again.",
        "We borrowed a fork-lift from the paint shop, theirs is the better one.",
        "Nothing broke and nobody shouted.",
        "The new lad can read a drawing, keep him.",
    )
    endings = (
        "Numbers are from the weighbridge, not from the notes.",
        "Tell me if Accounts want it by supplier.",
        "I am off on Friday, ring the gatehouse.",
        "The returns are stacked behind hall two.",
    )
    for n in range(12):
        day = date(2024, 1, 12) + timedelta(days=28 * n)
        yield Letter(
            f"goods{n}",
            _at(day, "goods", n),
            "warehouse",
            ("jane", "john"),
            f"Goods inwards, week {day.isocalendar().week}",
            f"""{pick(openings, "goods", n)}

            this week {number(11, 38, "lorries", n)} lorries, {number(90, 410, "tonnes", n)} tonnes:

            - castings {number(6, 40, "castings", n)}|
            - forgings {number(2, 19, "forgings", n)}|
            - pallets of bolts {number(12, 77, "bolts", n)}|
            - returned to sender {number(0, 5, "returns", n)}|

            {pick(weather, "weather", n)} {pick(endings, "end", n)}""",
        )


_NOTICES = (
    ("helpdesk", "Mailbox limits", "Mailboxes are limited to twenty gigabytes from the first of the"
     " month. You will get a warning at eighteen. Please move what you must keep to the team share"
     " and not to sticks."),
    ("site", "Car park B closed", "Car park B is closed on Thursday and Friday while the lines are"
     " painted. Use the field behind hall four and mind the geese."),
    ("helpdesk", "Planned outage on Saturday", "The file servers are switched off on Saturday from"
     " six to eleven for new disks. Save your work on Friday; what is open will be lost."),
    ("site", "Canteen menu and a lost glove", "Fish moves to Thursday this week. One left glove,"
     " brown, is waiting at the gatehouse for its owner."),
    ("helpdesk", "Phishing exercise", "Forty people clicked on the parcel mail last week. It was"
     " ours. Nobody is in trouble, but please look at the sender before you click."),
    ("site", "Fire drill in hall three", "There is a fire drill in hall three on Tuesday at ten."
     " Leave by the north doors, gather at the flagpole and wait to be counted."),
    ("helpdesk", "New telephones", "The new desk telephones arrive in week 38. Your number stays."
     " Old handsets go into the cage by the lift."),
    ("site", "Summer shutdown", "The works are shut in weeks 31 and 32. Goods inwards stays open on"
     " mornings. Please switch off monitors and take milk home."),
    ("helpdesk", "Password change", "Passwords older than a year expire on Monday. Choose a long"
     " one that you have not used elsewhere. We will never ask you for it."),
    ("site", "First-aiders wanted", "Three first-aiders have left us this year. Training takes two"
     " days and is paid. Names to the gatehouse please."),
)  # fmt: skip


def _announcements() -> Iterator[Letter]:
    """To all staff; the first two were exported from the archive, byte for byte the same."""
    for n, (sender, subject, text) in enumerate(_NOTICES):
        day = date(2024, 1, 17) + timedelta(days=33 * n)
        exported = (("jane", "exported"), ("john", "exported")) if n < 2 else ()
        yield Letter(
            f"staff{n}",
            _at(day, "staff", n),
            sender,
            ("staff",),
            subject,
            f"Dear colleagues,\n\n{text}\n\nThank you",
            stores=exported,
            form="both" if n % 3 == 1 else "plain",
        )


def _newsletters() -> Iterator[Letter]:
    items = (
        "Scrap prices rose for the third month and the mills say that the peak is not in sight.",
        "A foundry near Montclar has bought two induction furnaces at auction for a song.",
        "Why sand matters: our technical page on reclaim and its dust.",
        "Readers write: is the level two examiner's certificate worth the paper?",
        "Offshore orders double, say the yards. We counted and found half of that.",
        "Apprentices' prize goes to a core maker from Hagenfeld for the second time.",
        "Ten years of near-net casting: what came of the promises.",
        "Coke imports through the northern ports fell by a sixth.",
    )
    for n in range(5):
        picks = [items[(n * 3 + k) % len(items)] for k in range(3)]
        text = "\n\n".join(f"{k}. {item}" for k, item in enumerate(picks, 1))
        yield Letter(
            f"weekly{n}",
            _at(date(2024, 1, 19) + timedelta(days=63 * n), "weekly", n),
            "press",
            ("jane",),
            f"Casting Weekly no. {3 + 9 * n}",
            f"This week in Casting Weekly\n\n{text}\n\nYou receive this because you subscribed. To"
            " stop it, answer with the word stop.",
            form="html",
        )


def _bank() -> Iterator[Letter]:
    for n in range(4):
        quarter = ("first", "second", "third", "fourth")[n]
        yield Letter(
            f"bank{n}",
            _at(date(2024, 4, 2) + timedelta(days=91 * n - (n == 3) * 30), "bank", n),
            "bank",
            ("john",),
            f"Your statement for the {quarter} quarter",
            f"""Dear customer,

            your business account statement for the {quarter} quarter is attached. Interest was
            {number(210, 980, "interest", n)} pounds. We will never ask for your codes.""",
            files=(f"statement{n}",),
            form="both" if n % 2 else "plain",
        )


def _invoices() -> Iterator[Letter]:
    """The foundry's invoice for each lot, and Jane's order to pay it."""
    greetings = ("Guten Tag Frau Roe,", "Sehr geehrte Frau Roe,", "Liebe Frau Roe,")
    pleas = (
        "John, please pay, all hubs are here.",
        "John, for payment. Mind the three that came late.",
        "Dear John, pay half of it now and the rest when Owen has counted.",
        "John, same as last month.",
    )
    for n in range(1, 7):
        day = date(2024, 3, 8) + timedelta(days=30 * (n - 1))
        yield Letter(
            f"invoice{n}",
            _at(day, "invoice", n, zone="+0100"),
            "kessler",
            ("jane",),
            f"Rechnung Los {n}",
            f"""{pick(greetings, n)}

            anbei die Rechnung für Los {n}. Zahlbar bis {day + timedelta(days=30):%d.%m.%Y} ohne
            Abzug.

            Freundliche Grüße""",
            language="de",
            charset="iso-8859-1" if n % 2 else "windows-1252",
            files=(f"invoice{n}",),
        )
        yield Letter(
            f"pay{n}",
            _at(day + timedelta(days=1), "pay", n),
            "jane",
            ("john",),
            f"Fwd: Rechnung Los {n}",
            f"{pick(pleas, 'plea', n)}\n\nJane",
            reply=f"invoice{n}",
            quoting="block",
            charset="utf-8",
            files=(f"invoice{n}",),
        )


def _freight() -> Iterator[Letter]:
    remarks = (
        "La traversée s'annonce calme.",
        "Le quai numéro quatre reste fermé, nous passons par le bassin sud.",
        "Merci de prévenir votre portier, le chauffeur ne parle que français.",
        "L'arrimage a été contrôlé deux fois.",
    )
    for n in range(4):
        day = date(2024, 3, 1) + timedelta(days=61 * n)
        yield Letter(
            f"freight{n}",
            _at(day, "freight", n, zone="+0100"),
            "marchand",
            ("jane", "john") if n % 2 else ("jane",),
            f"Avis d'expédition, lot {2 * n + 1}",
            f"""Madame,

            {number(26, 30, "moyeux", n)} moyeux ont été chargés ce matin à Hagenfeld, arrivée
            prévue à Harwick sous cinq jours. {remarks[n]}

            Bien à vous,""",
            language="fr",
            charset="iso-8859-1" if n < 2 else "utf-8",
        )


def _statistics() -> Iterator[Letter]:
    for n in range(4):
        day = date(2024, 2, 5) + timedelta(days=84 * n)
        yield Letter(
            f"stats{n}",
            _at(day, "stats", n),
            "nair",
            ("jane", "john") if n % 2 == 0 else ("john",),
            f"Test room figures {day:%B}",
            f"""Hello,

            figures of the test room are attached, one line a working day. Bolts are fine, bearings
            are fine, paint thickness {pick(("drifts up", "is steady", "is all over"), n)}.

            Priya""",
            files=(f"figures{n}",),
        )


def _site() -> Iterator[Letter]:
    texts = (
        ("Llegada de la grúa", "la grúa llega el jueves con la marea alta. Necesitamos el permiso"
         " del puerto y dos cabos más largos. Todo lo demás está listo."),
        ("Turnos de noche", "desde el lunes trabajamos también de noche. Los chicos piden café que"
         " no sea el de la máquina, y tienen razón."),
    )  # fmt: skip
    for n, (subject, text) in enumerate(texts):
        yield Letter(
            f"site{n}",
            _at(date(2024, 5, 14) + timedelta(days=70 * n), "site", n, zone="+0200"),
            "rivera",
            ("john",),
            subject,
            f"Hola John:\n\n{text}\n\nUn abrazo,",
            language="es",
            charset="iso-8859-1" if n else "utf-8",
        )


def _tsukikage() -> Iterator[Letter]:
    texts = (
        ("加工予定表", "第三ロットの加工予定表をお送りします。来週月曜日より着手いたします。"),
        ("夏季休業のお知らせ", "八月十日から十八日まで夏季休業とさせていただきます。"),
    )
    for n, (subject, text) in enumerate(texts):
        yield Letter(
            f"tsukikage{n}",
            _at(date(2024, 4, 16) + timedelta(days=100 * n), "tsukikage", n, zone="+0900"),
            "sato",
            ("jane", "john") if n else ("jane",),
            subject,
            f"ロー様\n\nお世話になっております。\n\n{text}\n\n佐藤",
            language="ja",
            charset="utf-8" if n else "iso-2022-jp",
        )
