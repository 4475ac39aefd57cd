"""A thousand documents with a canary in every hiding place: none of its bytes goes out."""

from __future__ import annotations

import io
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from ediscovery.extract import ocr
from ediscovery.model.errors import Refused
from ediscovery.produce.render import libreoffice
from ediscovery.review import redactions
from ediscovery.store.workspace import Matter
from tests.engine.matters import mail, new
from tests.produce.making import (
    OUTSIDE,
    code,
    every,
    every_byte,
    failing,
    filled,
    ledger_of,
    lines,
    named,
    pdf,
    produce,
    rows,
    specification,
)
from tests.produce.render.support import context

COUNT = 1_000
STEM = "Zanzibarquux"
# Fields of the load file that would repeat it.
SPEAKING = [
    "Subject", "Title", "Author", "LastAuthor", "FileName", "FilePath", "IntFilePath",
    "DupFilePath",
]  # fmt: skip


# -- PDF: what each place adds to a page that says the canary once for all to see ------------------


def _invisible(document: Any, page: Any) -> None:
    page.insert_text((20, 90), f"unseen {STEM}", render_mode=3)
    page.insert_text((20, 900), f"outside {STEM}")
    page.insert_text((20, 100), f"white {STEM}", color=(1, 1, 1))


def _annotation(document: Any, page: Any) -> None:
    note = page.add_text_annot((150, 20), f"note {STEM}")
    note.set_info(title=STEM, subject=STEM)
    note.update()


def _form(document: Any, page: Any) -> None:
    field = pymupdf.Widget()
    field.field_name, field.field_type = STEM, pymupdf.PDF_WIDGET_TYPE_TEXT
    field.rect, field.field_value = pymupdf.Rect(20, 60, 180, 80), STEM
    page.add_widget(field)


def _bookmark(document: Any, page: Any) -> None:
    document.set_toc([[1, f"chapter {STEM}", 1]])


