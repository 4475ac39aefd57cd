"""A production of the sample matter, from coding to a sealed volume, and all that must fail."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ediscovery.produce.check_volume import verify
from ediscovery.produce.volume import digests_of, write_manifest
from ediscovery.store.workspace import Matter, Workspace
from tests.conftest import Sample, call

# Mails and PDF files: what needs no LibreOffice.
QUERY = "coding:responsive=yes"
CHOSEN = "(porosity OR kingfisher) AND (type:mail OR type:pdf) AND NOT has:attachment"


class Produced:
    """A matter's home with one volume, and how to run commands in it."""

    def __init__(self, home: Path, out: Path) -> None:
        self.home, self.out = home, out
        self.folder = out / "VOL001"

    def run(self, *arguments: str, expect: int = 0) -> str:
        return call(self.home, *arguments, expect=expect)

    def matter(self) -> Matter:
        return Workspace(self.home).open("acme")

    def produce(self, volume: str, *more: str, expect: int = 0) -> str:
        return self.run(
            "produce", "run", "acme", "--query", QUERY, "--volume", volume, "--out",
            str(self.out), "--json", *more, expect=expect,
        )  # fmt: skip


def coded(sample: Sample, place: Path) -> Produced:
    """A copy of the sample matter, a small part of it coded: one document withheld, one redacted."""
    home = place / "home"
    shutil.copytree(sample.home, home)
    made = Produced(home, place / "out")
    made.run("code", "acme", "--query", CHOSEN, "--set", "responsive=yes", "--reason", "first pass")
    found = numbers(made, "coding:responsive=yes AND dup:unique AND type:mail")
    made.run(
        "code", "acme", found[0], "--set", "privilege=privileged", "--set",
        "privilege_basis=attorney-client", "--set", "privilege_topic=the notice of breach",
    )  # fmt: skip
    redacted = numbers(made, "coding:responsive=yes AND porosity AND NOT coding:privilege")[0]
    made.run("code", "acme", redacted, "--set", "privilege=redact")
    made.run("redact", "acme", redacted, "--term", "porosity", "--reason-code", "trade-secret")
    made.withheld, made.redacted = found[0], redacted  # type: ignore[attr-defined]
    return made


def numbers(made: Produced, query: str) -> list[str]:
    """Control numbers that a query finds."""
    found = json.loads(made.run("search", "acme", query, "--json", "--limit", "1000"))
    return sorted(one["control_number"] for one in found["documents"])


@pytest.fixture(scope="module")
def base(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Produced:
    """Coded, and produced as VOL001 by this process alone."""
    made = coded(sample, tmp_path_factory.mktemp("production"))
    made.produce("VOL001", "--workers", "0", "--override", "field-of-redacted",
                 "--reason", "a test", "--second-person", "Someone Else")  # fmt: skip
    return made


def failing(folder: Path, matter: Matter | None = None) -> dict[str, list[str]]:
    """The checks that a volume fails, with their sentences."""
    return {check.name: check.problems for check in verify(folder, matter) if not check.holds}


def test_the_volume_verifies(base: Produced) -> None:
    assert failing(base.folder, base.matter()) == {}
    base.run("produce", "verify", str(base.folder))
    assert not list(base.out.glob(".*")), "the draft is gone"
