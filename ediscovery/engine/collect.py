"""Takes a collection into custody: every source file's path, size, times and SHA-256, first of all.

The manifest is complete and sealed (its digest is in the audit log) before anything is processed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select, update

from ediscovery import __version__
from ediscovery.engine.pool import Pool, ThreadPool
from ediscovery.engine.progress import Progress
from ediscovery.engine.tasks import Hashed, hash_files, kind_of
from ediscovery.extract.walk import source_text
from ediscovery.model.errors import Refused, UsageError
from ediscovery.model.profile import Profile
from ediscovery.model.states import State
from ediscovery.store import audit
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.tables import collections, custodians, received_productions, source_files
from ediscovery.store.workspace import Matter

_SLICE_FILES, _SLICE_BYTES = 2000, 256 << 20
_COLUMNS = (
    "collection_id",
    "ordinal",
    "path",
    "shown",
    "size",
    "modified_ns",
    "changed_ns",
    "accessed_ns",
    "sha256",
    "state",
    "message",
    "attempts",
)


@dataclass(slots=True)
class Entry:
    """One thing found in a source folder. ``note``: state and message of what is not read.

    All of a collection's are in memory at once, so each holds no more than it must.
    """

    path: bytes
    skip: int  # bytes of ``path`` that lead to its root
    size: int
    note: tuple[str, str] | None = None

    @property
    def shown(self) -> str:
        """The path below its root, as text."""
        return source_text(self.path[self.skip :])


def outermost(roots: Iterable[Path]) -> list[Path]:
    """``roots`` as absolute paths in their order, without those that lie in another.

    Raises :class:`UsageError` for one that does not exist.
    """
    places = list(dict.fromkeys(Path(os.path.abspath(root)) for root in roots))
    for place in places:
        if not os.path.lexists(place):
            raise UsageError(f"{place} does not exist.", "Give the path of a file or folder.")
    return [place for place in places if not any(other in place.parents for other in places)]


def scan(roots: Iterable[Path]) -> list[Entry]:
    """Everything below ``roots``, in the order of raw path bytes, links never followed.

    Directories that can't be listed, or that were seen before (loops of bind mounts), are entries
    with a state of their own, as is whatever goes away while it is looked at.
    """
    found: list[Entry] = []
    seen: set[tuple[int, int]] = set()
    for root in roots:
        raw = os.fsencode(root)
        base = os.path.dirname(raw)
        skip = len(base) + (0 if base.endswith(b"/") else 1)
        _scan(raw, skip, seen, found)
    found.sort(key=lambda entry: entry.path)
    return found


def _scan(root: bytes, skip: int, seen: set[tuple[int, int]], found: list[Entry]) -> None:
    pending = [root]
    while pending:
        path = pending.pop()
        try:
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode):
                found.append(_entry(path, skip, status))
                continue
            if (status.st_dev, status.st_ino) in seen:
                note = (State.CYCLE, "This directory was already collected under another path.")
                found.append(Entry(path, skip, 0, note))
                continue
            seen.add((status.st_dev, status.st_ino))
            pending.extend(_list(path, skip, found))
        except OSError as error:
            note = (State.UNREADABLE, f"The directory can't be listed: {error.strerror}.")
            found.append(Entry(path, skip, 0, note))


def _list(folder: bytes, skip: int, found: list[Entry]) -> list[bytes]:
    """Put the files of ``folder`` into ``found``; returns its folders, last name first."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.path)
                else:
                    found.append(_entry(entry.path, skip, status))
            except OSError as error:
                note = (State.UNREADABLE, f"It can't be read: {error.strerror}.")
                found.append(Entry(entry.path, skip, 0, note))
    return sorted(folders, reverse=True)


def _entry(path: bytes, skip: int, status: os.stat_result) -> Entry:
    if stat.S_ISREG(status.st_mode):
        return Entry(path, skip, status.st_size)
    note = (State.SPECIAL, f"It is a {kind_of(status.st_mode)}.")
    if stat.S_ISLNK(status.st_mode):
        target = source_text(os.readlink(path))
        note = (State.SPECIAL, f"It is a symbolic link to {target}.")
    return Entry(path, skip, 0, note)


def custodian(matter: Matter, name: str) -> int:
    """The id of the custodian called or aliased ``name``; an unknown one is registered."""
    from ediscovery.store.custodians import find, register

    with writing(matter.engine) as connection:
        found = find(connection, name)
        return found if found is not None else register(connection, name)


def unfinished(
    matter: Matter, custodian_id: int, roots: list[Path], profile: Profile, received: bool
) -> tuple[int, str] | None:
    """Id and state of the custodian's unfinished collection of ``roots``, or ``None``.

    Raises :class:`Refused` when the collection was begun under other settings, or as something
    else: a received production or not.
    """
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(collections, received_productions.c.joined)
            .join(
                received_productions,
                received_productions.c.collection_id == collections.c.id,
                isouter=True,
            )
            .where(collections.c.custodian_id == custodian_id, collections.c.state != "done")
        ).all()
    for row in rows:
        if row.roots != _names(roots):
            continue
        if received is not (row.joined is not None):
            raise Refused(
                f"Collection {row.id} of these files was begun "
                f"{'with --custodian' if received else 'as a received production'}.",
                "Continue it as it was begun.",
            )
        wanted = _plain(profile.as_dict())
        if row.profile != wanted:
            other = sorted(key for key in wanted if row.profile.get(key) != wanted[key])
            raise Refused(
                f"Collection {row.id} of these files was begun with other settings: "
                f"{', '.join(other)}.",
                f"Continue it with --profile {row.profile.get('name')} and --config as it was "
                f"begun (tika: {row.profile.get('tika')}).",
            )
        return row.id, row.state
    return None


