"""One page from drawing commands to what is written: burnt, endorsed, with the text left on it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ediscovery.extract import ocr
from ediscovery.extract.contract import Context
from ediscovery.produce.render import endorse, redact
from ediscovery.produce.render.endorse import Endorsement
from ediscovery.produce.render.pages import Box, Page, Rendering, Word
from ediscovery.produce.render.raster import Canvas, Raster, finished, is_coloured, resolution
from ediscovery.produce.render.redact import Redaction

OCR, OUTSIDE, ORIGINAL = "ocr", "outside", "original"


@dataclass(slots=True)
class Finished:
    """A page as produced.

    ``words`` and ``endorsements`` are in points of this page, ``width`` and ``height`` its size;
    ``areas`` the pixels of the redactions, in their order; ``source`` where the words come from:
    ``original`` (nothing was redacted), ``ocr`` (of the redacted image) or ``outside`` (words that
    touch no box). ``notes`` tell what differs from the page, one sentence each.
    """

    number: int
    width: float
    height: float
    raster: Raster
    words: list[Word]
    endorsements: list[Word]
    redactions: list[Redaction] = field(default_factory=list)
    areas: list[tuple[int, int, int, int]] = field(default_factory=list)
    source: str = ORIGINAL
    notes: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The page's text for a document's text file: what can still be read on it, without the
        endorsements; lines end in ``\\n``."""
        return text_of(self.words)


def finish(
    page: Page,
    rendering: Rendering,
    context: Context,
    endorsements: Sequence[Endorsement] = (),
    redactions: Sequence[Redaction] = (),
    with_ocr: bool | None = None,
) -> Finished:
    """Draw ``page``, burn in those of ``redactions`` that are on it, endorse it.

    ``with_ocr``: whether the text of a redacted page is read anew by OCR; ``None``: where tesseract
    is there. Where it fails, words that provably lie outside of all boxes are taken, with a note.
    Raises ``EvidenceError`` (``corrupt``, ``limit:pixels``) and ``UsageError``.
    """
    here = [one for one in redactions if one.page == page.number]
    notes = list(page.notes)
    dpi = resolution(page, rendering)
    if dpi < rendering.dpi:
        notes.append(f"Page {page.number} is large and drawn at {dpi} dpi.")
    share = rendering.colour_share
    colour = share is not None and is_coloured(page, share)
    placed = endorse.place(endorsements, page.width, page.height)
    canvas = endorse.drawn(page, dpi, colour, placed)
    if canvas.scale < dpi / 72:
        percent = 100 * canvas.scale * 72 / dpi
        notes.append(f"Page {page.number} is shown at {percent:.0f} percent for its endorsements.")
    areas = redact.burn(canvas, here)
    words, source = _words(page, canvas, here, areas, context, with_ocr, notes)
    lines = words[-1].line + 1 if words else 0
    endorse.stamp(canvas, placed)
    return Finished(
        page.number, page.width, page.height, finished(canvas), words, endorse.words(placed, lines),
        here, areas, source, notes,
    )  # fmt: skip


def text_of(words: Sequence[Word]) -> str:
    """Words as lines of text."""
    return "\n".join(
        " ".join(word.text for word in line) for _, line in groupby(words, lambda w: w.line)
    )


def _words(
    page: Page,
    canvas: Canvas,
    redactions: Sequence[Redaction],
    areas: Sequence[tuple[int, int, int, int]],
    context: Context,
    with_ocr: bool | None,
    notes: list[str],
) -> tuple[list[Word], str]:
    if not redactions:
        return [_moved(word, canvas) for word in page.words()], ORIGINAL
    if ocr.available() if with_ocr is None else with_ocr:
        try:
            return _legible(read(canvas, context), redactions, areas, 72 / canvas.dpi), OCR
        except ocr.OcrFailed as failure:
            notes.append(
                f"OCR of page {page.number} failed ({failure}); its text is what lies outside of "
                "the redactions."
            )
    return [_moved(word, canvas) for word in outside(page, canvas, redactions)], OUTSIDE


def _legible(
    words: list[Word],
    redactions: Sequence[Redaction],
    areas: Sequence[tuple[int, int, int, int]],
    unit: float,
) -> list[Word]:
    """``words`` without what OCR makes of a black box: of what it reads in one only its label."""
    kept = []
    for word in words:
        inside = [
            one
            for one, area in zip(redactions, areas, strict=True)
            if redact.touches(
                word.box, (area[0] * unit, area[1] * unit, area[2] * unit, area[3] * unit), -1.0
            )
        ]
        if all(word.text in one.label for one in inside):
            kept.append(word)
    return kept


def read(canvas: Canvas, context: Context) -> list[Word]:
    """The words that OCR reads on the canvas, in points of it. Raises ``OcrFailed``."""
    from PIL import Image

    buffer = io.BytesIO()
    picture = Image.fromarray(canvas.pixels())
    picture.convert("L").save(buffer, "PNG", compress_level=1)
    unit = 72 / canvas.dpi
    found = ocr.words(buffer.getvalue(), context, canvas.dpi)
    return [
        Word((w.box[0] * unit, w.box[1] * unit, w.box[2] * unit, w.box[3] * unit), w.text, w.line)
        for w in found
    ]


def outside(page: Page, canvas: Canvas, redactions: Sequence[Redaction]) -> list[Word]:
    """The page's words of which every character is drawn, shows on the canvas, and keeps off all
    boxes: a word of which a part is covered goes whole, and one that can't be seen can hide
    nothing."""
    boxes = [one.box for one in redactions]
    found: list[Word] = []
    chars = page.chars()
    start = 0
    for end in range(1, len(chars) + 1):
        last = end == len(chars)
        if not last and not chars[end].text.isspace() and chars[end].line == chars[start].line:
            continue
        run = [char for char in chars[start:end] if not char.text.isspace()]
        start = end
        if run and all(
            char.seen
            and _shows(canvas, char.box)
            and not any(redact.touches(char.box, box) for box in boxes)
            for char in run
        ):
            box = (
                min(c.box[0] for c in run), min(c.box[1] for c in run),
                max(c.box[2] for c in run), max(c.box[3] for c in run),
            )  # fmt: skip
            found.append(Word(box, "".join(c.text for c in run), run[0].line))
    return found


def _shows(canvas: Canvas, box: Box) -> bool:
    """Whether something is drawn within ``box``, of points of the page."""
    left, top, right, bottom = redact.on_canvas(canvas, box)
    area = canvas.pixels()[top:bottom, left:right]
    return area.size > 0 and int(area.max()) - int(area.min()) > 16


def _moved(word: Word, canvas: Canvas) -> Word:
    """A word of the page on the canvas, which may show the page smaller."""
    scale, unit = canvas.scale * 72 / canvas.dpi, 72 / canvas.dpi
    left, top = canvas.left * unit, canvas.top * unit
    x0, y0, x1, y1 = word.box
    return Word(
        (x0 * scale + left, y0 * scale + top, x1 * scale + left, y1 * scale + top),
        word.text, word.line,
    )  # fmt: skip
