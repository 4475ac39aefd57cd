"""Coding layouts: fields and values as data."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from ediscovery.model.errors import UsageError
from ediscovery.model.resources import resource
from ediscovery.review.coding import Assignment, assignments
from ediscovery.review.layout import KIND, Field, load


def test_the_schema_knows_every_property_of_a_field() -> None:
    schema = json.loads(resource("schemas", "coding_layout.json").read_text())
    known = schema["properties"]["fields"]["additionalProperties"]["properties"]
    assert set(known) == {f.name for f in fields(Field)} - {"name"}


def test_the_shipped_layout_has_what_a_production_needs() -> None:
    assert KIND.names() == ["production"]
    layout = load()
    assert layout.fields["responsive"].values == ("yes", "no")
    assert layout.fields["privilege"].values == ("privileged", "redact", "none")
    assert layout.fields["issue"].many and layout.fields["issue"].free
    assert {"privacy", "privilege"} <= set(layout.redaction_reasons)


def test_a_layout_of_ones_own_adds_a_field(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text('extends: production\nfields: {hot: {values: ["yes"]}}\n')
    layout = load(str(own))
    assert layout.name == "mine" and {"hot", "responsive"} <= set(layout.fields)


def test_values_without_quotes_that_yaml_takes_for_truth_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("extends: production\nfields: {hot: {values: [yes]}}\n")
    with pytest.raises(UsageError, match="hot/values/0"):
        load(str(own))


def test_a_family_cannot_share_a_field_of_several_values(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("extends: production\nfields: {issue: {same_in_family: true}}\n")
    with pytest.raises(UsageError, match="fields/issue"):
        load(str(own))


def test_values_are_known_whatever_their_case() -> None:
    found = assignments(load(), ["responsive=YES", "privilege_basis= own  words "], ["issue"])
    assert found == [
        Assignment("set", "responsive", "yes"),
        Assignment("set", "privilege_basis", "own words"),
        Assignment("unset", "issue", ""),
    ]


@pytest.mark.parametrize(
    ("sets", "unsets", "says", "advice"),
    [
        (["responsiv=yes"], [], "Did you mean 'responsive'", "privilege"),
        (["responsive=maybe"], [], "no value", "yes, no"),
        (["responsive=ye"], [], "Did you mean 'yes'", "yes, no"),
        (["responsive"], [], "sets nothing", "--unset responsive"),
        (["issue="], [], "0 characters", "--unset issue"),
        (["issue=" + "x" * 2001], [], "2,001 characters", "2,000"),
        (["responsive=yes", "responsive=no"], [], "more than once", "one value"),
        (["issue=a"], ["issue=a"], "more than once", "one value"),
        ([], ["nonesuch"], "no coding field", "responsive"),
        ([], ["responsive=maybe"], "no value", "yes, no"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(
    sets: list[str], unsets: list[str], says: str, advice: str
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        assignments(load(), sets, unsets)
    assert advice in caught.value.next_step
