"""The text of one WordprocessingML document, story by story (ECMA-376-1 17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from ediscovery.extract.contract import Extraction
from ediscovery.extract.office import field_codes
from ediscovery.extract.office.lines import DELETED, INSERTED, KEPT, Lines, mark_deletions
from ediscovery.extract.office.markup import above, attribute, local
from ediscovery.extract.office.numbering import Numbering
from ediscovery.extract.office.package import Package
from ediscovery.model.errors import EvidenceError

_OFF = frozenset({"0", "false", "off", "none"})
_REVISIONS = (
    *("rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "trPrChange", "tcPrChange"),
    *("cellIns", "cellDel", "cellMerge"),
)
# Parts of an equation that stand apart on paper: numerator, exponent, argument, ...
_MATH = ("e", "num", "den", "sub", "sup", "deg", "fName")


class _Paragraph:
    """A paragraph under construction: its pieces, and the lines that its boxes hold."""

    __slots__ = ("after", "pieces")

    def __init__(self) -> None:
        self.pieces: list[tuple[str, int]] = []
        self.after: list[str] = []


class Document:
    """Walks the stories of one document in turn and writes their text to ``lines``."""

    def __init__(self, package: Package, lines: Lines, result: Extraction) -> None:
        self.package = package
        self.lines = lines
        self.flags = result.flags
        self.fields = result.fields
        self.authors: set[str] = set()
        self.links: dict[str, None] = {}
        styles = self._optional("word/styles.xml", "styles")
        self._hidden_styles = _hidden_styles(styles)
        self._numbering = Numbering(self._optional("word/numbering.xml", "numbering"), styles)
        self.bound: set[str] = set()  # stores of custom XML that content controls show
        self._reset()
        self._starts: dict[str, Callable[[Any], None]] = {
            "p": self._paragraph,
            "r": self._run,
            "ins": self._insertion,
            "moveTo": self._insertion,
            "del": self._deletion,
            "moveFrom": self._deletion,
            "vanish": self._vanish,
            "rStyle": self._style,
            "pStyle": self._style,
            "docPr": self._alternative,
            "cNvPr": self._alternative,
            "shape": self._alternative,
            "textpath": self._word_art,
            "comment": self._comment,
            "hyperlink": self._hyperlink,
            "dataBinding": self._binding,
            "fldSimple": self._simple_field,
            "fldChar": self._field_mark,
            "ffData": self._form_field,
            **dict.fromkeys(_REVISIONS, self._revision),
        }
        self._ends: dict[str, Callable[[Any], None]] = {
            "p": self._end_paragraph,
            "t": self._text,
            "delText": self._deleted_text,
            "tab": self._tab,
            "ptab": self._tab,
            "br": self._break,
            "cr": self._break,
            "noBreakHyphen": self._hyphen,
            "softHyphen": self._soft_hyphen,
            "sym": self._symbol,
            "rubyBase": self._ruby,
            "tc": self._end_cell,
            "tr": self._end_row,
            "ins": self._end_insertion,
            "moveTo": self._end_insertion,
            "del": self._end_deletion,
            "moveFrom": self._end_deletion,
            **dict.fromkeys(_MATH, self._math_part),
            "instrText": self._instruction,
            "delInstrText": self._instruction,
        }
        named = {"Fallback", "Choice", "rt", *self._starts, *self._ends}
        self._tags = tuple("{*}" + name for name in sorted(named))

    def part(self, name: str) -> None:
        """The story in part ``name``, after those before it."""
        root = self.package.xml(name)
        if root is not None:
            self.story(root)

    def story(self, root: Any) -> None:
        """All text below ``root``."""
        self._reset()
        starts, ends = self._starts, self._ends
        walker = etree.iterwalk(root, events=("start", "end"), tag=self._tags)
        for event, element in walker:
            name = local(element.tag)
            if event == "start":
                if (name == "Fallback" and _follows_choice(element)) or name == "rt":
                    walker.skip_subtree()
                    continue
                handler = starts.get(name)
            else:
                handler = ends.get(name)
            if handler is not None:
                handler(element)
        while self._open:
            self._end_paragraph(None)
        self._flush()

    # -- state ------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._open: list[_Paragraph] = []
        self._out: list[str] = []
        self._inserted = 0
        self._deleted = 0
        self._hidden = False
        self._hidden_paragraph = False
        self._instructions: list[str] = []

    def _flush(self) -> None:
        for piece in self._out:
            self.lines.add(piece)
        self._out.clear()

    def _sink(self) -> list[str]:
        return self._open[-1].after if self._open else self._out

    def _put(self, text: str, kind: int | None = None) -> None:
        if kind is None:
            kind = DELETED if self._deleted else INSERTED if self._inserted else KEPT
        if self._open:
            self._open[-1].pieces.append((text, kind))
        else:
            self._out.append(text)

    # -- paragraphs, runs, tables -----------------------------------------------------------

    def _paragraph(self, element: Any) -> None:
        self._open.append(_Paragraph())
        self._hidden_paragraph = False
        if self._numbering:
            label = self._numbering.label(element)
            if label:
                self._put(label, KEPT)

    def _end_paragraph(self, element: Any) -> None:
        done = self._open.pop()
        sink = self._sink()
        sink.append(mark_deletions(done.pieces) + "\n")
        sink.extend(done.after)
        if not self._open and len(self._out) > 1000 and not _in_table(element):
            self._flush()

    def _run(self, element: Any) -> None:
        self._hidden = False

    def _text(self, element: Any) -> None:
        text = element.text
        if text:
            self._put(text)
            if (self._hidden or self._hidden_paragraph) and not text.isspace():
                self.flags.add("hidden_text")

    def _deleted_text(self, element: Any) -> None:
        if element.text:
            self._put(element.text, DELETED)

    def _tab(self, element: Any) -> None:
        if above(element) != "tabs":  # a stop that is defined, not used
            self._put("\t")

    def _break(self, element: Any) -> None:
        self._put("\f" if attribute(element, "type") == "page" else "\n")

    def _hyphen(self, element: Any) -> None:
        self._put("-")

    def _soft_hyphen(self, element: Any) -> None:
        self._put("\u00ad")

    def _ruby(self, element: Any) -> None:
        reading = "".join(t.text or "" for t in element.getparent().iterfind("{*}rt/{*}r/{*}t"))
        if reading:
            self._put(f"({reading})")

    def _math_part(self, element: Any) -> None:
        self._put(" ")

    def _symbol(self, element: Any) -> None:
        try:
            code = int(attribute(element, "char"), 16)
        except ValueError:
            return
        # Private code points only name a glyph of a symbol font.
        self._put(" " if 0xE000 <= code < 0xF900 or code > 0x10FFFF else chr(code))

    def _end_cell(self, element: Any) -> None:
        sink = self._sink()
        if sink and sink[-1].endswith("\n"):
            sink[-1] = sink[-1][:-1] + "\t"
        else:
            sink.append("\t")

    def _end_row(self, element: Any) -> None:
        sink = self._sink()
        if sink and sink[-1].endswith("\t"):
            sink[-1] = sink[-1][:-1] + "\n"

    # -- changes, hidden text, comments -----------------------------------------------------

    def _revision(self, element: Any) -> None:
        self.flags.add("tracked_changes")
        author = attribute(element, "author")
        if author and len(self.authors) < 1000:
            self.authors.add(author)

    def _insertion(self, element: Any) -> None:
        self._inserted += 1
        self._revision(element)

    def _end_insertion(self, element: Any) -> None:
        self._inserted -= 1

    def _deletion(self, element: Any) -> None:
        self._deleted += 1
        self._revision(element)

    def _end_deletion(self, element: Any) -> None:
        self._deleted -= 1

    def _vanish(self, element: Any) -> None:
        if above(element, 2) == "r" and attribute(element, "val").lower() not in _OFF:
            self._hidden = True

    def _style(self, element: Any) -> None:
        if attribute(element, "val") in self._hidden_styles:
            if local(element.tag) == "rStyle":
                self._hidden = True
            else:
                self._hidden_paragraph = True

    def _comment(self, element: Any) -> None:
        self.flags.add("comments")
        initials = attribute(element, "initials")
        parts = attribute(element, "author"), initials and f"({initials})"
        head = " ".join(filter(None, (*parts, attribute(element, "date"))))
        self._out.append(head + ": " if head else "")

    # -- pictures, links, fields ------------------------------------------------------------

    def _alternative(self, element: Any) -> None:
        for name in ("title", "descr", "alt"):
            text = element.get(name)
            if text and text.strip():
                self._sink().append(text.strip() + "\n")

    def _word_art(self, element: Any) -> None:
        text = element.get("string")
        if text:
            self._sink().append(text + "\n")

    def _hyperlink(self, element: Any) -> None:
        tip = attribute(element, "tooltip")
        if tip:
            self._sink().append(tip + "\n")

    def _binding(self, element: Any) -> None:
        self.bound.add(attribute(element, "storeItemID"))

    def _simple_field(self, element: Any) -> None:
        self._field(attribute(element, "instr"))

    def _instruction(self, element: Any) -> None:
        if element.text:
            self._instructions.append(element.text)

    def _field_mark(self, element: Any) -> None:
        if self._instructions:
            instruction = "".join(self._instructions)
            self._instructions.clear()
            found = self._field(instruction)
            if found.shown and attribute(element, "fldCharType") == "end":
                self._put(instruction)

    def _field(self, instruction: str) -> field_codes.Instruction:
        found = field_codes.understand(instruction)
        if found.fetches:
            self.flags.add("external_reference")
            known = self.fields.setdefault("external_references", [])
            if len(known) < 100:
                known.append(found.fetches)
        if found.starts:
            self.flags.add("launch")
        if found.entry:
            self.flags.add("hidden_text")
            self._sink().append(found.entry + "\n")
        if found.link and len(self.links) < 1000:
            self.links.setdefault(found.link)
        return found

    def _form_field(self, element: Any) -> None:
        self.flags.add("form")
        choices = [attribute(entry, "val") for entry in element.iter("{*}listEntry")]
        chosen = element.find(".//{*}ddList/{*}result")
        for part in element.iter("{*}statusText", "{*}helpText"):
            if attribute(part, "val"):
                self._sink().append(attribute(part, "val") + "\n")
        if choices:
            index = attribute(chosen, "val") if chosen is not None else "0"
            if index.isascii() and index.isdigit() and int(index[:6]) < len(choices):
                self._put(choices[int(index[:6])])

    def _optional(self, name: str, kind: str) -> Any:
        for main in self.package.targets("", "officeDocument"):
            for target in self.package.targets(main, kind):
                name = target
        try:
            return self.package.xml(name)
        except EvidenceError as error:
            self.package.warn(error.message)
            return None


def _hidden_styles(styles: Any) -> frozenset[str]:
    if styles is None:
        return frozenset()
    found = set()
    for element in styles.iter("{*}vanish"):
        if attribute(element, "val").lower() in _OFF:
            continue
        if above(element, 2) == "style":
            found.add(attribute(element.getparent().getparent(), "styleId"))
    return frozenset(found)


def _follows_choice(fallback: Any) -> bool:
    return any(local(e.tag) == "Choice" for e in fallback.itersiblings(preceding=True))


def _in_table(element: Any) -> bool:
    return element is not None and any(True for _ in element.iterancestors("{*}tc"))
