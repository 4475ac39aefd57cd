"""Papers made of other papers: archives, invoices, statements, what hangs on the routine mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from samples.archives import packers, zips
from samples.office import docx, xlsx
from samples.office.package import Properties
from samples.pdf import document as pdf
from samples.pdf.document import Page
from samples.story.evidence import BANK, LOST
from samples.things import Hidden, Thing, number, pick

_TYPES = {"zip": "zip", "tar": "x-tar", "gz": "gzip", "bz2": "x-bzip2", "xz": "x-xz",
          "zst": "zstd", "7z": "x-7z-compressed"}  # fmt: skip


def _at(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _text(name: str, day: str, text: str, mime: str = "text/plain", hidden: str = "") -> Thing:
    found = (Hidden(hidden, "nested archive"),) if hidden else ()
    return Thing(name, text.encode(), "text", mime, text, hidden=found, when=_at(day))


def _pack(
    name: str, data: bytes, members: Sequence[Thing], when: datetime, lock: str = ""
) -> Thing:
    kind = name.rpartition(".")[2]
    return Thing(
        name,
        data,
        "archive",
        f"application/{_TYPES[kind]}",
        role="container",
        children=tuple(m.related("member") for m in members),
        lock=lock,
        when=when,
    )


def _pairs(members: Sequence[Thing]) -> list[tuple[str, bytes]]:
    return [(m.name, m.data) for m in members]


def attachments(papers: dict[str, Thing]) -> dict[str, Thing]:
    """What hangs on letters; ``papers`` are those that exist so far."""
    list87 = "hub;lot;finding\r\n" + "".join(
        f"{412 + n:04};{1 + n // 30};{pick(('grouped', 'single', 'none'), 'hub', n)}\r\n"
        for n in range(87)
    ) + "sum;;41 grouped, see ochre binder\r\n"  # fmt: skip
    suspects = (
        _text("suspect hubs.csv", "2024-05-03 12:40", list87, "text/csv"),
        papers["micrograph"].named("section 0417.jpg"),
    )
    when = _at("2024-05-03 12:50")
    suspects_zip = _pack(
        "suspect hubs.zip", zips.write_aes(_pairs(suspects), BANK[1], when), suspects, when, "bank"
    )
    memorandum = docx.thing(
        "Memorandum Brennhof.docx",
        Properties("Memorandum", "Margaret Hale", "Simon Whitcombe", _at("2024-08-01 19:00"),
                   _at("2024-08-02 17:50")),
        (
            "Memorandum of advice",
            "Privileged and confidential. Prepared by Hale Whitcombe LLP for Acme Turbines plc.",
            "Our alabaster assessment: two in three to succeed on rejection, one in three if the"
            " other side learns what was known in April.",
            "We recommend notice before the end of August and a hold on all records now.",
        ),
        header="Attorney-client communication",
    )  # fmt: skip
    demurrage = xlsx.thing(
        "Détail été 2024.xlsx",
        Properties("Surestaries", "Hélène Marchand", "Hélène Marchand", _at("2024-09-11 14:00"),
                   _at("2024-09-11 14:20")),
        (xlsx.Sheet("Juin", (("Navire", "Jours", "Euros"), ("Brume du Nord", 3, 7350),
                             ("Goéland", 2, 4900), ("Total", xlsx.Formula("SUM(B2:B3)", 5),
                                                    xlsx.Formula("SUM(C2:C3)", 12250)))),),
    )  # fmt: skip
    return {
        "suspects_zip": suspects_zip,
        "memorandum": memorandum,
        "demurrage": demurrage,
        "sienna": _text(
            "Sienna checklist.txt",
            "2024-06-02 17:20",
            "Sienna checklist, lot two\r\n1. new dates after the furnace log\r\n"
            "2. stamp from the drawer\r\n3. old set back to me or into the fire\r\n",
        ),
        "scanner_log": _text(
            "scanner.log",
            "2024-11-14 08:00",
            "".join(
                f"2024-03-{1 + n % 28:02} {7 + n % 9:02}:{n * 7 % 60:02} tray {1 + n % 3} pages"
                f" {number(1, 9, 'scan', n)} ok\n"
                for n in range(60)
            ),
        ),
        "haitang_offer": _text(
            "报价单.csv",
            "2024-10-09 02:15",
            "品名,数量,单价\r\n轮毂 RH-7,30,59000\r\n检测费,30,450\r\n",
            "text/csv",
        ),
        **_routine(),
    }


def _routine() -> dict[str, Thing]:
    """Invoices, bank statements and test figures."""
    out = {}
    for n in range(1, 7):
        day = date(2024, 3, 8) + timedelta(days=30 * (n - 1))
        when = datetime(day.year, day.month, day.day, 7, 30, tzinfo=UTC)
        hubs = 27 if n == 2 else 30
        total = f"{hubs * 76500:,}".replace(",", ".")
        out[f"invoice{n}"] = pdf.thing(
            f"Rechnung 2024-{310 + n}.pdf",
            Properties(f"Rechnung 2024-{310 + n}", "Brennhof Guss", "Brennhof Guss", when, when),
            (Page((f"Rechnung 2024-{310 + n}", "An Acme Turbines plc, Harwick Works",
                   f"Los {n}: {hubs} Rotornaben RH-7 zu 76.500 Euro, zusammen {total} Euro.",
                   "Zahlbar binnen dreißig Tagen ohne Abzug. Erfüllungsort ist Hagenfeld.")),),
        )  # fmt: skip
    for n in range(4):
        lines = "".join(
            f"{1 + k * 6:02}.{1 + n * 3 + k % 3:02}.2024  "
            f"{pick(('transfer', 'card', 'charge', 'salary run'), 'bank', n, k):<12}"
            f"{number(12, 98000, 'amount', n, k):>9}.00\r\n"
            for k in range(5)
        )
        out[f"statement{n}"] = _text(
            f"statement Q{n + 1}.txt",
            f"2024-{3 * n + 3:02}-28 06:00",
            f"Harwick Mutual, quarter {n + 1}, 2024\r\n\r\n{lines}",
        )
        figures = "day,bolts,bearings,paint\r\n" + "".join(
            f"{k},{number(40, 90, 'b', n, k)},{number(3, 20, 'r', n, k)},"
            f"{number(60, 140, 'p', n, k)}\r\n"
            for k in range(1, 21)
        )
        out[f"figures{n}"] = _text(
            f"test room {n + 1}.csv", f"2024-{2 + 2 * n:02}-04 16:00", figures, "text/csv"
        )
    return out


def archives(papers: dict[str, Thing]) -> dict[str, Thing]:
    """Archives that lie loose: one in another, of every kind, and two under passwords."""
    when = _at("2024-06-21 06:10")
    ledger = _text(
        "real dates.txt",
        "2024-06-21 06:00",
        "The cinnabar ledger of lot two\n0442 cast 4 March, record says 26 February\n"
        "0443 cast 4 March, record says 26 February\n0444 scrapped, record says fine\n",
        hidden="cinnabar ledger",
    )
    inner = _pack("c.zip", zips.write(_pairs([ledger]), when), [ledger], when)
    second = _text(
        "read me first.txt",
        "2024-06-21 06:02",
        "Older things are one layer down. Do not open this at work.\n",
    )
    middle = _pack("b.zip", zips.write(_pairs([inner, second]), when), [inner, second], when)
    shopping = _text(
        "holiday/shopping.txt",
        "2024-06-20 20:30",
        "rope, sun cream, two paddles, the good tin opener\n",
    )
    ball_members = (middle, shopping, papers["system"].named("holiday/desktop.ini"))
    ball = _pack("holiday.tar", packers.tar(_pairs(ball_members), when), ball_members, when)
    holiday = _pack("holiday.tar.gz", packers.gz(ball.data, "holiday.tar", when), [ball], when)

    seven = (
        _text("lot two/old records.csv", "2024-06-04 16:00",
              "hub;old date;new date\r\n0442;2024-02-26;2024-03-06\r\n"
              "0443;2024-02-26;2024-03-06\r\nnote: originals in the celadon biscuit tin\r\n",
              "text/csv"),
        papers["draft1"].named("lot two/agreement v1.docx"),
    )  # fmt: skip
    singles = {}
    for name, pack, text in (
        (
            "gate log.txt.bz2",
            packers.bzip2,
            "gate log June\n"
            + "".join(
                f"{6 + n % 12:02}:{n * 11 % 60:02} lorry {number(100, 999, 'gate', n)} in\n"
                for n in range(80)
            ),
        ),
        (
            "crane diary.txt.xz",
            packers.xz,
            "crane diary\nnine lifts, wind six, hub seventeen rang"
            " dull and was set down again\nperiwinkle sling worn, replaced\n",
        ),
        (
            "sensor export.csv.zst",
            packers.zst,
            "t,strain\n"
            + "".join(f"{n},{number(100, 900, 'strain', n) / 1000}\n" for n in range(300)),
        ),
    ):
        mime = "text/csv" if ".csv" in name else "text/plain"
        member = _text(name.rpartition(".")[0], "2024-06-30 18:00", text, mime)
        packed = _pack(name, pack(member.data), [member], member.when)
        singles[name.rpartition(".")[2]] = packed

    settlement = _text(
        "settlement note.txt",
        "2024-10-02 09:30",
        "The ochre settlement: both firms pay half, nobody is named, the records"
        " stay as they are.\n",
    )
    lost = _text("umbra vault.txt", "2024-11-11 22:00", "Nothing of this may ever be read.\n")
    bank = _pack(
        "settlement.zip",
        zips.write_zipcrypto(_pairs([settlement]), BANK[0], when),
        [settlement],
        when,
        "bank",
    )
    unknown = _pack(
        "vault.zip",
        zips.write_aes(_pairs([lost]), LOST, _at("2024-11-11 22:05")),
        [lost],
        _at("2024-11-11 22:05"),
        "lost",
    )
    photos = (
        papers["micrograph"].named("photos/hub 0417 section.jpg"),
        replace(papers["whiteboard"], name="photos/board.png"),
    )
    return {
        "holiday": holiday,
        "seven": _pack("lot two.7z", packers.seven_zip(_pairs(seven), when), seven, when),
        **singles,
        "settlement_zip": bank,
        "vault_zip": unknown,
        "photos": _pack("photos.zip", zips.write(_pairs(photos), when), photos, when),
    }
