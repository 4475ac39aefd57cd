"""Redactions as people write them, and what words and patterns cover."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.model.errors import UsageError
from ediscovery.review import redactions
from ediscovery.review.redactions import Mark
from ediscovery.review.terms import spans

_COLUMNS = st.integers(1, 16_384)
_ROWS = st.integers(1, 1_048_576)


def _letters(n: int) -> str:
    return "" if n == 0 else _letters((n - 1) // 26) + chr(65 + (n - 1) % 26)


def test_boxes_are_points_of_a_page() -> None:
    assert redactions.box("3:72,100.5,300,120") == Mark("box", 3, (72.0, 100.5, 300.0, 120.0))
    assert redactions.whole_page(2) == Mark("page", 2)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1:1,2,3", "1:1,2,3,4,5", "0:1,2,3,4", "1:3,2,1,4", "1:1,2,3,2", "1:-1,2,3,4",
     "1:a,2,3,4", "1:nan,2,3,4", "1:1,2,inf,4", "1:1,2,3,1e9", "-1:1,2,3,4"],
)  # fmt: skip
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        redactions.box(text)


@given(
    _COLUMNS, _ROWS, _COLUMNS, _ROWS, st.sampled_from(["Sheet1", "My sheet", "It's", "Übersicht"])
)
def test_cells_are_a_range_from_the_upper_left(a: int, b: int, c: int, d: int, sheet: str) -> None:
    quoted = "'" + sheet.replace("'", "''") + "'"
    mark = redactions.cells(f"{quoted}!{_letters(a)}{b}:{_letters(c)}{d}")
    first, last = f"{_letters(min(a, c))}{min(b, d)}", f"{_letters(max(a, c))}{max(b, d)}"
    name = quoted if " " in sheet or "'" in sheet else f"'{sheet}'"
    assert mark in (
        Mark("cells", term=f"{name}!{first}:{last}"), Mark("cells", term=f"{sheet}!{first}:{last}")
    )  # fmt: skip
    assert redactions.cells(mark.term or "") == mark


def test_one_cell_and_wrong_ones() -> None:
    assert redactions.cells("Sheet1!B2") == Mark("cells", term="Sheet1!B2:B2")
    for text in (
        "B2:C3",
        "Sheet1!B",
        "Sheet1!2",
        "Sheet1!b2",
        "Sheet1!A0",
        "S!XFE1",
        "S!A1048577",
        "",
    ):
        with pytest.raises(UsageError):
            redactions.cells(text)


@pytest.mark.parametrize(
    ("kind", "term", "text", "covered"),
    [
        ("term", "account 4711", "Account: 4711; account 4712. ACCOUNT\n4711",
         ["Account: 4711", "ACCOUNT\n4711"]),
        ("term", "4711", "4711, 47110, 4711", ["4711", "4711"]),
        ("term", "résumé", "Resume and RÉSUMÉ", ["Resume", "RÉSUMÉ"]),
        ("term", "roe*", "Roe, Roebuck, Monroe", ["Roe", "Roebuck"]),
        ("term", "smith~", "Smith Smyth Smooth", ["Smith", "Smyth"]),
        ("term", "jane@acme.example", "to jane@acme.example now", ["jane@acme.example"]),
        ("term", "nothing", "some text", []),
        ("regex", r"\d{3}-\d{2}-\d{4}", "078-05-1120 and 07-05", ["078-05-1120"]),
        ("regex", "(?i)ACCT", "acct Acct", ["acct", "Acct"]),
    ],
)  # fmt: skip
def test_what_is_covered(kind: str, term: str, text: str, covered: list[str]) -> None:
    assert [text[start:end] for start, end in spans(kind, term, text)] == covered


@pytest.mark.parametrize(
    "term",
    ["", "a AND b", "a w/5 b", "subject:a", "a OR b", "NOT a", "*", '"* *"', "...", "type:pdf"],
)
def test_a_redaction_says_exactly_what_it_covers(term: str) -> None:
    with pytest.raises(UsageError):
        redactions.term(term)


@pytest.mark.parametrize("text", ["", "(", "a*", "|b", "^"])
def test_patterns_need_a_character(text: str) -> None:
    with pytest.raises(UsageError):
        redactions.regex(text)
