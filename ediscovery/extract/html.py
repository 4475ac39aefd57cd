"""HTML as a reader would see it, line by line, and what it hides or would fetch from elsewhere.

Parsed by lexbor to the HTML standard; nothing is executed, resolved or fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ediscovery.extract.charset import Decoded, decode
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.office import numbering
from ediscovery.extract.text import charset_fields, declared_charset, note
from ediscovery.model.states import State

# Deeper nesting than this costs the parser quadratic time; browsers stop at 512.
MAX_NESTING = 2000
_CHECK_NESTING = 4000  # pages with fewer tags than this can't get expensive

_BLOCKS = (
    "address article aside blockquote body br button caption center dd details dialog dir div dl "
    "dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr "
    "html iframe legend li main menu nav noframes ol optgroup option p plaintext pre section "
    "select summary table tbody textarea tfoot thead title tr ul video audio xmp"
)
_CELLS = ("td", "th")
_DROPPED = ("script", "style")
_MARKUP_AS_TEXT = ("iframe", "noframes", "noembed")
_FETCHING = (
    "audio body embed frame iframe image img input link object script source table tbody td th "
    "thead tr track video"
)
_SOURCES = ("src", "background", "data", "href", "poster", "srcset")

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.I)
_XML_CHARSET = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.-]+)")
_REMOTE = re.compile(r"(?:\s*(?:https?|ftp|wss?|file):)?\s*(?://|\\\\)[^/\\]", re.I)
_REMOTE_CSS = re.compile(
    r"(?:url\(\s*|@import\s+)[\"']?\s*(?:(?:https?|ftp|file):)?(?://|\\\\)", re.I
)
# Looked for in lower-cased source, so that pages without any are spared the closer look. Each
# begins with a literal: such patterns are searched many times faster than one with alternatives.
_HIDING = tuple(
    re.compile(pattern)
    for pattern in (
        r"display\s*:\s*none",
        r"visibility\s*:\s*hidden",
        r"mso-hide\s*:\s*all",
        r"font-size\s*:\s*0",
        r"hidden(?=[\s>=])",
    )
)
_PALE = re.compile(r"color\s*[:=]\s*[\"']?\s*(?:#fff|white|rgba?\(\s*255\s*,\s*255)")
_GONE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all"
    r"|font-size\s*:\s*0(?:\.0*)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)",
    re.I,
)
_COLOR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;]+)", re.I)
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color|-image)?\s*:\s*([^;]+)", re.I)
_WHITE = re.compile(r"\s*(?:#fff(?:fff)?\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255\b)", re.I)
_CLEAR = re.compile(r"\s*(?:transparent|none|inherit|initial)\b", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
_ANY_TAG = re.compile(r"<(?:!--.*?(?:-->|$)|[/!?a-zA-Z][^>]*>?)", re.S)
_CODE = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)", re.I | re.S)
_UNNUMBERED = re.compile(r"list-style(?:-type)?\s*:[^;]*\bnone\b", re.I)
_INTEGER = re.compile(r"\s*[+-]?\d{1,9}(?!\d)")
_NOT_NESTING = (
    "area base br col embed hr img input link meta param source track wbr p li dt dd td th tr "
    "option optgroup tbody thead tfoot html head body"
)


_LIST_FORMS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


@dataclass(slots=True)
class Page:
    """What a page says and does.

    ``remote`` counts references that a browser would fetch from another machine, ``hidden`` tells
    whether some of ``text`` can't be seen, ``cids`` are the Content-IDs that its images name.
    """

    text: str = ""
    title: str = ""
    hidden: bool = False
    remote: int = 0
    cids: set[str] = field(default_factory=set)
    meta: dict[str, str] = field(default_factory=dict)
    forms: int = 0
    scripts: int = 0
    too_deep: bool = False


def text_of(html: bytes | str, charset: str = "") -> str:
    """The text of ``html``, block by block on lines of their own; ``charset`` is the declared."""
    return read(html if isinstance(html, str) else decode_page(html, charset)[0].text).text


def decode_page(data: bytes, declared: str = "") -> tuple[Decoded, str]:
    """``data`` as text, and the charset it claims: ``declared``, else what the page itself says."""
    if not declared:
        head = data[:4096]
        match = _META_CHARSET.search(head) or _XML_CHARSET.match(head)
        if match:
            declared = match.group(1).decode("ascii")
            if declared.lower().replace("-", "") in ("utf16", "utf16le", "utf16be", "ucs2"):
                declared = ""  # what could be read as ASCII is not UTF-16
    return decode(data, declared), declared


def extract(content: Content, context: Context) -> Extraction:
    """Reads an HTML file: text, ``title``, ``author`` and the page's other ``meta`` fields."""
    limit = context.profile.limits.text_bytes
    data = content.read()[:limit]
    found, declared = decode_page(data, declared_charset(context.declared_type))
    page = read(found.text, with_meta=True)
    result = Extraction(text=page.text, fields=charset_fields(found, declared))
    if content.size > limit:
        result.state = f"{State.LIMIT}:text"
        result.message = f"Only the first {limit} bytes were read."
    note(found, declared, result)
    if page.title:
        result.fields["title"] = page.title
    author = page.meta.pop("author", "")
    if author:
        result.fields["author"] = author
    for name, value in page.meta.items():
        result.fields[f"meta_{name}"] = value
    describe(page, result)
    if page.scripts:
        result.flags.add("javascript")
    if page.forms:
        result.flags.add("form")
    return result


