"""Pages of office files, drawn by LibreOffice where it is installed."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from ediscovery.extract import identify, registry
from ediscovery.extract.contract import Content, Context
from ediscovery.extract.office.clear import in_clear
from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render import flow, libreoffice, pdf_pages
from ediscovery.produce.render.pages import Page, Pages, Rendering

_SPREADSHEETS = ("spreadsheet", "excel")
_PRESENTATIONS = ("presentation", "powerpoint")
_WORD = re.compile(r"\w{3,}")
_FEW, _LITTLE = 2, 0.02  # words, or a share of them, that readers see differently
_HIDDEN_SHEET = re.compile(rb'\sstate="(?:hidden|veryHidden)"')


def open_pages(content: Content, context: Context, rendering: Rendering) -> Pages:
    """The pages of an office file as LibreOffice prints it.

    Raises ``EvidenceError``: ``unsupported`` where LibreOffice is not installed, ``timeout``,
    ``encrypted`` or ``corrupt`` when it makes nothing of the file.
    """
    if libreoffice.program() is None:
        raise EvidenceError(State.UNSUPPORTED, "LibreOffice, which shows it, is not installed.")
    content = in_clear(content, context)
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="office-") as name:
        folder = Path(name)
        source, kind = _source(content, folder, context, rendering)
        made = _printed(source, kind, folder, rendering)
        document = mupdf().open(stream=made, filetype="pdf")
    remarks = _comments(document) if "comments" in rendering.shown else []
    pages = pdf_pages.from_document(document)
    if remarks:
        pages = _followed(pages, remarks, rendering, context)
    if kind != "calc":  # whose numbers are shown otherwise than they are kept
        pages.notes += _unshown(content, pages, context)
    return pages


def _unshown(content: Content, pages: Pages, context: Context) -> list[str]:
    """A note when words of the extracted text are on none of the pages: LibreOffice does not draw
    all that a file holds (content controls, some text boxes, hidden text)."""
    mime_type = identify.by_content(content, identify.extension(context.name), "", "")
    if mime_type not in registry.EXTRACTORS:
        return []
    try:
        text = registry.extractor(mime_type)(content, context).text
    except MemoryError:
        raise
    except Exception:  # whatever a reader says of a file that LibreOffice has shown
        return []
    told = {
        word
        for token in text.split()
        if "://" not in token
        for word in _WORD.findall(token.casefold())
    }
    drawn = "\n".join(word.text for page in pages for word in page.words()).casefold()
    lost = len(told - set(_WORD.findall(drawn)))
    if lost <= max(_FEW, len(told) * _LITTLE):
        return []
    return [f"{lost:,} of the {len(told):,} words of its text are on none of its pages."]


def _comments(document: Any) -> list[str]:
    """The comments in the order of the pages: each with its page, who made it, when, what it says.

    LibreOffice draws none in the margin without a window, so they go on pages of their own.
    """
    found = []
    for page in document:
        for note in page.annots(types=[mupdf().PDF_ANNOT_TEXT]):
            who, said = note.info.get("title", ""), note.info.get("content", "")
            found.append(
                f"Page {page.number + 1}, {who}: {said}"
                if who
                else f"Page {page.number + 1}: {said}"
            )
    return found


def _followed(pages: Pages, remarks: list[str], rendering: Rendering, context: Context) -> Pages:
    """``pages``, after them pages that list ``remarks``."""
    text = "\n\n".join(["Comments", *remarks])
    more = flow.lay([flow.as_text(text)], rendering, context, text)

    def load(number: int) -> Page:
        if number <= len(pages):
            return pages.page(number)
        page = more.page(number - len(pages))
        page.number = number
        return page

    notes = [*pages.notes, f"Its {len(remarks)} comments stand on pages after it.", *more.notes]
    return Pages(len(pages) + len(more), load, notes, pages.close)


def _source(
    content: Content, folder: Path, context: Context, rendering: Rendering
) -> tuple[Path, str]:
    """The file for LibreOffice, and its kind: writer, calc or impress."""
    mime_type = identify.by_content(content, identify.extension(context.name), "", "")
    kind = "writer"
    if any(word in mime_type for word in _SPREADSHEETS):
        kind = "calc"
    elif any(word in mime_type for word in _PRESENTATIONS):
        kind = "impress"
    source = folder / "source"
    with source.open("wb") as file:
        for piece in content.chunks():
            file.write(piece)
    if kind == "calc" and "hidden_sheets" in rendering.shown:
        if not _is_openxml(source) and _hides_sheets(content, mime_type, context):
            data = libreoffice.converted(source, "xlsx", folder, rendering.office_seconds)
            source = folder / "shown.xlsx"
            source.write_bytes(data)
        if _is_openxml(source):
            _unhide(source, context)
    return source, kind


def _is_openxml(source: Path) -> bool:
    if not zipfile.is_zipfile(source):
        return False
    with zipfile.ZipFile(source) as book:
        return any(name.lower() == "xl/workbook.xml" for name in book.namelist())


def _hides_sheets(content: Content, mime_type: str, context: Context) -> bool:
    """Whether a workbook has hidden sheets, or nothing here can tell (XLSB)."""
    reader = registry.EXTRACTORS.get(mime_type)
    if reader not in ("office.ole:extract", "office.odf:extract"):
        return True
    return "hidden_sheets" in registry.extractor(mime_type)(content, context).flags


def _unhide(source: Path, context: Context) -> None:
    """Rewrite a workbook so that no sheet of it is hidden."""
    with zipfile.ZipFile(source) as book:
        names = [n for n in book.namelist() if n.lower() == "xl/workbook.xml"]
        if not names or book.getinfo(names[0]).file_size > context.profile.limits.text_bytes:
            return
        plain = book.read(names[0])
        shown = _HIDDEN_SHEET.sub(b"", plain)
        if shown == plain:
            return
        target = source.with_name("shown")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
            for member in book.infolist():
                context.charge(member.file_size)
                copy.writestr(
                    member.filename, shown if member.filename == names[0] else book.read(member)
                )
    target.replace(source)


def _printed(source: Path, kind: str, folder: Path, rendering: Rendering) -> bytes:
    shown = rendering.shown
    options = {
        "ExportNotes": "comments" in shown,
        "ExportNotesPages": kind == "impress" and "notes" in shown,
        "ExportHiddenSlides": kind == "impress" and "hidden_sheets" in shown,
        "ExportBookmarks": False,
    }
    given = {key: {"type": "boolean", "value": str(on).lower()} for key, on in options.items()}
    target = f"pdf:{kind}_pdf_Export:{json.dumps(given, separators=(',', ':'))}"
    return libreoffice.converted(source, target, folder, rendering.office_seconds)
