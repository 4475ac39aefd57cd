"""Every store of packs against the contract, and which store a deployment names."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import UsageError
from ediscovery.store.pack_store import PackStore, open_packs
from ediscovery.store.packs_folder import FolderPacks
from ediscovery.store.packs_remote import RemotePacks
from tests.contracts.pack_store import PackStoreContract, write
from tests.store.buckets import bucket

Change = Callable[[bytes], bytes | None]


class _Files(PackStoreContract):
    """Stores that end up as files of this machine."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.root = tmp_path / "stores"

    def new(self, url: str) -> tuple[Deployment, Path]:
        """A deployment and a matter's folder that were never used before."""
        fresh = self.root / secrets.token_hex(4)
        fresh.mkdir(parents=True)
        return Deployment(packs=url.format(fresh)), fresh

    url = "folder"

    @contextmanager
    def make(self) -> Iterator[PackStore]:
        deployment, fresh = self.new(self.url)
        store = open_packs(deployment, fresh / "matter", "acme")
        try:
            yield store
        finally:
            store.close()
            shutil.rmtree(fresh)

    def spoil(self, store: PackStore, pack: str, change: Change) -> None:
        path = Path(store.path(pack)) if isinstance(store, RemotePacks) else store.folder / pack
        changed = change(path.read_bytes())
        path.unlink()
        if changed is not None:
            path.write_bytes(changed)


class TestFolder(_Files):
    pass


class TestFile(_Files):
    """A folder that machines share."""

    url = "file://{}/shared"


class TestLocal(_Files):
    """The same files by way of fsspec, which moves whole objects and ranges."""

    url = "local://{}/objects"


class TestMemory(PackStoreContract):
    @contextmanager
    def make(self) -> Iterator[PackStore]:
        yield open_packs(Deployment(packs=f"memory://{secrets.token_hex(4)}"), Path(), "acme")

    def spoil(self, store: PackStore, pack: str, change: Change) -> None:
        changed = change(store.files.cat_file(store.path(pack)))
        store.files.rm_file(store.path(pack))
        if changed is not None:
            store.files.pipe_file(store.path(pack), changed)


@pytest.mark.server("s3")
class TestS3(PackStoreContract):
    @pytest.fixture(autouse=True)
    def _bucket(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with bucket(monkeypatch) as self.bucket:
            yield

    @contextmanager
    def make(self) -> Iterator[PackStore]:
        url = f"s3://{self.bucket}/{secrets.token_hex(4)}"
        yield open_packs(Deployment(packs=url), Path(), "acme")

    spoil = TestMemory.spoil


def test_a_matter_has_its_own_prefix(tmp_path: Path) -> None:
    shared = f"file://{tmp_path}/a%20b"
    one = open_packs(Deployment(packs=shared), tmp_path / "x", "one")
    assert isinstance(one, FolderPacks) and one.folder == tmp_path / "a b" / "one" / "packs"
    two = open_packs(Deployment(packs="memory://shared/"), tmp_path / "x", "two")
    assert isinstance(two, RemotePacks) and two.path("a.zip").endswith("shared/two/packs/a.zip")
    own = open_packs(Deployment(), tmp_path / "x", "one")
    assert own.folder == tmp_path / "x" / "packs"


def test_a_folder_on_another_disk(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("left out: there is no second file system")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        store = FolderPacks(Path(folder) / "packs")
        for content in (b"one" * 90, b"two" * 90, b"one" * 90):
            (member,) = write(tmp_path / "a.zip", [content])
            accepted = store.accept(tmp_path / "a.zip", "a.zip")
            assert not (tmp_path / "a.zip").exists()
            assert store.read(accepted.pack, member.place) == content
        assert len(store.listing()) == 2


@pytest.mark.parametrize("errors", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errors, os.strerror(errors))

    monkeypatch.setattr(os, "link", refuse)
    store = FolderPacks(tmp_path / "packs")
    for content in (b"one" * 90, b"two" * 90, b"one" * 90):
        (member,) = write(tmp_path / "a.zip", [content])
        accepted = store.accept(tmp_path / "a.zip", "a.zip")
        assert store.read(accepted.pack, member.place) == content
    assert len(store.listing()) == 2


@pytest.mark.parametrize("packs", ["folder", "file:///tmp/x", "memory://x"])
def test_a_lock_where_there_is_none(packs: str, tmp_path: Path) -> None:
    lock = {"mode": "governance", "days": 1}
    with pytest.raises(UsageError, match="can't be locked"):
        open_packs(Deployment(packs=packs, packs_lock=lock), tmp_path, "acme")


def test_a_store_that_nobody_knows() -> None:
    store = open_packs(Deployment(packs="nowhere://x"), Path(), "acme")
    with pytest.raises(UsageError, match="nowhere://x can't be opened"):
        store.prepare()