def describe(page: Page, result: Extraction) -> None:
    """Flags and fields that mails and files alike take from a page."""
    if page.hidden:
        result.flags.add("hidden_text")
    if page.remote:
        result.flags.add("remote_content")
        result.fields["remote_references"] = result.fields.get("remote_references", 0) + page.remote
    if page.too_deep:
        result.warnings.append(
            f"Its HTML nests deeper than {MAX_NESTING} levels; "
            "the text was taken without its structure."
        )


@dataclass(frozen=True, slots=True)
class _Tags:
    """lexbor's numbers for the tags that matter; they differ between its versions."""

    text: int
    pre: int
    img: int
    title: int
    form: int
    script: int
    input: int
    template: int
    li: int
    ol: int
    blocks: frozenset[int]
    cells: frozenset[int]
    dropped: frozenset[int]
    markup_as_text: frozenset[int]
    fetching: frozenset[int]


@cache
def _tags() -> _Tags:
    from selectolax.lexbor import LexborHTMLParser

    ids: dict[str, int] = {}
    blocks, fetching = _BLOCKS.split(), _FETCHING.split()
    names = {*blocks, *_CELLS, *_DROPPED, *_MARKUP_AS_TEXT, *fetching, "form", "template"}
    for name in names:
        frame = "<frameset>" if name in ("frame", "frameset") else ""
        inside = "<table><tr>" if name in _CELLS else "<table>" if name[0] == "t" else ""
        for start in (frame, inside, ""):
            parser = LexborHTMLParser(f"{start}<{name}>x")
            for node in parser.css("html")[0].traverse(include_text=True):
                if node.tag is not None:
                    ids.setdefault(node.tag, node.tag_id)

    def numbers(chosen: tuple[str, ...] | list[str]) -> frozenset[int]:
        return frozenset(ids[name] for name in chosen if name in ids)

    return _Tags(
        ids["-text"],
        ids["pre"],
        ids["img"],
        ids["title"],
        ids["form"],
        ids["script"],
        ids["input"],
        ids["template"],
        ids["li"],
        ids["ol"],
        numbers(blocks),
        numbers(_CELLS),
        numbers(_DROPPED),
        numbers(_MARKUP_AS_TEXT),
        numbers(fetching),
    )


def read(html: str, with_meta: bool = False) -> Page:
    """Everything :class:`Page` tells about ``html``; its ``meta`` elements only on request."""
    from selectolax.lexbor import LexborHTMLParser

    page = Page()
    if "\0" in html:
        html = html.replace("\0", "")
    if not html or html.isspace():
        return page
    if html.count("<") > _CHECK_NESTING and _too_deep(html):
        page.too_deep = True
        page.text = _without_tree(html)
        return page
    parser = LexborHTMLParser(html.encode("utf-8", "replace"), options=1)
    _Reader(page, html).walk(parser.root)
    if "url(" in html or "@import" in html:
        page.remote += len(_REMOTE_CSS.findall(html))
    if with_meta:
        for node in parser.css("meta[name][content]")[:100]:
            values = node.attributes
            name = re.sub(r"\W+", "_", str(values["name"]).strip().lower())[:60]
            value = " ".join((values["content"] or "").split())[:4096]
            if name and value:
                page.meta.setdefault(name, value)
    return page


