"""Tracked deletions in a text: the text as it stands is never torn, nothing deleted is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract.office.lines import DELETED, INSERTED, KEPT, mark_deletions

_MARK = re.compile(r" ?\[-(.*?)-\]", re.DOTALL)


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([("The ", KEPT), ("old ", DELETED), ("car", KEPT)], "The [-old -]car"),
        ([("colo", KEPT), ("u", DELETED), ("r is", KEPT)], "color [-colour-] is"),
        ([("a ", KEPT), ("cat", DELETED), ("dog", INSERTED), (" ran", KEPT)], "a [-cat-]dog ran"),
        ([("a ", KEPT), ("dog", INSERTED), ("cat", DELETED), (" ran", KEPT)], "a dog[-cat-] ran"),
        ([("run", KEPT), ("ning", DELETED)], "run [-running-]"),
        ([("all of ", DELETED), ("it", DELETED)], "[-all of it-]"),
        ([("a", KEPT), ("b", DELETED), ("c", KEPT), ("d", DELETED), ("e f", KEPT)],
         "ace [-abcde-] f"),
        ([("nothing", KEPT)], "nothing"),
        ([], ""),
    ],
)  # fmt: skip
def test_marks(segments: list[tuple[str, int]], expected: str) -> None:
    assert mark_deletions(segments) == expected


_PIECES = st.lists(
    st.tuples(st.text("ab \n.", max_size=5), st.sampled_from([KEPT, INSERTED, DELETED])),
    max_size=8,
)


@given(_PIECES)
def test_current_text_is_whole_and_deletions_are_all_there(
    segments: list[tuple[str, int]],
) -> None:
    marked = mark_deletions(segments)
    current = "".join(text for text, kind in segments if kind != DELETED)
    assert _MARK.sub("", marked).replace(" ", "") == current.replace(" ", "")
    for word in re.findall(r"[ab]+", current):
        assert word in _MARK.sub(" ", marked)
    given_back = "".join(_MARK.findall(marked))
    for text, kind in segments:
        if kind == DELETED:
            assert text in given_back


def test_a_word_without_end_is_not_looked_at_again_and_again() -> None:
    segments = [("x" * 50, KEPT), ("y", DELETED)] * 4000
    assert len(mark_deletions(segments)) < 3 * 51 * 4000
