"""Letters about the contract: negotiation, deliveries, complaint, notice, the foundry's answer."""

from __future__ import annotations

from samples.mail.letter import Letter


def letters() -> tuple[Letter, ...]:
    """In the order in which they were written."""
    return (*_negotiation(), *_deliveries(), *_dispute())


def _negotiation() -> tuple[Letter, ...]:
    return (
        Letter(
            "offer", "2024-01-11 09:20 +0100", "kessler", ("jane",),
            "Angebot Rotornaben RH-7", """
            Sehr geehrte Frau Roe,

            vielen Dank für das gute Gespräch am Montag. Wir können 240 Rotornaben des Typs RH-7 in
            acht Losen liefern, das erste Los Anfang März. Der Preis beträgt 78.900 Euro je Nabe,
            frei Harwick, einschließlich Verpackung und Prüfung.

            Die Bearbeitung der Flansche übernimmt unser Partner Tsukikage in Japan. Die
            Ultraschallprüfung machen wir selbst in Hagenfeld.

            Mit freundlichen Grüßen""",
            language="de", charset="iso-8859-1",
        ),
        Letter(
            "offer_re", "2024-01-11 15:02 +0000", "jane", ("kessler",),
            "Re: Angebot Rotornaben RH-7", """
            Dear Mr Kessler,

            thank you for the quick offer. The dates work for us. The price does not: we can place
            the order at 76,500 euro if it stays fixed for all eight lots, and if your examiners
            hold the level two certificate. I will send a draft agreement next week.

            Kind regards""",
            cc=("john",), reply="offer", charset="iso-8859-1", quoting="block",
        ),
        Letter(
            "draft1", "2024-01-16 16:45 +0000", "jane", ("kessler",),
            "SC-2024-117: first draft", """
            Dear Mr Kessler,

            attached is our first draft of the supply agreement. Clause 6 limits your liability to
            the price of the hubs concerned, which I think is generous. Please let me have your
            remarks by the 25th.

            Kind regards""",
            cc=("john",), files=("draft1",), form="both",
        ),
        Letter(
            "draft2", "2024-01-25 12:30 +0100", "kessler", ("jane",),
            "AW: SC-2024-117: first draft", """
            Sehr geehrte Frau Roe,

            anbei unsere Änderungen, im Dokument sichtbar gemacht. Einen unabhängigen Prüfer können
            wir nicht bezahlen; unsere eigenen Prüfer sind nach Stufe zwei zertifiziert.

            Anlage B kommt heute noch von Frau Vogt.

            Mit freundlichen Grüßen""",
            reply="draft1", language="de", charset="windows-1252", files=("draft2",),
            quoting="block",
        ),
        Letter(
            "annex_b", "2024-02-02 14:40 +0100", "vogt", ("jane",), "Anlage B, Prüfvorschrift", """
            Guten Tag Frau Roe,

            hier die Prüfvorschrift zu SC-2024-117 als Anlage. Bei Fragen erreichen Sie mich bis
            sechzehn Uhr.

            Freundliche Grüße""",
            cc=("kessler",), language="de", charset="utf-8", files=("annex_b",), names="2231",
        ),
        Letter(
            "draft3", "2024-02-08 09:41 +0000", "jane", ("kessler", "john"),
            "SC-2024-117: execution copy", """
            Dear Mr Kessler, dear John,

            attached are the execution copy (v3) and Annex A with the delivery dates. Liability is
            now twice the price, save for wilful default. John has checked the figures against the
            programme budget.

            Victor signs on Monday.

            Kind regards""",
            cc=("stone",), files=("draft3", "annex_a"), form="both",
        ),
        Letter(
            "signed", "2024-02-12 14:20 +0000", "jane", ("kessler", "john", "stone"),
            "SC-2024-117 signed", """
            All,

            the agreement is signed. A scan is attached, the paper originals are with Legal. Thank
            you everyone for three long weeks.

            Jane""",
            files=("signed",), stores=(("jane", "exported"), ("john", "exported")),
        ),
        Letter(
            "signed_re", "2024-02-12 17:05 +0100", "massmann", ("jane",),
            "AW: SC-2024-117 signed", """
            Sehr geehrte Frau Roe,

            wir freuen uns auf die Zusammenarbeit. Das erste Los ist bereits in der Formerei.
            Grüßen Sie bitte auch Herrn Stone.

            Mit freundlichen Grüßen aus Hagenfeld""",
            cc=("kessler",), reply="signed", language="de", charset="iso-8859-1",
        ),
    )  # fmt: skip


