"""A matter whose packs lie in an object store is the same matter, and keeps no native at home."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.retry import retry
from ediscovery.engine.stages import index
from ediscovery.engine.verify import verify
from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import TryAgain
from ediscovery.store import lookup
from ediscovery.store.packs_s3 import S3Packs
from ediscovery.store.tables import documents, items, units
from ediscovery.store.workspace import Matter, Workspace
from tests.conftest import Sample, call
from tests.engine.matters import QUICK, archive, dump, ingest, mail, make
from tests.servers import server
from tests.store.buckets import bucket
from tests.store.faulty import faulty

CUT = replace(QUICK, cut_bytes=20_000, unit_bytes=30_000, unit_items=25)
STORES = ["file", "memory", pytest.param("s3", marks=pytest.mark.server("s3"))]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixed collection, with a mailbox inside an archive that is cut into several units."""
    folder = make(tmp_path_factory.mktemp("evidence") / "e", 60)
    messages = b"".join(
        b"From jane@acme.example Fri May  4 11:22:33 2001\n"
        + mail(1000 + n, f"Message {n} {secrets.token_hex(300)}").replace(b"\r\n", b"\n")
        + b"\n"
        for n in range(120)
    )
    (folder / "box.zip").write_bytes(archive({"box.mbox": messages}))
    return folder


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory, evidence: Path) -> Matter:
    matter = Workspace(tmp_path_factory.mktemp("home")).create("acme")
    ingest(matter, evidence, profile=CUT)
    return matter


@pytest.fixture
def url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    if request.param == "s3":
        with bucket(monkeypatch) as name:
            yield f"s3://{name}/firm"
    elif request.param == "file":
        yield f"file://{tmp_path / 'shared'}"
    else:
        yield f"memory://{secrets.token_hex(4)}"


def stored(matter: Matter) -> list[tuple[str, str]]:
    """Texts and natives of all documents, by number."""
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(documents.c.number, items.c.native_offset)
            .join(
                items,
                (items.c.collection_id == documents.c.collection_id)
                & (items.c.position == documents.c.position),
            )
            .order_by(documents.c.number)
        ).all()
    return [
        (
            lookup.text(matter, row.number),
            lookup.native(matter, row.number) if row.native_offset is not None else "",
        )
        for row in rows
    ]


def problems(matter: Matter) -> list[Any]:
    return [check for check in verify(matter, Silent())["checks"] if not check["holds"]]


@pytest.mark.parametrize("url", STORES, indirect=True)
def test_the_same_matter(tmp_path: Path, evidence: Path, at_home: Matter, url: str) -> None:
    matter = Workspace(tmp_path / "w", Deployment(packs=url)).create("acme")
    ingest(matter, evidence, profile=CUT)
    with matter.engine.connect() as connection:
        kinds = connection.execute(select(units.c.kind)).scalars().all()
        packs = set(connection.execute(select(units.c.pack)).scalars())
    assert kinds.count("range") > 2
    assert packs == set(matter.packs.listing())
    assert dump(matter) == dump(at_home)
    assert stored(matter) == stored(at_home)
    assert problems(matter) == []
    assert not (matter.folder / "packs").exists()
    held = {path.name for path in matter.folder.rglob("*.zip")}
    assert held == set()

    pool = SerialPool()
    with matter.locked():
        done = retry(matter, "", None, pool, Silent())
        index.rebuild(matter, pool, Silent())
    pool.close()
    assert done.items
    assert problems(matter) == []
    assert [row[:1] for row in stored(matter)] == [row[:1] for row in stored(at_home)]


@pytest.mark.parametrize("url", STORES, indirect=True)
def test_verify_compares_with_the_listing(tmp_path: Path, evidence: Path, url: str) -> None:
    matter = Workspace(tmp_path / "w", Deployment(packs=url)).create("acme")
    ingest(matter, evidence, profile=CUT)
    left = tmp_path / "draft.zip"
    left.write_bytes(b"half a pack")
    matter.packs.accept(left, "c1-left.zip")
    (check,) = [c for c in verify(matter, Silent(), sample=0)["checks"] if c["name"] == "packs"]
    assert check["holds"] and check["looked_at"] == len(matter.packs.listing()) - 1
    assert len(check["notes"]) == 1 and "c1-left.zip" in check["notes"][0]
    one, other = sorted(matter.packs.listing())[:2]
    _change(matter, one, b"short")
    _change(matter, other, None)
    (check,) = [c for c in verify(matter, Silent(), sample=0)["checks"] if c["name"] == "packs"]
    assert sorted(check["problems"]) == [
        p for p in sorted(check["problems"]) if one in p or f"{other} is missing" in p
    ]
    assert len(check["problems"]) == 2


