"""What load files hold: records, page rows, the dialect, and what was replaced, repaired, refused.

Plain data. Writers take it, readers give it; dates and numbers are ready strings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Value = str | tuple[str, ...]


@dataclass(slots=True)
class Record:
    """One document: field name -> value, in column order; a multi-value is a tuple of strings."""

    fields: dict[str, Value]


@dataclass(frozen=True, slots=True)
class PageRow:
    """One page (image file) of one document.

    ``path`` is relative to the volume and may be written with either slash. ``first`` marks the
    first page of a document. ``pages`` is the document's page count, told on its first page only;
    0 where no one tells it. ``rotation`` is in degrees clockwise: 0, 90, 180 or 270. ``offset`` is
    the page's place in a file of several pages, from 1; 0 for a file of one page. ``child`` marks
    the first page of an attachment. A format holds some of these only: see ``docs/loadfiles.md``.
    """

    page_id: str
    volume: str
    path: str
    first: bool = False
    pages: int = 0
    color: bool = False
    rotation: int = 0
    folder_break: bool = False
    box_break: bool = False
    child: bool = False
    offset: int = 0


Document = tuple[Record, tuple[PageRow, ...]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited load file is written.

    ``column``, ``quote``, ``multi`` and ``nested`` are one character each; ``quote`` may be empty.
    ``newline`` stands for a line break inside a value; where it is empty, the break itself stands
    inside the quotes. ``doubled``: a quote inside a value is written twice (RFC 4180), else it
    is replaced. ``protects``: quotes protect a column delimiter inside a value, else it is
    replaced. ``encoding`` is Python's name; ``bom`` says whether a byte order mark leads.
    """

    column: str = "\x14"
    quote: str = "\xfe"
    newline: str = "\xae"
    multi: str = ";"
    nested: str = "\\"
    encoding: str = "utf-8"
    bom: bool = True
    line_end: str = "\r\n"
    doubled: bool = False
    protects: bool = False


CONCORDANCE = Dialect()
CONCORDANCE_CP1252 = Dialect(encoding="cp1252", bom=False)
CSV = Dialect(column=",", quote='"', newline="", doubled=True, protects=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reader or a check met: where, what kind, one sentence.

    ``line`` counts physical lines and ``record`` data rows, both from 1; 0 where there is none.
    ``refused``: it fails a check, because something is missing, unsafe or contradicts itself. The
    others were repaired, or are told for information.
    """

    line: int
    record: int
    kind: str
    sentence: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Replaced:
    """A character of a value that a format can't carry, and what was written in its place.

    ``record`` counts data rows from 1. ``times`` is how often in this one value.
    """

    record: int
    field: str
    character: str
    substitute: str
    times: int


@dataclass(slots=True)
class Written:
    """What a writer wrote: data rows, and how often each character was replaced.

    ``replaced`` counts by the character that stood in the data. The newline of a value, which
    every reader turns back, is counted here as ``"\\n"`` and not reported one by one.
    """

    rows: int = 0
    replaced: Counter[str] = field(default_factory=Counter)


Report = Callable[[Finding], None]
ReportReplaced = Callable[[Replaced], None]
