"""The tokeniser: its rule by cases, its laws by hypothesis."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ediscovery.search.words import LONGEST, joined, keyword, patterns, spans

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))

CASES = [
    ("", ""),
    (" \t\n--?!", ""),
    ("Breach of Contract", "breach of contract"),
    ("e-mail jane.roe@example.com", "e mail jane roe example com"),
    ("AT&T, R&D; A & B, &x y& a&&b", "at&t r&d a b x y a b"),
    ("don't O\u2019Brien", "don t o brien"),
    ("1,234.50 10:30 2001-06-30", "1 234 50 10 30 2001 06 30"),
    ("snake_case __x__", "snake_case __x__"),
    ("a/b\\c|d", "a b c d"),
    ("\x00a\x1fb\x7fc", "a b c"),
    ("na\u00efve nai\u0308ve NAÏVE", "naive naive naive"),
    ("Stra\u00dfe STRASSE", "strasse strasse"),
    ("M\u00f8ller \u0141\u00f3d\u017a \u00c6sir \u0152uvre", "moller lodz aesir oeuvre"),
    ("\u0130stanbul ISTANBUL", "istanbul istanbul"),
    ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3"),
    ("\ufb01ne \u2460 \u00bd \uff21\uff22\uff1f", "fine 1 1 2 ab"),
    ("con\u00adtract con\u200dtract con\u200etract", "contract contract contract"),
    ("a\u200bb a\u00a0b", "a b a b"),
    ("\u6771\u4eac\u30bf\u30ef\u30fc", "\u6771 \u4eac \u30bf \u30ef \u30fc"),
    ("\uff76\uff9e\u30ac\u30ab\u3099", "\u30ac \u30ac \u30ac"),
    ("\u0e01\u0e32x", "\u0e01 \u0e32 x"),
    ("\ud55c\uad6d\uc5b4", "\ud55c\uad6d\uc5b4"),
    ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
    ("\u0645\u064f\u062d\u0645\u062f", "\u0645\u062d\u0645\u062f"),
    ("\u0431\u0443\u0445\u0433\u0430\u043b\u0442\u0435\u0440", "бухгалтер"),
    ("a\ud800b", "a b"),
]


@pytest.mark.parametrize(("text", "words"), CASES)
def test_rule(text: str, words: str) -> None:
    assert joined(text) == words


@given(ANY_TEXT)
@example("e\u0301\u0323 x" + "y" * 600)
@example("\u1112\u1161\u11ab&a")
@example("&\u0301")
def test_spans_are_the_joined_words(text: str) -> None:
    assert [word for word, _, _ in spans(text)] == joined(text).split()


@given(st.text())
def test_single_spaces_between_words(text: str) -> None:
    words = joined(text)
    assert words == " ".join(words.split())


@given(st.text(st.characters(codec="ascii")))
def test_ascii_offsets_are_exact(text: str) -> None:
    for word, start, end in spans(text):
        assert text[start:end].lower() == word


@given(ANY_TEXT)
def test_offsets_ascend_and_their_text_has_the_word(text: str) -> None:
    last = 0
    for word, start, end in spans(text):
        assert last <= start < end <= len(text)
        last = start
        assert word[0] in joined(text[start:end]).replace(" ", "")


def test_offsets_reach_over_marks_and_ligatures() -> None:
    text = "say nai\u0308ve of\ufb01ce \u00bd"
    assert spans(text) == [
        ("say", 0, 3),
        ("naive", 4, 10),
        ("office", 11, 16),
        ("1", 17, 18),
        ("2", 17, 18),
    ]


@pytest.mark.parametrize("text", ["na\u00efve caf\u00e9 \u1ec7", "\ud55c\uad6d", "\u30ac \u03ac"])
def test_composed_and_decomposed_text_are_one(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert joined(unicodedata.normalize(form, text)) == joined(text)


def test_every_character_is_stable() -> None:
    """Words are words again: what is shown to a user can be searched."""
    for number in (*range(0x3400), *range(0xA000, 0xAD00), *range(0xF900, 0x20000)):
        words = joined(chr(number))
        assert joined(words) == words


def test_long_words_are_cut_not_lost() -> None:
    for letter in ("x", "\u0436"):
        run = letter * (2 * LONGEST + 3)
        pieces = ["a", letter * LONGEST, letter * LONGEST, letter * 3, "b"]
        assert joined(f"a {run} b").split() == pieces
        assert spans(run)[2] == (letter * 3, 2 * LONGEST, 2 * LONGEST + 3)


def test_patterns_keep_wildcards() -> None:
    found = patterns("e-Mail* A?&T *@Example.com")
    assert found == ["e", "mail*", "a?&t", "*", "example", "com"]
    assert patterns("\uff0a\uff1f") == []
    assert patterns("\u6771*") == ["\u6771", "*"]


@given(st.text())
def test_patterns_without_wildcards_are_words(text: str) -> None:
    text = text.replace("*", " ").replace("?", " ")
    assert patterns(text) == joined(text).split()


def test_keyword_keeps_punctuation() -> None:
    assert keyword("  Hot\u00a0 D\u00d6CS: a/b* ") == "hot docs: a/b*"
    assert keyword("a\ud800b").encode() == b"a?b"
    assert len(keyword("x" * 1000)) == LONGEST