def _change(matter: Matter, pack: str, data: bytes | None) -> None:
    store = matter.packs
    if store.folder is not None:
        (store.folder / pack).unlink()
        if data is not None:
            (store.folder / pack).write_bytes(data)
        return
    store.files.rm_file(store.path(pack))
    if data is not None:
        store.files.pipe_file(store.path(pack), data)


@pytest.mark.parametrize("url", STORES, indirect=True)
def test_a_pack_left_by_another_reading(
    tmp_path: Path, evidence: Path, at_home: Matter, url: str
) -> None:
    """A worker that was lost after its upload may have read otherwise; its pack stays as it is."""
    matter = Workspace(tmp_path / "w", Deployment(packs=url)).create("acme")
    names = sorted(at_home.packs.listing())
    for name in names[:3]:
        left = tmp_path / "draft.zip"
        left.write_bytes(b"other bytes")
        matter.packs.accept(left, name)
    ingest(matter, evidence, profile=CUT)
    assert len(matter.packs.listing()) == len(names) + 3
    assert dump(matter) == dump(at_home)
    assert problems(matter) == []
    assert stored(matter) == stored(at_home)


@pytest.mark.server("s3")
@pytest.mark.fault
def test_a_store_that_fails_in_between(
    tmp_path: Path, evidence: Path, at_home: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3Packs, "waits", (0.01,) * 7)
    with bucket(monkeypatch) as name, faulty(server("s3")) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        deployment = Deployment(packs=f"s3://{name}")
        matter = Workspace(tmp_path / "w", deployment).create("acme")
        faults.method = "PUT"
        for round_ in range(3):
            faults.busy = 0 if round_ == 2 else 10_000
            faults.cut, faults.lost = 1, 1
            if round_ == 2:
                ingest(matter, evidence, profile=CUT)
                continue
            with pytest.raises(TryAgain, match="does not answer"):
                ingest(matter, evidence, profile=CUT)
        faults.method = "GET"
        faults.busy = faults.cut = faults.short = 2
        assert stored(matter) == stored(at_home)
        assert dump(matter) == dump(at_home)
        assert problems(matter) == []


@pytest.mark.server("s3")
def test_the_sample_by_command(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first custodian of the sample, on two workers, with packs on S3."""
    home = tmp_path / "home"
    folder, custodian = next(iter(sample.facts["custodians"].items()))
    with bucket(monkeypatch) as name:
        config = tmp_path / "firm.yaml"
        config.write_text(f"packs: s3://{name}/matters\n")
        monkeypatch.setenv("EDISCOVERY_CONFIG", str(config))
        call(home, "matter", "create", "acme")
        call(
            home, "ingest", str(sample.evidence / folder), "--matter", "acme", "--custodian",
            custodian, "--password-file", str(sample.evidence / "passwords.txt"),
            "--workers", "2", expect=3,
        )  # fmt: skip
        matter = Workspace(home, Deployment(packs=f"s3://{name}/matters")).open("acme")
        monkeypatch.delenv("EDISCOVERY_CONFIG")
        assert _hashes(matter) == _hashes(Workspace(sample.home).open("acme"))
        monkeypatch.setenv("EDISCOVERY_CONFIG", str(config))
        assert json.loads(call(home, "verify", "acme", "--json"))["holds"] is True
        found = json.loads(call(home, "search", "acme", "contract", "--json"))
        number = found["documents"][0]["control_number"]
        assert "contract" in call(home, "doc", "text", "acme", number).lower()
        call(home, "exceptions", "acme", "--retry", expect=3)
        assert json.loads(call(home, "verify", "acme", "--json"))["holds"] is True
        doctor = json.loads(call(home, "doctor", "--json"))
        assert {"object store", "object store: write once"} <= {f["what"] for f in doctor}
        assert not (matter.folder / "packs").exists()


def _hashes(matter: Matter) -> list[Any]:
    with matter.engine.connect() as connection:
        return list(
            connection.execute(
                select(
                    documents.c.number, items.c.position, items.c.sha256, items.c.text_sha256,
                    items.c.dedupe_hash, items.c.family_hash, items.c.family, items.c.state,
                )
                .join(
                    items,
                    (items.c.collection_id == documents.c.collection_id)
                    & (items.c.position == documents.c.position),
                )
                .where(items.c.collection_id == 1)
                .order_by(documents.c.number)
            )
        )  # fmt: skip
