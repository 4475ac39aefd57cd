"""Mixed documents: what the pipeline adds to the CPU time of the extractors alone."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from typing import cast

from benchmarks.mail import ingest
from benchmarks.measure import Figure, Run, Settings

_SECONDS = 60  # for one file


def prepare(settings: Settings) -> Path:
    """A folder of the FreeEed sample's other files and the Tika test files.

    Files that a bare process does not survive, or not within a minute, are left out: the pipeline
    bounds what they cost, so that they would flatter it.
    """
    folder = settings.scratch / "mixed"
    if folder.exists():
        return folder
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    for number, path in enumerate(_sources(settings)):
        place = draft / path.relative_to(settings.corpora).parts[0] / f"{number // 500:02}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place / f"{number:05}-{path.name[-100:]}")
    for deadly in extractors_alone(draft)[1]:
        Path(deadly).unlink()
    draft.rename(folder)
    return folder


def _sources(settings: Settings) -> list[Path]:
    return [
        path
        for corpus in ("freeeed", "tika")
        for path in sorted((settings.corpora / corpus).rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix.lower() != ".eml"
    ]


def extractors_alone(folder: Path) -> tuple[float, list[str]]:
    """CPU seconds of identifying and extracting every file of ``folder`` in one bare process.

    A file that kills the process is named and left out, and the rest goes on in a new one.
    """
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    deadly: list[str] = []
    before = os.times()
    at = 0
    while at < len(files):
        loop = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.mixed"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        out, _ = loop.communicate("\n".join(files[at:]))
        at += out.count("\n")
        if loop.returncode:
            deadly.append(files[at])
            at += 1
    after = os.times()
    seconds = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return seconds, deadly


def _loop() -> None:
    import tempfile

    from ediscovery.extract.contract import Budget, Context
    from ediscovery.extract.walk import root, walk
    from ediscovery.model.profile import load

    profile = load("fast")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.stdin.read().split("\n"):
            signal.alarm(_SECONDS)
            context = Context(profile, Path(scratch), Budget(profile.limits.expansion_bytes))
            for _ in walk(root(os.fsencode(name), {}), "a0", name, context):
                pass
            answers.write(".\n")


def run(settings: Settings) -> None:
    """The line of the table for mixed documents."""
    folder = prepare(settings)
    bare = statistics.median(extractors_alone(folder)[0] for _ in range(settings.runs))
    runs = [cast(Run, ingest(settings, folder)[1]) for _ in range(settings.runs)]
    whole = statistics.median(r.cpu_seconds for r in runs)
    seconds = statistics.median(r.seconds for r in runs)
    added = whole / bare - 1
    count = sum(1 for path in folder.rglob("*") if path.is_file())
    settings.figures.append(
        Figure(
            f"mixed documents, {count:,} files: CPU added to the extractors alone", "below 25%",
            f"{added:+.0%}", added < 0.25,
            f"extractors {bare:.0f} s, whole pipeline {whole:.0f} s CPU, {seconds:.0f} s wall; "
            f"left out as deadly to a bare process: {len(_sources(settings)) - count} files",
        )
    )  # fmt: skip


if __name__ == "__main__":
    _loop()
