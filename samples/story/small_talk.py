"""What Jane, John and their colleagues write on days when nothing happens."""

from __future__ import annotations

from collections.abc import Iterator

from samples.mail.letter import Letter

# key, when, sender, recipients, subject, text, key of the letter answered
_ROWS: tuple[tuple[str, str, str, tuple[str, ...], str, str, str], ...] = (
    ("keys", "2024-01-09 08:40 +0000", "jane", ("john",), "Sample store keys",
     "John, the keys of the sample store are not on their hook. Was that you?", ""),
    ("keys_re", "2024-01-09 09:12 +0000", "john", ("jane",), "Re: Sample store keys",
     "In my coat since Friday, sorry. They are back on the hook, with a larger tag so that it does"
     " not happen again.", "keys"),
    ("forecast", "2024-01-29 14:22 +0000", "john", ("jane",), "Freight forecast",
     "Jane, I have 482,500 for freight this year. That is eight lots with one spare crossing. Does"
     " it hold if the southern basin stays shut?", ""),
    ("forecast_re", "2024-01-29 16:05 +0000", "jane", ("john",), "Re: Freight forecast",
     "It holds if nothing is left behind on the quay. Take another ten thousand and call it"
     " weather.", "forecast"),
    ("forecast_re2", "2024-01-30 08:15 +0000", "john", ("jane",), "Re: Re: Freight forecast",
     "Weather it is. Victor will ask which weather. I will say northerly.", "forecast_re"),
    ("leave", "2024-02-27 10:10 +0000", "jane", ("john", "warehouse"), "Away next week",
     "I am away from Monday to Thursday. Owen signs for deliveries up to ten hubs, anything larger"
     " waits for me. My telephone stays at home, on purpose.", ""),
    ("leave_re", "2024-02-27 10:44 +0000", "warehouse", ("jane",), "Re: Away next week",
     "Lot one is due on the Monday, thirty hubs. Do you want me to tell the driver to drive in"
     " circles?", "leave"),
    ("leave_re2", "2024-02-27 11:02 +0000", "jane", ("warehouse", "john"),
     "Re: Re: Away next week",
     "Point taken, I will be back for the Monday. Sign for them all.", "leave_re"),
    ("scrap", "2024-03-21 09:05 +0000", "john", ("jane",), "Scrap clause",
     "Does our price move with scrap? Their newsletter says the peak is not in sight, and I would"
     " like to sleep.", ""),
    ("scrap_re", "2024-03-21 09:31 +0000", "jane", ("john",), "Re: Scrap clause",
     "Clause 2, fixed until the last delivery, whatever scrap and coke do. Sleep.", "scrap"),
    ("dinner", "2024-04-11 17:50 +0100", "stone", ("jane", "john"), "Dinner with Skerry",
     "Erik Lund is in town on the 18th. Table for six at the Harbour Lights at eight. Both of you"
     " come, and nobody talks shop before the fish.", ""),
    ("dinner_re", "2024-04-11 18:20 +0100", "jane", ("stone",), "Re: Dinner with Skerry",
     "I will be there. I do not eat fish, so I may talk shop throughout?", "dinner"),
    ("audit_fees", "2024-05-16 13:37 +0100", "john", ("jane",), "Auditors in July",
     "The auditors come from 8 to 12 July. They want three purchase files from you, drawn by lot."
     " I told them that yours are the tidy ones.", ""),
    ("audit_fees_re", "2024-05-16 15:01 +0100", "jane", ("john",), "Re: Auditors in July",
     "Flattery noted. They can have them all, in the order in which they lie.", "audit_fees"),
    ("parking", "2024-06-07 08:02 +0100", "stone", ("john",), "My parking space",
     "Somebody's trailer has stood on my space since Wednesday. Find out whose and charge them.",
     ""),
    ("parking_re", "2024-06-07 09:46 +0100", "john", ("stone",), "Re: My parking space",
     "It is yours, Victor. You lent it to the rowing club.", "parking"),
    ("bounce", "2024-06-04 08:31 +0100", "helpdesk", ("john",), "A message that was held back",
     """A message for you was held back because of a file called winmail.dat. It began:

     From d.kessler@brennhof.example Mon Jun  3 05:55:12 2024|
     Subject: Los 2, neue Protokolle|
     - size 61 kB|

     We have released it. Please ask the sender to use plain mail.""", ""),
    ("travel", "2024-07-30 12:00 +0100", "travel", ("jane",), "Your journey to Hagenfeld",
     "Out on 13 August at 06:55 by way of Port-Lagarde, back on the 14th. Your hotel is the Anker,"
     " confirmation K7731. Please keep receipts for anything that moves.", ""),
    ("birthday", "2024-09-26 11:11 +0100", "warehouse", ("jane", "john"), "Cake in goods inwards",
     "Somebody here turns sixty today and it is not the crane. Cake at three, bring a plate.", ""),
    ("birthday_re", "2024-09-26 11:15 +0100", "john", ("warehouse",),
     "Re: Cake in goods inwards",
     "I will bring two plates and a candle that fits. Congratulations, Owen.", "birthday"),
    ("ferry", "2024-10-18 08:09 +0100", "jane", ("john",), "Ferry",
     "Are you all right? You left your scarf. From where I sit you did the right thing, late but"
     " whole.", ""),
    ("handover", "2024-11-25 09:50 +0000", "jane", ("john", "osei"), "Handover of my papers",
     """Nadia, John,

     my papers about the hubs are in order and listed. Three boxes, two mailboxes, one stick that
     is not mine.

     From the first day I have kept a diary, and you may have that as well. From April on it makes
     sad reading.""", ""),
)  # fmt: skip


def letters() -> Iterator[Letter]:
    """In the order in which they were written."""
    for n, (key, when, sender, to, subject, text, reply) in enumerate(_ROWS):
        yield Letter(
            key,
            when,
            sender,
            to,
            subject,
            text,
            reply=reply,
            form="both" if n % 4 == 3 else "plain",
            quoting="block" if sender == "stone" or n % 5 == 2 else "marks",
        )
