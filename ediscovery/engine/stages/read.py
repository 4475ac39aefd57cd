"""Cuts a collection into work units, has them read, and commits what they give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgpack
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from ediscovery.engine import assemble
from ediscovery.engine.delivery import Sender
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.engine.stages import plan_received
from ediscovery.engine.tasks import UnitTask, read_unit
from ediscovery.engine.work import Job, Outcome
from ediscovery.model import positions
from ediscovery.model.items import COLUMNS
from ediscovery.model.profile import Profile
from ediscovery.model.states import State, is_exception
from ediscovery.store import audit, records
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.tables import collections, documents, items, resolutions, source_files, units
from ediscovery.store.workspace import Matter

ITEM_COLUMNS = ("collection_id", *COLUMNS)
_POSITION, _STATE, _PATH = (COLUMNS.index(n) for n in ("position", "state", "path"))


def plan(matter: Matter, collection: int, profile: Profile) -> None:
    """Cut the manifest into units: neighbours together, large files alone. Done once.

    Of a received production the load files and the records with their files come first.
    """
    with writing(matter.engine) as connection:
        if connection.execute(
            select(units.c.id).where(units.c.collection_id == collection)
        ).first():
            return
        for name, kind, spec in list(plan_received.units_of(connection, collection, profile)):
            _add(connection, collection, name, kind, spec)
        for first, last, shown in list(_cut(connection, collection, profile)):
            _add(
                connection, collection, f"c{collection}-{positions.ordinal(first)}", "files",
                {"first": first, "last": last, "shown": shown},
            )  # fmt: skip


def _cut(
    connection: Connection, collection: int, profile: Profile
) -> Iterator[tuple[int, int, str]]:
    first = count = size = 0
    last, name = -1, ""
    rows = connection.execute(
        select(source_files.c.ordinal, source_files.c.size, source_files.c.shown)
        .where(source_files.c.collection_id == collection, ~plan_received.taken())
        .order_by(source_files.c.ordinal)
    )
    for ordinal, length, shown in rows:
        large = length > profile.cut_bytes
        full = count >= profile.unit_items or size + length > profile.unit_bytes
        if count and (large or full or ordinal != last + 1):
            yield first, last, name
            count = size = 0
        if not count:
            first, name = ordinal, shown
        count, size, last = count + 1, size + length, ordinal
        if large:
            yield first, last, name
            count = size = 0
    if count:
        yield first, last, name


def _add(connection: Connection, collection: int, name: str, kind: str, spec: Any) -> None:
    connection.execute(
        insert(units).values(
            collection_id=collection, name=name, kind=kind, spec=spec, state="pending"
        )
    )


def read(matter: Matter, collection: int, job: Job, pool: Pool, progress: Progress) -> None:
    """Have every pending unit of ``collection`` read and commit each as it comes back."""
    with matter.engine.connect() as connection:
        total, done = connection.execute(
            select(
                func.coalesce(func.sum(source_files.c.size), 0),
                select(func.coalesce(func.sum(units.c.bytes), 0))
                .where(units.c.collection_id == collection, units.c.state == "done")
                .scalar_subquery(),
            ).where(source_files.c.collection_id == collection)
        ).one()
    progress.stage("read", total_bytes=total)
    progress.advance(size=done)
    sender = None
    if not pool.sees_sources:
        sender = Sender(matter)
        job = replace(job, readable=(), delivered=True)
    while True:
        tasks = _pending(matter, collection, job, sender)
        worked = False
        for task, outcome in pool.run(read_unit, tasks):
            worked = True
            counts = commit(matter, task, outcome)
            if sender is not None and task.delivery is not None:
                sender.committed(collection, task.delivery)
            progress.advance(items=outcome.items, size=outcome.bytes, exceptions=counts)
            progress.working([_shown(t) for t in pool.in_work()])
        if not worked:
            return


def _shown(task: UnitTask) -> str:
    if task.kind == "range":
        return f"{task.spec['shown']} [{task.spec['start']}-{task.spec['stop']}]"
    more = task.spec.get("last", 0) - task.spec.get("first", 0)
    return f"{task.spec['shown']} (+{more})" if more else str(task.spec["shown"])


def _pending(
    matter: Matter, collection: int, job: Job, sender: Sender | None
) -> Iterator[UnitTask]:
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(units.c.name, units.c.kind, units.c.spec)
            .where(units.c.collection_id == collection, units.c.state == "pending")
            .order_by(units.c.id)
        ).all()
    for row in rows:
        task = UnitTask(job, collection, row.name, row.kind, row.spec)
        if sender is not None:
            unit = assemble.unit(matter, collection, row.name, row.kind, row.spec)
            task.delivery = sender.send(unit)
        yield task


def commit(matter: Matter, unit: UnitTask, outcome: Outcome) -> int:
    """Put a unit's rows, its cuts and its state into the catalog in one transaction.

    Returns the number of its items that carry an exception.
    """
    collection, exceptions = unit.collection, 0
    with writing(matter.engine) as connection:
        before: dict[str, str] = {}
        details: dict[str, Any] = {}
        if unit.kind == "retry":
            position = unit.spec["position"]
            before, details["replaced"] = replace_subtree(connection, collection, position)
        for batch in outcome.batches:
            rows = msgpack.unpackb(batch, raw=False)
            exceptions += sum(row[_STATE] != State.OK and is_exception(row[_STATE]) for row in rows)
            insert_rows(connection, items, ITEM_COLUMNS, [(collection, *row) for row in rows])
            if before:
                _resolve(connection, collection, before, rows)
        for row, ranges in outcome.cuts:
            for start, stop, hint in ranges:
                spec = {
                    "position": row[_POSITION], "shown": row[_PATH],
                    "start": start, "stop": stop, "hint": hint,
                }  # fmt: skip
                _add(
                    connection, collection, f"c{collection}-{row[_POSITION]}-{start}", "range", spec
                )
        if outcome.note is not None:
            _worsen(connection, collection, unit.spec["position"], *outcome.note)
        connection.execute(
            update(units)
            .where(units.c.collection_id == collection, units.c.name == unit.name)
            .values(
                state="done", items=outcome.items, bytes=outcome.bytes, seconds=outcome.seconds,
                cpu_seconds=outcome.cpu_seconds, restarts=outcome.restarts, pack=outcome.pack,
                pack_sha256=outcome.pack_sha256, finished_at=audit.now(),
            )
        )  # fmt: skip
        connection.execute(
            update(collections)
            .where(collections.c.id == collection, collections.c.sandbox.is_(None))
            .values(sandbox=outcome.isolation)
        )
        details |= {
            "collection": collection, "unit": unit.name, "items": outcome.items,
            "pack": outcome.pack, "pack_sha256": outcome.pack_sha256,
            "pack_size": outcome.pack_size, "records": outcome.records,
            "isolation": outcome.isolation,
        }  # fmt: skip
        audit.record(connection, "unit read", details)
    return exceptions


def replace_subtree(
    connection: Connection, collection: int, position: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Remove the rows of an item and all inside it, before a retry's rows take their place.

    Returns the states they were in, by position, and the digest of their records, by pack.
    """
    inside = (items.c.collection_id == collection) & or_(
        items.c.position == position,
        items.c.position.between(position + "a", position + "zz"),
    )
    before: dict[str, str] = {
        row.position: row.state
        for row in connection.execute(select(items.c.position, items.c.state).where(inside))
    }
    # Its documents are indexed and tagged anew.
    connection.execute(
        update(documents)
        .where(
            documents.c.collection_id == collection,
            or_(
                documents.c.position == position,
                documents.c.position.between(position + "a", position + "zz"),
            ),
        )
        .values(version=documents.c.version + 1, analyzed=False)
    )
    gone = {p: records.text(d) for p, d in records.by_pack(connection, inside).items()}
    connection.execute(delete(items).where(inside))
    return before, gone


def _resolve(
    connection: Connection, collection: int, before: dict[str, str], rows: list[list[Any]]
) -> None:
    """Keep what a retry did to each item that had an exception."""
    who, _ = audit.actor()
    changed = [
        {
            "collection_id": collection, "position": row[_POSITION], "action": "retried",
            "old_state": before[row[_POSITION]], "new_state": row[_STATE], "reason": "",
            "who": who, "at": audit.now(),
        }
        for row in rows
        if row[_POSITION] in before and is_exception(before[row[_POSITION]])
    ]  # fmt: skip
    if changed:
        connection.execute(insert(resolutions), changed)


def _worsen(
    connection: Connection, collection: int, position: str, state: str, message: str
) -> None:
    """Note on a cut container what went wrong in one of its ranges."""
    here = (items.c.collection_id == collection) & (items.c.position == position)
    row = connection.execute(select(items.c.state, items.c.message).where(here)).one()
    if message in row.message:
        return
    connection.execute(
        update(items)
        .where(here)
        .values(
            state=state if row.state in (State.OK, State.WARNINGS) else row.state,
            message=f"{row.message} {message}".strip(),
            stage="expand",
        )
    )
