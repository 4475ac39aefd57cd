"""The sample matter with a small part coded, and its productions by command."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ediscovery.produce.check_volume import verify
from ediscovery.produce.volume import digests_of, write_manifest
from ediscovery.store.workspace import Matter, Workspace
from tests.conftest import Sample, call

# What needs no LibreOffice: mails without attachments, a family of a mail and a PDF.
CHOSEN = (
    '(subject:"result of the joint examination" OR subject:"what happened to the certificates" OR '
    'subject:"privileged and confidential") AND type:mail AND NOT has:attachment'
)
FAMILY = 'subject:"rechnung los 1"'
SECRET = "porosity"


@dataclass
class Home:
    """A copy of the sample matter and the folder of its volumes."""

    home: Path
    out: Path

    def run(self, *arguments: str, expect: int = 0) -> str:
        return call(self.home, *arguments, expect=expect)

    @property
    def matter(self) -> Matter:
        return Workspace(self.home).open("acme")

    def produce(
        self, volume: str, *more: str, query: str = "coding:responsive=yes", expect: int = 0
    ) -> dict[str, Any]:
        text = self.run(
            "produce", "run", "acme", "--query", query, "--volume", volume,
            "--out", str(self.out), "--json", *more, expect=expect,
        )  # fmt: skip
        return json.loads(text) if text else {}

    def code(self, query: str, *sets: str, family: bool = False) -> None:
        more = [part for one in sets for part in ("--set", one)]
        self.run("code", "acme", "--query", query, *more, *(["--family"] if family else []))

    def find(self, query: str) -> list[str]:
        found = json.loads(self.run("search", "acme", query, "--json"))
        return sorted(one["control_number"] for one in found["documents"])


def coded_copy(sample: Sample, place: Path) -> Home:
    """A copy of the sample matter with a small part coded: withheld, redacted, a family."""
    made = another(sample.home, place)
    made.code(CHOSEN, "responsive=yes", "confidentiality=confidential", family=True)
    made.code(FAMILY, "responsive=yes", family=True)
    made.code(
        'coding:responsive=yes AND subject:"privileged and confidential"',
        "privilege=privileged", "privilege_basis=attorney-client", "privilege_topic=options",
    )  # fmt: skip
    made.code("coding:responsive=yes AND type:pdf", "privilege=privileged")
    made.code('coding:responsive=yes AND subject:"joint examination"', "privilege=redact")
    made.run("redact", "acme", "--query", "coding:privilege=redact", "--term", SECRET,
             "--reason-code", "trade-secret")  # fmt: skip
    return made


def another(home: Path, place: Path) -> Home:
    """A copy of a workspace, with a folder for volumes beside it."""
    return Home(Path(shutil.copytree(home, place / "home")), place / "out")


def failing(folder: Path, matter: Matter | None = None) -> dict[str, list[str]]:
    """The checks that a volume fails, with their sentences."""
    return {check.name: check.problems for check in verify(folder, matter) if not check.holds}


def listed_anew(folder: Path) -> None:
    """Write the manifest as somebody would who hides what they did."""
    write_manifest(folder, dict(digests_of(folder)))
