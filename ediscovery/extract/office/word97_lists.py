"""Automatic paragraph numbers of Word 97 files ([MS-DOC] LSTF, LVLF, LFO)."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from ediscovery.extract.office import numbering
from ediscovery.extract.office.word97_properties import operands

_LEVELS = 9
_PAGE = 512
_LEVEL, _LIST = 0x260A, 0x460B  # sprmPIlvl, sprmPIlfo
_FORMATS = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter",
    5: "ordinal", 22: "decimalZero", 23: "bullet", 255: "none",
}  # fmt: skip
_NIL_STYLE = 0x0FFF


@dataclass(slots=True)
class _Level:
    start: int
    format: str
    text: str
    restart: int | None = None


@dataclass(slots=True)
class _List:
    levels: list[_Level] = field(default_factory=list)
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)


@dataclass(slots=True)
class _Style:
    base: int
    level: int | None = None
    number: int | None = None


class Lists:
    """The lists of one document and how far each has counted.

    ``part`` gives a structure of the table stream by its number; ``after_lists`` the bytes of that
    stream from the list table on, since its levels stand behind it.
    """

    def __init__(self, data: bytes, part: Callable[[int], bytes], after_lists: bytes) -> None:
        self._lists: dict[int, _List] = {}
        self._uses: list[tuple[int, dict[int, int]]] = []
        self._started: set[tuple[int, int]] = set()
        self._bounds: list[int] = []
        self._properties: list[tuple[int, bytes]] = []
        if len(part(73)) < 2:
            return
        self._read_lists(after_lists)
        self._read_uses(part(74))
        self._styles = _styles(part(1))
        if self._uses:
            self._read_pages(data, part(13))

    def __bool__(self) -> bool:
        return bool(self._uses)

    def label(self, offset: int) -> str:
        """The number of the paragraph whose mark lies at byte ``offset``, with a blank; or ``""``.

        Counts on: to be asked once for each paragraph, in order.
        """
        index = bisect_right(self._bounds, offset) - 1
        if index < 0 or index >= len(self._properties):
            return ""
        style, properties = self._properties[index]
        level = number = None
        for code, value in operands(properties):
            if code == _LEVEL and value:
                level = value[0]
            elif code == _LIST and len(value) >= 2:
                (number,) = struct.unpack_from("<h", value)
        seen: set[int] = set()
        while (level is None or number is None) and style in self._styles and style not in seen:
            seen.add(style)
            found = self._styles[style]
            level = found.level if level is None else level
            number = found.number if number is None else number
            style = found.base
        if not number or not 0 < number <= len(self._uses):
            return ""
        return self._count(number, min(max(level or 0, 0), _LEVELS - 1))

    def _count(self, number: int, level: int) -> str:
        list_id, starts = self._uses[number - 1]
        found = self._lists.get(list_id)
        if found is None or level >= len(found.levels):
            return ""
        definition = found.levels[level]
        if level in starts and (number, level) not in self._started:
            self._started.add((number, level))
            found.counts[level] = starts[level]
        else:
            before = found.counts[level]
            found.counts[level] = definition.start if before is None else before + 1
        for deeper in range(level + 1, len(found.levels)):
            restart = found.levels[deeper].restart
            if restart is None or level < restart:
                found.counts[deeper] = None
        if definition.format == "bullet":
            return "• "
        out = []
        for character in definition.text:
            which = ord(character)
            if which >= _LEVELS:
                out.append(character)
            elif which < len(found.levels):
                count = found.counts[which]
                other = found.levels[which]
                out.append(numbering.write(other.start if count is None else count, other.format))
        text = "".join(out).strip()
        return text + " " if text and definition.format != "none" else ""

    def _read_lists(self, data: bytes) -> None:
        (count,) = struct.unpack_from("<h", data)
        at = 2
        heads = []
        for _ in range(max(0, count)):
            if at + 28 > len(data):
                return
            heads.append((struct.unpack_from("<i", data, at)[0], data[at + 26] & 1))
            at += 28
        for list_id, simple in heads:
            found = _List()
            for _ in range(1 if simple else _LEVELS):
                level, at = _level(data, at)
                if level is None:
                    return
                found.levels.append(level)
            self._lists[list_id] = found

    def _read_uses(self, data: bytes) -> None:
        if len(data) < 4:
            return
        (count,) = struct.unpack_from("<I", data)
        at = 4 + 16 * count
        for index in range(min(count, (len(data) - 4) // 16)):
            list_id, overrides = struct.unpack_from("<i8xB", data, 4 + 16 * index)
            starts: dict[int, int] = {}
            at += 4
            for _ in range(overrides):
                if at + 8 > len(data):
                    break
                first, flags = struct.unpack_from("<iI", data, at)
                at += 8
                if flags & 0x20:
                    level, at = _level(data, at)
                    if level is not None and flags & 0x10:
                        starts[flags & 0xF] = level.start
                elif flags & 0x10:
                    starts[flags & 0xF] = first
            self._uses.append((list_id, starts))

    def _read_pages(self, data: bytes, table: bytes) -> None:
        count = max(0, (len(table) - 4) // 8)
        for index in range(count):
            (page,) = struct.unpack_from("<I", table, 4 * (count + 1) + 4 * index)
            at = (page & 0x3FFFFF) * _PAGE
            raw = data[at : at + _PAGE]
            if len(raw) < _PAGE:
                continue
            runs = min(raw[-1], 29)
            bounds = struct.unpack_from(f"<{runs + 1}I", raw)
            for run in range(runs):
                start = 2 * raw[4 * (runs + 1) + 13 * run]
                self._bounds.append(bounds[run])
                self._properties.append(_paragraph(raw, start))
        order = sorted(range(len(self._bounds)), key=self._bounds.__getitem__)
        self._bounds = [self._bounds[i] for i in order]
        self._properties = [self._properties[i] for i in order]


def _paragraph(page: bytes, start: int) -> tuple[int, bytes]:
    """Style and properties of a paragraph as a page holds them."""
    if not start or start + 2 > _PAGE:
        return 0, b""
    size = 2 * page[start] - 1
    start += 1
    if size < 0:
        size = 2 * page[start]
        start += 1
    raw = page[start : start + size]
    return (struct.unpack_from("<H", raw)[0], raw[2:]) if len(raw) >= 2 else (0, b"")


def _level(data: bytes, at: int) -> tuple[_Level | None, int]:
    if at + 28 > len(data):
        return None, at
    first, form, info = struct.unpack_from("<iBB", data, at)
    characters, paragraphs, limit = struct.unpack_from("<BBB", data, at + 24)
    at += 28 + characters + paragraphs
    if at + 2 > len(data):
        return None, at
    (length,) = struct.unpack_from("<H", data, at)
    text = data[at + 2 : at + 2 + 2 * length].decode("utf-16-le", "replace")
    restart = limit if info & 0x08 else None
    return _Level(first, _FORMATS.get(form, "decimal"), text, restart), at + 2 + 2 * length


def _styles(data: bytes) -> dict[int, _Style]:
    """Numbering in the paragraph styles of the style sheet (STSH)."""
    result: dict[int, _Style] = {}
    if len(data) < 8:
        return result
    head, count, base_size = struct.unpack_from("<HHH", data)
    at = 2 + head
    for index in range(count):
        if at + 2 > len(data):
            break
        (size,) = struct.unpack_from("<H", data, at)
        raw = data[at + 2 : at + 2 + size]
        at += 2 + size + (size & 1)
        if len(raw) < base_size + 2 or len(raw) < 10:
            continue
        kind, parts = struct.unpack_from("<HH", raw, 2)
        style = _Style(kind >> 4)
        if kind & 0xF == 1 and parts & 0xF:
            (letters,) = struct.unpack_from("<H", raw, base_size)
            place = base_size + 2 + 2 * letters + 2
            if place + 4 <= len(raw):
                (length,) = struct.unpack_from("<H", raw, place)
                for code, value in operands(raw[place + 4 : place + 2 + length]):
                    if code == _LEVEL and value:
                        style.level = value[0]
                    elif code == _LIST and len(value) >= 2:
                        (style.number,) = struct.unpack_from("<h", value)
        if style.base == _NIL_STYLE:
            style.base = -1
        result[index] = style
    return result
