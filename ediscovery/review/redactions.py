"""Redactions as decisions: what is to be covered in which document, why, by whom, when.

Nothing is covered here: a production burns them in. A term stays a term, for its boxes are found on
the pages as rendered. A decision is never changed; taking it back is another one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, and_, insert, select

from ediscovery.model.errors import UsageError
from ediscovery.review.coding import require
from ediscovery.review.terms import pattern, spans, words
from ediscovery.store import audit
from ediscovery.store.catalog import listed, writing
from ediscovery.store.lookup import with_texts
from ediscovery.store.tables import documents, items, redaction_removals, redactions
from ediscovery.store.workspace import Matter

RedactionKind = Literal["box", "page", "term", "regex", "cells"]
Box = tuple[float, float, float, float]

_BOX = re.compile(r"\s*(\d{1,6})\s*:\s*([^,]+),([^,]+),([^,]+),([^,]+)")
_CELL = r"([A-Z]{1,3})([1-9]\d{0,6})"
_CELLS = re.compile(rf"(?:'((?:[^']|'')+)'|([^'!]+))!{_CELL}(?::{_CELL})?")
_FARTHEST = 100_000.0  # points


class Mark(NamedTuple):
    """What is covered, wherever: see the columns of the table ``redaction``."""

    kind: RedactionKind
    page: int | None = None
    box: Box | None = None
    term: str | None = None

    def describe(self) -> str:
        """The mark in a few words."""
        if self.kind == "box" and self.box:
            return f"page {self.page}, box {', '.join(f'{n:g}' for n in self.box)}"
        if self.kind == "page":
            return f"all of page {self.page}"
        return f"{self.kind} {self.term}"


@dataclass(frozen=True, slots=True)
class Redaction:
    """One decision that stands. ``page`` counts from 1; ``box`` is x0, y0, x1, y1 in points from
    the upper left of the page as it is shown; ``author`` decided it, ``at`` in UTC."""

    id: int
    number: int
    mark: Mark
    reason_code: str
    note: str
    author: str
    at: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data: the parts of the mark beside the rest."""
        return {
            "id": self.id, "kind": self.mark.kind, "page": self.mark.page,
            "box": list(self.mark.box) if self.mark.box else None, "term": self.mark.term,
            "reason_code": self.reason_code, "note": self.note, "author": self.author,
            "at": self.at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Added:
    """What came of an act: how many new redactions in how many documents, how many stood already.

    ``missing``: documents in whose text a mark was not found.
    """

    redactions: int
    documents: int
    already: int
    missing: list[tuple[int, Mark]]


# -- marks as people write them --------------------------------------------------------------------


def box(text: str) -> Mark:
    """``PAGE:x0,y0,x1,y1`` in points. Raises :class:`UsageError`."""
    found = _BOX.fullmatch(text)
    try:
        corners = [float(part) for part in found.groups()[1:]] if found else []
    except ValueError:
        corners = []
    if not found or not corners or not all(math.isfinite(n) for n in corners):
        raise UsageError(f"{text!r} is no box.", "Write PAGE:x0,y0,x1,y1, as 1:72,100,300,120.")
    x0, y0, x1, y1 = corners
    if not (0 <= x0 < x1 <= _FARTHEST and 0 <= y0 < y1 <= _FARTHEST):
        raise UsageError(
            f"The box {text!r} has no area on a page.",
            "Give its upper left and lower right corner, in points from the page's upper left.",
        )
    return Mark("box", _page(int(found[1])), (x0, y0, x1, y1))


def whole_page(number: int) -> Mark:
    """All of a page, counted from 1. Raises :class:`UsageError`."""
    return Mark("page", _page(number))


def term(text: str) -> Mark:
    """A word or phrase of the query language. Raises :class:`UsageError`."""
    words(text)
    return Mark("term", term=text.strip())


def regex(text: str) -> Mark:
    """A regular expression. Raises :class:`UsageError`."""
    pattern(text)
    return Mark("regex", term=text)


def cells(text: str) -> Mark:
    """Cells of a sheet, ``Sheet1!B2:C9`` or ``'My sheet'!B2``. Raises :class:`UsageError`."""
    found = _CELLS.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} names no cells.", "Write them as Sheet1!B2:C9.")
    quoted, plain, *corners = found.groups()
    first = (_column(corners[0]), int(corners[1]))
    last = (_column(corners[2]), int(corners[3])) if corners[2] else first
    low, high = map(min, zip(first, last, strict=True)), map(max, zip(first, last, strict=True))
    (left, top), (right, bottom) = low, high
    if right > 16_384 or bottom > 1_048_576:
        raise UsageError(f"{text!r} lies outside of any sheet.", "Sheets end at XFD1048576.")
    sheet = (quoted or plain).replace("''", "'")
    name = sheet if plain and re.fullmatch(r"\w+", plain) else "'" + sheet.replace("'", "''") + "'"
    return Mark("cells", term=f"{name}!{_letters(left)}{top}:{_letters(right)}{bottom}")


