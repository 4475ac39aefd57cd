"""Endorsements: a Bates number and other wording in the margins, never over what the page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import EvidenceError, UsageError
from ediscovery.model.states import State
from ediscovery.produce.render.pages import Box, Page, Word
from ediscovery.produce.render.raster import Canvas, draw

POSITIONS = (
    "head-left", "head-centre", "head-right", "foot-left", "foot-centre", "foot-right",
)  # fmt: skip
_SIZE, _SMALLEST = 9.0, 4.0  # points
_EDGE = 18.0  # points between the text and the paper's edge
_CLEAR = 3.0  # points that stay free around it
_INK = 250  # of 255; a darker pixel is content


@dataclass(frozen=True, slots=True)
class Endorsement:
    """``text`` (one line) at one of :data:`POSITIONS`."""

    position: str
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
    """An endorsement with the box of its text, the height of its letters and its baseline."""

    text: str
    box: Box
    size: float
    baseline: float


def place(endorsements: Sequence[Endorsement], width: float, height: float) -> list[Placed]:
    """Where each endorsement stands on a page of that size in points; several at one position stand
    one below the other.

    Wording that is too wide for its third of the page is set smaller. Raises ``UsageError`` for an
    unknown position and ``EvidenceError`` ``limit:pixels`` when it can't be read at any size.
    """
    placed: list[Placed] = []
    for position in POSITIONS:
        texts = [one.text for one in endorsements if one.position == position]
        row, _, column = position.partition("-")
        size = min(_SIZE, height / 12)
        room = _room(endorsements, row, width)
        for text in texts:
            wide = measure(text, 1.0)
            size = min(size, room / wide if wide else size)
        if texts and size < _SMALLEST:
            raise EvidenceError(
                f"{State.LIMIT}:pixels",
                f"The page ({width:.0f} x {height:.0f} points) has no room for {texts[0]!r}.",
            )
        edge = min(_EDGE, height / 20)
        for number, text in enumerate(texts):
            wide = measure(text, size)
            left = {"left": _EDGE, "centre": (width - wide) / 2}.get(column, width - _EDGE - wide)
            top = edge + number * size * 1.2
            if row == "foot":
                top = height - edge - (len(texts) - number) * size * 1.2
            box = (left, top, left + wide, top + size * 1.2)
            placed.append(Placed(text, box, size, top + size * 0.95))
    unknown = {one.position for one in endorsements} - set(POSITIONS)
    if unknown:
        raise UsageError(
            f"No position {min(unknown)!r} for an endorsement.", f"Known: {', '.join(POSITIONS)}."
        )
    return placed


def _room(endorsements: Sequence[Endorsement], row: str, width: float) -> float:
    """Points that a line may take: the row is shared by as many as stand in it."""
    used = len({one.position for one in endorsements if one.position.startswith(row)})
    whole = width - 2 * _EDGE
    return whole if used <= 1 else whole / 3 - 2 * _CLEAR


def drawn(page: Page, dpi: int, colour: bool, placed: Sequence[Placed]) -> Canvas:
    """The page on a canvas on which the boxes of ``placed`` are free of ink.

    Where they are not, the page is made smaller until head and foot are; measured on the pixels.
    """
    canvas = draw(page, dpi, colour)
    head = foot = 0.0
    for one in placed:
        if not _free(canvas, one.box):
            if one.box[1] < page.height / 2:
                head = max(head, one.box[3] + _CLEAR)
            else:
                foot = max(foot, page.height - one.box[1] + _CLEAR)
    if head or foot:
        return draw(page, dpi, colour, (head, foot))
    return canvas


def _free(canvas: Canvas, box: Box) -> bool:
    unit = canvas.dpi / 72
    left, top = int((box[0] - _CLEAR) * unit), int((box[1] - _CLEAR) * unit)
    right, bottom = int((box[2] + _CLEAR) * unit) + 1, int((box[3] + _CLEAR) * unit) + 1
    area = canvas.pixels()[max(0, top) : bottom, max(0, left) : right]
    return area.size == 0 or int(area.min()) >= _INK


def stamp(canvas: Canvas, placed: Sequence[Placed]) -> None:
    """Write the endorsements in black."""
    if placed:
        device = canvas.device()
        for one in placed:
            write(device, canvas.colour, one.text, (one.box[0], one.baseline), one.size, 0.0)
        mupdf().mupdf.fz_close_device(device)


def words(placed: Sequence[Placed], line: int) -> list[Word]:
    """The endorsements as words of the page's text, their lines counted from ``line``."""
    found = []
    for number, one in enumerate(placed):
        left = one.box[0]
        for part in one.text.split():
            before = measure(one.text[: one.text.find(part)], one.size)
            wide = measure(part, one.size)
            box = (left + before, one.box[1], left + before + wide, one.box[3])
            found.append(Word(box, part, line + number))
    return found


def write(
    device: Any, colour: bool, text: str, at: tuple[float, float], size: float, shade: float
) -> None:
    """Write ``text`` on a MuPDF device, its baseline from ``at``; ``shade``: 0 black, 1 white."""
    pymupdf = mupdf()
    native = pymupdf.mupdf
    space = (pymupdf.csRGB if colour else pymupdf.csGRAY).this
    shown = native.fz_new_text()
    _show(shown, text, native.FzMatrix(size, 0, 0, -size, *at))
    shades = [shade] * (3 if colour else 1)
    native.fz_fill_text(
        device, shown, native.FzMatrix(), space, shades, 1.0, native.FzColorParams()
    )


def measure(text: str, size: float) -> float:
    """How wide ``text`` is in points at that size."""
    native = mupdf().mupdf
    return float(_show(native.fz_new_text(), text, native.FzMatrix(size, 0, 0, -size, 0, 0)))


def _show(shown: Any, text: str, matrix: Any) -> float:
    """Add ``text`` to a MuPDF text; where it ends."""
    native = mupdf().mupdf
    end = native.fz_show_string(
        shown, _font(), matrix, text, 0, 0, native.FZ_BIDI_LTR, native.FZ_LANG_UNSET
    )
    return float(end.e)


@cache
def _font() -> Any:
    return mupdf().Font("helv").this
