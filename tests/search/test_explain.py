"""Places and highlights: offsets into the original text, whatever was folded on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ediscovery.search.explain import highlights, places
from ediscovery.search.grammar import parse
from ediscovery.search.occurrences import Words, occurrences
from ediscovery.search.tree import Match
from tests.search import slow_evaluator, strategies


def marked(query: str, text: str) -> str:
    """The text with brackets around what is highlighted."""
    for start, end in reversed(highlights(parse(query).tree, text)):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def test_highlights_in_the_original() -> None:
    text = "The Re\u0301sume\u0301: AT&T\u2019s O\ufb03ce, \u6771\u4eac; re-sume."
    assert marked("resum*", text) == text.replace("Re\u0301sume\u0301", "[Re\u0301sume\u0301]")
    assert "[AT&T]\u2019[s]" in marked('"at&t s"', text)
    assert "[O\ufb03ce]" in marked("off?ce", text)
    assert "[\u6771][\u4eac]" in marked("\u6771\u4eac", text)
    assert "[re]-[sume]" in marked("re-sume", text)


def test_highlights_only_what_made_it_hit() -> None:
    text = "breach x x breach contract x x contract"
    assert marked("breach w/1 contract", text) == "breach x x [breach] [contract] x x contract"
    assert marked("breach AND NOT contract", text) == "[breach] x x [breach] contract x x contract"
    assert marked("subject:breach OR x", text).count("[") == 4
    assert marked("attachment(breach)", text) == text


def test_places_are_limited_and_in_order() -> None:
    text = "a b " * 30_000
    match = parse("a w/1 b").tree
    assert isinstance(match, Match)
    found = places(match.expression, "text", text, most=5)
    assert [place.words for place in found] == [
        ((0, 1), (2, 3)),
        ((2, 3), (4, 5)),
        ((4, 5), (6, 7)),
        ((6, 7), (8, 9)),
        ((8, 9), (10, 11)),
    ]


def test_a_long_place_is_cut_in_its_snippet() -> None:
    text = "start " + "middle " * 500 + "end"
    match = parse("start w/600 end").tree
    assert isinstance(match, Match)
    (place,) = places(match.expression, "text", text)
    assert place.snippet.startswith("start middle") and place.snippet.endswith("middle end")
    assert " ... " in place.snippet and len(place.snippet) < 600


@given(strategies.expressions, st.lists(st.sampled_from(strategies.VOCABULARY), max_size=9))
def test_occurrences_are_those_of_the_slow_evaluator(expression: object, words: list[str]) -> None:
    found = occurrences(expression, Words(" ".join(words)))  # type: ignore[arg-type]
    expected = slow_evaluator.occurrences(expression, words)  # type: ignore[arg-type]
    assert found == sorted(tuple(sorted(one)) for one in expected)
