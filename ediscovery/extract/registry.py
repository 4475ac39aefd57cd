"""Which function reads which type. A new format is one module and one line here.

Values are ``module:function`` below ``ediscovery.extract``, imported when first needed. A type that
is not listed goes to Tika; see ``tika.py``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, cast

from ediscovery.extract.contract import Extractor, Splitter

_OOXML = "application/vnd.openxmlformats-officedocument."

EXTRACTORS: dict[str, str] = {
    # mail and what travels in it
    "message/rfc822": "mail.eml:extract",
    "application/mbox": "mail.mbox:extract",
    "message/x-emlx": "mail.emlx:extract",
    "application/ms-tnef": "mail.tnef:extract",
    "application/pkcs7-mime": "mail.smime:extract",
    "application/pgp-encrypted": "mail.pgp:extract",
    "text/calendar": "mail.calendar:extract",
    "text/vcard": "mail.contact:extract",
    # Outlook
    "application/vnd.ms-outlook-pst": "outlook.pst:extract",
    "application/x-mapi-message": "outlook.pst:extract_message",
    "application/vnd.ms-outlook": "outlook.msg:extract",
    # archives
    "application/zip": "archive.zip:extract",
    "application/x-7z-compressed": "archive.sevenzip:extract",
    "application/vnd.rar": "archive.rar:extract",
    "application/x-tar": "archive.tar:extract",
    "application/gzip": "archive.stream:extract",
    "application/x-bzip2": "archive.stream:extract",
    "application/x-xz": "archive.stream:extract",
    "application/zstd": "archive.stream:extract",
    # office
    _OOXML + "wordprocessingml.document": "office.docx:extract",
    _OOXML + "spreadsheetml.sheet": "office.xlsx:extract",
    _OOXML + "presentationml.presentation": "office.pptx:extract",
    "application/vnd.oasis.opendocument.text": "office.odf:extract",
    "application/vnd.oasis.opendocument.spreadsheet": "office.odf:extract",
    "application/vnd.oasis.opendocument.presentation": "office.odf:extract",
    "application/rtf": "office.rtf:extract",
    "application/msword": "office.ole:extract",
    "application/vnd.ms-excel": "office.ole:extract",
    "application/vnd.ms-powerpoint": "office.ole:extract",
    "application/x-ole-storage": "office.ole:extract",
    # the rest with a reader of its own
    "application/pdf": "pdf:extract",
    "text/html": "html:extract",
    "text/plain": "text:extract",
    "text/csv": "text:extract",
    "text/tab-separated-values": "text:extract",
    "image/png": "image:extract",
    "image/jpeg": "image:extract",
    "image/tiff": "image:extract",
    "image/gif": "image:extract",
    "image/bmp": "image:extract",
    "image/webp": "image:extract",
    "image/jp2": "image:extract",
}

SPLITTERS: dict[str, str] = {
    "application/mbox": "mail.mbox:split",
    "application/vnd.ms-outlook-pst": "outlook.pst:split",
    "application/zip": "archive.zip:split",
}


@cache
def _load(target: str) -> Any:
    module, _, function = target.partition(":")
    return getattr(import_module(f"ediscovery.extract.{module}"), function)


def extractor(mime_type: str) -> Extractor:
    """The function that reads ``mime_type``; Tika for what is not listed."""
    return cast(Extractor, _load(EXTRACTORS.get(mime_type, "tika:extract")))


def splitter(mime_type: str) -> Splitter | None:
    """The function that cuts a large ``mime_type``, or ``None`` when it can't be cut."""
    target = SPLITTERS.get(mime_type)
    return None if target is None else cast(Splitter, _load(target))
