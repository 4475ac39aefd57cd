"""Tables for people: the same rows as CSV (RFC 4180, UTF-8 with a byte order mark), XLSX or PDF."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.files import whole_file

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST = 32_767  # characters of a cell in XLSX
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(
    path: Path, heads: Sequence[str], rows: Iterable[Sequence[object]], title: str = ""
) -> None:
    """Write a table as ``path`` says by its ending; ``title`` stands on each page of a PDF.

    Text from evidence never becomes a formula: in CSV an apostrophe stands before it. Raises
    :class:`UsageError` for another ending.
    """
    writers: dict[str, Callable[..., bytes]] = {
        ".csv": _csv,
        ".xlsx": _xlsx,
        ".pdf": partial(_pdf, title),
    }
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"{path} is neither CSV nor XLSX nor PDF.", "Name a file that ends so.")
    data = writer(heads, rows)
    with whole_file(path) as file:
        file.write(data)


def _pdf(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    from ediscovery.produce.sheets_pdf import pdf

    return pdf(title, heads, list(rows))


def _csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
    return text.getvalue().encode("utf-8-sig", "replace")


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _xlsx(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Log")
    sheet.freeze_panes = "A2"

    def cell(value: object, bold: bool = False) -> Any:
        made = WriteOnlyCell(sheet)
        if isinstance(value, int) and not isinstance(value, bool):
            made.value = value
        else:
            text = "" if value is None else _ILLEGAL.sub(" ", str(value))
            made.value = text[:_LONGEST]
            made.data_type = "s"  # else what begins with "=" is a formula
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(head, True) for head in heads])
    for row in rows:
        sheet.append([cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
