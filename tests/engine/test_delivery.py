"""Source files that come to a worker give the same matter as those that it reads itself."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ediscovery.engine import delivery
from ediscovery.engine.delivery import Receiver, Sender
from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.tasks import hash_files
from ediscovery.engine.verify import verify
from ediscovery.engine.work import Source, Unit
from ediscovery.model import positions
from ediscovery.model.errors import TryAgain
from ediscovery.store import deliveries
from ediscovery.store.workspace import Matter
from tests.engine.kills import _mailbox
from tests.engine.matters import QUICK, by_path, dump, ingest, make, new

PROFILE = replace(QUICK, unit_items=9, unit_bytes=50_000, cut_bytes=60_000)


class Apart(SerialPool):
    """Runs tasks here as if the source folder could not be seen; ``act`` runs after custody."""

    sees_sources = False

    def __init__(self, act: Callable[[], Any] = lambda: None) -> None:
        super().__init__()
        self._act = act
        self.delivered: list[Any] = []

    def run(self, function, tasks):  # type: ignore[no-untyped-def]
        self._act()
        self._act = lambda: None
        for task, result in super().run(function, tasks):
            if hasattr(task, "delivery"):
                self.delivered.append(task.delivery)
            yield task, result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make(tmp_path / "e", 40)
    (made / "box.mbox").write_bytes(_mailbox(300))
    (made / "large.bin").write_bytes(bytes(range(256)) * 8192)  # 2 MiB: a parcel
    os.symlink("/etc/passwd", made / "link")
    return made


def read_apart(folder: Path, act: Callable[[], Any] = lambda: None) -> tuple[Matter, Apart]:
    matter = new(folder.parent / "apart")
    pool = Apart(act)
    try:
        ingest(matter, folder, profile=PROFILE, pool=pool)
    finally:
        pool.close()
    assert verify(matter, Silent())["holds"]
    assert list((matter.folder / "deliveries").glob("*")) == []
    return matter, pool


def test_the_same_matter_whoever_opens_the_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_IN_TASK", 30_000)
    here = new(tmp_path / "here")
    ingest(here, folder, profile=PROFILE)
    apart, pool = read_apart(folder)
    assert dump(apart) == dump(here)
    parcels = [d.parcel.name for d in pool.delivered if d.parcel is not None]
    assert len(parcels) > len(set(parcels)) >= 2, "ranges share the parcel of their mailbox"
    assert any(d.data for d in pool.delivered)


@pytest.mark.parametrize("what", ["gone", "changed", "pipe", "link", "folder"])
def test_what_became_of_a_file_since_custody_is_told_alike(
    folder: Path, tmp_path: Path, what: str
) -> None:
    file = folder / "file.txt"
    file.write_text("here")

    def act() -> None:
        file.unlink()
        if what == "changed":
            file.write_text("there")
        elif what == "pipe":
            os.mkfifo(file)
        elif what == "link":
            os.symlink("/etc/passwd", file)
        elif what == "folder":
            file.mkdir()

    class Between(SerialPool):
        def run(self, function, tasks):  # type: ignore[no-untyped-def]
            yield from super().run(function, tasks)
            if function is hash_files:
                act()

    here, pool = new(tmp_path / "here"), Between()
    ingest(here, folder, profile=PROFILE, pool=pool)
    pool.close()
    if file.is_dir() and not file.is_symlink():
        file.rmdir()
    else:
        file.unlink(missing_ok=True)
    file.write_text("here")
    apart, _ = read_apart(folder, act)
    fields = ("state", "role", "message", "sha256", "stage")
    mine, theirs = (by_path(m)["e/file.txt"] for m in (apart, here))
    assert [getattr(mine, f) for f in fields] == [getattr(theirs, f) for f in fields]
    assert mine.state in ("unreadable", "changed")


def unit(*paths: Path) -> Unit:
    return Unit(
        1, "c1-a0", "files",
        [Source(bytes(p), positions.ordinal(n), p.name) for n, p in enumerate(paths)],
    )  # fmt: skip


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(3 << 20))
    return path


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(new(tmp_path / "w"), tmp_path / "own", tmp_path / "kept")
    yield made
    made.close()


def sent(receiver: Receiver, tmp_path: Path, *paths: Path) -> delivery.Delivery:
    from ediscovery.store.workspace import Workspace

    found = Sender(Workspace(tmp_path / "w").open("acme")).send(unit(*paths))
    assert found is not None
    return found


def test_files_arrive_whole_and_names_from_evidence_do_not(
    receiver: Receiver, tmp_path: Path, large: Path
) -> None:
    odd = tmp_path / "-rf \n;x"
    odd.write_bytes(b"odd")
    for paths in ([odd], [odd, large]):
        made = receiver.lay_out(unit(*paths), sent(receiver, tmp_path, *paths))
        for source, path in zip(made.sources, paths, strict=True):
            assert Path(os.fsdecode(source.path)).read_bytes() == path.read_bytes()
            assert os.stat(source.path).st_mtime_ns == path.stat().st_mtime_ns
            assert os.path.basename(source.path).isdigit()
            assert source.shown == path.name
    assert [path.name for path in (tmp_path / "own").iterdir()] == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "removed"])
def test_a_damaged_parcel_is_never_blamed_on_the_evidence(
    receiver: Receiver, tmp_path: Path, large: Path, damage: str
) -> None:
    made = sent(receiver, tmp_path, large)
    assert made.parcel is not None
    path = tmp_path / "w" / "matters" / "acme" / "deliveries" / made.parcel.name
    if damage == "cut":
        os.truncate(path, 1 << 20)
    elif damage == "flipped":
        path.write_bytes(b"x" + path.read_bytes()[1:])
    else:
        path.unlink()
    with pytest.raises(TryAgain):
        receiver.lay_out(unit(large), made)
    assert not (tmp_path / "kept" / made.parcel.name).exists()


def test_a_machine_keeps_parcels_within_a_bound_and_never_loses_one_in_use(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_KEPT", 7 << 20)
    matter = new(tmp_path / "w")
    kept = tmp_path / "kept"
    one, other = (Receiver(matter, tmp_path / name, kept) for name in "ab")
    parcels = [Sender(matter).send(unit(large)) for _ in range(4)]
    assert all(p is not None and p.parcel is not None for p in parcels)

    def here() -> list[bool]:
        return [(kept / p.parcel.name).exists() for p in parcels]  # type: ignore[union-attr]

    held = one.lay_out(unit(large), parcels[0])  # type: ignore[arg-type]
    for n in (1, 2, 3):
        other.lay_out(unit(large), parcels[n])  # type: ignore[arg-type]
    assert here() == [True, False, False, True]
    assert Path(os.fsdecode(held.sources[0].path)).stat().st_size == 3 << 20
    one.close()
    other.lay_out(unit(large), parcels[1])  # type: ignore[arg-type]
    assert here() == [False, True, False, True]
    other.close()


def _fetch(tmp_path: Path, name: str, large: Path, made: delivery.Delivery) -> None:
    from ediscovery.store.workspace import Workspace

    matter = Workspace(tmp_path / "w").open("acme")
    Receiver(matter, tmp_path / name, tmp_path / "kept").lay_out(unit(large), made)


def test_processes_of_a_machine_fetch_a_parcel_once(tmp_path: Path, large: Path) -> None:
    matter = new(tmp_path / "w")
    made = Sender(matter).send(unit(large))
    assert made is not None and made.parcel is not None
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_fetch, args=(tmp_path, n, large, made)) for n in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
        assert process.exitcode == 0
    place = tmp_path / "kept" / made.parcel.name
    first = place.stat().st_ino
    deliveries.of(matter).remove(made.parcel.name)  # a third needs no store any more
    _fetch(tmp_path, "c", large, made)
    assert place.stat().st_ino == first
