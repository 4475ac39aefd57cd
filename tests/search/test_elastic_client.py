"""The connection to Elasticsearch: secrets, certificates, and what is said when they are wrong."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from ediscovery.model.errors import UsageError
from ediscovery.search.elastic_client import connect
from ediscovery.search.elastic_index import ElasticPlace
from ediscovery.search.index import IndexDocument
from tests.contracts.search_index import find
from tests.servers import server


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("EDISCOVERY_INDEX_")]:
        monkeypatch.delenv(variable)


@pytest.mark.usefixtures("nothing_set")
def test_secrets_come_from_files_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame\n")
    monkeypatch.setenv("EDISCOVERY_INDEX_USER", "jane")
    monkeypatch.setenv("EDISCOVERY_INDEX_PASSWORD_FILE", str(tmp_path / "password"))
    with connect("https://localhost:1") as client:
        assert client._headers["authorization"] == "Basic amFuZTpvcGVuIHNlc2FtZQ=="
    monkeypatch.setenv("EDISCOVERY_INDEX_API_KEY", "abc")
    with connect("https://localhost:1") as client:
        assert client._headers["authorization"] == "ApiKey abc"


@pytest.mark.usefixtures("nothing_set")
def test_a_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDISCOVERY_INDEX_API_KEY_FILE", "/nowhere/key")
    with pytest.raises(UsageError, match="EDISCOVERY_INDEX_API_KEY_FILE"):
        connect("https://localhost:1")
    monkeypatch.delenv("EDISCOVERY_INDEX_API_KEY_FILE")
    monkeypatch.setenv("EDISCOVERY_INDEX_CA", "/nowhere/ca.crt")
    with pytest.raises(UsageError, match="EDISCOVERY_INDEX_CA"):
        connect("https://localhost:1")


def test_over_tls_with_authority_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """``EDISCOVERY_TEST_ELASTICSEARCH_TLS``: its URL; the other variables as in production."""
    place = ElasticPlace(server("elasticsearch_tls"), f"test-{uuid.uuid4().hex}", "test")
    with place.open() as index:
        index.add([IndexDocument(1, text="w")])
        index.commit()
        assert find(index, "w") == [1]
        place.client.indices.delete(index=f"{place.alias}@1")
    with monkeypatch.context() as wrong:
        wrong.setenv("EDISCOVERY_INDEX_PASSWORD", "wrong")
        with pytest.raises(UsageError, match="let us in"):
            ElasticPlace(place.url, "x", "test").generations()
    with monkeypatch.context() as unknown:
        unknown.delenv("EDISCOVERY_INDEX_CA")
        with pytest.raises(UsageError, match="not trusted"):
            ElasticPlace(place.url, "x", "test").generations()
