"""PresentationML: pptx, pptm, ppsx, potx, transitional and strict (ECMA-376-1 19, ISO 29500-1).

Slides in their order, parted by ``\\f``: shapes, tables, diagrams, notes, comments. Then, once
each, what layouts and masters show themselves: no placeholders but dates, headers and footers.
Hidden slides are included and flagged.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.office import drawing
from ediscovery.extract.office.lines import Full, Lines
from ediscovery.extract.office.markup import attribute, local
from ediscovery.extract.office.ooxml import finish, start
from ediscovery.extract.office.package import Package
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_TAGS = tuple("{*}" + name for name in ("p", "tc", "tr", "cNvPr", "sp", "Fallback", "Choice"))
_STANDING = frozenset({"dt", "ftr", "hdr", "sldNum"})  # placeholders with text of their own
_LAYOUTS = frozenset({"slidelayout", "slidemaster", "notesmaster", "handoutmaster"})


def extract(content: Content, context: Context) -> Extraction:
    """Text, properties and embedded files of a presentation; see the contract of extractors.

    Raises :class:`EvidenceError` (``corrupt``, ``encrypted``, ``limit:...``) when the package or
    its main part can't be read.
    """
    package, result = start(content, context)
    if package is None:
        return result
    main = package.main("ppt/presentation.xml")
    root = package.xml(main)
    if root is None:
        raise EvidenceError(State.CORRUPT, "It has no readable main part (ppt/presentation.xml).")
    lines = Lines(context)
    try:
        slides = _order(package, main, root)
        result.fields["slides"] = result.fields["page_count"] = len(slides)
        authors = _authors(package)
        for index, name in enumerate(slides):
            lines.add("\f" if index else "")
            _slide(package, name, index + 1, authors, lines, result)
        lines.add("\f")
        backgrounds = Lines(context)
        for name in _backgrounds(package):
            _shapes(package.xml(name), backgrounds, background=True)
        for line in dict.fromkeys(backgrounds.text().splitlines()):
            lines.line(line)
        _charts(package, lines)
    except Full:
        pass
    result.text = lines.text()
    return finish(package, result, context)


def _order(package: Package, main: str, root: Any) -> list[str]:
    """Slide parts as the presentation orders them, then those that it does not name."""
    related = package.related(main)
    found: dict[str, None] = {}
    for element in root.iterfind("{*}sldIdLst/{*}sldId"):
        relation = related.get(_relation_id(element))
        if relation is None or relation.target not in package:
            package.warn("A slide that the presentation lists has no part.")
        else:
            found.setdefault(relation.target)
    listed = {name.lower() for name in found}
    for name in package.names:
        key = name.replace("\\", "/").lstrip("/")
        if key.lower() not in listed and key.lower().startswith("ppt/slides/slide"):
            found.setdefault(key)
    return list(found)


def _relation_id(element: Any) -> str:
    # Beside r:id stands the slide's own id, without a namespace.
    for key, value in element.attrib.items():
        if key.startswith("{") and local(key) == "id":
            return str(value)
    return ""


def _slide(
    package: Package,
    name: str,
    number: int,
    authors: dict[str, str],
    lines: Lines,
    result: Extraction,
) -> None:
    root = package.xml(name)
    if root is None:
        return
    if root.get("show", "").lower() in ("0", "false"):
        result.flags.add("hidden_slides")
        hidden = result.fields.setdefault("hidden_slide_numbers", [])
        if len(hidden) < 1000:
            hidden.append(number)
    _shapes(root, lines)
    for relation in package.relations(name):
        if relation.external or relation.target not in package:
            continue
        if relation.kind == "diagramData":
            part = package.xml(relation.target)
            if part is not None:
                drawing.paragraphs(part, lines)
        elif relation.kind in ("chart", "chartEx"):
            drawing.chart(package.xml(relation.target), lines)
        elif relation.kind == "notesSlide":
            _shapes(package.xml(relation.target), lines)
        elif relation.kind in ("comments", "comment"):
            result.flags.add("comments")
            _comments(package.xml(relation.target), authors, lines)


def _shapes(root: Any, lines: Lines, background: bool = False) -> None:
    """Text below ``root`` in order; of a ``background`` only what stands in no placeholder."""
    if root is None:
        return
    row: list[str] = []
    counter = drawing.Counter()
    walker = etree.iterwalk(root, events=("start", "end"), tag=_TAGS)
    for event, element in walker:
        name = local(element.tag)
        if event == "start":
            skip = (name == "Fallback" and _follows_choice(element)) or (
                background and name == "sp" and _placeholder(element)
            )
            if skip:
                walker.skip_subtree()
            elif name == "cNvPr":
                drawing.alternative(element, lines)
            elif name in ("sp", "tc"):
                counter = drawing.Counter()
        elif name == "tr":
            lines.line("\t".join(row))
            row = []
        elif name == "tc":
            row.append(
                "\n".join(
                    counter.label(p) + drawing.paragraph(p) for p in element.iter("{*}p")
                ).strip()
            )
        elif name == "p" and next(element.iterancestors("{*}tc"), None) is None:
            lines.line(counter.label(element) + drawing.paragraph(element))


def _placeholder(shape: Any) -> bool:
    """Whether a shape of a layout or master only says where a slide's own text goes."""
    holder = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return holder is not None and holder.get("type") not in _STANDING


def _follows_choice(fallback: Any) -> bool:
    return any(local(e.tag) == "Choice" for e in fallback.itersiblings(preceding=True))


def _backgrounds(package: Package) -> list[str]:
    found = []
    for name in package.names:
        folder = name.replace("\\", "/").lower().rpartition("/")[0].rpartition("/")[2]
        if name.lower().endswith(".xml") and folder.rstrip("s") in _LAYOUTS:
            found.append(name)
    return found


def _charts(package: Package, lines: Lines) -> None:
    """Charts and diagrams of no slide: those of masters, layouts and notes."""
    seen = {
        relation.target.lower()
        for name in package.names
        if name.replace("\\", "/").lower().lstrip("/").startswith("ppt/slides/slide")
        for relation in package.relations(name)
    }
    drawing.charts_and_diagrams(package, lines, seen)


def _authors(package: Package) -> dict[str, str]:
    result: dict[str, str] = {}
    for name in package.names:
        key = name.lower()
        if key.endswith(("commentauthors.xml", "ppt/authors.xml")):
            root = package.xml(name)
            for author in root if root is not None else ():
                initials = author.get("initials", "")
                name_shown = author.get("name", "") + (f" ({initials})" if initials else "")
                result[author.get("id", "")] = name_shown
    return result


def _comments(root: Any, authors: dict[str, str], lines: Lines) -> None:
    for comment in root.iter("{*}cm", "{*}reply") if root is not None else ():
        author = authors.get(attribute(comment, "authorId"), "")
        when = comment.get("dt", "") or comment.get("created", "")
        text = comment.find("{*}text")
        body = comment.find("{*}txBody")
        if text is not None:
            written = text.text or ""
        elif body is not None:
            written = "\n".join(drawing.paragraph(p) for p in body.iter("{*}p"))
        else:
            continue
        lines.line(f"{author} {when}".strip() + f": {written}")
