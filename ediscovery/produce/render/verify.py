"""Whether redactions hold, told from the written files alone, as an attacker would look at them."""

from __future__ import annotations

import html
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ediscovery.extract import ocr
from ediscovery.extract.contract import Context
from ediscovery.extract.pdf.library import mupdf
from ediscovery.produce.render.finish import Finished

_EVEN = 24  # of 255: what JPEG may leave of a difference within a black box
_LOOK_DPI, _DARK = 100, 64  # how closely a page is looked at for text in the dark; of 255
_STREAM = 256 << 20  # bytes of one unfolded stream that are looked at
_FOLD = re.compile(r"[^\w]+")
# Attributes of a sheet that place and style cells.
_PLACED = re.compile(
    rb"\s(?:r|ref|s|spans|sqref|count|uniquecount|min|max|width|[a-z]+id)="
    rb'"[a-z]{0,3}[0-9.]*(?::[a-z]{0,3}[0-9]*)?"'
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: ``where`` (file, page or object) and one sentence."""

    where: str
    message: str


def secrets_of(pages: Sequence[Finished]) -> list[str]:
    """The covered texts of all redactions of a document that must be nowhere in what is produced:
    those that do not also stand, readable, outside of the boxes."""
    left = _plain(" ".join(word.text for page in pages for word in page.words))
    texts = {one.covered.strip() for page in pages for one in page.redactions}
    return sorted(text for text in texts if _plain(text) and _plain(text) not in left)


def raster_is_burnt(page: Finished, context: Context | None = None) -> list[Finding]:
    """Whether each box of the page's raster is of one black but for its label.

    With ``context``, where tesseract is there, also whether OCR reads nothing of the covered text.
    """
    import numpy as np
    from PIL import Image

    raster = page.raster
    if raster.colour:
        grey = raster.pixels.max(axis=2)
    else:
        grey = 255 - 255 * np.unpackbits(raster.pixels, axis=1)[:, : raster.width]
    findings = []
    for number, (one, area) in enumerate(zip(page.redactions, page.areas, strict=True), 1):
        left, top, right, bottom = area
        part = grey[top:bottom, left:right]
        where = f"page {page.number}, redaction {number}"
        if part.size == 0:
            findings.append(Finding(where, "The box lies outside of the page."))
            continue
        limit = _EVEN if raster.colour else 0
        if not one.label and int(part.max()) > limit:
            findings.append(Finding(where, "The box is not uniformly black."))
        elif one.label and _bright_edge(grey, page, area, limit):
            findings.append(Finding(where, "The edge of the box is not uniformly black."))
        if context is not None and ocr.available():
            buffer = io.BytesIO()
            framed = np.pad(255 - part, 40, constant_values=255)
            Image.fromarray(framed.astype(np.uint8)).save(buffer, "PNG")
            try:
                found = ocr.words(buffer.getvalue(), context, raster.dpi)
            except ocr.OcrFailed:
                continue
            read = _plain(" ".join(word.text for word in found))
            if one.covered and len(_plain(one.covered)) > 2 and _plain(one.covered) in read:
                findings.append(Finding(where, "OCR reads the covered text in the box."))
    return findings


def _bright_edge(grey: Any, page: Finished, area: tuple[int, int, int, int], limit: int) -> bool:
    """Whether the upper or left edge of a box is not black, but for labels of boxes over it."""
    left, top, right, bottom = area
    bright = grey[top:bottom, left:right] > limit
    bright[2:, 2:] = False
    for other in page.areas:
        if other != area:
            x0, y0, x1, y1 = (max(0, v) for v in (
                other[0] + 2 - left, other[1] + 2 - top, other[2] - 2 - left, other[3] - 2 - top,
            ))  # fmt: skip
            bright[y0:y1, x0:x1] = False
    return bool(bright.any())


def text_is_clean(text: str, secrets: Sequence[str], where: str) -> list[Finding]:
    """Whether none of ``secrets`` stands in ``text`` (a text file, a field of a load file, a file
    name), whatever its case, spaces and line breaks."""
    plain = _plain(text)
    return [
        Finding(where, "It holds a redacted text.") for secret in secrets if _plain(secret) in plain
    ]


def pdf_is_clean(data: bytes, secrets: Sequence[str], where: str) -> list[Finding]:
    """Whether none of ``secrets`` is in a PDF: its text, its strings, its unfolded streams; and
    whether it holds nothing that could hide one (earlier revisions, attachments, scripts, layers,
    forms, annotations, metadata)."""
    findings = []
    for place, piece in pdf_pieces(data):
        if any(form in piece for secret in secrets for form in _forms(secret)):
            findings.append(Finding(f"{where}, {place}", "It holds a redacted text."))
    if data.count(b"%%EOF") > 1:
        findings.append(Finding(where, "It holds an earlier revision."))
    document = _opened(data)
    if document is None:
        return [*findings, Finding(where, "It can't be opened.")]
    with document:
        for page in document:
            for flags in (0, mupdf().TEXT_PRESERVE_WHITESPACE):
                found = page.get_text("text", flags=flags, clip=mupdf().INFINITE_RECT())
                findings += text_is_clean(found, secrets, f"{where}, page {page.number + 1}")
            if page.first_annot or page.first_widget:
                findings.append(Finding(f"{where}, page {page.number + 1}", "It has annotations."))
        if document.embfile_count():
            findings.append(Finding(where, "It has attachments."))
        if document.get_toc(simple=True):
            findings.append(Finding(where, "It has bookmarks."))
        if document.get_ocgs() or document.is_form_pdf or document.get_xml_metadata():
            findings.append(Finding(where, "It has layers, a form or metadata."))
    return list(dict.fromkeys(findings))


def text_keeps_off(data: bytes, pages: Sequence[Finished], where: str) -> list[Finding]:
    """Whether no text of a PDF made of ``pages`` lies under a box, the box's own label excepted."""
    findings: list[Finding] = []
    document = _opened(data)
    if document is None:
        return [Finding(where, "It can't be opened.")]
    with document:
        for page, made in zip(document, pages, strict=True):
            unit = 72 / made.raster.dpi
            for one, area in zip(made.redactions, made.areas, strict=True):
                left, top, right, bottom = (value * unit for value in area)
                box = mupdf().Rect(left + 1, top + 1, right - 1, bottom - 1)
                under = _plain(page.get_textbox(box)) if not box.is_empty else ""
                if under and under not in _plain(one.label):
                    findings.append(
                        Finding(f"{where}, page {made.number}", "Text lies under a box.")
                    )
    return findings


def text_in_the_dark(page: Any) -> str:
    """Text of a PDF page that lies under a solid dark area, where nobody is meant to read it;
    ``""`` for none. What is told from the page alone, without knowing of any box."""
    words = page.get_text("words")
    if not words:
        return ""
    import numpy as np

    shot = page.get_pixmap(dpi=_LOOK_DPI, colorspace=mupdf().csGRAY)
    pixels = np.frombuffer(shot.samples, np.uint8).reshape(shot.height, shot.stride)
    scale = _LOOK_DPI / 72
    found = []
    for left, top, right, bottom, word, *_ in words:
        area = pixels[
            max(0, round(top * scale)) : round(bottom * scale),
            max(0, round(left * scale)) : min(shot.width, round(right * scale)),
        ]
        if area.size and area.max() <= _DARK:
            found.append(word)
    return " ".join(found)


def workbook_is_clean(data: bytes, secrets: Sequence[str], where: str) -> list[Finding]:
    """Whether none of ``secrets`` is in any member of a rebuilt workbook, nor in their names.

    What stands in an empty workbook as well (names of fonts, of formats), and in the numbers by
    which cells are placed and styled, tells nothing.
    """
    ours = b"".join(piece for _, piece in _members(_empty_workbook()))
    known = [form for secret in secrets for form in _forms(secret) if form not in ours]
    return [
        Finding(f"{where}, {name}", "It holds a redacted text.")
        for name, piece in _members(data)
        if any(form in piece for form in known)
    ]


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each member of a workbook, with all that its directory says of it."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        yield "directory", book.comment.lower()
        for member in book.infolist():
            with book.open(member) as file:
                piece = file.read(_STREAM)
            said = member.filename.encode() + member.comment + member.extra
            yield member.filename, _PLACED.sub(b"", (piece + said).lower())


@cache
def _empty_workbook() -> bytes:
    from openpyxl import Workbook

    from ediscovery.produce.render.spreadsheet import saved

    return saved(Workbook())


def pdf_pieces(data: bytes) -> Iterator[tuple[str, bytes]]:
    """All bytes in which something could stand: the file itself, and of every object its source
    (strings in hexadecimal written out) and its stream unfolded."""
    yield "file", data.lower()
    document = _opened(data)
    if document is None:
        return
    with document:
        yield "trailer", _strings(document.pdf_trailer())
        for number in range(1, document.xref_length()):
            try:
                yield f"object {number}", _strings(document.xref_object(number))
                if document.xref_is_stream(number):
                    stream = (document.xref_stream(number) or b"")[:_STREAM]
                    yield f"stream {number}", stream.lower()
                    yield f"stream {number}", _strings(stream.decode("latin-1"))
            except Exception:  # an object that MuPDF can't read shows nothing to anybody
                continue


def _strings(source: str) -> bytes:
    """The source of an object, and after it its hexadecimal strings as bytes."""
    found = [source.encode("latin-1", "replace")]
    for digits in re.findall(r"<([0-9A-Fa-f\s]{4,})>", source):
        pure = re.sub(r"\s", "", digits)
        found.append(bytes.fromhex(pure + "0" * (len(pure) % 2)))
    octal = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match.group(1), 8) & 255]), found[0])
    return b"\n".join([*found, octal]).lower()


def _opened(data: bytes) -> Any:
    try:
        return mupdf().open(stream=data, filetype="pdf")
    except Exception:  # MuPDF's own error classes
        return None


def _forms(secret: str) -> Iterable[bytes]:
    """The bytes that a text may stand as, in lower case."""
    for text in {secret.lower(), unicodedata.normalize("NFD", secret.lower())}:
        yield html.escape(text, quote=False).encode("utf-8")
        yield text.encode("utf-8")
        yield text.encode("utf-16-be")
        yield text.encode("utf-16-le")
        yield text.encode("utf-8").hex().encode()
        yield text.encode("utf-16-be").hex().encode()
        if text.isascii() or all(ord(char) < 256 for char in text):
            yield text.encode("latin-1")


def _plain(text: str) -> str:
    return " ".join(_FOLD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split())
