"""Tables for people as PDF: landscape pages, the heads on each, numbered; cells wrapped.

The same table gives the same bytes. Nothing is run or fetched; text comes in all scripts that
MuPDF's own fonts know.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from typing import Any

from ediscovery.extract.pdf.library import mupdf
from ediscovery.produce.render.flow import placed, to_lay

_LETTER, _TABLOID = (792.0, 612.0), (1224.0, 792.0)  # points
_MANY = 9  # columns that a letter page takes
_MARGIN, _GAP = 30.0, 4.0
_NARROWEST, _WIDEST = 5, 34  # characters that a column is laid out for
_CSS = "p { margin: 0; font-family: sans-serif; font-size: 7pt; overflow-wrap: break-word; }"
_ILLEGAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")


def pdf(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """A table with ``title`` above it on every page. A row that fits on no page goes on over
    several."""
    table = _Table(title, heads, rows)
    for row in rows:
        table.add(["" if value is None else str(value) for value in row])
    return table.finished()


class _Table:
    def __init__(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        self._title, self._heads = title, heads
        self._size = _LETTER if len(heads) <= _MANY else _TABLOID
        width = self._size[0] - 2 * _MARGIN
        wanted = [_wanted(head, [row[at] for row in rows]) for at, head in enumerate(heads)]
        self._columns = []
        left = _MARGIN
        for share in wanted:
            right = left + width * share / sum(wanted)
            self._columns.append((left, right - _GAP))
            left = right
        self._bottom = self._size[1] - _MARGIN - 12
        self._out = io.BytesIO()
        self._writer = mupdf().DocumentWriter(self._out)
        self._device: Any = None
        self._rules: list[list[float]] = []  # of each page, where lines go
        self._y = self._top = 0.0

    def add(self, values: Sequence[str]) -> None:
        """One row, below the last one or on the next page."""
        if self._device is None:
            self._begin()
        stories = [_story(value) for value in values]
        places, lowest = self._place(stories)
        if any(more for more in places) and self._y > self._top:
            self._begin()
            stories = [_story(value) for value in values]
            places, lowest = self._place(stories)
        while True:
            for story in stories:
                story.draw(self._device)
            if not any(places):
                break
            stories = [
                one if more else _story("") for one, more in zip(stories, places, strict=True)
            ]
            self._begin()
            places, lowest = self._place(stories)
        self._y = lowest + _GAP
        self._rules[-1].append(self._y - _GAP / 2)

    def _place(self, stories: Sequence[Any]) -> tuple[list[bool], float]:
        """Lay the cells of a row out; of each whether something is left, and how deep it is."""
        left, lowest = [], self._y
        for story, (x0, x1) in zip(stories, self._columns, strict=True):
            more, filled = placed(story, mupdf().Rect(x0, self._y, x1, self._bottom))
            left.append(more)
            lowest = max(lowest, filled[3])
        return left, self._bottom if any(left) else lowest

    def _begin(self) -> None:
        """The next page, with title and heads."""
        if self._device is not None:
            self._writer.end_page()
        self._device = self._writer.begin_page(mupdf().Rect(0, 0, *self._size))
        self._rules.append([])
        self._y = _MARGIN
        story = _story(self._title, "font-size: 10pt; font-weight: bold;")
        _, filled = placed(story, mupdf().Rect(_MARGIN, _MARGIN, self._size[0] - _MARGIN, 80))
        story.draw(self._device)
        self._y = filled[3] + _GAP
        stories = [_story(head, "font-weight: bold;") for head in self._heads]
        _, lowest = self._place(stories)
        for story in stories:
            story.draw(self._device)
        self._y = self._top = lowest + _GAP
        self._rules[-1].append(self._y - _GAP / 2)

    def finished(self) -> bytes:
        """The file, with lines and page numbers."""
        if self._device is None:
            self._begin()
        self._writer.end_page()
        self._writer.close()
        width, height = self._size
        with mupdf().open(stream=self._out.getvalue(), filetype="pdf") as document:
            for page, rules in zip(document, self._rules, strict=True):
                for y in rules:
                    page.draw_line((_MARGIN, y), (width - _MARGIN, y), width=0.3)
                number = f"Page {page.number + 1} of {len(document)}"
                page.insert_text((_MARGIN, height - _MARGIN), number, fontsize=7)
            document.set_metadata({})
            data: bytes = document.tobytes(garbage=3, deflate=True, no_new_id=True)
        return data


def _wanted(head: str, values: Sequence[object]) -> int:
    """The characters that a column is laid out for."""
    longest = max((len(str(value or "")) for value in values), default=0)
    return min(max(longest, len(head), _NARROWEST), _WIDEST)


def _story(text: str, style: str = "") -> Any:
    clean = html.escape(_ILLEGAL.sub(" ", text)) or "&#160;"
    return to_lay(f'<p style="{style}">{clean}</p>', _CSS)
