"""Paragraphs: worked examples, and laws about offsets, quoting and wrapping."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.analyze.paragraphs import (
    BLOCK_CHARS,
    MAX_CHARS,
    MAX_WORD,
    MODEL_CHARS,
    Paragraph,
    split,
)

FIRST = "The pumps that you paid for in March have left our yard in Bremen this morning by lorry."
SECOND = (
    "Please tell Mr. Lee that the invoice\nof 4 May covers the whole delivery, spare parts too."
)
SIGNED = "Jane Roe\nNorth Pumps Ltd.\nBremen"


def texts(text: str, body_start: int = 0) -> list[str]:
    return [p.text for p in split(text, body_start)]


def digests(text: str) -> list[bytes]:
    return [p.digest for p in split(text)]


def test_blank_lines_rules_and_quote_depth_part_paragraphs() -> None:
    text = (
        f"{FIRST}\n\n  \n{SECOND}\n-- \n{SIGNED}\n=====\n> one\n>\n> two\n>> three\nfour\f\nfive\n"
    )
    joined = SECOND.replace("\n", " ")
    assert texts(text) == [FIRST, joined, SIGNED, "one", "two", "three", "four", "five"]


def test_line_ends_stay_in_addresses_and_lists_only() -> None:
    assert texts(SIGNED) == [SIGNED]
    assert texts(f"{SIGNED}\n{'x' * BLOCK_CHARS}")[0].count("\n") == 0


def test_a_quoted_reply_equals_its_original() -> None:
    original = f"{FIRST}\n\n{SECOND}\n\n{SIGNED}\n"
    reply = "Thank you!\n\nOn Friday Jane wrote:\n" + quoted(quoted(textwrap.fill(FIRST, 60)))
    reply += ">\n" + quoted(SECOND.replace("\n", "\u00a0 ")) + "\n> \n" + quoted(SIGNED)
    assert digests(reply)[2:] == digests(original)


def quoted(text: str) -> str:
    return "".join(f"> {line}\n" for line in text.splitlines())


def test_offsets_lead_back_through_quote_marks() -> None:
    text = "x\n\n> The pumps went to New\n> \tYork   City by sea, the bill to the buyer by mail.\n"
    paragraph = split(text)[1]
    start = paragraph.text.index("New York City")
    begin, end = paragraph.place(start, start + len("New York City"))
    assert text[begin:end] == "New\n> \tYork   City"


def test_header_lines_stand_alone_and_only_the_subject_is_prose() -> None:
    header = "From: Jane Roe <jane@north.example>\nSubject: Pumps for May\nno field\n"
    text = f"{header}\n{FIRST}\n"
    found = split(text, len(header) + 1)
    assert [(p.text, p.prose) for p in found] == [
        ("Jane Roe <jane@north.example>", False),
        ("Pumps for May", True),
        ("no field", False),
        (FIRST, True),
    ]
    for p in found:
        begin, end = p.place(0, len(p.text))
        assert text[begin:end] == p.text
    assert not any(p.prose for p in split(text, len(header) + 1, prose=False))


@pytest.mark.parametrize("unit", ["word ", "word " * 50 + "\n\n"])
def test_the_model_reads_a_bounded_part(unit: str) -> None:
    found = split(unit * ((MODEL_CHARS + 20_000) // len(unit)))
    prose = [p for p in found if p.prose]
    assert prose == found[: len(prose)]
    assert prose[-1].origins[0] < MODEL_CHARS <= found[len(prose)].origins[0]


def test_digests_differ_by_kind_and_settings() -> None:
    as_header = split("Date: x\n", 8)[0]
    assert as_header.text == "x"
    kinds = {as_header.digest, split("x")[0].digest, split("x", salt=b"1")[0].digest}
    assert len(kinds) == 3
    assert len(as_header.digest) == 16


LINE = st.text(st.sampled_from("ab1.> \t\u00a0\u2003é-"), max_size=12)
BODY = st.lists(LINE, max_size=12).map("\n".join)


@given(BODY, BODY)
def test_every_letter_and_digit_stands_in_one_paragraph_at_its_place(head: str, body: str) -> None:
    text = f"{head}\n{body}"
    seen: set[int] = set()
    for paragraph in split(text, len(head) + 1):
        for at, character in enumerate(paragraph.text):
            begin, end = paragraph.place(at, at + 1)
            if not character.isspace():
                assert text[begin:end] == character
                assert begin not in seen
                seen.add(begin)
    assert {n for n, character in enumerate(text) if character.isalnum()} <= seen


@given(BODY, st.integers(1, 3))
def test_quoting_changes_nothing(body: str, times: int) -> None:
    again = body
    for _ in range(times):
        again = "".join(f"> {line}\n" for line in again.split("\n"))
    assert digests(again) == digests(body)


@given(
    st.lists(st.text("abcäß", min_size=1, max_size=20), min_size=30, max_size=300),
    st.integers(70, 90),
    st.integers(70, 200),
)
def test_wrapping_changes_nothing(words: list[str], one: int, two: int) -> None:
    """As long as some line is longer than those of an address."""
    assert digests(wrapped(words, one)) == digests(wrapped(words, two))


def wrapped(words: list[str], width: int) -> str:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) >= width:
            lines.append(word)
        else:
            lines[-1] += " " + word
    return "\n".join(lines)


@pytest.mark.parametrize("width", [80, 1_000_000])
def test_long_paragraphs_are_cut_at_blanks_the_same_in_every_wrapping(width: int) -> None:
    words = [f"word{n}" for n in range(20_000)]
    found = split(wrapped(words, width))
    assert max(len(p.text) for p in found) <= MAX_CHARS
    assert " ".join(p.text for p in found).split() == words
    assert len(found) < 60
    assert [p.digest for p in found] == digests(wrapped(words, 120))


def test_a_cut_paragraph_stays_what_it_is() -> None:
    """A long line makes no address of the rest that is cut off, and a long list stays a list."""
    line = "word " * 900
    assert "\n" not in split(f"{line}\nJane\nRoe")[-1].text
    assert digests(f"{line}\nJane\nRoe") == digests(f"{line} Jane Roe")
    items = split("Jane Roe\n" * 900)
    assert len(items) > 1
    assert all(p.text.count("\n") > 9 for p in items)


@pytest.mark.parametrize("unit", ["x", ">", "> ", "x ", "\n", " ", "-\n", ">x\n", "x\n>"])
def test_hostile_text_is_bounded(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    found: list[Paragraph] = split(text)
    assert all(len(p.text) <= MAX_CHARS for p in found)
    if unit == "x":
        assert {len(p.text) for p in found} == {MAX_WORD}
