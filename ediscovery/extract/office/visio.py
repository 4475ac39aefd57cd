"""Visio drawings since 2013 (VSDX, VSDM, stencils, templates): a page a ``\\f`` ([MS-VSDX])."""

from __future__ import annotations

import re
from typing import Any

from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.office.lines import Full, Lines
from ediscovery.extract.office.markup import attribute
from ediscovery.extract.office.ooxml import finish, start
from ediscovery.extract.office.package import Package

_DRAWN = re.compile(r"visio/(pages/page|masters/master)\d*\.xml$")

_CARRIED = {"Property": "Value", "Hyperlink": "Address"}
_NUMBER = re.compile(r"-?[\d.]*(?:E-?\d+)?")


def extract(content: Content, context: Context) -> Extraction:
    """Text of every page, then of masters, comments; properties and embedded files.

    Raises :class:`EvidenceError` (``corrupt``, ``encrypted``, ``limit:...``) as readers do.
    """
    package, result = start(content, context)
    if package is None:
        return result
    lines = Lines(context)
    main = package.main("visio/document.xml")
    try:
        pages = _named(package, main, "pages")
        result.fields["page_count"] = len(pages)
        for index, (name, part) in enumerate(pages):
            lines.add("\f" if index else "")
            lines.line(name)
            _shapes(package.xml(part), lines)
        lines.add("\f")
        done = {part.lower() for _, part in pages}
        for name in package.names:
            key = name.replace("\\", "/").lstrip("/").lower()
            if key not in done and _DRAWN.search(key):
                _shapes(package.xml(name), lines)
            elif key.endswith("visio/comments.xml"):
                result.flags.add("comments")
                _comments(package.xml(name), lines)
    except Full:
        pass
    result.text = lines.text()
    return finish(package, result, context)


def _named(package: Package, main: str, kind: str) -> list[tuple[str, str]]:
    """Names and parts of the pages, in the order in which the drawing lists them."""
    result = []
    for index in package.targets(main, kind):
        root = package.xml(index)
        related = package.related(index)
        for element in root if root is not None else ():
            for reference in element.iter("{*}Rel"):
                relation = related.get(attribute(reference, "id"))
                if relation is not None and relation.target in package:
                    result.append((element.get("Name", ""), relation.target))
    return result


def _shapes(root: Any, lines: Lines) -> None:
    if root is None:
        return
    for text in root.iter("{*}Text"):
        lines.line("".join(text.itertext()))
    for section in root.iter("{*}Section"):  # data that shapes carry, and their links
        wanted = _CARRIED.get(section.get("N", ""))
        for cell in section.iter("{*}Cell") if wanted else ():
            value = cell.get("V", "")
            if cell.get("N") == wanted and not _NUMBER.fullmatch(value):
                lines.line(value)


def _comments(root: Any, lines: Lines) -> None:
    if root is None:
        return
    authors = {a.get("ID", ""): a.get("Name", "") for a in root.iter("{*}AuthorEntry")}
    for entry in root.iter("{*}CommentEntry"):
        author = authors.get(entry.get("AuthorID", ""), "")
        lines.line(f"{author} {entry.get('Date', '')}: {''.join(entry.itertext())}".strip())
