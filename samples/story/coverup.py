"""Letters that were not meant to be found: the porous hubs, the hidden budget, the new records."""

from __future__ import annotations

from samples.mail.letter import Letter


def letters() -> tuple[Letter, ...]:
    """In the order in which they were written."""
    return (*_porosity(), *_budget(), *_records(), *_autumn())


def _porosity() -> tuple[Letter, ...]:
    return (
        Letter(
            "porosity", "2024-04-22 16:52 +0100", "nair", ("jane", "stone"),
            "Hub 0417: hairline porosity", """
            Jane, Victor,

            I cut hub 0417 today after the probe would not settle. There is hairline porosity all
            along the flange transition. The foundry's record says "no indications", and it is
            dated a week before the hub was cast.

            I have stopped the other hubs of lot one in the hall. Pictures to follow.

            Priya""",
            cc=("john",), files=("micrograph",),
        ),
        Letter(
            "porosity_re", "2024-04-22 18:30 +0100", "stone", ("nair", "jane"),
            "Re: Hub 0417: hairline porosity", """
            Priya,

            one hub is one hub. Release the rest. The vessel is booked for June at 48,250 euro a
            day and I will not explain to Skerry why it lies idle.

            And please do not write words like that into subject lines.

            V.""",
            cc=("john",), reply="porosity",
        ),
        Letter(
            "porosity_re2", "2024-04-23 08:04 +0100", "nair", ("stone",),
            "Re: Re: Hub 0417: hairline porosity", """
            Victor,

            with respect, I can't sign the release. The porosity is where the load is. If a hub
            lets go, a blade of eighty metres comes down.

            I ask for a meeting with minutes.

            Priya""",
            cc=("jane", "john"), reply="porosity_re",
        ),
        Letter(
            "porosity_jane", "2024-04-23 09:40 +0100", "jane", ("john",), "Priya", """
            John,

            between us: she is right, and I have seen the section. If we accept these hubs knowing
            what we know, any later claim is dead. The breach is Brennhof's today; it becomes ours
            as soon as we ship. What does the budget say about replacing lot one? I would rather
            spend the money now than read about it in the papers, and so should you. The contract
            gives us thirty months, not thirty years.

            Jane""",
        ),
        Letter(
            "minutes", "2024-04-24 16:45 +0100", "nair", ("john", "warehouse"),
            "Minutes, quality meeting", """
            Both,

            minutes of today's meeting are attached. John, your objection is in item 3 in your own
            words.

            Priya""",
            cc=("jane",), files=("minutes",),
        ),
        Letter(
            "list87", "2024-05-03 13:15 +0100", "nair", ("jane",), "List of suspect hubs", """
            Jane,

            so far 41 of 87. I have put the list with the micrographs into an archive because the
            mail gateway refuses more than five pictures. The password is the name of our meeting
            room in small letters, with the word room after a hyphen.

            Priya""",
            files=("suspects_zip",),
        ),
    )  # fmt: skip


def _budget() -> tuple[Letter, ...]:
    return (
        Letter(
            "kingfisher", "2024-05-27 17:20 +0100", "stone", ("john",), "Kingfisher", """
            John,

            set aside 4.3 million for Kingfisher, in thirds from the second quarter, and put it
            under tooling. Hide the rows before the file goes to the board. Jane need not know the
            amount.

            V.""",
        ),
        Letter(
            "kingfisher_re", "2024-05-28 19:02 +0100", "john", ("stone",), "Re: Kingfisher", """
            Victor,

            done, see the attached workbook. If the auditors unhide rows 6 and 7 they will ask what
            it is for. I would feel better with two lines from you that this was your decision.

            John""",
            reply="kingfisher", files=("budget",),
        ),
        Letter(
            "kingfisher_re2", "2024-05-28 22:47 +0100", "stone", ("john",),
            "Re: Re: Kingfisher", """
            No lines. Come to the Gannet room tomorrow at half past eight, invitation attached. And
            stop sending workbooks around.

            V.

            Sent from my telephone""",
            reply="kingfisher_re", files=("meeting",),
        ),
        Letter(
            "tooling", "2024-06-05 10:31 +0100", "jane", ("john",), "Tooling, second quarter", """
            John,

            the tooling line grew by 1.4 million and I signed no order. Is somebody buying pattern
            equipment that I have not heard of? I need an answer before I sign the quarter.

            Jane""",
        ),
        Letter(
            "tooling_re", "2024-06-05 11:58 +0100", "john", ("jane",),
            "Re: Tooling, second quarter", """
            Jane,

            a transfer between accounts, it will be reversed at year end. Please sign, I am being
            chased from above.

            John""",
            reply="tooling",
        ),
        Letter(
            "board", "2024-06-12 21:48 +0100", "john", ("stone",), "Board slides", """
            Victor,

            slides attached. Slide 3 is hidden as you asked. Please look at the notes of slide 1
            before you present, they are your own words and should perhaps go.

            John""",
            files=("board",), form="both",
        ),
    )  # fmt: skip


