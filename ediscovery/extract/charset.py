"""Bytes of evidence as text: which character set they are really in, and what was declared.

The order of proof: a byte order mark; plain ASCII; ISO 2022 escapes; valid UTF-8; the declared
set, when every byte fits it and the result looks like writing; the pattern of zero bytes that
UTF-16 leaves; and last a guess by letter frequencies (:mod:`ediscovery.extract.charset_guess`).
UTF-7 is never decoded: it exists to hide text from scanners, and no mail program writes it.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

SAMPLE_BYTES = 32 << 10  # what a guess may look at


class Decoded(NamedTuple):
    """Text, the charset by which it was read (Python's name), and how sure that is.

    ``guessed``: neither mark, declaration nor UTF-8 settled it, or the declaration was false.
    ``damaged``: some bytes fit no character and stand as U+FFFD.
    """

    text: str
    charset: str
    guessed: bool = False
    damaged: bool = False


# Names that mail and web declare, and the set that writers under that name really use. Each value
# holds every character of the set that the name stands for.
_WIDER = {
    "ascii": "",
    "latin-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_ALIASES = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "x-windows-949": "cp949",
    "windows-949": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "hz-gb-2312": "hz",
    "x-euc-jp": "euc_jp",
    "big5-eten": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "cn-gb": "gb18030",
    "cn-big5": "big5hkscs",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
}
# Codecs of Python that are no character sets, or that could be made to cost too much.
_NO_CHARSETS = (
    "base64 bz2 hex quopri rot13 rot-13 uu zlib idna punycode mbcs oem undefined unicode_escape "
    "unicode-escape raw_unicode_escape raw-unicode-escape utf-7"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", 3),
    (codecs.BOM_UTF32_LE, "utf-32-le", 4),
    (codecs.BOM_UTF32_BE, "utf-32-be", 4),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
)
_ISO2022 = re.compile(rb"\x1b(?:\$\)C|\$\(?[@BDO-Q]|\([BIJ])")
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{4,}")
_MULTIBYTE = frozenset({"cp932", "cp949", "gb18030", "big5hkscs", "euc_jp", "euc_jis_2004"})
_C1 = re.compile("[\x80-\x84\x86-\x9f]")


@lru_cache(maxsize=512)
def codec(name: str) -> str:
    """Python's codec for a declared charset ``name``; ``""`` when there is none worth using.

    US-ASCII gives ``""`` (bytes above 127 then need another proof), and so does UTF-7.
    """
    name = name.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if not name or len(name) > 40 or not name.isascii():
        return ""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        if name.startswith(("cs", "x-")):
            return codec(name[2:])
        return ""
    if found in _NO_CHARSETS.split():
        return ""
    return _WIDER.get(found, _ALIASES.get(found, found))


def decode(data: bytes, declared: str = "") -> Decoded:
    """The text of ``data`` whose container declares the charset ``declared`` (may be empty)."""
    if data.isascii():
        if b"\0" in data or b"\x1b" in data or declared[:2] in ("hz", "HZ"):
            return _seven_bit(data, declared)
        return Decoded(data.decode("ascii"), "ascii")
    for mark, name, length in _MARKS:
        if data.startswith(mark):
            return _strict_or_damaged(data[length:], name)
    claim = codec(declared) if declared else ""
    utf8 = _strict(data, "utf-8")
    if utf8 is not None:
        if claim in _MULTIBYTE and len(_HIGH.findall(data[:64])) == len(data) <= 8:
            text = _strict(data, claim)  # a name of one or two characters proves nothing
            if text is not None:
                return Decoded(text, claim)
        return Decoded(utf8, "utf-8", bool(claim) and claim != "utf-8")
    if claim and claim != "utf-8":
        text = _by_claim(data, claim)
        if text is not None:
            return Decoded(text, claim)
    wide = _wide(data)
    if wide:
        return _strict_or_damaged(data, wide, guessed=True)
    return _guess(data, claim)


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError):
        return None


def _strict_or_damaged(data: bytes, name: str, guessed: bool = False) -> Decoded:
    text = _strict(data, name)
    if text is not None:
        return Decoded(text, name, guessed)
    return Decoded(data.decode(name, "replace"), name, guessed, damaged=True)


def _seven_bit(data: bytes, declared: str) -> Decoded:
    """Bytes below 128 that may still hold other scripts: ISO 2022, HZ, UTF-16 without a mark."""
    if b"\x1b" in data and _ISO2022.search(data):
        for name in ("iso2022_kr",) if b"\x1b$)C" in data else ("iso2022_jp_ext", "iso2022_jp_2"):
            text = _strict(data, name)
            if text is not None:
                return Decoded(text, name)
        return Decoded(data.decode("iso2022_jp_ext", "replace"), "iso2022_jp_ext", damaged=True)
    if codec(declared) == "hz" and b"~{" in data:
        text = _strict(data, "hz")
        if text is not None:
            return Decoded(text, "hz")
    wide = _wide(data) if b"\0" in data else ""
    if wide:
        return _strict_or_damaged(data, wide, guessed=codec(declared) not in (wide, "utf-16"))
    return Decoded(data.decode("ascii"), "ascii")


def _by_claim(data: bytes, claim: str) -> str | None:
    """``data`` read as declared, or ``None`` when that can't be what its writer meant."""
    text = _strict(data, claim)
    if text is None:
        if claim == "cp1252":  # five of its bytes are unassigned; browsers read them as controls
            text = data.decode("cp1252", "surrogateescape")
            if len(re.findall("[\udc80-\udcff]", text)) * 20 > len(_HIGH.findall(data)):
                return None
            return re.sub("[\udc80-\udcff]", lambda m: chr(ord(m.group()) - 0xDC00), text)
        return None
    if claim in ("cp1252", "cp1250", "cp1254", "cp1257", "iso8859-2", "iso8859-15"):
        # Latin letters stand among ASCII ones; long runs above 127 are another script.
        sample = data[:SAMPLE_BYTES]
        if sum(map(len, _HIGH_RUN.findall(sample))) * 2 > len(_HIGH.findall(sample)):
            return None
    return text


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 by where zero bytes stand; ``""`` when they don't show it."""
    sample = data[: 4096 & ~3]
    count = len(sample)
    if count < 4 or b"\0" not in sample:
        return ""
    zeros = [sample[i::4].count(0) * 4 / count for i in range(4)]
    if min(zeros[1:]) > 0.9 > zeros[0]:
        return "utf-32-le" if not len(data) % 4 else ""
    if min(zeros[:3]) > 0.9 > zeros[3]:
        return "utf-32-be" if not len(data) % 4 else ""
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return ""


def _guess(data: bytes, claim: str) -> Decoded:
    from ediscovery.extract.charset_guess import guess

    first = _HIGH.search(data)
    start = max(0, first.start() - 1024) if first else 0
    sample = data[start : start + SAMPLE_BYTES]
    if _mostly_utf8(sample):
        return Decoded(data.decode("utf-8", "replace"), "utf-8", damaged=True)
    name = guess(sample)
    text = _strict(data, name)
    if text is not None:
        return Decoded(text, name, guessed=True)
    if name == "cp1252":
        text = data.decode("cp1252", "surrogateescape")
        text = re.sub("[\udc80-\udcff]", lambda m: chr(ord(m.group()) - 0xDC00), text)
        return Decoded(text, name, guessed=True, damaged=bool(_C1.search(text)))
    return Decoded(data.decode(name, "replace"), name, guessed=True, damaged=True)


def _mostly_utf8(sample: bytes) -> bool:
    """Whether what is not UTF-8 in ``sample`` is damage to UTF-8 rather than another charset."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good > 4 * bad and (good > 8 or bad < 2)
