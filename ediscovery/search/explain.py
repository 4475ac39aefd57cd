"""Why a document hit, and where: places for explanations, snippets and highlights."""

from __future__ import annotations

from dataclasses import dataclass

from ediscovery.search.occurrences import TooManyOccurrences, Words, first_occurrences
from ediscovery.search.tree import Condition, Match, Not, WordExpression, leaves
from ediscovery.search.words import spans

_MOST_PLACES = 1_000
_CONTEXT = 60


@dataclass(frozen=True, slots=True)
class Place:
    """One occurrence: the offsets of its words, and a line of what stands around it.

    Offsets are (start, end) pairs into ``field``'s original text, or into its words as indexed
    where the original is not at hand.
    """

    field: str
    words: tuple[tuple[int, int], ...]
    snippet: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of the query: does it hold for the document, and where."""

    query: str
    holds: bool
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """``understood``: the query with all parentheses. ``hit``: whether the document is found."""

    number: int
    understood: str
    hit: bool
    clauses: tuple[Clause, ...]


def places(
    expression: WordExpression, field: str, text: str, most: int = _MOST_PLACES
) -> list[Place]:
    """The first ``most`` occurrences in one value of a field, with offsets into ``text``.

    A document with too many combinations to list gives none.
    """
    located = spans(text)
    try:
        words = Words(" ".join(word for word, _, _ in located))
        found = first_occurrences(expression, words, most)
    except TooManyOccurrences:
        return []
    result = []
    for occurrence in found:
        offsets = tuple((located[n][1], located[n][2]) for n in occurrence)
        result.append(Place(field, offsets, _snippet(text, offsets[0][0], offsets[-1][1])))
    return result


def highlights(tree: Condition, text: str) -> list[tuple[int, int]]:
    """Offsets (start, end) in the original text of every word that made it hit, ascending.

    Conditions under NOT and on other fields have none.
    """
    found: set[tuple[int, int]] = set()
    for leaf in _positive(tree):
        if isinstance(leaf, Match) and leaf.field == "text":
            for place in places(leaf.expression, "text", text, most=100_000):
                found.update(place.words)
    return sorted(found)


def _positive(tree: Condition) -> list[Condition]:
    if isinstance(tree, Not):
        return []
    children = getattr(tree, "conditions", None)
    if children is None:
        return list(leaves(tree))
    return [leaf for child in children for leaf in _positive(child)]


def _snippet(text: str, start: int, end: int) -> str:
    """A line around an occurrence; a long one is cut in its middle."""
    if end - start > 4 * _CONTEXT:
        middle = f"{text[start : start + 2 * _CONTEXT]} ... {text[end - 2 * _CONTEXT : end]}"
    else:
        middle = text[start:end]
    before = text[max(0, start - _CONTEXT) : start]
    after = text[end : end + _CONTEXT]
    return " ".join(f"{before}{middle}{after}".split())
