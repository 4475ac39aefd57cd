"""Groups duplicate families over the whole matter; every copy, custodian and path is kept.

Only top-level documents are compared, each with its family (``item.family_hash``), so that two
mails alike but for an attachment never merge and no attachment is suppressed under a mail that
lacks it elsewhere. Received productions are never grouped, neither with our own collections nor
with each other. The primary is the copy with the lowest control number: the first that came in,
whatever the number of workers. Empty files have no hash and are never grouped.

All of it are set operations of the catalog: no row comes into this process.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    union,
    update,
)

from ediscovery.model.errors import UsageError
from ediscovery.store import audit
from ediscovery.store.catalog import COUNTED, writing
from ediscovery.store.tables import Whole, collections, documents, items, received_productions
from ediscovery.store.workspace import Matter

SCOPES = ("global", "custodian", "none")

# What is to be written: a family by its top-level document, and its primary's number (NULL: alone).
_changes = Table(
    "dedupe_change",
    MetaData(),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("leader", Whole),
    prefixes=["TEMPORARY"],
)


def dedupe(matter: Matter, scope: str) -> int:
    """Group by ``scope`` (global, custodian, none); returns how many documents are duplicates.

    Safe to repeat. Documents whose group or custodians change get a new version for the index.
    Raises :class:`UsageError` for an unknown scope.
    """
    if scope not in SCOPES:
        raise UsageError(f"No dedupe scope {scope!r}.", f"Known scopes are {', '.join(SCOPES)}.")
    with writing(matter.engine) as connection:
        _changes.create(connection)
        changed = connection.execute(
            insert(_changes).from_select(("number", "leader"), _wanted(scope)),
            execution_options=COUNTED,
        ).rowcount
        if changed:
            _write_families(connection)
            _write_members(connection)
            _bump_groups(connection)
        _changes.drop(connection)
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


def _wanted(scope: str) -> Any:
    """Every family whose group is not what it must be, with the number of its primary."""
    number = documents.c.number
    # What has no hash equals nothing: its own number, which is no hash, keeps it apart. So does
    # what was received: that a party sent it, under which number, is a fact of its own.
    received = exists().where(received_productions.c.collection_id == documents.c.collection_id)
    key = case(
        (or_(items.c.family_hash == "", received), cast(number, Text)), else_=items.c.family_hash
    )
    apart: list[ColumnElement[Any]] = [key]
    if scope == "custodian":
        apart.append(collections.c.custodian_id)
    first = func.min(number).over(partition_by=apart)
    copies = func.count().over(partition_by=apart)
    alone = cast(null(), number.type)
    leader = alone if scope == "none" else case((copies > 1, first))
    families = (
        select(number, leader.label("leader"), documents.c.group_number, documents.c.is_primary)
        .select_from(
            documents.join(
                items,
                and_(
                    items.c.collection_id == documents.c.collection_id,
                    items.c.position == documents.c.position,
                ),
            ).join(collections, collections.c.id == documents.c.collection_id)
        )
        .where(number == documents.c.family_number, documents.c.withdrawn.is_(False))
        .subquery()
    )
    return select(families.c.number, families.c.leader).where(
        or_(
            families.c.group_number.is_distinct_from(families.c.leader),
            families.c.is_primary != _is_primary(families.c.number, families.c.leader),
        )
    )


def _is_primary(number: ColumnElement[int], leader: ColumnElement[int]) -> ColumnElement[bool]:
    return or_(leader.is_(None), leader == number)


def _write_families(connection: Connection) -> None:
    connection.execute(
        update(documents)
        .where(documents.c.number == _changes.c.number)
        .values(
            group_number=_changes.c.leader,
            is_primary=_is_primary(_changes.c.number, _changes.c.leader),
            version=documents.c.version + 1,
        )
    )


def _write_members(connection: Connection) -> None:
    """A family's nth attachment, by position, joins the nth of the primary family, if any."""
    touched = union(
        select(_changes.c.number), select(_changes.c.leader).where(_changes.c.leader.is_not(None))
    )
    ranked = (
        select(
            documents.c.number,
            documents.c.family_number,
            func.row_number()
            .over(partition_by=documents.c.family_number, order_by=documents.c.position)
            .label("nth"),
        )
        .where(
            documents.c.number != documents.c.family_number,
            documents.c.family_number.in_(touched),
            documents.c.withdrawn.is_(False),
        )
        .cte("ranked")
    )
    leading = ranked.alias("leading")
    chosen = (
        select(
            ranked.c.number,
            leading.c.number.label("leader"),
            or_(
                _is_primary(_changes.c.number, _changes.c.leader), leading.c.number.is_(None)
            ).label("is_primary"),
        )
        .select_from(
            ranked.join(_changes, _changes.c.number == ranked.c.family_number).join(
                leading,
                and_(
                    leading.c.family_number == _changes.c.leader,
                    leading.c.nth == ranked.c.nth,
                ),
                isouter=True,
            )
        )
        .subquery("chosen")
    )
    connection.execute(
        update(documents)
        .where(documents.c.number == chosen.c.number)
        .values(
            group_number=chosen.c.leader,
            is_primary=chosen.c.is_primary,
            version=documents.c.version + 1,
        )
    )


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
