"""Elasticsearch: the contract, and what is its own: generations, versions, back-pressure."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ediscovery.model.errors import EdiscoveryError, Refused, TryAgain
from ediscovery.search.elastic_index import FORMAT, ElasticPlace
from ediscovery.search.elastic_search import PAGE
from ediscovery.search.grammar import parse
from ediscovery.search.index import Begun, IndexDocument, Limits, SearchIndex
from ediscovery.search.words import VERSION
from tests.contracts.search_index import SearchIndexContract, find
from tests.search.elastic import OWNER, busy_proxy, place

pytestmark = pytest.mark.server("elasticsearch")


class TestElasticIndex(SearchIndexContract):
    @staticmethod
    @contextmanager
    def make(shards: int = 1, limits: Limits | None = None) -> Iterator[SearchIndex]:
        with place(limits=limits) as made, made.open() as index:
            yield index


# -- versions: nothing doubled, nothing older ------------------------------------------------------


def test_an_older_version_never_takes_the_place_of_a_newer() -> None:
    with place() as made, made.open() as index:
        index.add([IndexDocument(1, version=3, text="third"), IndexDocument(2, text="other")])
        index.commit()
        index.add([IndexDocument(1, version=2, text="second"), IndexDocument(2, text="again")])
        index.commit()
        assert dict(index.versions()) == {1: 3, 2: 1}
        assert find(index, "third") == [1]
        assert find(index, "again") == [2]


def test_a_deleted_document_can_come_back() -> None:
    with place() as made, made.open() as index:
        index.add([IndexDocument(1, version=5, text="w")])
        index.commit()
        index.delete([1])
        index.commit()
        assert find(index, "w") == []
        index.add([IndexDocument(1, version=1, text="w")])  # Elasticsearch still knows of 5
        index.commit()
        assert dict(index.versions()) == {1: 1}


# -- generations -----------------------------------------------------------------------------------


def test_a_rebuild_is_seen_when_it_is_complete() -> None:
    with place() as made:
        made.begin(2, 10)
        target, _ = made.write("0", Begun(2, True))
        with target:
            target.add([IndexDocument(n, text="old") for n in range(10)])
            target.commit()
        made.finish()
        with made.anew(10):
            pass
        begun = made.begin(2, 10)
        target, _ = made.write("0", begun)
        with target:
            target.add([IndexDocument(n, text="new") for n in range(5)])
            target.commit()
        with made.open() as index:
            assert len(find(index, "old")) == 10
            assert find(index, "new") == []
            made.finish()  # while a search looks on
            assert len(find(index, "NOT missing")) in (5, 10)
        with made.open() as index:
            assert find(index, "old") == []
            assert find(index, "new") == [0, 1, 2, 3, 4]
        (left,) = made.generations()
        assert (left.order, left.searched, left.filling) == (2, True, False)


def test_a_stopped_rebuild_goes_on_or_begins_anew() -> None:
    with place() as made:
        with made.open() as index:
            index.add([IndexDocument(1, text="old")])
            index.commit()
        for _ in range(2):
            with made.anew(1):
                pass
        assert [g.searched for g in made.generations()] == [True, False]
        with pytest.raises(RuntimeError), made.anew(1):
            raise RuntimeError
        assert len(made.generations()) == 2
        made.finish()
        with made.open() as index:
            assert find(index, "old") == []


def test_another_matter_or_version_is_refused() -> None:
    with place() as made:
        made.begin(1, 1)
        stranger = ElasticPlace(made.url, made.alias.removeprefix("ediscovery-"), "someone else")
        for attempt in (
            lambda: stranger.begin(1, 1),
            lambda: find(stranger.open(), "w"),
            stranger.finish,
            lambda: stranger.anew(1).__enter__(),
        ):
            with pytest.raises(Refused, match="another workspace"):
                attempt()
        made.client.indices.put_mapping(
            index=made.alias, meta={"owner": OWNER, "format": 0, "words": 0}
        )
        with pytest.raises(Refused) as caught:
            find(made.open(), "w")
        assert "rebuild" in caught.value.next_step


def test_replicas_come_back_when_it_is_filled() -> None:
    with place() as made:
        made.begin(1, 1)
        assert made.generations()[0].filling
        made.finish()
        assert not made.generations()[0].filling
        assert made.damaged() == []


def test_an_index_taken_away_while_it_is_filled_is_noticed() -> None:
    with place() as made, made.open() as index:
        index.add([IndexDocument(1, text="w")])
        index.commit()
        made.client.indices.delete(index=f"{made.alias}@1")
        index.add([IndexDocument(2, text="w")])
        with pytest.raises(TryAgain, match="deleted while"):
            index.commit()


# -- many documents --------------------------------------------------------------------------------


def test_more_documents_than_one_request_gives() -> None:
    count = PAGE + 1_500
    with place() as made, made.open() as index:
        index.add(
            IndexDocument(n, text="all odd" if n % 2 else "all", parent=n - 1 if n else None)
            for n in range(count)
        )
        index.commit()
        tree = parse("all").tree
        assert index.matching(tree).tolist() == list(range(count))
        assert index.search(tree, 5, PAGE + 3).numbers == list(range(PAGE + 3, PAGE + 8))
        assert len(list(index.versions())) == count
        assert len(find(index, "attachment(odd)")) == count // 2
        assert len(find(index, "NOT (all w/2 (odd w/1 all))")) == count


def test_a_point_in_time_that_was_forgotten_is_taken_again() -> None:
    with place() as made, made.open() as index:
        index.add([IndexDocument(1, text="w")])
        index.commit()
        assert find(index, "w") == [1]
        made.client.close_point_in_time(id=index.snapshot()._point)
        assert find(index, "w") == [1]


# -- a server that has too much to do, or is away --------------------------------------------------


@pytest.mark.fault
def test_back_pressure_is_waited_for() -> None:
    with place() as made, busy_proxy(made.url, [429, 503, 502, 0, "item"]) as url:
        slow = ElasticPlace(url, made.alias.removeprefix("ediscovery-"), OWNER)
        with slow.open() as index:
            assert index.add([IndexDocument(n, text="w") for n in range(20)]) == 20
            index.commit()
            assert find(index, "w") == list(range(20))


@pytest.mark.fault
def test_patience_has_an_end() -> None:
    with place() as made, busy_proxy(made.url, [429] * 50) as url:
        slow = ElasticPlace(url, made.alias.removeprefix("ediscovery-"), OWNER, patience=0.5)
        with slow.open() as index:
            index.add([IndexDocument(1, text="w")])
            with pytest.raises(TryAgain) as caught:
                index.commit()
    assert caught.value.exit_code == 75


def test_a_document_that_is_not_taken_is_said() -> None:
    with place() as made, made.open() as index:
        made.client.indices.create(
            index=f"{made.alias}@1",
            mappings={
                "_meta": {"owner": OWNER, "format": FORMAT, "words": VERSION},
                "dynamic": "strict",
                "properties": {"number": {"type": "long"}},
            },
        )
        index.add([IndexDocument(7, text="w")])
        with pytest.raises(EdiscoveryError, match="document number 7"):
            index.commit()


def test_a_request_too_large_is_cut() -> None:
    with place() as made, busy_proxy(made.url, [], largest=20_000) as url:
        slow = ElasticPlace(url, made.alias.removeprefix("ediscovery-"), OWNER)
        with slow.open() as index:
            index.add([IndexDocument(n, text="word " * 500) for n in range(40)])
            index.commit()
            assert len(find(index, "word")) == 40
            index.add([IndexDocument(99, text="word " * 9_000)])
            with pytest.raises(EdiscoveryError, match="number 99"):
                index.commit()


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = ElasticPlace(f"http://127.0.0.1:{port}", "m", OWNER, patience=0)
    for attempt in (lambda: find(away.open(), "w"), lambda: away.begin(1, 1), away.damaged):
        with pytest.raises(TryAgain) as caught:
            attempt()
        assert "address" in caught.value.next_step
