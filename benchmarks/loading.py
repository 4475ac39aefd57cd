"""Loading Elasticsearch: the index stage of the pipeline against a bare ``parallel_bulk``.

Both load the same documents into a new index of the same mapping. The pipeline reads catalog and
packs, cuts the words, sends, and notes in the catalog what is indexed; the bare loop has them ready
in memory. Runs when ``EDISCOVERY_TEST_ELASTICSEARCH`` names a server.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import update

from benchmarks.mail import ingest, prepare
from benchmarks.measure import Figure, Settings
from ediscovery.engine import index_documents
from ediscovery.engine.index_documents import Slice
from ediscovery.engine.pool import DaskPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.stages import index
from ediscovery.model.deployment import Deployment
from ediscovery.search.elastic_index import ElasticPlace
from ediscovery.search.prepared import prepared
from ediscovery.store.catalog import writing
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Matter, Workspace

LEAST = 0.8
_THREADS, _CHUNK = 2, 1_000


def run(settings: Settings) -> None:
    """The line of the table."""
    url = os.environ.get("EDISCOVERY_TEST_ELASTICSEARCH")
    if not url:
        return
    count = int(30_000 * settings.scale)
    ingest(settings, prepare(settings, count))
    home = settings.scratch / "home"
    matter = Workspace(home, Deployment(name="servers", index=url)).open("bench")
    _forget(ElasticPlace(url, matter.name, ""))  # of an earlier run
    ready = _prepared(matter)
    ours, bare = [], []
    pool = DaskPool(2, str(settings.scratch / "dask"))
    try:
        _pipeline(matter, pool)  # server and workers warm
        for _ in range(settings.runs):
            bare.append(len(ready) / _bare(url, ready))
            ours.append(len(ready) / _pipeline(matter, pool))
    finally:
        pool.close()
        shutil.rmtree(settings.scratch / "dask", ignore_errors=True)
    rate, floor = statistics.median(ours), statistics.median(bare)
    settings.figures.append(
        Figure(
            f"indexing {len(ready):,} mails into Elasticsearch", f"{LEAST:.0%} of parallel_bulk",
            f"{rate / floor:.0%}", rate / floor >= LEAST,
            f"{rate:,.0f} documents/s with two workers; bare, prepared in memory, "
            f"{_THREADS} threads: {floor:,.0f}",
        )
    )  # fmt: skip


def _prepared(matter: Matter) -> list[dict[str, Any]]:
    """Every document as the index receives it."""
    with writing(matter.engine) as connection:
        connection.execute(update(documents).values(indexed_version=0))
    with matter.reader.connect() as connection:
        return [
            prepared(document)
            for document in index_documents.read(
                matter, connection, Slice(1, 1 << 62, 0, 1), fresh=True
            )
        ]


def _pipeline(matter: Matter, pool: DaskPool) -> float:
    started = time.perf_counter()
    with matter.locked():
        index.rebuild(matter, pool, Silent())
    return time.perf_counter() - started


def _bare(url: str, ready: list[dict[str, Any]]) -> float:
    from elasticsearch.helpers import parallel_bulk

    place = ElasticPlace(url, "bare-loading", "benchmark")
    _forget(place)
    made = place.create(1, len(ready), searched=True)

    def actions() -> Iterator[dict[str, Any]]:
        for fields in ready:
            yield {"_index": made.name, "_id": str(fields["number"]), "_source": fields}

    started = time.perf_counter()
    for done, outcome in parallel_bulk(
        place.client, actions(), thread_count=_THREADS, chunk_size=_CHUNK
    ):
        assert done, outcome
    place.client.indices.refresh(index=made.name)
    seconds = time.perf_counter() - started
    _forget(place)
    return seconds


def _forget(place: ElasticPlace) -> None:
    for generation in place.generations():
        place.client.indices.delete(index=generation.name)
