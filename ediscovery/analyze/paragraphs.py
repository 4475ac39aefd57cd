"""Cuts a text into paragraphs that are equal wherever they are quoted.

Mail repeats itself: what is found in a paragraph is computed once in a matter and placed wherever
it stands again. A paragraph's text is free of quote marks and line wrapping, so a quoted one equals
its original; ``docs/entities.md`` has the rules.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

MAX_CHARS = 4000  # a longer paragraph is cut at a blank
MAX_WORD = 1000  # a longer run without a blank is cut anywhere
MODEL_CHARS = 2_000_000  # of one document, about a minute; beyond, only rules are applied
BLOCK_CHARS = 50  # lines that are all shorter are an address or a list: their ends are kept

_QUOTE = re.compile(r">[>\s]*")
_WORD = re.compile(r"\S+")
_HEADER = re.compile(r"([A-Z][A-Za-z-]{1,30}): ?")
_PROSE_HEADERS = frozenset({"Subject"})


class Paragraph(NamedTuple):
    """One paragraph. ``text[starts[i]]`` stands at ``origins[i]`` in the document, and so on.

    ``digest`` (16 bytes) is equal for equal text of equal kind; ``prose`` is false for what no
    model is to read: header lines other than the subject, and what ``split`` was told.
    """

    digest: bytes
    text: str
    prose: bool
    starts: list[int]
    origins: list[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the document of the characters from ``start`` to ``end`` (exclusive)."""
        return self._origin(start), self._origin(end - 1) + 1

    def _origin(self, offset: int) -> int:
        run = bisect_right(self.starts, offset) - 1
        return self.origins[run] + offset - self.starts[run]


def split(
    text: str, body_start: int = 0, *, prose: bool = True, salt: bytes = b""
) -> list[Paragraph]:
    """The paragraphs of ``text`` in order; every letter and digit of it stands in exactly one.

    Each line before ``body_start`` (a mail's header block) is a paragraph without its field name.
    ``prose`` is false for a document in a language that no model reads; what lies beyond
    :data:`MODEL_CHARS` is not prose either. ``salt`` (up to 16 bytes) keeps digests of different
    settings apart.
    """
    result: list[Paragraph] = []
    builder = _Builder(result, salt)
    for start, line in _lines(text[:body_start], 0):
        name = _HEADER.match(line)
        skip = name.end() if name else 0
        builder.prose = prose and name is not None and name[1] in _PROSE_HEADERS
        builder.add(line[skip:], start + skip)
        builder.end()
    builder.prose = prose
    depth = 0
    for start, line in _lines(text[body_start:], body_start):
        quote = _QUOTE.match(line)
        inside = 0
        if quote:
            inside = quote[0].count(">")
            start += quote.end()
            line = line[quote.end() :]
        if inside != depth:
            builder.end()
            depth = inside
        if any(map(str.isalnum, line)):
            builder.add(line, start)
        else:
            builder.end()
    builder.end()
    return result


def _lines(text: str, offset: int) -> Iterator[tuple[int, str]]:
    """Each line without white space around it, and where it starts."""
    for line in text.replace("\f", "\n").split("\n"):
        inner = line.lstrip()
        yield offset + len(line) - len(inner), inner.rstrip()
        offset += len(line) + 1


class _Builder:
    """Collects lines into the paragraph that is being read."""

    def __init__(self, result: list[Paragraph], salt: bytes) -> None:
        self._result, self._salt = result, salt
        self.prose = True
        self._reset()

    def _reset(self) -> None:
        self._pieces: list[str] = []
        self._starts: list[int] = []
        self._origins: list[int] = []
        self._breaks: list[int] = []  # where lines were joined
        self._length = 0
        self._longest = 0

    def add(self, line: str, origin: int) -> None:
        """Append ``line``, which stands at ``origin`` in the document."""
        if not line:
            return
        self._longest = max(self._longest, len(line))
        if self._fits(line) and " ".join(line.split()) == line:
            self._join(wrapped=True)
            self._append(line, origin)
            return
        wrapped = True
        for word in _WORD.finditer(line):
            whole = word[0]
            for at in range(0, len(whole), MAX_WORD):
                piece = whole[at : at + MAX_WORD]
                if at or not self._fits(piece):
                    longest = self._longest
                    self.end()
                    self._longest = longest
                self._join(wrapped)
                self._append(piece, origin + word.start() + at)
            wrapped = False

    def _fits(self, piece: str) -> bool:
        return self._length + bool(self._pieces) + len(piece) <= MAX_CHARS

    def _join(self, wrapped: bool) -> None:
        if self._pieces:
            if wrapped:
                self._breaks.append(len(self._pieces))
            self._pieces.append(" ")
            self._length += 1

    def _append(self, piece: str, origin: int) -> None:
        self._starts.append(self._length)
        self._origins.append(origin)
        self._pieces.append(piece)
        self._length += len(piece)

    def end(self) -> None:
        """Finish the paragraph, if there is one."""
        if not self._pieces:
            return
        if self._longest < BLOCK_CHARS:
            for place in self._breaks:
                self._pieces[place] = "\n"
        text = "".join(self._pieces)
        prose = self.prose and self._origins[0] < MODEL_CHARS
        digest = blake2b(
            text.encode("utf-8", "replace"),
            digest_size=16,
            salt=self._salt,
            person=b"prose" if prose else b"",
        ).digest()
        self._result.append(Paragraph(digest, text, prose, self._starts, self._origins))
        self._reset()
