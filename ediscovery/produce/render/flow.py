"""Running text and HTML laid out on pages, in all scripts that MuPDF's own fonts know.

Nothing is executed or fetched: what could be is taken out beforehand, and MuPDF is given no place
to load anything from, style sheets and fonts included.
"""

from __future__ import annotations

import html
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ediscovery.extract import image
from ediscovery.extract.contract import Content, Context
from ediscovery.extract.html import decode_page
from ediscovery.extract.pdf.library import mupdf
from ediscovery.extract.text import declared_charset
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render.pages import Page, Pages, Rendering, empty_list, run

CSS = """
    body { font-family: sans-serif; font-size: 10pt; margin: 0; }
    pre, .text { white-space: pre-wrap; overflow-wrap: break-word; }
    .typed { font-family: monospace; font-size: 9pt; }
    p, div, span, li, a { overflow-wrap: break-word; }
    table { overflow-wrap: normal; }
    .head { margin: 0; } .rule { border-bottom: 1pt solid black; margin-bottom: 8pt; }
"""
_PIECE = 200_000  # characters of plain text that are laid out at once; the next begins a page
_UNEVEN = 0.37  # points, less than any line is high
_LOOK = 100  # pages alike in extent, after which it is looked again whether they are the same
_WIDEST = 4.0  # times the page's width, for what does not fit in it
_WIDER = (1.5, 2.0, 3.0, _WIDEST)
_TABLE = re.compile(r"<(/?)(?:table|tbody|thead|tfoot|caption|tr|td|th)\b[^>]*>", re.IGNORECASE)
# MuPDF reads "&amp;nbsp;" as the space that "&nbsp;" is; a comment keeps the two apart.
_ESCAPED = re.compile(r"&amp;(?=#?\w+;)")
_GONE = (
    "script", "iframe", "frame", "frameset", "object", "embed", "applet", "link", "base", "meta",
    "audio", "video", "source", "track", "noembed", "template", "svg", "math", "canvas",
)  # fmt: skip
_UNWRAPPED = ["form", "fieldset", "label", "noscript", "button"]
_ACTING = ("srcset", "background", "action", "formaction", "href")
_UNDRAWN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]")
_NO_GLYPH = re.compile(
    r"[\s\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f]"
)

Pictures = Mapping[str, Callable[[], bytes]]  # Content-ID -> the bytes of the picture


def from_text(content: Content, context: Context, rendering: Rendering) -> Pages:
    """Pages of plain text: lines broken where the page ends, pages at form feeds.

    Raises ``EvidenceError`` ``limit:text`` when there is more than ``limits.text_bytes``.
    """
    text = _decoded(content, context).expandtabs(8)
    pieces = []
    for sheet in text.split("\f"):
        while len(sheet) > _PIECE:
            cut = sheet.rfind("\n", 0, _PIECE) + 1 or _PIECE
            pieces.append(sheet[:cut])
            sheet = sheet[cut:]
        pieces.append(sheet)
    if len(pieces) > 1 and not pieces[-1].strip():
        pieces.pop()
    return lay([as_text(piece, "typed") for piece in pieces], rendering, context, text)


def from_html(content: Content, context: Context, rendering: Rendering) -> Pages:
    """Pages of an HTML file. Raises as :func:`from_text`."""
    markup, notes = safe(_decoded(content, context, page=True), {}, context, rendering)
    pages = lay([markup], rendering, context, markup)
    pages.notes[:0] = notes
    return pages


def _decoded(content: Content, context: Context, page: bool = False) -> str:
    limit = context.profile.limits.text_bytes
    if content.size > limit:
        raise EvidenceError(f"{State.LIMIT}:text", f"It has more than {limit} bytes of text.")
    from ediscovery.extract.charset import decode

    declared = declared_charset(context.declared_type)
    data = content.read()
    found = decode_page(data, declared)[0] if page else decode(data, declared)
    return found.text


def as_text(text: str, style: str = "text") -> str:
    """``text`` as markup that keeps its lines and spaces."""
    return f'<div class="text {style}">{html.escape(text.expandtabs(8))}</div>'


