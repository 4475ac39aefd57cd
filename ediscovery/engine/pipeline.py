"""The order of the stages, and nothing else. Each stage can be called alone and repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ediscovery.engine import collect, run
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.engine.stages import cull, dedupe, entities, index, number, read, settle
from ediscovery.model.profile import Profile
from ediscovery.store.workspace import Matter


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one ingest did: the collection (``None``: nothing new), files skipped as known, and how
    many documents the index took, those of an earlier run that was stopped included."""

    collection: int | None
    known_files: int
    indexed: int


def ingest(
    matter: Matter,
    roots: list[Path],
    custodian: str,
    profile: Profile,
    pool: Pool,
    progress: Progress,
    join: Callable[[Matter, int], None] | None = None,
) -> Ingested:
    """Take ``roots`` into custody as a collection of ``custodian`` and process it to the end.

    With ``join`` it is a received production and ``custodian`` who sent it: ``join`` finds out,
    once custody is taken, which files make which documents.

    The caller holds the matter's lock. Stopped anywhere, the same call goes on from there.
    """
    profile = matter.deployment.applied(profile)
    begun = run.begin(matter, roots, custodian, profile, received=join is not None)
    if begun.collection is not None:
        if begun.state == "collecting":
            collect.take_custody(matter, begun.collection, begun.entries, pool, progress)
            begun.entries.clear()  # the manifest has them now
        if join is not None:
            join(matter, begun.collection)
        job = run.job(matter, begun.collection)
        read.plan(matter, begun.collection, profile)
        read.read(matter, begun.collection, job, pool, progress)
        settle.settle(matter, begun.collection)
        cull.cull(matter, begun.collection, profile)
        number.number(matter, begun.collection)
        dedupe.dedupe(matter, profile.dedupe)
        run.finish(matter, begun.collection)
    return Ingested(begun.collection, begun.known_files, derive(matter, profile, pool, progress))


def derive(matter: Matter, profile: Profile, pool: Pool, progress: Progress) -> int:
    """Bring index and tags up to the catalog; documents are searchable before they are tagged.

    Returns how many documents the index took.
    """
    indexed = index.index(matter, pool, progress)
    if entities.tag(matter, profile, pool, progress):
        indexed = max(indexed, index.index(matter, pool, progress))
    return indexed
