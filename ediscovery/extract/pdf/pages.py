"""The text of one page: what a reader sees, what is hidden from him, what only OCR could read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.pdf.library import mupdf

_DRAWN = 16 | 32  # char_flags: filled, stroked
_WHITE = 0xF0  # lightness from which text may be white on white
_TINY = 1.0  # points
_CONTRAST = (
    20  # of 256 in each of red, green, blue: less within a line's box and nobody can read it
)
_ALIKE, _DROWNED = 60, 0.85  # more of its surroundings than this share are as dark as the text
_SCAN_SHARE = 0.5  # of the page's area that pictures cover, for it to be a scan
_SCAN_CHARS = 100  # on a scan fewer characters than this are a stamp, not its text
_MOST_BOXES, _MOST_SHAPES, _MOST_CHARS = 3000, 300, 20_000  # compared with another on one page
_LETTER = re.compile(r"[^\W_]")
_RUN = 3  # letters in a row; narrow ones fill their boxes and look hidden alone
_MOST_LINKS, _LINK_CHARS = 1000, 2000
_MARKUP_EXCEPT = frozenset({"Link", "Widget", "Popup"})


@dataclass(slots=True)
class Page:
    """What one page gave. ``hidden`` lists lines that are there and can't be seen."""

    text: str = ""
    hidden: list[str] = field(default_factory=list)
    needs_ocr: bool = False
    ocr_layer: bool = False  # its text lies invisible on a picture of the page
    annotated: bool = False
    links: list[str] = field(default_factory=list)


Box = tuple[float, float, float, float]


@dataclass(slots=True)
class _Paint:
    """What a page draws: shapes that meet text, the share of pictures, the number of shapes."""

    covers: list[Box] = field(default_factory=list)
    picture_share: float = 0.0
    shapes: int = 0


def read(page: Any) -> Page:
    """The text of ``page`` (a ``pymupdf.Page``): its lines, form values, notes.

    Lines come in the order in which the page's blocks are written, which is the reading order of
    nearly all producers. Text outside the page is kept.
    """
    pymupdf = mupdf()
    found = Page()
    view = page.get_textpage(clip=pymupdf.INFINITE_RECT(), flags=pymupdf.TEXT_PRESERVE_WHITESPACE)
    found.text = view.extractText().rstrip()
    paint = _paint(page)
    visible = _look(page, view, paint, found)
    scan = paint.picture_share >= _SCAN_SHARE
    if scan and found.ocr_layer:
        pass
    elif (scan and visible < _SCAN_CHARS) or (
        not found.text.strip() and (paint.picture_share > 0.02 or paint.shapes > 200)
    ):
        found.needs_ocr = True
    extra = list(_notes(page, found))
    if extra:
        found.text = "\n".join(filter(None, [found.text, *extra]))
    return found


def _paint(page: Any) -> _Paint:
    paint = _Paint()
    bounds = _bounds(page)
    area = abs(bounds) or 1.0
    texts: list[Box] = []
    shapes: list[Box] = []
    pictures = 0.0
    for kind, box in page.get_bboxlog():
        if kind == "fill-text":
            if len(texts) < _MOST_BOXES:
                texts.append(box)
            continue
        picture = kind in ("fill-image", "fill-imgmask")
        if not picture and kind not in ("fill-path", "fill-shade"):
            continue
        share = _common(box, (bounds.x0, bounds.y0, bounds.x1, bounds.y1))
        pictures += share if picture else 0.0
        paint.shapes += not picture
        if share < area * _SCAN_SHARE and box[2] - box[0] > 4 and box[3] - box[1] > 4:
            shapes.append(box)
    paint.picture_share = min(1.0, pictures / area)
    for shape in shapes[:_MOST_SHAPES]:
        if any(_common(box, shape) > 4 for box in texts):
            paint.covers.append(shape)
    return paint


def _bounds(page: Any) -> Any:
    """The page's rectangle as its text is measured: before it is turned."""
    return mupdf().Rect(page.rect) * page.derotation_matrix


