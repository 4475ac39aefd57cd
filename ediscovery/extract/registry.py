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
_ODF = "application/vnd.oasis.opendocument."
_SUN = "application/vnd.sun.xml."

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
    "application/java-archive": "archive.zip:extract",
    "application/vnd.android.package-archive": "archive.zip:extract",
    "application/x-7z-compressed": "archive.sevenzip:extract",
    "application/vnd.rar": "archive.rar:extract",
    "application/x-tar": "archive.tar:extract",
    "application/gzip": "archive.stream:extract",
    "application/x-bzip2": "archive.stream:extract",
    "application/x-xz": "archive.stream:extract",
    "application/zstd": "archive.stream:extract",
    "application/x-lzma": "archive.stream:extract",
    # office
    _OOXML + "wordprocessingml.document": "office.docx:extract",
    _OOXML + "wordprocessingml.template": "office.docx:extract",
    "application/vnd.ms-word.document.macroenabled.12": "office.docx:extract",
    "application/vnd.ms-word.template.macroenabled.12": "office.docx:extract",
    _OOXML + "spreadsheetml.sheet": "office.xlsx:extract",
    _OOXML + "spreadsheetml.template": "office.xlsx:extract",
    "application/vnd.ms-excel.sheet.macroenabled.12": "office.xlsx:extract",
    "application/vnd.ms-excel.template.macroenabled.12": "office.xlsx:extract",
    "application/vnd.ms-excel.addin.macroenabled.12": "office.xlsx:extract",
    _OOXML + "presentationml.presentation": "office.pptx:extract",
    _OOXML + "presentationml.template": "office.pptx:extract",
    _OOXML + "presentationml.slideshow": "office.pptx:extract",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "office.pptx:extract",
    "application/vnd.ms-powerpoint.template.macroenabled.12": "office.pptx:extract",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.12": "office.pptx:extract",
    # packages whose text comes from Tika and whose embedded files we list ourselves
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "office.ooxml:extract",
    "application/vnd.ms-visio.drawing": "office.visio:extract",
    "application/vnd.ms-xpsdocument": "office.ooxml:extract",
    "application/x-tika-ooxml-protected": "office.ole:extract",
    _ODF + "text": "office.odf:extract",
    _ODF + "text-template": "office.odf:extract",
    _ODF + "text-master": "office.odf:extract",
    _ODF + "text-flat-xml": "office.odf:extract",
    _ODF + "spreadsheet": "office.odf:extract",
    _ODF + "spreadsheet-template": "office.odf:extract",
    _ODF + "spreadsheet-flat-xml": "office.odf:extract",
    _ODF + "presentation": "office.odf:extract",
    _ODF + "presentation-template": "office.odf:extract",
    _ODF + "presentation-flat-xml": "office.odf:extract",
    _ODF + "graphics": "office.odf:extract",
    _ODF + "graphics-template": "office.odf:extract",
    _ODF + "base": "office.odf:extract",
    _ODF + "formula": "office.odf:extract",
    _ODF + "chart": "office.odf:extract",
    _SUN + "writer": "office.odf:extract",
    _SUN + "writer.template": "office.odf:extract",
    _SUN + "calc": "office.odf:extract",
    _SUN + "impress": "office.odf:extract",
    _SUN + "draw": "office.odf:extract",
    "application/rtf": "office.rtf:extract",
    "application/msword": "office.ole:extract",
    "application/vnd.ms-excel": "office.ole:extract",
    "application/vnd.ms-powerpoint": "office.ole:extract",
    "application/vnd.visio": "office.ole:extract",
    "application/x-mspublisher": "office.ole:extract",
    "application/vnd.ms-project": "office.ole:extract",
    "application/vnd.ms-works": "office.ole:extract",
    "application/x-ole-storage": "office.ole:extract",
    "image/emf": "office.metafile:extract",
    "image/wmf": "office.metafile:extract",
    # the rest with a reader of its own
    "application/pdf": "pdf:extract",
    "text/html": "html:extract",
    "text/plain": "text:extract",
    "text/csv": "text:extract",
    "application/pgp-keys": "text:extract",
    "application/pgp-signature": "text:extract",
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
    "application/java-archive": "archive.zip:split",
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
