"""S3 as it fails: busy, cut off, lying, refusing; and what it can hold us to."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import TryAgain, UsageError, VerificationFailed
from ediscovery.store import packs_remote
from ediscovery.store.pack_store import Accepted, Member, open_packs
from ediscovery.store.packs import Place
from ediscovery.store.packs_s3 import S3Packs
from tests.contracts.pack_store import sha256, write
from tests.servers import server
from tests.store.buckets import bucket, client
from tests.store.faulty import Faults, faulty

pytestmark = pytest.mark.server("s3")
CONTENTS = [b"one " * 400, os.urandom(3000), b"three " * 300]
HOURS = timedelta(hours=1)


@pytest.fixture
def faults() -> Iterator[Faults]:
    with faulty(server("s3")) as faults:
        yield faults


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with bucket(monkeypatch) as name:
        yield name


@pytest.fixture
def store(name: str, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> S3Packs:
    """Packs in a new bucket, reached through the faulty server, with short patience."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
    monkeypatch.setattr(S3Packs, "waits", (0.01, 0.01, 0.01, 0.01))
    return S3Packs(f"s3://{name}/some/where", "acme")


@pytest.fixture
def members(store: S3Packs, tmp_path: Path) -> list[Member]:
    """A pack in the store."""
    members = write(tmp_path / "a.zip", CONTENTS)
    store.accept(tmp_path / "a.zip", "a.zip")
    return members


@pytest.mark.parametrize("fault", ["busy", "cut", "short", "flip", "lost"])
@pytest.mark.fault
def test_reading_goes_on_after_faults(
    store: S3Packs, members: list[Member], faults: Faults, fault: str
) -> None:
    faults.method = "GET"
    for member, content in zip(members, CONTENTS, strict=True):
        setattr(faults, fault, 2)
        assert store.read(*member) == content
    setattr(faults, fault, 2)
    assert store.read_many(members) == CONTENTS
    assert getattr(faults, fault) == 0


@pytest.mark.parametrize("fault", ["busy", "cut", "short", "lost"])
@pytest.mark.fault
def test_a_store_that_stays_down_is_tried_again_later(
    store: S3Packs, members: list[Member], faults: Faults, fault: str
) -> None:
    faults.method = "GET"
    setattr(faults, fault, 1000)
    for ask in (
        lambda: store.read(*members[0]),
        lambda: store.read_many(members),
        lambda: list(store.pieces("a.zip", Place(0, 100, 0))),
        lambda: store.digest("a.zip"),
    ):
        with pytest.raises(TryAgain, match=f"{store.url} does not answer") as told:
            ask()
        assert told.value.exit_code == 75
    setattr(faults, fault, 0)
    assert store.read_many(members) == CONTENTS


@pytest.mark.parametrize("fault", ["busy", "lost"])
@pytest.mark.fault
def test_writing_goes_on_after_faults(
    store: S3Packs, faults: Faults, fault: str, tmp_path: Path
) -> None:
    """An answer that is lost leaves the pack there; the next try finds it and no second one."""
    for method in ("HEAD", "PUT"):
        draft = tmp_path / f"{method}.zip"
        members = write(draft, CONTENTS)
        faults.method = method
        setattr(faults, fault, 3)
        accepted = store.accept(draft, draft.name)
        assert accepted.pack == draft.name
        assert getattr(faults, fault) == 0
        assert store.read_many(members) == CONTENTS
    assert sorted(store.listing()) == ["HEAD.zip", "PUT.zip"]


@pytest.mark.fault
def test_parts_that_fail_are_sent_again(store: S3Packs, faults: Faults, tmp_path: Path) -> None:
    draft = tmp_path / "a.zip"
    write(draft, [os.urandom(36 << 20)])
    whole = sha256(draft.read_bytes())
    faults.method, faults.busy = "PUT", 3
    assert store.accept(draft, "a.zip").sha256 == whole
    assert store.digest("a.zip") == whole
    parts = [seen for seen in faults.seen if "partNumber=3" in seen]
    assert parts
    uploads = client().list_multipart_uploads(Bucket=store.url.split("/")[2])
    assert not uploads.get("Uploads")


@pytest.mark.parametrize("size", [3000, 33 << 20])
@pytest.mark.fault
def test_what_arrives_otherwise_is_sent_again(
    store: S3Packs, faults: Faults, tmp_path: Path, size: int
) -> None:
    """It stays there, for nothing is deleted, and the pack goes under another name."""
    (member,) = write(tmp_path / "a.zip", [os.urandom(size)])
    whole = sha256((tmp_path / "a.zip").read_bytes())
    faults.method, faults.spoil = "PUT", 1
    accepted = store.accept(tmp_path / "a.zip", "a.zip")
    assert faults.spoil == 0
    assert accepted.pack == f"a-{whole[:16]}.zip" and accepted.sha256 == whole
    assert store.digest(accepted.pack) == whole
    assert len(store.read(accepted.pack, member.place, member.sha256)) == size


