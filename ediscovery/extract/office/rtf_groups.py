"""The tokens of RTF, its groups and code pages, and data written in it as hexadecimal digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ediscovery.extract import codepages
from ediscovery.extract.office import rtf_words as words

# 1 word 2 number 3 bytes in hex 4 symbol 5 brace 6 text
TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,10})? ?|((?:\\'[0-9A-Fa-f]{2})+)|\\([^A-Za-z])|([{}])"
    rb"|([^\\{}\r\n]+)|[\r\n]+|\\"
)
_BRACES = re.compile(rb"\\bin(\d{1,10}) ?|\\[\\{}]|([{}])")
_NO_HEX = re.compile(rb"[^0-9A-Fa-f]+")


class Span(NamedTuple):
    """Hexadecimal data of an object or picture: ``kind`` is its OLE class or file extension."""

    start: int
    end: int
    kind: str


class Groups:
    """Walking over groups: shared by the text reader and the reader of wrapped HTML."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.fonts: dict[int, int] = {}  # code page of each font
        self.default = 1252
        self.font = 0  # the one whose entry in the font table is being read

    def end_of_group(self, at: int) -> int:
        """Where the group that is open at ``at`` closes; the end of the data when it doesn't."""
        depth = 1
        while True:
            for match in _BRACES.finditer(self.data, at):
                if match.lastindex == 1:
                    at = match.end() + int(match.group(1))
                    break
                if match.lastindex == 2:
                    depth += 1 if match.group(2) == b"{" else -1
                    if not depth:
                        return match.start()
            else:
                return len(self.data)

    def codepage(self, font: int) -> int:
        """The code page of ``font``, the document's when the font table does not say."""
        return self.fonts.get(font, self.default)

    def font_word(self, word: bytes, number: int) -> None:
        """A control word inside the font table."""
        if word == b"f":
            self.font = number
        elif word == b"fcharset":
            page = words.CHARSETS.get(number)
            if page is not None:
                self.fonts.setdefault(self.font, page)
        elif word == b"cpg" and codepages.codec(number):
            self.fonts[self.font] = number

    def charset_word(self, word: bytes, number: int) -> None:
        """A control word of the header that sets the document's code page."""
        if word == b"ansicpg" and codepages.codec(number):
            self.default = number
        else:
            self.default = {b"mac": 10000, b"pc": 437, b"pca": 850}.get(word, self.default)


def hex_data(data: bytes, span: Span) -> Iterator[bytes]:
    """The bytes that ``span`` of ``data`` writes in hex digits or behind ``\\bin``."""
    piece = data[span.start : span.end]
    raw = re.search(rb"\\bin(\d{1,10}) ?", piece)
    if raw:
        yield piece[raw.end() : raw.end() + int(raw.group(1))]
        return
    # Control words before the digits and groups within them are no data.
    piece = re.sub(rb"\{[^{}]*\}|\\\*?[a-z]+-?\d* ?|\\\*", b" ", piece)
    digits = _NO_HEX.sub(b"", piece)
    yield bytes.fromhex(digits[: len(digits) & ~1].decode("ascii"))
