"""OCR: tesseract's table, a page drawn here, scans by others, and what happens without it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from ediscovery.extract import ocr
from ediscovery.extract.contract import Budget, Context
from ediscovery.model.profile import Limits, Profile
from tests.extract.archive.opening import opened

HERE = pytest.mark.skipif(not ocr.available(), reason="left out: tesseract is not installed")


def drawn(*lines: str, size: tuple[int, int] = (1400, 900), form: str = "PNG") -> bytes:
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(48)
    for number, text in enumerate(lines):
        pen.text((80, 80 + 110 * number), text, fill=0, font=font)
    buffer = io.BytesIO()
    picture.save(buffer, form, dpi=(200, 200))
    return buffer.getvalue()


TABLE = "\n".join(
    [
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\t"
        "text",
        "1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t",
        "5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t90.0\tThe",
        "5\t1\t1\t1\t1\t2\t0\t0\t9\t9\t80.0\tcontract",
        "5\t1\t1\t1\t2\t1\t0\t0\t9\t9\t70.0\tends.",
        "5\t1\t2\t1\t1\t1\t0\t0\t9\t9\t-1\tNew",
        "5\t1\t2\t1\t1\t2\t0\t0\t9\t9\tnonsense\tblock",
        "broken\trow",
    ]
)


def test_the_table_becomes_lines_paragraphs_and_a_mean() -> None:
    found = ocr.read_table(TABLE)
    assert found.text == "The contract\nends.\n\nNew block"
    assert (found.confidence, found.words) == (80.0, 3)
    assert ocr.read_table("") == ocr.Recognised("", 0.0, 0)


@HERE
def test_a_picture_is_read_with_its_confidence() -> None:
    found = opened(drawn("Confidential settlement", "Amount due 1250 EUR"), "a.png", ocr=True)
    assert "Confidential settlement" in found.text
    assert "1250 EUR" in found.text
    assert found.root.ocr_confidence is not None
    assert 60 < found.root.ocr_confidence <= 100
    assert found.root.flags == ["ocr"]


@HERE
def test_a_pdf_is_read_page_by_page_only_where_it_must() -> None:
    import pymupdf

    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "typed words of the first page")
    scan = document.new_page()
    scan.insert_image(scan.rect, stream=drawn("Scanned words of the second", size=(1200, 1700)))
    found = opened(document.tobytes(), "a.pdf", ocr=True)
    first, second = found.text.split("\f")
    assert first == "typed words of the first page"
    assert "Scanned words of the second" in second
    assert found.root.metadata["ocr_pages"] == [2]
    assert found.root.flags == ["ocr"]
    assert found.root.ocr_confidence
    assert found.root.metadata["ocr_page_confidence"] == {"2": found.root.ocr_confidence}

    unread = opened(document.tobytes(), "a.pdf")
    assert unread.root.metadata["needs_ocr_pages"] == [2]
    assert unread.root.flags == ["needs_ocr"]
    assert unread.root.ocr_confidence is None


@HERE
def test_frames_of_a_tiff_are_pages() -> None:
    blank = Image.new("L", (400, 300), 255)
    frames: list[Image.Image] = [
        Image.open(io.BytesIO(drawn(f"Page number {n}"))) for n in ("one", "two")
    ]
    frames.insert(0, blank)
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], dpi=(200, 200))
    found = opened(buffer.getvalue(), "fax.tif", ocr=True)
    blank_page, first, second = found.text.split("\f")
    assert (blank_page, found.root.page_count) == ("", 3)
    assert "number one" in first
    assert "number two" in second
    assert list(found.root.metadata["ocr_page_confidence"]) == ["2", "3"]


def test_without_tesseract_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: False)
    found = opened(drawn("words"), "a.png", ocr=True)
    assert found.root.state == "warnings"
    assert found.root.message == "OCR was asked for and tesseract is not installed."
    assert "needs_ocr" in found.root.flags


@HERE
def test_a_page_that_takes_too_long_is_left_and_said(tmp_path: Path) -> None:
    limits = replace(Limits(), ocr_page_seconds=0.001)
    context = Context(Profile(ocr=True, limits=limits), tmp_path, Budget(1 << 20))
    with pytest.raises(ocr.OcrFailed, match="longer than"):
        ocr.recognise(drawn("words"), context, 200)
    found = opened(drawn("words"), "a.png", ocr=True, limits={"ocr_page_seconds": 0.001})
    assert found.root.state == "warnings"
    assert "longer than" in found.root.message


@HERE
def test_pages_are_left_out_in_time_to_finish() -> None:
    found = opened(drawn("words"), "a.png", ocr=True, limits={"wall_seconds": 0.0})
    assert "for want of time" in found.root.message
    assert "needs_ocr" in found.root.flags


@HERE
def test_languages_come_from_the_profile(tmp_path: Path) -> None:
    assert "eng" in ocr.languages()
    found = opened(drawn("words"), "a.png", ocr=True, ocr_languages="xxx")
    assert "no data for xxx" in found.root.message
    mixed = opened(drawn("some words here"), "a.png", ocr=True, ocr_languages="xxx+eng")
    assert "words" in mixed.text


@HERE
def test_scans_by_others(corpora: Path) -> None:
    data = next((corpora / "ocrmypdf").rglob("crom.png")).read_bytes()
    assert "Covfefe is a perfectly cromulent word." in opened(data, "crom.png", ocr=True).text
    data = next((corpora / "ocrmypdf").rglob("francais.pdf")).read_bytes()
    found = opened(data, "francais.pdf", ocr=True)
    assert "Portez ce vieux whisky" in found.text
