"""Letters between lawyers and the firm. All privileged but the last."""

from __future__ import annotations

from samples.mail.letter import Letter


def letters() -> tuple[Letter, ...]:
    """In the order in which they were written."""
    return (
        Letter(
            "advice_ask", "2024-08-01 17:45 +0100", "osei", ("counsel",),
            "Privileged and confidential: Brennhof, options", """
            Margaret,

            may I have your advice on three points: can we still reject the hubs of lots 1 to 3,
            does our own delay hurt us, and what must the notice say? Jane Roe gives you the facts,
            she is in copy.

            Nadia""",
            cc=("jane",), privileged=True,
        ),
        Letter(
            "advice", "2024-08-02 18:25 +0100", "counsel", ("osei", "jane"),
            "Re: Privileged and confidential: Brennhof, options", """
            Dear Nadia, dear Jane,

            privileged and confidential, prepared for the purpose of litigation. In short:

            1. You may reject. Payment is not acceptance under clause 4.|
            2. Your knowledge since April is the weak point. A court will ask who knew of the
            porosity and what was shipped after that day.|
            3. The notice must name the default, the hubs and the twenty-one days.|

            My memorandum with the alabaster assessment of your chances is attached. Please do not
            forward it inside the firm.

            Margaret""",
            reply="advice_ask", privileged=True, files=("memorandum",),
        ),
        Letter(
            "advice_jane", "2024-08-02 19:10 +0100", "jane", ("counsel",),
            "Re: Re: Privileged and confidential: Brennhof, options", """
            Margaret,

            thank you, that is clear. On point two: I knew on 22 April, so did Victor and John. I
            have kept everything.

            Jane""",
            cc=("osei",), reply="advice", privileged=True,
        ),
        Letter(
            "advice_leak", "2024-08-05 08:50 +0100", "jane", ("john",),
            "Fwd: advice from Hale Whitcombe", """
            John,

            please read the lawyers' mail that I attach, then tell me honestly who else knew in
            April. It is privileged, keep it to yourself.

            Jane""",
            enclosed=("advice",), privileged=True,
        ),
        Letter(
            "advice_draft", "2024-08-15 12:15 +0100", "associate", ("jane",),
            "Draft notice, privileged and confidential", """
            Dear Jane,

            attached is the notice in draft. I would say "breach of the supply contract" only once,
            early, and leave adjectives out. The calculation should sit inside the document so that
            it can't get lost.

            Simon""",
            cc=("osei",), privileged=True, files=("notice",),
        ),
        Letter(
            "hold", "2024-10-14 09:00 +0100", "osei", ("staff",), "Legal hold: Brennhof", """
            Colleagues,

            a dispute with Brennhof Guss is likely. From today nobody may delete, alter or throw
            away anything about hubs, lots 1 to 8, or the foundry: mail, paper, chat, telephones,
            private disks.

            The retention policy is attached. Questions to me, not to each other.

            Nadia Osei""",
            files=("retention",), stores=(("jane", "exported"), ("john", "exported")),
        ),
        Letter(
            "advice_john", "2024-10-21 10:30 +0100", "counsel", ("john", "osei"),
            "Your note of last night, privileged", """
            Dear Mr Doe,

            thank you for your candour. I act for the company, not for you, and you should take
            advice of your own before we speak. Do not touch the stick. Somebody will collect it
            with a receipt.

            Margaret Hale""",
            cc=("jane",), reply="confession", quoting="none", privileged=True,
        ),
        Letter(
            "exhibits", "2024-09-05 11:20 +0100", "associate", ("jane", "kessler"),
            "Exhibits to the notice", """
            Dear all,

            the exhibits to the notice as one file, as agreed between counsel. This mail is not
            privileged in spite of my footer, which I can't switch off.

            Simon Whitcombe""",
            cc=("john",), files=("exhibits",),
        ),
    )  # fmt: skip
