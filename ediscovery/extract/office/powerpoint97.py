"""PowerPoint 97 to 2003: slides in their order with notes and comments, objects ([MS-PPT]).

Only what the current version of the presentation refers to is shown; slides are parted by ``\\f``.
Earlier versions that quick saves left in the stream are flagged. PowerPoint 95 is left to Tika.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.office import embedded
from ediscovery.extract.office.lines import Lines
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_DOCUMENT, _NOTES, _HANDOUT = 0x03E8, 0x03F0, 0x0FC9
_LIST, _PERSIST_ATOM, _USER_EDIT, _PERSIST_DIRECTORY = 0x0FF0, 0x03F3, 0x0FF5, 0x1772
_TEXT_WIDE, _TEXT_NARROW, _STRING = 0x0FA0, 0x0FA8, 0x0FBA
_NOTES_ATOM, _SHOW_INFO = 0x03F1, 0x03F9
_COMMENT, _OBJECT, _LINK, _SHAPE, _TEXT_BOX = 0x2EE0, 0x1011, 0x0FD7, 0xF004, 0xF00D
_PLACEHOLDER, _HEADERS, _MACROS, _TAG_DATA = 0x0BC3, 0x0FD9, 0x0400, 0x138B
_HIDDEN = 0x0004
_DEPTH = 64
# Placeholders of masters whose text is a prompt: titles, bodies, notes, objects.
_STANDING = frozenset({0x07, 0x08, 0x09, 0x0A})  # date, slide number, footer, header
_BREAKS = {0x0B: "\n", 0x0D: "\n"}


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    start: int  # of what the record holds
    end: int
    container: bool


@dataclass(slots=True)
class _Slide:
    reference: int
    identifier: int
    outline: list[str] = field(default_factory=list)


def read(ole: Any, lines: Lines, result: Extraction, context: Context) -> bool:
    """Writes the text to ``lines`` and lists objects; ``False`` when Tika must read the version."""
    data = ole.openstream("PowerPoint Document").read()
    if not ole.exists("Current User"):
        return False
    user = ole.openstream("Current User").read()
    if len(user) < 20:
        return False
    (edit,) = struct.unpack_from("<I", user, 16)
    persisted, document_id, edits = _directory(data, edit)
    if edits > 1:
        result.flags.add("prior_revisions")
    document = _record(data, persisted.get(document_id, -1))
    if document is None or document.kind != _DOCUMENT:
        return False
    _Presentation(data, persisted, lines, result).read(document)
    objects = [
        record
        for offset in sorted(set(persisted.values()))
        if (record := _record(data, offset)) is not None and record.kind == _OBJECT
    ]
    macros = _macro_reference(data, document)
    if macros:
        result.flags.add("macros")
        skipped = persisted.get(macros, -1) + 8
        objects = [record for record in objects if record.start != skipped]
    result.children = [_object(data, record, n + 1, context) for n, record in enumerate(objects)]
    return True


class _Presentation:
    """Writes one presentation's slides, notes, masters and links."""

    def __init__(
        self, data: bytes, persisted: dict[int, int], lines: Lines, result: Extraction
    ) -> None:
        self._data = data
        self._persisted = persisted
        self._lines = lines
        self._result = result

    def read(self, document: _Record) -> None:
        """All text that ``document`` leads to."""
        lists: dict[int, list[_Slide]] = {0: [], 1: [], 2: []}
        for record in _children(self._data, document):
            if record.kind == _LIST:
                lists[record.instance] = self._slide_list(record)
        notes = self._notes(lists[2])
        slides = lists[0]
        self._result.fields["slides"] = self._result.fields["page_count"] = len(slides)
        for index, slide in enumerate(slides):
            self._lines.add("\f" if index else "")
            self._slide(slide, index + 1, notes)
        self._lines.add("\f")
        for record in notes.values():  # of slides that are gone
            self._shapes(record, False)
        standing: dict[str, None] = {}
        for record in self._masters(lists[1], document):
            standing.update(dict.fromkeys(self._texts(record, True)))
        for text in standing:
            self._lines.line(text)
        for record in _walk(self._data, document):
            if record.kind == _LINK:
                self._link(record)

    def _slide_list(self, record: _Record) -> list[_Slide]:
        result: list[_Slide] = []
        for part in _children(self._data, record):
            if part.kind == _PERSIST_ATOM and part.end - part.start >= 16:
                reference, _, _, identifier = struct.unpack_from("<4I", self._data, part.start)
                result.append(_Slide(reference, identifier))
            elif result and part.kind in (_TEXT_WIDE, _TEXT_NARROW):
                result[-1].outline.append(_text(self._data, part))
        return result

    def _notes(self, listed: list[_Slide]) -> dict[int, _Record]:
        """Notes by the identifier of their slide."""
        result = {}
        for number, entry in enumerate(listed):
            record = _record(self._data, self._persisted.get(entry.reference, -1))
            if record is None or record.kind != _NOTES:
                continue
            key = -1 - number
            for part in _children(self._data, record):
                if part.kind == _NOTES_ATOM and part.end - part.start >= 4:
                    (key,) = struct.unpack_from("<I", self._data, part.start)
            result[key] = record
        return result

    def _slide(self, slide: _Slide, number: int, notes: dict[int, _Record]) -> None:
        for text in slide.outline:
            self._lines.line(text)
        record = _record(self._data, self._persisted.get(slide.reference, -1))
        if record is None:
            self._result.warnings.append(f"Slide {number} is missing.")
            return
        for part in _children(self._data, record):
            if part.kind == _SHOW_INFO and part.end - part.start >= 12:
                (flags,) = struct.unpack_from("<H", self._data, part.start + 10)
                if flags & _HIDDEN:
                    self._result.flags.add("hidden_slides")
                    hidden = self._result.fields.setdefault("hidden_slide_numbers", [])
                    if len(hidden) < 1000:
                        hidden.append(number)
        self._shapes(record, False)
        note = notes.pop(slide.identifier, None)
        if note is not None:
            self._shapes(note, False)

    def _masters(self, listed: list[_Slide], document: _Record) -> Iterator[_Record]:
        for entry in listed:
            record = _record(self._data, self._persisted.get(entry.reference, -1))
            if record is not None:
                yield record
        for offset in sorted(set(self._persisted.values())):
            record = _record(self._data, offset)
            if record is not None and record.kind == _HANDOUT:
                yield record
        for part in _children(self._data, document):
            if part.kind == _HEADERS:
                yield part

    def _shapes(self, record: _Record, background: bool) -> None:
        for text in self._texts(record, background):
            self._lines.line(text)

    def _texts(self, record: _Record, background: bool) -> Iterator[str]:
        """Texts below ``record``; of a ``background`` those of prompting placeholders left out."""
        skip_to = -1
        for part in _walk(self._data, record):
            if part.start < skip_to:
                continue
            if background and part.kind == _SHAPE and _prompts(self._data, part):
                skip_to = part.end
            elif part.kind in (_TEXT_WIDE, _TEXT_NARROW):
                yield _text(self._data, part)
            elif part.kind == _COMMENT:
                yield self._comment(part)
                skip_to = part.end
            elif part.kind == _STRING and record.kind == _HEADERS:
                yield _text(self._data, part)
            elif part.kind == _HEADERS:
                for string in _children(self._data, part):
                    if string.kind == _STRING:
                        yield _text(self._data, string)

    def _comment(self, record: _Record) -> str:
        self._result.flags.add("comments")
        parts = {
            part.instance: _text(self._data, part)
            for part in _children(self._data, record)
            if part.kind == _STRING
        }
        head = parts.get(0, "") + (f" ({parts[2]})" if parts.get(2) else "")
        return f"{head}: {parts.get(1, '')}" if head else parts.get(1, "")

    def _link(self, record: _Record) -> None:
        links = self._result.fields.setdefault("links", [])
        for part in _children(self._data, record):
            if part.kind == _STRING:
                text = _text(self._data, part)
                if text and text not in links and len(links) < 1000:
                    links.append(text)
                    self._lines.line(text)