def safe(
    markup: str, pictures: Pictures, context: Context, rendering: Rendering
) -> tuple[str, list[str]]:
    """``markup`` without anything that acts or fetches, and notes on what is not shown.

    Images named ``cid:`` are taken from ``pictures``, those in ``data:`` URLs from the page itself.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    remote = missing = 0
    for node in tree.css(",".join(_GONE)):
        node.decompose()
    for node in tree.css("input,select,textarea"):
        node.replace_with(_form_value(node))
    root = tree.root
    for node in root.traverse() if root is not None else ():
        for name in list(node.attributes):
            low = name.lower()
            if low.startswith("on") or low in _ACTING:
                del node.attrs[name]
                remote += low == "background"
    for node in tree.css("img"):
        source = (node.attributes.get("src") or "").strip()
        found = _picture(source, pictures, context)
        if found is not None:
            node.attrs["src"] = found
            continue
        away = source.lower().startswith(("http:", "https:", "//"))
        remote += away
        missing += not away
        said = node.attributes.get("alt") or ""
        node.replace_with(f"[{said}]" if said.strip() else "")
    tree.unwrap_tags(_UNWRAPPED)
    notes = []
    if remote:
        notes.append(
            f"Content that would have been fetched from elsewhere is not shown ({remote})."
        )
    if missing:
        notes.append(f"Images whose data are missing or broken are not shown ({missing}).")
    return tree.html or "", notes


def _form_value(node: Any) -> str:
    attributes = node.attributes
    if node.tag == "input":
        kind = (attributes.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            return "[x]" if "checked" in attributes else "[ ]"
        return "" if kind in ("hidden", "password") else f"[{attributes.get('value') or ''}]"
    if node.tag == "select":
        chosen = node.css("option[selected]") or node.css("option")[:1]
        return "[" + ", ".join(option.text(strip=True) for option in chosen) + "]"
    return f"[{node.text()}]"


def _picture(source: str, pictures: Pictures, context: Context) -> str | None:
    """A ``data:`` URL of a PNG made anew by Pillow, ``None`` when there is no picture."""
    import base64
    import binascii
    from urllib.parse import unquote, unquote_to_bytes

    low = source[:5].lower()
    if low.startswith("cid:"):
        give = pictures.get(unquote(source[4:]).strip("<> "))
        if give is None:
            return None
        data = give()
    elif low == "data:":
        head, _, body = source[5:].partition(",")
        try:
            data = unquote_to_bytes(body)
            if head.lower().endswith(";base64"):
                data = base64.b64decode(data)
        except (binascii.Error, ValueError):
            return None
    else:
        return None
    opened = image.opened(io.BytesIO(data))
    if isinstance(opened, str):
        return None
    try:
        shown = image.upright(opened, 0, context.profile.limits.image_pixels)
    except EvidenceError:
        return None
    buffer = io.BytesIO()
    shown.convert("RGB").save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def lay(parts: list[str], rendering: Rendering, context: Context, text: str) -> Pages:
    """Lay markup out on pages, each part from the top of a new one.

    ``text`` is what is searched for characters that no font has. What is wider than the page is
    laid out on a wider one and made smaller. Raises ``EvidenceError``: ``limit:pages``,
    ``corrupt``.
    """
    most = context.profile.limits.pages
    found: list[Any] = []
    notes: list[str] = []
    for part in parts:
        lists, said = _fitted(part, rendering, most - len(found))
        found += lists
        notes += said
    notes = list(dict.fromkeys(notes))
    lost = undrawable(text)
    if lost:
        shown = ", ".join(f"U+{ord(char):04X}" for char in lost[:20])
        more = " and others" if len(lost) > 20 else ""
        notes.append(f"No font has a glyph for {shown}{more}: an empty box stands for each.")

    def load(number: int) -> Page:
        return Page(number, *rendering.paper, found[number - 1])

    return Pages(len(found), load, notes)


def to_lay(markup: str, css: str = CSS) -> Any:
    """MuPDF's story of ``markup``, which is safe already."""
    clean = _ESCAPED.sub("&amp;<!-- -->", _UNDRAWN.sub("\ufffd", markup))
    return mupdf().Story(clean, user_css=css)


