"""The text of ODF content: paragraphs, tables, notes, changes, in reading order (ODF 1.3-3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lxml import etree

from ediscovery.extract.contract import Extraction
from ediscovery.extract.office.lines import DELETED, INSERTED, KEPT, Lines, mark_deletions
from ediscovery.extract.office.markup import above, attribute, local

_BLANKS = re.compile(r"[ \t\r\n]+")
_MOST_REPEATS = 50  # a repeated cell is written no more often; its words are there all the same
_MOST_BLANKS = 1000
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]{2,}:|//|\\\\|/", re.IGNORECASE)
_SKIPPED = frozenset(
    {"text:note-citation", "text:footnote-citation", "text:endnote-citation", "office:settings"}
    | {"office:automatic-styles", "office:font-face-decls", "office:font-decls", "office:meta"}
    | {"office:styles", "office:master-styles", "office:binary-data", "text:tracked-changes"}
    | {"office:scripts", "office:script", "text:index-title-template"}
)
_FETCHED = frozenset(
    {"draw:image", "draw:object", "draw:object-ole", "draw:floating-frame", "draw:plugin"}
    | {"text:section-source", "table:table-source", "table:cell-range-source", "draw:applet"}
)
_PREFIXES = {"drawing": "draw"}


@lru_cache(maxsize=4096)
def name_of(tag: Any) -> str:
    """``prefix:local`` with the prefix that ODF gives a namespace, in all its versions."""
    if not isinstance(tag, str):
        return ""
    uri, _, name = tag[1:].rpartition("}")
    if uri.endswith("elements/1.1/"):
        return f"dc:{name}"
    space = uri.split(":")[-2] if uri.startswith("urn:oasis:") else uri.rpartition("/")[2]
    space = space.partition("-")[0]
    return f"{_PREFIXES.get(space, space)}:{name}"


class _Block:
    """A paragraph under construction, and the lines that hang on it (notes, comments, boxes)."""

    __slots__ = ("after", "pieces")

    def __init__(self) -> None:
        self.pieces: list[tuple[str, int]] = []
        self.after: list[str] = []


class Story:
    """Writes the text of one content tree to ``lines`` and its flags and fields to ``result``."""

    def __init__(self, lines: Lines, result: Extraction) -> None:
        self._lines = lines
        self._flags = result.flags
        self._fields = result.fields
        self._out: list[str] = []
        self._open: list[_Block] = []
        self._hidden: frozenset[str] = frozenset()
        self._hidden_tables: frozenset[str] = frozenset()
        self._hidden_pages: frozenset[str] = frozenset()
        self._deletions: dict[str, str] = {}
        self._insertions: set[str] = set()
        self._inserted: set[str] = set()
        self._sheets = self._pages = 0
        self._in_master = False
        self._starts: dict[str, Callable[[Any], bool | None]] = {
            "text:p": self._paragraph,
            "text:h": self._paragraph,
            "text:s": self._spaces,
            "text:tab": self._tab,
            "text:tab-stop": self._tab,
            "text:line-break": self._line_break,
            "text:soft-page-break": self._page_break,
            "text:span": self._span,
            "text:hidden-text": self._hidden_text,
            "text:hidden-paragraph": self._hidden_text,
            "text:section": self._section,
            "text:change": self._change,
            "text:change-start": self._change_start,
            "text:change-end": self._change_end,
            "text:ruby-text": self._ruby,
            "office:annotation": self._annotation,
            "table:table": self._table,
            "table:table-row": self._row,
            "table:table-column": self._column,
            "table:tracked-changes": self._cell_history,
            "table:named-range": self._named,
            "draw:page": self._page,
            "draw:frame": self._frame,
            "office:dde-source": self._dde,
            "table:dde-link": self._dde,
        }
        self._ends: dict[str, Callable[[Any], None]] = {
            "text:p": self._end_paragraph,
            "text:h": self._end_paragraph,
            "table:table-cell": self._end_cell,
            "table:covered-table-cell": self._end_cell,
            "table:table-row": self._end_row,
            "text:ruby-text": self._end_ruby,
        }

    def learn(self, content: Any, styles: Any) -> None:
        """Note hidden styles and tracked changes before reading."""
        hidden: set[str] = set()
        tables: set[str] = set()
        pages: set[str] = set()
        for root in (content, styles):
            if root is None:
                continue
            for element in root.iter("{*}text-properties", "{*}table-properties"):
                if attribute(element, "display") in ("none", "false"):
                    target = hidden if local(element.tag) == "text-properties" else tables
                    target.add(attribute(element.getparent(), "name"))
            for element in root.iter("{*}drawing-page-properties"):
                if attribute(element, "visibility") == "hidden":
                    pages.add(attribute(element.getparent(), "name"))
        self._hidden = frozenset(hidden)
        self._hidden_tables, self._hidden_pages = frozenset(tables), frozenset(pages)
        for region in content.iter("{*}changed-region"):
            self._learn_change(region)

    def read(self, root: Any) -> None:
        """All text of the body below ``root``."""
        bodies = [root] if name_of(root.tag) == "office:body" else list(root.iterfind("{*}body"))
        for body in bodies or [root]:
            self._walk(body)

    def read_masters(self, styles: Any) -> None:
        """Headers, footers and standing text of page styles; placeholders are left out."""
        self._in_master = True
        before = self._out
        self._out = []
        for element in styles.iter("{*}master-page", "{*}handout-master"):
            self._walk(element, flush=False)
        seen = dict.fromkeys("".join(self._out).splitlines())
        self._out = before
        self._in_master = False
        for line in seen:
            self._lines.line(line)

    def _walk(self, root: Any, flush: bool = True) -> None:
        starts, ends = self._starts, self._ends
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            name = name_of(element.tag)
            if event == "start":
                if name in _SKIPPED:
                    walker.skip_subtree()
                    continue
                if name in _LOOSE:
                    self._loose(element, name)
                    walker.skip_subtree()
                    continue
                handler = starts.get(name)
                skip = handler(element) if handler is not None else None
                self._look(element, name)
                if skip:
                    walker.skip_subtree()
                elif element.text:
                    self._text(element.text)
            else:
                ending = ends.get(name)
                if ending is not None:
                    ending(element)
                if element.tail and element is not root:
                    self._text(element.tail)
                if flush and len(self._out) > 1000 and not self._open:
                    self._flush()
        if flush:
            self._flush()

    def _flush(self) -> None:
        keep = self._out.pop() if self._out else ""  # a row may still turn its last tab to a line
        for piece in self._out:
            self._lines.add(piece)
        self._out = [keep] if keep else []
        if not self._open and keep.endswith("\n"):
            self._lines.add(keep)
            self._out = []

    # -- text -------------------------------------------------------------------------------

    def _text(self, text: str) -> None:
        if self._open:
            self._put(_BLANKS.sub(" ", text))

    def _put(self, text: str, kind: int | None = None) -> None:
        if self._open:
            kind = (INSERTED if self._inserted else KEPT) if kind is None else kind
            self._open[-1].pieces.append((text, kind))
        elif text.strip():
            self._out.append(text)

    def _sink(self) -> list[str]:
        return self._open[-1].after if self._open else self._out

    def _paragraph(self, element: Any) -> None:
        self._open.append(_Block())
        self._styled(element)

    def _end_paragraph(self, element: Any) -> None:
        done = self._open.pop()
        sink = self._sink()
        sink.append(mark_deletions(done.pieces) + "\n")
        sink.extend(done.after)

    def _spaces(self, element: Any) -> None:
        count = attribute(element, "c")
        self._put(" " * min(_count(count), _MOST_BLANKS))

    def _tab(self, element: Any) -> None:
        self._put("\t")

    def _line_break(self, element: Any) -> None:
        self._put("\n")

    def _page_break(self, element: Any) -> None:
        self._put("\f")

    def _span(self, element: Any) -> None:
        self._styled(element)

    def _styled(self, element: Any) -> None:
        if self._hidden and attribute(element, "style-name") in self._hidden:
            self._flags.add("hidden_text")

    def _hidden_text(self, element: Any) -> bool:
        self._flags.add("hidden_text")
        text = attribute(element, "string-value")
        self._put(text)
        return bool(text)

    def _section(self, element: Any) -> None:
        if attribute(element, "display") in ("none", "condition"):
            self._flags.add("hidden_text")

    def _ruby(self, element: Any) -> None:
        self._put("(")

    def _end_ruby(self, element: Any) -> None:
        self._put(")")

    def _loose(self, element: Any, name: str) -> None:
        """Text that stands in no paragraph: alternative text, declared headers and footers."""
        between = " " if name.endswith(":math") else ""
        text = _BLANKS.sub(" ", between.join(element.itertext())).strip()
        if text:
            self._sink().append(text + "\n")

    # -- changes and comments ---------------------------------------------------------------

    def _learn_change(self, region: Any) -> None:
        self._flags.add("tracked_changes")
        key = attribute(region, "id")
        for info in region.iter("{*}creator"):
            authors = self._fields.setdefault("revision_authors", [])
            if info.text and info.text not in authors and len(authors) < 100:
                authors.append(info.text)
        for part in region:
            if local(part.tag) == "insertion":
                self._insertions.add(key)
            elif local(part.tag) == "deletion":
                inner = Story(self._lines, Extraction())
                for block in part:
                    if local(block.tag) != "change-info":
                        inner._walk(block, flush=False)
                self._deletions[key] = "".join(inner._out).strip("\n")

    def _change(self, element: Any) -> None:
        text = self._deletions.get(attribute(element, "change-id"), "")
        if text:
            if self._open:
                self._put(text, DELETED)
            else:
                self._out.append(f"[-{text}-]\n")

    def _change_start(self, element: Any) -> None:
        self._inserted.add(attribute(element, "change-id"))

    def _change_end(self, element: Any) -> None:
        self._inserted.discard(attribute(element, "change-id"))

    def _cell_history(self, element: Any) -> bool:
        """Earlier contents of cells."""
        self._flags.add("tracked_changes")
        for old in element.iter("{*}change-track-table-cell"):
            text = "\n".join("".join(p.itertext()) for p in old.iter("{*}p"))
            text = text or attribute(old, "value")
            if text:
                self._out.append(f"[-{text}-]\n")
        return True

    def _annotation(self, element: Any) -> bool:
        self._flags.add("comments")
        head, body = [], []
        for part in element.iter():
            name = local(part.tag)
            if name in ("creator", "date") and part.text:
                head.append(part.text)
            elif name in ("p", "h"):
                body.append("".join(part.itertext()))
        head = head or [attribute(element, "author"), attribute(element, "create-date")]
        self._sink().append(" ".join(filter(None, head)) + ": " + "\n".join(body) + "\n")
        return True

    # -- tables, pages ----------------------------------------------------------------------

    def _table(self, element: Any) -> None:
        top = above(element) in ("spreadsheet", "body")
        if top and not self._in_master:
            self._out.append("\f" if self._sheets else "")
            self._sheets += 1
            self._out.append(attribute(element, "name") + "\n")
            if attribute(element, "style-name") in self._hidden_tables:
                self._flags.add("hidden_sheets")
                hidden = self._fields.setdefault("hidden_sheets", [])
                if len(hidden) < 1000:
                    hidden.append(attribute(element, "name"))

    def _row(self, element: Any) -> None:
        if attribute(element, "visibility") in ("collapse", "filter") and _has_text(element):
            self._flags.add("hidden_rows")

    def _column(self, element: Any) -> None:
        if attribute(element, "visibility") in ("collapse", "filter"):
            self._flags.add("hidden_columns")

    def _end_cell(self, element: Any) -> None:
        sink = self._sink()
        if not len(element):
            formula = attribute(element, "formula")
            value = attribute(element, "value") or attribute(element, "string-value")
            if value or formula:
                sink.append(value or "=" + formula.partition("=")[2])
            else:
                return
        if sink and sink[-1].endswith("\n"):
            sink[-1] = sink[-1][:-1]
        repeats = attribute(element, "number-columns-repeated")
        if repeats and sink and sink[-1].strip():
            sink.extend(["\t" + sink[-1].strip("\t")] * (min(_count(repeats), _MOST_REPEATS) - 1))
        sink.append("\t")

    def _end_row(self, element: Any) -> None:
        sink = self._sink()
        if sink and sink[-1].endswith("\t"):
            sink[-1] = sink[-1][:-1] + "\n"

    def _named(self, element: Any) -> None:
        self._out.append(
            f"{attribute(element, 'name')}\t{attribute(element, 'cell-range-address')}\n"
        )

    def _page(self, element: Any) -> None:
        self._out.append("\f" if self._pages else "")
        self._pages += 1
        self._fields["slides"] = self._pages
        self._fields.setdefault("page_count", self._pages)
        if self._pages > self._fields["page_count"]:
            self._fields["page_count"] = self._pages
        if attribute(element, "style-name") in self._hidden_pages:
            self._flags.add("hidden_slides")

    def _frame(self, element: Any) -> bool:
        return self._in_master and attribute(element, "class") in _PROMPTS

    # -- what leads out ---------------------------------------------------------------------

    def _look(self, element: Any, name: str) -> None:
        if name in _FETCHED:
            target = attribute(element, "href")
            if target and _REMOTE.match(target) and not target.startswith("./"):
                self._refer(target)
        elif name == "text:a":
            target = attribute(element, "href")
            links = self._fields.setdefault("links", [])
            if target and not target.startswith("#") and target not in links and len(links) < 1000:
                links.append(target)
                self._sink().append(target + "\n")
        elif name == "script:event-listener":
            if "script:" in attribute(element, "href") or attribute(element, "macro-name"):
                self._flags.add("macros")
        elif name.startswith("form:"):
            self._form(element, name)

    def _form(self, element: Any, name: str) -> None:
        self._flags.add("form")
        for key in ("label", "current-value", "value", "title"):
            text = element.get(key) or attribute(element, key)
            if text and name != "form:property" and not text.startswith("vnd."):
                self._sink().append(text + "\n")

    def _dde(self, element: Any) -> None:
        self._flags.add("launch")
        self._refer("dde: " + " ".join(element.attrib.values()))

    def _refer(self, target: str) -> None:
        self._flags.add("external_reference")
        known = self._fields.setdefault("external_references", [])
        if target not in known and len(known) < 100:
            known.append(target[:1000])


_LOOSE = frozenset(
    {"presentation:header-decl", "presentation:footer-decl", "presentation:date-time-decl"}
    | {"math:math", "MathML:math", "svg:title", "svg:desc"}
)
_PROMPTS = frozenset(
    [
        "title",
        "subtitle",
        "outline",
        "text",
        "notes",
        "graphic",
        "object",
        "chart",
        "table",
        "orgchart",
        "page",
        "handout",
    ]
)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _has_text(element: Any) -> bool:
    return next(element.iter("{*}p"), None) is not None
