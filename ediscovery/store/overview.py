"""A matter at a glance."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select

from ediscovery.model.states import Role
from ediscovery.store import custodians as people
from ediscovery.store import reports
from ediscovery.store.tables import collections, custodians, documents, items, units
from ediscovery.store.tables import matter as matter_table
from ediscovery.store.workspace import Matter


def overview(matter: Matter) -> dict[str, Any]:
    """Title, dates and custodians of a matter, with their collections and documents counted."""
    with matter.engine.connect() as connection:
        row = dict(connection.execute(select(matter_table)).mappings().one())
        counts: dict[int, tuple[int, int]] = {
            r.custodian_id: (r.collections, r.documents)
            for r in connection.execute(
                select(
                    collections.c.custodian_id,
                    func.count(func.distinct(collections.c.id)).label("collections"),
                    func.count(items.c.position).label("documents"),
                )
                .select_from(
                    collections.join(
                        items,
                        and_(
                            items.c.collection_id == collections.c.id,
                            items.c.role == Role.DOCUMENT,
                        ),
                        isouter=True,
                    )
                )
                .group_by(collections.c.custodian_id)
            )
        }
        listed = people.listed(connection)
    return row | {
        "custodians": [
            person
            | dict(zip(("collections", "documents"), counts.get(person["id"], (0, 0)), strict=True))
            for person in listed
        ]
    }


def status(matter: Matter) -> dict[str, Any]:
    """How far a matter is; ``dashboard``: the page of its cluster, ``""`` without one.

    ``documents``: how many are numbered, indexed and tagged. ``collections``, each: files, units
    done and all, items, exceptions (those that a person accepted aside).
    """
    with matter.engine.connect() as connection:
        done = units.c.state == "done"
        rows = connection.execute(
            select(
                collections.c.id,
                custodians.c.name.label("custodian"),
                collections.c.state,
                collections.c.files,
                collections.c.bytes,
                collections.c.started_at,
                collections.c.finished_at,
                func.count(units.c.id).label("units"),
                func.count(units.c.id).filter(done).label("units_done"),
                func.coalesce(func.sum(units.c.bytes), 0).label("bytes_read"),
                func.coalesce(func.sum(units.c.restarts), 0).label("parser_restarts"),
            )
            .select_from(
                collections.join(custodians, custodians.c.id == collections.c.custodian_id).join(
                    units, units.c.collection_id == collections.c.id, isouter=True
                )
            )
            .group_by(collections.c.id)
            .order_by(collections.c.id)
        ).mappings()
        found = [dict(row) for row in rows]
        bad = reports.open_exceptions(connection)
        counted: dict[int, int] = {
            r[0]: r[1]
            for r in connection.execute(
                select(items.c.collection_id, func.count()).group_by(items.c.collection_id)
            )
        }
        for row in found:
            row["items"] = counted.get(row["id"], 0)  # a retry's unit would count some again
            row["exceptions"] = bad.get(row["id"], 0)
        numbered, indexed, tagged = connection.execute(
            select(
                func.count(),
                func.count().filter(documents.c.indexed_version == documents.c.version),
                func.count().filter(documents.c.analyzed),
            ).where(documents.c.withdrawn.is_(False))
        ).one()
    return {
        "schema": "ediscovery/status/1",
        "matter": matter.name,
        "dashboard": matter.deployment.dashboard_url,
        "documents": {"numbered": numbered, "indexed": indexed, "tagged": tagged},
        "collections": found,
    }
