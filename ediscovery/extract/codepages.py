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


# Primary languages of Windows locales that do not write in Windows-1252.
_LANGUAGES = {
    1256: (0x01, 0x20, 0x29),
    1251: (0x02, 0x19, 0x22, 0x23, 0x2F),
    1250: (0x05, 0x0E, 0x15, 0x18, 0x1A, 0x1B, 0x1C, 0x24),
    1253: (0x08,),
    1255: (0x0D,),
    932: (0x11,),
    949: (0x12,),
    874: (0x1E,),
    1254: (0x1F,),
    1257: (0x25, 0x26, 0x27),
    1258: (0x2A,),
}
_OF_LANGUAGE = {language: page for page, group in _LANGUAGES.items() for language in group}


def of_locale(number: int) -> int:
    """The code page of Windows locale ``number``; 0 when it is unknown or 0."""
    language = number & 0x3FF
    if language == 0x04:
        return 936 if number in (0x0804, 0x1004) else 950
    return _OF_LANGUAGE.get(language, 1252) if language else 0
