"""A page's drawing commands to pixels: bitonal for Group IV, or in colour.

Bitonal pages are drawn in grey without anti-aliasing, so letters are black, and greys become dots
of an ordered screen: pale text and photographs stay visible, which a threshold does not promise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render.pages import Page, Rendering, run

_LOWEST_DPI = 10
_MOST_SIDE = 60_000  # pixels; readers of TIFF and JPEG take fewer than 65,536
_PROOF_SIDE = 400  # pixels of the proof by which colour is judged
_COLOURED = 24  # of 255 between the channels, for a pixel of the proof to be coloured
# Greys up to the first are black, from the last on white; between them the screen's dots.
_DARK, _LIGHT = 48, 240
_WHITE = (1 << 64) - 1  # eight white pixels


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels of one page. ``pixels``: when ``colour``, an array (height, width, 3) of RGB; else
    packed rows, (height, ceil(width / 8)), 1 is black, leftmost in the high bit."""

    width: int
    height: int
    dpi: int
    colour: bool
    pixels: Any


@dataclass(slots=True)
class Canvas:
    """A page being drawn: MuPDF's pixmap in grey or RGB, and the matrix from points to pixels."""

    pixmap: Any
    width: int
    height: int
    dpi: int
    colour: bool
    scale: float  # pixels in a point of the page
    left: float  # pixels from the left edge to the page's
    top: float

    def pixels(self) -> Any:
        """The pixels as an array that may be written: (height, width) or (height, width, 3)."""
        import numpy as np

        shape = (self.height, self.width, 3) if self.colour else (self.height, self.width)
        view = mupdf().mupdf.fz_pixmap_samples_memoryview(self.pixmap)
        return np.frombuffer(view, np.uint8).reshape(shape)

    def device(self) -> Any:
        """A MuPDF device on it whose units are points of the finished page."""
        native = mupdf().mupdf
        scale = self.dpi / 72
        return native.fz_new_draw_device(native.FzMatrix(scale, 0, 0, scale, 0, 0), self.pixmap)


def resolution(page: Page, rendering: Rendering) -> int:
    """Dots per inch at which the page has no more pixels than allowed.

    Raises ``EvidenceError`` ``limit:pixels`` when even 10 dpi are too many.
    """
    width, height = page.width / 72, page.height / 72
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise EvidenceError(State.CORRUPT, f"Page {page.number} has no size.")
    dpi = min(
        float(rendering.dpi),
        (rendering.max_pixels / (width * height)) ** 0.5,
        _MOST_SIDE / max(width, height),
    )
    if dpi < _LOWEST_DPI:
        raise EvidenceError(
            f"{State.LIMIT}:pixels",
            f"Page {page.number} measures {width:.0f} x {height:.0f} inches.",
        )
    return int(dpi)


def is_coloured(page: Page, share: float) -> bool:
    """Whether more than ``share`` of the page is in colour, judged on a small proof."""
    import numpy as np

    pymupdf = mupdf()
    native = pymupdf.mupdf
    found = native.ll_fz_new_test_device_outparams()
    options = native.FZ_TEST_OPT_IMAGES | native.FZ_TEST_OPT_SHADINGS
    device = native.FzDevice(
        native.ll_fz_new_test_device_outparams_fn(_COLOURED / 1024, options, None, found)
    )
    run(page.display, device, native.FzMatrix())
    native.fz_close_device(device)
    if not found.is_color:
        return False
    scale = _PROOF_SIDE / max(page.width, page.height)
    proof = page.display.get_pixmap(
        matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=0
    )
    pixels = np.frombuffer(proof.samples_mv, np.uint8).reshape(-1, 3).astype(np.int16)
    spread = pixels.max(axis=1) - pixels.min(axis=1)
    return bool(np.count_nonzero(spread > _COLOURED) > share * len(spread))


