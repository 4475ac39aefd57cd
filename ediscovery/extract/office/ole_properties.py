"""Property sets of OLE2 files: summary, document summary and custom ([MS-OLEPS] 2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ediscovery.extract.codepages import decode
from ediscovery.extract.contract import Extraction
from ediscovery.extract.dates import from_filetime, utc

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
_EDITING_TIME = 10
_CODE_PAGE, _DICTIONARY = 1, 0
_UNICODE = 1200
_CHARS = 10_000
_MOST = 1000  # properties of one section
_USER_DEFINED = bytes.fromhex("05d5cdd59c2e1b10939708002b2cf9ae")
# Types of values ([MS-OLEPS] 2.2)
_SHORT, _LONG, _REAL, _DATE, _TRUTH = 2, 3, 5, 7, 11
_UNSIGNED_SHORT, _UNSIGNED_LONG, _HUGE, _UNSIGNED_HUGE = 18, 19, 20, 21
_BYTES_TEXT, _WIDE_TEXT, _FILE_TIME = 30, 31, 64
_PLAIN = {
    _SHORT: "<h", _LONG: "<i", _REAL: "<d", _UNSIGNED_SHORT: "<H", _UNSIGNED_LONG: "<I",
    _HUGE: "<q", _UNSIGNED_HUGE: "<Q", 4: "<f", 16: "<b", 17: "<B", 22: "<i", 23: "<I",
}  # fmt: skip


def read(ole: Any, result: Extraction) -> None:
    """Sets fields of ``result`` from the property streams of ``ole``; broken ones are noted."""
    for stream, names in (
        ("\x05SummaryInformation", _SUMMARY),
        ("\x05DocumentSummaryInformation", _DOCUMENT),
    ):
        if not ole.exists(stream):
            continue
        try:
            sections = list(_sections(ole.openstream(stream).read()))
        except Exception as error:  # olefile raises whatever broken structures make it raise
            result.warnings.append(f"Its properties are damaged: {error}"[:200])
            continue
        for kind, section in sections:
            try:
                if kind == _USER_DEFINED:
                    custom = _custom(section)
                    if custom:
                        result.fields["custom_properties"] = custom
                else:
                    _set_all(section, names, result)
            except struct.error:
                result.warnings.append("Its properties are damaged.")
    pages = result.fields.get("pages")
    if isinstance(pages, int) and pages > 0:
        result.fields["page_count"] = pages


def _sections(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Class identifier and bytes of each section of a property set stream."""
    if len(data) < 28 or data[:2] != b"\xfe\xff":
        return
    (count,) = struct.unpack_from("<I", data, 24)
    for index in range(min(count, 2)):
        at = 28 + 20 * index
        if at + 20 > len(data):
            return
        (start,) = struct.unpack_from("<I", data, at + 16)
        yield data[at : at + 16], data[start:]


def _places(section: bytes) -> dict[int, int]:
    """Where the value of each property of a section stands."""
    if len(section) < 8:
        return {}
    (count,) = struct.unpack_from("<I", section, 4)
    count = min(count, _MOST, (len(section) - 8) // 8)
    pairs = (struct.unpack_from("<II", section, 8 + 8 * index) for index in range(count))
    return {number: place for number, place in pairs if place + 4 <= len(section)}


def _value(section: bytes, at: int, page: int) -> str | int | float | datetime | None:
    """The value at ``at``: times as they are, FILETIME as its count of ticks by ``int``."""
    (kind,) = struct.unpack_from("<I", section, at)
    at += 4
    if kind in _PLAIN:
        number: int | float = struct.unpack_from(_PLAIN[kind], section, at)[0]
        return number
    if kind == _TRUTH:
        return "true" if struct.unpack_from("<h", section, at)[0] else "false"
    if kind == _FILE_TIME:
        ticks: int = struct.unpack_from("<Q", section, at)[0]
        return ticks
    if kind == _DATE:
        days: float = struct.unpack_from("<d", section, at)[0]
        return datetime(1899, 12, 30) + timedelta(days=days) if 0 <= days < 2958466 else None
    if kind in (_BYTES_TEXT, _WIDE_TEXT):
        (count,) = struct.unpack_from("<I", section, at)
        width = 2 if kind == _WIDE_TEXT else 1
        raw = section[at + 4 : at + 4 + min(count, _CHARS) * width]
        return _text(raw, _UNICODE if kind == _WIDE_TEXT else page)
    return None


def _page(section: bytes, places: dict[int, int]) -> int:
    found = _value(section, places[_CODE_PAGE], 1252) if _CODE_PAGE in places else 1252
    return found & 0xFFFF if isinstance(found, int) else 1252


def _set_all(section: bytes, names: dict[int, str], result: Extraction) -> None:
    places = _places(section)
    page = _page(section, places)
    for number, name in names.items():
        value = _value(section, places[number], page) if number in places else None
        if value in (None, "", 0):
            continue
        if name.endswith("_at") and isinstance(value, int):
            moment = from_filetime(value)
            if moment:
                result.fields[name] = moment
                result.fields[f"{name}_raw"] = str(value)
        elif number == _EDITING_TIME and names is _SUMMARY and isinstance(value, int):
            result.fields[name] = value // 600_000_000  # from units of 100 ns
        elif not isinstance(value, datetime):
            result.fields[name] = value


def _text(raw: bytes, page: int) -> str:
    if page == _UNICODE:
        return raw.decode("utf-16-le", "replace").partition("\0")[0].strip()
    return decode(raw.partition(b"\0")[0], page).strip()


def _custom(section: bytes) -> dict[str, str]:
    """User-defined properties, by the names in the section's dictionary."""
    places = _places(section)
    if _DICTIONARY not in places:
        return {}
    page = _page(section, places)
    at = places[_DICTIONARY]
    (count,) = struct.unpack_from("<I", section, at)
    at += 4
    result: dict[str, str] = {}
    for _ in range(min(count, _MOST)):
        number, length = struct.unpack_from("<II", section, at)
        size = length * 2 if page == _UNICODE else length
        name = _text(section[at + 8 : at + 8 + size], page)[:200]
        at += 8 + (size + 3 & ~3 if page == _UNICODE else size)
        value = _value(section, places[number], page) if number in places else None
        if isinstance(value, int) and struct.unpack_from("<I", section, places[number])[0] == 64:
            value = from_filetime(value)
        shown = utc(value) if isinstance(value, datetime) else value
        if name and shown not in (None, ""):
            result[name] = str(shown)
    return result
