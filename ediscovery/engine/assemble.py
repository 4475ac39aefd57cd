"""Builds a work unit from the catalog, in the worker that will read it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.engine.work import LOAD_FILE, RECORD, RECORDS, Source, Unit
from ediscovery.model import positions
from ediscovery.model.items import COLUMNS
from ediscovery.model.states import State
from ediscovery.store.pack_store import Member
from ediscovery.store.packs import Place
from ediscovery.store.tables import (
    collections,
    custodians,
    items,
    received_files,
    received_load_files,
    received_records,
    source_files,
)
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
        if kind in (LOAD_FILE, RECORDS):
            return received_unit(connection, collection, name, kind, spec)
        known = connection.execute(
            select(items).where(
                items.c.collection_id == collection, items.c.position == spec["position"]
            )
        ).one()
        if known.relation == RECORD and kind == "retry":
            return received_unit(connection, collection, name, kind, spec)
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


def received_unit(
    connection: Connection, collection: int, name: str, kind: str, spec: dict[str, Any]
) -> Unit:
    """A load file of a received production, some of its records, or one of them again."""
    load_file = spec["load_file"] if "load_file" in spec else positions.path(spec["position"])[0]
    loads = received_load_files.c
    (source,) = _sources(connection, collection, load_file, load_file)
    if kind == LOAD_FILE:
        row = connection.execute(
            select(received_load_files).where(
                loads.collection_id == collection, loads.ordinal == load_file
            )
        ).one()
        hint = {
            "format": row.format, "announced": row.announced, "records": row.records,
            "found": row.found, "findings": row.findings,
        }  # fmt: skip
        return Unit(collection, name, kind, [source], hint=hint)
    if kind == "retry":
        first = last = positions.path(spec["position"])[-1]
    else:
        first, last = spec["first"], spec["last"]
    sources, places = _received_sources(connection, collection, load_file, first, last)
    party = connection.execute(
        select(custodians.c.name)
        .join(collections, collections.c.custodian_id == custodians.c.id)
        .where(collections.c.id == collection)
    ).scalar_one()
    one = received_records.c
    rows = connection.execute(
        select(received_records)
        .where(
            one.collection_id == collection, one.load_file == load_file,
            one.child.between(first, last),
        )
        .order_by(one.child)
    ).mappings()  # fmt: skip
    records = [
        {
            **{key: row[key] for key in _OF_A_RECORD},
            "holder": source.position,
            "load_file_path": source.shown,
            "party": party,
            "files": places.get(row["child"], []),
        }
        for row in rows
    ]
    if kind == "retry":  # its files are in the catalog already
        for record in records:
            record["files"] = [[at, use, False] for at, use, _ in record["files"]]
    return Unit(collection, name, kind, sources, records=records)


def _received_sources(
    connection: Connection, collection: int, load_file: int, first: int, last: int
) -> tuple[list[Source], dict[int, list[list[Any]]]]:
    """The files of records, and by record: place in that list, use, whether it is its own."""
    use, files = received_files.c, source_files.c
    rows = connection.execute(
        select(
            use.child, use.use, use.owned, files.path, files.ordinal, files.shown, files.sha256,
            files.modified_ns, files.accessed_ns, files.state, files.message,
        )
        .join(
            source_files,
            (files.collection_id == use.collection_id) & (files.ordinal == use.ordinal),
        )
        .where(
            use.collection_id == collection, use.load_file == load_file,
            use.child.between(first, last),
        )
        .order_by(use.child, use.place)
    )  # fmt: skip
    sources: list[Source] = []
    places: dict[int, list[list[Any]]] = {}
    for row in rows:
        places.setdefault(row[0], []).append([len(sources), row[1], row[2]])
        sources.append(Source(row[3], positions.ordinal(row[4]), *row[5:]))
    return sources, places


_OF_A_RECORD = (
    "position", "line", "bates_begin", "bates_end", "page_ids", "parent", "family", "custodians",
    "known", "hashes", "fields", "text", "state", "message",
)  # fmt: skip
