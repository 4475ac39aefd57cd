"""``python -m tests.engine.kills --rounds 20``: kill -9 at random moments, then the same command.

Each round ingests the same folder into a new matter and kills a parser, a worker, the coordinator
or all of them at a random moment, then runs the same command until it is done. The matter must be
the one of an undisturbed run, to the words in its index, ``verify`` must hold, no process, no
scratch and no pack may be left over.

Moments are shares of the work, counted in rows of the catalog, not of time: they fall into the run
on any machine, however fast or busy.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from ediscovery.engine.progress import Silent
from ediscovery.engine.verify import verify
from ediscovery.store.tables import items
from ediscovery.store.workspace import Matter, Workspace
from tests.engine.matters import dump, mail, make, new

COMMAND = (sys.executable, "-c", "from ediscovery.cli import main; main()")
VICTIMS = ("parser", "worker", "coordinator", "all")
_MARKS = {"parser": "ediscovery.engine.parser_process", "worker": "multiprocessing.spawn"}
_DONE = (0, 3)
# Far beyond what a run takes on a busy machine: what waits as long is stuck.
_PATIENCE = 900.0
# What a run adds to, from custody to the tags: its sum tells how far the run has come.
_PROGRESS = (
    "SELECT (SELECT count(*) FROM source_file) + (SELECT count(*) FROM item)"
    " + (SELECT count(*) + total(indexed_version) FROM document) + (SELECT count(*) FROM audit)"
    " + (SELECT count(*) FROM mention)"
)
_PROFILE = """extends: fast
language: false
personal_data: true
unit_items: 10
cut_bytes: 20000
"""


@dataclass(slots=True)
class Round:
    """What was killed and when (share of the work), how often the command ran, what came of it."""

    victim: str
    moment: float
    runs: int
    problems: list[str]


class Arena:
    """A folder of evidence, the dump of an undisturbed run over it, its duration and its work.

    Units are small, and a mailbox in the folder is cut into ranges.
    """

    def __init__(self, place: Path, files: int = 300) -> None:
        self.place = place
        self.folder = make(place / "evidence", files)
        (self.folder / "d1" / "box.mbox").write_bytes(_mailbox(max(40, files // 3)))
        self.profile = place / "small-units.yaml"
        self.profile.write_text(_PROFILE)
        started = time.monotonic()
        code = self.start("undisturbed").wait()
        self.seconds = time.monotonic() - started
        assert code in _DONE, code
        self.work = self.progress("undisturbed")
        self.expected = dump(Workspace(place / "undisturbed").open("acme"))
        assert len(self.expected["item"]) > files
        assert self.expected["mention"], "no personal data: the last stage does nothing"

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

    def progress(self, name: str) -> int:
        """Rows that the run in the workspace ``name`` has written so far; 0 before its first."""
        catalog = self.place / name / "matters" / "acme" / "catalog.sqlite"
        with contextlib.suppress(sqlite3.OperationalError):  # not there yet, or locked right now
            connection = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
            try:
                return int(connection.execute(_PROGRESS).fetchone()[0])
            finally:
                connection.close()
        return 0

    def round(self, name: str, victim: str, moment: float, rng: random.Random) -> Round:
        """Kill ``victim`` at ``moment`` (0 to 1 of the work), run again until done, compare.

        Where the victim is no longer needed by then (the last parser has ended), the round is
        begun anew with half of ``moment``.
        """
        process = self.start(name)
        if not self._kill_at(process, name, victim, moment, rng):
            process.wait(_PATIENCE)
            return self.round(f"{name}-", victim, moment / 2, rng)
        done = Round(victim, moment, 1, [])
        try:
            code = process.wait(_PATIENCE)
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
            code = again.wait(_PATIENCE)
            done.problems += left(again.pid)
        done.problems += self.compare(name)
        return done

    def _kill_at(
        self,
        process: subprocess.Popen[bytes],
        name: str,
        victim: str,
        moment: float,
        rng: random.Random,
    ) -> bool:
        """Kill when ``moment`` is reached and a little later; whether there was one to kill."""
        while self.progress(name) < moment * self.work and process.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.02) * self.seconds)
        return kill(process, victim, rng)

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
        problems += [f"a pack of no item is left: {pack}" for pack in _unused(matter)]
        for place in (matter.scratch, matter.folder / "dask"):
            if place.exists():
                problems.append(f"{place.name} is left: {[p.name for p in place.rglob('*')][:3]}")
        return problems


def _mailbox(count: int) -> bytes:
    """An mbox of ``count`` messages, with made-up social security numbers in some of them."""
    bodies = (f"Message {n}, about 536-90-{4000 + n}." if n % 4 else "" for n in range(count))
    return b"".join(
        b"From jane@acme.example Fri May  4 11:22:33 2001\n"
        + mail(1000 + n, body, {"note.txt": body.encode() * 9}).replace(b"\r\n", b"\n")
        + b"\n"
        for n, body in enumerate(bodies)
    )


def _unused(matter: Matter) -> list[str]:
    """Packs that no item lies in."""
    with matter.reader.connect() as connection:
        used = set(connection.execute(select(items.c.pack).distinct()).scalars())
    return sorted({place.name for place in matter.packs.folder.iterdir()} - used)


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


def left(session: int, patience: float = 60.0) -> list[str]:
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
        count = len(arena.expected["item"])
        print(
            f"{chosen.files} files, {count} items, undisturbed in {arena.seconds:.1f} s, "
            f"seed {chosen.seed}\n"
        )
        print("| round | killed | at | runs | result |\n|---|---|---|---|---|")
        for n in range(chosen.rounds):
            done = arena.round(f"round{n}", VICTIMS[n % len(VICTIMS)], rng.random(), rng)
            bad += bool(done.problems)
            said = "; ".join(done.problems) or "the same matter, verified"
            print(
                f"| {n + 1} | {done.victim} | {done.moment:.0%} | {done.runs} | {said} |",
                flush=True,
            )
    print(f"\n{chosen.rounds - bad} of {chosen.rounds} rounds ended as an undisturbed run does.")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
