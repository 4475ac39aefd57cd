"""The money: budgets with hidden rows, the ledger, slides for the board, old workbooks."""

from __future__ import annotations

from datetime import UTC, datetime

from samples.office import doc, docx, odf, pptx, xls, xlsx
from samples.office.package import Properties
from samples.office.pptx import Slide
from samples.office.xlsx import Formula, Sheet
from samples.things import Thing, number, pick


def _at(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def books() -> dict[str, Thing]:
    """Workbooks, new and old."""
    budget = xlsx.thing(
        "Hub programme budget FY2024.xlsx",
        Properties("Hub programme budget", "John Doe", "John Doe", _at("2024-05-27 08:30"),
                   _at("2024-05-28 18:55")),
        (
            Sheet("Summary", (
                ("Hub programme budget FY2024, in euro",),
                ("Item", "Q1", "Q2", "Q3", "Q4", "Year"),
                ("Hubs, lots 1 to 8", 4590000, 4590000, 4590000, 4590000,
                 Formula("SUM(B3:E3)", 18360000)),
                ("Freight", 118000, 121000, 119500, 124000, Formula("SUM(B4:E4)", 482500)),
                ("Tooling", 260000, 260000, 260000, 260000, Formula("SUM(B5:E5)", 1040000)),
                ("Kingfisher reserve, hub retrofit at sea", 0, 1439200, 1439200, 1438900,
                 Formula("SUM(B6:E6)", 4317300)),
                ("booked under tooling by order of V. Stone",),
                ("Total", Formula("SUM(B3:B6)", 4968000), Formula("SUM(C3:C6)", 6410200),
                 Formula("SUM(D3:D6)", 6408700), Formula("SUM(E3:E6)", 6412900),
                 Formula("SUM(B8:E8)", 24199800)),
            ), hidden_rows=frozenset({5, 6}),
                comments=(((4, 0), "Keep the auditors away from this line until the vessel has"
                           " sailed."),)),
            Sheet("Assumptions", (
                ("Rate, pound to euro", 1.17), ("Hubs a lot", 30), ("Scrap, euro a tonne", 312.5),
            )),
            Sheet("Reserve detail", (
                ("Osprey contingency, not for the board",),
                ("Blade root bolts", 612000), ("Vessel days", 2180000), ("Divers", 1525300),
            ), hidden=True),
        ),
    )  # fmt: skip
    ledger = _ledger()
    old = xls.thing(
        "Hub prices 2019.xls",
        Properties("Hub prices 2019", "Jane Roe", "Jane Roe", _at("2019-03-11 09:00"),
                   _at("2019-11-28 15:45")),
        (
            Sheet("Offers", (
                ("Foundry", "Town", "Euro a hub"),
                ("Brennhof Guss", "Hagenfeld", 71200), ("Haitang Foundry", "Linhe", 58900),
                ("Verrier Frères", "Montclar", 79400), ("Juniper and Sons", "Harwick", 83150),
                ("withdrawn: Peregrine alloys quotation", "Dunmere", 49990),
            ), hidden_rows=frozenset({5})),
            Sheet("Notes", (("Prices without pattern costs, as of November 2019",),)),
        ),
    )  # fmt: skip
    scrap = odf.sheets(
        "Schrottpreise.ods",
        Properties("Schrottpreise", "Dieter Kessler", "Dieter Kessler", _at("2024-01-08 07:00"),
                   _at("2024-06-28 07:00")),
        (
            Sheet("Preise", (
                ("Monat", "Euro je Tonne"), ("Januar", 318.5), ("Februar", 322), ("März", 327.5),
                ("April", 331), ("Mai", 334), ("Juni", 329.5),
                ("intern: Zuschlag Zinnober abgelehnt", 12.5),
                ("Mittel", Formula("AVERAGE([.B2:.B7])", 327.083)),
            ), hidden_rows=frozenset({7}),
                comments=(((4, 1), "Wert vom Händler geschätzt"),)),
        ),
    )  # fmt: skip
    return {"budget": budget, "ledger": ledger, "prices2019": old, "schrott": scrap}


def _ledger() -> Thing:
    """A ledger extract as CSV, one posting a line."""
    rows = ["date;account;supplier;text;euro"]
    suppliers = ("Brennhof Guss", "Transports Lagarde", "Baltport Forwarding", "Tsukikage")
    texts = ("hub lot", "freight", "pattern repair", "customs", "crane hire", "gauge calibration")
    for n in range(96):
        month, day = 1 + n // 8, 1 + (n * 3) % 27
        account = pick(("4100", "4200", "4310", "4890"), "account", n)
        rows.append(
            f"2024-{month:02}-{day:02};{account};{pick(suppliers, n)};{pick(texts, 'text', n)};"
            f"{number(900, 96000, 'euro', n)}.{number(10, 99, 'cent', n)}"
        )
    rows.insert(41, "2024-05-29;4310;internal;tooling transfer Tamarind, see V.S.;1439200.00")
    text = "\r\n".join(rows) + "\r\n"
    return Thing(
        "Ledger 2024.csv", text.encode(), "text", "text/csv", text, when=_at("2024-12-02 07:30")
    )


def decks() -> dict[str, Thing]:
    """Slides for the board and for the customer."""
    board = pptx.thing(
        "Board update June 2024.pptx",
        Properties("Board update", "Victor Stone", "John Doe", _at("2024-06-10 08:00"),
                   _at("2024-06-12 21:40")),
        (
            Slide("Hub programme", ("Ninety hubs delivered", "Cost on plan", "No open claims"),
                  notes="Skip questions on quality while the ombudsman is absent."),
            Slide("Deliveries", ("Lots 1 to 3 received", "Lot 4 at sea", "Lot 5 in machining")),
            Slide("Plan Heron", ("Replace 41 hubs after handover", "Tell Skerry in the new year",
                                 "Cost 4.3 million, inside tooling"), hidden=True),
            Slide("Next steps", ("Sign off the second vessel", "Summer shutdown in week 31")),
        ),
    )  # fmt: skip
    customer = pptx.thing(
        "Skerry progress May.pptx",
        Properties("Progress", "Jane Roe", "Jane Roe", _at("2024-05-20 08:00"),
                   _at("2024-05-21 10:10")),
        (
            Slide("Progress for Skerry Offshore", ("Hub deliveries are on plan",
                                                   "Nacelles one to twelve assembled")),
            Slide("Quality", ("Every hub examined by ultrasound", "All records on file"),
                  notes="Erik will ask for the records. Offer samples only."),
        ),
    )  # fmt: skip
    return {"board": board, "skerry_deck": customer}


def papers() -> dict[str, Thing]:
    """Minutes and memoranda in Word formats, old and new."""
    minutes = doc.thing(
        "Minutes 2024-04-24.doc",
        Properties("Minutes", "Priya Nair", "Priya Nair", _at("2024-04-24 12:00"),
                   _at("2024-04-24 16:30")),
        (
            "Minutes of the quality meeting, 24 April 2024",
            "Present: P. Nair, O. Pryce, J. Doe. Apologies: V. Stone.",
            "1. Hub 0417 was cut. The section shows hairline porosity over the whole flange"
            " transition, up to eleven millimetres deep.",
            "2. The supplier's record for hub 0417 is dated before the hub was cast. O. Pryce will"
            " look for further records with that fault.",
            "3. Until the cause is known, no hub leaves the hall. J. Doe objects because of the"
            " vessel's day rate.",
            "4. Next meeting: 2 May, half past eight, Gannet room.",
        ),
    )  # fmt: skip
    retention = docx.thing(
        "Records retention.docx",
        Properties("Records retention", "Nadia Osei", "Nadia Osei", _at("2022-02-03 09:00"),
                   _at("2023-09-14 09:00")),
        (
            "Records retention policy",
            "Examination records are kept for fifteen years. Correspondence about a claim is kept"
            " until the claim is closed, and nobody may destroy it on a manager's word alone.",
            "When Legal announces a hold, all deletion stops, on telephones and private disks too.",
        ),
        footer="Acme Turbines plc, policy 14",
    )  # fmt: skip
    return {"minutes": minutes, "retention": retention}
