"""SpreadsheetML: xlsx, xlsm, xltx, xltm, transitional and strict (ECMA-376-1 18, ISO 29500-1).

A sheet is read row by row, so that its declared size costs nothing; what counts is what is there.
Sheets are parted by ``\\f``: name, rows (cells parted by tabs, as they are shown), page headers
and footers, comments, drawings. Hidden rows, columns and sheets are included and flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.office import drawing, markup, numbers
from ediscovery.extract.office.lines import Full, Lines
from ediscovery.extract.office.markup import attribute, local
from ediscovery.extract.office.ooxml import finish, start
from ediscovery.extract.office.package import Package, Relation
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_HEADER_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d\d\d|\d+|[A-Za-z]|(&))')
_HEADERS = frozenset(
    {"oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"}
)
_SHEET_TAGS = (
    "{*}row",
    "{*}col",
    "{*}dataValidation",
    "{*}hyperlink",
    *("{*}" + name for name in sorted(_HEADERS)),
)
_YES = frozenset({"1", "true"})


@dataclass(slots=True)
class _Sheet:
    name: str
    state: str
    relation: Relation | None


@dataclass(slots=True)
class Workbook:
    """What the sheets share: strings, number formats, and how many cells may still be read."""

    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)  # number format of each cell style
    date1904: bool = False
    cells_left: int = 0


class TooMany(Exception):
    """The profile's number of cells is used up."""


def extract(content: Content, context: Context) -> Extraction:
    """Text, properties and embedded files of a workbook; see the contract of extractors.

    Raises :class:`EvidenceError` (``corrupt``, ``encrypted``, ``limit:...``) when the package or
    its workbook part can't be read.
    """
    package, result = start(content, context)
    if package is None:
        return result
    main = package.main("xl/workbook.xml")
    root = package.xml(main)
    if root is None:
        raise EvidenceError(State.CORRUPT, "It has no readable main part (xl/workbook.xml).")
    lines = Lines(context)
    book = Workbook(cells_left=context.profile.limits.cells)
    for properties in root.iter("{*}workbookPr"):
        book.date1904 = properties.get("date1904", "").lower() in _YES
    try:
        book.strings = _shared_strings(package, main, context)
        book.formats = _formats(package, main)
        _sheets(package, main, root, book, lines, result)
        _rest(package, root, lines, result)
    except Full:
        pass
    except TooMany:
        limit = context.profile.limits.cells
        result.state = f"{State.LIMIT}:cells"
        result.message = f"Only the first {limit} cells were read."
    result.text = lines.text()
    return finish(package, result, context)


def _sheets(
    package: Package, main: str, root: Any, book: Workbook, lines: Lines, result: Extraction
) -> None:
    related = package.related(main)
    sheets = [
        _Sheet(
            element.get("name", ""),
            element.get("state", "visible"),
            related.get(attribute(element, "id")),
        )
        for element in root.iterfind("{*}sheets/{*}sheet")
    ]
    hidden = [s.name for s in sheets if s.state != "visible"]
    result.fields["sheets"] = len(sheets)
    if hidden:
        result.flags.add("hidden_sheets")
        result.fields["hidden_sheets"] = hidden[:1000]
    people = _people(package)
    read: set[str] = set()
    for index, sheet in enumerate(sheets):
        lines.add("\f" if index else "")
        lines.line(sheet.name)
        if sheet.relation is None or sheet.relation.target not in package:
            package.warn(f"Sheet {sheet.name!r} has no part.")
            continue
        name = sheet.relation.target
        if name in read:
            continue
        read.add(name)
        macros = "macrosheet" in sheet.relation.kind.lower()
        if macros:
            result.flags.add("macros")
        _sheet(package, name, book, lines, result, macros)
        _beside(package, name, people, lines, result)