def _common(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def _look(page: Any, view: Any, paint: _Paint, found: Page) -> int:
    """Sort the page's text into seen and hidden; how many characters are seen."""
    visible = invisible = 0
    doubtful: list[tuple[str, Box, int]] = []
    unseen: list[str] = []
    outer = _bounds(page)
    outer.x0, outer.y0, outer.x1, outer.y1 = outer.x0 - 2, outer.y0 - 2, outer.x1 + 2, outer.y1 + 2
    for span in _spans(view.extractDICT()):
        line = span["text"].strip()
        if not _LETTER.search(line):
            continue
        if not span["char_flags"] & _DRAWN or span["alpha"] == 0:
            invisible += len(line)
            unseen.append(line)
        elif span["size"] < _TINY or not outer.intersects(span["bbox"]):
            found.hidden.append(line)
        elif _shade(span["color"]) >= _WHITE:
            doubtful.append((line, span["bbox"], span["color"]))
        else:
            visible += len(line)
    if doubtful or paint.covers:
        look = _Look(page)
        found.hidden += [line for line, box, colour in doubtful if look.hides(box, colour)]
        if paint.covers:
            found.hidden += _under(view, paint.covers, look)
    if invisible and paint.picture_share >= _SCAN_SHARE and invisible >= _SCAN_CHARS / 2:
        found.ocr_layer = True
    else:
        found.hidden.extend(unseen)
    return visible


def _under(view: Any, covers: list[Box], look: _Look) -> Iterator[str]:
    """Runs of characters that shapes hide: laid over them, or of their own colour."""
    left = _MOST_CHARS
    for span in _spans(view.extractRAWDICT()):
        if not any(_common(span["bbox"], cover) for cover in covers):
            continue
        colour, run = span["color"], ""
        for char in span["chars"]:
            box, letter = char["bbox"], char["c"]
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            left -= 1
            inside = left > 0 and any(c[0] <= x <= c[2] and c[1] <= y <= c[3] for c in covers)
            if inside and (letter.isspace() or look.hides(box, colour)):
                run += letter
                continue
            if len(_LETTER.findall(run)) >= _RUN:
                yield run.strip()
            run = ""
        if len(_LETTER.findall(run)) >= _RUN:
            yield run.strip()


class _Look:
    """A drawing of the page, to see whether a piece of text can be read.

    In colour: red on blue may be the same grey and is read all the same.
    """

    def __init__(self, page: Any) -> None:
        pymupdf = mupdf()
        self._scale = min(2.0, 3000 / max(page.rect.width, page.rect.height, 1))
        picture = page.get_pixmap(
            matrix=pymupdf.Matrix(self._scale, self._scale), colorspace=pymupdf.csRGB, alpha=False
        )
        self._width, self._height = picture.width, picture.height
        self._samples, self._stride = bytes(picture.samples_mv), picture.stride
        self._turn = page.rotation_matrix
        self._rect = pymupdf.Rect

    def hides(self, box: Box, colour: int) -> bool:
        """Whether text of ``colour`` (sRGB) within ``box`` does not stand out."""
        area = self._rect(box) * self._turn * self._scale
        edge = min(2.0, area.height / 5)  # a line's box reaches into its neighbours
        left, right = max(0, int(area.x0 + 1)), min(self._width, int(area.x1))
        top, bottom = max(0, int(area.y0 + edge)), min(self._height, int(area.y1 - edge) + 1)
        pixels = b"".join(
            self._samples[row * self._stride + 3 * left : row * self._stride + 3 * right]
            for row in range(top, bottom)
            if left < right
        )
        if not pixels:
            return False
        channels = (pixels[0::3], pixels[1::3], pixels[2::3])
        if all(max(channel) - min(channel) < _CONTRAST for channel in channels):
            return True
        red, green, blue = colour >> 16 & 255, colour >> 8 & 255, colour & 255
        alike = sum(
            abs(r - red) < _ALIKE and abs(g - green) < _ALIKE and abs(b - blue) < _ALIKE
            for r, g, b in zip(*channels, strict=True)
        )
        return 3 * alike > _DROWNED * len(pixels)


def _spans(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for block in found["blocks"]:
        for line in block.get("lines", ()):
            yield from line["spans"]


def _shade(colour: int) -> int:
    """The lightness (0 to 255) of an sRGB colour."""
    red, green, blue = colour >> 16 & 255, colour >> 8 & 255, colour & 255
    return (red * 299 + green * 587 + blue * 114) // 1000


def _notes(page: Any, found: Page) -> Iterator[str]:
    """Form fields as ``name: value``, texts of annotations and link targets not on the page."""
    for widget in page.widgets():
        value = widget.field_value
        label = widget.field_label or widget.field_name or ""
        if widget.field_type_string in ("CheckBox", "RadioButton"):
            yield f"{label}: {value or 'Off'}"
        elif value:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{label}: {shown}"
        elif label:
            yield f"{label}:"
    for annotation in page.annots():
        kind = annotation.type[1]
        if kind in _MARKUP_EXCEPT:
            continue
        found.annotated = True
        info = annotation.info
        parts = [info.get("title"), info.get("subject"), info.get("content")]
        if kind == "FreeText":
            parts = parts[:2]
        said = " ".join(part for part in parts if part)
        if said:
            yield said
    for link in page.get_links():
        target = (link.get("uri") or "")[:_LINK_CHARS]
        if target and target not in found.links and len(found.links) < _MOST_LINKS:
            found.links.append(target)
            if target not in found.text:
                yield target
