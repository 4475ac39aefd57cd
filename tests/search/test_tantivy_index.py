"""The embedded index: the contract, and what is its own: shards, locks, folders."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ediscovery.model.errors import Locked, Refused
from ediscovery.search.grammar import parse
from ediscovery.search.index import IndexDocument, Limits, SearchIndex
from ediscovery.search.tantivy_index import TantivyIndex
from tests.contracts.search_index import SearchIndexContract, find

SMALL = 15_000_000


class TestTantivyIndex(SearchIndexContract):
    @staticmethod
    @contextmanager
    def make(shards: int = 1, limits: Limits | None = None) -> Iterator[SearchIndex]:
        with (
            tempfile.TemporaryDirectory() as folder,
            TantivyIndex(Path(folder), shards, limits=limits, heap_bytes=SMALL) as index,
        ):
            yield index


def test_the_number_of_shards_is_settled_once(tmp_path: Path) -> None:
    with TantivyIndex(tmp_path / "index", 3, heap_bytes=SMALL) as index:
        index.add([IndexDocument(n, text="w") for n in range(7)])
        index.commit()
    with TantivyIndex(tmp_path / "index", 8) as index:
        assert index.shards == 3
        assert find(index, "w") == list(range(7))
    assert sorted(p.name for p in (tmp_path / "index").glob("shard-*")) == [
        "shard-000",
        "shard-001",
        "shard-002",
    ]


def test_another_version_is_refused_with_advice(tmp_path: Path) -> None:
    TantivyIndex(tmp_path).close()
    settings = json.loads((tmp_path / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps(settings | {"words": 0}))
    with pytest.raises(Refused) as caught:
        TantivyIndex(tmp_path)
    assert "build it again" in caught.value.next_step


def test_a_broken_shard_is_refused_with_advice(tmp_path: Path) -> None:
    TantivyIndex(tmp_path).close()
    (tmp_path / "shard-000" / "meta.json").write_text("{")
    with pytest.raises(Refused) as caught:
        TantivyIndex(tmp_path)
    assert "build it again" in caught.value.next_step


def test_what_was_not_committed_is_gone(tmp_path: Path) -> None:
    with TantivyIndex(tmp_path, heap_bytes=SMALL) as index:
        index.add([IndexDocument(1, text="kept")])
        index.commit()
        index.add([IndexDocument(2, text="lost")])
    with TantivyIndex(tmp_path) as index:
        assert list(index.versions()) == [(1, 1)]


def test_a_shard_has_one_writer_and_others_are_free(tmp_path: Path) -> None:
    with TantivyIndex(tmp_path, 2, heap_bytes=SMALL) as one, TantivyIndex(tmp_path) as other:
        one.add([IndexDocument(2, text="even")])
        with pytest.raises(Locked):
            other.add([IndexDocument(4, text="even")])
        other.add([IndexDocument(3, text="odd")])
        other.commit()
        one.commit()
        assert find(one, "even OR odd") == [2, 3]
        other.refresh()
        assert find(other, "even OR odd") == [2, 3]
    with TantivyIndex(tmp_path, heap_bytes=SMALL) as later:
        later.add([IndexDocument(4, text="even")])
        later.commit()
        assert find(later, "even") == [2, 4]


def _write(folder: Path, shard: int, shards: int) -> None:
    with TantivyIndex(folder, shards, heap_bytes=SMALL) as index:
        for start in (0, 300):
            numbers = range(start + shard, start + 300, shards)
            index.add([IndexDocument(n, text=f"w{n} all") for n in numbers], new=True)
            index.commit()


def test_processes_write_shards_side_by_side(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    folder = tmp_path / "index"
    jobs = [context.Process(target=_write, args=(folder, shard, 3)) for shard in range(3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    with TantivyIndex(folder) as index:
        assert index.shards == 3
        assert index.count(parse("all").tree) == 600
        assert find(index, "w299 OR w301") == [299, 301]
        assert [number for number, _ in index.versions()] == list(range(600))


def test_what_was_merged_is_kept_and_what_it_replaces_is_gone(tmp_path: Path) -> None:
    """Slices are written by one process after the other, as an ingest does."""
    text = " ".join(f"w{n}" for n in range(200))
    for start in range(0, 20_000, 1_000):
        with TantivyIndex(tmp_path, heap_bytes=SMALL) as index:
            index.add([IndexDocument(n, text=text) for n in range(start, start + 1_000)], new=True)
            index.commit()
    shard = tmp_path / "shard-000"
    segments = json.loads((shard / "meta.json").read_text())["segments"]
    assert len(segments) < 8
    assert sum(segment["max_doc"] for segment in segments) == 20_000
    named = {segment["segment_id"].replace("-", "") for segment in segments}
    assert {path.stem for path in shard.glob("*.store")} == named
