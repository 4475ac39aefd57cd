"""Catalogs as SQLite files."""

from __future__ import annotations

import pytest

from ediscovery.model.deployment import LOCAL, Deployment
from tests.contracts.catalog import CatalogContract


class TestSqlite(CatalogContract):
    @pytest.fixture
    def deployment(self) -> Deployment:
        return LOCAL

    @pytest.fixture
    def names(self) -> list[str]:
        return ["acme", "acme-2", "other"]
