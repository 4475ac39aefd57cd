"""Fixtures shared by all tests: the corpora by others and the sample collection by us."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator
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


@dataclass(frozen=True)
class Sample:
    """The sample collection as a processed matter, with its known answers."""

    home: Path
    evidence: Path
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Both custodians of the sample ingested by command, with the password bank. Do not change."""
    place = tmp_path_factory.mktemp("sample")
    make(place / "evidence")
    facts = json.loads((place / "evidence" / "facts.json").read_text())
    home = place / "home"
    call(home, "matter", "create", "acme")
    for folder, custodian in facts["custodians"].items():
        call(
            home, "ingest", str(place / "evidence" / folder), "--matter", "acme", "--custodian",
            custodian, "--password-file", str(place / "evidence" / "passwords.txt"),
            "--workers", "2", expect=3,
        )  # fmt: skip
    return Sample(home, place / "evidence", facts)


def call(home: Path, *arguments: str, expect: int = 0) -> str:
    """Run one command in workspace ``home``; returns standard output, checks the exit code."""
    done = commands.run(list(arguments), os.environ | {"EDISCOVERY_HOME": str(home)})
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
