"""The supply contract in its drafts, what was annexed to it and the notice that ended it."""

from __future__ import annotations

from datetime import UTC, datetime

from samples.office import docx, odf, rtf, xlsx
from samples.office.docx import Deleted, Foot, Inserted, Invisible, Note, Table
from samples.office.package import Properties
from samples.pdf import document as pdf
from samples.pdf.document import Page
from samples.things import Thing

_RECITAL = (
    "This agreement is made between Acme Turbines plc, Harwick Works (the Buyer) and Brennhof Guss"
    " GmbH, Hagenfeld (the Supplier) for the supply of cast rotor hubs for offshore turbines."
)
_CLAUSES = (
    "1. Supply. The Supplier shall cast, machine and deliver two hundred and forty rotor hubs of"
    " pattern RH-7 to drawing 88-1204 in the quantities and on the dates of Annex A.",
    "2. Price. The price is 76,500 euro a hub, delivered at place, Harwick, packing included. It"
    " is fixed until the last delivery, whatever happens to the price of scrap and coke.",
    "3. Quality. Each hub shall be examined by ultrasound in accordance with Annex B by an"
    " examiner certified to level two. The Supplier shall give the original record of each"
    " examination to the Buyer with the hub and keep a copy for fifteen years.",
    "4. Acceptance. Payment does not amount to acceptance. Defects that a reasonable inspection at"
    " goods inwards does not show may be notified within thirty months of delivery.",
    "5. Subcontracting. The Supplier may have hubs machined by Tsukikage Precision, and by nobody"
    " else without the Buyer's written consent.",
)
_TERMINATION = (
    "7. Termination. Either party may terminate with thirty days' notice if the other commits a"
    " material default and does not remedy it within twenty-one days of being told."
)
_LAW = (
    "8. Law. This agreement is governed by the law of England and Wales. Disputes shall first go to"
    " the chief executives, who shall meet within fourteen days."
)


