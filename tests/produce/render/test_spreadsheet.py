"""Workbooks redacted by cell are rebuilt, and nothing else of the original is in them."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from ediscovery.extract.contract import Content
from ediscovery.model.errors import EvidenceError, UsageError
from ediscovery.produce.render import spreadsheet, verify
from ediscovery.produce.render.redact import Term
from tests.produce.render.support import CANARY, context


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = f"About {CANARY}"
    sheet["A1"], sheet["A2"], sheet["A3"] = "Salary", 4711, datetime(2001, 5, 4)
    sheet["B1"] = f"of {CANARY}"
    sheet["B2"], sheet["B3"], sheet["C3"] = "=A2*2", "=B2+1", "=A1"
    sheet["A1"].comment = Comment(f"ask {CANARY}", CANARY)
    sheet["A2"].number_format = f'0 "{CANARY}"'
    sheet.oddHeader.center.text = CANARY
    sheet["D1"].hyperlink = f"http://{CANARY}.example"
    sheet["D1"] = "=cmd"
    sheet["D1"].data_type = "s"
    hidden = book.create_sheet("Back")
    hidden["A1"], hidden.sheet_state = f"back {CANARY}", "veryHidden"
    book.defined_names["Secret"] = DefinedName("Secret", attr_text=f'"{CANARY}"')
    book.properties.creator = book.properties.title = CANARY
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def loaded(tmp_path: Path) -> spreadsheet.Book:
    return spreadsheet.load(Content(workbook()), context(tmp_path))


def test_cells_are_found_and_nothing_is_left(tmp_path: Path) -> None:
    book = loaded(tmp_path)
    cells = spreadsheet.find_cells(
        book, context(tmp_path), [Term(CANARY, "privacy", "jd", label="GONE")]
    )
    about = f"About {CANARY}"  # A2 shows it by its number format
    assert [(one.sheet, one.cell) for one in cells] == [
        (about, "B1"),
        (about, "A2"),
        ("Back", "A1"),
    ]
    made = spreadsheet.redacted(book, context(tmp_path), cells)
    assert not verify.workbook_is_clean(made.data, [CANARY], "out.xlsx")
    assert verify.workbook_is_clean(workbook(), [CANARY], "in.xlsx")
    first, second = openpyxl.load_workbook(io.BytesIO(made.data)).worksheets
    assert (first["B1"].value, second["A1"].value) == ("GONE", "GONE")
    assert (first["A1"].value, first["A2"].value) == ("Salary", "GONE")
    assert first["A3"].value == datetime(2001, 5, 4)
    assert first["D1"].value == "=cmd" and first["D1"].data_type != "f"
    assert second.sheet_state == "visible"
    assert any("hidden" in note for note in made.notes)


def test_what_is_computed_from_a_redacted_cell_goes_too(tmp_path: Path) -> None:
    book = loaded(tmp_path)
    one = spreadsheet.CellRedaction(f"About {CANARY}", "A2", "privacy", "jd", covered="4711")
    made = spreadsheet.redacted(book, context(tmp_path), [one])
    assert [cell.cell for cell in made.cells] == ["A2", "B2", "B3"]
    sheet = openpyxl.load_workbook(io.BytesIO(made.data)).worksheets[0]
    assert [sheet[c].value for c in ("A2", "B2", "B3")] == ["REDACTED"] * 3


def test_same_bytes_twice_and_errors(tmp_path: Path) -> None:
    book = loaded(tmp_path)
    runs = [spreadsheet.redacted(book, context(tmp_path), []).data for _ in range(2)]
    assert runs[0] == runs[1]
    with pytest.raises(UsageError):
        spreadsheet.redacted(
            book, context(tmp_path), [spreadsheet.CellRedaction("None", "A1", "r", "a")]
        )
    for data in (b"junk", b"PK\x03\x04junk"):
        with pytest.raises(EvidenceError):
            spreadsheet.load(Content(data), context(tmp_path))
