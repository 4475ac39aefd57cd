"""Rich Text Format: all its text, what is hidden, and the objects and pictures in it.

By the RTF specification 1.9.1. The text has the body first, then footnotes, comments, headers and
footers, each in the order in which they stand; what was deleted stands in its place, marked. The
reader goes over the bytes once, keeps a stack of group states instead of recursing, and never
expands what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ediscovery.extract import codepages
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.dates import utc
from ediscovery.extract.office import rtf_words as words
from ediscovery.extract.office.lines import DELETED, INSERTED, KEPT, mark_deletions
from ediscovery.extract.office.rtf_groups import TOKEN, Groups, Span
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

MAX_GROUPS = 100_000  # nested in one another
_MAX_LINKS = 1000

_PICTURE = re.compile(rb"\\([a-z]+)")
_LINK = re.compile(r'\bHYPERLINK\s+(?:\\l\s+)?(?:"([^"]{1,2000})"|(\S{1,2000}))')
_EXTERNAL = re.compile(r"\s*(?:INCLUDETEXT|INCLUDEPICTURE|INCLUDE|LINK|DDE|DDEAUTO|IMPORT|RD)\b")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t]+\n")
_LINES = re.compile(r"\n{3,}")


@dataclass(slots=True)
class Document:
    """What :func:`read` found. ``fields`` are columns and metadata of an item."""

    text: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    objects: list[Span] = field(default_factory=list)
    pictures: list[Span] = field(default_factory=list)
    open_groups: int = 0  # at the end of the data


def extract(content: Content, context: Context) -> Extraction:
    """Reads an RTF file; embedded objects become children, pictures too (flag ``inline``)."""
    from ediscovery.extract.office.rtf_objects import children

    data = content.read() if content.size < 1 << 26 else content.buffer()
    if not isinstance(data, bytes):
        data = bytes(data)
    document = read(data)
    result = Extraction(
        text=document.text,
        fields=document.fields,
        flags=document.flags,
        warnings=document.warnings,
        expected_children=len(document.objects) + len(document.pictures),
    )
    if document.open_groups > 1 or (document.open_groups and not data.rstrip().endswith(b"}")):
        result.state = State.TRUNCATED
        result.message = f"It ends inside {document.open_groups} open groups."
    elif document.open_groups:
        result.warnings.append("Its last group is not closed.")
    if document.objects or document.pictures:
        result.children = children(data, document, context)
    return result


def read(data: bytes) -> Document:
    """All that ``data``, an RTF file or a mail's RTF body, says.

    Raises ``EvidenceError`` when it is no RTF or nests deeper than :data:`MAX_GROUPS`.
    """
    start = data.find(b"{\\rtf", 0, 4096)
    if start < 0:
        raise EvidenceError(State.CORRUPT, "It does not begin as RTF.")
    reader = _Reader(data)
    reader.run(start)
    return reader.finish()


class _Pieces(list[str]):
    """Text being gathered; ``changed`` says which pieces are tracked changes, by their place."""

    __slots__ = ("changed",)

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[int, int] = {}

    def whole(self) -> str:
        """All of it, deletions marked."""
        if not self.changed:
            return "".join(self)
        return mark_deletions([(p, self.changed.get(n, KEPT)) for n, p in enumerate(self)])


class _State(NamedTuple):
    """What ends with a group. ``out`` is where text goes, ``None`` for nowhere."""

    out: _Pieces | None
    page: int
    skipped: int  # bytes that stand for a \u character in old readers
    hidden: bool
    place: str
    close: str  # what to do with ``out`` when the group ends
    change: int = KEPT  # or INSERTED or DELETED


class _Reader(Groups):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.document = Document()
        self.body, self.headers = _Pieces(), _Pieces()
        self.notes: list[str] = []
        self.comments: list[str] = []
        self.state = _State(self.body, 1252, 1, False, "", "")
        self.stack: list[_State] = []
        self.pending = bytearray()
        self.skip = 0  # characters still to be left out after \u
        self.star = False  # after \\*: an unknown destination is to be left out
        self.fresh = False  # at the start of a group, where alone destinations stand
        self.default_font = 0
        self.jump = -1
        self.author = self.object_class = self.shape_name = ""
        self.in_object = 0  # depth at which an object's picture stands in for it
        self.upr: _Pieces | None = None
        self.time = [0] * 6
        self.words, self.destinations = _formats(self), _destinations(self)

    def run(self, at: int) -> None:
        """Go over all tokens from ``at``."""
        token = TOKEN.scanner(self.data, at).match  # type: ignore[attr-defined]
        characters, handlers = words.CHARACTERS, self.words
        while match := token():
            kind = match.lastindex
            if kind == 6:
                self.text(match.group(6))
                self.fresh = False
            elif kind == 1 or kind == 2:
                word = match.group(1)
                number = int(match.group(2)) if kind == 2 else None
                character = characters.get(word)
                if self.skip and word != b"u" and word != b"bin":
                    self.skip -= 1
                elif character is not None:
                    self.character(character)
                elif word in handlers:
                    handlers[word](word, number, match.end())
                elif self.fresh:
                    self.destination(word, number, match.end())
                self.fresh = False
            elif kind == 5:
                self.brace(match.group(5))
                if not self.stack and match.group(5) == b"}":
                    self.tail(match.end())
                    return
            elif kind == 3:
                self.hex(match.group(3))
                self.fresh = False
            elif kind == 4:
                self.symbol(match.group(4))
            if self.jump >= 0:
                token = TOKEN.scanner(self.data, self.jump).match  # type: ignore[attr-defined]
                self.jump = -1

    def destination(self, word: bytes, number: int | None, at: int) -> None:
        """The first control word of a group."""
        handler = self.destinations.get(word)
        if handler is not None:
            handler(word, number, at)
        elif self.star:
            self.jump = self.end_of_group(at)
        self.star = False

    # tokens

    def text(self, raw: bytes) -> None:
        if self.skip:
            raw, self.skip = raw[self.skip :], max(0, self.skip - len(raw))
        out = self.state.out
        if out is None or not raw:
            return
        if self.state.hidden:
            self.document.flags.add("hidden_text")
        if self.pending or not raw.isascii():
            self.pending += raw
        else:
            self.put(out, raw.decode("ascii"))

    def hex(self, raw: bytes) -> None:
        data = bytes.fromhex(raw.replace(b"\\'", b"").decode("ascii"))
        if self.skip:
            data, self.skip = data[self.skip :], max(0, self.skip - len(data))
        if self.state.out is not None:
            self.pending += data
            if self.state.hidden and data:
                self.document.flags.add("hidden_text")

    def symbol(self, raw: bytes) -> None:
        if raw == b"*":
            self.star = self.fresh
        elif self.skip:
            self.skip -= 1
        else:
            self.fresh = False
            self.character(words.CHARACTERS.get(raw, ""))

    def character(self, text: str) -> None:
        out = self.state.out
        if out is not None:
            if self.pending:
                self.flush()
            self.put(out, text)

    def put(self, out: _Pieces, text: str) -> None:
        """Append ``text``, noting whether it is a tracked change."""
        if self.state.change:
            out.changed[len(out)] = self.state.change
        out.append(text)

    def flush(self) -> None:
        """Decode the bytes that are waiting in the code page of their font."""
        out = self.state.out
        if out is not None:
            self.put(out, codepages.decode(bytes(self.pending), self.state.page))
        self.pending.clear()

    def brace(self, brace: bytes) -> None:
        if self.pending:
            self.flush()
        self.skip = 0
        self.star = False
        self.fresh = brace == b"{"
        if self.fresh:
            if len(self.stack) >= MAX_GROUPS:
                raise EvidenceError(f"{State.LIMIT}:nesting", "Its groups nest too deeply.")
            self.stack.append(self.state)
            if self.state.close:
                self.state = self.state._replace(close="")
        elif self.stack:
            if self.state.close:
                self.closed(self.state)
            self.state = self.stack.pop()
            if len(self.stack) < self.in_object:
                self.in_object = 0

    # words

    def into(self, out: _Pieces | None, place: str = "", close: str = "") -> None:
        """From here to the end of the group, text goes to ``out``."""
        if self.pending:
            self.flush()
        self.state = self.state._replace(out=out, place=place, close=close)

    def unicode(self, word: bytes, number: int | None, at: int) -> None:
        if self.pending:
            self.flush()
        self.skip = self.state.skipped
        if number is not None and self.state.out is not None:
            self.put(self.state.out, chr(number & 0xFFFF))
            if self.state.hidden:
                self.document.flags.add("hidden_text")

    def format(self, word: bytes, number: int | None, at: int) -> None:
        """Words that change how the text after them is to be read."""
        if self.pending:
            self.flush()
        state = self.state
        if state.place == "fonts":
            self.font_word(word, number or 0)
        elif word == b"uc":
            self.state = state._replace(skipped=min(max(number or 0, 0), 100))
        elif word == b"f":
            self.state = state._replace(page=self.codepage(number or 0))
        elif word == b"v":
            self.state = state._replace(hidden=number != 0)
        elif word == b"plain":
            page = self.codepage(self.default_font)
            self.state = state._replace(hidden=False, page=page, change=KEPT)
        elif word == b"deff":
            self.default_font = number or 0
        elif word in (b"deleted", b"revised"):
            kind = DELETED if word == b"deleted" else INSERTED
            if number != 0:
                self.document.flags.add("tracked_changes")
                self.state = state._replace(change=kind)
            elif state.change == kind:
                self.state = state._replace(change=KEPT)
        else:
            self.font_word(word, number or 0)

    def charset(self, word: bytes, number: int | None, at: int) -> None:
        self.charset_word(word, number or 0)
        self.state = self.state._replace(page=self.default)

    def binary(self, word: bytes, number: int | None, at: int) -> None:
        self.jump = min(at + max(number or 0, 0), len(self.data))

    def skipped(self, word: bytes, number: int | None, at: int) -> None:
        self.jump = self.end_of_group(at)

    def font_table(self, word: bytes, number: int | None, at: int) -> None:
        self.into(None, "fonts")

    def info(self, word: bytes, number: int | None, at: int) -> None:
        if word in (b"info", b"userprops"):
            self.into(None, "info")
        elif word in words.INFO and self.state.place == "info":
            self.into(_Pieces(), "info", words.INFO[word])
        elif word in (b"propname", b"staticval"):
            self.into(_Pieces(), "info", word.decode())
        elif word in words.TIMES:
            self.time = [0] * 6
            self.into(None, "info", words.TIMES[word])
        elif word in words.COUNTS and number and self.state.place == "info":
            self.document.fields[words.COUNTS[word]] = number
        elif word in words.TIME_PARTS and number is not None:
            self.time[words.TIME_PARTS[word]] = number

    def capture(self, word: bytes, number: int | None, at: int) -> None:
        """Destinations whose text goes elsewhere."""
        name = word.decode()
        if word in words.HEADERS:
            self.into(self.headers, close="header")
        elif word == b"upr":
            self.upr = self.state.out
            self.into(None)
        elif word == b"ud":
            self.into(self.upr)
        else:
            self.into(_Pieces(), close=name)

    def object(self, word: bytes, number: int | None, at: int) -> None:
        if word == b"object":
            self.object_class = ""
            self.in_object = len(self.stack)
        elif word == b"objclass":
            end = self.end_of_group(at)
            name = re.sub(rb"\\[a-z]+-?\d* ?|[{}]", b"", self.data[at:end])
            self.object_class = name.decode("cp1252", "replace").strip()
            self.jump = end
        elif word == b"objlink" or word == b"objautlink":
            self.document.flags.add("external_reference")
            self.in_object = 0  # its picture is all that the file has of it
        else:
            end = self.jump = self.end_of_group(at)
            if end > at:
                self.document.objects.append(Span(at, end, self.object_class))

    def picture(self, word: bytes, number: int | None, at: int) -> None:
        end = self.jump = self.end_of_group(at)
        if self.in_object:
            return  # only the look of an object that is a child itself
        for match in _PICTURE.finditer(self.data, at, min(end, at + 4096)):
            kind = words.PICTURES.get(match.group(1))
            if kind:
                self.document.pictures.append(Span(at, end, kind))
                return

    # ends

    def closed(self, state: _State) -> None:
        """A destination's group ends: keep what it gathered."""
        kind, text = state.close, state.out.whole().strip() if state.out else ""
        fields = self.document.fields
        outer = self.stack[-1].out if self.stack else None
        if kind in words.TIMES.values():
            fields[kind] = moment(self.time)
        elif kind == "header":
            self.headers.append("\n")
        elif kind == "footnote":
            self.notes.append(text)
        elif kind == "atnauthor":
            self.author = text
        elif kind == "annotation":
            self.document.flags.add("comments")
            self.comments.append(f"{self.author}: {text}" if self.author else text)
        elif kind == "sn":
            self.shape_name = text
        elif kind == "sv":
            if self.shape_name in ("gtextUNICODE", "wzDescription") and outer is not None:
                outer.append(f" {text} ")
        elif kind == "fldinst":
            self.field(text)
        elif kind in ("ffdeftext", "ffl"):
            self.document.flags.add("form")
            if outer is not None:
                outer.append(f" {text} ")
        elif kind == "propname":
            self.shape_name = text
        elif kind == "staticval":
            name = re.sub(r"\W+", "_", self.shape_name.lower())[:60]
            if name and len(fields) < 200:
                fields[f"custom_{name}"] = text
        elif text:
            fields[kind] = text

    def field(self, instruction: str) -> None:
        """Note where a field's instruction points."""
        match = _LINK.search(instruction)
        links = self.document.fields.setdefault("links", [])
        if match and len(links) < _MAX_LINKS:
            links.append(match.group(1) or match.group(2))
        if not links:
            del self.document.fields["links"]
        if _EXTERNAL.match(instruction):
            self.document.flags.add("external_reference")

    def tail(self, at: int) -> None:
        """What stands after the document's end is no part of it, but is not kept silent."""
        rest = len(self.data[at:].strip(b"\0\r\n\t \x1a"))
        if rest > 16:
            self.document.warnings.append(f"{rest} bytes follow the end of the RTF.")

    def finish(self) -> Document:
        """Put the parts of the text together."""
        if self.pending:
            self.flush()
        document = self.document
        document.open_groups = len(self.stack)
        while self.stack:  # keep what open groups gathered
            if self.state.close:
                self.closed(self.state)
            self.state = self.stack.pop()
        parts = [self.body.whole()]
        parts += [note for note in self.notes if note]
        parts += [comment for comment in self.comments if comment]
        parts.append(self.headers.whole())
        text = "\n".join(part for part in parts if part.strip())
        if _SURROGATES.search(text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = text.replace("\xa0", " ")
        document.text = _LINES.sub("\n\n", _BLANKS.sub("\n", text)).strip("\n")
        for name in ("created_at", "modified_at", "printed_at", "backed_up_at"):
            if not document.fields.get(name, "x"):
                del document.fields[name]
        return document


_Handlers = dict[bytes, Callable[[bytes, int | None, int], None]]


def _formats(reader: _Reader) -> _Handlers:
    """What to do at control words that may stand anywhere; the others mean nothing for the text."""
    result: _Handlers = {}
    changes = b"uc f v plain deff deleted revised fcharset cpg".split()
    result.update(dict.fromkeys(changes, reader.format))
    result.update(dict.fromkeys((b"ansi", b"ansicpg", b"mac", b"pc", b"pca"), reader.charset))
    result.update(dict.fromkeys((*words.COUNTS, *words.TIME_PARTS), reader.info))
    result.update(dict.fromkeys((b"objlink", b"objautlink"), reader.object))
    result.update({b"u": reader.unicode, b"bin": reader.binary})
    return result


def _destinations(reader: _Reader) -> _Handlers:
    """What to do at the control words that may begin a group."""
    result: _Handlers = {}
    result.update(dict.fromkeys(words.SKIPPED, reader.skipped))
    result.update(dict.fromkeys(words.SEEN, _nothing))
    info = (b"info", b"userprops", b"propname", b"staticval", *words.INFO, *words.TIMES)
    result.update(dict.fromkeys(info, reader.info))
    capture = b"upr ud footnote annotation atnauthor sn sv fldinst ffdeftext ffl".split()
    result.update(dict.fromkeys((*capture, *words.HEADERS), reader.capture))
    result.update(dict.fromkeys((b"object", b"objclass", b"objdata"), reader.object))
    result.update({b"fonttbl": reader.font_table, b"pict": reader.picture})
    return result


def _nothing(word: bytes, number: int | None, at: int) -> None:
    """A destination whose text belongs where it stands."""


def moment(parts: list[int]) -> str:
    """Year to second, zone unknown and taken as UTC, as UTC text; ``""`` when no such time."""
    try:
        return utc(datetime(parts[0], *[max(p, 1) for p in parts[1:3]], *parts[3:]))  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError):
        return ""
