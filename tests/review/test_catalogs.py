"""Coding, redactions and protocols in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ediscovery.model.deployment import LOCAL, Deployment
from tests.contracts.review import Review
from tests.store.databases import emptied, new_database


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with new_database() as address:
        yield address


class TestSQLite(Review):
    @pytest.fixture
    def deployment(self) -> Deployment:
        return LOCAL


@pytest.mark.server("postgresql")
class TestPostgreSQL(Review):
    @pytest.fixture
    def deployment(self, database: str) -> Deployment:
        return Deployment(catalog=emptied(database))
