"""Automatic paragraph numbers of WordprocessingML: what a reader cites as "Section 2.1(a)"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.office.markup import attribute, local

_LEVELS = 9
_PLACEHOLDER = re.compile(r"%([1-9])")
_ROMAN = [
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
]  # fmt: skip


@dataclass(slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""
    restart: int | None = None


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level] = field(default_factory=dict)
    by_style: dict[str, int] = field(default_factory=dict)
    style_link: str = ""
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)


class Numbering:
    """The lists of one document and how far each has counted.

    ``numbering`` and ``styles`` are the roots of those parts, or ``None``.
    """

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._abstract: dict[str, _List] = {}
        self._nums: dict[str, tuple[str, dict[int, int]]] = {}  # list, start overrides
        self._styles: dict[str, tuple[str, int | None]] = {}
        self._overridden: set[tuple[str, int]] = set()
        if numbering is None:
            return
        for element in numbering:
            kind = local(element.tag)
            if kind == "abstractNum":
                self._abstract[attribute(element, "abstractNumId")] = _read_list(element)
            elif kind == "num":
                self._read_num(element)
        if styles is not None:
            self._read_styles(styles)

    def __bool__(self) -> bool:
        return bool(self._nums)

    def label(self, paragraph: Any) -> str:
        """The number that stands before ``paragraph`` (``w:p``), with a blank; ``""`` for none."""
        if not len(paragraph) or local(paragraph[0].tag) != "pPr":
            return ""
        num_id, level, style = "", None, ""
        for element in paragraph[0]:
            kind = local(element.tag)
            if kind == "numPr":
                num_id, level = _number_of(element)
            elif kind == "pStyle":
                style = attribute(element, "val")
        if not num_id and style in self._styles:
            num_id, styled = self._styles[style]
            level = styled if level is None else level
        found = self._nums.get(num_id)
        if found is None:
            return ""
        numbers = self._resolve(found[0])
        if numbers is None:
            return ""
        if level is None:
            level = numbers.by_style.get(style, 0)
        return self._count(numbers, num_id, found[1], min(max(level, 0), _LEVELS - 1))

    def _count(self, numbers: _List, num_id: str, starts: dict[int, int], level: int) -> str:
        definition = numbers.levels.get(level)
        if definition is None:
            return ""
        counts = numbers.counts
        if level in starts and (num_id, level) not in self._overridden:
            self._overridden.add((num_id, level))
            counts[level] = starts[level]
        else:
            before = counts[level]
            counts[level] = definition.start if before is None else before + 1
        for deeper in range(level + 1, _LEVELS):
            below = numbers.levels.get(deeper)
            if below is None or below.restart is None or 0 < below.restart >= level + 1:
                counts[deeper] = None
        if definition.format == "bullet":
            return "• "
        if definition.format == "none":
            return ""

        def written(match: re.Match[str]) -> str:
            which = int(match.group(1)) - 1
            other = numbers.levels.get(which)
            count = counts[which]
            if count is None:
                count = other.start if other else 1
            return write(count, other.format if other else "decimal")

        text = _PLACEHOLDER.sub(written, definition.text)
        return text + " " if text.strip() else ""

    def _resolve(self, name: str) -> _List | None:
        numbers = self._abstract.get(name)
        if numbers is not None and not numbers.levels and numbers.style_link in self._styles:
            other = self._nums.get(self._styles[numbers.style_link][0])
            return self._abstract.get(other[0]) if other else None
        return numbers

    def _read_num(self, element: Any) -> None:
        target, starts = "", {}
        for part in element:
            if local(part.tag) == "abstractNumId":
                target = attribute(part, "val")
            elif local(part.tag) == "lvlOverride":
                for start in part.iter("{*}startOverride"):
                    starts[_integer(attribute(part, "ilvl"))] = _integer(attribute(start, "val"))
        self._nums[attribute(element, "numId")] = (target, starts)

    def _read_styles(self, styles: Any) -> None:
        parents: dict[str, str] = {}
        for style in styles.iter("{*}style"):
            name = attribute(style, "styleId")
            for part in style:
                kind = local(part.tag)
                if kind == "basedOn":
                    parents[name] = attribute(part, "val")
                elif kind == "pPr":
                    for number in part.iter("{*}numPr"):
                        self._styles[name] = _number_of(number)
        for name in list(parents):
            at, seen = name, {name}
            while at not in self._styles and parents.get(at, at) not in seen:
                at = parents[at]
                seen.add(at)
            if at in self._styles:
                self._styles.setdefault(name, self._styles[at])


def write(count: int, form: str) -> str:
    """``count`` as ``form`` (``ST_NumberFormat``) has it; unknown forms are decimal."""
    if form in ("upperLetter", "lowerLetter") and count > 0:
        letters = chr(97 + (count - 1) % 26) * min((count - 1) // 26 + 1, 100)
        return letters.upper() if form == "upperLetter" else letters
    if form in ("upperRoman", "lowerRoman") and 0 < count < 10_000:
        text = ""
        for value, digits in _ROMAN:
            text += digits * (count // value)
            count %= value
        return text.upper() if form == "upperRoman" else text
    if form == "decimalZero":
        return f"{count:02}"
    if form == "ordinal":
        last = "th" if 10 < count % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
        return f"{count}{last}"
    return str(count)


def _read_list(element: Any) -> _List:
    result = _List()
    for part in element:
        kind = local(part.tag)
        if kind == "numStyleLink":
            result.style_link = attribute(part, "val")
        elif kind == "lvl":
            index = _integer(attribute(part, "ilvl"))
            level = result.levels.setdefault(index, _Level())
            for value in part:
                name, text = local(value.tag), attribute(value, "val")
                if name == "start":
                    level.start = _integer(text)
                elif name == "numFmt":
                    level.format = text
                elif name == "lvlText":
                    level.text = text
                elif name == "lvlRestart":
                    level.restart = _integer(text)
                elif name == "pStyle":
                    result.by_style[text] = index
    return result


def _number_of(element: Any) -> tuple[str, int | None]:
    num_id, level = "", None
    for part in element:
        if local(part.tag) == "numId":
            num_id = attribute(part, "val")
        elif local(part.tag) == "ilvl":
            level = _integer(attribute(part, "val"))
    return num_id, level


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