def _page(number: int) -> int:
    if number < 1:
        raise UsageError("Pages are counted from 1.", "Write --box 1:72,100,300,120.")
    return number


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# -- decisions -------------------------------------------------------------------------------------


def add(
    matter: Matter,
    numbers: Sequence[int],
    marks: Sequence[Mark],
    reason_code: str,
    *,
    note: str = "",
    query: str = "",
) -> Added:
    """Decide ``marks`` in each of the documents ``numbers``.

    Words and patterns are looked up in the text. A document that a person named gets them in any
    case, one that a ``query`` chose only where they occur. Raises :class:`UsageError` for a
    document that is not there, a page beyond its last or cells of what is no spreadsheet.
    """
    chosen = sorted(set(numbers))
    with matter.reader.connect() as connection:
        require(matter, connection, chosen)
        standing = {
            (one.number, one.mark, one.reason_code)
            for found in of(connection, chosen).values()
            for one in found
        }
        wanted, missing = _looked_up(matter, connection, chosen, marks, always=not query)
    fresh = [pair for pair in wanted if (*pair, reason_code) not in standing]
    who, at = audit.actor()[0], audit.now()
    with writing(matter.engine) as connection:
        if fresh:
            same = {"reason_code": reason_code, "note": note, "query": query, "who": who, "at": at}
            connection.execute(
                insert(redactions),
                [{"number": number, **mark._asdict(), **same} for number, mark in fresh],
            )
        counts: dict[str, int] = {}
        for _, mark in fresh:
            counts[mark.kind] = counts.get(mark.kind, 0) + 1
        touched = sorted({number for number, _ in fresh})
        # The words themselves stay out of the log: it may be shown to others.
        audit.record(
            connection,
            "redacted",
            {
                "redactions": counts,
                "documents": len(touched),
                "named": [matter.control_number(number) for number in touched[:100]],
                "reason_code": reason_code,
                "note": note,
            },
        )
    matter.mirror_audit()
    return Added(len(fresh), len(touched), len(wanted) - len(fresh), missing)


def _looked_up(
    matter: Matter,
    connection: Connection,
    numbers: Sequence[int],
    marks: Sequence[Mark],
    *,
    always: bool,
) -> tuple[list[tuple[int, Mark]], list[tuple[int, Mark]]]:
    """The marks to make, and those whose words are not in the document's text."""
    names = (
        "pack", "text_offset", "text_length", "text_method", "text_size", "text_sha256", "category",
        "page_count",
    )  # fmt: skip
    rows = connection.execute(
        select(documents.c.number, *(items.c[name] for name in names))
        .join(
            items,
            and_(
                items.c.collection_id == documents.c.collection_id,
                items.c.position == documents.c.position,
            ),
        )
        .where(documents.c.number.in_(listed(connection, numbers)))
        .order_by(documents.c.number)
    )
    wanted: list[tuple[int, Mark]] = []
    missing: list[tuple[int, Mark]] = []
    for row, text in with_texts(matter, rows):
        for mark in marks:
            _fits(matter, row, mark)
            found = mark.kind not in ("term", "regex") or spans(mark.kind, mark.term or "", text)
            if not found:
                missing.append((row.number, mark))
            if found or always:
                wanted.append((row.number, mark))
    return wanted, missing