def placed(story: Any, where: Any) -> tuple[bool, tuple[float, float, float, float]]:
    """Place what is left of a story in a rectangle: whether more is left, and what it fills.

    MuPDF does not see that text goes on when a line ends exactly where the place ends, which even
    heights and sizes of type make likely; a place that is a bit lower shows it.
    """
    more, filled = story.place(where)
    if not more and filled[3] > where.y1 + 1:
        lower = mupdf().Rect(where.x0, where.y0, where.x1, where.y1 - _UNEVEN)
        more, filled = story.place(lower)
    return bool(more), filled


def _fitted(part: str, rendering: Rendering, most: int) -> tuple[list[Any], list[str]]:
    """Display lists of the pages of ``part``, and what is to be said of them.

    MuPDF tells how wide most of what it places is, but not that cells of a table lie beyond the
    place, and leaves some out. So every character is looked for; where some are missing, wider
    pages are tried, then tables with one cell below the other.
    """
    inner = rendering.paper[0] - 2 * rendering.margin
    factor = 1.0
    lists, reach = _laid(part, rendering, factor, most)
    if reach > inner + 1:
        factor = min(_WIDEST, reach / inner + 0.01)
        lists, reach = _laid(part, rendering, factor, most)
    wanted = _characters(_read(part))
    lost = _missing(wanted, lists)
    notes = []
    below = _TABLE.sub(r"<\1div>", part)
    for markup, other in (*((part, wider) for wider in _WIDER if wider > factor), (below, 1.0)):
        if not lost:
            break
        try:
            tried, its_reach = _laid(markup, rendering, other, most)
        except EvidenceError:  # the first pages are still there
            continue
        left = _missing(wanted, tried)
        if left < lost:
            lists, reach, factor, lost = tried, its_reach, other, left
            if markup is below:
                notes.append("The cells of its tables are shown one below the other.")
    if factor > 1:
        notes.append(f"It is wider than the page and shown at {100 / factor:.0f} percent.")
    if reach > inner * factor + 1:
        notes.append("Some of it is wider still and cut off at the right.")
    if lost:
        notes.append(
            f"{lost:,} of its {wanted.total():,} characters are hidden or beyond the page's edge."
        )
    return lists, notes


