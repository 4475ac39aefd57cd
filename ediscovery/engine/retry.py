"""Reads again what could not be read: after a password came, a limit was raised, a tool mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, select, tuple_, update

from ediscovery.engine import pipeline, run
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.engine.stages import cull, dedupe, number, plan_received, read, settle
from ediscovery.engine.work import RECORD
from ediscovery.model import positions
from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Profile, from_dict
from ediscovery.model.states import Role, is_exception, meaning
from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.reports import ignored
from ediscovery.store.tables import (
    collections,
    documents,
    items,
    resolutions,
    source_files,
    units,
)
from ediscovery.store.workspace import Matter


@dataclass(frozen=True, slots=True)
class Retried:
    """Items read again, how many of them now carry no exception, and documents gained by it."""

    items: int
    resolved: int
    new_documents: int


def retry(
    matter: Matter, state: str, profile: Profile | None, pool: Pool, progress: Progress
) -> Retried:
    """Read again every retryable item in ``state`` (``""``: any); nothing else is touched.

    What a person decided to ignore is settled, and left alone.

    Documents keep their control numbers; what is found inside them is numbered after all others.
    The caller holds the matter's lock. ``profile`` replaces the one the collection was begun with.
    """
    run.prepare_scratch(matter)
    with writing(matter.engine) as connection:
        marker = connection.execute(
            select(func.coalesce(func.max(resolutions.c.id), 0))
        ).scalar_one()
        roots = _roots(connection, state)
        for collection, position in roots:
            tries = connection.execute(
                select(func.count()).where(
                    units.c.collection_id == collection,
                    units.c.name.startswith(f"c{collection}-{position}-retry"),
                )
            ).scalar_one()
            connection.execute(
                insert(units).values(
                    collection_id=collection,
                    name=f"c{collection}-{position}-retry{tries + 1}",
                    kind="retry",
                    spec={"position": position, "shown": _path(connection, collection, position)},
                    state="pending",
                )
            )
    new = 0
    chosen = None
    for collection in sorted({c for c, _ in roots} | _unfinished(matter)):
        job = run.job(matter, collection)
        if profile is not None:
            job.profile = matter.deployment.applied(profile).as_dict()
        chosen = from_dict(job.profile)
        read.read(matter, collection, job, pool, progress)
        settle.settle(matter, collection)
        cull.cull(matter, collection, chosen)
        _refresh(matter, collection)
        new += number.number(matter, collection)
        dedupe.dedupe(matter, chosen.dedupe)
    if chosen is not None:
        pipeline.derive(matter, chosen, pool, progress)
    with matter.engine.connect() as connection:
        outcomes = connection.execute(
            select(resolutions.c.new_state).where(
                resolutions.c.id > marker, resolutions.c.action == "retried"
            )
        ).scalars()
        states = list(outcomes)
    return Retried(len(states), sum(not is_exception(s) for s in states), new)


def _unfinished(matter: Matter) -> set[int]:
    """Collections with retry units of an interrupted run."""
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(units.c.collection_id).where(units.c.kind == "retry", units.c.state == "pending")
        ).scalars()
        return set(rows)


def _roots(connection: Connection, state: str) -> list[tuple[int, str]]:
    """The items to be read again: each bad one, or what holds it when it has no bytes here.

    Of a received production these are records, with the files that custody was taken of; its load
    files were joined once, and what belongs to a record is read with that.
    """
    accepted = ignored()
    rows = connection.execute(
        select(items.c.collection_id, items.c.position, items.c.parent, items.c.native_offset,
               items.c.state, items.c.relation)
        .join(collections, collections.c.id == items.c.collection_id)
        .where(
            items.c.state != "ok",
            collections.c.state == "done",
            tuple_(items.c.collection_id, items.c.position).not_in(
                select(accepted.c.collection_id, accepted.c.position)
            ),
        )
        .order_by(items.c.collection_id, items.c.position)
    ).all()  # fmt: skip
    found: set[tuple[int, str]] = set()
    for row in rows:
        if state not in ("", row.state, row.state.partition(":")[0]):
            continue
        if not is_exception(row.state) or not meaning(row.state).retryable:
            continue
        if row.parent is not None or not _joined(connection, row):
            found.add(_with_bytes(connection, row))
    kept: list[tuple[int, str]] = []
    for collection, position in sorted(found):
        if not kept or kept[-1][0] != collection or not position.startswith(kept[-1][1]):
            kept.append((collection, position))
    return kept


def _joined(connection: Connection, row: Any) -> bool:
    """Whether a source file is a load file or belongs to a record of a received production."""
    (ordinal,) = positions.path(row.position)
    return (
        connection.execute(
            select(source_files.c.ordinal).where(
                source_files.c.collection_id == row.collection_id,
                source_files.c.ordinal == ordinal,
                plan_received.taken(),
            )
        ).first()
        is not None
    )


def _path(connection: Connection, collection: int, position: str) -> str:
    return str(
        connection.execute(
            select(items.c.path).where(
                items.c.collection_id == collection, items.c.position == position
            )
        ).scalar_one()
    )


def _with_bytes(connection: Connection, row: Any) -> tuple[int, str]:
    while row.native_offset is None and row.parent is not None and row.relation != RECORD:
        row = connection.execute(
            select(
                items.c.collection_id,
                items.c.position,
                items.c.parent,
                items.c.native_offset,
                items.c.relation,
            ).where(items.c.collection_id == row.collection_id, items.c.position == row.parent)
        ).one()
    return row.collection_id, row.position


def _refresh(matter: Matter, collection: int) -> None:
    """Withdraw documents that turned out to be something else, and take back what is one again."""
    is_document = exists().where(
        and_(
            items.c.collection_id == documents.c.collection_id,
            items.c.position == documents.c.position,
            items.c.role == Role.DOCUMENT,
        )
    )
    with writing(matter.engine) as connection:
        connection.execute(
            update(documents)
            .where(documents.c.collection_id == collection, documents.c.withdrawn == is_document)
            .values(withdrawn=~is_document, version=documents.c.version + 1)
        )


def ignore(matter: Matter, collection: int, position: str, reason: str) -> None:
    """Record that a person accepts an item's exception; it leaves the list, not the catalog.

    Raises :class:`UsageError` without a reason, or when the item has no exception.
    """
    if not reason.strip():
        raise UsageError("Ignoring an exception needs a reason.", "Add --reason '…'.")
    with writing(matter.engine) as connection:
        state = connection.execute(
            select(items.c.state).where(
                items.c.collection_id == collection, items.c.position == position
            )
        ).scalar_one()
        if not is_exception(state):
            raise UsageError(
                "This item has no exception.", f"See: ediscovery exceptions {matter.name}"
            )
        who, _ = audit.actor()
        connection.execute(
            insert(resolutions).values(
                collection_id=collection, position=position, action="ignored", old_state=state,
                new_state=state, reason=reason, who=who, at=audit.now(),
            )
        )  # fmt: skip
        audit.record(
            connection,
            "exception ignored",
            {"item": f"{collection}:{position}", "state": state, "reason": reason},
        )
    matter.mirror_audit()
