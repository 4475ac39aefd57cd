"""Begins and ends the processing of a collection: which one, with which files and settings."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, update

from ediscovery.engine import collect
from ediscovery.engine.collect import Entry
from ediscovery.engine.stages import cull
from ediscovery.engine.work import Job
from ediscovery.model.errors import Refused
from ediscovery.model.profile import Profile
from ediscovery.store import audit, passwords
from ediscovery.store.catalog import writing
from ediscovery.store.tables import collections, documents, items, source_files
from ediscovery.store.tables import matter as matter_table
from ediscovery.store.workspace import Matter


@dataclass(slots=True)
class Begun:
    """A collection to be processed; ``collection`` is ``None`` when there is nothing new."""

    collection: int | None
    state: str = ""
    known_files: int = 0
    entries: list[Entry] = field(default_factory=list)


def begin(
    matter: Matter, roots: list[Path], custodian: str, profile: Profile, *, received: bool = False
) -> Begun:
    """The unfinished collection of these files, else a new one of what is not yet in the matter.

    Files that an earlier collection of the custodian holds under the same path, size and time are
    left out and counted; a production that was ``received`` is taken whole, for its load files
    name files that are known as well as new ones. Raises :class:`Refused` for a closed matter.
    """
    with matter.engine.connect() as connection:
        closed = connection.execute(select(matter_table.c.closed_at)).scalar_one()
    if closed:
        raise Refused(f"Matter {matter.name!r} was closed on {closed}.", "Create a new matter.")
    cull.check(profile)
    roots = collect.outermost(roots)
    prepare_scratch(matter)
    custodian_id = collect.custodian(matter, custodian)
    unfinished = collect.unfinished(matter, custodian_id, roots, profile, received)
    if unfinished is not None and unfinished[1] != "collecting":
        return Begun(*unfinished)
    entries = collect.scan(roots)
    known = _known(matter, custodian_id)
    fresh = [e for e in entries if not _same(e, known)]
    if unfinished is None and not fresh:
        return Begun(None, known_files=len(entries))
    if received:
        fresh = entries
    if unfinished is None:
        unfinished = (
            collect.begin(matter, custodian_id, roots, profile, received),
            "collecting",
        )
    return Begun(*unfinished, len(entries) - len(fresh), fresh)


def _known(matter: Matter, custodian_id: int) -> dict[bytes, set[tuple[int, int | None]]]:
    """Sizes and times of each path as earlier collections of the custodian hold it."""
    known: dict[bytes, set[tuple[int, int | None]]] = {}
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(source_files.c.path, source_files.c.size, source_files.c.modified_ns)
            .join(collections, collections.c.id == source_files.c.collection_id)
            .where(collections.c.custodian_id == custodian_id, collections.c.state == "done")
        )
        for row in rows:
            known.setdefault(row.path, set()).add((row.size, row.modified_ns))
    return known


def _same(entry: Entry, known: dict[bytes, set[tuple[int, int | None]]]) -> bool:
    if entry.path not in known:
        return False
    if entry.note is not None:
        return True
    try:
        return (entry.size, os.lstat(entry.path).st_mtime_ns) in known[entry.path]
    except OSError:
        return False


def prepare_scratch(matter: Matter) -> None:
    """Remove what an interrupted run left in this machine's folders, and mend the audit file."""
    shutil.rmtree(matter.scratch, ignore_errors=True)
    matter.scratch.mkdir(mode=0o700)
    matter.packs.prepare()
    matter.mirror_audit()


def job(matter: Matter, collection: int) -> Job:
    """What the units of ``collection`` share: its settings as begun, passwords, source folders."""
    with matter.engine.connect() as connection:
        row = connection.execute(
            select(collections.c.profile).where(collections.c.id == collection)
        ).one()
        files = connection.execute(
            select(source_files.c.path, source_files.c.shown).where(
                source_files.c.collection_id == collection
            )
        )
        # A file that was named by itself opens itself to the parsers, not the folder around it.
        places = {
            path[: path.rindex(b"/")] or b"/" if "/" in shown else path for path, shown in files
        }
    return Job(
        matter.identity,
        row.profile,
        passwords.bank(matter),
        tuple(os.fsdecode(folder) for folder in _outermost(sorted(places))),
    )


def _outermost(folders: list[bytes]) -> list[bytes]:
    """The folders that lie in none of the others; ``folders`` is sorted."""
    kept: list[bytes] = []
    for folder in folders:
        if not kept or not (folder + b"/").startswith(kept[-1].rstrip(b"/") + b"/"):
            kept.append(folder)
    return kept


def finish(matter: Matter, collection: int) -> None:
    """Mark ``collection`` as processed, with its counts in the audit log."""
    with writing(matter.engine) as connection:
        rows = connection.execute(
            select(items.c.role, func.count())
            .where(items.c.collection_id == collection)
            .group_by(items.c.role)
        ).all()
        counts: dict[str, int] = {row[0]: row[1] for row in rows}
        numbered = connection.execute(
            select(func.count())
            .select_from(documents)
            .where(documents.c.collection_id == collection)
        ).scalar_one()
        done = connection.execute(
            update(collections)
            .where(collections.c.id == collection, collections.c.state != "done")
            .values(state="done", finished_at=audit.now())
        ).rowcount
        if done:
            audit.record(
                connection,
                "collection processed",
                {"collection": collection, "items": counts, "numbered": numbered},
            )
    matter.mirror_audit()
