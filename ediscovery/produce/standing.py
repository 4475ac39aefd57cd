"""What holds of a document over all volumes: which rows of the ledger, and which decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from ediscovery.produce import ledger
from ediscovery.store.tables import produced, productions


def holds() -> ColumnElement[bool]:
    """Whether a row of ``produced`` (joined with ``production``) says what is so.

    It does not in a volume that was never written, nor where a later volume of the same production
    put something in its place. What was called back is so from the moment that it was decided.
    """
    there = or_(productions.c.state == ledger.WRITTEN, productions.c.kind == ledger.CLAWBACK)
    return and_(there, ~ledger.superseded())


def oldest_first() -> tuple[ColumnElement[Any], ...]:
    """The order in which volumes were written, which need not be that of their registration."""
    written = func.coalesce(productions.c.written_at, productions.c.at)
    return written, productions.c.id


def deciding(rows: Sequence[Any]) -> Any:
    """Of the rows that hold of one document, oldest first, the one that says what became of it.

    What was called back is so for ever; else the newest: what was withheld and released since went
    out, and what went out and is withheld since is withheld.
    """
    back = [row for row in rows if row.reason == ledger.CLAWED_BACK]
    return (back or rows)[-1]


def unfinished() -> ColumnElement[bool]:
    """Whether a row of ``produced`` (joined with ``production``) is to go out when its run goes on:
    its volume is numbered, and its run was not given up for another one that took its documents.

    A run whose documents were coded otherwise since can't go on; what is left of it is produced
    under another name, and then nothing awaits the first any more.
    """
    own, own_volume = produced.alias("left"), productions.alias("left_volume")
    other, other_volume = produced.alias("taken"), productions.alias("taken_volume")
    given_up = (
        select(own_volume.c.first_volume)
        .join(own, own.c.production_id == own_volume.c.id)
        .join(other, other.c.number == own.c.number)
        .join(other_volume, other_volume.c.id == other.c.production_id)
        .where(
            own_volume.c.kind == ledger.PRODUCTION,
            own_volume.c.state == ledger.NUMBERED,
            other_volume.c.kind == ledger.PRODUCTION,
            other_volume.c.state == ledger.WRITTEN,
            other_volume.c.id > own_volume.c.id,
        )
    )
    return and_(
        productions.c.state == ledger.NUMBERED,
        productions.c.kind == ledger.PRODUCTION,
        productions.c.first_volume.not_in(given_up),
    )
