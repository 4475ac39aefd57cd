"""Brings the index up to the catalog: every document whose newest version it has not seen."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, update

from ediscovery.engine import index_documents
from ediscovery.engine.index_documents import Slice, pending
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.engine.tasks import opened
from ediscovery.search.tantivy_index import TantivyIndex
from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Identity, Matter

_TASK_NUMBERS = 5_000  # documents of one shard that one task indexes and commits
_MOST_SHARDS = 16


@dataclass(frozen=True, slots=True)
class IndexTask:
    """A slice of documents of one matter. ``clean``: no interrupted run left part of it behind."""

    matter: Identity
    folder: str
    chosen: Slice
    clean: bool


class _Growing(Iterator[IndexTask]):
    """Tasks that may follow from results: at its end for now, and on again when one is added."""

    def __init__(self) -> None:
        self.tasks: deque[IndexTask] = deque()

    def __next__(self) -> IndexTask:
        if not self.tasks:
            raise StopIteration
        return self.tasks.popleft()


def index(matter: Matter, pool: Pool, progress: Progress) -> int:
    """Index what is not indexed in its newest version; returns how many documents that were.

    Shards are written in parallel, each by one worker at a time. Stopped anywhere, the next call
    goes on; what an interrupted task left in the index is replaced, never doubled.
    """
    with matter.engine.connect() as connection:
        waiting, first, last = connection.execute(
            select(func.count(), func.min(documents.c.number), func.max(documents.c.number)).where(
                documents.c.version != documents.c.indexed_version
            )
        ).one()
    if not waiting:
        return 0
    progress.stage("index", total_items=waiting)
    with TantivyIndex(matter.index_folder, min(max(1, pool.workers), _MOST_SHARDS)) as made:
        shards = made.shards
    marks = matter.index_folder / "began"
    marks.mkdir(exist_ok=True)
    clean = not any(marks.iterdir())
    tasks = _Growing()
    step = _TASK_NUMBERS * shards

    def follow(shard: int, start: int) -> None:
        if start <= last:
            chosen = Slice(start, start + step - 1, shard, shards)
            tasks.tasks.append(IndexTask(matter.identity, str(matter.index_folder), chosen, clean))

    for shard in range(shards):
        follow(shard, first)
    for task, count in pool.run(index_slice, tasks):
        with writing(matter.engine) as connection:
            connection.execute(
                update(documents)
                .where(pending(task.chosen))
                .values(indexed_version=documents.c.version)
            )
        progress.advance(items=count)
        follow(task.chosen.shard, task.chosen.last + 1)
    shutil.rmtree(marks)
    with writing(matter.engine) as connection:
        audit.record(connection, "indexed", {"documents": waiting})
    matter.mirror_audit()
    return int(waiting)


def index_slice(task: IndexTask) -> int:
    """Index one slice in this worker and commit it; returns the number of documents."""
    matter = opened(task.matter)
    # A mark that is there already was set by a worker that died on this very slice.
    mark = Path(task.folder) / "began" / f"{task.chosen.shard}-{task.chosen.first}"
    clean = task.clean and not mark.exists()
    mark.touch()
    with (
        TantivyIndex(Path(task.folder)) as target,
        matter.reader.connect() as connection,
    ):
        read = index_documents.read
        count = target.add(
            read(matter, connection, task.chosen, fresh=True), new=clean
        ) + target.add(read(matter, connection, task.chosen, fresh=False))
        target.delete(
            connection.execute(
                select(documents.c.number).where(
                    pending(task.chosen), documents.c.withdrawn.is_(True)
                )
            ).scalars()
        )
        target.commit()
    return count


def rebuild(matter: Matter, pool: Pool, progress: Progress) -> int:
    """Throw the index away and make it anew from catalog and packs."""
    shutil.rmtree(matter.index_folder, ignore_errors=True)
    with writing(matter.engine) as connection:
        connection.execute(update(documents).values(indexed_version=0))
    return index(matter, pool, progress)


def compare(matter: Matter) -> tuple[int, list[str]]:
    """Hold the index against the catalog, to the document and its version.

    Returns how many documents were compared and what is wrong, one sentence each.
    """
    problems: list[str] = []
    if not matter.index_folder.exists():
        indexed: dict[int, int] = {}
    else:
        with TantivyIndex(matter.index_folder) as target:
            versions = list(target.versions())
        indexed = dict(versions)
        if len(indexed) != len(versions):
            twice = len(versions) - len(indexed)
            problems.append(f"{twice} documents are in the index more than once.")
    looked = 0
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(documents.c.number, documents.c.version)
            .where(documents.c.withdrawn.is_(False))
            .order_by(documents.c.number)
        )
        for number, version in rows:
            looked += 1
            found = indexed.pop(number, None)
            if found == version:
                continue
            name = matter.control_number(number)
            problems.append(
                f"{name} is not in the index."
                if found is None
                else f"{name} is in the index as of version {found}; the catalog has {version}."
            )
    problems += [
        f"{matter.control_number(number)} is in the index and not in the catalog."
        for number in sorted(indexed)
    ]
    return looked, problems
