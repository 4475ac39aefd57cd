"""Redacted workbooks: rebuilt from values, cell by cell, so that nothing else of them survives.

XLSX in (CSV, XLS, ODS and XLSB are made XLSX first), XLSX out. No formula, cached value, comment,
name, link, chart, picture, macro, hidden row, column or sheet, property or header of the original
is in the new one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.office import numbers
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError, UsageError
from ediscovery.model.states import State
from ediscovery.produce.render.redact import Term

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member of the new file
_NO_DATE = datetime(1980, 1, 1)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST = 32_767  # characters of a cell
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


@dataclass(slots=True)
class Book:
    """A workbook as it was loaded: with its last values, and with its formulas. ``notes``: how it
    came to be XLSX, one sentence each."""

    values: Any
    formulas: Any
    notes: list[str]


def find_cells(book: Book, context: Context, terms: Sequence[Term]) -> list[CellRedaction]:
    """The cells of all sheets, hidden ones too, of which value, value as shown or formula holds a
    hit of ``terms``.

    Raises ``EvidenceError`` (``limit:cells``), ``UsageError`` for a bad pattern.
    """
    patterns = [(term, term.compiled()) for term in terms]
    found: dict[Place, CellRedaction] = {}
    for half in (book.values, book.formulas):
        for sheet, cell in _cells(half, context):
            for term, pattern in patterns:
                hits = (pattern.search(text) for text in shapes(cell))
                hit = next(filter(None, hits), None)
                if hit:
                    place = (sheet.title, cell.coordinate)
                    one = CellRedaction(
                        *place, term.reason, term.author, term.label or "REDACTED", hit.group()
                    )
                    found.setdefault(place, one)
    return list(found.values())


def cells_of(
    book: Book, context: Context, sheet_name: str, area: str
) -> list[tuple[Any, list[str]]]:
    """Every cell of ``area`` (``B2:C9``) of a sheet, as far as the sheet has any, each with what
    stands in it in all its shapes: nothing for an empty one. None for a sheet that is not there.

    Raises ``EvidenceError`` (``limit:cells``).
    """
    from openpyxl.utils.cell import range_boundaries

    found = []
    left = context.profile.limits.cells
    for sheet, formulas in zip(book.values.worksheets, book.formulas.worksheets, strict=True):
        if sheet.title.casefold() != sheet_name.casefold():
            continue
        x0, y0, x1, y1 = (edge or 1 for edge in range_boundaries(area))
        last = min(y1, sheet.max_row), min(x1, sheet.max_column)
        for row in range(y0, last[0] + 1):
            for column in range(x0, last[1] + 1):
                left -= 1
                if left < 0:
                    raise EvidenceError(f"{State.LIMIT}:cells", "It has too many cells.")
                pair = (sheet.cell(row, column), formulas.cell(row, column))
                texts = [text for cell in pair if cell.value is not None for text in shapes(cell)]
                found.append((pair[0], list(dict.fromkeys(texts))))
    return found


def redacted(book: Book, context: Context, cells: Sequence[CellRedaction]) -> Rebuilt:
    """The workbook anew, with values only, the given cells and those computed from them replaced.

    Sheet names that hold a covered text are replaced by ``Sheet`` and a number. The same input
    gives the same bytes. Raises ``EvidenceError`` (``limit:cells``) and ``UsageError`` for a cell
    of a sheet that is not there.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill

    values, formulas = book.values, book.formulas
    known = {sheet.title for sheet in values.worksheets}
    for one in cells:
        if one.sheet not in known:
            raise UsageError(f"No sheet {one.sheet!r} in the workbook.", "Check the redaction.")
    wanted: dict[Place, CellRedaction] = {(one.sheet, one.cell.upper()): one for one in cells}
    notes = [*book.notes, *_dependents(formulas, wanted, context)]
    made = Workbook()
    made.remove(made.worksheets[0])
    black = PatternFill("solid", fgColor="000000")
    white = Font(color="FFFFFF")
    secrets = [one.covered.casefold() for one in wanted.values() if one.covered]
    for number, sheet in enumerate(values.worksheets, 1):
        title = sheet.title
        if any(secret in title.casefold() for secret in secrets):
            title = f"Sheet{number}"
            notes.append(f"The name of sheet {number} held a redacted text and was replaced.")
        new = made.create_sheet(title)
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
    if not made.worksheets:
        made.create_sheet("Sheet1")
        notes.append("It has no sheet of cells.")
    return Rebuilt(saved(made), list(wanted.values()), list(dict.fromkeys(notes)))


def load(content: Content, context: Context, notes: Sequence[str] = ()) -> Book:
    """Load XLSX. Raises ``EvidenceError`` (``corrupt``, ``limit:expansion``)."""
    from openpyxl import load_workbook

    if content.head[:4] != b"PK\x03\x04":
        raise EvidenceError(State.CORRUPT, "It is no XLSX file that can be opened.")
    data = content.read()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            context.charge(sum(member.file_size for member in members.infolist()))
        halves = [
            load_workbook(io.BytesIO(data), data_only=only, keep_links=False, rich_text=False)
            for only in (True, False)
        ]
    except (EvidenceError, MemoryError):
        raise
    except Exception as error:  # openpyxl raises many kinds on broken files
        raise EvidenceError(State.CORRUPT, describe(error)) from error
    return Book(halves[0], halves[1], list(notes))


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


def shapes(cell: Any) -> Iterator[str]:
    """What stands in a cell: its value as text and, of a number or a date, also as it is shown."""
    from openpyxl.utils.datetime import to_excel

    value = cell.value
    yield _written(value)
    if isinstance(value, date | time | timedelta):
        value = to_excel(value)  # type: ignore[no-untyped-call]
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield numbers.show(float(value), str(cell.number_format or "General"))


def put_text(cell: Any, text: str) -> None:
    """Write text that stays text, even where it begins like a formula, cut as XLSX demands."""
    cell.value = _ILLEGAL.sub("", text)[:_LONGEST]
    cell.data_type = "s"


def _copy(cell: Any, target: Any, secrets: list[str], notes: list[str]) -> None:
    """The value and its number format; text stays text, even where it begins like a formula."""
    value = cell.value
    if isinstance(value, str):
        put_text(target, value)
        if value in _ERRORS and cell.data_type == "e":
            target.data_type = "e"
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


def saved(book: Any) -> bytes:
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
