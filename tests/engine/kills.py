"""``python -m tests.engine.kills --rounds 20``: kill -9 at random moments, then the same command.

Each round ingests the same folder into a new matter and kills a parser, a worker, the coordinator
or all of them at a random moment, then runs the same command until it is done. The matter must be
the one of an undisturbed run, ``verify`` must hold, no process and no scratch may be left.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from ediscovery.engine.progress import Silent
from ediscovery.engine.verify import verify
from ediscovery.store.workspace import Workspace
from tests.engine.matters import dump, make, new

COMMAND = (sys.executable, "-c", "from ediscovery.cli import main; main()")
VICTIMS = ("parser", "worker", "coordinator", "all")
_MARKS = {"parser": "ediscovery.engine.parser_process", "worker": "multiprocessing.spawn"}
_DONE = (0, 3)


@dataclass(slots=True)
class Round:
    """What was killed and when, how often the command ran, and what came of it."""

    victim: str
    after: float
    runs: int
    problems: list[str]


class Arena:
    """A folder of evidence, the dump of an undisturbed run over it, and its duration."""

    def __init__(self, place: Path, files: int = 300) -> None:
        self.place = place
        self.folder = make(place / "evidence", files)
        self.profile = place / "small-units.yaml"
        self.profile.write_text("extends: fast\nlanguage: false\nunit_items: 10\n")
        started = time.monotonic()
        code = self.start("undisturbed").wait()
        self.seconds = time.monotonic() - started
        assert code in _DONE, code
        self.expected = dump(Workspace(place / "undisturbed").open("acme"))
        assert len(self.expected["item"]) > files

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Ingest into the workspace ``name``, in a session of its own."""
        if not (self.place / name).exists():
            new(self.place / name)
        return subprocess.Popen(
            [
                *COMMAND, "--workspace", str(self.place / name), "ingest", str(self.folder),
                "--matter", "acme", "--custodian", "Jane Roe", "--workers", "2",
                "--profile", str(self.profile),
            ],
            stdout=subprocess.DEVNULL,
            stderr=open(self.place / f"{name}.log", "ab"),
            start_new_session=True,
        )  # fmt: skip

    def round(self, name: str, victim: str, after: float, rng: random.Random) -> Round:
        """Kill ``victim`` ``after`` seconds, run again until done, compare."""
        done = Round(victim, after, 1, [])
        process = self.start(name)
        time.sleep(after)
        killed = kill(process, victim, rng)
        if victim in ("coordinator", "all") and killed:
            process.wait()
        try:
            code = process.wait(120)
        except subprocess.TimeoutExpired:
            done.problems.append("the command hangs")
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        done.problems += left(process.pid)
        while code not in _DONE and done.runs < 4:
            if code != -signal.SIGKILL:
                log = (self.place / f"{name}.log").read_text(errors="replace")
                done.problems.append(f"exit code {code}: {log[-500:]}")
            done.runs += 1
            again = self.start(name)
            code = again.wait(120)
            done.problems += left(again.pid)
        done.problems += self.compare(name)
        return done

    def compare(self, name: str) -> list[str]:
        """What differs from the undisturbed run."""
        matter = Workspace(self.place / name).open("acme")
        found = dump(matter)
        problems = [
            f"{table}: {first_difference(rows, self.expected[table])}"
            for table, rows in found.items()
            if rows != self.expected[table]
        ]
        proof = verify(matter, Silent())
        problems += [str(check) for check in proof["checks"] if not check["holds"]]
        for place in (matter.scratch, matter.folder / "dask"):
            if place.exists():
                problems.append(f"{place.name} is left: {[p.name for p in place.rglob('*')][:3]}")
        return problems


def first_difference(have: Sequence[Any], want: Sequence[Any]) -> str:
    """The first row that differs, or the counts."""
    for one, other in zip(have, want, strict=False):
        if one != other:
            fields = zip(one._fields, one, other, strict=True)
            return "; ".join(f"{f}: {a!r} != {b!r}" for f, a, b in fields if a != b)
    return f"{len(have)} rows != {len(want)}"


def kill(process: subprocess.Popen[bytes], victim: str, rng: random.Random) -> bool:
    """Kill -9 the victim as soon as there is one; ``False`` when the command ended before."""
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if victim == "coordinator":
                process.kill()
                return True
            if victim == "all":
                os.killpg(process.pid, signal.SIGKILL)
                return True
            below = psutil.Process(process.pid).children(recursive=True)
            found = [p for p in below if _MARKS[victim] in " ".join(p.cmdline())]
            if found:
                rng.choice(found).kill()
                return True
        time.sleep(0.01)
    return False


def left(session: int, patience: float = 15.0) -> list[str]:
    """Processes of a session that outlive it by more than ``patience`` seconds; they are ended."""
    until = time.monotonic() + patience
    while True:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        if not found:
            return []
        if time.monotonic() > until:
            names = [" ".join(p.cmdline())[-80:] for p in found]
            for process in found:
                process.kill()
            return [f"left running: {names}"]
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.engine.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="ediscovery-kills-") as place:
        arena = Arena(Path(place), chosen.files)
        items = len(arena.expected["item"])
        print(f"{chosen.files} files, {items} items, undisturbed in {arena.seconds:.1f} s\n")
        print("| round | killed | after s | runs | result |\n|---|---|---|---|---|")
        for n in range(chosen.rounds):
            after = rng.uniform(0.3, arena.seconds)
            done = arena.round(f"round{n}", VICTIMS[n % len(VICTIMS)], after, rng)
            bad += bool(done.problems)
            said = "; ".join(done.problems) or "the same matter, verified"
            print(f"| {n + 1} | {done.victim} | {after:.1f} | {done.runs} | {said} |", flush=True)
    print(f"\n{chosen.rounds - bad} of {chosen.rounds} rounds ended as an undisturbed run does.")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
