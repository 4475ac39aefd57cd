"""Pages of PDF files as a reader shows them: form values and annotations drawn, nothing run."""

from __future__ import annotations

from typing import Any

from ediscovery.extract import pdf
from ediscovery.extract.contract import Content, Context
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render.pages import Page, Pages, Rendering


def open_pages(content: Content, context: Context, rendering: Rendering) -> Pages:
    """The pages of a PDF. Raises ``EvidenceError``: ``encrypted`` when no password of the context
    opens it, ``corrupt`` when it or a page asked for can't be read."""
    return from_document(pdf.opened(content, context))


def from_document(document: Any) -> Pages:
    """The pages of an opened ``pymupdf.Document``, which is closed with them."""

    def load(number: int) -> Page:
        try:
            page = document.load_page(number - 1)
            display = page.get_displaylist(annots=True)
            return Page(number, page.rect.width, page.rect.height, display)
        except Exception as error:  # MuPDF's own error classes
            raise EvidenceError(
                State.CORRUPT, f"Page {number} can't be read: {describe(error)}"
            ) from error

    notes = []
    if document.is_repaired:
        notes.append("Its structure was damaged and has been mended.")
    hidden = _hidden_layers(document)
    if hidden:
        notes.append(f"Layers that its author switched off are not shown: {', '.join(hidden)}.")
    return Pages(document.page_count, load, notes, document.close)


def _hidden_layers(document: Any) -> list[str]:
    try:
        groups = document.get_ocgs()
    except Exception:  # a broken list of layers: MuPDF's own error classes
        return []
    return [group.get("name", "?") for group in groups.values() if not group.get("on", True)][:20]
