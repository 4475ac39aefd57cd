"""Windows code page numbers, as Outlook, RTF and OLE write them, as Python codecs."""

from __future__ import annotations

import codecs
from functools import lru_cache

_NAMED = {
    0: "cp1252",
    708: "iso8859-6",
    936: "gb18030",
    950: "big5hkscs",
    1200: "utf-16-le",
    1201: "utf-16-be",
    1361: "johab",
    10000: "mac_roman",
    10001: "shift_jis",
    10004: "mac_arabic",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10029: "mac_latin2",
    10079: "mac_iceland",
    10081: "mac_turkish",
    20127: "cp1252",
    20866: "koi8_r",
    20932: "euc_jp",
    20936: "gb18030",
    20949: "cp949",
    21866: "koi8_u",
    28591: "cp1252",
    28598: "iso8859-8",
    28599: "cp1254",
    28603: "iso8859-13",
    28605: "iso8859-15",
    38598: "iso8859-8",
    50220: "iso2022_jp",
    50221: "iso2022_jp",
    50222: "iso2022_jp",
    50225: "iso2022_kr",
    50932: "euc_jp",
    50936: "gb18030",
    51932: "euc_jp",
    51936: "gb18030",
    51949: "euc_kr",
    52936: "hz",
    54936: "gb18030",
    65001: "utf-8",
}


@lru_cache(maxsize=256)
def codec(number: int) -> str:
    """Python's codec for code page ``number``; ``""`` when none is known (UTF-7 included)."""
    if 28592 <= number <= 28597:
        return f"iso8859-{number - 28590}"
    name = _NAMED.get(number, f"cp{number}")
    if name == "cp65000":
        return ""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def decode(data: bytes, number: int) -> str:
    """``data`` in code page ``number``; bytes that fit no character become U+FFFD.

    The five bytes that Windows-1252 leaves open are read as controls, as Windows does.
    """
    name = codec(number) or "cp1252"
    try:
        return data.decode(name)
    except UnicodeError:
        if name == "cp1252":
            text = data.decode("cp1252", "surrogateescape")
            return "".join(chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c for c in text)
        return data.decode(name, "replace")
