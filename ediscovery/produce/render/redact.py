"""Redactions: boxes on pages, found by term where wanted, and burnt into the pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import UsageError
from ediscovery.produce.render.endorse import measure, write
from ediscovery.produce.render.pages import Box, Char, Page, Word
from ediscovery.produce.render.raster import Canvas

MARGIN = 1.0  # points by which a box is burnt larger, and by which words must keep off it
_LABEL, _SMALLEST_LABEL = 8.0, 4.0  # points
_NO_SPACES = 0x2E80  # from here on scripts are written without spaces between words, mostly


@dataclass(frozen=True, slots=True)
class Redaction:
    """One box on page ``page`` (from 1), in points of the page as it is shown.

    ``reason`` is its reason code, ``author`` who decided it, ``label`` what is written on it in
    white (``""``: nothing), ``covered`` the text that it covers, where it is known.
    """

    page: int
    box: Box
    reason: str
    author: str
    label: str = ""
    covered: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """Words to be redacted: ``pattern`` as they stand, in any case and however they are broken into
    lines, or a regular expression when ``regex``."""

    pattern: str
    reason: str
    author: str
    label: str = ""
    regex: bool = False

    def compiled(self) -> re.Pattern[str]:
        """As a pattern for text whose lines end in ``\\n``. Raises ``UsageError``."""
        if self.regex:
            try:
                found = re.compile(self.pattern, re.IGNORECASE)
            except re.error as error:
                raise UsageError(
                    f"{self.pattern!r} is no regular expression: {error}.", "Mend it."
                ) from error
            if found.match(""):
                raise UsageError(f"{self.pattern!r} matches nothing at all.", "Make it stricter.")
            return found
        parts = self.pattern.split()
        if not parts:
            raise UsageError("A term to be redacted is empty.", "Leave it out.")
        body = r"\s+".join(re.escape(part) for part in parts)
        return re.compile(_edge(parts[0][0], True) + body + _edge(parts[-1][-1], False), re.I)


def _edge(char: str, before: bool) -> str:
    """A term is a word of its own, where its script parts words."""
    if not char.isalnum() or ord(char) >= _NO_SPACES:
        return ""
    return r"(?<![^\W_])" if before else r"(?![^\W_])"


def find(page: Page, terms: Sequence[Term]) -> list[Redaction]:
    """The boxes that cover every hit of ``terms`` in the page's text, one a line of a hit.

    Words parted by a hyphen at a line's end are found as one. Text that is not there as text (a
    scan) is not found: see :func:`find_words` for what OCR read.
    """
    return _find(page.number, page.chars(), terms)


def find_words(number: int, words: Sequence[Word], terms: Sequence[Term]) -> list[Redaction]:
    """As :func:`find` on the words of page ``number`` as OCR gave them; words are covered whole."""
    chars = [Char(word.box, char, word.line, True) for word in words for char in [*word.text, " "]]
    return _find(number, chars, terms)


def _find(number: int, chars: Sequence[Char], terms: Sequence[Term]) -> list[Redaction]:
    found: dict[tuple[Box, str], Redaction] = {}
    for joined in (False, True):
        text, origin = _running(chars, joined)
        for term in terms:
            for match in term.compiled().finditer(text):
                hit = [chars[i] for i in origin[match.start() : match.end()] if i >= 0]
                for line in dict.fromkeys(char.line for char in hit):
                    part = [char for char in hit if char.line == line and not char.text.isspace()]
                    if not part:
                        continue
                    box = (
                        min(char.box[0] for char in part), min(char.box[1] for char in part),
                        max(char.box[2] for char in part), max(char.box[3] for char in part),
                    )  # fmt: skip
                    covered = " ".join(match.group().split())
                    one = Redaction(number, box, term.reason, term.author, term.label, covered)
                    found.setdefault((box, term.reason), one)
    return list(found.values())


def _running(chars: Sequence[Char], joined: bool) -> tuple[str, list[int]]:
    """The text with ``\\n`` between lines and the index of each character, -1 for what was added;
    ``joined`` leaves out the hyphen and the break where a line ends in one."""
    text: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(chars):
        if index and char.line != chars[index - 1].line:
            if joined and text and text[-1] in "-\u2010\u00ad":
                text.pop()
                origin.pop()
            else:
                text.append("\n")
                origin.append(-1)
        for letter in char.text:
            text.append(letter)
            origin.append(index)
    return "".join(text), origin


def covered(page: Page, boxes: Sequence[Box]) -> list[str]:
    """The text under each box: characters whose boxes it touches, words parted by one space."""
    chars = page.chars()
    found = []
    for box in boxes:
        text, last = "", -1
        for char in chars:
            if touches(char.box, box, 0.0):
                text += ("" if last in (-1, char.line) else " ") + char.text
                last = char.line
        found.append(" ".join(text.split()))
    return found


def touches(one: Box, other: Box, margin: float = MARGIN) -> bool:
    """Whether two boxes overlap, or come nearer than ``margin``."""
    return (
        one[0] < other[2] + margin
        and one[2] > other[0] - margin
        and one[1] < other[3] + margin
        and one[3] > other[1] - margin
    )


def on_canvas(canvas: Canvas, box: Box) -> tuple[int, int, int, int]:
    """The pixels (left, top, right, bottom) that ``box`` is burnt into, the margin included."""
    left = int((box[0] - MARGIN) * canvas.scale + canvas.left)
    top = int((box[1] - MARGIN) * canvas.scale + canvas.top)
    right = int((box[2] + MARGIN) * canvas.scale + canvas.left) + 1
    bottom = int((box[3] + MARGIN) * canvas.scale + canvas.top) + 1
    return (
        min(max(0, left), canvas.width), min(max(0, top), canvas.height),
        min(max(0, right), canvas.width), min(max(0, bottom), canvas.height),
    )  # fmt: skip


def burn(canvas: Canvas, redactions: Sequence[Redaction]) -> list[tuple[int, int, int, int]]:
    """Blacken the boxes, then write their labels in white; the pixels of each.

    Where boxes overlap one label stands for them: two could not be read.
    """
    pixels = canvas.pixels()
    areas = [on_canvas(canvas, one.box) for one in redactions]
    for left, top, right, bottom in areas:
        pixels[top:bottom, left:right] = 0
    if any(one.label for one in redactions):
        device = canvas.device()
        told: list[tuple[int, int, int, int]] = []
        for one, area in zip(redactions, areas, strict=True):
            if one.label and not any(touches(area, other, 0) for other in told):
                _label(device, canvas, one.label, area)
                told.append(area)
        mupdf().mupdf.fz_close_device(device)
    return areas


def _label(device: object, canvas: Canvas, label: str, area: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = (value * 72 / canvas.dpi for value in area)
    wide = measure(label, 1.0)
    if not wide:
        return
    size = min(_LABEL, (right - left - 2) / wide, (bottom - top) / 1.1)
    if size >= _SMALLEST_LABEL:  # a smaller box says nothing: its reason stands in the log
        at = ((left + right - wide * size) / 2, (top + bottom) / 2 + 0.35 * size)
        write(device, canvas.colour, label, at, size, 1.0)