def test_a_store_that_takes_nothing(store: S3Packs, faults: Faults, tmp_path: Path) -> None:
    draft = tmp_path / "a.zip"
    write(draft, CONTENTS)
    faults.method, faults.busy = "PUT", 1000
    with pytest.raises(TryAgain, match="does not answer: SlowDown"):
        store.accept(draft, "a.zip")
    faults.busy = 0
    assert store.listing() == {}
    assert draft.exists()
    assert store.accept(draft, "a.zip").pack == "a.zip"


def test_nobody_there(store: S3Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for ask in (store.prepare, store.listing, lambda: store.read("a.zip", Place(0, 9, 0))):
        store.close()
        with pytest.raises(TryAgain, match="does not answer"):
            ask()


def test_damage_in_the_store_is_no_fault_of_the_way(store: S3Packs, members: list[Member]) -> None:
    """Bytes that stay wrong however often they are read."""
    bucket_name, key = store.path("a.zip").split("/", 1)
    s3 = client()
    whole = bytearray(s3.get_object(Bucket=bucket_name, Key=key)["Body"].read())
    whole[members[1].place.offset + 5] ^= 1
    s3.put_object(Bucket=bucket_name, Key=key, Body=bytes(whole))
    assert store.read(*members[0]) == CONTENTS[0]
    for ask in (lambda: store.read(*members[1]), lambda: store.read_many(members)):
        with pytest.raises(VerificationFailed, match="damaged"):
            ask()
    s3.put_object(Bucket=bucket_name, Key=key, Body=bytes(whole[: members[1].place.offset + 9]))
    with pytest.raises(VerificationFailed, match="ends early"):
        store.read(*members[2])
    with pytest.raises(VerificationFailed, match="ends early"):
        store.read_many(members)


def test_a_copy_for_a_parser_is_checked(
    store: S3Packs, members: list[Member], faults: Faults, tmp_path: Path
) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    faults.method, faults.flip = "GET", 2
    path, place = store.local(members[1], keep)
    assert path.read_bytes() == CONTENTS[1] and place == Place(0, 3000, 0)
    faults.seen.clear()
    assert store.local(members[1], keep) == (path, place)
    assert faults.seen == []
    with pytest.raises(VerificationFailed, match="damaged"):
        store.local(members[0]._replace(sha256=sha256(b"other")), keep)
    assert [copy.name for copy in keep.iterdir()] == [path.name]


def test_copies_are_kept_within_a_bound(
    store: S3Packs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs_remote, "_KEEP", 2500)
    keep = tmp_path / "keep"
    keep.mkdir()
    members = write(tmp_path / "a.zip", [os.urandom(1000) for _ in range(4)])
    store.accept(tmp_path / "a.zip", "a.zip")
    first, second, third, fourth = members
    one = store.local(first, keep)[0]
    two = store.local(second, keep)[0]
    os.utime(one, (1, 1))
    os.utime(two, (2, 2))
    store.local(first, keep)  # used again: the second is the one that went unused longest
    three = store.local(third, keep)[0]
    assert set(keep.iterdir()) == {one, three}
    assert store.local(fourth, keep)[0].exists() and len(list(keep.iterdir())) == 2


@pytest.mark.parametrize("way", ["unconditional", "refuse"])
def test_servers_that_know_no_conditions(
    store: S3Packs, faults: Faults, tmp_path: Path, way: str
) -> None:
    setattr(faults, way, True)
    accepted = []
    for content in (b"one" * 90, b"two" * 90, b"one" * 90):
        members = write(tmp_path / "a.zip", [content])
        accepted.append(store.accept(tmp_path / "a.zip", "a.zip"))
        assert store.read(accepted[-1].pack, members[0].place, members[0].sha256) == content
    assert accepted[0] == accepted[2] and accepted[0].pack == "a.zip" != accepted[1].pack
    (once,) = [found for found in store.probe() if found.what.endswith("write once")]
    assert once.state == "weak"


def test_the_server_decides_between_two_writers(
    store: S3Packs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look before either writes."""
    monkeypatch.setattr(S3Packs, "_there", lambda self, path: False)
    kept: list[Accepted] = []
    for content in (b"one" * 90, b"two" * 90):
        write(tmp_path / "a.zip", [content])
        kept.append(store.accept(tmp_path / "a.zip", "a.zip"))
        assert store.digest(kept[-1].pack) == kept[-1].sha256
    assert kept[0].pack != kept[1].pack and store.digest("a.zip") == kept[0].sha256
    large = [os.urandom(1000), os.urandom(1000)]
    for content in large:
        write(tmp_path / "b.zip", [content * (33 << 10)], compress=False)
        accepted = store.accept(tmp_path / "b.zip", "b.zip")
        assert store.digest(accepted.pack) == accepted.sha256
    assert len(store.listing()) == 4


def test_neighbours_come_together(store: S3Packs, faults: Faults, tmp_path: Path) -> None:
    contents = [os.urandom(2000) for _ in range(400)]
    members = write(tmp_path / "a.zip", contents)
    store.accept(tmp_path / "a.zip", "a.zip")
    faults.seen.clear()
    assert store.read_many(members[::2]) == contents[::2]
    assert len(faults.seen) == 1


def test_wrong_credentials_are_named_and_not_shown(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server of the tests looks at no signatures, so its refusals are made up."""
    secret = secrets.token_hex(20)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    store = S3Packs(f"s3://{name}", "acme")
    for code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken"):
        told = store.meaning(_refusal(code, f"key {secret}"), "Pack a.zip")
        assert isinstance(told, UsageError) and code in told.message
        assert "AWS_ACCESS_KEY_ID" in told.next_step
        assert secret not in told.message + told.next_step
    assert secret not in store.reason(OSError(f"signed with {secret}"))


def _refusal(code: str, message: str) -> Exception:
    from botocore.exceptions import ClientError
    from s3fs.errors import translate_boto_error

    answer = {"Error": {"Code": code, "Message": message}}
    translated: Exception = translate_boto_error(ClientError(answer, "GetObject"))
    return translated


def test_no_credentials_at_all(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="no credentials"):
        S3Packs(f"s3://{name}", "acme").prepare()


def test_no_bucket(store: S3Packs, tmp_path: Path) -> None:
    members = write(tmp_path / "a.zip", CONTENTS)
    nowhere = S3Packs("s3://no-such-bucket-of-ours/x", "acme")
    for ask in (
        nowhere.prepare,
        nowhere.listing,
        lambda: nowhere.accept(tmp_path / "a.zip", "a.zip"),
        lambda: nowhere.read(*members[0]),
        lambda: nowhere.digest("a.zip"),
    ):
        with pytest.raises(UsageError, match="no bucket"):
            ask()


def test_a_lock_is_put_on_each_pack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = {"mode": "governance", "days": 3}
    with bucket(monkeypatch, lock=True) as name:
        store = open_packs(Deployment(packs=f"s3://{name}", packs_lock=lock), Path(), "acme")
        assert isinstance(store, S3Packs)
        for content in (b"small", os.urandom(33 << 20)):
            write(tmp_path / "a.zip", [content])
            accepted = store.accept(tmp_path / "a.zip", "a.zip")
            key = store.path(accepted.pack).split("/", 1)[1]
            held = client().head_object(Bucket=name, Key=key)
            assert held["ObjectLockMode"] == "GOVERNANCE"
            left = held["ObjectLockRetainUntilDate"] - datetime.now(UTC)
            assert timedelta(days=3) - HOURS < left < timedelta(days=3) + HOURS
        found = {probe.what: probe for probe in store.probe()}
        assert found["object store: lock"].state == "ok"
        assert "can't be deleted" in found["object store: lock"].detail
        assert len(store.listing()) == 2


def test_a_lock_that_the_bucket_does_not_know(name: str, tmp_path: Path) -> None:
    store = S3Packs(f"s3://{name}", "acme", {"mode": "compliance", "days": 1})
    write(tmp_path / "a.zip", CONTENTS)
    with pytest.raises(UsageError, match="takes no lock"):
        store.accept(tmp_path / "a.zip", "a.zip")
    found = {probe.what: probe.state for probe in store.probe()}
    assert found["object store: lock"] == "broken"


def test_the_probe_leaves_nothing(store: S3Packs) -> None:
    found = {probe.what: probe.state for probe in store.probe()}
    assert found == {
        "object store": "ok",
        "object store: write once": "ok",
        "object store: lock": "missing",
        "object store: delete": "ok",
    }
    assert store.listing() == {}


def test_after_a_fork_and_in_threads(store: S3Packs, members: list[Member]) -> None:
    """Connections belong to one process; a store that was used before a fork works after it."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda m: store.read(*m), members * 5)) == CONTENTS * 5
    code = (
        "import os, sys\n"
        "from ediscovery.store.packs_s3 import S3Packs\n"
        f"store = S3Packs({store.url!r}, 'acme')\n"
        "store.prepare()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(0 if len(store.digest('a.zip')) == 64 else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print(store.digest('a.zip'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.strip() == store.digest("a.zip"), done.stderr
