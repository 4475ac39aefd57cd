"""Indexes on the real Elasticsearch that tests speak to, each taken away after its test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ediscovery.search.elastic_client import connect
from ediscovery.search.elastic_index import ElasticPlace
from tests.servers import server

OWNER = "test"


@contextmanager
def place(**options: Any) -> Iterator[ElasticPlace]:
    """Where a new matter's index will be."""
    url = server("elasticsearch")
    made = ElasticPlace(url, f"test-{uuid.uuid4().hex}", OWNER, **options)
    try:
        yield made
    finally:
        with connect(url) as client:
            names = [*client.indices.get(index=f"{made.alias}@*", filter_path="*.aliases")]
            if names:
                client.indices.delete(index=names)
