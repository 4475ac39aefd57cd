"""Profiles: one model, the schema beside it, and messages that say what fits."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from ediscovery.model import profile
from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Cull, Limits, Profile
from ediscovery.model.resources import resource


def test_the_schema_knows_every_setting_and_no_other() -> None:
    schema = json.loads(resource("schemas", "profile.json").read_text())["properties"]
    assert set(schema) == {f.name for f in fields(Profile)} | {"extends"}
    assert set(schema["limits"]["properties"]) == {f.name for f in fields(Limits)}
    assert set(schema["cull"]["properties"]) == {f.name for f in fields(Cull)}


@pytest.mark.parametrize("name", profile.names())
def test_shipped_profiles_load_and_survive_the_catalog(name: str) -> None:
    loaded = profile.load(name)
    assert loaded.name == name
    assert profile.from_dict(json.loads(json.dumps(loaded.as_dict()))) == loaded


def test_a_file_of_ones_own_extends_a_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("extends: fast\nlimits: {depth: 3}\ncull: {types: [exe, dll]}\n")
    loaded = profile.load(str(own))
    assert (loaded.name, loaded.limits.depth, loaded.cull.types) == ("own", 3, ("exe", "dll"))
    assert loaded.entities is False
    assert loaded.limits.members == Limits().members


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dedup: global", "dedup"),
        ("limits: {depth: 0}", "limits/depth"),
        ("dedupe: some", "some"),
        ("a: [", "YAML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(UsageError, match=says):
        profile.load(str(own))


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        profile.load("nonesuch")
    assert "default" in caught.value.next_step
