"""Optical character recognition by tesseract, one thread and a time limit a page."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ediscovery.extract.contract import Context

_SHARE = 0.7  # of the time that a document may take
_LISTED = 200  # pages whose confidence is kept
MISSING = "OCR was asked for and tesseract is not installed."


class OcrFailed(Exception):
    """Tesseract gave no result for one page; the message says why."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Text of one page, its mean confidence (0 to 100) over ``words`` words."""

    text: str
    confidence: float
    words: int


@cache
def available() -> bool:
    """Whether tesseract can be run."""
    return shutil.which("tesseract") is not None


@cache
def languages() -> frozenset[str]:
    """The languages tesseract has data for, by its codes (``eng``, ``deu``)."""
    if not available():
        return frozenset()
    done = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, text=True, timeout=30, check=False
    )
    return frozenset(line.strip() for line in done.stdout.splitlines()[1:] if line.strip())


def recognise(picture: bytes, context: Context, dpi: int) -> Recognised:
    """The text in ``picture`` (a file that tesseract reads: PNG, TIFF, JPEG) at ``dpi``.

    Languages come from the profile; those that are not installed are left out. Pages on their side
    or head are turned where tesseract's orientation data are there. Raises
    :class:`OcrFailed` when tesseract fails, takes longer than ``limits.ocr_page_seconds`` or has
    none of the languages.
    """
    return read_table(_table(picture, context, dpi, "1" if "osd" in languages() else "3"))


@dataclass(frozen=True, slots=True)
class Placed:
    """One word that OCR read: its box in pixels (left, top, right, bottom), its line counted from
    0, its confidence (0 to 100)."""

    box: tuple[int, int, int, int]
    text: str
    line: int
    confidence: float


def words(picture: bytes, context: Context, dpi: int) -> list[Placed]:
    """The words in ``picture`` with their places, the page taken to be upright.

    Raises :class:`OcrFailed` as :func:`recognise` does.
    """
    found: list[Placed] = []
    lines: dict[tuple[str, ...], int] = {}
    for cells in _rows(_table(picture, context, dpi, "3")):
        left, top, width, height = map(int, cells[6:10])
        line = lines.setdefault(tuple(cells[1:5]), len(lines))
        box = (left, top, left + width, top + height)
        found.append(Placed(box, cells[11].strip(), line, float(cells[10])))
    return found


def _table(picture: bytes, context: Context, dpi: int, segmentation: str) -> str:
    """Tesseract's TSV for ``picture``."""
    wanted = context.profile.ocr_languages.split("+")
    present = [name for name in wanted if name in languages()]
    if not present:
        raise OcrFailed(f"tesseract has no data for {'+'.join(wanted)}")
    command = [
        "tesseract", "stdin", "stdout", "-l", "+".join(present), "--dpi", str(max(70, dpi)),
        "--psm", segmentation, "tsv",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "TMPDIR": str(context.scratch)}
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=context.profile.limits.ocr_page_seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OcrFailed(
            f"it took longer than {context.profile.limits.ocr_page_seconds:g} seconds"
        ) from error
    except OSError as error:
        raise OcrFailed(str(error)) from error
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OcrFailed(reason[-1][:200] if reason else f"tesseract ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


class Session:
    """OCR of the pages of one document: what was read, how surely, and what was not.

    It stops in time for the document to be finished: pages that it leaves out are counted.
    ``kind`` is what a page of it is called in warnings.
    """

    def __init__(self, context: Context, kind: str = "page") -> None:
        self._context, self._kind = context, kind
        self._end = time.monotonic() + context.profile.limits.wall_seconds * _SHARE
        self._words, self._sum = 0, 0.0
        self._failed: list[str] = []
        self.by_page: dict[str, float] = {}  # number of a page with words -> its confidence
        self.missing = not available()
        self.left_out = 0

    def read(self, page: int, draw: Callable[[], tuple[bytes, int]]) -> str:
        """The text of what ``draw`` returns (picture and dpi); ``page`` counts from 1."""
        if self.missing or time.monotonic() > self._end:
            self.left_out += 1
            return ""
        try:
            picture, dpi = draw()
            found = recognise(picture, self._context, dpi)
        except OcrFailed as failure:
            self._failed.append(f"{self._kind} {page} ({failure})")
            return ""
        if found.words and len(self.by_page) < _LISTED:
            self.by_page[str(page)] = found.confidence
        self._words += found.words
        self._sum += found.confidence * found.words
        return found.text

    @property
    def fields(self) -> dict[str, Any]:
        """``ocr_confidence``, the mean over all words, 0 to 100, and ``ocr_page_confidence``, the
        mean of each page by its number; nothing when no word was read."""
        if not self._words:
            return {}
        mean = round(self._sum / self._words, 1)
        return {"ocr_confidence": mean, "ocr_page_confidence": self.by_page}

    def warnings(self) -> list[str]:
        """One sentence for each thing that went wrong."""
        if self.missing:
            return [MISSING] if self.left_out else []
        said = []
        if self._failed:
            said.append("OCR failed on " + "; ".join(self._failed[:20]) + ".")
        if self.left_out:
            said.append(
                f"OCR left out {self.left_out} pages for want of time; raise limits.wall_seconds."
            )
        return said


def read_table(table: str) -> Recognised:
    """Text and mean confidence from tesseract's TSV: one row a word, level 5.

    Lines end where the line number changes; paragraphs are parted by an empty line.
    """
    lines: list[str] = []
    words: list[str] = []
    place: tuple[str, ...] = ()
    total, count = 0.0, 0
    for cells in _rows(table):
        here = tuple(cells[1:5])
        if here != place:
            if words:
                lines.append(" ".join(words))
            if place and here[:3] != place[:3]:
                lines.append("")
            words, place = [], here
        words.append(cells[11].strip())
        try:
            sure = float(cells[10])
        except ValueError:
            continue
        if sure >= 0:
            total += sure
            count += 1
    if words:
        lines.append(" ".join(words))
    return Recognised("\n".join(lines), round(total / count, 1) if count else 0.0, count)


def _rows(table: str) -> Iterator[list[str]]:
    """The cells of the rows of words."""
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) >= 12 and cells[0] == "5" and cells[11].strip():
            yield cells
