"""Redacted workbooks: rebuilt from values, cell by cell, so that nothing else of them survives.

XLSX in, XLSX out. No formula, cached value, comment, name, link, chart, picture, macro, hidden
row, column or sheet, property or header of the original is in the new one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError, UsageError
from ediscovery.model.states import State
from ediscovery.produce.render.redact import Term

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member of the new file
_NO_DATE = datetime(1980, 1, 1)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
_LOOSE = re.compile(r"\b(?:INDIRECT|OFFSET|GETPIVOTDATA|CELL|INDEX|CHOOSE)\s*\(", re.I)

Place = tuple[str, str]  # sheet, cell ("B7")


@dataclass(frozen=True, slots=True)
class CellRedaction:
    """One cell (``cell`` as ``B7``) of ``sheet``; its value is replaced by ``label``."""

    sheet: str
    cell: str
    reason: str
    author: str
    label: str = "REDACTED"
    covered: str = ""


@dataclass(slots=True)
class Rebuilt:
    """``data``: the new workbook. ``cells``: all redactions done, with those of cells whose formula
    draws on a redacted one. ``notes``: what else is not as in the original, one sentence each."""

    data: bytes
    cells: list[CellRedaction]
    notes: list[str]


def find_cells(content: Content, context: Context, terms: Sequence[Term]) -> list[CellRedaction]:
    """The cells of all sheets, hidden ones too, whose value or formula holds a hit of ``terms``.

    Raises ``EvidenceError`` as :func:`redacted` does, ``UsageError`` for a bad pattern.
    """
    patterns = [(term, term.compiled()) for term in terms]
    values, formulas = _load(content, context)
    found: dict[Place, CellRedaction] = {}
    for book in (values, formulas):
        for sheet, cell in _cells(book, context):
            for term, pattern in patterns:
                hit = pattern.search(_written(cell.value))
                if hit:
                    place = (sheet.title, cell.coordinate)
                    one = CellRedaction(
                        *place, term.reason, term.author, term.label or "REDACTED", hit.group()
                    )
                    found.setdefault(place, one)
    return list(found.values())


def redacted(content: Content, context: Context, cells: Sequence[CellRedaction]) -> Rebuilt:
    """The workbook anew, with values only, the given cells and those computed from them replaced.

    Sheet names that hold a covered text are replaced by ``Sheet`` and a number. The same input
    gives the same bytes. Raises ``EvidenceError`` (``corrupt``, ``encrypted``, ``limit:cells``) and
    ``UsageError`` for a cell of a sheet that is not there.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill

    values, formulas = _load(content, context)
    known = {sheet.title for sheet in values.worksheets}
    for one in cells:
        if one.sheet not in known:
            raise UsageError(f"No sheet {one.sheet!r} in the workbook.", "Check the redaction.")
    wanted: dict[Place, CellRedaction] = {(one.sheet, one.cell.upper()): one for one in cells}
    notes = _dependents(formulas, wanted, context)
    book = Workbook()
    book.remove(book.worksheets[0])
    black = PatternFill("solid", fgColor="000000")
    white = Font(color="FFFFFF")
    secrets = [one.covered.casefold() for one in wanted.values() if one.covered]
    for number, sheet in enumerate(values.worksheets, 1):
        title = sheet.title
        if any(secret in title.casefold() for secret in secrets):
            title = f"Sheet{number}"
            notes.append(f"The name of sheet {number} held a redacted text and was replaced.")
        new = book.create_sheet(title)
        if sheet.sheet_state != "visible":
            notes.append(f"Sheet {number} was hidden and is shown.")
        for letter, column in sheet.column_dimensions.items():
            if column.width and not column.hidden:
                new.column_dimensions[letter].width = column.width
        for row in sheet.iter_rows():
            for cell in row:
                hit = wanted.get((sheet.title, cell.coordinate))
                if hit is not None:
                    target = new.cell(cell.row, cell.column, hit.label)
                    target.data_type, target.fill, target.font = "s", black, white
                elif cell.value is not None:
                    _copy(cell, new.cell(cell.row, cell.column), secrets, notes)
        for area in sheet.merged_cells.ranges:
            new.merge_cells(str(area))
    if not book.worksheets:
        book.create_sheet("Sheet1")
        notes.append("It has no sheet of cells.")
    return Rebuilt(_saved(book), list(wanted.values()), list(dict.fromkeys(notes)))


