"""Every documented exit code by a real call, with one sentence and what to do next."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ediscovery.store.workspace import Workspace
from tests.cli.conftest import Call
from tests.engine.kills import COMMAND, Arena, left
from tests.engine.matters import make


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


@pytest.mark.parametrize("moment", [0.15, 0.4, 0.7])
def test_130_interrupted_and_the_same_command_goes_on(arena: Arena, moment: float) -> None:
    name = f"at{moment}"
    process = arena.start(name)
    time.sleep(moment * arena.seconds)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process
    code = process.wait(60)
    log = (arena.place / f"{name}.log").read_text()
    assert code == 130 or (moment == 0.7 and code == 3)
    assert left(process.pid) == []
    assert "Traceback" not in log and "KeyboardInterrupt" not in log, log
    if code == 130:
        assert "What was committed stays" in log and "same command" in log
    assert arena.start(name).wait(120) == 3
    assert arena.compare(name) == []


def test_130_without_workers(tmp_path: Path) -> None:
    folder = make(tmp_path / "e", 400)
    run(tmp_path / "w", "matter", "create", "acme")
    process = subprocess.Popen(
        [*COMMAND, "--workspace", str(tmp_path / "w"), "ingest", str(folder), "--matter", "acme",
         "--custodian", "J", "--workers", "0", "--profile", "fast"],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Taking custody")
    os.killpg(process.pid, signal.SIGINT)
    said = process.stderr.read()
    assert process.wait() == 130
    assert (
        said
        == "Error: Stopped. What was committed stays;\n  run the same command again to go on.\n"
    )
    assert left(process.pid) == []
