"""Property sets of OLE2 files: summary, document summary and custom ([MS-OLEPS] 2)."""

from __future__ import annotations

import datetime
from typing import Any

from ediscovery.extract.codepages import decode
from ediscovery.extract.contract import Extraction
from ediscovery.extract.dates import utc

_SUMMARY = {
    2: "title", 3: "document_subject", 4: "author", 5: "keywords", 6: "description",
    7: "template", 8: "last_author", 9: "revision", 10: "editing_minutes", 11: "printed_at",
    12: "created_at", 13: "modified_at", 14: "pages", 15: "words", 16: "characters",
    18: "application", 19: "document_security",
}  # fmt: skip
_DOCUMENT = {
    2: "document_category", 3: "presentation_format", 5: "lines", 6: "paragraphs", 7: "slides",
    8: "notes", 9: "hidden_slides", 14: "manager", 15: "company", 26: "content_type",
    27: "status", 28: "document_language",
}  # fmt: skip
_DATES = (10, 11, 12, 13)
_CODE_PAGE, _DICTIONARY = 1, 0
_UNICODE = 1200
_CHARS = 10_000
_MOST_CUSTOM = 1000


def read(ole: Any, result: Extraction) -> None:
    """Sets fields of ``result`` from the property streams of ``ole``; broken ones are skipped."""
    for stream, names in (
        ("\x05SummaryInformation", _SUMMARY),
        ("\x05DocumentSummaryInformation", _DOCUMENT),
    ):
        if not ole.exists(stream):
            continue
        try:
            properties = ole.getproperties(stream, convert_time=True, no_conversion=[10])
        except Exception as error:  # olefile raises whatever broken structures make it raise
            result.warnings.append(f"Its properties are damaged: {error}"[:200])
            continue
        page = properties.get(_CODE_PAGE)
        page = page & 0xFFFF if isinstance(page, int) else 1252
        for number, name in names.items():
            _set(result, name, number, properties.get(number), page)
    pages = result.fields.get("pages")
    if isinstance(pages, int) and pages > 0:
        result.fields["page_count"] = pages
    custom = _custom(ole)
    if custom:
        result.fields["custom_properties"] = custom


def _set(result: Extraction, name: str, number: int, value: Any, page: int) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bytes):
        value = _text(value, page)
        if value:
            result.fields[name] = value
    elif isinstance(value, datetime.datetime):
        moment = utc(value)
        if moment:
            result.fields[name] = moment
            result.fields[f"{name}_raw"] = value.isoformat()
    elif name == "editing_minutes" and isinstance(value, int):
        result.fields[name] = value // 600_000_000  # from units of 100 ns
    elif isinstance(value, bool):
        return
    elif isinstance(value, int) and value and not name.endswith("_at"):
        result.fields[name] = value
    elif isinstance(value, str):
        result.fields[name] = value.strip("\0 ")[:_CHARS]


def _text(raw: bytes, page: int) -> str:
    if page == _UNICODE:
        return raw.decode("utf-16-le", "replace").strip("\0 ")[:_CHARS]
    return decode(raw.split(b"\0")[0], page).strip()[:_CHARS]


def _custom(ole: Any) -> dict[str, str]:
    """User-defined properties: the second section of the document summary."""
    try:
        found = ole.get_userdefined_properties("\x05DocumentSummaryInformation", True)
    except Exception:  # most files have none, broken ones raise anything
        return {}
    result: dict[str, str] = {}
    for entry in found[:_MOST_CUSTOM]:
        name = entry.get("property_name")
        value = entry.get("value")
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        if isinstance(value, bytes):
            value = _text(value, 1252)
        if isinstance(value, datetime.datetime):
            value = utc(value)
        if name and value not in (None, ""):
            result[str(name).strip("\0")[:200]] = str(value).strip("\0 ")[:_CHARS]
    return result
