"""Every state says what it means and what to do, and settled items stay settled."""

from __future__ import annotations

import pytest

from ediscovery.model.states import MEANING, State, base, is_exception, may_move


def test_every_state_has_a_meaning() -> None:
    assert set(MEANING) == set(State)
    for state, meaning in MEANING.items():
        assert meaning.sentence.endswith(".")
        assert bool(meaning.next_step) == (state is not State.OK)


@pytest.mark.parametrize(
    ("state", "exception"),
    [("ok", False), ("limit:depth", True), ("suppressed:denist", False), ("encrypted", True)],
)
def test_details_do_not_hide_the_state(state: str, exception: bool) -> None:
    assert is_exception(state) is exception


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="lost"):
        base("lost")


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("encrypted", "ok", True),
        ("timeout", "crashed", True),
        ("ok", "corrupt", False),
        ("special", "ok", False),
        ("ok", "suppressed:denist", True),
        ("suppressed:denist", "suppressed:date", False),
    ],
)
def test_moves(old: str, new: str, allowed: bool) -> None:
    assert may_move(old, new) is allowed
