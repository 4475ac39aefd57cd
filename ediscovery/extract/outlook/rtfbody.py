"""RTF bodies: their compression ([MS-OXRTFCP]) and HTML wrapped in RTF ([MS-OXRTFEX])."""

from __future__ import annotations

import re
from typing import NamedTuple

from ediscovery.extract import codepages
from ediscovery.extract.office import rtf_words as words
from ediscovery.extract.office.rtf_groups import TOKEN, Groups
from ediscovery.extract.outlook.ndb import checksum
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_WRAPPED = re.compile(rb"\\from(html1|text)")
_HEAD = 1024  # the mark stands among the first tokens


class Inflated(NamedTuple):
    """RTF in clear; ``problem`` says what did not fit, ``""`` when all did."""

    data: bytes
    problem: str = ""


def inflate(data: bytes, limit: int) -> Inflated:
    """The RTF of property 0x1009. Raises ``EvidenceError`` when it is not in that form at all.

    What would be longer than ``limit`` bytes is cut there, and ``problem`` says so.
    """
    if len(data) < 16:
        raise EvidenceError(State.CORRUPT, "Its RTF body is too short.")
    stored, size = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
    kind = data[8:12]
    body = data[16 : 4 + stored]
    problem = "" if len(body) == stored - 12 else "Its RTF body is cut."
    if kind == _PLAIN:
        return Inflated(data[16 : 16 + min(size, limit)], problem)
    if kind != _COMPRESSED:
        raise EvidenceError(State.CORRUPT, "Its RTF body is compressed in an unknown way.")
    if not problem and checksum(body) != int.from_bytes(data[12:16], "little"):
        problem = "Its RTF body fails its checksum."
    if size > limit:
        problem = f"Only the first {limit} bytes of its RTF body were read."
    result = _lzfu(body, min(size, limit))
    if len(result) < min(size, limit):
        problem = problem or f"Its RTF body ends after {len(result)} of {size} bytes."
    return Inflated(result, problem)


def _lzfu(body: bytes, size: int) -> bytes:
    out = bytearray(_DICTIONARY)
    start = len(out)
    end = start + size
    at, length = 0, len(body)
    while at < length and len(out) < end:
        control = body[at]
        at += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += body[at : at + 1]
                at += 1
                continue
            if at + 2 > length:
                return bytes(out[start:end])
            token = body[at] << 8 | body[at + 1]
            at += 2
            distance = (len(out) - (token >> 4)) % _WINDOW
            count = (token & 15) + 2
            if not distance:  # a reference to the place being written ends the stream
                return bytes(out[start:end])
            source = len(out) - distance
            if source < 0:
                out += bytes(min(-source, count))
                count -= min(-source, count)
                source = 0
            if distance >= count:
                out += out[source : source + count]
            else:
                piece = out[source : source + distance]
                out += (piece * (count // distance + 1))[:count]
    return bytes(out[start:end])


def wrapped(data: bytes) -> str:
    """What the RTF ``data`` only wraps: ``html``, ``text`` or, when it is RTF itself, ``""``."""
    match = _WRAPPED.search(data, 0, _HEAD)
    return {b"html1": "html", b"text": "text"}[match.group(1)] if match else ""


def unwrap(data: bytes) -> str:
    """The HTML or plain text that the RTF ``data`` wraps, as it was before."""
    reader = _Unwrapper(data)
    reader.run(max(data.find(b"{\\rtf"), 0))
    text = "".join(reader.out)
    if re.search("[\ud800-\udfff]", text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class _State(NamedTuple):
    page: int
    skipped: int
    shown: bool  # outside of \htmlrtf
    fonts: bool  # in the font table


# Groups of RTF's own that never hold the original.
_APART = frozenset(b"colortbl stylesheet info pict object listtable listoverridetable".split())
_CHARACTERS = {**words.CHARACTERS, b"par": "\r\n", b"line": "\r\n", b"\n": "\r\n", b"\r": "\r\n"}
_DEPTH = 10_000


class _Unwrapper(Groups):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.out: list[str] = []
        self.pending = bytearray()
        self.state = _State(1252, 1, True, False)
        self.stack: list[_State] = []
        self.default_font = 0
        self.skip = 0
        self.star = self.fresh = False
        self.jump = -1

    def run(self, at: int) -> None:
        """Go over all tokens from ``at``."""
        token = TOKEN.scanner(self.data, at).match  # type: ignore[attr-defined]
        while match := token():
            kind = match.lastindex
            if kind == 6 or kind == 3:
                raw = match.group(kind)
                if kind == 3:
                    raw = bytes.fromhex(raw.replace(b"\\'", b"").decode("ascii"))
                if self.skip:
                    raw, self.skip = raw[self.skip :], max(0, self.skip - len(raw))
                if self.state.shown and not self.state.fonts:
                    self.pending += raw
                self.fresh = False
            elif kind == 1 or kind == 2:
                number = int(match.group(2)) if kind == 2 else None
                self.word(match.group(1), number, match.end())
                self.fresh = self.star = False
            elif kind == 5:
                if not self.brace(match.group(5)):
                    break
            elif kind == 4:
                symbol = match.group(4)
                if symbol == b"*":
                    self.star = self.fresh
                else:
                    self.character(_CHARACTERS.get(symbol, ""))
            if self.jump >= 0:
                token = TOKEN.scanner(self.data, self.jump).match  # type: ignore[attr-defined]
                self.jump = -1
        self.flush()

    def flush(self) -> None:
        if self.pending:
            self.out.append(codepages.decode(bytes(self.pending), self.state.page))
            self.pending.clear()

    def character(self, text: str) -> None:
        if self.skip:
            self.skip -= 1
        elif self.state.shown and not self.state.fonts:
            self.flush()
            self.out.append(text)

    def brace(self, brace: bytes) -> bool:
        """Whether there is more to come after this brace."""
        self.flush()
        self.skip = 0
        self.fresh, self.star = brace == b"{", False
        if self.fresh:
            if len(self.stack) >= _DEPTH:
                raise EvidenceError(f"{State.LIMIT}:nesting", "Its RTF body nests too deeply.")
            self.stack.append(self.state)
        elif self.stack:
            self.state = self.stack.pop()
        return self.fresh or bool(self.stack)

    def word(self, word: bytes, number: int | None, at: int) -> None:
        character = _CHARACTERS.get(word)
        if character is not None:
            self.character(character)
            return
        self.flush()
        state = self.state
        if word == b"htmlrtf":
            self.state = state._replace(shown=number == 0)
        elif word == b"u":
            if state.shown:
                self.out.append(chr((number or 0) & 0xFFFF))
            self.skip = state.skipped
        elif word == b"uc":
            self.state = state._replace(skipped=min(max(number or 0, 0), 100))
        elif word == b"bin":
            self.jump = min(at + max(number or 0, 0), len(self.data))
        elif word == b"fonttbl":
            self.state = state._replace(fonts=True)
        elif state.fonts:
            self.font_word(word, number or 0)
        elif word == b"f":
            self.state = state._replace(page=self.codepage(number or 0))
        elif word == b"plain":
            self.state = state._replace(page=self.codepage(self.default_font))
        elif word == b"deff":
            self.default_font = number or 0
        elif word in (b"ansi", b"ansicpg", b"mac", b"pc", b"pca"):
            self.charset_word(word, number or 0)
            self.state = state._replace(page=self.default)
        elif self.fresh and (word in _APART or (self.star and word != b"htmltag")):
            self.jump = self.end_of_group(at)
