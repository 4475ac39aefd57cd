"""What a matter holds, as counts: the conservation law, states, types, custodians, gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

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


class _Tally(NamedTuple):
    """Items of one collection that are alike, counted; ``inside`` is what they hold, added up."""

    collection: int
    role: str
    state: str
    category: str
    number: int
    inside: int
    gaps: int


class _Files(NamedTuple):
    """The custody manifest of one collection, counted."""

    collection: int
    done: bool
    custodian: str
    files: int
    bytes: int


def processing(matter: Matter) -> dict[str, Any]:
    """The processing report; layout in ``docs/json.md``, versioned by ``schema``."""
    with matter.engine.connect() as connection:
        tallies, files = _tallies(connection), _files(connection)
        suppressed = [t for t in tallies if t.role == Role.SUPPRESSED]
        return {
            "schema": SCHEMA,
            "matter": matter.name,
            "at": audit.now(),
            "reconciliation": _balance(tallies, files, {f.collection for f in files if f.done}),
            "source": {"files": sum(f.files for f in files), "bytes": sum(f.bytes for f in files)},
            "documents": _documents(connection),
            "by_state": _count((t.state, t) for t in tallies),
            "by_type": _count((t.category, t) for t in tallies if t.role == Role.DOCUMENT),
            "by_custodian": _by_custodian(tallies, files),
            "suppressed_by_rule": _count((t.state, t) for t in suppressed),
            "exceptions": _exceptions(connection, tallies, matter.name),
            "gaps": _gaps(connection) if any(t.gaps for t in tallies) else [],
            "collections": _collections(connection, tallies, files),
        }


def reconciliation(connection: Connection, collection: int | None = None) -> dict[str, int]:
    """The conservation law, over the matter or one collection.

    ``seen`` is counted where things were seen (files in the custody manifest, and children as each
    container and document counted them while it was read), the other numbers from the records
    that exist. ``difference`` is ``seen`` less their sum and must be 0; collections that are not
    processed to the end are left out.
    """
    files = _files(connection)
    done = {f.collection for f in files if f.done and collection in (None, f.collection)}
    return _balance(_tallies(connection, collection), files, done)


def _tallies(connection: Connection, collection: int | None = None) -> list[_Tally]:
    """All items counted in one pass: the table is wide, and each pass reads all of it."""
    alike = (items.c.collection_id, items.c.role, items.c.state, items.c.category)
    query = select(
        *alike,
        func.count(),
        func.coalesce(func.sum(items.c.actual_children), 0),
        func.count().filter(items.c.expected_children != items.c.actual_children),
    ).group_by(*alike)
    if collection is not None:
        query = query.where(items.c.collection_id == collection)
    return [
        _Tally(row[0], row[1], row[2], row[3], row[4], int(row[5]), row[6])
        for row in connection.execute(query)
    ]


def _files(connection: Connection) -> list[_Files]:
    manifest = (
        select(
            source_files.c.collection_id,
            func.count().label("files"),
            func.sum(source_files.c.size).label("bytes"),
        )
        .group_by(source_files.c.collection_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            collections.c.id, collections.c.state, custodians.c.name, manifest.c.files,
            manifest.c.bytes,
        )
        .join(custodians, custodians.c.id == collections.c.custodian_id)
        .join(manifest, manifest.c.collection_id == collections.c.id, isouter=True)
        .order_by(collections.c.id)
    )  # fmt: skip
    return [_Files(r[0], r[1] == "done", r[2], int(r[3] or 0), int(r[4] or 0)) for r in rows]


def _balance(tallies: list[_Tally], files: list[_Files], chosen: set[int]) -> dict[str, int]:
    """The conservation law over the collections ``chosen``."""
    roles: Counter[str] = Counter()
    seen = sum(f.files for f in files if f.collection in chosen)
    for tally in tallies:
        if tally.collection in chosen:
            roles[tally.role] += tally.number
            seen += tally.inside
    return {
        "seen": seen,
        **{_key(role): roles[role] for role in Role},
        "difference": seen - roles.total(),
    }


def _count(tallies: Iterable[tuple[str, _Tally]]) -> dict[str, int]:
    """Items by a value, the most frequent first."""
    counts: Counter[str] = Counter()
    for value, tally in tallies:
        counts[value or "unknown"] += tally.number
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


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


def _by_custodian(tallies: list[_Tally], files: list[_Files]) -> dict[str, dict[str, int]]:
    names = {f.collection: f.custodian for f in files}
    result: dict[str, dict[str, int]] = {}
    for tally in sorted(tallies, key=lambda t: names[t.collection]):
        counts = result.setdefault(names[tally.collection], {_key(role): 0 for role in Role})
        counts[_key(Role(tally.role))] += tally.number
    return result


def _key(role: Role) -> str:
    """The role as it is named in counts."""
    return f"{role.value}s" if role in (Role.DOCUMENT, Role.CONTAINER) else role.value


def _exceptions(connection: Connection, tallies: list[_Tally], matter: str) -> list[dict[str, Any]]:
    found: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        if is_exception(tally.state):
            found[tally.state, tally.category] += tally.number
    accepted = ignored()
    settled: dict[tuple[str, str], int] = {
        (state, category): count
        for state, category, count in connection.execute(
            select(items.c.state, items.c.category, func.count())
            .join(accepted, _same_item(accepted))
            .group_by(items.c.state, items.c.category)
        )
    }
    return [
        {
            "state": state,
            "type": category or "unknown",
            "count": count,
            "ignored": settled.get((state, category), 0),
            "meaning": meaning(state).sentence,
            "next_step": _next_step(state, matter),
        }
        for (state, category), count in sorted(found.items())
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


def _collections(
    connection: Connection, tallies: list[_Tally], files: list[_Files]
) -> list[dict[str, Any]]:
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
            "reconciliation": _balance(
                tallies, files, {row["id"]} if row["state"] == "done" else set()
            ),
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
