"""Word 97 to 2003 documents: the text of every story, with what was deleted or hidden ([MS-DOC]).

Word 6 and 95 files, whose structure differs, are left to Tika.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.contract import Context, Extraction
from ediscovery.extract.office import field_codes
from ediscovery.extract.office.lines import DELETED, KEPT, Lines, mark_deletions
from ediscovery.extract.office.word97_lists import Lists
from ediscovery.extract.office.word97_properties import Runs

_WORD_97 = 0x00C1
_FC_LCB = 154  # where pairs of offset and length into the table stream begin
_CLX, _COMMENT_MARKS, _COMMENT_TEXTS, _COMMENT_OWNERS, _REVISERS = 33, 4, 5, 36, 51
_LISTS = 73
_COUNTS = 76  # where the character counts of the stories begin
_MARKS = re.compile("([\x13\x14\x15])")
_WIDE_MARK, _NARROW_MARK = re.compile(b"[\r\x07]\0"), re.compile(b"[\r\x07]")
_CELLS = re.compile("\x07{2,}")
_SPECIAL = {
    0x00: None, 0x01: None, 0x02: None, 0x03: None, 0x04: None, 0x05: None, 0x06: None,
    0x07: "\t", 0x08: None, 0x0B: "\n", 0x0D: "\n", 0x0E: "\n", 0x1E: "-", 0x1F: "\u00ad",
}  # fmt: skip


@dataclass(slots=True)
class _Header:
    """What the file information block says."""

    data: bytes
    table: bytes
    counts: tuple[int, ...]

    def part(self, index: int) -> bytes:
        """Structure number ``index`` of the table stream; ``b""`` when there is none."""
        at = _FC_LCB + 8 * index
        if at + 8 > len(self.data):
            return b""
        offset, length = struct.unpack_from("<II", self.data, at)
        return self.table[offset : offset + length]

    def behind(self, index: int) -> bytes:
        """The table stream from structure number ``index`` on; ``b""`` when there is none."""
        at = _FC_LCB + 8 * index
        if at + 8 > len(self.data):
            return b""
        offset, length = struct.unpack_from("<II", self.data, at)
        return self.table[offset:] if length else b""


@dataclass(slots=True)
class _Piece:
    """A stretch of text: where it starts in characters and in the file, and how it is stored."""

    start: int
    end: int
    offset: int
    wide: bool


@dataclass(slots=True)
class _Fields:
    """Fields that are open at a place, each the pieces of its instruction or ``None`` after it."""

    open: list[list[str] | None] = field(default_factory=list)
    links: dict[str, None] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    fetching: list[str] = field(default_factory=list)
    starts: bool = False


def read(ole: Any, lines: Lines, result: Extraction, context: Context) -> bool:
    """Writes the text to ``lines``; ``False`` when the version is one that Tika must read."""
    header = _header(ole)
    if header is None:
        return False
    pieces = _pieces(header)
    if not pieces:
        return False
    runs = Runs(header.data, header.part(12))
    if runs.deleted or runs.inserted:
        result.flags.add("tracked_changes")
        result.fields["revision_authors"] = _strings(header.part(_REVISERS))[:100]
    lists = Lists(header.data, header.part, header.behind(_LISTS))
    fields = _Fields()
    limit = context.profile.limits.text_bytes
    first = 0
    for number, count in enumerate(_stories(header.counts)):
        if count:
            stop = first + count
            story = list(_segments(header.data, pieces, runs, first, stop, limit))
            if lists:
                story = _labelled(story, _labels(header.data, pieces, lists, first, stop))
            if any(hidden and text.strip() for text, _, hidden in story):
                result.flags.add("hidden_text")
            if number == 3:
                result.flags.add("comments")
                for line in _comments(header, "".join(text for text, _, _ in story)):
                    lines.line(line)
            else:
                lines.add(_text(story, fields).rstrip("\n") + "\n")
        first += count
    for line in (*fields.entries, *fields.links):
        lines.line(line)
    _note_fields(fields, result)
    if struct.unpack_from("<H", header.data, 10)[0] & 0x0004:
        result.flags.add("prior_revisions")  # saved "fast": what was removed may still be inside
    return True


def _header(ole: Any) -> _Header | None:
    data = ole.openstream("WordDocument").read()
    if len(data) < _FC_LCB + 8 * (_CLX + 1):
        return None
    version, flags = struct.unpack_from("<2xH6xH", data)
    if version < _WORD_97:
        return None
    table = "1Table" if flags & 0x0200 else "0Table"
    if not ole.exists(table):
        table = "0Table" if table == "1Table" else "1Table"
    return _Header(data, ole.openstream(table).read(), struct.unpack_from("<8i", data, _COUNTS))


def _stories(counts: tuple[int, ...]) -> list[int]:
    """Characters of body, footnotes, headers, comments, endnotes, boxes, boxes of headers."""
    body, notes, headers, _, comments, ends, boxes, header_boxes = (max(0, c) for c in counts)
    return [body, notes, headers, comments, ends, boxes, header_boxes]


def _pieces(header: _Header) -> list[_Piece]:
    table = header.part(_CLX)
    at = 0
    while at + 3 <= len(table) and table[at] == 1:  # formatting of pieces
        at += 3 + struct.unpack_from("<H", table, at + 1)[0]
    if at + 5 > len(table) or table[at] != 2:
        return []
    (size,) = struct.unpack_from("<I", table, at + 1)
    plc = table[at + 5 : at + 5 + size]
    count = (len(plc) - 4) // 12
    if count < 1:
        return []
    places = struct.unpack_from(f"<{count + 1}I", plc)
    result = []
    for index in range(count):
        (offset,) = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * index + 2)
        wide = not offset & 0x40000000
        offset &= 0x3FFFFFFF
        result.append(
            _Piece(places[index], places[index + 1], offset if wide else offset // 2, wide)
        )
    return result


def _segments(
    data: bytes, pieces: list[_Piece], runs: Runs, first: int, last: int, limit: int
) -> Iterator[tuple[str, int, bool]]:
    """Text of the characters from ``first`` to ``last``: pieces with their kind, hidden or not."""
    left = limit + 1
    for piece in pieces:
        start, end = max(first, piece.start), min(last, piece.end)
        if start >= end or left <= 0:
            continue
        width = 2 if piece.wide else 1
        low = piece.offset + (start - piece.start) * width
        high = piece.offset + (end - piece.start) * width
        for begin, stop, kind, hidden in runs.between(low, high):
            raw = data[begin:stop]
            if piece.wide:
                text = raw.decode("utf-16-le", "replace")
            else:
                text = raw.decode("cp1252", "replace")
            left -= len(text)
            yield text, kind, hidden


def _labels(
    data: bytes, pieces: list[_Piece], lists: Lists, first: int, last: int
) -> list[tuple[int, str]]:
    """Automatic numbers of the paragraphs between two characters: place in the story, number."""
    result: list[tuple[int, str]] = []
    begins = first
    for piece in pieces:
        start, end = max(first, piece.start), min(last, piece.end)
        if start >= end:
            continue
        width = 2 if piece.wide else 1
        low = piece.offset + (start - piece.start) * width
        for match in (_WIDE_MARK if piece.wide else _NARROW_MARK).finditer(
            data, low, low + (end - start) * width
        ):
            if (match.start() - low) % width:
                continue
            label = lists.label(match.start())
            if label:
                result.append((begins - first, label))
            begins = start + (match.start() - low) // width + 1
    return result


def _labelled(
    story: list[tuple[str, int, bool]], labels: list[tuple[int, str]]
) -> list[tuple[str, int, bool]]:
    """``story`` with ``labels`` put in at their places."""
    result: list[tuple[str, int, bool]] = []
    waiting = iter(labels)
    place, label = next(waiting, (-1, ""))
    at = 0
    for text, kind, hidden in story:
        done = 0
        while label and place < at + len(text):
            if place - at > done:
                result.append((text[done : place - at], kind, hidden))
                done = place - at
            result.append((label, KEPT, False))
            place, label = next(waiting, (-1, ""))
        result.append((text[done:], kind, hidden))
        at += len(text)
    return result


def _text(story: list[tuple[str, int, bool]], fields: _Fields) -> str:
    """A story's text as read, paragraph by paragraph where something was deleted."""
    shown: list[tuple[str, int]] = []
    for text, kind, _ in story:
        if not fields.open and "\x13" not in text:
            shown.append((text, kind))
        else:
            shown.extend((part, kind) for part in _outside_instructions(text, fields))
    if all(kind != DELETED for _, kind in shown):
        return _plain("".join(text for text, _ in shown))
    out: list[str] = []
    paragraph: list[tuple[str, int]] = []
    for text, kind in shown:
        parts = text.split("\r")
        for part in parts[:-1]:
            paragraph.append((part, kind))
            out.append(mark_deletions(paragraph) + "\r")
            paragraph = []
        paragraph.append((parts[-1], kind))
    out.append(mark_deletions(paragraph))
    return _plain("".join(out))