def _load(content: Content, context: Context) -> tuple[Any, Any]:
    """The workbook with its last values, and with its formulas."""
    from openpyxl import load_workbook

    if content.head[:4] != b"PK\x03\x04":
        raise EvidenceError(
            State.ENCRYPTED if content.head[:4] == b"\xd0\xcf\x11\xe0" else State.CORRUPT,
            "It is no XLSX file that can be opened.",
        )
    data = content.read()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            context.charge(sum(member.file_size for member in members.infolist()))
        return tuple(
            load_workbook(io.BytesIO(data), data_only=only, keep_links=False, rich_text=False)
            for only in (True, False)
        )  # type: ignore[return-value]
    except (EvidenceError, MemoryError):
        raise
    except Exception as error:  # openpyxl raises many kinds on broken files
        raise EvidenceError(State.CORRUPT, describe(error)) from error


def _cells(book: Any, context: Context) -> Iterator[tuple[Any, Any]]:
    left = context.profile.limits.cells
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            left -= len(row)
            if left < 0:
                raise EvidenceError(f"{State.LIMIT}:cells", "It has too many cells.")
            for cell in row:
                if cell.value is not None:
                    yield sheet, cell


def _written(value: Any) -> str:
    return "" if value is None else str(getattr(value, "text", value))


def _copy(cell: Any, target: Any, secrets: list[str], notes: list[str]) -> None:
    """The value and its number format; text stays text, even where it begins like a formula."""
    value = cell.value
    if isinstance(value, str):
        value = _ILLEGAL.sub("", value)
        target.value = value
        target.data_type = "e" if value in _ERRORS and cell.data_type == "e" else "s"
    else:
        target.value = value
    style = str(cell.number_format or "General")
    if any(secret in style.casefold() for secret in secrets):
        notes.append("A number format held a redacted text and was left out.")
    else:
        target.number_format = style


def _dependents(book: Any, wanted: dict[Place, CellRedaction], context: Context) -> list[str]:
    """Add to ``wanted`` every cell whose formula draws on one in it, directly or through others.

    A formula whose references can't all be told (names, tables, INDIRECT) counts as drawing on it.
    """
    if not wanted:
        return []
    pending = {}
    for sheet, cell in _cells(book, context):
        text = _written(cell.value)
        if cell.data_type == "f" or text.startswith("="):
            pending[sheet.title, cell.coordinate] = _references(sheet.title, text)
    start = next(iter(wanted.values()))
    notes = []
    changed = True
    while changed:
        changed = False
        spots = [(sheet, *_spot(cell)) for sheet, cell in wanted]
        for place, references in list(pending.items()):
            if place in wanted:
                del pending[place]
            elif references is None or any(
                sheet == name.casefold() and left <= column <= right and top <= row <= bottom
                for sheet, left, top, right, bottom in references
                for name, column, row in spots
            ):
                wanted[place] = CellRedaction(*place, start.reason, start.author, start.label)
                notes.append("Cells computed from redacted ones are redacted, too.")
                del pending[place]
                changed = True
    return notes


def _spot(cell: str) -> tuple[int, int]:
    from openpyxl.utils.cell import column_index_from_string, coordinate_from_string

    letters, row = coordinate_from_string(cell)
    return column_index_from_string(letters), row


def _references(sheet: str, formula: str) -> list[tuple[str, int, int, int, int]] | None:
    """The areas that a formula names (sheet in lower case, columns and rows); ``None`` when it
    draws on something that can't be told."""
    from openpyxl.formula import Tokenizer
    from openpyxl.utils.cell import range_boundaries

    if _LOOSE.search(formula):
        return None
    found = []
    try:
        for token in Tokenizer(formula).items:
            if token.type != "OPERAND" or token.subtype != "RANGE":
                continue
            name, _, area = token.value.rpartition("!")
            name = (name.strip("'").replace("''", "'") or sheet).casefold()
            if ":" in name:  # several sheets at once
                return None
            left, top, right, bottom = range_boundaries(area.replace("$", ""))
            found.append((name, left or 1, top or 1, right or 1 << 20, bottom or 1 << 30))
    except Exception:  # a name, a table, a range of another kind, or no formula at all
        return None
    return found


def _saved(book: Any) -> bytes:
    """The file, its members without dates and its properties without history."""
    book.properties.creator = ""
    book.properties.created = book.properties.modified = _NO_DATE
    buffer = io.BytesIO()
    book.save(buffer)
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(out, "w") as kept:
        for member in made.infolist():
            data = made.read(member)
            if member.filename == "docProps/core.xml":
                stamp = _NO_DATE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, data)
            entry = zipfile.ZipInfo(member.filename, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(entry, data)
    return out.getvalue()
