"""What was called back, and what must stay here for that: the documents, copies, containers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from ediscovery.produce import ledger
from ediscovery.produce.documents import Candidate
from ediscovery.store.catalog import listed
from ediscovery.store.lookup import joined
from ediscovery.store.tables import clawbacks, documents, items, produced, productions


@dataclass(frozen=True, slots=True)
class CalledBack:
    """Documents called back: their ``numbers``, the ``groups`` of copies that they are in, the
    SHA-256 ``hashes`` of their natives; ``containers``: the documents that they or copies of them
    are attached to, whose natives hold them, and ``container_groups`` the groups of those."""

    numbers: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    hashes: frozenset[str] = frozenset()
    containers: frozenset[int] = frozenset()
    container_groups: frozenset[int] = frozenset()

    def holds(self, one: Candidate) -> bool:
        """Whether ``one`` was called back, or is a copy of what was."""
        # Pictures in signatures are the same in mails of every kind.
        same = one.item["sha256"] in self.hashes and one.item["relation"] != "inline"
        return one.number in self.numbers or one.group in self.groups or same

    def contains(self, one: Candidate) -> bool:
        """Whether the native of ``one`` holds what was called back."""
        return one.number in self.containers or one.group in self.container_groups


def called_back(connection: Connection) -> CalledBack:
    """All that was ever called back in the matter."""
    rows = connection.execute(
        select(
            documents.c.number, documents.c.group_number, documents.c.parent_number, items.c.size,
            items.c.sha256,
        )
        .select_from(joined())
        .where(documents.c.number.in_(select(clawbacks.c.number)))
    ).all()  # fmt: skip
    groups = frozenset(row.group_number for row in rows) - {None}
    hashes = frozenset(row.sha256 for row in rows if row.size)
    containers = above(
        connection,
        {row.parent_number for row in rows} | set(_parents_of_copies(connection, groups, hashes)),
    )
    return CalledBack(
        numbers=frozenset(row.number for row in rows),
        groups=groups,
        hashes=hashes,
        containers=frozenset(containers),
        container_groups=frozenset(
            connection.execute(
                select(documents.c.group_number).where(
                    documents.c.number.in_(listed(connection, sorted(containers))),
                    documents.c.group_number.is_not(None),
                )
            ).scalars()
        ),
    )


def _parents_of_copies(
    connection: Connection, groups: Iterable[int], hashes: Iterable[str]
) -> Iterable[int]:
    """What documents of ``groups``, or with natives of ``hashes``, are attached to."""
    return connection.execute(
        select(documents.c.parent_number)
        .select_from(joined())
        .where(
            documents.c.parent_number.is_not(None),
            or_(
                documents.c.group_number.in_(listed(connection, sorted(groups))),
                items.c.sha256.in_(sorted(hashes)) & (items.c.relation != "inline"),
            ),
        )
    ).scalars()


def above(connection: Connection, parents: Iterable[int | None]) -> set[int]:
    """The documents ``parents`` and those that they are attached to themselves, to the top: all
    whose natives hold the children."""
    found: set[int] = set()
    more = {number for number in parents if number is not None}
    while more:
        found |= more
        rows = connection.execute(
            select(documents.c.parent_number).where(
                documents.c.number.in_(listed(connection, sorted(more))),
                documents.c.parent_number.is_not(None),
            )
        )
        more = set(rows.scalars()) - found
    return found


def still_out(connection: Connection) -> list[Any]:
    """What went out, was not called back, and is a copy of what was, or a native that holds it.

    Rows of ``produced`` with their ``volume``; ``copy`` says which of the two.
    """
    back = called_back(connection)
    copy = or_(
        documents.c.group_number.in_(listed(connection, sorted(back.groups))),
        items.c.sha256.in_(sorted(back.hashes)) & (items.c.relation != "inline"),
    )
    holds = (produced.c.native_sha256 != "") & or_(
        documents.c.number.in_(listed(connection, sorted(back.containers))),
        documents.c.group_number.in_(listed(connection, sorted(back.container_groups))),
    )
    return list(
        connection.execute(
            select(produced.c.number, produced.c.bates_begin, productions.c.volume,
                   copy.label("copy"))
            .select_from(joined())
            .join(produced, produced.c.number == documents.c.number)
            .join(productions, productions.c.id == produced.c.production_id)
            .where(
                or_(copy, holds),
                documents.c.number.not_in(listed(connection, sorted(back.numbers))),
                produced.c.bates_begin.is_not(None),
                produced.c.reason.not_in(("withheld", ledger.CLAWED_BACK)),
                productions.c.state == ledger.WRITTEN,
                ~ledger.superseded(),
            )
            .order_by(productions.c.id, produced.c.ordinal)
        )
    )  # fmt: skip
