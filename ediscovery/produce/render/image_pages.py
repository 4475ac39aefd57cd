"""Pages of pictures: a frame a page, at the picture's own size."""

from __future__ import annotations

import io
from typing import Any

from ediscovery.extract import image
from ediscovery.extract.contract import Content, Context
from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render.pages import Page, Pages, Rendering, empty_list

_ASSUMED_DPI = 300  # pixel for pixel when a picture states no resolution of a scanner or a printer
_KNOWN_DPI = range(100, 1201)
_SMALLEST = (306.0, 198.0)  # points; a smaller picture stands in the middle of such a page


def open_pages(content: Content, context: Context, rendering: Rendering) -> Pages:
    """The frames of a TIFF, else the first one. Raises ``EvidenceError``: ``corrupt``,
    ``limit:pixels``, ``limit:pages``."""
    limits = context.profile.limits
    frames, _ = image.count_frames(content, limits.pages)
    file = content.open()
    picture = image.opened(file)
    if isinstance(picture, str):
        file.close()
        raise EvidenceError(State.CORRUPT, picture)
    notes = []
    if picture.format != "TIFF":
        count = int(getattr(picture, "n_frames", 1)) if frames is None else frames
        if count > 1:
            notes.append(f"Of its {count} frames the first is shown.")
        frames = 1
    elif frames is None:
        frames = int(getattr(picture, "n_frames", 1))

    def load(number: int) -> Page:
        return _page(image.upright(picture, number - 1, limits.image_pixels), number)

    return Pages(frames or 1, load, notes, file.close)


def _page(picture: Any, number: int) -> Page:
    dpi = picture.info.get("dpi") or (0, 0)
    x_dpi, y_dpi = (round(float(value)) for value in dpi[:2])
    if x_dpi not in _KNOWN_DPI or y_dpi not in _KNOWN_DPI:
        x_dpi = y_dpi = _ASSUMED_DPI
    wide, high = picture.width * 72 / x_dpi, picture.height * 72 / y_dpi
    width, height = max(wide, _SMALLEST[0]), max(high, _SMALLEST[1])
    display, device = empty_list(width, height)
    paint(device, picture, ((width - wide) / 2, (height - high) / 2, wide, high))
    mupdf().mupdf.fz_close_device(device)
    return Page(number, width, height, display)


def paint(device: Any, picture: Any, place: tuple[float, float, float, float]) -> None:
    """Draw a Pillow image at ``place`` (left, top, width, height in points) of ``device``."""
    native = mupdf().mupdf
    buffer = io.BytesIO()
    plain = picture.convert("RGB" if picture.mode not in ("1", "L", "I;16", "I", "F") else "L")
    plain.save(buffer, "PPM")
    data = buffer.getvalue()
    shown = native.fz_new_image_from_buffer(native.fz_new_buffer_from_copied_data(data))
    left, top, width, height = place
    matrix = native.FzMatrix(width, 0, 0, height, left, top)
    native.fz_fill_image(device, shown, matrix, 1.0, native.FzColorParams())
