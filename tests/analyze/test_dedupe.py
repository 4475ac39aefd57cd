"""Grouping of copies: worked examples and laws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.analyze.dedupe import Change, Family, changes, sorted_families
from ediscovery.model.errors import UsageError

SCOPE = st.sampled_from(["global", "custodian", "none"])


def decided(families: list[Family], scope: str) -> dict[int, tuple[int | None, bool]]:
    """Group and primary of each family after the changes are written."""
    result = {f.number: (f.group, f.primary) for f in families}
    for change in changes(sorted_families(families, scope), scope):
        result[change.number] = (change.group, change.primary)
    return result


def written(families: list[Family], scope: str) -> list[Family]:
    after = decided(families, scope)
    return [f._replace(group=after[f.number][0], primary=after[f.number][1]) for f in families]


@st.composite
def matters(draw: Any) -> list[Family]:
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(["", "k1", "k2", "k3"]), st.sampled_from("abc")), max_size=14
        )
    )
    orders = draw(st.permutations(range(len(rows))))
    return [Family(n, key, who, (orders[n],)) for n, (key, who) in enumerate(rows)]


def test_three_scopes() -> None:
    families = [
        Family(1, "k", "jane", (1,)),
        Family(2, "k", "tom", (2,)),
        Family(3, "k", "jane", (3,)),
        Family(4, "other", "tom", (4,)),
        Family(5, "", "tom", (5,)),
        Family(6, "", "tom", (6,)),
    ]
    alone = (None, True)
    assert decided(families, "global") == {
        1: (1, True), 2: (1, False), 3: (1, False), 4: alone, 5: alone, 6: alone,
    }  # fmt: skip
    assert decided(families, "custodian") == {
        1: (1, True), 2: alone, 3: (1, False), 4: alone, 5: alone, 6: alone,
    }  # fmt: skip
    assert set(decided(families, "none").values()) == {alone}


def test_custodian_priority_comes_before_collection_and_position() -> None:
    families = [
        Family(1, "k", "tom", (2, 1, "a1")),
        Family(2, "k", "jane", (1, 7, "b12")),
        Family(3, "k", "jane", (1, 7, "a3")),
    ]
    assert decided(families, "global") == {1: (3, False), 2: (3, False), 3: (3, True)}


def test_a_later_collection_changes_only_what_it_touches() -> None:
    old = written([Family(n, f"k{n // 2}", "jane", (n,)) for n in range(2, 9)], "global")
    more = [*old, Family(9, "k4", "tom", (9,)), Family(10, "k2", "tom", (10,))]
    assert list(changes(sorted_families(more, "global"), "global")) == [
        Change(10, 4, False),
        Change(8, 8, True),
        Change(9, 8, False),
    ]
    touched = [f for f in more if f.key in ("k4", "k2")]
    assert len(list(changes(sorted_families(touched, "global"), "global"))) == 3


@given(matters(), SCOPE)
def test_every_group_has_one_primary_and_is_what_is_equal(
    families: list[Family], scope: str
) -> None:
    after = decided(families, scope)
    for one in families:
        group, primary = after[one.number]
        equal = {
            two.number
            for two in families
            if scope != "none"
            and one.key == two.key != ""
            and (scope == "global" or one.custodian == two.custodian)
        }
        members = {n for n, (g, _) in after.items() if g is not None and g == group}
        assert members == (equal if len(equal) > 1 else set())
        if group is not None:
            orders = {f.number: f.order for f in families}
            assert group == min(members, key=lambda n: orders[n])
        assert primary == (group in (None, one.number))


@given(matters(), SCOPE, st.randoms())
def test_order_and_parts_of_the_work_do_not_matter(
    families: list[Family], scope: str, random: Any
) -> None:
    shuffled = random.sample(families, len(families))
    assert decided(shuffled, scope) == decided(families, scope)
    whole, stepwise = decided(families, scope), []
    for family in shuffled:  # one collection after the other
        stepwise = written([*stepwise, family], scope)
    assert {f.number: (f.group, f.primary) for f in stepwise} == whole


@given(matters(), SCOPE, SCOPE)
def test_repeating_changes_nothing_and_the_last_scope_wins(
    families: list[Family], first: str, second: str
) -> None:
    done = written(families, first)
    assert list(changes(sorted_families(done, first), first)) == []
    assert decided(done, second) == decided(families, second)


def test_a_stream_is_never_held() -> None:
    """Changes come while families are still being read."""
    read: list[int] = []

    def stream() -> Iterator[Family]:
        for n in range(300_000):
            read.append(n)
            yield Family(n, f"{n // 3:06}", "jane", (n,))

    for change in changes(stream(), "global"):
        assert read[-1] - change.number <= 1
    assert len(read) == 300_000


def test_wrong_calls_are_refused() -> None:
    families = [Family(1, "k", "a", (2,)), Family(2, "k", "a", (1,))]
    with pytest.raises(ValueError, match="out of order"):
        list(changes(families, "global"))
    with pytest.raises(UsageError, match="glob"):
        list(changes(families, "glob"))
