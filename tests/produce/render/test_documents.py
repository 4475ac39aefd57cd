"""What each kind of document becomes, hostile ones included."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from ediscovery.extract.contract import Content
from ediscovery.extract.types import HTML, MAIL, TEXT
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Profile
from ediscovery.produce.render import flow, libreoffice, raster
from ediscovery.produce.render.documents import open_pages
from ediscovery.produce.render.finish import finish
from ediscovery.produce.render.pages import Page, Rendering
from ediscovery.produce.render.slip_sheet import slip_sheet
from tests.produce.render.support import PDF, context, pages_of, pdf_with, said


def state(data: bytes, mime_type: str, tmp_path: Path) -> str:
    with pytest.raises(EvidenceError) as caught:
        list(pages_of(data, mime_type, tmp_path))
    assert caught.value.message
    return caught.value.state


def test_a_mail_has_its_header_and_body(tmp_path: Path) -> None:
    mail = (
        b"From: Ann <ann@a.example>\r\nTo: Bob <bob@b.example>\r\nCc: c@c.example\r\n"
        b"Bcc: d@d.example\r\nSubject: =?utf-8?B?0J/RgNC40LLQtdGC?=\r\n"
        b"Date: Fri, 04 May 2001 23:30:00 +0000\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nThe body\r\n"
        b'--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"'
        b"\r\n\r\nx\r\n--b--\r\n"
    )
    text = said(pages_of(mail, MAIL, tmp_path, Rendering(zone="America/New_York")))
    for part in (
        "From: Ann <ann@a.example>", "To: Bob", "Cc: c@c.example", "Bcc: d@d.example",
        "Subject: Привет", "05/04/2001 07:30:00 PM EDT", "Attachments: a.pdf", "The body",
    ):  # fmt: skip
        assert part in text


def html_mail(body: bytes) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (90, 60), "red").save(picture, "PNG")
    import base64

    return (
        b"From: a@a.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body + b"\r\n"
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <p@x>\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(picture.getvalue())
        + b"--b--\r\n"
    )


def test_inline_images_are_shown_and_nothing_is_fetched(tmp_path: Path) -> None:
    body = (
        b"<body onload='x()'><script>alert('scripted')</script><p>Text</p><img src='cid:p@x'>"
        b"<img src='http://h.example/t.png' alt='remote one'><iframe src='file:///etc/passwd'>"
        b"</iframe><img src='file:///etc/hostname'><form><input value='typed'></form>"
    )
    pages = pages_of(html_mail(body), MAIL, tmp_path)
    text = said(pages)
    assert "scripted" not in text
    assert "[typed]" in text and "[remote one]" in text
    assert any("fetched" in note for note in pages.notes)
    assert raster.is_coloured(pages.page(1), 0.001)


@pytest.mark.parametrize("beside", ["", "<td>beside</td>", "<td><p>beside</p></td>"])
def test_a_table_taller_than_a_page_is_cut_between_lines(beside: str, tmp_path: Path) -> None:
    rows = "".join(f"<p>row{number}</p>" for number in range(200))
    table = f"<p>before</p><table><tr><td>{rows}</td>{beside}</tr></table><p>after</p>"
    pages = pages_of(table.encode(), HTML, tmp_path)
    assert 3 < len(pages) < 20
    words = said(pages).replace("\f", " ").split()
    expected = ["before", *(f"row{number}" for number in range(200)), "after"]
    assert [word for word in words if word != "beside"] == expected
    assert words.count("beside") == bool(beside)


@pytest.mark.parametrize("size", [8, 9, 10, 11, 12, 13.68])
@pytest.mark.parametrize("tag", ["pre", "div style='white-space: pre-wrap'"])
def test_every_line_of_a_long_text_is_shown(tag: str, size: float, tmp_path: Path) -> None:
    """Lines of some heights end exactly where a page does."""
    lines = "\n".join(f"line{number}" for number in range(500))
    markup = f"<div style='font-size: {size}pt'><{tag}>{lines}</{tag.split()[0]}></div><p>END</p>"
    pages = pages_of(markup.encode(), HTML, tmp_path)
    words = said(pages).replace("\f", " ").split()
    assert words == [*(f"line{number}" for number in range(500)), "END"]


def test_a_long_mail_is_shown_to_its_end(tmp_path: Path) -> None:
    body = "".join(f"word{number} &nbsp; &#8221; <b>\r\n" for number in range(2000))
    mail = f"From: a@b.example\r\nSubject: long\r\n\r\n{body}".encode()
    pages = pages_of(mail, MAIL, tmp_path)
    assert len(pages) > 20
    words = said(pages).replace("\f", " ").split()
    assert words[-4:] == ["word1999", "&nbsp;", "&#8221;", "<b>"]
    assert [word for word in words if word.startswith("word")] == [
        f"word{number}" for number in range(2000)
    ]


def test_a_column_beyond_the_page_is_brought_onto_it(tmp_path: Path) -> None:
    inner = "<table width=400><tr><td width=400><table width=390><tr><td>wide</td></tr></table>"
    table = f"<table><tr><td width=400>{inner}</td></tr></table></td><td>FAR</td></tr></table>"
    pages = pages_of(table.encode(), HTML, tmp_path)
    assert "FAR" in said(pages)
    hidden = pages_of(b"<p>seen</p><p style='display:none'>secret</p>", HTML, tmp_path)
    assert said(hidden).split() == ["seen"]
    assert hidden.notes == ["6 of its 10 characters are hidden or beyond the page's edge."]


def test_all_that_mails_say_is_on_their_pages(corpora: Path, tmp_path: Path) -> None:
    files = sorted((corpora / "spamassassin").rglob("*.txt"))[::15]
    short = {}
    for file in files:
        for note in pages_of(file.read_bytes(), MAIL, tmp_path).notes:
            if "characters are hidden" in note:
                short[file.name] = note
    assert short == {}


def test_pages_with_the_same_words_are_all_shown(tmp_path: Path) -> None:
    lines = "<p>the same line</p>" * 400
    pages = pages_of(f"{lines}<p>END</p>".encode(), HTML, tmp_path)
    words = said(pages).replace("\f", " ").split()
    assert words == [*["the", "same", "line"] * 400, "END"]


def test_what_is_wider_than_the_page_is_made_smaller(tmp_path: Path) -> None:
    cells = b"".join(b"<td>column%d</td>" % number for number in range(20))
    pages = pages_of(b"<table><tr>" + cells + b"<td>END</td></tr></table>", HTML, tmp_path)
    assert "END" in said(pages)
    assert any("wider" in note for note in pages.notes)
    assert max(word.box[2] for word in pages.page(1).words()) <= 612 - 50


@pytest.mark.parametrize("text", ["Привет", "Καλημέρα", "你好世界", "こんにちは", "안녕하세요"])
def test_scripts_have_glyphs(text: str, tmp_path: Path) -> None:
    pages = pages_of(text.encode(), TEXT, tmp_path)
    assert said(pages) == text
    assert not pages.notes


@pytest.mark.parametrize("text", ["שלום", "مرحبا"])
def test_scripts_from_right_to_left_have_glyphs(text: str, tmp_path: Path) -> None:
    pages = pages_of(text.encode(), TEXT, tmp_path)
    assert not pages.notes
    assert len(said(pages)) == len(text)


def test_missing_glyphs_are_reported(tmp_path: Path) -> None:
    pages = pages_of("a \ue123 b".encode(), TEXT, tmp_path)
    assert any("U+E123" in note for note in pages.notes)


def test_long_text_is_whole(tmp_path: Path) -> None:
    lines = [f"line{number} with some words" for number in range(20_000)]
    pages = pages_of("\n".join(lines).encode(), TEXT, tmp_path)
    words = [word for word in said(pages).replace("\f", " ").split() if word.startswith("line")]
    assert words == [f"line{number}" for number in range(20_000)]


def test_a_tiff_has_a_page_a_frame_at_its_size(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    frames = [Image.new("1", (1700, 2200), 1) for _ in range(3)]
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], dpi=(200, 200))
    pages = pages_of(buffer.getvalue(), "image/tiff", tmp_path)
    assert [(page.width, page.height) for page in pages] == [(612, 792)] * 3


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_pictures(form: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (1500, 900), "navy").save(buffer, form)
    page = pages_of(buffer.getvalue(), f"image/{form.lower()}", tmp_path).page(1)
    assert (page.width, page.height) == (360, 216)
    assert raster.is_coloured(page, 0.5)


def test_image_bombs_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("1", (40_000, 40_000)).save(buffer, "PNG")
    assert state(buffer.getvalue(), "image/png", tmp_path) == "limit:pixels"


def test_files_that_can_not_be_shown(tmp_path: Path) -> None:
    locked = pymupdf.open(stream=pdf_with("x")).tobytes(
        encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="u", owner_pw="o"
    )
    assert state(locked, PDF, tmp_path) == "encrypted"
    assert state(b"%PDF-1.7 nothing", PDF, tmp_path) == "corrupt"
    assert state(b"junk", "image/png", tmp_path) == "corrupt"
    assert state(b"", TEXT, tmp_path) == "empty"
    assert state(b"PK", "application/zip", tmp_path) == "unsupported"
    opened = open_pages(Content(locked), PDF, context(tmp_path, passwords=("u",)), Rendering())
    assert said(opened) == "x"


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    limits = replace(Profile().limits, pages=2)
    small = context(tmp_path, Profile(limits=limits))
    for text in (b"a\fb\fc", b"<p style='page-break-before:always'>a</p>" * 4):
        with pytest.raises(EvidenceError, match="pages"):
            open_pages(Content(text), TEXT if text[:1] == b"a" else HTML, small, Rendering())


def test_a_huge_page_is_drawn_at_a_lower_resolution(tmp_path: Path) -> None:
    page = pages_of(pdf_with("big", width=9600, height=9600), PDF, tmp_path).page(1)
    made = finish(page, Rendering(max_pixels=4_000_000), context(tmp_path))
    assert made.raster.width * made.raster.height <= 4_000_000
    assert made.raster.dpi < 300 and any("dpi" in note for note in made.notes)
    huge = Page(1, 1e6, 1e6, page.display)
    with pytest.raises(EvidenceError, match="inches"):
        raster.resolution(huge, Rendering(max_pixels=10_000))


def test_rotation_and_crop_box_are_heeded(tmp_path: Path) -> None:
    page = pages_of(pdf_with("turned", rotation=90), PDF, tmp_path).page(1)
    assert (page.width, page.height) == (792, 612)
    box = page.words()[0].box
    assert box[0] > 600 and box[3] - box[1] > box[2] - box[0]
    document = pymupdf.open(stream=pdf_with("cut", "kept"))
    document[0].set_cropbox(pymupdf.Rect(0, 110, 612, 300))
    page = pages_of(document.tobytes(), PDF, tmp_path).page(1)
    assert page.height == 190
    assert [word.text for word in page.words()] == ["kept"]


def test_hidden_layers_are_reported(tmp_path: Path) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 72), "secretly", oc=document.add_ocg("Draft", on=False))
    pages = pages_of(document.tobytes(), PDF, tmp_path)
    assert said(pages) == ""
    assert any("Draft" in note for note in pages.notes)


def test_slip_sheet(tmp_path: Path) -> None:
    page = slip_sheet(["Document withheld", "Produced as native"], Rendering(), context(tmp_path))
    assert [word.text for word in page.words()][:2] == ["Document", "withheld"]
    assert not page.notes


needs_office = pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is missing")


@needs_office
def test_hidden_sheets_are_shown(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active["A1"] = "plainly"
    sheet = book.create_sheet("H")
    sheet["A1"], sheet.sheet_state = "hiddenly", "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert "hiddenly" in said(pages_of(buffer.getvalue(), kind, tmp_path))
    bare = Rendering(shown=frozenset())
    assert "hiddenly" not in said(pages_of(buffer.getvalue(), kind, tmp_path, bare))


@needs_office
def test_comments_stand_on_pages_of_their_own(tmp_path: Path) -> None:
    import docx

    document = docx.Document()
    paragraph = document.add_paragraph("the text")
    document.add_comment(paragraph.runs, text="the remark", author="A", initials="A")
    buffer = io.BytesIO()
    document.save(buffer)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert "the remark" in said(pages_of(buffer.getvalue(), kind, tmp_path))
    bare = Rendering(shown=frozenset())
    assert "the remark" not in said(pages_of(buffer.getvalue(), kind, tmp_path, bare))


@needs_office
def test_a_slow_office_file_is_ended(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        pages_of(b"{\\rtf1 x}", "application/rtf", tmp_path, Rendering(office_seconds=0.05))
    assert caught.value.state == "timeout"


def test_undrawable_leaves_out_what_is_invisible() -> None:
    assert flow.undrawable("a\u200b\u00ad\n\ue000") == ["\ue000"]


def test_pages_that_are_there_do_not_go_because_others_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text that is hidden has other layouts tried; one that fails costs nothing."""
    real, calls = flow._laid, []

    def failing(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) > 1:
            raise EvidenceError("limit:pages", "It has more pages.")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(flow, "_laid", failing)
    pages = pages_of(b"<p>seen</p><p style='display:none'>secret</p>", HTML, tmp_path)
    assert said(pages).split() == ["seen"] and len(calls) > 2