def _plain(text: str) -> str:
    return _CELLS.sub("\r", text).translate(_SPECIAL)


def _outside_instructions(text: str, fields: _Fields) -> Iterator[str]:
    """Pieces of ``text`` that a reader sees; instructions of fields are collected instead."""
    for part in _MARKS.split(text):
        if part == "\x13":
            fields.open.append([])
        elif part == "\x14":
            if fields.open and fields.open[-1] is not None:
                _instruction("".join(fields.open[-1]), fields)
                fields.open[-1] = None
        elif part == "\x15":
            if fields.open:
                instruction = fields.open.pop()
                if instruction is not None:
                    written = "".join(instruction)
                    shown = _instruction(written, fields).shown
                    if shown and all(outer is None for outer in fields.open):
                        yield written
        elif part:
            inner = next((i for i in reversed(fields.open) if i is not None), None)
            if inner is not None:
                inner.append(part)
            else:
                yield part


def _instruction(text: str, fields: _Fields) -> field_codes.Instruction:
    found = field_codes.understand(text)
    if found.link and len(fields.links) < 1000:
        fields.links.setdefault(found.link)
    if found.entry:
        fields.entries.append(found.entry)
    if found.fetches and len(fields.fetching) < 100:
        fields.fetching.append(found.fetches)
    fields.starts = fields.starts or found.starts
    return found


