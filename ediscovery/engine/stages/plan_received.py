"""Cuts the records of a received production into work units, each record with all its files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from ediscovery.engine.work import LOAD_FILE, RECORDS
from ediscovery.model import positions
from ediscovery.model.profile import Profile
from ediscovery.store import received
from ediscovery.store.tables import (
    received_files,
    received_load_files,
    received_records,
    source_files,
)


def taken() -> ColumnElement[bool]:
    """Whether a source file is a load file or belongs to a record."""
    here = source_files.c
    return or_(
        exists().where(
            received_load_files.c.collection_id == here.collection_id,
            received_load_files.c.ordinal == here.ordinal,
        ),
        exists().where(
            received_files.c.collection_id == here.collection_id,
            received_files.c.ordinal == here.ordinal,
        ),
    )


def units_of(
    connection: Connection, collection: int, profile: Profile
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, kind and specification of each unit; none for a collection that was not received."""
    for load in received.load_files(connection, collection):
        ordinal, shown = load.ordinal, load.shown
        position = positions.ordinal(ordinal)
        yield f"c{collection}-{position}", LOAD_FILE, {"load_file": ordinal, "shown": shown}
        for first, last in _cut(connection, collection, ordinal, profile):
            spec = {"load_file": ordinal, "first": first, "last": last, "shown": shown}
            yield f"c{collection}-{positions.child(position, first)}", RECORDS, spec


def _cut(
    connection: Connection, collection: int, load_file: int, profile: Profile
) -> Iterator[tuple[int, int]]:
    use, records = received_files.c, received_records.c
    sizes = (
        select(use.child, func.sum(source_files.c.size).label("bytes"))
        .join(
            source_files,
            and_(
                source_files.c.collection_id == use.collection_id,
                source_files.c.ordinal == use.ordinal,
            ),
        )
        .where(use.collection_id == collection, use.load_file == load_file)
        .group_by(use.child)
        .subquery()
    )
    rows = connection.execute(
        select(records.child, func.coalesce(sizes.c.bytes, 0))
        .join(sizes, sizes.c.child == records.child, isouter=True)
        .where(records.collection_id == collection, records.load_file == load_file)
        .order_by(records.child)
    )
    first = last = -1
    count = size = 0
    for child, length in rows:
        if count and (count >= profile.unit_items or size + length > profile.unit_bytes):
            yield first, last
            count = size = 0
        if not count:
            first = child
        count, size, last = count + 1, size + int(length), child
    if count:
        yield first, last