def _read(part: str) -> str:
    """The text of markup, hidden text too."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(part)
    for node in tree.css("style,title"):
        node.decompose()
    return tree.root.text() if tree.root is not None else ""


def _characters(text: str) -> Counter[str]:
    """How often each character that leaves ink stands in ``text``, whatever its case and width."""
    shown = _NO_GLYPH.sub("", unicodedata.normalize("NFKC", _UNDRAWN.sub("\ufffd", text)))
    return Counter(shown.casefold())


def _missing(wanted: Counter[str], lists: list[Any]) -> int:
    """How many of the ``wanted`` characters are on none of the pages."""
    pymupdf = mupdf()
    flags = pymupdf.TEXT_CLIP | pymupdf.TEXT_IGNORE_ACTUALTEXT
    drawn: Counter[str] = Counter()
    for display in lists:
        text = pymupdf.TextPage(display.get_textpage(flags)).extractText()
        drawn.update(_characters(text))
    return (wanted - drawn).total()


def _laid(part: str, rendering: Rendering, factor: float, most: int) -> tuple[list[Any], float]:
    """Display lists of the pages, and how wide the widest is in points of the larger page."""
    pymupdf = mupdf()
    native = pymupdf.mupdf
    width, height = rendering.paper
    margin = rendering.margin
    wide, high = (width - 2 * margin) * factor, max(72.0, height - 2 * margin) * factor
    left = margin * factor
    where = pymupdf.Rect(left, left, left + wide, left + high)
    lists: list[Any] = []
    reach, alike, before = 0.0, 0, None
    try:
        story = to_lay(part)
        more = True
        while more:
            if len(lists) >= most:
                raise EvidenceError(f"{State.LIMIT}:pages", f"It has more than {most} pages.")
            more, filled = placed(story, where)
            if filled[3] > where.y1 + 1:
                return _sliced(part, (wide, high), factor, rendering, most)
            # Drawn without a matrix: a story clips to its place as it was before one moves it.
            display, device = empty_list(width * factor, height * factor)
            native.fz_draw_story(story.this, device, native.FzMatrix())
            native.fz_close_device(device)
            if factor > 1:
                large = display
                display, device = empty_list(width, height)
                run(large, device, native.FzMatrix(1 / factor, 0, 0, 1 / factor, 0, 0))
                native.fz_close_device(device)
            reach = max(reach, filled[2] - left)
            lists.append(display)
            alike = alike + 1 if filled == before else 0
            before = filled
            looked = alike == 1 or (alike and alike % _LOOK == 0)
            if more and looked and _same(lists[-2:], rendering):
                return _sliced(part, (wide, high), factor, rendering, most)
    except EvidenceError:
        raise
    except Exception as error:  # MuPDF's own error classes
        raise EvidenceError(State.CORRUPT, f"It can't be laid out: {error}") from error
    return lists, reach


def _same(lists: list[Any], rendering: Rendering) -> bool:
    """Whether two pages hold the same words: a row of a table that fits on no page is begun on
    every new one."""
    one, other = (Page(1, *rendering.paper, display).words() for display in lists)
    return one == other


def _bounds(display: Any) -> Any:
    native = mupdf().mupdf
    bounds = native.FzRect(native.FzRect.Fixed_EMPTY)
    device = native.fz_new_bbox_device(bounds)
    run(display, device, native.FzMatrix())
    native.fz_close_device(device)
    return bounds


def _sliced(
    part: str,
    room: tuple[float, float],
    factor: float,
    rendering: Rendering,
    most: int,
) -> tuple[list[Any], float]:
    """Pages cut from one tall one, between lines.

    MuPDF does not break a row of a table; where one is higher than a page, nothing after it would
    ever be reached. And what it places may be longer than the place although it says that nothing
    is left.
    """
    pymupdf = mupdf()
    native = pymupdf.mupdf
    wide, high = room
    margin = rendering.margin
    matrix = native.FzMatrix(1 / factor, 0, 0, 1 / factor, margin, margin)
    story = to_lay(part)
    more, tall, filled = True, high, (0.0, 0.0, 0.0, 0.0)
    while more or filled[3] > tall:
        tall = 2 * max(tall, filled[3])
        if tall > high * most:
            raise EvidenceError(f"{State.LIMIT}:pages", f"It has more than {most} pages.")
        more, filled = placed(story, pymupdf.Rect(0, 0, wide, tall))
    whole, device = empty_list(wide, tall)
    native.fz_draw_story(story.this, device, native.FzMatrix())
    native.fz_close_device(device)
    bounds = _bounds(whole)
    words = Page(1, wide, tall, whole).words()
    edges = sorted({(word.box[1], word.box[3]) for word in words})
    lists, top = [], 0.0
    while top < bounds.y1:
        bottom = top + high
        for above, below in reversed(edges):
            if above < bottom < below and above > top:
                bottom = above
        width, height = rendering.paper
        display, device = empty_list(width, height)
        path = native.fz_new_path()
        native.fz_rectto(path, 0, top, max(wide, bounds.x1), bottom)
        moved = native.fz_pre_translate(matrix, 0, -top)
        everything = native.FzRect(native.FzRect.Fixed_INFINITE)
        native.fz_clip_path(device, path, 0, moved, everything)
        run(whole, device, moved)
        native.fz_pop_clip(device)
        native.fz_close_device(device)
        lists.append(display)
        top = bottom
    return lists, float(filled[2])


def undrawable(text: str) -> list[str]:
    """The characters of ``text`` for which none of MuPDF's fonts has a glyph, in code order."""
    return sorted(c for c in set(text) if not _NO_GLYPH.match(c) and not _has_glyph(c))


@cache
def _has_glyph(char: str) -> bool:
    native = mupdf().mupdf
    out = native.ll_fz_encode_character_with_fallback_outparams()
    encode = native.ll_fz_encode_character_with_fallback_outparams_fn
    return bool(encode(_font().m_internal, ord(char), 0, 0, out))


@cache
def _font() -> Any:
    return mupdf().Font("helv").this
