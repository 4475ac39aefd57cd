"""Killed anywhere and run again, a production is the one of an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from ediscovery.engine.pool import SerialPool
from ediscovery.model.errors import Refused
from ediscovery.produce import fields, files, ledger, plan, renderer, volume
from ediscovery.produce import run as runs
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.kills import COMMAND, left
from tests.engine.matters import new
from tests.produce.making import (
    OUTSIDE,
    bytes_of,
    code,
    every,
    failing,
    filled,
    next_number,
    produce,
    simple,
    specification,
)

PATIENCE = 300.0
# Step -> what is killed before or after its so manieth call.
STEPS: dict[str, tuple[Any, str, str, int]] = {
    "measuring": (renderer, "render", "before", 2),
    "while numbers are given out": (ledger, "_advance", "after", 1),
    "numbered": (ledger, "begin", "after", 1),
    "rendering": (files.Writer, "_take", "before", 2),
    "a file half written": (os, "replace", "before", 3),
    "files written and not noted": (ledger, "wrote", "before", 2),
    "within a load file": (fields.Fields, "values", "before", 3),
    "between load files": (volume.Volume, "_write", "before", 2),
    "before the manifest": (volume.Volume, "write_manifest", "before", 1),
    "before the rename": (runs, "_sync", "after", 1),
    "after the rename": (ledger, "finish", "before", 1),
    "written": (ledger, "finish", "after", 1),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A matter of nine documents, one of them redacted."""
    place = tmp_path_factory.mktemp("stopped")
    filled(new(place / "home"), place / "evidence", simple(9))
    return place / "home"


@pytest.fixture(scope="module")
def undisturbed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, int]:
    """The bytes of its production, and the number that follows."""
    place = tmp_path_factory.mktemp("undisturbed")
    matter = copy(home, place)
    folder = produce(matter, place / "out", specification(**OUTSIDE))
    assert failing(folder, matter) == {}
    return bytes_of(folder), next_number(matter)


def copy(home: Path, place: Path) -> Matter:
    shutil.copytree(home, place / "home")
    return Workspace(place / "home").open("acme")


def killed(place: Path, step: str) -> None:
    """Produce in this process and die at ``step``; tasks are of two documents."""
    owner, name, when, times = STEPS[step]
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def fatal(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == times and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if calls == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, fatal)
    plan.DOCUMENTS_TOGETHER = files.DOCUMENTS_TOGETHER = 2
    produce(Workspace(place / "home").open("acme"), place / "out", specification(**OUTSIDE))


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_and_run_again(
    home: Path, undisturbed: tuple[Any, int], step: str, tmp_path: Path
) -> None:
    matter = copy(home, tmp_path)
    process = get_context("fork").Process(target=killed, args=(tmp_path, step))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"{step} is never reached"
    done = tmp_path / "out" / "VOL001"
    if step in ("after the rename", "written"):
        assert bytes_of(done) == undisturbed[0]
    else:
        assert not done.exists(), "no half volume under its name"
    numbered = next_number(matter)
    assert numbered in (1, undisturbed[1]), "all numbers or none"
    if step == "written":
        with pytest.raises(Refused, match="was written"):
            produce(matter, tmp_path / "out", specification(**OUTSIDE))
    else:
        assert produce(matter, tmp_path / "out", specification(**OUTSIDE)) == done
    assert bytes_of(done) == undisturbed[0]
    assert next_number(matter) == undisturbed[1]
    assert failing(done, matter) == {}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["VOL001"]


def test_the_whole_command_killed_at_random(
    home: Path, undisturbed: tuple[Any, int], tmp_path: Path
) -> None:
    rng = random.Random(os.environ.get("EDISCOVERY_TEST_SEED", "1"))
    matter = copy(home, tmp_path)
    wanted = tmp_path / "wanted.yaml"
    wanted.write_text("extends: production-standard\ntext: {of_redacted: outside-boxes}\n")

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *COMMAND, "--workspace", str(tmp_path / "home"), "produce", "run", "acme",
                "--query", "coding:responsive=yes", "--volume", "VOL001", "--spec", str(wanted),
                "--out", str(tmp_path / "out"), "--workers", "2",
            ],
            stdout=subprocess.DEVNULL, stderr=open(tmp_path / "log", "ab"),
            start_new_session=True,
        )  # fmt: skip

    process = start()
    # Its files appear one by one; some time after so many of them it dies.
    share = rng.randrange(12)
    while process.poll() is None and len(list(tmp_path.glob("out/.*/*/*/*/*"))) < share:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.1))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    assert left(process.pid) == []
    done = (tmp_path / "out" / "VOL001").exists()
    again = start()
    code_ = again.wait(PATIENCE)
    # It may have been done before the signal came; then it is refused.
    assert code_ in ((0, 4) if done else (0,)), (tmp_path / "log").read_text()
    mine = bytes_of(tmp_path / "out" / "VOL001")
    assert mine == undisturbed[0]
    assert next_number(matter) == undisturbed[1]


def test_what_changed_meanwhile_is_refused_and_its_numbers_stay_used(
    home: Path, undisturbed: tuple[Any, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = copy(home, tmp_path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files.Writer, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            produce(matter, tmp_path / "out")
    code(matter, every(matter)[:1], "confidentiality=confidential")
    with pytest.raises(Refused, match="no longer what VOL001 was numbered for"):
        produce(matter, tmp_path / "out")
    assert next_number(matter) == undisturbed[1]
    folder = produce(matter, tmp_path / "out", volume="VOL002")
    assert failing(folder, matter) == {}
    assert next_number(matter) == 2 * undisturbed[1] - 1


def test_a_crash_of_the_renderer_by_others_costs_no_document(
    home: Path, undisturbed: tuple[Any, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What kills the process once, as a lack of memory does, is not the document's fault."""
    matter = copy(home, tmp_path)
    real, seen = renderer.send, set()

    def killing(stream: Any, message: dict[str, Any]) -> None:
        real(stream, message)
        name = message.get("name")
        if name and (name, message["what"]) not in seen:
            seen.add((name, message["what"]))
            if len(seen) % 4 == 0:
                renderer._kept[1]._process.kill()  # type: ignore[index,union-attr]

    monkeypatch.setattr(renderer, "send", killing)
    pool = SerialPool()
    folder = produce(matter, tmp_path / "out", specification(**OUTSIDE), pool=pool)
    pool.close()
    assert len(seen) == 18
    assert bytes_of(folder) == undisturbed[0]
