"""A file that hangs, crashes or bursts its reader costs itself its text, and nothing else."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import psutil
import pytest

from ediscovery.engine import sandbox
from ediscovery.engine.progress import Silent
from ediscovery.engine.sandbox import Sandbox
from ediscovery.engine.unit import UnitReader
from ediscovery.engine.verify import verify
from ediscovery.engine.work import Job, Outcome, Source, Unit
from ediscovery.extract.walk import Poison
from ediscovery.model import positions
from ediscovery.model.errors import TryAgain
from ediscovery.model.items import COLUMNS
from ediscovery.model.profile import Profile
from ediscovery.store.packs import PackWriter, Place
from ediscovery.store.packs_folder import FolderPacks
from tests.engine.matters import QUICK, archive, by_path, ingest, mail, new

MIB = 1 << 20
# Seconds of honest work and hundreds of megabytes for the HTML reader.
SLOW = b"<html><body>" + b"<p>x <b>y</b></p>" * 1_000_000 + b"</body></html>"


def limited(**limits: Any) -> Profile:
    """The quick profile under other limits."""
    return replace(QUICK, limits=replace(QUICK.limits, **limits))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small files with a slow one between them."""
    made = tmp_path / "e"
    made.mkdir()
    (made / "a.html").write_bytes(b"<p>before</p>")
    (made / "b.html").write_bytes(SLOW)
    (made / "c.html").write_bytes(b"<p>after</p>")
    return made


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two small files."""
    made = tmp_path / "s"
    made.mkdir()
    (made / "a.txt").write_bytes(b"one")
    (made / "b.txt").write_bytes(b"two")
    return made


Open = Callable[[Profile, Path], tuple[Sandbox, Unit]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Makes a sandbox and the unit of all files in a folder."""
    made: list[Sandbox] = []

    def open_(profile: Profile, folder: Path) -> tuple[Sandbox, Unit]:
        packs = tmp_path / "packs"
        packs.mkdir(exist_ok=True)
        job = Job(("acme", str(tmp_path), "ACME", {}), profile.as_dict(), (), (str(folder),))
        made.append(Sandbox(job, FolderPacks(packs), tmp_path / "scratch", tmp_path / "parser.log"))
        files = sorted(folder.iterdir())
        sources = [
            Source(
                bytes(p), positions.ordinal(n), p.name, hashlib.sha256(p.read_bytes()).hexdigest()
            )
            for n, p in enumerate(files)
        ]
        return made[-1], Unit(1, "c1-a0", "files", sources)

    yield open_
    for one in made:
        one.close()


