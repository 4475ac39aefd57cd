"""DrawingML: text of shapes, charts and diagrams (ECMA-376-1 20, 21)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ediscovery.extract.office.lines import Lines
from ediscovery.extract.office.markup import above, attribute, local
from ediscovery.extract.office.numbering import write
from ediscovery.extract.office.package import Package

_CHART = re.compile(r"/charts?/(?:chart|chartex)\d*\.xml$|/chart\d+\.xml$")
_SCHEME = re.compile(r"([a-zA-Z]+?)(Period|ParenBoth|ParenR|Plain|Minus)$")
_CLOSINGS = {"Period": "{}.", "ParenBoth": "({})", "ParenR": "{})", "Plain": "{}", "Minus": "{}-"}
_FORMS = {
    "alphaLc": "lowerLetter", "alphaUc": "upperLetter",
    "romanLc": "lowerRoman", "romanUc": "upperRoman",
}  # fmt: skip
_DIAGRAM = re.compile(r"/diagrams/data\d*\.xml$")


def charts_and_diagrams(
    package: Package, lines: Lines, done: Collection[str] = frozenset()
) -> None:
    """Text of every chart and diagram part of ``package`` but those ``done`` (lower case)."""
    for name in package.names:
        key = name.replace("\\", "/").lstrip("/").lower()
        if key in done:
            continue
        if _CHART.search(key) or "drawingml.chart+xml" in package.content_type(name):
            chart(package.xml(name), lines)
        elif _DIAGRAM.search(key):
            root = package.xml(name)
            if root is not None:
                paragraphs(root, lines)


def chart(root: Any, lines: Lines) -> None:
    """Titles, labels and the cached categories and values of a chart, a series a line."""
    if root is None:
        return
    paragraphs(root, lines)
    row: list[str] = []
    for element in root.iter("{*}v", "{*}ser", "{*}cat", "{*}val", "{*}pt", "{*}lvl"):
        kind = local(element.tag)
        text = (element.text or "").strip()
        if kind == "v" or (kind == "pt" and not len(element)):
            if text:
                row.append(text)
        elif kind != "pt" and row:
            lines.line("\t".join(row))
            row = []
    lines.line("\t".join(row))


def paragraphs(root: Any, lines: Lines) -> None:
    """Every ``a:p`` below ``root`` as a line."""
    for element in root.iter("{*}p"):
        lines.line(paragraph(element))


def paragraph(element: Any) -> str:
    """The text of one ``a:p``: its runs, fields, breaks and equations."""
    pieces: list[str] = []
    for part in element.iter("{*}t", "{*}br", "{*}tab"):
        kind = local(part.tag)
        if kind == "t":
            pieces.append(part.text or "")
        elif kind == "br":
            pieces.append("\n")
        elif above(part) != "tabLst":
            pieces.append("\t")
    return "".join(pieces)


class Counter:
    """Automatic numbers of the paragraphs of one text body (``a:buAutoNum``), as they stand there.

    Numbers that only a layout or master gives are not looked up.
    """

    def __init__(self) -> None:
        self._counts: dict[int, tuple[str, int]] = {}  # level -> scheme and start, last number

    def label(self, element: Any) -> str:
        """What stands before ``element`` (``a:p``), with a blank; ``""`` for none."""
        if element.find("{*}r") is None and element.find("{*}fld") is None:
            return ""  # an empty paragraph shows no number and does not count
        properties = element.find("{*}pPr")
        level = _whole(attribute(properties, "lvl")) if properties is not None else 0
        for deeper in [other for other in self._counts if other > level]:
            del self._counts[deeper]
        bullet = properties.find("{*}buAutoNum") if properties is not None else None
        if bullet is None:
            self._counts.pop(level, None)
            return ""
        scheme, first = attribute(bullet, "type"), _whole(attribute(bullet, "startAt")) or 1
        kind = f"{scheme} {first}"
        before = self._counts.get(level)
        count = before[1] + 1 if before is not None and before[0] == kind else first
        self._counts[level] = (kind, count)
        match = _SCHEME.match(scheme)
        form, closing = (match.group(1), match.group(2)) if match else ("arabic", "Period")
        return _CLOSINGS[closing].format(write(count, _FORMS.get(form, "decimal"))) + " "


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def alternative(element: Any, lines: Lines) -> None:
    """Alternative text of a shape's ``cNvPr``."""
    for name in ("title", "descr"):
        lines.line(attribute(element, name))
