"""Brings the index up to the catalog: every document whose newest version it has not seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, update

from ediscovery.engine import index_documents
from ediscovery.engine.index_documents import Slice, pending
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.engine.tasks import opened
from ediscovery.search.backends import index_of
from ediscovery.search.index import Begun
from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Identity, Matter

_TASK_NUMBERS = 5_000  # documents of one share that one task indexes and commits


@dataclass(frozen=True, slots=True)
class IndexTask:
    """A slice of documents of one matter, of the filling of its index that has ``begun``."""

    matter: Identity
    chosen: Slice
    begun: Begun


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

    Shares are written in parallel, each by one worker at a time. Stopped anywhere, the next call
    goes on; what an interrupted task left in the index is replaced, never doubled.
    """
    with matter.engine.connect() as connection:
        waiting, first, last = connection.execute(
            select(func.count(), func.min(documents.c.number), func.max(documents.c.number)).where(
                documents.c.version != documents.c.indexed_version
            )
        ).one()
    place = index_of(matter)
    if not waiting:
        place.finish()  # an earlier run may have been stopped just before
        return 0
    progress.stage("index", total_items=waiting)
    begun = place.begin(pool.workers, waiting)
    tasks = _Growing()
    step = _TASK_NUMBERS * begun.writers

    def follow(share: int, start: int) -> None:
        if start <= last:
            chosen = Slice(start, start + step - 1, share, begun.writers)
            tasks.tasks.append(IndexTask(matter.identity, chosen, begun))

    for share in range(begun.writers):
        follow(share, first)
    for task, count in pool.run(index_slice, tasks):
        with writing(matter.engine) as connection:
            connection.execute(
                update(documents)
                .where(pending(task.chosen))
                .values(indexed_version=documents.c.version)
            )
        progress.advance(items=count)
        follow(task.chosen.shard, task.chosen.last + 1)
    place.finish()
    with writing(matter.engine) as connection:
        audit.record(connection, "indexed", {"documents": waiting})
    matter.mirror_audit()
    return int(waiting)


def index_slice(task: IndexTask) -> int:
    """Index one slice in this worker and commit it; returns the number of documents."""
    matter = opened(task.matter)
    target, clean = index_of(matter).write(f"{task.chosen.shard}-{task.chosen.first}", task.begun)
    with target, matter.reader.connect() as connection:
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
    """Make the index anew from catalog and packs."""
    with matter.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(documents)).scalar_one()
    with index_of(matter).anew(count), writing(matter.engine) as connection:
        connection.execute(update(documents).values(indexed_version=0))
    return index(matter, pool, progress)


def compare(matter: Matter) -> tuple[int, list[str]]:
    """Hold the index against the catalog, to the document and its version.

    Returns how many documents were compared and what is wrong, one sentence each.
    """
    problems: list[str] = []
    with index_of(matter).open() as target:
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
