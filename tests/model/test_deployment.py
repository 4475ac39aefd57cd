"""Deployments: what the shipped files say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.model.deployment import LOCAL, Deployment, load
from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Profile


def test_local_is_the_default() -> None:
    assert load("local") == LOCAL


def test_the_cluster_names_every_server() -> None:
    named = load("cluster")
    assert named.catalog.startswith("postgresql://")
    assert (named.packs, named.index) == ("s3://ediscovery", "https://elasticsearch:9200")
    assert Deployment(**named.as_dict()) == named


@pytest.mark.parametrize(
    "text",
    [
        "catalog: postgresql://me:secret@host/db",  # a secret in the file
        "index: https://me:secret@host:9200",
        "tika: http://me:secret@host:9998",
        "scheduler: http://host:8786",
        "packs: s3://key:secret@bucket",
        "packs_lock: {mode: forever, days: 3}",
        "packs_lock: {mode: governance, days: 0}",
        "packs_lock: {mode: governance}",
        "catlog: sqlite",
        "packs: [",
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError):
        load(str(file))


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scheduler: tcp://host:8786\npacks_lock: {mode: compliance, days: 30}\n")
    lock = {"mode": "compliance", "days": 30}
    assert load(str(file)) == Deployment(name="mine", scheduler="tcp://host:8786", packs_lock=lock)


def test_an_unknown_name_says_which_are_known() -> None:
    with pytest.raises(UsageError, match="elsewhere"):
        load("elsewhere")


@pytest.mark.parametrize(
    ("profile", "deployment", "reads"),
    [
        ("embedded", "", "embedded"),
        ("embedded", "http://tika:9998", "http://tika:9998"),
        ("off", "http://tika:9998", "off"),
        ("http://mine:9998", "http://tika:9998", "http://mine:9998"),
    ],
)
def test_a_server_stands_in_for_the_embedded_tika_only(
    profile: str, deployment: str, reads: str
) -> None:
    assert Deployment(tika=deployment).applied(Profile(tika=profile)) == Profile(tika=reads)
