"""The connection to Elasticsearch: secrets, certificates, and what is said when they are wrong."""

from __future__ import annotations

import hashlib
import os
import ssl
import uuid
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

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


@pytest.fixture
def over_tls(monkeypatch: pytest.MonkeyPatch) -> ElasticPlace:
    """A place on the server that speaks HTTPS, signed in by password, its authority known."""
    url = server("elasticsearch_tls")
    for name in [name for name in os.environ if name.startswith("EDISCOVERY_INDEX_")]:
        monkeypatch.delenv(name)
    for name in ("CA", "USER", "PASSWORD"):
        monkeypatch.setenv(
            f"EDISCOVERY_INDEX_{name}", os.environ[f"EDISCOVERY_TEST_ELASTICSEARCH_TLS_{name}"]
        )
    return ElasticPlace(url, f"test-{uuid.uuid4().hex}", "test")


@pytest.mark.server("elasticsearch_tls")
def test_over_tls_with_authority_and_password(
    over_tls: ElasticPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with over_tls.open() as index:
        index.add([IndexDocument(1, text="w")])
        index.commit()
        assert find(index, "w") == [1]
        over_tls.client.indices.delete(index=f"{over_tls.alias}@1")
    with monkeypatch.context() as wrong:
        wrong.setenv("EDISCOVERY_INDEX_PASSWORD", "wrong")
        with pytest.raises(UsageError, match="let us in"):
            ElasticPlace(over_tls.url, "x", "test").generations()
    with monkeypatch.context() as unknown:
        unknown.delenv("EDISCOVERY_INDEX_CA")
        with pytest.raises(UsageError, match="not trusted"):
            ElasticPlace(over_tls.url, "x", "test").generations()


@pytest.mark.server("elasticsearch_tls")
def test_an_api_key_takes_the_place_of_the_password(
    over_tls: ElasticPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server of the tests can make no keys, but it knows one that is none of its own."""
    (tmp_path / "key").write_text(b64encode(b"unknown:unknown").decode() + "\n")
    monkeypatch.setenv("EDISCOVERY_INDEX_API_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(UsageError, match="let us in"):
        ElasticPlace(over_tls.url, "x", "test").generations()


@pytest.mark.server("elasticsearch_tls")
def test_a_fingerprint_stands_for_the_authority(
    over_tls: ElasticPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = urlsplit(over_tls.url)
    pem = ssl.get_server_certificate((where.hostname or "", where.port or 443))
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    monkeypatch.delenv("EDISCOVERY_INDEX_CA")
    monkeypatch.setenv("EDISCOVERY_INDEX_FINGERPRINT", fingerprint)
    assert ElasticPlace(over_tls.url, "x", "test").generations() == []
    monkeypatch.setenv("EDISCOVERY_INDEX_FINGERPRINT", "0" * 64)
    with pytest.raises(UsageError, match="not trusted"):
        ElasticPlace(over_tls.url, "x", "test").generations()
