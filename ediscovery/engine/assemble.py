"""Builds a work unit from the catalog, in the worker that will read it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.engine.work import Source, Unit
from ediscovery.model import positions
from ediscovery.model.items import COLUMNS
from ediscovery.model.states import State
from ediscovery.store.pack_store import Member
from ediscovery.store.packs import Place
from ediscovery.store.tables import items, source_files
from ediscovery.store.workspace import Matter


def unit(
    matter: Matter,
    collection: int,
    name: str,
    kind: str,
    spec: dict[str, Any],
    kept: Path | None = None,
) -> Unit:
    """The unit called ``name``; ``spec`` as ``stages/read.py`` wrote it into the catalog.

    A parser reaches no store, so what lies in a pack elsewhere is copied to the folder ``kept``;
    without that folder, for whom does not read it, such a source has no path.
    """
    with matter.reader.connect() as connection:
        if kind == "files":
            return Unit(
                collection,
                name,
                kind,
                _sources(connection, collection, spec["first"], spec["last"]),
            )
        known = connection.execute(
            select(items).where(
                items.c.collection_id == collection, items.c.position == spec["position"]
            )
        ).one()
        if known.native_offset is None:
            # It lies in the source folder as it is.
            (ordinal,) = positions.path(known.position)
            (source,) = _sources(connection, collection, ordinal, ordinal)
            if kind == "retry" and source.state != State.SPECIAL:
                source = source._replace(state=State.OK, message="")
        else:
            place = Place(known.native_offset, known.native_length, known.native_method)
            path = Path()
            if kept is not None:
                path, place = matter.packs.local(Member(known.pack, place, known.sha256), kept)
            source = Source(
                os.fsencode(path), known.position, known.path,
                offset=place.offset, length=place.length, method=place.method,
            )  # fmt: skip
    values = [getattr(known, column) for column in COLUMNS]
    return Unit(
        collection, name, kind, [source],
        spec.get("start", 0), spec.get("stop", 0), spec.get("hint"), values,
    )  # fmt: skip


def _sources(connection: Connection, collection: int, first: int, last: int) -> list[Source]:
    files = source_files.c
    rows = connection.execute(
        select(
            files.path, files.ordinal, files.shown, files.sha256, files.modified_ns,
            files.accessed_ns, files.state, files.message,
        )
        .where(files.collection_id == collection, files.ordinal.between(first, last))
        .order_by(files.ordinal)
    )  # fmt: skip
    return [Source(row[0], positions.ordinal(row[1]), *row[2:]) for row in rows]
