"""A redacted spreadsheet as it goes out: rebuilt from its values, read anew, and looked through.

Cells are redacted as they are named, words and patterns in every cell that holds a hit. What is not
XLSX (CSV, XLS, ODS, XLSB) is made XLSX first, and a note says so.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ediscovery.extract import registry
from ediscovery.extract.charset import decode
from ediscovery.extract.contract import Content, Context
from ediscovery.extract.office.clear import in_clear
from ediscovery.extract.types import XLSX
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render import libreoffice, spreadsheet
from ediscovery.produce.render.pages import Rendering
from ediscovery.produce.render.redact import Term
from ediscovery.produce.render.spreadsheet import Book, CellRedaction
from ediscovery.produce.render.verify import text_is_clean, workbook_is_clean

_PARTED = {"text/csv": ",;\t|", "text/tab-separated-values": "\t"}
_TELLING = 4  # letters or digits that the value of a named cell needs to be looked for elsewhere
_AREA = re.compile(r"(?:'((?:[^']|'')+)'|(\w+))!([A-Z]+\d+:[A-Z]+\d+)")


@dataclass(slots=True)
class RebuiltFile:
    """``data``: the new XLSX file. ``text``: what can be read in it. ``hits``: of each mark the
    cells that it covers. ``secrets``: covered texts that must be nowhere. ``notes``: what is not as
    it was. ``wrong``: what of a redaction can still be read, one sentence each."""

    data: bytes
    text: str
    hits: list[int]
    secrets: list[str]
    notes: list[str]
    wrong: list[str] = field(default_factory=list)


def rebuild(
    content: Content,
    mime_type: str,
    context: Context,
    rendering: Rendering,
    marks: Sequence[Mapping[str, Any]],
) -> RebuiltFile:
    """A spreadsheet of type ``mime_type`` with ``marks`` carried out.

    A mark has ``kind`` (cells, term, regex), ``term`` (cells as ``'My sheet'!B2:C9``), ``terms``
    (pattern, whether it is a regular expression), ``reason``, ``author``, ``label``. Raises
    ``EvidenceError``: ``encrypted``, ``corrupt``, ``limit:cells``, and ``unsupported`` where
    LibreOffice is needed and not installed.
    """
    book = _as_xlsx(in_clear(content, context), mime_type, context, rendering)
    found: dict[tuple[str, str], CellRedaction] = {}
    covered: set[str] = set()
    hits = []
    for mark in marks:
        cells = _cells(book, context, mark, covered)
        hits.append(sum(bool(full) for _, full in cells))
        for one, _ in cells:
            found.setdefault((one.sheet, one.cell), one)
    made = spreadsheet.redacted(book, context, list(found.values()))
    text = registry.extractor(XLSX)(Content(made.data), context).text
    secrets = sorted(one for one in covered if not text_is_clean(text, [one], ""))
    wrong = [f"{w.where}: {w.message}" for w in workbook_is_clean(made.data, secrets, "the file")]
    wrong += _still_said(text, marks)
    return RebuiltFile(made.data, text, hits, secrets, made.notes, wrong)


def _as_xlsx(content: Content, mime_type: str, context: Context, rendering: Rendering) -> Book:
    if mime_type in _PARTED:
        data = _from_text(content, context, _PARTED[mime_type])
        return spreadsheet.load(Content(data), context, ["It was text and is rebuilt as XLSX."])
    if _is_openxml(content):
        return spreadsheet.load(content, context)
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="rebuild-") as name:
        source = Path(name) / "source"
        source.write_bytes(content.read())
        data = libreoffice.converted(source, "xlsx", Path(name), rendering.office_seconds)
    return spreadsheet.load(Content(data), context, ["It was no XLSX and is rebuilt as XLSX."])


def _is_openxml(content: Content) -> bool:
    try:
        with zipfile.ZipFile(content.open()) as book:
            return any(name.lower() == "xl/workbook.xml" for name in book.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def _from_text(content: Content, context: Context, delimiters: str) -> bytes:
    """Lines of values as a workbook of one sheet, ``Sheet1``; every value stays text."""
    from openpyxl import Workbook

    text = decode(content.read(), "").text
    try:
        form = csv.Sniffer().sniff(text[:65_536], delimiters)
    except csv.Error:
        form = csv.excel_tab if delimiters == "\t" else csv.excel
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Sheet1"
    left = context.profile.limits.cells
    csv.field_size_limit(context.profile.limits.text_bytes)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), form), 1):
            left -= len(row)
            if left < 0:
                raise EvidenceError(f"{State.LIMIT}:cells", "It has too many cells.")
            for column, value in enumerate(row, 1):
                cell = sheet.cell(number, column)
                spreadsheet.put_text(cell, value)
    except (csv.Error, ValueError) as error:
        raise EvidenceError(State.CORRUPT, f"Its rows can't be read: {error}") from error
    return spreadsheet.saved(book)


def _cells(
    book: Book, context: Context, mark: Mapping[str, Any], covered: set[str]
) -> list[tuple[CellRedaction, bool]]:
    """The cells of a mark, each with whether anything stands in it; adds what that is to
    ``covered``."""
    reason, author, label = mark["reason"], mark["author"], mark["label"]
    if mark["kind"] != "cells":
        terms = [Term(text, reason, author, label, regex) for text, regex in mark["terms"]]
        found = spreadsheet.find_cells(book, context, terms)
        covered.update(one.covered for one in found)
        return [(one, True) for one in found]
    area = _AREA.fullmatch(mark["term"])
    if area is None:
        return []
    name = (area[1] or "").replace("''", "'") or area[2]
    named = []
    for cell, texts in spreadsheet.cells_of(book, context, name, area[3]):
        telling = [text for text in texts if sum(map(str.isalnum, text)) >= _TELLING]
        covered.update(telling)
        one = CellRedaction(
            cell.parent.title, cell.coordinate, reason, author, label, next(iter(telling), "")
        )
        named.append((one, any(text.strip() for text in texts)))
    return named


def _still_said(text: str, marks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What words and patterns still find in ``text``, labels left out: a hit that spans cells."""
    for label in {mark["label"] for mark in marks}:
        text = text.replace(label, "")
    for mark in marks:
        for words, regex in mark["terms"]:
            if Term(words, "", "", "", regex).compiled().search(text):
                yield "the text of the rebuilt file: It holds a redacted text."
                return
