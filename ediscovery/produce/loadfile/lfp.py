"""IPRO page files (LFP): ``IM,key,boundary,offset,@volume;folder;file;type,rotation``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ediscovery.produce.loadfile.files import whole_file
from ediscovery.produce.loadfile.pages import backslashed, checked, page_lines
from ediscovery.produce.loadfile.rows import Finding, PageRow, Report, Written

_IMAGE = re.compile(
    r"IM,(?P<key>[^,]*),(?P<boundary>[^,]*),(?P<offset>[^,]*),"
    r"@(?P<volume>[^;]*);(?P<folder>[^;]*);(?P<name>[^;]*);(?P<type>\d*)(?:,(?P<turn>[^,]*))?,*",
    re.IGNORECASE,
)
_BOUNDARIES = ("", "D", "C", "S", "B", "F")


def write_lfp(path: Path, pages: Iterable[PageRow]) -> Written:
    """Write ``pages`` as IPRO LFP: one ``IM`` row a page, Windows-1252, CR LF.

    A row has one boundary only: a box break is written ``B`` and a folder break ``F`` in the place
    of the ``D`` or ``C`` of a document's first page. Page counts have no place here.

    Raises:
        UsageError: an id, volume or path holds a comma, a semicolon, or a character that
            Windows-1252 lacks.
    """
    done = Written()
    with whole_file(path) as file:
        for page in pages:
            done.rows += 1
            checked(page, done.rows, ",;@", "IPRO LFP")
            folder, _, name = backslashed(page.path).rpartition("\\")
            row = (
                f"IM,{page.page_id},{_boundary(page)},{page.offset},"
                f"@{page.volume};{folder};{name};{_type(page)},{page.rotation // 90 % 4}\r\n"
            )
            file.write(row.encode("cp1252"))
    return done


def _boundary(page: PageRow) -> str:
    if page.box_break:
        return "B"
    if page.folder_break:
        return "F"
    if page.first:
        return "C" if page.child else "D"
    return ""


def _type(page: PageRow) -> int:
    """2 is a black-white TIFF, 4 a colour picture, 5 a black-white PDF, 6 a colour PDF."""
    if page.path.lower().endswith(".pdf"):
        return 6 if page.color else 5
    return 4 if page.color else 2


def read_lfp(path: Path, report: Report, encoding: str = "") -> Iterator[PageRow]:
    """The pages of the IPRO file ``path``, in its order.

    Only ``IM`` rows hold pages; rows of other kinds are counted in one finding, unreadable ``IM``
    rows are refused one by one. ``S``, ``B`` and ``F`` begin a document as well.
    """
    record = others = 0
    for line, text in page_lines(path, report, encoding):
        text = text.strip()
        if text[:3].upper() != "IM,":
            others += 1
            continue
        record += 1
        found = _IMAGE.fullmatch(text)
        if not found or not found["key"].strip() or not found["name"].strip():
            sentence = "The IM row can't be read; it was skipped."
            report(Finding(line, record, "ragged", sentence, True))
            continue
        boundary = found["boundary"].strip().upper()
        if boundary not in _BOUNDARIES:
            sentence = f"{boundary!r} is no boundary; the page is read as one within a document."
            report(Finding(line, record, "boundary", sentence))
        turn = (found["turn"] or "0").strip() or "0"
        if turn not in ("0", "1", "2", "3"):
            report(Finding(line, record, "rotation", f"{turn!r} is no rotation; 0 was read."))
            turn = "0"
        offset = found["offset"].strip()
        if not (offset.isdecimal() and len(offset) < 10):
            offset = "0"
        folder = found["folder"].strip().rstrip("\\/")
        name = found["name"].strip()
        yield PageRow(
            found["key"].strip(), found["volume"].strip(),
            f"{folder}\\{name}" if found["folder"] else name,
            first=boundary in _BOUNDARIES[1:], color=found["type"] in ("4", "6"),
            rotation=int(turn) * 90, folder_break=boundary == "F", box_break=boundary == "B",
            child=boundary == "C", offset=int(offset),
        )  # fmt: skip
    if others:
        sentence = f"{others:,} rows of other kinds than IM were not read."
        report(Finding(0, 0, "other-rows", sentence))
