"""The objects of a PDF below its pages: what they could do, what files they hold.

MuPDF hands out each object as normalised source text; what matters is parsed from that, so that
nothing depends on the trees (names, pages) that a damaged or hostile file may have broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_MOST_OBJECTS = 200_000  # looked at; more are no document that anyone wrote
_TOKEN = re.compile(
    r"\s*(?:(<<|>>|\[|\])|/((?:[^\s()<>\[\]{}/%])*)|(\d+)\s+\d+\s+R\b|(\()|<([0-9A-Fa-f\s]*)>"
    r"|([^\s()<>\[\]{}/%]+)|.)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3}|\r\n|\r|\n|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_STRING_PART = re.compile(r"[^()\\]+|\\.|[()]", re.DOTALL)
_HEX = re.compile(r"#([0-9A-Fa-f]{2})")
_FLAGS: tuple[tuple[str, str], ...] = (
    ("/S/JavaScript", "javascript"),
    ("/JS(", "javascript"),
    ("/JS ", "javascript"),
    ("/S/Launch", "launch"),
    ("/S/SubmitForm", "external_reference"),
    ("/S/ImportData", "external_reference"),
    ("/S/GoToR", "external_reference"),
)


class Ref(NamedTuple):
    """A reference to object ``number``."""

    number: int


class Name(str):
    """A PDF name, without its slash."""

    __slots__ = ()


@dataclass(slots=True)
class Embedded:
    """One file held by a PDF: the object number of its stream, its name, what is said of it."""

    stream: int
    name: str
    description: str = ""


@dataclass(slots=True)
class Survey:
    """What a look at all objects shows."""

    flags: set[str] = field(default_factory=set)
    embedded: list[Embedded] = field(default_factory=list)
    whole: bool = True  # False when there were too many objects to look at all


def survey(document: Any) -> Survey:
    """Flags and embedded files of ``document`` (a ``pymupdf.Document``), in object order."""
    found = Survey()
    count = document.xref_length()
    seen: dict[int, Embedded] = {}
    streams: list[int] = []
    for number in range(1, min(count, _MOST_OBJECTS)):
        try:
            source = document.xref_object(number, compressed=True)
        except Exception:  # a broken object; MuPDF has its own error classes
            continue
        for mark, flag in _FLAGS:
            if mark in source:
                found.flags.add(flag)
        if "/EF" in source:
            for embedded in _filespecs(document, source):
                known = seen.setdefault(embedded.stream, embedded)
                known.name = known.name or embedded.name
        elif "/Type/EmbeddedFile" in source:
            streams.append(number)
    for number in streams:  # held, but announced by no file specification
        seen.setdefault(number, Embedded(number, ""))
    found.embedded = list(seen.values())
    found.whole = count <= _MOST_OBJECTS
    return found


def _filespecs(document: Any, source: str) -> Iterator[Embedded]:
    for node in _dictionaries(parse(source)):
        files = resolved(document, node.get("EF"))
        if not isinstance(files, dict):
            continue
        name = next(
            (text(node[key]) for key in ("UF", "F", "Unix", "DOS", "Mac") if node.get(key)), ""
        )
        for key in ("UF", "F", "Unix", "DOS", "Mac"):
            stream = files.get(key)
            if isinstance(stream, Ref):
                yield Embedded(stream.number, name, text(node.get("Desc", "")))
                break


def _dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def resolved(document: Any, value: Any) -> Any:
    """``value``, or what it refers to, one step down."""
    if isinstance(value, Ref):
        try:
            return parse(document.xref_object(value.number, compressed=True))
        except Exception:  # MuPDF's own error classes
            return None
    return value


def parse(source: str) -> Any:
    """A PDF object from its source: dict, list, :class:`Name`, :class:`Ref`, bytes (a string), or
    the bare word of a number or keyword. What is broken ends the object early.
    """
    root: list[Any] = []
    stack: list[tuple[list[Any], bool]] = [(root, False)]
    at, end = 0, len(source)
    while at < end:
        match = _TOKEN.match(source, at)
        if match is None:
            break
        at = match.end()
        bracket, name, reference, opened, digits, word = match.groups()
        into = stack[-1][0]
        if bracket in ("<<", "["):
            stack.append(([], bracket == "<<"))
        elif bracket is not None:
            if len(stack) == 1:
                break
            values, mapping = stack.pop()
            stack[-1][0].append(_mapping(values) if mapping else values)
            if len(stack) == 1:
                break
        elif name is not None:
            into.append(Name(_HEX.sub(lambda m: chr(int(m.group(1), 16)), name)))
        elif reference is not None:
            into.append(Ref(int(reference)))
        elif opened is not None:
            raw, at = _literal(source, at)
            into.append(raw)
        elif digits is not None:
            even = "".join(digits.split())
            into.append(bytes.fromhex(even + "0" * (len(even) % 2)))
        elif word is not None:
            into.append(word)
    while len(stack) > 1:
        values, mapping = stack.pop()
        stack[-1][0].append(_mapping(values) if mapping else values)
    return root[0] if root else None


def _mapping(values: list[Any]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    key: str | None = None
    for value in values:
        if key is None:
            key = value if isinstance(value, Name) else None
        else:
            pairs.setdefault(str(key), value)
            key = None
    return pairs


def _literal(source: str, at: int) -> tuple[bytes, int]:
    """The string whose opening parenthesis stands before ``at``, and where it ends."""
    depth, start = 1, at
    for match in _STRING_PART.finditer(source, at):
        piece = match.group()
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            return _unescaped(source[start : match.start()]), match.end()
    return _unescaped(source[start:]), len(source)


def _unescaped(source: str) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        found = match.group(1)
        if found[:1].isdigit():
            return bytes((int(found, 8) & 255,))
        if found in (b"\r\n", b"\r", b"\n"):
            return b""
        return _LETTERS.get(found, found)

    raw = source.encode("latin-1", "replace") if _is_latin(source) else source.encode("utf-8")
    return _ESCAPE.sub(plain, raw)


def _is_latin(source: str) -> bool:
    return source.isascii() or max(source) < "\u0100"


# PDFDocEncoding where it differs from Latin-1 (ISO 32000-1, annex D.2).
_PDF_DOC = {
    **{0x18 + i: c for i, c in enumerate("˘ˇˆ˙˝˛˚˜")},
    **{0x80 + i: c for i, c in enumerate("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž")},
    0xA0: "€",
}


def text(value: Any) -> str:
    """A PDF text string: UTF-16 or UTF-8 with their marks, else PDFDocEncoding."""
    if not isinstance(value, bytes):
        return str(value) if value else ""
    if value[:2] == b"\xfe\xff":
        return value[2:].decode("utf-16-be", "replace")
    if value[:2] == b"\xff\xfe":
        return value[2:].decode("utf-16-le", "replace")
    if value[:3] == b"\xef\xbb\xbf":
        return value[3:].decode("utf-8", "replace")
    return value.decode("latin-1").translate(_PDF_DOC)