def draw(page: Page, dpi: int, colour: bool, inset: tuple[float, float] = (0.0, 0.0)) -> Canvas:
    """Draw ``page`` on a canvas of its own size.

    ``inset``: points kept free at the head and at the foot; the page is made smaller to fit between
    and stands in the middle.
    """
    unit = dpi / 72
    width, height = max(1, round(page.width * unit)), max(1, round(page.height * unit))
    head, foot = inset
    share = (page.height - head - foot) / page.height
    inner = _drawn(page, unit * share, colour)
    if share == 1:
        return Canvas(inner, width, height, dpi, colour, unit, 0, 0)
    left, top = (width - inner.w()) // 2, min(round(head * unit), height - inner.h())
    canvas = Canvas(
        _blank(width, height, colour), width, height, dpi, colour, unit * share, left, top
    )
    small = Canvas(inner, inner.w(), inner.h(), dpi, colour, unit * share, 0, 0)
    canvas.pixels()[top : top + inner.h(), left : left + inner.w()] = small.pixels()
    return canvas


def _drawn(page: Page, scale: float, colour: bool) -> Any:
    """A pixmap of the page, ``scale`` pixels a point."""
    pymupdf = mupdf()
    native = pymupdf.mupdf
    width, height = max(1, round(page.width * scale)), max(1, round(page.height * scale))
    pixmap = _blank(width, height, colour)
    # A device keeps to the level it began with: changing it in the middle never ends.
    pymupdf.TOOLS.set_aa_level(8 if colour else 0)
    try:
        device = native.fz_new_draw_device(native.FzMatrix(scale, 0, 0, scale, 0, 0), pixmap)
        run(page.display, device, native.FzMatrix())
        native.fz_close_device(device)
    except Exception as error:  # MuPDF's own error classes
        raise EvidenceError(State.CORRUPT, f"Page {page.number} can't be drawn: {error}") from error
    finally:
        pymupdf.TOOLS.set_aa_level(8)
    return pixmap


def _blank(width: int, height: int, colour: bool) -> Any:
    pymupdf = mupdf()
    native = pymupdf.mupdf
    space = pymupdf.csRGB if colour else pymupdf.csGRAY
    box = native.FzIrect(0, 0, width, height)
    pixmap = native.fz_new_pixmap_with_bbox(space.this, box, native.FzSeparations(), 0)
    native.fz_clear_pixmap_with_value(pixmap, 255)
    return pixmap


def finished(canvas: Canvas) -> Raster:
    """The canvas as it is written to a file."""
    import numpy as np

    pixels = canvas.pixels()
    if canvas.colour:
        return Raster(canvas.width, canvas.height, canvas.dpi, True, pixels.copy())
    screen = _screen()
    tall, wide = screen.shape
    high = 64 * tall  # of bands that stay in the processor's cache
    limits = np.tile(screen, (high // tall, -(-canvas.width // wide)))[:, : canvas.width]
    packed = np.zeros((canvas.height, -(-canvas.width // 8)), np.uint8)
    for top, bottom in _inked(pixels, tall, high):
        packed[top:bottom] = np.packbits(pixels[top:bottom] < limits[: bottom - top], axis=1)
    return Raster(canvas.width, canvas.height, canvas.dpi, False, packed)


def _inked(pixels: Any, tall: int, most: int) -> Iterator[tuple[int, int]]:
    """Rows on which something is drawn, from and to, at most ``most`` together; they begin at
    multiples of ``tall`` and leave out what is white, as most of a page of text is."""
    import numpy as np

    height = len(pixels)
    whole = height // tall * tall
    words = pixels[:whole].reshape(-1).view(np.uint64).reshape(whole // tall, -1)
    drawn = np.append(words.min(axis=1, initial=_WHITE) != _WHITE, whole < height)
    edges = np.flatnonzero(np.diff(drawn, prepend=False, append=False)) * tall
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for top in range(start, min(stop, height), most):
            yield top, min(top + most, stop, height)


@cache
def _screen() -> Any:
    """Thresholds of a clustered-dot screen, 8 by 8 with its dots at 45 degrees: of pixels side by
    side, as printers make them, which Group IV compresses and copiers keep."""
    import numpy as np

    spiral = np.array([[13, 11, 12, 15], [6, 3, 4, 8], [7, 2, 1, 5], [10, 14, 9, 16]]) - 1
    dot = np.block([[spiral, 31 - spiral], [31 - spiral, spiral]])
    return (_DARK + 1 + (dot + 0.5) / 32 * (_LIGHT - _DARK)).astype(np.uint8)
