"""Excel 97 workbooks (BIFF8, MS-XLS) with only the records that readers insist on."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from samples.office import ole2, xlsx
from samples.office.package import Properties
from samples.office.summary import summary
from samples.things import Thing

_CLSID = "00020820-0000-0000-C000-000000000046"


def thing(name: str, properties: Properties, sheets: Sequence[xlsx.Sheet]) -> Thing:
    """An XLS of ``sheets``. Comments and formulas are left out (formulas become their values)."""
    strings: dict[str, int] = {}
    bodies = [_sheet(sheet, strings) for sheet in sheets]
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    start += _record(0x0042, struct.pack("<H", 1200)) + _record(0x0022, b"\0\0")
    start += _record(0x003D, struct.pack("<9H", 0, 0, 16000, 9000, 56, 0, 0, 1, 600))
    font = struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + _short("Arial")
    start += _record(0x0031, font) * 4
    cell_style = struct.pack("<HHHBBBBIIH", 0, 0, 0xFFF5, 0x20, 0, 0, 0, 0, 0, 0x20C0)
    start += _record(0x00E0, cell_style) * 15
    start += _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, 0, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0))
    start += _record(0x0293, struct.pack("<HBB", 0x8000, 0, 0xFF))
    shared = struct.pack("<II", _count(sheets), len(strings))
    for text in strings:
        wide = text.encode("utf-16-le")
        shared += struct.pack("<HB", len(wide) // 2, 1) + wide
    if len(shared) > 8224:
        raise ValueError("too many words for an SST without CONTINUE records")
    end = _record(0x00FC, shared) + _record(0x000A, b"")
    names = [_short(sheet.name) for sheet in sheets]
    offset = len(start) + sum(4 + 6 + len(name) for name in names) + len(end)
    bound = b""
    for sheet, label, body in zip(sheets, names, bodies, strict=True):
        bound += _record(0x0085, struct.pack("<IBB", offset, int(sheet.hidden), 0) + label)
        offset += len(body)
    book = start + bound + end + b"".join(bodies)
    streams = {"Workbook": book.ljust(4096, b"\0"), "\x05SummaryInformation": summary(properties)}
    return Thing(
        name,
        ole2.write(streams, _CLSID),
        "sheet",
        "application/vnd.ms-excel",
        xlsx.text(sheets),
        hidden=xlsx.hidden(sheets),
        when=properties.modified,
    )


def _sheet(sheet: xlsx.Sheet, strings: dict[str, int]) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    width = max(len(row) for row in sheet.rows)
    out += _record(0x0200, struct.pack("<IIHHH", 0, len(sheet.rows), 0, width, 0))
    for r, row in enumerate(sheet.rows):
        options = 0x0120 if r in sheet.hidden_rows else 0x0100
        out += _record(0x0208, struct.pack("<HHHHHHHH", r, 0, len(row), 255, 0, 0, options, 15))
    for r, row in enumerate(sheet.rows):
        for c, cell in enumerate(row):
            if cell == "":
                continue
            if isinstance(cell, str):
                index = strings.setdefault(cell, len(strings))
                out += _record(0x00FD, struct.pack("<HHHI", r, c, 15, index))
            else:
                value = cell.value if isinstance(cell, xlsx.Formula) else cell
                out += _record(0x0203, struct.pack("<HHHd", r, c, 15, value))
    # WINDOW2 closes the view; without it some readers refuse the sheet
    out += _record(0x023E, struct.pack("<HHHIHHI", 0x06B6, 0, 0, 64, 0, 0, 0))
    return out + _record(0x000A, b"")


def _count(sheets: Sequence[xlsx.Sheet]) -> int:
    return sum(isinstance(c, str) and c != "" for s in sheets for row in s.rows for c in row)


def _short(text: str) -> bytes:
    return struct.pack("<BB", len(text), 0) + text.encode("latin-1")


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data