def begin(
    matter: Matter, custodian_id: int, roots: list[Path], profile: Profile, received: bool
) -> int:
    """Register a new collection, which may be a ``received`` production; returns its id."""
    who, host = audit.actor()
    with writing(matter.engine) as connection:
        made = connection.execute(
            insert(collections).values(
                custodian_id=custodian_id,
                roots=_names(roots),
                profile=_plain(profile.as_dict()),
                state="collecting",
                who=who,
                host=host,
                tool_version=__version__,
                started_at=audit.now(),
            )
        )
        identity = int(made.inserted_primary_key[0])  # type: ignore[index]
        if received:
            connection.execute(
                insert(received_productions).values(collection_id=identity, joined=False, unnamed=0)
            )
        name = connection.execute(
            select(custodians.c.name).where(custodians.c.id == custodian_id)
        ).scalar_one()
        details = {
            "collection": identity,
            "custodian": name,
            "roots": _names(roots),
            "profile": profile.name,
        }
        if received:
            details["received"] = True
        audit.record(connection, "collection begun", details)
    return identity


def _names(roots: list[Path]) -> list[str]:
    return [source_text(os.fsencode(root)) for root in roots]


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(settings))
    return plain


def take_custody(
    matter: Matter, collection: int, entries: list[Entry], pool: Pool, progress: Progress
) -> None:
    """Write the custody manifest of ``entries`` and accept the collection.

    What an interrupted run already hashed is kept when the file list is still the same. Workers
    that can't see the files leave the hashing to this machine.
    """
    have = _already(matter, collection, entries)
    progress.stage("custody", total_bytes=sum(e.size for e in entries), total_items=len(entries))
    fixed = [
        (collection, n, e.path, e.shown, 0, None, None, None, "", e.note[0], e.note[1], 0)
        for n, e in enumerate(entries)
        if e.note is not None and n not in have
    ]
    with writing(matter.engine) as connection:
        insert_rows(connection, source_files, _COLUMNS, fixed)
    near = pool if pool.sees_sources else ThreadPool()
    for _, hashed in near.run(hash_files, _slices(entries, have)):
        with writing(matter.engine) as connection:
            insert_rows(
                connection, source_files, _COLUMNS, [_row(collection, entries, h) for h in hashed]
            )
        progress.advance(
            items=len(hashed),
            size=sum(h.size for h in hashed),
            exceptions=sum(h.state != State.OK for h in hashed),
        )
    _accept(matter, collection)


def _already(matter: Matter, collection: int, entries: list[Entry]) -> set[int]:
    with writing(matter.engine) as connection:
        rows = connection.execute(
            select(source_files.c.ordinal, source_files.c.path).where(
                source_files.c.collection_id == collection
            )
        ).all()
        if all(r.ordinal < len(entries) and entries[r.ordinal].path == r.path for r in rows):
            return {row.ordinal for row in rows}
        connection.execute(delete(source_files).where(source_files.c.collection_id == collection))
    return set()


def _slices(entries: list[Entry], have: set[int]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    size = 0
    for ordinal, entry in enumerate(entries):
        if entry.note is not None or ordinal in have:
            continue
        batch.append((ordinal, entry.path))
        size += entry.size
        if len(batch) >= _SLICE_FILES or size >= _SLICE_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _row(collection: int, entries: list[Entry], h: Hashed) -> tuple[Any, ...]:
    entry = entries[h.ordinal]
    return (collection, h.ordinal, entry.path, entry.shown, *h[1:])


def _accept(matter: Matter, collection: int) -> None:
    with writing(matter.engine) as connection:
        digest = manifest_digest(connection, collection)
        files, size = connection.execute(
            select(func.count(), func.coalesce(func.sum(source_files.c.size), 0)).where(
                source_files.c.collection_id == collection
            )
        ).one()
        connection.execute(
            update(collections)
            .where(collections.c.id == collection)
            .values(
                state="processing",
                accepted_at=audit.now(),
                files=files,
                bytes=size,
                manifest_sha256=digest,
            )
        )
        audit.record(
            connection,
            "collection accepted",
            {"collection": collection, "files": files, "bytes": size, "manifest_sha256": digest},
        )
    matter.mirror_audit()


def manifest_digest(connection: Any, collection: int) -> str:
    """SHA-256 over the manifest, a line for each file.

    Path (hexadecimal), size, times of change, of change of its record and of access (nanoseconds
    since 1970), SHA-256, state; parted by blanks.
    """
    digest = hashlib.sha256()
    files = source_files.c
    rows = connection.execute(
        select(
            files.path, files.size, files.modified_ns, files.changed_ns, files.accessed_ns,
            files.sha256, files.state,
        )
        .where(files.collection_id == collection)
        .order_by(files.ordinal)
    )  # fmt: skip
    for path, *rest in rows:
        digest.update(f"{path.hex()} {' '.join(map(str, rest))}\n".encode())
    return digest.hexdigest()
