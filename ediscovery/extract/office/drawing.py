"""DrawingML: text of shapes, charts and diagrams (ECMA-376-1 20, 21)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ediscovery.extract.office.lines import Lines
from ediscovery.extract.office.markup import above, attribute, local
from ediscovery.extract.office.package import Package

_CHART = re.compile(r"/charts?/(?:chart|chartex)\d*\.xml$|/chart\d+\.xml$")
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


def alternative(element: Any, lines: Lines) -> None:
    """Alternative text of a shape's ``cNvPr``."""
    for name in ("title", "descr"):
        lines.line(attribute(element, name))
