"""Groups duplicate families over the whole matter; every copy, custodian and path is kept.

Only top-level documents are compared, each with its family (``item.family_hash``), so that two
mails alike but for an attachment never merge and no attachment is suppressed under a mail that
lacks it elsewhere. The primary is the copy with the lowest control number: the first that came in,
whatever the number of workers. Empty files have no hash and are never grouped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, and_, bindparam, func, select, update

from ediscovery.analyze.dedupe import Change, Family, changes
from ediscovery.store import audit
from ediscovery.store.catalog import update_rows, writing
from ediscovery.store.tables import collections, documents, items
from ediscovery.store.workspace import Matter

_TOGETHER = 1000  # numbers looked up in one query
_WRITTEN = 10_000  # families held in memory at a time


def dedupe(matter: Matter, scope: str) -> int:
    """Group by ``scope`` (global, custodian, none); returns how many documents are duplicates.

    Safe to repeat. Documents whose group or custodians change get a new version for the index.
    """
    with writing(matter.engine) as connection:
        changed = 0
        stream = changes(_families(connection, scope), scope)
        # A family is written after it was read, so the stream never sees what is written here.
        while found := list(islice(stream, _WRITTEN)):
            _write(connection, found)
            changed += len(found)
        if changed:
            _bump_groups(connection)
        duplicates = connection.execute(
            select(func.count())
            .select_from(documents)
            .where(documents.c.is_primary.is_(False), documents.c.withdrawn.is_(False))
        ).scalar_one()
        if changed:
            audit.record(
                connection,
                "deduplicated",
                {"scope": scope, "families_changed": changed, "duplicates": duplicates},
            )
    matter.mirror_audit()
    return int(duplicates)


def _families(connection: Connection, scope: str) -> Iterator[Family]:
    """Every top-level document, in the order that :func:`changes` reads."""
    order = [items.c.family_hash, documents.c.number]
    if scope == "custodian":
        order.insert(1, collections.c.custodian_id)
    rows = connection.execute(
        select(
            documents.c.number,
            items.c.family_hash,
            collections.c.custodian_id,
            documents.c.group_number,
            documents.c.is_primary,
        )
        .select_from(
            documents.join(
                items,
                and_(
                    items.c.collection_id == documents.c.collection_id,
                    items.c.position == documents.c.position,
                ),
            ).join(collections, collections.c.id == documents.c.collection_id)
        )
        .where(documents.c.number == documents.c.family_number, documents.c.withdrawn.is_(False))
        .order_by(*order)
    )
    for number, key, custodian, group, primary in rows:
        yield Family(number, key, str(custodian), (number,), group, primary)


def _write(connection: Connection, found: list[Change]) -> None:
    """Write groups: a family's nth member, by position, joins the nth of the primary family."""
    wanted = {change.number for change in found}
    wanted.update(change.group for change in found if change.group is not None)
    members = _members(connection, sorted(wanted))
    rows: list[tuple[int | None, bool, int]] = []
    for change in found:
        leaders: Sequence[int | None] = [None] * len(members[change.number])
        if change.group is not None:
            leaders = members[change.group]
        rows.extend(
            (leader, change.primary, number)
            for number, leader in zip(members[change.number], leaders, strict=False)
        )
    statement = (
        update(documents)
        .where(documents.c.number == bindparam("n"))
        .values(
            group_number=bindparam("g"),
            is_primary=bindparam("p"),
            version=documents.c.version + 1,
        )
    )
    update_rows(connection, statement, ("g", "p", "n"), rows)


def _members(connection: Connection, families: list[int]) -> dict[int, list[int]]:
    """The documents of each family by position. Neighbours are looked up in one query."""
    members: dict[int, list[int]] = {family: [] for family in families}
    for block in dict.fromkeys(family // _TOGETHER for family in families):
        first = block * _TOGETHER
        for number, family in connection.execute(
            select(documents.c.number, documents.c.family_number)
            .where(
                documents.c.family_number.between(first, first + _TOGETHER - 1),
                documents.c.withdrawn.is_(False),
            )
            .order_by(documents.c.family_number, documents.c.position)
        ):
            if family in members:
                members[family].append(number)
    return members


def _bump_groups(connection: Connection) -> None:
    """Members already indexed show all custodians of their group: have them indexed again."""
    joined = select(documents.c.group_number).where(
        documents.c.version > documents.c.indexed_version, documents.c.group_number.is_not(None)
    )
    connection.execute(
        update(documents)
        .where(
            documents.c.version == documents.c.indexed_version,
            documents.c.group_number.in_(joined),
        )
        .values(version=documents.c.version + 1)
    )