def _at(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def drafts() -> dict[str, Thing]:
    """The three drafts, near-duplicates of each other, and the signed copy."""
    first = docx.thing(
        "SC-2024-117 supply agreement v1.docx",
        Properties("Supply agreement", "Jane Roe", "Jane Roe", _at("2024-01-16 10:05"),
                   _at("2024-01-16 16:40")),
        (
            "Supply agreement SC-2024-117", _RECITAL, *_CLAUSES,
            "6. Liability. The Supplier's liability for defects is limited to the price of the hubs"
            " concerned.",
            _TERMINATION, _LAW,
        ),
        header="Acme Turbines plc, first draft",
        footer="Subject to agreement",
    )  # fmt: skip
    second = docx.thing(
        "SC-2024-117 supply agreement v2.docx",
        Properties("Supply agreement", "Jane Roe", "Dieter Kessler", _at("2024-01-16 10:05"),
                   _at("2024-01-25 11:12")),
        (
            "Supply agreement SC-2024-117", _RECITAL, *_CLAUSES[:2],
            (
                "3. Quality. Each hub shall be examined by ultrasound in accordance with Annex B",
                Deleted(" by an independent examiner named by the evergreen indemnity insurer"),
                Inserted(" by an examiner certified to level two"),
                ". The Supplier shall give the original record of each examination to the Buyer"
                " with the hub and keep a copy for fifteen years.",
            ),
            *_CLAUSES[3:],
            (
                "6. Liability. The Supplier's liability for defects is limited to ",
                Note("twice the price", "We can live with a threadbare margin here, but do not tell"
                     " Brennhof before Friday."),
                " of the hubs concerned",
                Inserted(", save for wilful default", "Dieter Kessler"),
                ".",
            ),
            (_TERMINATION, Foot("Compare the Lanternfish protocol of the 2019 framework, which both"
                                " sides regretted.")),
            _LAW,
        ),
        header="Acme Turbines plc, second draft, saffron copy",
        footer="Subject to agreement",
    )  # fmt: skip
    third = docx.thing(
        "SC-2024-117 supply agreement v3.docx",
        Properties("Supply agreement", "Jane Roe", "Jane Roe", _at("2024-01-16 10:05"),
                   _at("2024-02-08 09:30")),
        (
            "Supply agreement SC-2024-117", _RECITAL, *_CLAUSES,
            "6. Liability. The Supplier's liability for defects is limited to twice the price of"
            " the hubs concerned, save for wilful default.",
            _TERMINATION, _LAW,
        ),
        header="Acme Turbines plc, execution copy",
    )  # fmt: skip
    signed = pdf.thing(
        "SC-2024-117 signed.pdf",
        Properties("SC-2024-117 signed", "Jane Roe", "Jane Roe", _at("2024-02-12 14:00"),
                   _at("2024-02-12 14:00")),
        (
            Page(("Supply agreement SC-2024-117", _RECITAL, *_CLAUSES)),
            Page((
                "Liability, termination, law",
                "6. Liability. The Supplier's liability for defects is limited to twice the price"
                " of the hubs concerned, save for wilful default.",
                _TERMINATION, _LAW,
                "Signed at Harwick on 12 February 2024 for the Buyer by Victor Stone and for the"
                " Supplier by Jürgen Maßmann.",
            ), invisible="index card Sepia 44, read by the scanner"),
        ),
    )  # fmt: skip
    return {"draft1": first, "draft2": second, "draft3": third, "signed": signed}


def annexes() -> dict[str, Thing]:
    """Annex A (deliveries), Annex B (examination) and the letters around the notice."""
    plan = [("Lot", "Hubs", "Due at Harwick")]
    days = ("4 March", "2 April", "6 May", "3 June", "1 July", "5 August", "2 September", "7 Oct")
    plan += [(str(n), "30", f"{day} 2024") for n, day in enumerate(days, 1)]
    annex_a = docx.thing(
        "Annex A delivery plan.docx",
        Properties("Annex A", "Jane Roe", "Jane Roe", _at("2024-02-01 08:00"),
                   _at("2024-02-01 08:45")),
        ("Annex A: delivery plan", "Quantities and dates by lot.", Table(tuple(plan)),
         "A lot is late when it has not arrived by noon of the fifth working day after its date."),
    )  # fmt: skip
    annex_b = odf.text(
        "Annex B Prüfvorschrift für Rotornaben, Übergänge und Bohrungsränder.odt",
        Properties("Annex B", "Anneliese Vogt", "Anneliese Vogt", _at("2024-01-30 07:10"),
                   _at("2024-02-02 13:25")),
        (
            "Annex B: Prüfvorschrift für Rotornaben RH-7",
            "Jede Nabe wird nach dem Putzen und vor dem Lackieren mit Ultraschall geprüft. Die"
            " Prüfung umfasst die Nabenwand, die Flanschübergänge und alle Bohrungsränder.",
            "Zulässig sind Einzelanzeigen bis zwei Millimeter. Anzeigen in Gruppen sind unzulässig,"
            " auch wenn jede für sich kleiner ist.",
            "Das Protokoll nennt Prüfer, Gerät, Prüfkopf, Datum und Uhrzeit und wird am selben Tag"
            " unterschrieben.",
        ),
        footnote="Die Kalibrierung erfolgt am Kontrollkörper Basaltgrau.",
        annotation="Bitte mit Herrn Kessler klären, ob die Uhrzeit wirklich nötig ist.",
        deleted="Der Besteller darf jederzeit unangemeldet beiwohnen.",
    )  # fmt: skip
    claim = xlsx.thing(
        "Claim calculation.xlsx",
        Properties("Claim calculation", "John Doe", "John Doe", _at("2024-08-14 09:00"),
                   _at("2024-08-16 17:20")),
        (
            xlsx.Sheet("Claim", (
                ("Head of loss", "Hubs", "Each", "Euro"),
                ("Hubs rejected", 41, 76500, xlsx.Formula("B2*C2", 3136500)),
                ("Re-examination at Harwick", 87, 410, xlsx.Formula("B3*C3", 35670)),
                ("Crane and vessel standing by", 6, 48250, xlsx.Formula("B4*C4", 289500)),
                ("Total of the amethyst schedule", "", "", xlsx.Formula("SUM(D2:D4)", 3461670)),
            )),
        ),
    )  # fmt: skip
    notice = docx.thing(
        "Notice of breach 2024-08-19.docx",
        Properties("Notice", "Jane Roe", "Nadia Osei", _at("2024-08-15 10:00"),
                   _at("2024-08-19 08:15")),
        (
            "Notice under clause 7",
            "To Brennhof Guss GmbH, attention of Mr Jürgen Maßmann.",
            "We give notice that you are in breach of the supply contract SC-2024-117. Of 87 hubs"
            " re-examined at Harwick, 41 show grouped indications in the flange transition, and the"
            " records that came with them cannot be true.",
            "You have twenty-one days from today to remedy the default. The calculation of our loss"
            " is enclosed in this document.",
            ("We reserve all rights. ", Invisible("Settle at sixty cents on the euro, see heron"
                                                  " memorandum.")),
            "Jane Roe, Head of Procurement, for Acme Turbines plc",
        ),
        header="By courier and by e-mail",
        embedded=(claim,),
    )  # fmt: skip
    reply = rtf.thing(
        "Antwort Brennhof.rtf",
        Properties("Antwort", "Dieter Kessler", "Dieter Kessler", _at("2024-08-29 06:00"),
                   _at("2024-08-30 12:05")),
        (
            "Ihre Mängelanzeige vom 19. August 2024",
            "Sehr geehrte Frau Roe, wir weisen Ihre Vorwürfe zurück. Unsere Prüfprotokolle sind"
            " echt und vollständig. Eine Kündigung des Vertrags wäre unwirksam.",
            "Vorsorglich rügen wir, dass Ihre Nachprüfung ohne uns stattfand. Wir schlagen eine"
            " gemeinsame Prüfung in Hagenfeld vor.",
        ),
        header="Brennhof Guss GmbH, Hagenfeld",
        invisible="Entwurf zweite Fassung, nur für Türkisordner",
    )  # fmt: skip
    return {
        "annex_a": annex_a,
        "annex_b": annex_b,
        "claim": claim,
        "notice": notice,
        "antwort": reply,
    }
