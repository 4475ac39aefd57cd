"""What a file is, by its content; its name only decides between types that look alike."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ediscovery.extract.contract import Content


class Identity(NamedTuple):
    """Type by content, its category (see :data:`CATEGORIES`), and whether the name lies."""

    mime_type: str
    category: str
    mismatch: bool


_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?(?:[!-9;-~]+:[ \t]?[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+")
_MAIL_FIELDS = re.compile(
    rb"^(?:from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|"
    rb"x-[a-z-]+|cc|sender|reply-to|in-reply-to|references|content-type|dkim-signature):",
    re.IGNORECASE | re.MULTILINE,
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def identify(content: Content, name: str = "", declared: str = "") -> Identity:
    """The type of ``content``. ``declared`` is what the container or MIME part claims."""
    mime_type = _by_table(content.head) or _by_library(content, name)
    return Identity(mime_type, category(mime_type), False)


def category(mime_type: str) -> str:
    """The kind of document a type is: mail, document, spreadsheet, pdf, image, archive, ..."""
    return CATEGORIES.get(mime_type) or {
        "image": "image",
        "audio": "audio",
        "video": "video",
        "text": "text",
    }.get(mime_type.partition("/")[0], "other")


CATEGORIES: dict[str, str] = {
    "message/rfc822": "mail",
    "application/mbox": "mailstore",
    "application/pdf": "pdf",
    "application/zip": "archive",
    "text/html": "web",
}


def _by_table(head: bytes) -> str:
    if head.startswith(b"From ") and b"\n" in head:
        return "application/mbox"
    if head.startswith(b"!BDN"):
        return "application/vnd.ms-outlook-pst"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"
    match = _HEADER.match(head)
    if match and len(_MAIL_FIELDS.findall(match.group())) >= 2:
        return "message/rfc822"
    return ""


@lru_cache(maxsize=1)
def _library() -> object:
    import puremagic

    return puremagic


def _by_library(content: Content, name: str) -> str:
    import puremagic

    try:
        return puremagic.from_string(content.head, mime=True, filename=name or None) or "text/plain"
    except (puremagic.PureError, ValueError):
        return "application/octet-stream" if b"\0" in content.head else "text/plain"
