"""That what the facts call hidden is hidden, as each format hides things."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import openpyxl
import pptx
import pymupdf
import xlrd


def data_of(sample: Any, name: str) -> bytes:
    item = next(i for i in sample.facts.items if i.name == name and not i.parent)
    return bytes((sample.root / item.folder / item.source).read_bytes())


def phrases(sample: Any, name: str, where: str) -> set[str]:
    ids = {i.id for i in sample.facts.items if i.name == name and not i.parent}
    found = {h["phrase"] for h in sample.facts.hidden if h["item"] in ids and h["where"] == where}
    assert found, (name, where)
    return found


def words_of(row: Any) -> set[str]:
    return {c.value for c in row if isinstance(c.value, str) and not c.value.startswith("=")}


def test_rows_sheets_and_comments(sample: Any) -> None:
    name = "Hub programme budget FY2024.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(data_of(sample, name)))
    rows: set[str] = set()
    sheets: set[str] = set()
    comments: set[str] = set()
    for sheet in book:
        for number, row in enumerate(sheet.iter_rows(), 1):
            comments |= {c.comment.text for c in row if c.comment}
            if sheet.sheet_state == "hidden":
                sheets |= words_of(row)
            elif sheet.row_dimensions[number].hidden:
                rows |= words_of(row)
    assert rows == phrases(sample, name, "hidden row")
    assert sheets == phrases(sample, name, "hidden sheet")
    assert comments == phrases(sample, name, "comment")
    formulas = [c.value for row in book["Summary"] for c in row if str(c.value).startswith("=")]
    assert len(formulas) == 9


def test_formulas_have_the_values_that_they_give(sample: Any) -> None:
    for name in ("Hub programme budget FY2024.xlsx", "Claim calculation.xlsx"):
        data = data_of(sample, name)
        formulas = openpyxl.load_workbook(io.BytesIO(data))
        values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        for sheet in formulas:
            shown = values[sheet.title]
            for cell in (c for row in sheet for c in row if str(c.value).startswith("=")):
                if found := re.fullmatch(r"=SUM\((\w\d+):(\w\d+)\)", cell.value):
                    area = [c.value or 0 for row in shown[f"{found[1]}:{found[2]}"] for c in row]
                    assert shown[cell.coordinate].value == sum(area), cell.coordinate
                elif found := re.fullmatch(r"=(\w\d)\*(\w\d)", cell.value):
                    product = shown[found[1]].value * shown[found[2]].value
                    assert shown[cell.coordinate].value == product


def test_rows_of_old_workbooks(sample: Any) -> None:
    name = "Hub prices 2019.xls"
    sheet = xlrd.open_workbook(file_contents=data_of(sample, name), formatting_info=True)[0]
    hidden = {r for r in range(sheet.nrows) if sheet.rowinfo_map[r].hidden}
    words = {v for r in hidden for v in sheet.row_values(r) if isinstance(v, str)}
    assert words == phrases(sample, name, "hidden row")


def test_open_document(sample: Any) -> None:
    def content(name: str) -> str:
        with zipfile.ZipFile(io.BytesIO(data_of(sample, name))) as archive:
            return archive.read("content.xml").decode()

    sheet = content("Schrottpreise.ods")
    collapsed = re.search(r'<table:table-row table:visibility="collapse">(.*?)</table:table-row>',
                          sheet)  # fmt: skip
    assert collapsed
    for phrase in phrases(sample, "Schrottpreise.ods", "hidden row"):
        assert phrase in collapsed[1]
    name = "Annex B Prüfvorschrift für Rotornaben.odt"
    text = content(name)
    for phrase in phrases(sample, name, "tracked deletion"):
        assert re.search(rf"<text:deletion>.*{re.escape(phrase)}.*</text:deletion>", text)


def test_word_documents(sample: Any) -> None:
    def part(name: str, path: str = "word/document.xml") -> str:
        with zipfile.ZipFile(io.BytesIO(data_of(sample, name))) as archive:
            return archive.read(path).decode()

    name = "SC-2024-117 supply agreement v2.docx"
    deleted = set(re.findall(r"<w:delText[^>]*>([^<]*)<", part(name)))
    assert deleted == phrases(sample, name, "tracked deletion")
    comments = set(re.findall(r"<w:t[^>]*>([^<]*)<", part(name, "word/comments.xml")))
    assert comments == phrases(sample, name, "comment")
    name = "Notice of breach 2024-08-19.docx"
    hidden = set(re.findall(r"<w:vanish/></w:rPr><w:t[^>]*>([^<]*)<", part(name)))
    assert hidden == phrases(sample, name, "hidden text")
    name = "Antwort Brennhof.rtf"
    vanished = re.findall(r"{\\v ([^}]*)}", data_of(sample, name).decode("ascii"))
    assert [re.sub(r"\\'fc", "ü", v) for v in vanished] == list(
        phrases(sample, name, "hidden text")
    )


def test_slides(sample: Any) -> None:
    name = "Board update June 2024.pptx"
    hidden: set[str] = set()
    notes: set[str] = set()
    for slide in pptx.Presentation(io.BytesIO(data_of(sample, name))).slides:
        if slide._element.get("show") == "0":
            hidden |= {p.text for s in slide.shapes for p in s.text_frame.paragraphs}
        if slide.has_notes_slide:
            notes.add(slide.notes_slide.notes_text_frame.text)
    assert hidden == phrases(sample, name, "hidden slide")
    assert notes == phrases(sample, name, "speaker notes")


def test_pdf(sample: Any) -> None:
    name = "UT certificate hub 0417.pdf"
    page = pymupdf.open(stream=data_of(sample, name))[0]
    spans = [s for b in page.get_text("dict")["blocks"] for x in b["lines"] for s in x["spans"]]
    white = {s["text"] for s in spans if s["color"] == 0xFFFFFF}
    assert white == phrases(sample, name, "white text")
    assert {a.info["content"] for a in page.annots()} == phrases(sample, name, "annotation")
    name = "SC-2024-117 signed.pdf"
    page = pymupdf.open(stream=data_of(sample, name))[1]
    drawn = {"".join(chr(c[0]) for c in t["chars"]) for t in page.get_texttrace() if t["type"] == 3}
    assert drawn == phrases(sample, name, "invisible text")
    name = "Supplier audit form.pdf"
    page = pymupdf.open(stream=data_of(sample, name))[0]
    assert {w.field_value for w in page.widgets()} == phrases(sample, name, "form field")
    assert pymupdf.open(stream=data_of(sample, "Exhibits.pdf")).embfile_count() == 2
