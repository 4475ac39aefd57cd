"""Which documents a command works on: named one by one, or chosen by a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from ediscovery.cli.common import note, safe

if TYPE_CHECKING:
    from ediscovery.search.grammar import ParsedQuery
    from ediscovery.search.tree import Condition
    from ediscovery.store.workspace import Matter

_FEW = 2_000  # documents that are indexed sooner than worker processes start


def understood(query: str, zone: tzinfo) -> ParsedQuery:
    """The query read; one that can't be is shown with a mark under the place."""
    from ediscovery.search.grammar import parse
    from ediscovery.search.lexer import QueryError

    try:
        return parse(query, zone)
    except QueryError as error:
        for line in error.pointer().split("\n"):
            note(f"  {safe(line)}")
        raise


def chosen(matter: Matter, identities: Sequence[str], query: str | None) -> list[int]:
    """The numbers of the documents named, or found by ``query``, ascending.

    Raises :class:`click.UsageError` unless exactly one of the two is given.
    """
    if bool(identities) == (query is not None):
        raise click.UsageError("Name documents, or choose them by --query; one of the two.")
    if query is None:
        return sorted({matter.number(identity) for identity in identities})
    from ediscovery.search.backends import index_of

    tree = understood(query, matter.zone)
    for remark in (*tree.notes, *uncoded(matter, tree.tree)):
        note(f"Note: {remark}")
    with index_of(matter).open() as target:
        found: list[int] = target.matching(tree.tree).tolist()
    return found


def uncoded(matter: Matter, tree: Condition) -> Iterator[str]:
    """A sentence for each ``coding:`` clause on a field in which no document is coded."""
    from ediscovery.review.coding import fields_in_use
    from ediscovery.search.tree import Keyword, every_leaf

    asked = {
        leaf.value.partition("=")[0]: None
        for leaf in every_leaf(tree)
        if isinstance(leaf, Keyword) and leaf.field == "coding"
    }
    if not asked:
        return
    with matter.reader.connect() as connection:
        known = fields_in_use(connection)
    for name in asked:
        if not set(name) & set("*?") and name not in known:
            fields = ", ".join(sorted(known)) or "none"
            yield f"No document is coded in {name!r}; fields with codings: {fields}."


@contextmanager
def indexing(matter: Matter, *, quiet: bool) -> Iterator[None]:
    """Hold the matter, with its index up to the catalog before the block and after it."""
    with matter.locked():
        bring_up(matter, quiet=quiet)
        yield
        bring_up(matter, quiet=quiet)


def bring_up(matter: Matter, *, quiet: bool) -> None:
    """Index what changed: a little in this process, more by worker processes."""
    from sqlalchemy import func, select

    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.engine.stages.index import index
    from ediscovery.store.tables import documents

    changed = documents.c.version != documents.c.indexed_version
    with matter.engine.connect() as connection:
        count = connection.execute(
            select(func.count()).select_from(documents).where(changed)
        ).scalar_one()
    if not count:
        return
    with (
        stoppable("the next command on this matter brings the index up"),
        pool_for(matter, 0 if count <= _FEW else None) as pool,
        Display(quiet=quiet or count <= _FEW) as display,
    ):
        index(matter, pool, display)