def _directory(data: bytes, offset: int) -> tuple[dict[int, int], int, int]:
    """Where each persisted object lies, the document's number, and how often it was saved."""
    found: dict[int, int] = {}
    document = -1
    seen: set[int] = set()
    while offset not in seen and (edit := _record(data, offset)) and edit.kind == _USER_EDIT:
        seen.add(offset)
        if edit.end - edit.start < 24:
            break
        before, directory, number = struct.unpack_from("<8x3I", data, edit.start)
        document = number if document < 0 else document
        table = _record(data, directory)
        if table is not None and table.kind == _PERSIST_DIRECTORY:
            at = table.start
            while at + 4 <= table.end:
                (head,) = struct.unpack_from("<I", data, at)
                first, count = head & 0xFFFFF, head >> 20
                at += 4
                for index in range(count):
                    if at + 4 > table.end:
                        break
                    found.setdefault(first + index, struct.unpack_from("<I", data, at)[0])
                    at += 4
        if not before:
            break
        offset = before
    return found, document, len(seen)


def _record(data: bytes, at: int) -> _Record | None:
    if at < 0 or at + 8 > len(data):
        return None
    head, kind, size = struct.unpack_from("<HHI", data, at)
    end = min(at + 8 + size, len(data))
    return _Record(kind, head >> 4, at + 8, end, head & 0xF == 0xF)


