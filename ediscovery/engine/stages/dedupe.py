"""Groups duplicate families over the whole matter; every copy, custodian and path is kept.

Only top-level documents are compared, each with its family (``item.family_hash``), so that two
mails alike but for an attachment never merge and no attachment is suppressed under a mail that
lacks it elsewhere. The primary is the copy with the lowest control number: the first that came in,
whatever the number of workers. Empty files have no hash and are never grouped.
"""

from __future__ import annotations

from sqlalchemy import Connection, Subquery, and_, func, select, update

from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.tables import collections, documents, items
from ediscovery.store.workspace import Matter


def dedupe(matter: Matter, scope: str) -> int:
    """Group by ``scope`` (global, custodian, none); returns how many documents are duplicates.

    Safe to repeat. Documents whose group or custodians change get a new version for the index.
    """
    if scope == "none":
        return 0
    with writing(matter.engine) as connection:
        changed = _group(connection, _copies(scope))
        _bump_groups(connection)
        duplicates = connection.execute(
            select(func.count()).select_from(documents).where(documents.c.is_primary.is_(False))
        ).scalar_one()
        if changed:
            audit.record(
                connection,
                "deduplicated",
                {"scope": scope, "changed": changed, "duplicates": duplicates},
            )
    matter.mirror_audit()
    return int(duplicates)


def _copies(scope: str) -> Subquery:
    """Families that have a copy: their number and that of their group's primary family."""
    sizes = (
        select(documents.c.family_number, func.count().label("members"))
        .where(documents.c.withdrawn.is_(False))
        .group_by(documents.c.family_number)
        .subquery()
    )
    key = [items.c.family_hash, sizes.c.members]
    if scope == "custodian":
        key.append(collections.c.custodian_id)
    families = (
        select(
            documents.c.number.label("family"),
            func.min(documents.c.number).over(partition_by=key).label("first"),
            func.count().over(partition_by=key).label("copies"),
        )
        .select_from(
            documents.join(
                items,
                and_(
                    items.c.collection_id == documents.c.collection_id,
                    items.c.position == documents.c.position,
                ),
            )
            .join(collections, collections.c.id == documents.c.collection_id)
            .join(sizes, sizes.c.family_number == documents.c.number)
        )
        .where(
            documents.c.number == documents.c.family_number,
            documents.c.withdrawn.is_(False),
            items.c.family_hash != "",
        )
        .subquery()
    )
    return select(families.c.family, families.c.first).where(families.c.copies > 1).subquery()


def _group(connection: Connection, copies: Subquery) -> int:
    """Write groups: a family's nth member, by position, joins the nth of the primary family."""
    rank = func.row_number().over(
        partition_by=documents.c.family_number, order_by=documents.c.position
    )
    ranked = select(documents.c.number, documents.c.family_number, rank.label("rank")).where(
        documents.c.withdrawn.is_(False)
    )
    mine, theirs = ranked.subquery("mine"), ranked.subquery("theirs")
    target = (
        select(
            mine.c.number,
            theirs.c.number.label("group_number"),
            (copies.c.family == copies.c.first).label("is_primary"),
        )
        .select_from(
            copies.join(mine, mine.c.family_number == copies.c.family).join(
                theirs,
                and_(theirs.c.family_number == copies.c.first, theirs.c.rank == mine.c.rank),
            )
        )
        .subquery("target")
    )
    return connection.execute(
        update(documents)
        .where(
            documents.c.number == target.c.number,
            documents.c.group_number.is_distinct_from(target.c.group_number),
        )
        .values(
            group_number=target.c.group_number,
            is_primary=target.c.is_primary,
            version=documents.c.version + 1,
        )
    ).rowcount


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
