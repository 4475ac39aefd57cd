"""WordprocessingML: docx, docm, dotx, dotm, transitional and strict (ECMA-376-1 17, ISO 29500-1).

Text comes from every story: body, foot- and endnotes, comments, headers, footers, building blocks,
text boxes, charts, diagrams, equations, data bound to content controls. Deleted text is marked as
``[-so-]``; see :mod:`ediscovery.extract.office.lines`.
"""

from __future__ import annotations

import re

from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.office import drawing
from ediscovery.extract.office.docx_text import Document
from ediscovery.extract.office.lines import Full, Lines
from ediscovery.extract.office.markup import attribute
from ediscovery.extract.office.ooxml import finish, start
from ediscovery.extract.office.package import Package
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_STORIES = ("footnotes", "endnotes", "comments", "header", "footer", "document.glossary")
_BOUND = re.compile(r"customxml/item\d*\.xml$")


def extract(content: Content, context: Context) -> Extraction:
    """Text, properties and embedded files of a Word document; see the contract of extractors.

    Raises :class:`EvidenceError` (``corrupt``, ``encrypted``, ``limit:...``) when the package or
    its main part can't be read.
    """
    package, result = start(content, context)
    if package is None:
        return result
    main = package.main("word/document.xml")
    root = package.xml(main)
    if root is None:
        raise EvidenceError(State.CORRUPT, "It has no readable main part (word/document.xml).")
    lines = Lines(context)
    document = Document(package, lines, result)
    try:
        document.story(root)
        for name in _other_stories(package, main):
            document.part(name)
        drawing.charts_and_diagrams(package, lines)
        if document.bound:
            _bound_data(package, lines)
    except Full:
        pass
    _settings(package, main, result)
    result.text = lines.text()
    if document.authors:
        result.fields["revision_authors"] = sorted(document.authors)[:100]
    if document.links:
        links = [*result.fields.get("links", ()), *document.links]
        result.fields["links"] = list(dict.fromkeys(links))[:1000]
    if isinstance(result.fields.get("pages"), int):
        result.fields["page_count"] = result.fields["pages"]
    return finish(package, result, context)


def _other_stories(package: Package, main: str) -> list[str]:
    """Parts that hold text beside the body, by content type or, lacking that, by name."""
    found: list[tuple[int, str]] = []
    for name in package.names:
        key = name.replace("\\", "/").lstrip("/")
        if key.lower() == main.lower() or not key.lower().endswith(".xml"):
            continue
        kind = package.content_type(name).partition("+")[0].rpartition("wordprocessingml.")[2]
        base = key.rpartition("/")[2][:-4].rstrip("0123456789").lower()
        if not kind or "/" in kind:
            kind = "document.glossary" if "glossary/document" in key.lower() else base
        if kind in _STORIES:
            found.append((_STORIES.index(kind), name))
    return [name for _, name in sorted(found, key=lambda pair: pair[0])]


def _settings(package: Package, main: str, result: Extraction) -> None:
    """Document variables and whether changes are tracked, from ``settings.xml``."""
    for name in package.targets(main, "settings"):
        root = package.xml(name)
        if root is None:
            continue
        variables = {attribute(v, "name"): attribute(v, "val") for v in root.iter("{*}docVar")}
        if variables:
            result.fields["document_variables"] = dict(list(variables.items())[:1000])
        if root.find("{*}trackRevisions") is not None:
            result.fields["track_changes_on"] = True
        for protection in root.iter("{*}documentProtection"):
            result.fields["protection"] = attribute(protection, "edit")


def _bound_data(package: Package, lines: Lines) -> None:
    """Text of the custom XML that content controls show, where the document lacks it."""
    shown = lines.text()
    for name in package.names:
        if not _BOUND.search(name.lower()):
            continue
        root = package.xml(name)
        for text in root.itertext() if root is not None else ():
            if text.strip() and text.strip() not in shown:
                lines.line(text)
