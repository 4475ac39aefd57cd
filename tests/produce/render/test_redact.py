"""Redactions: found, burnt in, and gone from everything that is written."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pymupdf
import pytest

from ediscovery.extract import ocr
from ediscovery.model.errors import UsageError
from ediscovery.produce.render import finish as finishing
from ediscovery.produce.render import image_files, pdf_file, redact, verify
from ediscovery.produce.render.endorse import Endorsement
from ediscovery.produce.render.finish import Finished, finish
from ediscovery.produce.render.pages import Rendering
from ediscovery.produce.render.redact import Redaction, Term
from tests.produce.render.support import CANARY, PDF, canary_pdf, context, pages_of, pdf_with

needs_ocr = pytest.mark.skipif(not ocr.available(), reason="tesseract is missing")
SOURCES = [pytest.param(True, marks=needs_ocr), False]


def term(pattern: str, **more: object) -> Term:
    return Term(pattern, "privacy", "jd", **more)  # type: ignore[arg-type]


def made(
    data: bytes, terms: list[Term], tmp_path: Path, with_ocr: bool = False, label: str = ""
) -> list[Finished]:
    pages = pages_of(data, PDF, tmp_path)
    found = [one for page in pages for one in redact.find(page, terms)]
    return [finish(page, Rendering(), context(tmp_path), (), found, with_ocr) for page in pages]


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("account 4711", ["Account 4711"]), ("ACCOUNT", ["Account"]), ("count", []),
        ("Smith", ["Smith"]), ("confidential matter", ["confidential matter"]),
    ],
)  # fmt: skip
def test_terms_are_found_in_any_case_and_over_lines(
    pattern: str, covered: list[str], tmp_path: Path
) -> None:
    page = pages_of(
        pdf_with("Account 4711 of Smith", "is a confi-", "dential matter"), PDF, tmp_path
    ).page(1)
    found = redact.find(page, [term(pattern)])
    assert list(dict.fromkeys(one.covered for one in found)) == covered
    if covered:
        assert redact.covered(page, [found[0].box])[0].casefold() in covered[0].casefold()


def test_regular_expressions(tmp_path: Path) -> None:
    page = pages_of(pdf_with("SSN 078-05-1120 and 219-09-9999"), PDF, tmp_path).page(1)
    found = redact.find(page, [term(r"\d{3}-\d\d-\d{4}", regex=True)])
    assert [one.covered for one in found] == ["078-05-1120", "219-09-9999"]
    for bad in ("(", "a*"):
        with pytest.raises(UsageError):
            redact.find(page, [term(bad, regex=True)])


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("with_ocr", SOURCES)
def test_a_redacted_word_is_gone(rotation: int, with_ocr: bool, tmp_path: Path) -> None:
    data = pdf_with("Public words before", f"the {CANARY} is here", rotation=rotation)
    pages = made(data, [term(CANARY)], tmp_path, with_ocr)
    page = pages[0]
    assert len(page.areas) == 1
    assert verify.secrets_of(pages) == [CANARY]
    assert CANARY.lower() not in page.text.lower()
    if not with_ocr:
        assert page.text.split() == ["Public", "words", "before", "the", "is", "here"]
    assert not verify.raster_is_burnt(page, context(tmp_path))
    out = pdf_file.pdf(pages)
    assert not verify.pdf_is_clean(out, [CANARY], "out.pdf")
    assert not verify.text_keeps_off(out, pages, "out.pdf")


def test_boxes_cover_words_of_which_they_touch_a_part(tmp_path: Path) -> None:
    page = pages_of(pdf_with("alpha beta gamma"), PDF, tmp_path).page(1)
    x0, y0, x1, y1 = page.words()[1].box
    half = Redaction(1, (x0 + 5, y0, (x0 + x1) / 2, y1), "r", "a")
    result = finish(page, Rendering(), context(tmp_path), (), [half], False)
    assert result.text == "alpha gamma"
    assert result.source == finishing.OUTSIDE


def test_label_and_what_verification_finds(tmp_path: Path) -> None:
    data = pdf_with("a long enough secret phrase to hold a label")
    labelled = [Term("long enough secret phrase", "p", "a", label="PRIVACY")]
    page = made(data, labelled, tmp_path)[0]
    left, top, right, bottom = page.areas[0]
    bits = np.unpackbits(page.raster.pixels, axis=1)[top:bottom, left:right]
    assert 0 < (bits == 0).sum() < bits.size / 2
    assert not verify.raster_is_burnt(page, context(tmp_path))
    spoiled = page.raster.pixels.copy()
    spoiled[top + 1, left // 8 : right // 8] = 0
    page.raster = type(page.raster)(page.raster.width, page.raster.height, 300, False, spoiled)
    assert verify.raster_is_burnt(page)


def test_verification_finds_what_was_left(tmp_path: Path) -> None:
    data = canary_pdf()
    found = " ".join(one.message + one.where for one in verify.pdf_is_clean(data, [CANARY], "f"))
    for word in ("redacted text", "revision", "annotations", "attachments", "bookmarks", "layers"):
        assert word in found
    assert verify.text_is_clean("zanzi\nbar  QUUX", ["Zanzi bar quux"], "t")
    assert verify.text_is_clean(f"{CANARY}.pdf", [CANARY], "name")
    pages = made(pdf_with(f"the {CANARY}"), [term(CANARY)], tmp_path)
    honest = finish(
        pages_of(pdf_with(f"the {CANARY}"), PDF, tmp_path).page(1), Rendering(), context(tmp_path)
    )
    assert verify.text_keeps_off(pdf_file.pdf([honest]), pages, "f")


@pytest.mark.parametrize("hidden", [b"hex", b"utf16", b"objstm"])
def test_verification_reads_strings_in_every_form(hidden: bytes) -> None:
    document = pymupdf.open()
    document.new_page()
    xref = document.get_new_xref()
    form = {
        b"hex": f"<</K<{CANARY.encode().hex()}>>>",
        b"utf16": f"<</K<FEFF{CANARY.encode('utf-16-be').hex().upper()}>>>",
        b"objstm": f"<</K({CANARY})>>",
    }[hidden]
    document.update_object(xref, form)
    document.xref_set_key(document.pdf_catalog(), "X", f"{xref} 0 R")
    data = document.tobytes(use_objstms=hidden == b"objstm", deflate=True)
    assert hidden != b"objstm" or CANARY.encode() not in data
    assert verify.pdf_is_clean(data, [CANARY], "f")


@pytest.mark.parametrize("with_ocr", SOURCES)
def test_case_61_no_byte_of_a_canary_survives(with_ocr: bool, tmp_path: Path) -> None:
    data = canary_pdf()
    pages = pages_of(data, PDF, tmp_path)
    page = pages.page(1)
    boxes = redact.find(page, [term(CANARY)])
    assert boxes
    result = finish(
        page, Rendering(), context(tmp_path), [Endorsement("foot-right", "A-1")], boxes, with_ocr
    )
    assert "everybody" in result.text
    out = pdf_file.pdf([result])
    files = {
        "out.pdf": out,
        "out.txt": result.text.encode(),
        "out.tif": image_files.tiff(result.raster)
        if not result.raster.colour
        else image_files.jpeg(result.raster, 85),
    }
    assert not verify.pdf_is_clean(out, [CANARY], "out.pdf")
    for name, content in files.items():
        low = content.lower()
        for form in (CANARY.encode(), CANARY.encode("utf-16-be"), CANARY.encode().hex().encode()):
            assert form.lower() not in low, name
    for _, piece in verify.pdf_pieces(out):
        assert CANARY.lower().encode() not in piece
    if ocr.available():
        grey = pymupdf.open(stream=out)[0].get_pixmap(dpi=200).tobytes("png")
        read = ocr.recognise(grey, context(tmp_path), 200).text
        assert CANARY.lower() not in read.lower()
        assert "everybody" in read and "A-1" in read


def test_same_bytes_twice(tmp_path: Path) -> None:
    data = canary_pdf()
    runs = []
    for _ in range(2):
        page = pages_of(data, PDF, tmp_path).page(1)
        boxes = redact.find(page, [term(CANARY, label="P")])
        result = finish(
            page, Rendering(), context(tmp_path), [Endorsement("foot-left", "A-1")], boxes, False
        )
        runs.append((pdf_file.pdf([result]), result.raster.pixels.tobytes(), result.text))
    assert runs[0] == runs[1]


def test_xray_finds_nothing_in_ours_and_its_own_samples(corpora: Path, tmp_path: Path) -> None:
    """x-ray asks for one old PyMuPDF, so it runs in an environment of its own."""
    interpreter = os.environ.get("EDISCOVERY_XRAY")
    if not interpreter:
        pytest.skip("x-ray is missing: set EDISCOVERY_XRAY to the Python of an environment with it")

    def inspect(path: Path) -> object:
        done = subprocess.run(
            [interpreter, "-m", "xray", str(path)], capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    samples = sorted((corpora / "x-ray").rglob("rectangles_yes*.pdf"))
    assert samples
    for path in samples:
        assert inspect(path), path
        pages = pages_of(path.read_bytes(), PDF, tmp_path)
        boxes = [
            Redaction(page.number, word.box, "r", "a", covered=word.text)
            for page in pages
            for word in page.words()[::4]
        ]
        assert boxes
        made = [finish(page, Rendering(), context(tmp_path), (), boxes, False) for page in pages]
        ours = tmp_path / "ours.pdf"
        ours.write_bytes(pdf_file.pdf(made))
        assert inspect(ours) == {}


def test_ocr_words_can_be_searched(tmp_path: Path) -> None:
    if not ocr.available():
        pytest.skip("tesseract is missing")
    document = pymupdf.open(stream=pdf_with("Find Waldo Smith here"))
    picture = document[0].get_pixmap(dpi=200)
    scan = pymupdf.open()
    scan.new_page().insert_image(pymupdf.Rect(0, 0, 612, 792), pixmap=picture)
    page = pages_of(scan.tobytes(), PDF, tmp_path).page(1)
    assert redact.find(page, [term("Waldo")]) == []
    from ediscovery.produce.render import raster

    words = finishing.read(raster.draw(page, 300, False), context(tmp_path))
    found = redact.find_words(1, words, [term("waldo smith")])
    assert [one.covered for one in found] == ["Waldo Smith"]
    assert 90 < found[0].box[0] < 110


def test_text_layer_of_all_scripts(tmp_path: Path) -> None:
    text = "Привет 你好世界 (paren) back\\slash é 😀\nשלום"
    from ediscovery.produce.render import flow

    page = flow.lay([flow.as_text(text)], Rendering(), context(tmp_path), text).page(1)
    out = pdf_file.pdf([finish(page, Rendering(), context(tmp_path))])
    with pymupdf.open(stream=out) as document:
        assert not document.is_repaired
        read = document[0].get_text().split()
    assert sorted(read) == sorted(text.split())


def test_pdf_carries_nothing_but_pages(tmp_path: Path) -> None:
    page = pages_of(canary_pdf(), PDF, tmp_path).page(1)
    out = pdf_file.pdf([finish(page, Rendering(), context(tmp_path))] * 3)
    with pymupdf.open(stream=io.BytesIO(out)) as document:
        assert document.page_count == 3
        assert not any(v for k, v in document.metadata.items() if k != "format")
        assert not document.get_xml_metadata() and not document.embfile_count()
        assert not document.get_toc() and not document.get_ocgs()


def test_boxes_that_overlap_share_a_label_and_hold(tmp_path: Path) -> None:
    page = pages_of(pdf_with("An account of many words"), PDF, tmp_path).page(1)
    boxes = [(60.0, 80.0, 260.0, 110.0), (100.0, 90.0, 300.0, 130.0), (60.0, 85.0, 300.0, 125.0)]
    marks = [Redaction(1, box, "privacy", "a", label="Redacted: privacy") for box in boxes]
    result = finish(page, Rendering(), context(tmp_path), (), marks, False)
    assert verify.raster_is_burnt(result) == []
    left, top, _, _ = result.areas[1]
    result.raster.pixels[top + 30, left // 8 + 30] = 0  # white dots within all three boxes
    assert verify.raster_is_burnt(result) == [], "as a label's are"
    result.raster.pixels[result.areas[0][1], left // 8] = 0
    assert verify.raster_is_burnt(result), "but not at an edge that no other box covers"
