"""Every documented exit code by a real call, with one sentence and what to do next."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ediscovery.store.workspace import Workspace
from tests.cli.conftest import Call
from tests.engine.kills import COMMAND, Arena, left

_ATTEMPTS = 20
_PATIENCE = 600.0  # seconds until something hangs for certain; no measure of speed


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "--workspace", str(place), *arguments], capture_output=True, text=True
    )


def test_0_done(home: Path) -> None:
    assert run(home, "matter", "list").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("nonsense",), ("matter",), ("ingest",), ("ingest", "x", "--matter", "acme"),
        ("ingest", "/missing", "--matter", "acme", "--custodian", "J"),
        ("ingest", ".", "--matter", "acme", "--custodian", "J", "--profile", "unknown"),
        ("ingest", ".", "--matter", "acme", "--custodian", "J", "--workers", "-1"),
        ("ingest", ".", "--matter", "acme", "--custodian", " "),
        ("doc", "show", "acme", "999999"), ("doc", "show", "acme", "OTHER-1"),
        ("exceptions", "acme", "--state", "sad"), ("exceptions", "acme", "--ignore", "1"),
        ("exceptions", "acme", "--ignore", "9:z1", "--reason", "x"),
        ("verify", "acme", "--sample", "200%"), ("search", "acme", "(unclosed"),
        ("search", "acme", "x", "--fields", "nonsense"), ("exceptions", "acme", "--profile", "ocr"),
        ("verify", "acme", "--checkpoint", "/missing"), ("doc", "native", "acme", "x"),
    ],
    ids=lambda a: " ".join(a) or "nothing",
)  # fmt: skip
def test_2_usage(call: Call, spoiled: Path, arguments: tuple[str, ...]) -> None:
    said = call(spoiled, *arguments)
    assert said.code == 2
    assert said.out == "" and said.err.strip()
    assert "Traceback" not in said.err and "bug" not in said.err


def test_3_finished_with_exceptions(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "e"
    folder.mkdir()
    (folder / "a.txt").write_text("fine")
    call(tmp_path / "w", "matter", "create", "acme")
    command = ("ingest", folder, "--matter", "acme", "--custodian", "J", "--workers", "0")
    assert call(tmp_path / "w", *command, "--profile", "fast").code == 0
    (folder / "b.zip").write_bytes(b"PK\x03\x04 broken")
    said = call(tmp_path / "w", *command, "--profile", "fast")
    assert said.code == 3
    assert "ediscovery exceptions acme" in said.err


def test_4_refused(call: Call, spoiled: Path, evidence: Path) -> None:
    assert call(spoiled, "matter", "create", "acme").code == 4
    call(spoiled, "matter", "close", "acme", "--confirm", "acme")
    said = call(spoiled, "ingest", evidence, "--matter", "acme", "--custodian", "J")
    assert said.code == 4 and "was closed" in said.err


def test_5_verification_failed(call: Call, spoiled: Path) -> None:
    pack = next((spoiled / "matters" / "acme" / "packs").iterdir())
    data = bytearray(pack.read_bytes())
    data[200] ^= 1
    pack.write_bytes(data)
    said = call(spoiled, "verify", "acme")
    assert said.code == 5 and "does not verify" in said.err


def test_10_no_such_matter(call: Call, home: Path, tmp_path: Path) -> None:
    said = call(home, "status", "acem")
    assert said.code == 10
    assert "Known matters: acme." in said.err
    assert call(tmp_path / "none", "verify", "acme").code == 10


def test_11_locked(call: Call, home: Path, evidence: Path) -> None:
    with Workspace(home).open("acme").locked():
        for command in (
            ("ingest", str(evidence), "--matter", "acme", "--custodian", "J"),
            ("exceptions", "acme", "--retry"),
            ("index", "rebuild", "acme"),
        ):
            said = run(home, *command)
            assert said.returncode == 11, command
            assert f"process {os.getpid()}" in said.stderr
        assert run(home, "status", "acme").returncode == 0  # readers go on


def test_75_try_again(call: Call, home: Path) -> None:
    said = call(home, "report", "processing", "acme", "--html", "/dev/full")
    assert said.code == 75
    assert "No space left" in said.err and "run the same command again" in said.err


def test_5_a_catalog_that_is_gone_or_no_catalog(call: Call, spoiled: Path) -> None:
    catalog = spoiled / "matters" / "acme" / "catalog.sqlite"
    for left_over in catalog.parent.glob("catalog.sqlite-*"):
        left_over.unlink()
    catalog.write_bytes(b"no database at all, whatever its name says" * 100)
    for command in (("verify", "acme"), ("status", "acme"), ("doc", "show", "acme", "1")):
        said = call(spoiled, *command)
        assert said.code == 5 and "damaged" in said.err, said
    catalog.unlink()
    said = call(spoiled, "verify", "acme")
    assert said.code == 5 and "missing" in said.err
    assert not catalog.exists()  # an empty one in its place would hide the loss


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    return Arena(tmp_path_factory.mktemp("arena"), 80)


def workers_start(arena: Arena, name: str) -> bool:
    return (arena.place / name / "matters" / "acme" / "dask").exists()


def share(part: float) -> Callable[[Arena, str], bool]:
    """Whether ``part`` of the rows that a run writes are written."""
    return lambda arena, name: arena.progress(name) >= part * arena.work


@pytest.mark.parametrize(
    "moment", [workers_start, share(0.3), share(0.7)], ids=["workers start", "0.3", "0.7"]
)
def test_130_interrupted_and_the_same_command_goes_on(
    arena: Arena, request: pytest.FixtureRequest, moment: Callable[[Arena, str], bool]
) -> None:
    name = request.node.callspec.id.replace(" ", "-")
    name, process = interrupted(arena, name, arena.start, moment)
    code = process.wait(_PATIENCE)
    log = (arena.place / f"{name}.log").read_text()
    assert code == 130, log
    assert left(process.pid) == []
    assert "Traceback" not in log and "KeyboardInterrupt" not in log, log
    assert "What was committed stays" in log and "same command" in log
    # Also where every file was read before the stop and only index and tags were left to do.
    assert arena.start(name).wait(_PATIENCE) == 3
    assert arena.compare(name) == []


def test_130_without_workers(arena: Arena) -> None:
    def start(name: str) -> subprocess.Popen[bytes]:
        run(arena.place / name, "matter", "create", "acme")
        return subprocess.Popen(
            [*COMMAND, "--workspace", str(arena.place / name), "ingest", str(arena.folder),
             "--matter", "acme", "--custodian", "J", "--workers", "0",
             "--profile", str(arena.profile)],
            stderr=open(arena.place / f"{name}.log", "wb"), start_new_session=True,
        )  # fmt: skip

    name, process = interrupted(arena, "alone", start, share(0.3))
    assert process.wait(_PATIENCE) == 130
    assert (
        (arena.place / f"{name}.log")
        .read_text()
        .endswith("\nStopped. What was committed stays;\n  run the same command again to go on.\n")
    )
    assert left(process.pid) == []


def interrupted(
    arena: Arena,
    name: str,
    start: Callable[[str], subprocess.Popen[bytes]],
    moment: Callable[[Arena, str], bool],
) -> tuple[str, subprocess.Popen[bytes]]:
    """A run that got Ctrl-C at ``moment``, for certain before its end, and its workspace's name.

    The run is halted while it is looked at, so that it can't end between the look and the signal. A
    run that was over before it could be halted is followed by another one.
    """
    for attempt in range(_ATTEMPTS):
        tried = f"{name}-{attempt}"
        process = start(tried)
        while not moment(arena, tried) and process.poll() is None:
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            if 0 < arena.progress(tried) < arena.work:
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process
                process.send_signal(signal.SIGCONT)
                return tried, process
            process.send_signal(signal.SIGCONT)
        process.wait(_PATIENCE)
    raise AssertionError(f"each of {_ATTEMPTS} runs was over before it could be halted")
