"""Stopped anywhere, the same call goes on and ends in the matter of an undisturbed run."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.verify import verify
from tests.engine.kills import VICTIMS, Arena
from tests.engine.matters import QUICK, dump, ingest, make, new

SMALL = replace(QUICK, unit_items=4)


SEED = 1
ROUNDS = 2  # of each victim; ``python -m tests.engine.kills --rounds 20`` does more


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    return Arena(tmp_path_factory.mktemp("arena"), 40)


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_9_and_the_same_command_again(arena: Arena, victim: str, number: int) -> None:
    """Kills all over the work; the run after them ends as the undisturbed one does."""
    rng = random.Random(f"{SEED} {victim} {number}")
    done = arena.round(f"{victim}{number}", victim, (number + rng.random()) / ROUNDS, rng)
    print(f"seed {SEED}: {done}")
    assert done.problems == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("evidence"), 24)


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    matter = new(tmp_path_factory.mktemp("expected"))
    ingest(matter, folder, profile=SMALL)
    return dump(matter)


class Stopped(Exception):
    """The run ends here."""


def test_each_transaction_may_be_the_last(
    folder: Path, expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    """Fail the first commit, go on, fail the second after that, go on, until none is left."""
    matter = new(tmp_path)
    left = {"commits": 0}

    @event.listens_for(matter.engine, "commit")
    def fail(_connection: object) -> None:
        left["commits"] -= 1
        if left["commits"] < 0:
            raise Stopped

    for allowed in range(100):
        left["commits"] = 1 + allowed // 3
        try:
            ingest(matter, folder, profile=SMALL)
        except Stopped:
            continue
        break
    left["commits"] = 1 << 20
    assert 4 < allowed < 99
    assert dump(matter) == expected
    assert verify(matter, Silent())["holds"]


class Stopping(SerialPool):
    """Stops the run after a number of results, as Ctrl-C does."""

    def __init__(self, results: int) -> None:
        super().__init__()
        self._left = results

    def run(self, function, tasks):  # type: ignore[no-untyped-def]
        for result in super().run(function, tasks):
            if not self._left:
                raise KeyboardInterrupt
            self._left -= 1
            yield result


@pytest.mark.parametrize("results", [0, 1, 2, 5])
def test_stopped_after_some_results(
    folder: Path, expected: dict[str, list[Any]], tmp_path: Path, results: int
) -> None:
    matter = new(tmp_path)
    pool = Stopping(results)
    with pytest.raises(KeyboardInterrupt):
        ingest(matter, folder, profile=SMALL, pool=pool)
    pool.close()
    ingest(matter, folder, profile=SMALL)
    assert dump(matter) == expected


def test_files_that_appear_before_acceptance_belong_to_the_collection(
    folder: Path, tmp_path: Path
) -> None:
    import shutil

    mine = Path(shutil.copytree(folder, tmp_path / "e"))
    matter = new(tmp_path / "w")
    pool = Stopping(0)  # stopped while custody was taken
    with pytest.raises(KeyboardInterrupt):
        ingest(matter, mine, profile=SMALL, pool=pool)
    (mine / "a-new-one.txt").write_text("new")
    done = ingest(matter, mine, profile=SMALL)
    assert done.collection == 1
    assert len(dump(matter)["source_file"]) == 25
    assert verify(matter, Silent())["holds"]
