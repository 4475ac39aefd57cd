"""Elasticsearch: the contract, and what is its own: generations, versions, back-pressure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ediscovery.search.index import Limits, SearchIndex
from tests.contracts.search_index import SearchIndexContract
from tests.search.elastic import place

pytestmark = pytest.mark.server("elasticsearch")


class TestElasticIndex(SearchIndexContract):
    @staticmethod
    @contextmanager
    def make(shards: int = 1, limits: Limits | None = None) -> Iterator[SearchIndex]:
        with place(limits=limits) as made, made.open() as index:
            yield index