def _sheet(
    package: Package, name: str, book: Workbook, lines: Lines, result: Extraction, macros: bool
) -> None:
    file = package.open(name)
    if file is None:
        return
    with file:
        for element in markup.stream(file, name, _SHEET_TAGS, package.warn):
            kind = local(element.tag)
            if kind == "row":
                if element.get("hidden", "").lower() in _YES and len(element):
                    result.flags.add("hidden_rows")
                _row(element, book, lines, macros)
                element.clear()
                # Rows already read would otherwise stay as empty elements of the tree.
                while (before := element.getprevious()) is not None:
                    element.getparent().remove(before)
            elif kind == "col":
                if element.get("hidden", "").lower() in _YES:
                    result.flags.add("hidden_columns")
            elif kind in _HEADERS:
                if element.text:
                    lines.line(header(element.text))
            elif kind == "hyperlink":
                lines.line(element.get("tooltip", ""))
            else:
                for key in ("promptTitle", "prompt", "errorTitle", "error"):
                    lines.line(element.get(key, ""))
                for formula in element.iterfind("{*}formula1"):
                    if (formula.text or "").startswith('"'):
                        lines.line(formula.text.strip('"'))


def _row(row: Any, book: Workbook, lines: Lines, macros: bool) -> None:
    book.cells_left -= len(row)
    if book.cells_left < 0:
        raise TooMany
    shown = []
    for cell in row:
        text = _cell(cell, book, macros)
        if text:
            shown.append(text)
    if shown:
        lines.add("\t".join(shown) + "\n")


def _cell(cell: Any, book: Workbook, macros: bool) -> str:
    kind = cell.get("t")
    value: str | None = None
    formula: str | None = None
    for part in cell:
        name = local(part.tag)
        if name == "v":
            value = part.text
        elif name == "f":
            formula = part.text
        elif name == "is":
            return _rich(part)
    if macros and formula:
        return "=" + formula + ("\t" + value if value else "")
    if value is None:
        return "=" + formula if formula else ""
    if kind == "s":
        try:
            return book.strings[int(value)]
        except (ValueError, IndexError):
            return ""
    if kind == "b":
        return "TRUE" if value.strip() == "1" else "FALSE"
    if kind in ("str", "e", "d", "inlineStr"):
        return value
    style = cell.get("s")
    try:
        code = book.formats[int(style)] if style else "General"
        return numbers.show(float(value), code, book.date1904)
    except (ValueError, IndexError):
        return value


def _rich(element: Any) -> str:
    """The text of a string item: its runs, then the readings (furigana) in parentheses."""
    pieces = [t.text or "" for t in element.iterfind("{*}t")]
    pieces += [t.text or "" for t in element.iterfind("{*}r/{*}t")]
    readings = [t.text or "" for t in element.iterfind("{*}rPh/{*}t")]
    if readings:
        pieces.append(f" ({' '.join(readings)})")
    return "".join(pieces)


def _shared_strings(package: Package, main: str, context: Context) -> list[str]:
    result: list[str] = []
    left = context.profile.limits.text_bytes
    names = package.targets(main, "sharedStrings") or ["xl/sharedStrings.xml"]
    file = package.open(names[0])
    if file is None:
        return result
    with file:
        for item in markup.stream(file, names[0], ("{*}si",), package.warn):
            text = _rich(item)
            result.append(text)
            left -= len(text)
            item.clear()
            while (before := item.getprevious()) is not None:
                item.getparent().remove(before)
            if left < 0:
                package.warn(
                    f"Shared strings beyond {context.profile.limits.text_bytes} characters were "
                    "not read."
                )
                break
    return result


def _formats(package: Package, main: str) -> list[str]:
    names = package.targets(main, "styles") or ["xl/styles.xml"]
    root = package.xml(names[0])
    if root is None:
        return []
    own = {
        element.get("numFmtId", ""): element.get("formatCode", "General")
        for element in root.iterfind("{*}numFmts/{*}numFmt")
    }
    result = []
    for style in root.iterfind("{*}cellXfs/{*}xf"):
        number = style.get("numFmtId", "0")
        code = own.get(number)
        if code is None:
            code = numbers.BUILT_IN.get(int(number) if number.isdigit() else 0, "General")
        result.append(code)
    return result


def _beside(
    package: Package, sheet: str, people: dict[str, str], lines: Lines, result: Extraction
) -> None:
    """Comments, drawings and form controls that belong to a sheet."""
    for relation in package.relations(sheet):
        if relation.external or relation.target not in package:
            continue
        if relation.kind in ("comments", "threadedComment"):
            root = package.xml(relation.target)
            if root is not None:
                result.flags.add("comments")
                for line in _comments(root, people):
                    lines.line(line)
        elif relation.kind == "drawing":
            shapes(package.xml(relation.target), lines)
        elif relation.kind == "vmlDrawing":
            root = package.xml(relation.target)
            for box in root.iter("{*}textbox") if root is not None else ():
                lines.line(" ".join(" ".join(box.itertext()).split()))


