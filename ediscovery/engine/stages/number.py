"""Gives every new document its control number, once, in the order of the collection."""

from __future__ import annotations

from sqlalchemy import Connection, and_, exists, func, insert, literal, not_, select, update

from ediscovery.model.states import Role
from ediscovery.store import audit
from ediscovery.store.catalog import COUNTED, writing
from ediscovery.store.tables import documents, items
from ediscovery.store.workspace import Matter


def number(matter: Matter, collection: int) -> int:
    """Number the documents of ``collection`` that have no number; returns how many there were.

    One transaction: numbers rise with the position, so a family's are consecutive, parent first,
    and they depend neither on the number of workers nor on what was interrupted.
    """
    with writing(matter.engine) as connection:
        last = connection.execute(
            select(func.coalesce(func.max(documents.c.number), 0))
        ).scalar_one()
        numbered = exists().where(
            documents.c.collection_id == items.c.collection_id,
            documents.c.position == items.c.position,
        )
        fresh = select(
            literal(last, documents.c.number.type)
            + func.row_number().over(order_by=items.c.position),
            items.c.collection_id,
            items.c.position,
            literal(0),
            literal(True),
            literal(1),
            literal(0),
            literal(False),
            literal(False),
        ).where(items.c.collection_id == collection, items.c.role == Role.DOCUMENT, not_(numbered))
        columns = (
            "number", "collection_id", "position", "family_number", "is_primary", "version",
            "indexed_version", "analyzed", "withdrawn",
        )  # fmt: skip
        count = connection.execute(
            insert(documents).from_select(columns, fresh), execution_options=COUNTED
        ).rowcount
        if not count:
            return 0
        _link(connection, last)
        audit.record(
            connection,
            "control numbers assigned",
            {
                "collection": collection,
                "first": matter.control_number(last + 1),
                "last": matter.control_number(last + count),
            },
        )
    matter.mirror_audit()
    return count


def _link(connection: Connection, last: int) -> None:
    """Fill in parents' and families' numbers of the documents numbered after ``last``."""
    above = documents.alias("above")
    for column, link in (
        ("parent_number", items.c.parent_document),
        ("family_number", items.c.family),
    ):
        wanted = (
            select(above.c.number)
            .select_from(
                items.join(
                    above,
                    and_(above.c.collection_id == items.c.collection_id, above.c.position == link),
                )
            )
            .where(
                items.c.collection_id == documents.c.collection_id,
                items.c.position == documents.c.position,
            )
            .scalar_subquery()
        )
        value = wanted if column == "parent_number" else func.coalesce(wanted, documents.c.number)
        connection.execute(
            update(documents).where(documents.c.number > last).values({column: value})
        )
