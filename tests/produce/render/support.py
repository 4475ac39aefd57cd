"""What the tests of rendering share: contexts, small PDFs, and one with a canary everywhere."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pymupdf

from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.model.profile import Profile
from ediscovery.produce.render.documents import open_pages
from ediscovery.produce.render.pages import Pages, Rendering
from tests.extract.pdf_making import stream

PDF = "application/pdf"
CANARY = "Zanzibarquux"


def context(
    scratch: Path, profile: Profile | None = None, passwords: tuple[str, ...] = ()
) -> Context:
    return Context(profile or Profile(), scratch, Budget(1 << 31), passwords)


def pages_of(
    data: bytes, mime_type: str, scratch: Path, rendering: Rendering | None = None
) -> Pages:
    return open_pages(Content(data), mime_type, context(scratch), rendering or Rendering())


def said(pages: Pages) -> str:
    """The words of all pages, pages parted by form feeds."""
    return "\f".join(" ".join(word.text for word in page.words()) for page in pages)


def pdf_with(*lines: str, rotation: int = 0, width: float = 612, height: float = 792) -> bytes:
    document = pymupdf.open()
    page = document.new_page(width=width, height=height)
    for number, line in enumerate(lines):
        page.insert_text((72, 100 + 24 * number), line, fontsize=12)
    page.set_rotation(rotation)
    return bytes(document.tobytes())


def canary_pdf() -> bytes:
    """One page that says the canary once where all can see it and hides it wherever PDF allows."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), f"Account of {CANARY} follows", fontsize=14)
    page.insert_text((72, 140), "What may be read by everybody", fontsize=14)
    page.insert_text((72, 180), f"unseen {CANARY}", fontsize=14, render_mode=3)
    page.insert_text((72, 220), f"white {CANARY}", fontsize=14, color=(1, 1, 1))
    page.insert_text((72, 2000), f"outside {CANARY}", fontsize=14)
    page.draw_rect((60, 240, 300, 280), color=(0, 0, 0), fill=(0, 0, 0))
    layer = document.add_ocg(f"layer {CANARY}", on=False)
    page.insert_text((72, 320), f"layered {CANARY}", fontsize=14, oc=layer)
    note = page.add_text_annot((400, 400), f"note {CANARY}")
    note.set_info(title=CANARY, subject=CANARY)
    note.update()
    field = pymupdf.Widget()
    field.field_name, field.field_type = CANARY, pymupdf.PDF_WIDGET_TYPE_TEXT
    field.rect, field.field_value = pymupdf.Rect(60, 90, 300, 108), CANARY
    page.add_widget(field)
    document.embfile_add(f"{CANARY}.txt", CANARY.encode(), desc=CANARY)
    document.set_toc([[1, f"bookmark {CANARY}", 1]])
    document.set_metadata({"title": CANARY, "author": CANARY, "keywords": CANARY})
    document.set_xml_metadata(f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>")
    catalogue = document.pdf_catalog()
    document.xref_set_key(
        catalogue, "OpenAction", f"<</S/JavaScript/JS(app.alert\\('{CANARY}'\\))>>"
    )
    thumb = document.get_new_xref()
    document.update_object(
        thumb,
        "<</Type/XObject/Subtype/Image/Width 4/Height 3/ColorSpace/DeviceGray/BitsPerComponent 8>>",
    )
    document.update_stream(thumb, CANARY.encode())
    document.xref_set_key(page.xref, "Thumb", f"{thumb} 0 R")
    document.xref_set_key(
        page.xref, "PieceInfo", f"<</X<</Private<{CANARY.encode('utf-16').hex()}>>>>>"
    )
    drawn = "BT /helv 14 Tf 72 500 Td (plain) Tj ET"
    alt = f"/Span<</ActualText({CANARY})/Alt({CANARY})>>BDC {drawn} EMC"
    extra = document.get_new_xref()
    document.update_object(extra, "<<>>")
    document.update_stream(extra, alt.encode())
    contents = document.xref_get_key(page.xref, "Contents")[1].strip("[]")
    document.xref_set_key(page.xref, "Contents", f"[{contents} {extra} 0 R]")
    first = io.BytesIO()
    document.save(first, use_objstms=1, deflate=True)
    # An earlier revision: one more object that the next revision empties.
    data = first.getvalue()
    packed = zlib.compress(f"(revision {CANARY})".encode())
    return (
        data
        + b"\n999 0 obj\n"
        + stream(packed, b"/Filter/FlateDecode")
        + b"\nendobj\n"
        + (b"startxref\n%d\n%%%%EOF\n" % int(data.rsplit(b"startxref", 1)[1].split()[0]))
    )