def _deliveries() -> tuple[Letter, ...]:
    return (
        Letter(
            "lot1", "2024-03-04 14:25 +0000", "warehouse", ("jane", "john"),
            "Lot 1 arrived, 30 hubs", """
            Afternoon both,

            lot one came in at ten past two, thirty hubs, 0412 to 0441. Paint chipped on four,
            nothing serious. Delivery note 4471 is scanned and attached. The certificates are in
            the blue box.

            Owen""",
            files=("delivery_scan",),
        ),
        Letter(
            "lot1_re", "2024-03-04 15:10 +0000", "jane", ("warehouse",),
            "Re: Lot 1 arrived, 30 hubs", """
            Thanks Owen. Please send Priya the certificates today, she wants to compare a few with
            our own probe.

            Jane""",
            cc=("nair",), reply="lot1",
        ),
        Letter(
            "lot2", "2024-04-03 11:47 +0000", "warehouse", ("jane", "john"),
            "Lot 2 arrived, 27 of 30", """
            Lot two is here but three hubs short. The driver says they were left on the quay at
            Port-Lagarde for want of a trailer. I have signed for 27.

            Owen""",
        ),
        Letter(
            "lot2_re", "2024-04-03 13:30 +0100", "john", ("warehouse", "jane"),
            "Re: Lot 2 arrived, 27 of 30", """
            Owen, please write the number on the note in words next time. Accounts will only pay
            for what is on it.

            Jane, can you chase the three with Lagarde? I will hold the freight invoice until then.

            John""",
            reply="lot2",
        ),
        Letter(
            "lot3", "2024-05-07 08:12 +0200", "kessler", ("jane",), "Lieferung Los 3", """
            Guten Morgen Frau Roe,

            Los 3 hat heute Nacht das Werk verlassen. Die Prüfprotokolle liegen in jeder Kiste
            obenauf. Das Telefax mit den Kistennummern folgt.

            Freundliche Grüße""",
            language="de", charset="windows-1252", coding="8bit",
        ),
        Letter(
            "prices", "2024-03-14 10:50 +0000", "john", ("jane",), "2019 hub prices", """
            Jane,

            you asked what we paid five years ago. The workbook from the old share is attached, in
            the format of its time. Do not pass it on, one of the offers was withdrawn.

            John""",
            files=("prices2019",),
        ),
        Letter(
            "audit", "2024-02-21 08:05 +0000", "nair", ("jane",), "Audit at Hagenfeld", """
            Jane,

            I am back from Hagenfeld. The melt shop is well run, the examination room is not: the
            examiner's stamp lay in an open drawer and two records were signed before anybody had
            looked at the hub. My form is attached.

            I would like to go again in April, without telling them first.

            Priya""",
            files=("audit_form",),
        ),
        Letter(
            "audit_re", "2024-02-21 11:32 +0000", "jane", ("nair",), "Re: Audit at Hagenfeld", """
            Priya,

            thank you. I will raise the stamp with Dieter on the telephone rather than in writing,
            we have only just signed. April is fine.

            Jane""",
            reply="audit",
        ),
    )  # fmt: skip