def _metadata(document: Any, page: Any) -> None:
    document.set_metadata({"title": STEM, "author": STEM, "keywords": STEM})
    document.set_xml_metadata(f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{STEM}</x:xmpmeta>")


def _attachment(document: Any, page: Any) -> None:
    document.embfile_add(f"{STEM}.txt", f"attached {STEM}0000".encode(), desc=STEM)


def _script(document: Any, page: Any) -> None:
    act = f"<</S/JavaScript/JS(app.alert\\('{STEM}'\\))>>"
    document.xref_set_key(document.pdf_catalog(), "OpenAction", act)


def _thumbnail(document: Any, page: Any) -> None:
    thumb = document.get_new_xref()
    document.update_object(
        thumb,
        "<</Type/XObject/Subtype/Image/Width 4/Height 3/ColorSpace/DeviceGray/BitsPerComponent 8>>",
    )
    document.update_stream(thumb, STEM.encode())
    document.xref_set_key(page.xref, "Thumb", f"{thumb} 0 R")


def _alternative(document: Any, page: Any) -> None:
    extra = document.get_new_xref()
    document.update_object(extra, "<<>>")
    drawn = "BT /helv 11 Tf 20 30 Td (plain) Tj ET"
    said = f"/Span<</ActualText({STEM})/Alt({STEM})>>BDC {drawn} EMC"
    document.update_stream(extra, said.encode())
    contents = document.xref_get_key(page.xref, "Contents")[1].strip("[]")
    document.xref_set_key(page.xref, "Contents", f"[{contents} {extra} 0 R]")
    key = f"<</Private<{STEM.encode('utf-16').hex()}>>>"
    document.xref_set_key(page.xref, "PieceInfo", f"<</X{key}>>")


def _layer(document: Any, page: Any) -> None:
    layer = document.add_ocg(f"layer {STEM}", on=False)
    page.insert_text((20, 90), f"layered {STEM}", oc=layer)


def _revision(document: Any, page: Any) -> None:
    """The next revision covers this one's text: see :func:`_pdf`."""
    page.insert_text((20, 90), f"before {STEM}")


PLACES: dict[str, Callable[[Any, Any], None]] = {
    "text layer": _invisible, "annotation": _annotation, "form value": _form,
    "bookmark": _bookmark, "metadata": _metadata, "attachment": _attachment, "script": _script,
    "thumbnail": _thumbnail, "alternative text": _alternative, "layer": _layer,
    "revision": _revision,
}  # fmt: skip


def _pdf(place: str, scratch: Path) -> bytes:
    """A page with the canary ``<STEM>0000`` to be seen, and hidden in ``place``."""
    document = pymupdf.open("pdf", pdf(f"Account {STEM}0000 follows"))
    page = document[0]
    page.insert_text((20, 70), "For all to read", fontsize=11)
    PLACES[place](document, page)
    if place != "revision":
        return bytes(document.tobytes(no_new_id=True))
    path = scratch / "revised.pdf"
    document.save(path)
    with pymupdf.open(path) as revised:
        contents = revised[0].get_contents()[-1]
        revised.update_stream(contents, b"q Q", compress=False)
        revised.saveIncr()
    assert path.read_bytes().count(b"%%EOF") > 1
    return path.read_bytes()


# -- everything else -------------------------------------------------------------------------------


def _picture() -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = f"seen {STEM}"
    made = io.BytesIO()
    Image.new("RGB", (300, 200), (250, 250, 250)).save(
        made, "JPEG", exif=exif, comment=STEM.encode(), dpi=(300, 300)
    )
    return made.getvalue()


def _page(n: int) -> bytes:
    return (
        f"<html><head><title>{STEM}</title><meta name=author content={STEM}></head><body>"
        f"<!-- {STEM} --><p>Account {STEM}{n:04} follows</p><img src=x.png alt={STEM}>"
        f"<p style='display:none'>{STEM}</p></body></html>"
    ).encode()


def _office() -> dict[str, bytes]:
    """A hidden sheet with a comment; a text with a comment and tracked changes."""
    import docx
    import openpyxl
    from openpyxl.comments import Comment

    book = openpyxl.Workbook()
    book.active["A1"] = f"Account {STEM}9001 follows"
    book.active["A1"].comment = Comment(f"remark {STEM}", STEM)
    sheet = book.create_sheet(f"S{STEM}")
    sheet["A1"], sheet.sheet_state = f"hidden {STEM}", "hidden"
    book.properties.creator = STEM
    spread, text = io.BytesIO(), io.BytesIO()
    book.save(spread)
    document = docx.Document()
    paragraph = document.add_paragraph(f"Account {STEM}9002 follows")
    document.add_comment(paragraph.runs, text=f"remark {STEM}", author=STEM, initials="Z")
    document.core_properties.author = STEM
    mark = f'<w:del xmlns:w="{paragraph._p.nsmap["w"]}" w:id="7" w:author="{STEM}">'
    mark += f"<w:r><w:delText>deleted {STEM}</w:delText></w:r></w:del>"
    paragraph._p.append(docx.oxml.parse_xml(mark))
    document.save(text)
    return {"hidden.xlsx": spread.getvalue(), "tracked.docx": text.getvalue()}


def _files(scratch: Path) -> dict[str, bytes]:
    """A thousand files, each another; every fourth carries the canary in its name."""
    made = dict(_office()) if libreoffice.program() else {}
    templates = [_pdf(place, scratch) for place in PLACES]
    picture = _picture()
    for n in range(len(made), COUNT):
        stem, account = (STEM if n % 4 == 0 else "file"), f"{STEM}{n:04}"
        kind = n % 20
        if kind < 15:  # small pages
            data, ending = templates[n % len(templates)], "pdf"
            data = data.replace(f"{STEM}0000".encode(), account.encode())
            data = data.replace(
                f"{STEM}0000".encode().hex().encode(), account.encode().hex().encode()
            )
            data += b"%% %d\n" % n
        elif kind == 15:
            attached = {f"{STEM}{n}.txt": f"attached {account}".encode()} if n % 40 == 15 else {}
            data, ending = mail(n, f"Account {account} follows", attached), "eml"
            data = data.replace(b"Subject: ", f"Subject: {account} ".encode())
        elif kind == 16:  # its parent is privileged
            data = mail(n, f"Privileged {account}", {f"plain{n}.txt": b"Plain %d" % n})
            stem, ending = "privileged", "eml"
        elif kind == 17:
            data, ending = picture + b"%d" % n, "jpg"
        elif kind == 18:
            data, ending = _page(n), "html"
        else:
            data, ending = f"Account {account} follows\n".encode(), "txt"
        made[f"{stem}{n:04}.{ending}"] = data
    return made


@pytest.fixture(scope="module")
def matter(tmp_path_factory: pytest.TempPathFactory) -> Matter:
    """All of them in a matter, coded and redacted; made without OCR, as where there is none."""
    place = tmp_path_factory.mktemp("canaries")
    found = filled(new(place / "home"), place / "evidence", _files(place))
    names = named(found)
    held, plain = (
        [number for name, number in names.items() if name.startswith(start)]
        for start in ("privileged", "plain")
    )
    pictures = [number for name, number in names.items() if name.endswith(".jpg")]
    code(found, held, "privilege=privileged")
    covered = sorted(set(every(found)) - {*held, *plain})
    code(found, covered, "privilege=redact")
    words = sorted(set(covered) - set(pictures))
    redactions.add(found, words, [redactions.regex(rf"{STEM}\w*")], "privacy")
    redactions.add(found, pictures, [redactions.box("1:5,5,40,30")], "privacy")
    return found


@pytest.fixture(scope="module")
def produced(matter: Matter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two volumes: PDF as PDF, all else as TIFF; office files, which LibreOffice shows, apart.

    Without tesseract, which would read every page for a second, but for the office files.
    """
    place = tmp_path_factory.mktemp("out")
    changes = {"treatments": {"pdf": {"images": "pdf"}}, **OUTSIDE}
    speaking = [*specification().redacted_fields, *SPEAKING]
    names = named(matter)
    office = [names[name] for name in ("hidden.xlsx", "tracked.docx") if name in names]
    mails = sorted(number for name, number in names.items() if name.startswith("file"))[:60]
    numbers = sorted(set(every(matter)) - set(office))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(place / "nothing"))
        with pytest.raises(Refused) as caught:
            produce(matter, place, specification(**changes), numbers=mails)
        assert "field-of-redacted: its field Subject" in caught.value.next_step
        wanted = specification(**changes, redacted_fields=speaking)
        produce(matter, place, wanted, numbers=numbers)
    if office:
        shown = {"spreadsheet": {"images": "pdf"}, "document": {"images": "pdf"}}
        wanted = specification(treatments=shown, redacted_fields=speaking, **OUTSIDE)
        produce(matter, place, wanted, "VOL002", numbers=office)
    return place


def test_a_thousand_documents_went_out_redacted(matter: Matter, produced: Path) -> None:
    found = ledger_of(matter)
    kinds = Counter((line.kind, line.reason, line.redacted) for line in found)
    assert sum(kinds.values()) >= COUNT
    assert kinds["image", "", True] >= COUNT * 0.9, kinds
    assert not [line.message for line in found if line.reason == "failed"]
    assert kinds["slip-sheet", "withheld", False] == 50
    told = Counter(row["Redacted"] for row in rows(produced / "VOL001"))
    assert told["Yes"] == kinds["image", "", True]


@pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is missing")
def test_hidden_sheets_comments_and_changes_went_out_redacted(
    matter: Matter, produced: Path
) -> None:
    for name, line in lines(matter, "VOL002").items():
        assert (line.kind, line.redacted) == ("image", True), (name, line.message)


def test_no_byte_of_a_canary_is_in_the_volume(produced: Path) -> None:
    plain = STEM.lower()
    forms = [
        plain.encode(), plain.encode("utf-16-le"), plain.encode("utf-16-be"),
        plain.encode().hex().encode(), plain.encode("utf-16-be").hex().encode(),
        STEM.encode().hex().encode(), STEM.encode("utf-16-be").hex().encode(),
    ]  # fmt: skip
    looked, bad = 0, set()
    for where, piece in every_byte(produced):
        looked += 1
        low = piece.lower()
        bad.update(where for form in forms if form in low)
    assert looked > 5 * COUNT
    assert not bad, sorted(bad)[:20]


def test_what_is_not_covered_is_still_there(matter: Matter, produced: Path) -> None:
    found = lines(matter)
    for name in ("file0002.pdf", "file0019.txt"):
        text = next(produced.glob(f"VOL001/TEXT/*/{found[name].bates_begin}.txt")).read_text()
        assert "Account" in text and "follows" in text


def test_the_volumes_verify(matter: Matter, produced: Path) -> None:
    for folder in produced.iterdir():
        assert failing(folder, matter) == {}


@pytest.mark.skipif(not ocr.available(), reason="tesseract is missing")
def test_ocr_reads_no_canary_on_the_pages(produced: Path, tmp_path: Path) -> None:
    from PIL import Image

    images = sorted(produced.glob("VOL*/IMAGES/*/*.tif"))
    assert len(images) > 200
    for path in images[:: len(images) // 2]:
        data = io.BytesIO()
        Image.open(path).convert("L").save(data, "PNG")
        read = ocr.recognise(data.getvalue(), context(tmp_path), 300).text
        assert STEM.lower() not in read.lower()


@pytest.mark.skipif(not os.environ.get("EDISCOVERY_XRAY"), reason="set EDISCOVERY_XRAY")
def test_xray_finds_nothing_under_the_boxes(produced: Path) -> None:
    files = sorted(produced.glob("VOL*/IMAGES/*/*.pdf"))[::100]
    assert files
    for path in files:
        done = subprocess.run(
            [os.environ["EDISCOVERY_XRAY"], "-m", "xray", str(path)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == "{}", path
