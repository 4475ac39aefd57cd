"""Pages as all later steps see them: a list of drawing commands with a size, whatever they were.

Coordinates are points (1/72 inch) from the page's upper left corner as a reader sees it, turned and
cropped as the document says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from ediscovery.extract.pdf.library import mupdf

Box = tuple[float, float, float, float]  # left, top, right, bottom

SHOWN = frozenset({"tracked_changes", "comments", "hidden_sheets", "notes"})
_DRAWN = 16 | 32  # char_flags of MuPDF: filled, stroked


@dataclass(frozen=True, slots=True)
class Rendering:
    """How documents become pages and pages become images. Lengths are in points.

    ``zone`` is an IANA name and ``date_format`` one of ``strftime``: how dates are written on pages
    of mails. ``shown``: what of an office file's hidden matter is shown, of :data:`SHOWN`.
    ``colour_share``: a page becomes a colour image when more than this share of it is coloured;
    ``None`` makes all pages bitonal. ``max_pixels``: a page that would have more at ``dpi`` is
    drawn at a lower resolution. ``office_seconds``: the time that LibreOffice may take.
    """

    paper: tuple[float, float] = (612.0, 792.0)
    margin: float = 54.0
    zone: str = "UTC"
    date_format: str = "%m/%d/%Y %I:%M:%S %p %Z"
    shown: frozenset[str] = SHOWN
    dpi: int = 300
    colour_share: float | None = 0.002
    jpeg_quality: int = 85
    max_pixels: int = 100_000_000
    office_seconds: float = 180.0


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its box; ``line`` counts the page's lines from 0."""

    box: Box
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Char:
    """One character with its box; ``seen`` is false when nothing is drawn for it."""

    box: Box
    text: str
    line: int
    seen: bool


@dataclass(slots=True)
class Page:
    """One page: its ``number`` in the document (from 1), its size in points, its drawing commands
    (a MuPDF display list) and ``notes`` on what is not as in the document."""

    number: int
    width: float
    height: float
    display: Any
    notes: list[str] = field(default_factory=list)

    def words(self) -> list[Word]:
        """The words of the page's text in the order in which it is written, hidden ones too."""
        lines: dict[tuple[int, int], int] = {}
        return [
            Word((x0, y0, x1, y1), text, lines.setdefault((block, line), len(lines)))
            for x0, y0, x1, y1, text, block, line, _ in self._text().extractWORDS()
        ]

    def chars(self) -> list[Char]:
        """The characters of the page's text, spaces too, in the order in which it is written."""
        found: list[Char] = []
        line = 0
        for block in self._text().extractRAWDICT()["blocks"]:
            for row in block.get("lines", ()):
                for span in row["spans"]:
                    seen = bool(span["char_flags"] & _DRAWN) and span["alpha"] > 0
                    found += [
                        Char(tuple(c["bbox"]), c["c"], line, seen and not c["c"].isspace())
                        for c in span["chars"]
                    ]
                line += 1
        return found

    def _text(self) -> Any:
        pymupdf = mupdf()
        # What lies outside of the page or of a clip is not on it; an ActualText may say anything.
        flags = (
            pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_CLIP | pymupdf.TEXT_IGNORE_ACTUALTEXT
        )
        return pymupdf.TextPage(self.display.get_textpage(flags))


class Pages:
    """The pages of one document, each made when it is asked for; a context manager.

    ``notes`` say what holds for the document as a whole: one sentence each.
    """

    def __init__(
        self,
        count: int,
        load: Callable[[int], Page],
        notes: Sequence[str] = (),
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._count, self._load, self._close = count, load, close
        self.notes = list(notes)

    def __len__(self) -> int:
        return self._count

    def page(self, number: int) -> Page:
        """Page ``number``, counted from 1. Raises ``EvidenceError`` when it can't be read."""
        if not 1 <= number <= self._count:
            raise IndexError(f"There is no page {number} of {self._count}.")
        return self._load(number)

    def __iter__(self) -> Iterator[Page]:
        for number in range(1, self._count + 1):
            yield self.page(number)

    def close(self) -> None:
        """Free what the document holds."""
        self._close()

    def __enter__(self) -> Pages:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def empty_list(width: float, height: float) -> tuple[Any, Any]:
    """A display list of that size in points and a device that draws on it, to be closed."""
    pymupdf = mupdf()
    display = pymupdf.mupdf.FzDisplayList(pymupdf.mupdf.FzRect(0, 0, width, height))
    return pymupdf.DisplayList(display), pymupdf.mupdf.fz_new_list_device(display)


def run(display: Any, device: Any, matrix: Any) -> None:
    """Draw ``display`` on ``device`` (a MuPDF device, which is left open)."""
    native = mupdf().mupdf
    everything = native.FzRect(native.FzRect.Fixed_INFINITE)
    native.fz_run_display_list(display.this, device, matrix, everything, native.FzCookie())