def states(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Items of an outcome by path."""
    rows = [row for batch in outcome.batches for row in msgpack.unpackb(batch)]
    return {row[COLUMNS.index("path")]: dict(zip(COLUMNS, row, strict=True)) for row in rows}


def assert_only_one_suffers(outcome: Outcome, state: str, packs: Path) -> None:
    found = states(outcome)
    assert {path: row["state"] for path, row in found.items()} == {
        "a.html": "ok",
        "b.html": state,
        "c.html": "ok",
    }
    bad = found["b.html"]
    assert (bad["role"], bad["family"], bad["size"]) == ("document", "a1", len(SLOW))
    assert bad["sha256"] == hashlib.sha256(SLOW).hexdigest()
    assert bad["md5"] and bad["dedupe_hash"] and bad["family_hash"] and bad["message"]
    assert bad["mime_type"] == "text/html" and bad["text_chars"] == 0
    place = Place(bad["native_offset"], bad["native_length"], bad["native_method"])
    assert FolderPacks(packs).read(bad["pack"], place) == SLOW
    assert found["c.html"]["text_chars"] > 0


@pytest.mark.parametrize(
    ("limits", "state", "says"),
    [
        ({"wall_seconds": 0.8}, "timeout", "more than 0.8 s and"),
        ({"cpu_seconds": 0.5}, "timeout", "CPU time"),
        ({"memory_bytes": 320 * MIB}, "limit:memory", "320 MiB"),
    ],
)
def test_limits_stop_one_file(
    opened: Open, folder: Path, tmp_path: Path, limits: dict[str, Any], state: str, says: str
) -> None:
    box, unit = opened(limited(**limits), folder)
    started = time.monotonic()
    outcome = box.run(unit)
    assert_only_one_suffers(outcome, state, tmp_path / "packs")
    assert says in states(outcome)["b.html"]["message"]
    assert outcome.restarts == 1
    assert time.monotonic() - started < 120


class Meddler(threading.Thread):
    """Does something to the first parsers that are seen reading ``position``."""

    def __init__(
        self, box: Sandbox, position: str, act: Callable[[psutil.Process], None], times: int = 1
    ) -> None:
        super().__init__(daemon=True)
        self._box, self._position, self._act, self._times = box, position, act, times
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        met: set[int] = set()
        while len(met) < self._times and not self._over.wait(0.002):
            process = self._box._process
            if process is None or process.pid in met:
                continue
            since, position, _ = self._box._page.look()
            if since and position == self._position and self._box._process is process:
                met.add(process.pid)
                self._act(psutil.Process(process.pid))

    def __enter__(self) -> Meddler:
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.join()


def crash(parser: psutil.Process) -> None:
    parser.send_signal(signal.SIGSEGV)


def test_a_crash_is_tried_three_times(opened: Open, folder: Path, tmp_path: Path) -> None:
    box, unit = opened(QUICK, folder)
    with Meddler(box, "a1", crash, times=3):
        outcome = box.run(unit)
    assert_only_one_suffers(outcome, "crashed", tmp_path / "packs")
    assert states(outcome)["b.html"]["message"] == "Its parser crashed 3 times (SIGSEGV)."
    assert outcome.restarts == 3


def test_one_crash_is_forgiven(opened: Open, folder: Path) -> None:
    box, unit = opened(QUICK, folder)
    with Meddler(box, "a1", crash):
        outcome = box.run(unit)
    assert {row["state"] for row in states(outcome).values()} == {"ok"}
    assert outcome.restarts == 1


def test_a_parser_that_hangs_is_stopped(opened: Open, folder: Path, tmp_path: Path) -> None:
    box, unit = opened(limited(wall_seconds=0.5), folder)
    with Meddler(box, "a1", lambda parser: parser.suspend()):
        outcome = box.run(unit)
    assert_only_one_suffers(outcome, "timeout", tmp_path / "packs")


def test_a_file_that_crashes_even_when_it_is_left_alone(opened: Open, folder: Path) -> None:
    box, unit = opened(QUICK, folder)
    with Meddler(box, "a1", crash, times=4):
        outcome = box.run(unit)
    found = {path: row["state"] for path, row in states(outcome).items()}
    assert found == {"a.html": "ok", "b.html": "crashed", "c.html": "ok"}
    assert 3 <= outcome.restarts <= 4, "the last crash may come too late"


def test_inside_a_family_only_the_bad_member_suffers(tmp_path: Path) -> None:
    folder = tmp_path / "e"
    folder.mkdir()
    inner = archive({"x.html": b"<p>x</p>", "bad.html": SLOW, "y.html": b"<p>y</p>"})
    (folder / "m.eml").write_bytes(mail(1, "body", {"in.zip": inner, "n.txt": b"note"}))
    (folder / "z.zip").write_bytes(inner)
    (folder / "z.txt").write_bytes(b"neighbour")
    matter = new(tmp_path / "w")
    ingest(matter, folder, profile=limited(wall_seconds=0.8))
    found = by_path(matter)
    assert {path: row.state for path, row in found.items()} == {
        "e/m.eml": "ok",
        "e/m.eml!/in.zip": "ok",
        "e/m.eml!/in.zip!/x.html": "ok",
        "e/m.eml!/in.zip!/bad.html": "timeout",
        "e/m.eml!/in.zip!/y.html": "ok",
        "e/m.eml!/n.txt": "ok",
        "e/z.txt": "ok",
        "e/z.zip": "ok",
        "e/z.zip!/x.html": "ok",
        "e/z.zip!/bad.html": "timeout",
        "e/z.zip!/y.html": "ok",
    }
    top = found["e/m.eml"]
    assert all(row.family == top.position for p, row in found.items() if p.startswith("e/m.eml"))
    assert found["e/z.zip!/bad.html"].sha256 == hashlib.sha256(SLOW).hexdigest()
    assert verify(matter, Silent())["holds"]


def test_blame_climbs_to_what_holds_the_item_and_ends() -> None:
    poison: dict[str, tuple[str, str, bool]] = {}
    verdict = ("crashed", "It crashed.")
    seen = []
    with pytest.raises(TryAgain, match="does not stay up"):
        for _ in range(20):
            sandbox._blame(poison, "a1b12a3", verdict)
            seen.append(dict(poison))
    assert [list(state)[-1] for state in seen] == ["a1b12a3"] * 2 + ["a1b12"] * 2 + ["a1"] * 2


def test_a_root_whose_bytes_alone_stop_the_parser_is_not_opened(
    folder: Path, tmp_path: Path
) -> None:
    with open(tmp_path / "p", "w+b") as file:
        source = Source(bytes(folder / "a.html"), "a0", "e/a.html")
        reader = UnitReader(
            Unit(1, "u", "files", [source]), QUICK, (), tmp_path, PackWriter(file), "p",
            lambda *_: None, {"a0": Poison("crashed", "It crashed.", again=True)},
        )  # fmt: skip
        assert list(reader.read(0)) == [1]
    (row,) = reader.rows
    found = dict(zip(COLUMNS, row, strict=True))
    assert (found["state"], found["role"], found["native_offset"]) == ("crashed", "failed", None)


def test_a_parser_that_never_starts_is_our_failure(
    opened: Open, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, unit = opened(QUICK, small)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(TryAgain, match="could not start"):
        box.run(unit)


def test_garbage_from_a_parser_is_not_believed(opened: Open, small: Path) -> None:
    box, unit = opened(QUICK, small)
    box._page.enter("../../x", "garbage")
    assert box.run(unit).items == 2
    box._page.enter("not a position", "garbage")
    assert box._process is not None
    box._process.kill()
    assert box._post_mortem()[0] == ""


@pytest.mark.parametrize(
    ("said", "code", "state"),
    [
        ("", sandbox.MEMORY_EXIT, "limit:memory"),
        ("Fatal error: java.lang.OutOfMemoryError: no heap chunk", 99, "limit:memory"),
        ("Fatal error: something else", 99, "crashed"),
        ("java.lang.OutOfMemoryError", 1, "crashed"),
    ],
)
def test_what_a_parser_died_of(opened: Open, small: Path, said: str, code: int, state: str) -> None:
    box, _ = opened(QUICK, small)
    (box._scratch / "parser.log").write_text(said)
    box._page.enter("a0", "a.txt")
    box._process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    position, verdict = box._post_mortem()
    assert (position, verdict[0]) == ("a0", state)


def test_the_parser_is_alone(opened: Open, small: Path) -> None:
    """What the running parser process itself has been left with."""
    box, unit = opened(QUICK, small)
    outcome = box.run(unit)
    assert outcome.isolation == "network, files, resources"
    assert box._process is not None
    pid = box._process.pid
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert f"Max data size             {QUICK.limits.memory_bytes}" in limits
    assert "Max core file size        0" in limits
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"EDISCOVERY_HOME" not in environment


def test_the_parser_dies_with_whoever_started_it(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from tests.hostile.test_sandbox import *\n"
        f"here = {str(tmp_path)!r}\n"
        "job = Job(('a', here, 'A', {}), QUICK.as_dict(), (), ())\n"
        "here = Path(here)\n"
        "box = Sandbox(job, FolderPacks(here), here / 'scratch', here / 'log')\n"
        "print(box._running().pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    parser = psutil.Process(int(starter.stdout.readline()))
    starter.kill()
    starter.wait()
    parser.wait(10)
