"""Fixtures shared by all tests: the corpora by others and the sample collection by us."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from samples import make
from tests import commands
from tests.servers import NO_CORPORA, insist, turns

CHECKOUT = Path(__file__).resolve().parent.parent

# A busy machine is no reason for a test to fail.
settings.register_profile("ediscovery", deadline=None)
settings.load_profile("ediscovery")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    insist(item, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with turns(item):
        return (yield)


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked corpora; tests that need them are left out, and say so, where there are none."""
    named = os.environ.get("EDISCOVERY_CORPORA")
    place = Path(named) if named else CHECKOUT.parent / "shared" / "corpora"
    if (place / "spamassassin").is_dir():
        return place
    unpack = place / "unpack"
    if not unpack.is_file():
        pytest.skip(f"{NO_CORPORA} (set EDISCOVERY_CORPORA)")
    target = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ediscovery-corpora"
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(unpack), str(target)], check=True)
    return target


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> tuple[Path, Path]:
    """The folder that ``make`` fills with a workspace ``home`` and more, once for all processes of
    a run, and this process's copy of the workspace. Nothing may change either.

    A catalog is never copied while somebody else has it open: its files come and go.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each of which has a folder of its own in there
        base = base.parent
    place, done = base / name, base / f"{name}.done"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            done.touch()
        own = factory.mktemp(name) / "home"
        shutil.copytree(place / "home", own)
    return place, own


@dataclass(frozen=True)
class Sample:
    """The sample collection as a processed matter, with its known answers."""

    home: Path
    evidence: Path
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Both custodians of the sample ingested by command, with the password bank. Do not change."""
    place, home = once(tmp_path_factory, "sample", _ingest_sample)
    facts = json.loads((place / "evidence" / "facts.json").read_text())
    return Sample(home, place / "evidence", facts)


def _ingest_sample(place: Path) -> None:
    make(place / "evidence")
    facts = json.loads((place / "evidence" / "facts.json").read_text())
    call(place / "home", "matter", "create", "acme")
    for folder, custodian in facts["custodians"].items():
        call(
            place / "home", "ingest", str(place / "evidence" / folder), "--matter", "acme",
            "--custodian", custodian, "--password-file",
            str(place / "evidence" / "passwords.txt"), "--workers", "2", expect=3,
        )  # fmt: skip


def call(home: Path, *arguments: str, expect: int = 0) -> str:
    """Run one command in workspace ``home``; returns standard output, checks the exit code."""
    done = commands.run(list(arguments), os.environ | {"EDISCOVERY_HOME": str(home)})
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