def _fits(matter: Matter, row: Any, mark: Mark) -> None:
    name = matter.control_number(row.number)
    if mark.kind == "cells" and row.category != "spreadsheet":
        raise UsageError(f"{name} is no spreadsheet.", "Redact it by --term or --box.")
    pages = row.page_count if row.category in ("pdf", "image") else None
    if mark.page and pages and mark.page > pages:
        raise UsageError(f"{name} has {pages} pages, no page {mark.page}.", "Give one it has.")


def remove(matter: Matter, identity: int, reason: str) -> int:
    """Take back redaction ``identity``; returns its document's number.

    Raises :class:`UsageError` when there is none, it was taken back before, or no reason is given.
    """
    if not reason.strip():
        raise UsageError("A redaction is taken back for a reason.", "Add --reason '…'.")
    with writing(matter.engine) as connection:
        row = connection.execute(
            select(redactions.c.number, redaction_removals.c.who, redaction_removals.c.at)
            .join(
                redaction_removals,
                redaction_removals.c.redaction_id == redactions.c.id,
                isouter=True,
            )
            .where(redactions.c.id == identity)
        ).first()
        if row is None:
            raise UsageError(
                f"There is no redaction {identity}.",
                f"List a document's: ediscovery redact {matter.name} ID --list",
            )
        if row.at is not None:
            raise UsageError(
                f"Redaction {identity} was taken back by {row.who} at {row.at}.", "Nothing to do."
            )
        connection.execute(
            insert(redaction_removals).values(
                redaction_id=identity, reason=reason, who=audit.actor()[0], at=audit.now()
            )
        )
        audit.record(
            connection,
            "redaction taken back",
            {
                "redaction": identity,
                "document": matter.control_number(row.number),
                "reason": reason,
            },
        )
    matter.mirror_audit()
    return int(row.number)


def of(connection: Connection, numbers: Iterable[int]) -> dict[int, list[Redaction]]:
    """The redactions that stand, by document, oldest first; documents without are left out."""
    found: dict[int, list[Redaction]] = {}
    for row in _rows(connection, numbers):
        if row.removed_at is None:
            found.setdefault(row.number, []).append(_redaction(row))
    return found


def history(matter: Matter, number: int) -> list[dict[str, Any]]:
    """Every redaction of one document, oldest first, with who took it back, when and why."""
    with matter.reader.connect() as connection:
        require(matter, connection, [number])
        return [
            _redaction(row).as_dict()
            | {
                "query": row.query,
                "removed_at": row.removed_at,
                "removed_by": row.removed_by,
                "removed_reason": row.removed_reason,
            }
            for row in _rows(connection, [number])
        ]


def _rows(connection: Connection, numbers: Iterable[int]) -> Iterator[Any]:
    yield from connection.execute(
        select(
            redactions,
            redaction_removals.c.at.label("removed_at"),
            redaction_removals.c.who.label("removed_by"),
            redaction_removals.c.reason.label("removed_reason"),
        )
        .join(
            redaction_removals, redaction_removals.c.redaction_id == redactions.c.id, isouter=True
        )
        .where(redactions.c.number.in_(listed(connection, sorted(set(numbers)))))
        .order_by(redactions.c.number, redactions.c.id)
    )


def _redaction(row: Any) -> Redaction:
    corners = tuple(map(float, row.box)) if row.box else None
    mark = Mark(row.kind, row.page, corners, row.term)  # type: ignore[arg-type]
    return Redaction(row.id, row.number, mark, row.reason_code, row.note, row.who, row.at)