class _Reader:
    """One walk over the tree, in document order, that gathers lines."""

    __slots__ = (
        "counts",
        "every",
        "gathering",
        "hiding",
        "label",
        "lines",
        "page",
        "shade",
        "tags",
    )

    def __init__(self, page: Page, html: str) -> None:
        self.page, self.tags = page, _tags()
        self.lines: list[str] = []
        self.gathering: list[str] = []
        self.shade: list[tuple[int, str]] = []  # elements that hide or colour what is in them
        self.counts: dict[int, int] = {}  # next number of each ordered list
        self.label = ""  # number that stands before the next line
        source = html.lower()
        self.hiding = any(pattern.search(source) for pattern in _HIDING) or any(
            source[match.start() - 1] != "-" for match in _PALE.finditer(source)
        )
        self.every = self.hiding or "title=" in source or "title =" in source

    def walk(self, root: Any) -> None:
        """Visit every node below ``root`` without recursion."""
        tags = self.tags
        text_id, blocks, cells, dropped = tags.text, tags.blocks, tags.cells, tags.dropped
        special = tags.fetching | tags.markup_as_text | {tags.form, tags.template, tags.title}
        special |= {tags.li, tags.ol}
        every = self.every
        gathering, flush = self.gathering, self.flush
        gather = gathering.append
        preformatted, item = 0, tags.li
        node = root.first_child
        while node is not None:
            tag = node.tag_id
            below = None
            if tag == text_id:
                text = node.text_content
                if preformatted and "\n" in text:
                    self.preformatted(text)
                else:
                    gather(text)
                if self.shade and not self.page.hidden and not text.isspace():
                    self.page.hidden = self.unseen()
            elif tag in dropped:
                if tag == tags.script:
                    self.page.scripts += 1
                    if node.attributes.get("src"):
                        self.element(node, tag)
            else:
                if tag in blocks:
                    if gathering:
                        flush()
                    preformatted += tag == tags.pre
                elif tag in cells:
                    gather("\x1f")
                if every or tag in special:
                    self.element(node, tag)
                if tag not in tags.markup_as_text:
                    below = node.first_child
            while below is None and node is not None:
                # Leave this node and, where it was the last, those it ends.
                if tag != text_id:
                    if tag in blocks:
                        if gathering:
                            flush()
                        preformatted -= tag == tags.pre
                        if tag == item:
                            self.label = ""
                    if self.shade:
                        while self.shade and self.shade[-1][0] == node.mem_id:
                            self.shade.pop()
                below = node.next
                if below is None:
                    node = node.parent
                    if node is None or node.mem_id == root.mem_id:
                        node = None
                        break
                    tag = node.tag_id
            node = below
        flush()
        self.page.text = "\n".join(self.lines)

    def flush(self) -> None:
        """End the line that is being gathered."""
        joined = "".join(self.gathering)
        self.gathering.clear()
        if "\x1f" in joined:
            line = "\t".join(" ".join(cell.split()) for cell in joined.split("\x1f")).strip()
        else:
            line = " ".join(joined.split())
        if line:
            self.lines.append(self.label + line)
            self.label = ""

    def preformatted(self, text: str) -> None:
        """Keep the line ends of ``text``."""
        first, *rest = text.split("\n")
        self.gathering.append(first)
        for line in rest:
            self.flush()
            self.gathering.append(line)

    def element(self, node: Any, tag: int) -> None:
        """What an element says or does by its attributes."""
        tags, page = self.tags, self.page
        values = node.attributes
        if tag == tags.li:
            self.number(node, values)
        elif tag == tags.ol:
            last = sum(below.tag_id == tags.li for below in node.iter())
            first = last if "reversed" in values else 1
            self.counts[node.mem_id] = _integer(values.get("start"), first)
        elif tag == tags.form:
            page.forms += 1
        elif tag == tags.title and not page.title:
            page.title = " ".join(node.text().split())
        elif tag in tags.markup_as_text:
            self.gathering.append(_without_tree(node.text()))
        elif tag == tags.template:
            for fragment in node.template_fragments():
                self.gathering.append(" " + fragment.text(separator=" ") + " ")
                page.hidden = page.hidden or bool(fragment.text(strip=True))
        if not values:
            return
        if tag in tags.fetching or tag == tags.script:
            self.sources(values)
            if tag == tags.input and values.get("type", "") != "hidden" and values.get("value"):
                self.gathering.append(f" {values['value']} ")
        if tag in tags.markup_as_text and values.get("srcdoc"):
            self.gathering.append(_without_tree(values["srcdoc"] or ""))
        for name in ("alt", "title"):
            said = values.get(name)
            if said and not said.isspace():
                self.gathering.append(f" {said} ")
        if self.hiding:
            self.style(node, values)

    def number(self, item: Any, values: dict[str, str | None]) -> None:
        """The number that a browser shows before an item of an ordered list."""
        above = item.parent
        if above is None or above.tag_id != self.tags.ol:
            return
        count = _integer(values.get("value"), self.counts.get(above.mem_id, 1))
        styles = above.attributes
        if _UNNUMBERED.search(styles.get("style") or ""):
            return
        self.counts[above.mem_id] = count + (-1 if "reversed" in styles else 1)
        form = _LIST_FORMS.get(values.get("type") or styles.get("type") or "", "decimal")
        self.label = f"{numbering.write(count, form)}. "

    def sources(self, values: dict[str, str | None]) -> None:
        """Count what a browser would fetch, and note which parts of the mail an image shows."""
        for name in _SOURCES:
            source = values.get(name)
            if source:
                if _REMOTE.match(source):
                    self.page.remote += 1
                elif source[:4].lower() == "cid:":
                    self.page.cids.add(source[4:].strip())

    def style(self, node: Any, values: dict[str, str | None]) -> None:
        """Remember an element that hides its content or sets its colours."""
        style = values.get("style") or ""
        mark = node.mem_id
        ground = _BACKGROUND.search(style)
        grounds = (values.get("bgcolor") or "", ground.group(1) if ground else "")
        for colour in (*grounds, values.get("background") or ""):
            if colour and not _CLEAR.match(colour):
                self.shade.append((mark, "plain" if _WHITE.match(colour) else "dark"))
        found = _COLOR.search(style)
        ink = found.group(1) if found else values.get("color") or values.get("text") or ""
        if ink:
            self.shade.append((mark, "white" if _WHITE.match(ink) else "ink"))
        if "hidden" in values or _GONE.search(style):
            self.shade.append((mark, "gone"))

    def unseen(self) -> bool:
        """Whether text at this place is hidden, or white with nothing dark behind it."""
        kinds = [kind for _, kind in self.shade]
        if "gone" in kinds:
            return True
        ink = next((k for k in reversed(kinds) if k in ("white", "ink")), "")
        ground = next((k for k in reversed(kinds) if k in ("dark", "plain")), "plain")
        return ink == "white" and ground == "plain"


def _integer(written: str | None, otherwise: int) -> int:
    """An attribute's whole number, ``otherwise`` where it holds none."""
    match = _INTEGER.match(written or "")
    return int(match.group()) if match else otherwise


def _too_deep(html: str) -> bool:
    """Whether elements may lie deeper than :data:`MAX_NESTING`, by counting tags."""
    depth = 0
    flat = frozenset(_NOT_NESTING.split())
    for close, name in _TAG.findall(html):
        if name.lower() in flat:
            continue
        depth += -1 if close else 1
        if depth > MAX_NESTING:
            return True
        depth = max(depth, 0)
    return False


def _without_tree(html: str) -> str:
    """The text of ``html`` by dropping its tags: for what must not be parsed."""
    from html import unescape

    text = unescape(_ANY_TAG.sub("\n", _CODE.sub("\n", html)))
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))
