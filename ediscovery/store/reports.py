"""What a matter holds, as counts: the conservation law, states, types, custodians, gaps."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Subquery, and_, func, select

from ediscovery.model.states import Role, is_exception, meaning
from ediscovery.store import audit
from ediscovery.store.tables import (
    collections,
    custodians,
    documents,
    items,
    resolutions,
    source_files,
    units,
)
from ediscovery.store.workspace import Matter

SCHEMA = "ediscovery/report-processing/1"


def processing(matter: Matter) -> dict[str, Any]:
    """The processing report; layout in ``docs/json.md``, versioned by ``schema``."""
    with matter.engine.connect() as connection:
        return {
            "schema": SCHEMA,
            "matter": matter.name,
            "at": audit.now(),
            "reconciliation": reconciliation(connection),
            "source": _source(connection),
            "documents": _documents(connection),
            "by_state": _count(connection, items.c.state),
            "by_type": _count(connection, items.c.category, items.c.role == Role.DOCUMENT),
            "by_custodian": _by_custodian(connection),
            "suppressed_by_rule": _count(
                connection, items.c.state, items.c.role == Role.SUPPRESSED
            ),
            "exceptions": _exceptions(connection, matter.name),
            "gaps": _gaps(connection),
            "collections": _collections(connection),
        }


def reconciliation(connection: Connection, collection: int | None = None) -> dict[str, int]:
    """The conservation law, over the matter or one collection.

    ``seen`` is counted where things were seen (files in the custody manifest, and children as each
    container and document counted them while it was read), the other numbers from the records
    that exist. ``difference`` is ``seen`` less their sum and must be 0; collections that are not
    processed to the end are left out.
    """
    chosen = collections.c.state == "done"
    if collection is not None:
        chosen = and_(chosen, collections.c.id == collection)
    wanted = select(collections.c.id).where(chosen)
    files = connection.execute(
        select(func.count())
        .select_from(source_files)
        .where(source_files.c.collection_id.in_(wanted))
    ).scalar_one()
    children = connection.execute(
        select(func.coalesce(func.sum(items.c.actual_children), 0)).where(
            items.c.collection_id.in_(wanted)
        )
    ).scalar_one()
    rows = connection.execute(
        select(items.c.role, func.count())
        .where(items.c.collection_id.in_(wanted))
        .group_by(items.c.role)
    ).all()
    roles: dict[str, int] = {row[0]: row[1] for row in rows}
    seen = int(files) + int(children)
    return {
        "seen": seen,
        "documents": roles.get(Role.DOCUMENT, 0),
        "containers": roles.get(Role.CONTAINER, 0),
        "suppressed": roles.get(Role.SUPPRESSED, 0),
        "failed": roles.get(Role.FAILED, 0),
        "difference": seen - sum(roles.values()),
    }


def _count(connection: Connection, column: Any, *where: Any) -> dict[str, int]:
    rows = connection.execute(
        select(column, func.count()).where(*where).group_by(column).order_by(func.count().desc())
    )
    return {value or "unknown": count for value, count in rows}


def _source(connection: Connection) -> dict[str, int]:
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(source_files.c.size), 0))
    ).one()
    return {"files": row[0], "bytes": int(row[1])}


def _documents(connection: Connection) -> dict[str, int]:
    live = documents.c.withdrawn.is_(False)
    total, families, duplicates, indexed = connection.execute(
        select(
            func.count(),
            func.count(func.distinct(documents.c.family_number)),
            func.count().filter(documents.c.is_primary.is_(False)),
            func.count().filter(documents.c.indexed_version == documents.c.version),
        ).where(live)
    ).one()
    return {
        "numbered": total,
        "families": families,
        "duplicates": duplicates,
        "indexed": indexed,
    }


def _by_custodian(connection: Connection) -> dict[str, dict[str, int]]:
    rows = connection.execute(
        select(custodians.c.name, items.c.role, func.count())
        .select_from(
            items.join(collections, collections.c.id == items.c.collection_id).join(
                custodians, custodians.c.id == collections.c.custodian_id
            )
        )
        .group_by(custodians.c.name, items.c.role)
        .order_by(custodians.c.name)
    )
    result: dict[str, dict[str, int]] = {}
    for name, role, count in rows:
        result.setdefault(name, {_key(r): 0 for r in Role})
        result[name][_key(Role(role))] = count
    return result


def _key(role: Role) -> str:
    """The role as it is named in counts."""
    return f"{role.value}s" if role in (Role.DOCUMENT, Role.CONTAINER) else role.value


def _exceptions(connection: Connection, matter: str) -> list[dict[str, Any]]:
    accepted = ignored()
    rows = connection.execute(
        select(items.c.state, items.c.category, func.count(), func.count(accepted.c.position))
        .join(accepted, _same_item(accepted), isouter=True)
        .group_by(items.c.state, items.c.category)
        .order_by(items.c.state, items.c.category)
    )
    return [
        {
            "state": state,
            "type": category or "unknown",
            "count": count,
            "ignored": settled,
            "meaning": meaning(state).sentence,
            "next_step": _next_step(state, matter),
        }
        for state, category, count, settled in rows
        if is_exception(state)
    ]


def open_exceptions(connection: Connection) -> dict[int, int]:
    """Items with an exception that nobody accepted, by collection."""
    accepted = ignored()
    rows = connection.execute(
        select(items.c.collection_id, items.c.state, func.count())
        .join(accepted, _same_item(accepted), isouter=True)
        .where(items.c.state != "ok", accepted.c.position.is_(None))
        .group_by(items.c.collection_id, items.c.state)
    )
    found: Counter[int] = Counter()
    for collection, state, count in rows:
        found[collection] += count * is_exception(state)
    return found


def _next_step(state: str, matter: str) -> str:
    """What to do about ``state``, as it can be typed for ``matter``."""
    return meaning(state).next_step.replace(" MATTER ", f" {matter} ")


def ignored() -> Subquery:
    """Items whose exception a person accepted: ``collection_id``, ``position``, ``reason``.

    The latest decision about an item counts.
    """
    latest = select(func.max(resolutions.c.id)).group_by(
        resolutions.c.collection_id, resolutions.c.position
    )
    return (
        select(resolutions.c.collection_id, resolutions.c.position, resolutions.c.reason)
        .where(resolutions.c.id.in_(latest), resolutions.c.action == "ignored")
        .subquery()
    )


def _same_item(other: Subquery) -> ColumnElement[bool]:
    return and_(
        other.c.collection_id == items.c.collection_id, other.c.position == items.c.position
    )


def _gaps(connection: Connection) -> list[dict[str, Any]]:
    """Items whose own structure announces another number of children than were found."""
    rows = connection.execute(
        select(
            items.c.path, items.c.expected_children, items.c.actual_children, items.c.state,
            items.c.message,
        )
        .where(items.c.expected_children != items.c.actual_children)
        .order_by(items.c.collection_id, items.c.position)
    )  # fmt: skip
    return [{str(key): value for key, value in row.items()} for row in rows.mappings()]


def _collections(connection: Connection) -> list[dict[str, Any]]:
    spent = (
        select(
            units.c.collection_id,
            func.count().label("units"),
            func.sum(units.c.cpu_seconds).label("cpu_seconds"),
            func.sum(units.c.restarts).label("parser_restarts"),
        )
        .group_by(units.c.collection_id)
        .subquery()
    )
    rows = connection.execute(
        select(collections, custodians.c.name.label("custodian"), spent)
        .join(custodians, custodians.c.id == collections.c.custodian_id)
        .join(spent, spent.c.collection_id == collections.c.id, isouter=True)
        .order_by(collections.c.id)
    ).mappings()
    kept = (
        "id", "custodian", "roots", "state", "who", "host", "tool_version", "started_at",
        "accepted_at", "finished_at", "files", "bytes", "manifest_sha256", "sandbox", "units",
        "cpu_seconds", "parser_restarts",
    )  # fmt: skip
    return [
        {key: row[key] for key in kept}
        | {
            "profile": row["profile"].get("name"),
            "tika": row["profile"].get("tika"),
            "reconciliation": reconciliation(connection, row["id"]),
        }
        for row in rows
    ]


def exceptions(matter: Matter, state: str = "") -> list[dict[str, Any]]:
    """Every item with an exception, in reading order; ``state`` keeps one (details included).

    Items that a person decided to ignore are left out unless ``state`` is ``ignored``.
    """
    accepted = ignored()
    query = (
        select(items, documents.c.number, accepted.c.reason)
        .join(
            documents,
            and_(
                documents.c.collection_id == items.c.collection_id,
                documents.c.position == items.c.position,
            ),
            isouter=True,
        )
        .join(accepted, _same_item(accepted), isouter=True)
        .where(items.c.state != "ok")
        .order_by(items.c.collection_id, items.c.position)
    )
    found = []
    with matter.engine.connect() as connection:
        for row in connection.execute(query):
            if not is_exception(row.state):
                continue
            settled = row.reason is not None
            if settled is not (state == "ignored"):
                continue
            if state not in ("", "ignored", row.state, row.state.partition(":")[0]):
                continue
            what = meaning(row.state)
            found.append(
                {
                    "control_number": matter.control_number(row.number) if row.number else None,
                    "id": f"{row.collection_id}:{row.position}",
                    "path": row.path,
                    "state": row.state,
                    "stage": row.stage,
                    "message": row.message or what.sentence,
                    "next_step": _next_step(row.state, matter.name),
                    "retryable": what.retryable,
                    "role": row.role,
                    "ignored": settled,
                    "reason": row.reason or "",
                }
            )
    return found