def _children(data: bytes, parent: _Record) -> Iterator[_Record]:
    at = parent.start
    while at + 8 <= parent.end:
        record = _record(data, at)
        if record is None:
            return
        yield record
        at = max(record.end, at + 8)


def _walk(data: bytes, top: _Record) -> Iterator[_Record]:
    """Every record below ``top``, in order, without recursion."""
    waiting = [_children(data, top)]
    while waiting:
        record = next(waiting[-1], None)
        if record is None:
            waiting.pop()
            continue
        yield record
        # Text boxes and the tags of later versions hold records although their heads do not say so.
        if (record.container or record.kind in (_TEXT_BOX, _TAG_DATA)) and len(waiting) < _DEPTH:
            waiting.append(_children(data, record))


def _text(data: bytes, record: _Record) -> str:
    raw = data[record.start : record.end]
    wide = record.kind != _TEXT_NARROW
    text = raw.decode("utf-16-le", "replace") if wide else raw.decode("latin-1")
    return text.translate(_BREAKS).rstrip("\0")


def _prompts(data: bytes, shape: _Record) -> bool:
    """Whether a master's shape only says where a slide's own text goes."""
    for part in _walk(data, shape):
        if part.kind == _PLACEHOLDER and part.end - part.start >= 5:
            return data[part.start + 4] not in _STANDING
    return False


def _macro_reference(data: bytes, document: _Record) -> int:
    """The persist number of the project that holds macros; 0 when there are none."""
    for part in _walk(data, document):
        if part.kind == _MACROS and part.end - part.start >= 12:
            reference, has_macros = struct.unpack_from("<II", data, part.start)
            return int(reference) if has_macros else 0
    return 0


def _object(data: bytes, record: _Record, number: int, context: Context) -> Child:
    """An embedded object: an OLE2 file, packed or not; a damaged one as far as it goes."""
    name = f"object{number}"
    raw = data[record.start : record.end]
    damage = ""
    if record.instance == 1 and len(raw) > 6:
        (size,) = struct.unpack_from("<I", raw)
        try:
            context.charge(min(size, len(raw) * context.profile.limits.layer_ratio))
        except EvidenceError as error:
            return Child(name, None, "embedded", state=error.state, message=error.message)
        raw = _inflated(raw[6:], size)
        damage = "" if len(raw) == size else f"Only {len(raw)} of its {size} bytes can be unfolded."
    child = embedded.from_ole(name, Content(raw), {"embedded_as": name})
    if damage:
        child.state, child.message = State.WARNINGS, damage
    return child


def _inflated(packed: bytes, size: int) -> bytes:
    """What ``packed`` unfolds into up to its first damage, at most ``size`` bytes."""
    inflate = zlib.decompressobj(-15)  # without the checksum at the end, which some files lack
    pieces: list[bytes] = []
    try:
        while size > 0 and (piece := inflate.decompress(packed, min(size, 4096))):
            pieces.append(piece)
            size -= len(piece)
            packed = inflate.unconsumed_tail
    except zlib.error:
        pass
    return b"".join(pieces)
