"""Files of settings: found, checked, put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ediscovery.model.errors import UsageError
from ediscovery.model.settings import Kind, build, merged, parse

KIND = Kind("coding layout", "config/coding", "coding_layout.json")
MINIMAL = "fields: {a: {free: true}}\nredaction_reasons: {x: X}\n"


def test_days_stay_text_and_no_file_is_executed() -> None:
    assert parse("a: 2024-02-29\nb: [2001-01-01T10:00:00]", "") == {
        "a": "2024-02-29", "b": ["2001-01-01T10:00:00"],
    }  # fmt: skip
    with pytest.raises(UsageError, match="mine"):
        parse("!!python/object/apply:os.system [ls]", "mine")


def test_mappings_are_put_together_and_lists_replaced() -> None:
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 1}
    assert merged(base, {"a": {"y": [3]}, "c": 2}) == {"a": {"x": 1, "y": [3]}, "b": 1, "c": 2}
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 1}


def test_a_file_extends_another_by_path(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINIMAL)
    own = tmp_path / "own.yaml"
    own.write_text(f"extends: {tmp_path}/base.yaml\nfields: {{b: {{values: [c]}}}}\n")
    data = KIND.extended(str(own))
    assert data["name"] == "own" and set(data["fields"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("extends: {here}", "extends itself"),
        ("extends: [a]", "extends"),
        ("- a list", "no settings"),
        ("fields: {a: {free: true}}", "redaction_reasons"),
        ("fields: {a: {values: []}}\nredaction_reasons: {x: X}", "fields/a"),
        (MINIMAL + "more: 1", "more"),
        ("extends: nonesuch", "nonesuch"),
        ("\xff", "read"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_bytes(text.replace("{here}", str(own)).encode("latin-1"))
    with pytest.raises(UsageError, match=says):
        KIND.extended(str(own))


@dataclass(frozen=True)
class Inner:
    n: int = 1


@dataclass(frozen=True)
class Outer:
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = field(default_factory=dict)
    one: Inner | None = None
    plain: int | None = 3


def test_dataclasses_are_built_to_the_bottom() -> None:
    data = {"many": [{"n": 2}, {}], "named": {"a": {"n": 3}}, "one": {"n": 4}, "plain": None}
    assert build(Outer, data) == Outer((Inner(2), Inner(1)), {"a": Inner(3)}, Inner(4), None)
    assert build(Outer, {}) == Outer()
