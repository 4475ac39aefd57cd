"""A cluster of real processes that share no folder of evidence gives the matter of one process."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ediscovery import __version__
from ediscovery.engine.cluster import security
from ediscovery.engine.pool import DaskPool
from ediscovery.engine.pool_cluster import ClusterPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.verify import verify
from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import TryAgain, UsageError
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.clusters import Cluster
from tests.engine.kills import _mailbox
from tests.engine.matters import QUICK, dump, ingest, make, new

PROFILE = replace(QUICK, unit_items=12, unit_bytes=300_000, cut_bytes=400_000)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make(tmp_path_factory.mktemp("evidence") / "e", 60)
    (folder / "box.mbox").write_bytes(_mailbox(2500))  # more than a task carries, and cut
    return folder


@pytest.fixture(scope="module")
def expected(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    matter = new(tmp_path_factory.mktemp("expected"))
    ingest(matter, evidence, profile=PROFILE)
    return dump(matter)


@pytest.fixture(scope="module")
def cluster(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"), hidden=[evidence])
    yield made
    made.close()


def here(_: int) -> tuple[str, int]:
    return os.getcwd(), os.getpid()


def looked(folder: str) -> list[str]:
    return sorted(os.listdir(folder))


def test_three_workers_that_see_no_evidence_make_the_same_matter(
    cluster: Cluster, evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    matter = cluster.matter(tmp_path)
    pool = ClusterPool(matter, 3)
    try:
        assert [seen for _, seen in pool.run(looked, [str(evidence)])] == [[]]
        ingest(matter, evidence, profile=PROFILE, pool=pool)
        assert len({pid for _, (_, pid) in pool.run(here, range(30))}) == 3
    finally:
        pool.close()
    assert dump(matter) == expected
    assert verify(matter, Silent())["holds"]
    names = {path.name for path in matter.folder.iterdir()}
    assert not names & {"deliveries", "received", "scratch", "dask", "parser.log"}, names
    assert all(path.name.startswith("c1-") for path in matter.packs.folder.iterdir())
    with Opened(matter) as pool:
        left = [seen for _, seen in pool.run(received, [0] * 9)]
    assert not any(left), left


def received(_: int) -> list[str]:
    """What is left of deliveries where this worker puts them."""
    from ediscovery.engine import place

    assert place._folder is not None
    return [str(path) for path in (place._folder / "received").rglob("*") if path.is_file()]


class Opened:
    """A pool of a matter for the length of a block."""

    def __init__(self, matter: Matter, workers: int = 1) -> None:
        self._pool = ClusterPool(matter, workers)

    def __enter__(self) -> ClusterPool:
        return self._pool

    def __exit__(self, *_: object) -> None:
        self._pool.close()


def test_workers_of_one_machine_make_the_same_matter(
    evidence: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    pool = DaskPool(2, str(tmp_path / "dask"))
    matter = new(tmp_path / "w")
    try:
        ingest(matter, evidence, profile=PROFILE, pool=pool)
    finally:
        pool.close()
    assert dump(matter) == expected


def test_the_command_runs_on_the_cluster_and_links_its_dashboard(
    cluster: Cluster, evidence: Path, tmp_path: Path
) -> None:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            cluster.command("--workspace", str(tmp_path), *arguments),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    call("matter", "create", "acme")
    done = call("ingest", str(evidence / "d1"), "--matter", "acme", "--custodian", "Jane Roe",
                "--profile", "fast", "--workers", "3")  # fmt: skip
    page = cluster.deployment.dashboard_url
    assert done.returncode in (0, 3), done.stderr
    assert f"Dashboard: {page}" in done.stderr
    assert json.loads(call("status", "acme", "--json").stdout)["dashboard"] == page
    connection = HTTPConnection(urlsplit(page).netloc, timeout=60)
    connection.request("GET", "/status")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_worker_that_sees_another_catalog_or_none_is_named(
    evidence: Path, cluster: Cluster, tmp_path: Path
) -> None:
    matter = cluster.matter(tmp_path)
    blind = cluster.start_worker(hidden=[matter.folder])
    try:
        with pytest.raises(TryAgain, match=r"Worker tcp://127.*can't open the catalog"):
            ClusterPool(matter, 4)
        assert not (matter.folder / "deliveries").exists()
    finally:
        stopped = cluster.workers[blind]
        stopped.terminate()
        assert stopped.wait(60) == 0


def test_a_worker_that_joins_a_run_later_works_with_the_others(
    cluster: Cluster, tmp_path: Path
) -> None:
    matter = cluster.matter(tmp_path)
    late: set[int] = set()

    def numbers() -> Iterator[int]:
        started = time.monotonic()
        while len(late) < 4 and time.monotonic() - started < 240:
            yield 0

    with Opened(matter, 3) as pool:
        results = pool.run(here, numbers())
        next(results)
        joined = cluster.start_worker()
        late.update(pid for _, (_, pid) in results)
        for _, (_, pid) in pool.run(here, iter([0] * 200)):
            late.add(pid)
    cluster.workers[joined].terminate()
    cluster.workers[joined].wait(60)
    assert len(late) == 4


def test_too_few_workers_or_no_scheduler_are_told(cluster: Cluster, tmp_path: Path) -> None:
    matter = cluster.matter(tmp_path)
    with pytest.raises(TryAgain, match="has 3 workers, and 9 were asked for"):
        ClusterPool(matter, 9, patience=0.5)
    nowhere = Workspace(tmp_path, Deployment(scheduler="tcp://127.0.0.1:9")).open("acme")
    with pytest.raises(TryAgain, match="does not answer"):
        ClusterPool(nowhere, 1)


def test_beyond_this_machine_tcp_needs_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDISCOVERY_SCHEDULER_INSECURE", raising=False)
    for address in ("tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1"):
        assert security(address) is None
    for address in ("tcp://10.0.0.1:8786", "tcp://scheduler:8786", "tcp://0.0.0.0:1"):
        with pytest.raises(UsageError, match="no authentication"):
            security(address)
    monkeypatch.setenv("EDISCOVERY_SCHEDULER_INSECURE", "1")
    assert security("tcp://scheduler:8786") is None


def test_another_version_is_refused_by_workers_and_coordinator(
    tmp_path: Path,
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "sitecustomize.py").write_text("import ediscovery\nediscovery.__version__ = '0.0.1'\n")
    made = Cluster(tmp_path / "c", 0, environment={"PYTHONPATH": str(old)})
    try:
        said = f"The scheduler runs ediscovery 0.0.1, .*{__version__}"
        with pytest.raises(UsageError, match=said):
            ClusterPool(made.matter(tmp_path / "w"), 1)
        made.environment = {}
        name = made.begin_worker()
        assert made.workers[0].wait(120) == UsageError.exit_code
        assert "The scheduler runs ediscovery 0.0.1" in made.log(name)
    finally:
        made.close()


# -- TLS ------------------------------------------------------------------------------------------


def certificates(place: Path) -> dict[str, str]:
    """An authority of its own and a certificate that it signed, as the environment names them."""
    place.mkdir()
    now = datetime.datetime.now(datetime.UTC)

    def made(name: str, issuer: str, signer: ec.EllipticCurvePrivateKey | None) -> Any:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), True)
            .sign(signer or key, hashes.SHA256())
        )
        return key, certificate.public_bytes(serialization.Encoding.PEM)

    signer, authority = made("authority", "authority", None)
    key, certificate = made("cluster", "authority", signer)
    raw = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip
    found = {}
    for name, data in (("CA", authority), ("CERT", certificate), ("KEY", raw)):
        (place / f"{name}.pem").write_bytes(data)
        found[f"EDISCOVERY_SCHEDULER_{name}"] = str(place / f"{name}.pem")
    return found


def test_tls_admits_who_has_a_certificate_of_the_authority_and_nobody_else(
    evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, stranger = certificates(tmp_path / "mine"), certificates(tmp_path / "stranger")
    made = Cluster(tmp_path / "c", 1, hidden=[evidence], scheme="tls", environment=mine)
    matter = made.matter(tmp_path / "w")
    try:
        for name in mine:
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(UsageError, match="EDISCOVERY_SCHEDULER_CA"):
            ClusterPool(matter, 1)
        monkeypatch.setattr("ediscovery.engine.cluster.CONNECT_SECONDS", 5)
        for name, path in stranger.items():
            monkeypatch.setenv(name, path)
        with pytest.raises(TryAgain, match="does not answer"):
            ClusterPool(matter, 1)
        plain = replace(made.deployment, scheduler=made.deployment.scheduler.replace("tls", "tcp"))
        with pytest.raises(TryAgain, match="does not answer"):
            ClusterPool(Workspace(tmp_path / "w", plain).open("acme"), 1)
        monkeypatch.setattr("ediscovery.engine.cluster.CONNECT_SECONDS", 60)
        for name, path in mine.items():
            monkeypatch.setenv(name, path)
        with Opened(matter) as pool:
            ingest(matter, evidence / "d1", pool=pool)
    finally:
        made.close()
    assert verify(matter, Silent())["holds"]