def _note_fields(fields: _Fields, result: Extraction) -> None:
    if fields.links:
        result.fields["links"] = list(fields.links)
    if fields.entries:
        result.flags.add("hidden_text")
    if fields.fetching:
        result.flags.add("external_reference")
        result.fields["external_references"] = fields.fetching
    if fields.starts:
        result.flags.add("launch")


def _comments(header: _Header, story: str) -> Iterator[str]:
    """Each comment after its author."""
    owners = []
    at, raw = 0, header.part(_COMMENT_OWNERS)
    while at + 2 <= len(raw):
        (count,) = struct.unpack_from("<H", raw, at)
        owners.append(raw[at + 2 : at + 2 + 2 * count].decode("utf-16-le", "replace"))
        at += 2 + 2 * count
    texts = header.part(_COMMENT_TEXTS)
    places = struct.unpack(f"<{len(texts) // 4}I", texts[: len(texts) // 4 * 4])
    marks = header.part(_COMMENT_MARKS)
    count = max(0, (len(marks) - 4) // 34)
    if len(places) < 2:
        yield _plain(story)
        return
    for index in range(min(len(places) - 1, len(story))):
        text = _plain(
            "".join(_outside_instructions(story[places[index] : places[index + 1]], _Fields()))
        )
        at = 4 * (count + 1) + 30 * index
        owner = struct.unpack_from("<H", marks, at + 20)[0] if index < count else len(owners)
        if text.strip():
            yield (f"{owners[owner]}: " if owner < len(owners) else "") + text.strip()


def _strings(raw: bytes) -> list[str]:
    """A string table ([MS-DOC] 2.2.4), of its Unicode kind."""
    if len(raw) < 6 or raw[:2] != b"\xff\xff":
        return []
    count, extra = struct.unpack_from("<HH", raw, 2)
    result, at = [], 6
    for _ in range(count):
        if at + 2 > len(raw):
            break
        (length,) = struct.unpack_from("<H", raw, at)
        result.append(raw[at + 2 : at + 2 + 2 * length].decode("utf-16-le", "replace"))
        at += 2 + 2 * length + extra
    return result