def shapes(root: Any, lines: Lines) -> None:
    """Text and alternative text of the shapes of a drawing part."""
    if root is None:
        return
    for element in root.iter("{*}cNvPr", "{*}p"):
        if local(element.tag) == "p":
            lines.line(drawing.paragraph(element))
        else:
            drawing.alternative(element, lines)


def _comments(root: Any, people: dict[str, str]) -> Iterator[str]:
    authors = [a.text or "" for a in root.iterfind("{*}authors/{*}author")]
    for comment in root.iter("{*}comment", "{*}threadedComment"):
        number = comment.get("authorId", "")
        author = people.get(comment.get("personId", ""), "")
        if number.isdigit() and int(number[:9]) < len(authors):
            author = authors[int(number[:9])]
        text = comment.find("{*}text")
        written = "" if text is None else _rich(text) or text.text or ""
        when = comment.get("dT", "")
        yield f"{comment.get('ref', '')} {author} {when}".strip() + f": {written.strip()}"


def _people(package: Package) -> dict[str, str]:
    result = {}
    for name in package.names:
        if "/persons/" in name.lower():
            root = package.xml(name)
            for person in root if root is not None else ():
                result[person.get("id", "")] = person.get("displayName", "")
    return result


def _rest(package: Package, root: Any, lines: Lines, result: Extraction) -> None:
    """What belongs to no sheet: defined names, charts, cached data of other workbooks, history."""
    lines.add("\f")
    drawing.charts_and_diagrams(package, lines)
    for name in root.iterfind("{*}definedNames/{*}definedName"):
        if not name.get("name", "").startswith("_xlnm."):
            lines.line(f"{name.get('name', '')}\t{name.text or ''}")
            lines.line(name.get("comment", ""))
    known: set[str] | None = None
    for part in package.names:
        key = part.lower()
        if not key.endswith(".xml"):
            continue
        if "/externallinks/" in key:
            _external(package.xml(part), lines, result)
        elif key.endswith("connections.xml"):
            _connections(package.xml(part), result)
        elif "/revisions/revisionlog" in key:
            _revisions(package.xml(part), lines)
        elif "/pivotcache/pivotcachedefinition" in key:
            known = set() if known is None else known
            _pivot(package.xml(part), known, lines)


def _external(root: Any, lines: Lines, result: Extraction) -> None:
    if root is None:
        return
    for link in root.iter("{*}ddeLink"):
        result.flags.update(("launch", "external_reference"))
        known = result.fields.setdefault("external_references", [])
        if len(known) < 100:
            known.append(f"dde: {link.get('ddeService', '')} {link.get('ddeTopic', '')}"[:1000])
    for row in root.iter("{*}row"):
        lines.line("\t".join(v.text or "" for v in row.iter("{*}v")))


def _connections(root: Any, result: Extraction) -> None:
    found = []
    for connection in root if root is not None else ():
        result.flags.add("external_reference")
        parts = [connection.get("name", ""), connection.get("description", "")]
        for element in connection.iter():
            parts += [element.get(k, "") for k in ("connection", "command", "url", "sourceFile")]
        found.append(" ".join(filter(None, parts))[:2000])
    if found:
        result.fields["connections"] = found[:100]


def _revisions(root: Any, lines: Lines) -> None:
    """Earlier values of cells in a shared workbook."""
    for old in root.iter("{*}oc") if root is not None else ():
        text = " ".join(v.text or "" for v in old.iter("{*}t", "{*}v"))
        if text.strip():
            lines.line(f"[-{text}-]")


def _pivot(root: Any, known: set[str], lines: Lines) -> None:
    """Distinct texts of a pivot table's cache, which outlives the data that it came from."""
    for element in root.iter("{*}cacheField", "{*}s") if root is not None else ():
        text = element.get("name" if local(element.tag) == "cacheField" else "v", "")
        if text and text not in known:
            known.add(text)
            lines.line(text)


def header(text: str) -> str:
    """A page header or footer without its layout codes."""
    text = re.sub(r"&[LCR]", "\t", text)
    return _HEADER_CODE.sub(lambda m: "&" if m.group(1) else "", text)
