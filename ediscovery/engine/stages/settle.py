"""Balances what was read: children of cut containers are counted, gaps become red flags."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal_column, select, update

from ediscovery.model.states import State
from ediscovery.store.catalog import writing
from ediscovery.store.tables import items, units
from ediscovery.store.workspace import Matter


def settle(matter: Matter, collection: int) -> None:
    """Count the children of containers that several units read, and flag what is missing."""
    with writing(matter.engine) as connection:
        specs = connection.execute(
            select(units.c.spec).where(units.c.collection_id == collection, units.c.kind == "range")
        ).scalars()
        for position in sorted({str(spec["position"]) for spec in specs}):
            here = (items.c.collection_id == collection) & (items.c.position == position)
            actual = connection.execute(
                select(func.count(literal_column("1"))).where(
                    items.c.collection_id == collection, items.c.parent == position
                )
            ).scalar_one()
            row = connection.execute(
                select(
                    items.c.expected_children, items.c.flags, items.c.state, items.c.message
                ).where(here)
            ).one()
            values: dict[str, Any] = {"actual_children": actual}
            expected = row.expected_children
            if expected is not None and expected != actual and "gap" not in row.flags:
                note = f"It announces {expected} children; {actual} were found."
                values |= {
                    "flags": [*row.flags, "gap"],
                    "state": State.WARNINGS if row.state == State.OK else row.state,
                    "message": f"{row.message} {note}".strip(),
                    "stage": "expand",
                }
            connection.execute(update(items).where(here).values(**values))