def _dispute() -> tuple[Letter, ...]:
    return (
        Letter(
            "complaint", "2024-08-06 09:15 +0100", "jane", ("kessler", "massmann"),
            "Grouped indications in lots 1 to 3", """
            Dear Mr Kessler, dear Mr Massmann,

            our own examination found grouped indications in 41 of 87 hubs. That is a breach of the
            supply contract, and I must ask you for an explanation of the records within a week.

            Please do not send lot 6 until we have spoken.

            Jane Roe""",
            cc=("john", "osei"), form="both",
        ),
        Letter(
            "complaint_re", "2024-08-07 17:55 +0200", "kessler", ("jane",),
            "AW: Grouped indications in lots 1 to 3", """
            Sehr geehrte Frau Roe,

            Ihr Ton überrascht uns. Unsere Prüfprotokolle sind vollständig. Ob Ihre Messung stimmt,
            können wir nicht wissen; wir waren nicht dabei. Los 6 steht versandbereit, jeder Tag
            Lagerung geht zu Ihren Lasten.

            Mit freundlichen Grüßen""",
            cc=("massmann",), reply="complaint", language="de", charset="iso-8859-1",
        ),
        Letter(
            "notice", "2024-08-19 08:30 +0100", "jane", ("massmann", "kessler"),
            "Notice under clause 7, SC-2024-117", """
            Dear Mr Massmann,

            please find attached our formal notice. You are in breach of contract since the first
            lot. The original follows by courier; the twenty-one days run from today.

            Jane Roe""",
            cc=("osei", "john"), files=("notice",), bcc=("counsel",), form="both",
        ),
        Letter(
            "notice_re", "2024-08-30 14:10 +0200", "kessler", ("jane", "john"),
            "AW: Notice under clause 7, SC-2024-117", """
            Sehr geehrte Frau Roe,

            unsere Antwort liegt bei. Wir weisen alle Vorwürfe zurück. Eine Kündigung wäre
            unwirksam, und wir würden sie als Vertragsbruch behandeln. Auf Englisch, damit es jeder
            im Haus versteht: to cancel now would be your own breach of contract, not ours.

            Hochachtungsvoll""",
            reply="notice", language="de", charset="windows-1252", files=("antwort",),
            quoting="none",
        ),
        Letter(
            "notice_fw", "2024-08-30 16:22 +0100", "jane", ("john",),
            "Fwd: their answer", """
            John,

            the foundry's answer, as it came, is attached to this mail. They say the breach is
            ours. Have you ever seen such cheek? We need the dates of all 87 records by Tuesday,
            and whoever has the furnace logs should bring them. Until then nobody but Legal speaks
            with them about the contract.

            Jane""",
            enclosed=("notice_re",),
        ),
        Letter(
            "joint", "2024-09-03 10:00 +0100", "jane", ("kessler",), "Joint examination", """
            Dear Mr Kessler,

            we accept a joint examination, in Harwick and with our probe, on 17 September. Mrs Nair
            will run it. Your breach of the contract is not cured by it, and nothing here waives
            our notice.

            Jane Roe""",
            cc=("nair", "john"),
        ),
        Letter(
            "joint_re", "2024-09-04 09:48 +0200", "vogt", ("jane", "nair"),
            "AW: Joint examination", """
            Guten Tag zusammen,

            ich komme am 17. September mit zwei Prüfern. Bitte stellen Sie den Kontrollkörper
            bereit. Meine Vorbereitung liegt als signierte Nachricht bei: Das Zinnoberprotokoll von
            Nabe 0417 habe ich selbst unterschrieben, aber nicht selbst gemessen.

            Freundliche Grüße""",
            reply="joint", language="de", charset="utf-8", wrap="smime", files=("schrott",),
            coding="base64",
        ),
        Letter(
            "joint_result", "2024-09-18 18:40 +0100", "nair", ("jane", "john"),
            "Result of the joint examination", """
            Jane, John,

            we looked at nine hubs together. Seven fail, and Mrs Vogt agreed with every single one.
            A picture of the section of 0417 is below, so that you see what we talk about: the
            hairline porosity follows the flange all the way round.

            Her people were shaken. I think she did not know.

            Priya""",
            form="both", inline=("micrograph",),
        ),
        Letter(
            "terminate", "2024-09-23 09:05 +0100", "jane", ("massmann",),
            "Termination of SC-2024-117", """
            Dear Mr Massmann,

            you have not remedied the default in the time that clause 7 gives. We terminate the
            supply agreement with effect from 23 October. Please have lots 7 and 8 ready for
            collection as castings, without machining.

            Jane Roe""",
            cc=("kessler", "osei", "john"), reply="notice", quoting="none", form="html",
        ),
    )  # fmt: skip
