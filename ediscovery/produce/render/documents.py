"""One way in: a document's bytes and type to its pages."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.types import ENCRYPTED_OOXML, HTML, MAIL, TEXT
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render.pages import Pages, Rendering

_HERE = "ediscovery.produce.render."
_KINDS = {
    "application/pdf": "pdf_pages",
    MAIL: "mail_pages",
    "message/x-emlx": "mail_pages",
    "application/vnd.ms-outlook": "mail_pages",
    HTML: "flow:from_html",
    "application/xhtml+xml": "flow:from_html",
}
_TEXTS = frozenset(
    {
        TEXT,
        "text/csv",
        "text/tab-separated-values",
        "text/calendar",
        "text/vcard",
        "application/xml",
    }
)
_PICTURES = frozenset(
    {"image/tiff", "image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"}
)
_OFFICE = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/vnd.ms-word.",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
)
_OFFICE_TYPES = frozenset({"application/msword", "application/rtf", ENCRYPTED_OOXML})


class _Opener(Protocol):
    def __call__(self, content: Content, context: Context, rendering: Rendering) -> Pages: ...


def open_pages(content: Content, mime_type: str, context: Context, rendering: Rendering) -> Pages:
    """The pages of a document whose type by content is ``mime_type``.

    ``context`` brings the limits (``pages``, ``image_pixels``), passwords and the scratch folder.
    Raises ``EvidenceError``, whose state and sentence belong on the slip sheet that the caller
    makes instead: ``encrypted``, ``corrupt``, ``empty``, ``unsupported``, ``timeout``,
    ``limit:pages``, ``limit:pixels``.
    """
    target = target_of(mime_type)
    if target is None:
        raise EvidenceError(
            State.UNSUPPORTED, f"Files of type {mime_type or 'unknown'} can't be shown as pages."
        )
    if content.size == 0:
        raise EvidenceError(State.EMPTY, "The file is empty.")
    module, _, name = target.partition(":")
    opener: Any = getattr(importlib.import_module(_HERE + module), name or "open_pages")
    pages = cast(_Opener, opener)(content, context, rendering)
    if len(pages) == 0:
        pages.close()
        raise EvidenceError(State.CORRUPT, "No page can be found in it.")
    if len(pages) > context.profile.limits.pages:
        count = len(pages)
        pages.close()
        raise EvidenceError(f"{State.LIMIT}:pages", f"It has {count} pages.")
    return pages


def target_of(mime_type: str) -> str | None:
    """What makes pages of that type, ``None`` when nothing does: whether a slip sheet is due can be
    told before the file is opened."""
    if mime_type in _KINDS:
        return _KINDS[mime_type]
    if mime_type in _PICTURES:
        return "image_pages"
    if mime_type in _TEXTS:
        return "flow:from_text"
    if mime_type in _OFFICE_TYPES or mime_type.startswith(_OFFICE):
        return "office_pages"
    return None