def _records() -> tuple[Letter, ...]:
    return (
        Letter(
            "records", "2024-05-29 11:40 +0100", "stone", ("john",), "Certificates for lot two", """
            John,

            Dieter will send fresh certificates for lot two with dates that make sense. When they
            are here, shred the old certificates, all of them, and have Owen put the new ones into
            the blue box. I do not want two sets in this house.

            V.""",
        ),
        Letter(
            "records_lost", "2024-05-29 13:02 +0100", "john", ("stone",),
            "Re: Certificates for lot two", """
            Victor,

            who signs the new ones? Mrs Vogt was not in the works in March, Dieter told me so
            himself. I will do it if Jane is told.

            John""",
            reply="records", lost=True,
        ),
        Letter(
            "records_re", "2024-05-29 13:25 +0100", "stone", ("john",),
            "Re: Re: Certificates for lot two", """
            Jane is not to be told. Vogt signs what Dieter puts in front of her. Destroy your last
            mail, then the certificates, in that order.

            V.""",
            reply="records_lost", quoting="none",
        ),
        Letter(
            "whiteboard", "2024-05-29 18:10 +0100", "john", ("stone",), "Whiteboard", """
            I wiped the whiteboard in the Gannet room. Before that I took a picture, it is attached,
            so that we both remember what was agreed.

            John""",
            files=("whiteboard",), reply="records_re", quoting="none",
        ),
        Letter(
            "fresh", "2024-06-03 07:55 +0200", "kessler", ("john",), "Los 2, neue Protokolle", """
            Hallo Herr Doe,

            wie mit Herrn Stone besprochen die neuen Protokolle für Los 2. Die Daten passen jetzt
            zu den Ofenbüchern. Bitte bestätigen Sie mir, dass die alten vernichtet sind.

            Grüße""",
            language="de", charset="iso-8859-1", wrap="tnef", files=("sienna", "certificate"),
        ),
        Letter(
            "fresh_re", "2024-06-04 18:20 +0100", "john", ("stone",), "Lot two done", """
            The old certificates are in the furnace and the new ones in the box. Owen asked why
            they smell of fresh ink.

            I have not destroyed the delivery notes. They are on paper with three carbons and one
            of them is with customs.

            John""",
        ),
        Letter(
            "cormorant", "2024-06-20 20:14 +0100", "stone", ("john",), "cormorant", """
            Move everything about cormorant to the stick that I gave you, in layers, and take it
            off the share. The stick stays in your desk at home.

            V.""",
        ),
        Letter(
            "cormorant_re", "2024-06-21 07:30 +0100", "john", ("stone",), "Re: cormorant", """
            Done. Archive in archive in archive, as you like it. The mail with which it all began is
            attached, so that you know what to delete at your end.

            John""",
            reply="cormorant", enclosed=("records",), stores=(("john", "outlook"),),
        ),
        Letter(
            "lund", "2024-06-24 12:00 +0200", "lund", ("jane", "stone"),
            "Records for hubs 0412 to 0468", """
            Dear Jane, dear Victor,

            before the second vessel sails I would like to see the original examination records for
            all hubs of lots 1 and 2, not samples. Our insurer insists.

            Best regards""",
            cc=("john",),
        ),
        Letter(
            "lund_re", "2024-06-24 15:36 +0100", "stone", ("lund",),
            "Re: Records for hubs 0412 to 0468", """
            Dear Erik,

            of course. John will put a complete set together this week.

            Regards,
            Victor""",
            cc=("jane", "john"), reply="lund", quoting="block",
        ),
    )  # fmt: skip


def _autumn() -> tuple[Letter, ...]:
    return (
        Letter(
            "hold_re", "2024-10-16 19:30 +0100", "stone", ("john",), "The hold", """
            The lawyers' hold does not reach your desk at home. Purge what is left of May and June
            tonight. I was never in the Gannet room.

            V.""",
        ),
        Letter(
            "hold_john", "2024-10-17 06:58 +0100", "john", ("jane",), "I need to talk", """
            Jane,

            I have done something stupid and I have kept proof of it. It is about lot two, and
            about the tooling line you asked me for in June. Not by mail. Can we meet outside the
            works, at the ferry, at six?

            John""",
        ),
        Letter(
            "hold_jane", "2024-10-17 07:21 +0100", "jane", ("john",), "Re: I need to talk", """
            At six. Bring whatever you have, and John, delete nothing.

            Jane""",
            reply="hold_john",
        ),
        Letter(
            "confession", "2024-10-20 23:11 +0100", "john", ("jane", "osei"),
            "What happened to the certificates", """
            Nadia, Jane,

            I write this before I lose the courage. On Victor's instruction I burnt the original
            records of lot two on 4 June and replaced them by records that Dieter Kessler sent me
            in a winmail file. I booked the Kingfisher money under tooling. I have a picture of the
            whiteboard, the old mails, and a stick.

            I did not think of the people under the blades. I do now.

            John""",
            cc=("counsel",), privileged=True, form="both",
        ),
        Letter(
            "secret", "2024-11-12 21:03 +0000", "stone", ("john",), "...", """
            This text is for nobody.""",
            wrap="pgp",
        ),
        Letter(
            "broken", "2024-11-14 08:17 +0000", "warehouse", ("john",), "scanner list", """
            John,

            here is the list of what went through the scanner in March. The line dropped while I
            was sending, tell me if it did not arrive whole.

            Owen""",
            wrap="broken", files=("scanner_log",),
        ),
        Letter(
            "draft_sorry", "2024-11-20 01:40 +0000", "john", ("nair",), "You were right", """
            Priya,

            you were right in April and I let you stand alone. The verdigris notebook with all the
            dates is yours if you want it.

            I have not sent""",
            identified=False,
        ),
    )  # fmt: skip
