"""Positions sort like the paths of ordinals they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.model import positions

ordinals = st.lists(st.integers(0, 10**9), min_size=1, max_size=6)


def written(path: list[int]) -> str:
    position = ""
    for n in path:
        position = positions.child(position, n)
    return position


@given(st.lists(ordinals, min_size=2, max_size=20))
def test_text_order_is_reading_order(paths: list[list[int]]) -> None:
    assert sorted(map(written, paths)) == [written(path) for path in sorted(paths)]


@given(ordinals)
def test_round_trip(path: list[int]) -> None:
    assert positions.path(written(path)) == path
    assert positions.depth(written(path)) == len(path)


@given(ordinals, ordinals)
def test_a_prefix_is_an_ancestor(one: list[int], other: list[int]) -> None:
    assert written(other).startswith(written(one)) == (other[: len(one)] == one)


@pytest.mark.parametrize("bad", ["b7", "a", "7", "c12x", "A7"])
def test_what_is_no_position_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="position"):
        positions.path(bad)
