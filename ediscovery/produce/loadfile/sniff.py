"""How an unknown load file is written: its encoding, its delimiters, whether names lead it."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ediscovery.extract import charset
from ediscovery.extract.contract import quietly
from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.fields import Cutter
from ediscovery.produce.loadfile.files import PIECE, Lines
from ediscovery.produce.loadfile.roles import role_of
from ediscovery.produce.loadfile.rows import CONCORDANCE, CSV, Dialect

_SAMPLE_ROWS = 60
_SAMPLE_LINES = 2_000
_SAMPLE_CHARACTERS = 4 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# U+00B6 is how Concordance's column delimiter is drawn; some programs write the drawing.
_COLUMNS = ("|", "\t", "\xb6", "^", "~", ";", ",")
_QUOTES = ('"', "\xfe", "^", "~", "'", "|")
_THORN = b"\xfe"
_AROUND = re.compile(rb"\xfe?\x14\xfe?|\xfe?[\r\n]+\xfe?|\A\xfe|\xae")
_DATA = re.compile(r"[\d\W_]+|.*@.*|.*[\\/].*\.\w{1,5}|\d+[/.-]\d+.*", re.DOTALL)
_DIGITS = re.compile(r"\d+")
_LONGEST_NAME = 128


class Encoded(NamedTuple):
    """The encoding of a file (Python's name), its mark's length, and whether it was guessed."""

    name: str
    mark: int
    guessed: bool


def encoding_of(path: Path, given: str = "") -> Encoded:
    """By which encoding to read ``path``: its byte order mark, else ``given``, else a guess.

    The guess is UTF-8 where the whole file is, else what
    :func:`ediscovery.extract.charset.decode` says of a sample around the first byte that is not.

    Raises:
        UsageError: ``given`` is no character set.
    """
    known = _known(given) if given else ""
    with open(path, "rb", opener=quietly) as file:
        head = file.read(PIECE)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return Encoded(name, len(mark), False)
        if known:
            return Encoded(known, 0, False)
        wide = charset.decode(head[: 64 << 10]).charset if b"\0" in head else ""
        if wide.startswith(("utf-16", "utf-32")):
            return Encoded(wide, 0, True)
        decoder = codecs.getincrementaldecoder("utf-8")()
        at, piece = 0, head
        try:
            while piece:
                decoder.decode(piece)
                at += len(piece)
                piece = file.read(PIECE)
            decoder.decode(b"", True)
            return Encoded("utf-8", 0, False)
        except UnicodeDecodeError:
            file.seek(max(0, at - (4 << 10)))
            return Encoded(_guessed(file.read(PIECE + (8 << 10))), 0, True)


def _known(name: str) -> str:
    found = charset.codec(name)
    if not found and name.lower().replace("_", "-") in ("ascii", "us-ascii", "ansi"):
        found = "cp1252"
    if not found:
        raise UsageError(
            f"{name!r} is no character set.", "For example: utf-8, cp1252, utf-16-le, cp1251."
        )
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(found, found)


def _guessed(sample: bytes) -> str:
    if _THORN + b"\x14" + _THORN not in sample:
        return _usual(charset.decode(sample).charset)
    # Concordance's own bytes are not letters of the text.
    bare = _AROUND.sub(b" ", sample)
    name = "cp1252" if bare.isascii() else _usual(charset.decode(bare).charset)
    try:
        single = len(_THORN.decode(name)) == 1
    except UnicodeDecodeError:
        single = False
    return name if single else "cp1252"


def _usual(name: str) -> str:
    """``name``, or Windows-1252 for the Latin sets of DOS and Mac: Windows writes load files."""
    return "cp1252" if name in ("cp850", "mac_roman") else name


def sniff(path: Path, encoding: str = "", column: str = "", quote: str | None = None) -> Dialect:
    """The dialect of the delimited load file ``path``.

    What is given is taken as it is; the rest is read off the first rows. Concordance's column
    delimiter U+0014 is certain, being no text; of other pairs of column and quote the one counts
    that cuts the most rows into the same number of values, two or more.

    Raises:
        UsageError: ``encoding`` is no character set.
    """
    coded = encoding_of(path, encoding)
    lines, ends = _sample(path, coded)
    concordance = _concordance(coded.name)
    # A file of one column has no delimiter, but each of its lines is one value in quotes.
    single = bool(lines) and all(_is_wrapped(line, concordance.quote) for line in lines)
    if not column and (single or any("\x14" in line for line in lines)):
        column = "\x14"
    columns = (column,) if column else _COLUMNS
    quotes = (quote,) if quote is not None else (concordance.quote, *_QUOTES)
    best, chosen = (0.0, 0, 0), None
    for one in columns:
        if not any(one in line for line in lines):
            continue
        for other in dict.fromkeys(quotes):
            if other == one:
                continue
            found = _score(lines, Dialect(column=one, quote=other, doubled=other == '"'))
            if found > best:
                best, chosen = found, (one, other)
    if chosen is None:
        chosen = (column or ",", concordance.quote if single else '"')
        if quote is not None:
            chosen = (chosen[0], quote)
    elif not best[1] and quote is None:  # no value is wrapped: the usual quote for this column
        chosen = (chosen[0], concordance.quote if chosen[0] == "\x14" else '"')
    base = CSV if chosen[1] == '"' and chosen[0] != "\x14" else concordance
    return replace(
        base, column=chosen[0], quote=chosen[1], protects=chosen[0] != "\x14",
        encoding=coded.name, bom=coded.mark > 0,
        line_end=ends.most_common(1)[0][0] if ends else "\r\n",
    )  # fmt: skip


def _is_wrapped(line: str, quote: str) -> bool:
    return len(line) > 1 and line[0] == quote == line[-1] and line.count(quote) == 2


def _concordance(encoding: str) -> Dialect:
    """Concordance's bytes FE and AE as the characters that they are in ``encoding``."""
    if encoding.startswith("utf"):
        return CONCORDANCE
    try:
        quote, newline = (bytes([b]).decode(encoding) for b in (0xFE, 0xAE))
    except UnicodeDecodeError:
        return CONCORDANCE
    return replace(CONCORDANCE, quote=quote, newline=newline)


def _sample(path: Path, coded: Encoded) -> tuple[list[str], Counter[str]]:
    lines, ends, size = [], Counter[str](), 0
    for text, end in Lines(path, coded.name, coded.mark):
        if end:
            ends[end] += 1
        if text:
            lines.append(text)
            size += len(text)
        if len(lines) >= _SAMPLE_LINES or size > _SAMPLE_CHARACTERS:
            break
    return lines, ends


def _score(lines: Sequence[str], dialect: Dialect) -> tuple[float, int, int]:
    """How well ``dialect`` cuts ``lines``: share of rows alike, values wrapped, columns."""
    counts, wrapped, rows = Counter[int](), 0, 0
    cutter = Cutter(dialect)
    for line in lines:
        if cutter.feed(line):
            cutter.line_break("\n")
            continue
        rows += 1
        wrapped += cutter.wrapped
        if not cutter.stray:
            counts[len(cutter.values)] += 1
        cutter = Cutter(dialect)
        if rows >= _SAMPLE_ROWS:
            break
    if not counts:
        return (0.0, 0, 0)
    columns, alike = max(counts.items(), key=lambda item: (item[1], item[0]))
    return (alike / rows, wrapped, columns) if columns > 1 else (0.0, 0, 0)


def is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the row ``first`` holds names rather than data, judged beside the row after it.

    Names are filled, differ, are short, and are neither numbers, dates, paths nor addresses. A
    first value of the second row's pattern (``ABC0001``, ``ABC0002``) is data.
    """
    names = list(first[:-1] if len(first) > 1 and not first[-1] else first)
    if any(role_of(name) for name in names):
        return True
    if not names or any(not name.strip() or len(name) > _LONGEST_NAME for name in names):
        return False
    if len({name.casefold() for name in names}) < len(names):
        return False
    if any(_DATA.fullmatch(name) for name in names):
        return False
    pattern = _DIGITS.sub("9", first[0])
    return not second or "9" not in pattern or pattern != _DIGITS.sub("9", second[0])


def unlike(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """``names`` made fit for columns, and a sentence for each that was changed.

    An empty name becomes ``Field 7``; a name used before gets a number behind it.
    """
    result: list[str] = []
    told: list[str] = []
    used: set[str] = set()
    for number, name in enumerate(names, 1):
        fit = name.strip() or f"Field {number}"
        base, again = fit, 2
        while fit in used:
            fit, again = f"{base} ({again})", again + 1
        if fit != name:
            told.append(f"Column {number} is called {name!r}; it is read as {fit!r}.")
        used.add(fit)
        result.append(fit)
    return result, told
