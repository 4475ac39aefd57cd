"""The embedded index, Elasticsearch and the slow evaluator find the same documents."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.stages import index as stage
from ediscovery.model.deployment import Deployment
from ediscovery.search import tree as t
from ediscovery.search.answers import FACETS
from ediscovery.search.backends import index_of
from ediscovery.search.elastic_index import ElasticPlace
from ediscovery.search.grammar import parse
from ediscovery.search.index import IndexDocument, SearchIndex
from ediscovery.search.tantivy_index import TantivyIndex
from ediscovery.store.catalog import writing
from ediscovery.store.lookup import text
from ediscovery.store.tables import documents as documents_table
from ediscovery.store.workspace import Matter, Workspace
from tests.conftest import Sample
from tests.search import strategies
from tests.search.elastic import place
from tests.search.slow_evaluator import _keywords, evaluate
from tests.servers import server

pytestmark = pytest.mark.server("elasticsearch")
QUERIES = Path(__file__).parent / "queries.txt"
SMALL = 15_000_000


# -- generated -------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.documents(), st.lists(strategies.conditions, min_size=12, max_size=24))
def test_generated_queries_find_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    documents: list[IndexDocument],
    queries: list[t.Condition],
) -> None:
    folder = tmp_path_factory.mktemp("index")
    with (
        TantivyIndex(folder, 2, heap_bytes=SMALL) as embedded,
        place() as made,
        made.open() as elastic,
    ):
        for index in (embedded, elastic):
            index.add(documents, new=True)
            index.commit()
        for query in queries:
            expected = evaluate(query, documents)
            assert embedded.matching(query).tolist() == expected, query.describe()
            assert elastic.matching(query).tolist() == expected, query.describe()
            counted = _counted(documents, expected)
            assert embedded.facets(query, FACETS) == counted, query.describe()
            assert elastic.facets(query, FACETS) == counted, query.describe()
        for number in {d.number for d in documents[:2]}:
            for query in queries[:4]:
                assert elastic.explain(query, number) == embedded.explain(query, number)
    shutil.rmtree(folder)


def _counted(documents: list[IndexDocument], numbers: list[int]) -> dict[str, dict[str, int]]:
    """Facets by the plainest way to count."""
    hits = [d for d in documents if d.number in numbers]
    found = {}
    for field in FACETS:
        counts = Counter(value for d in hits for value in set(_keywords(field, d)))
        found[field] = dict(sorted(counts.items(), key=lambda c: (-c[1], c[0])))
    return found


# -- by hand ---------------------------------------------------------------------------------------


def by_hand() -> list[tuple[int, str]]:
    """Line and query of each line of ``queries.txt`` that is no comment."""
    lines = enumerate(QUERIES.read_text(encoding="utf-8").splitlines(), 1)
    return [(n, line) for n, line in lines if line and not line.startswith("#")]


class Both(NamedTuple):
    """The sample matter with its embedded index, and the same matter with Elasticsearch."""

    matter: Matter
    embedded: SearchIndex
    elastic: SearchIndex
    remote: Matter


@pytest.fixture(scope="module")
def both(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    url = server("elasticsearch")
    matter = Workspace(sample.home).open("acme")
    folder = tmp_path_factory.mktemp("parity") / "matter"
    shutil.copytree(matter.folder, folder, ignore=shutil.ignore_patterns("index"))
    with place() as made:
        name = made.alias.removeprefix("ediscovery-")
        deployment = Deployment(name="test", index=url)
        remote = dataclasses.replace(matter, name=name, folder=folder, deployment=deployment)
        with writing(remote.engine) as connection:
            connection.execute(update(documents_table).values(indexed_version=0))
        stage.index(remote, SerialPool(), Silent())
        assert isinstance(index_of(remote), ElasticPlace)
        with index_of(matter).open() as embedded, index_of(remote).open() as elastic:
            yield Both(matter, embedded, elastic, remote)


def test_there_are_two_hundred_and_each_shows_something() -> None:
    queries = [query for _, query in by_hand()]
    assert len(queries) >= 200
    assert len(set(queries)) == len(queries)


def test_queries_by_hand_find_the_same(both: Both) -> None:
    wrong, hits = {}, 0
    for line, query in by_hand():
        tree = parse(query).tree
        one, other = both.embedded.matching(tree).tolist(), both.elastic.matching(tree).tolist()
        hits += bool(one)
        if one != other:
            wrong[f"{line}: {query}"] = {"embedded": one, "elastic": other}
        assert both.elastic.count(tree) == len(other)
        assert both.elastic.search(tree, 5, 2).numbers == other[2:7]
    assert wrong == {}
    assert hits > len(by_hand()) * 3 / 4, "too many of these queries find nothing"


def test_facets_and_highlights_are_the_same(both: Both) -> None:
    for _, query in by_hand()[::9]:
        tree = parse(query).tree
        assert both.elastic.facets(tree, FACETS) == both.embedded.facets(tree, FACETS), query
        for number in both.embedded.search(tree, 2).numbers:
            original = text(both.matter, number)
            one = both.embedded.explain(tree, number, original)
            assert both.elastic.explain(tree, number, original) == one, query


def test_index_and_catalog_agree(both: Both) -> None:
    looked, problems = stage.compare(both.remote)
    assert looked and problems == []
