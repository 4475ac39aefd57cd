"""From the query tree to queries of Elasticsearch: exact where it can be, else a superset to judge.

What Lucene does, and this module relies on (the parity tests hold it):

* Interval queries see only *minimal* intervals: of two that contain each other, the inner one.
  Single words, and blocks of one length, never contain each other; so a proximity between such is
  exact, in two orders where any will do, for then the two share no word. Blocks of several lengths
  are put together length by length.
* A proximity inside another is made of words that need not be the nearest, which minimal intervals
  pass over. But each of our occurrences contains a minimal interval of the same words, so the
  same query without regard to where inside its reach they stand finds a superset.
* A fuzzy query leaves out words that are not longer than their edits; those are added by pattern.
* Values of a field stand ``GAP`` positions apart: closer proximities never reach across.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ediscovery.search.occurrences import extent
from ediscovery.search.prepared import (
    CORRESPONDENTS,
    SINGLE_VALUED,
    any_key,
    placed,
)
from ediscovery.search.solve import Compiled
from ediscovery.search.tree import (
    AnyOf,
    DateRange,
    Fuzzy,
    Keyword,
    Match,
    Near,
    Phrase,
    Term,
    Wildcard,
    Word,
    WordExpression,
)

GAP = 1_000
"""``position_increment_gap`` of every word field in ``schemas/elasticsearch.json``."""

_MOST_SHAPES = 9
_NO_WORD = "-"  # a sign that separates words
_SHORT = 2  # words up to this length fuzzy queries may leave out

Query = dict[str, Any]
Source = dict[str, Any]
"""A source of intervals, the inner part of an ``intervals`` query."""


def anything() -> Compiled:
    """Every document."""
    return Compiled({"match_all": {}}, True, 1)


def all_of(parts: list[Compiled]) -> Compiled:
    """The documents that all ``parts`` find."""
    return _boolean("filter", parts) if parts else anything()


def any_of(parts: list[Compiled]) -> Compiled:
    """The documents that at least one of ``parts`` finds."""
    return _boolean("should", parts) if parts else Compiled({"match_none": {}}, True, 1)


def _boolean(kind: str, parts: list[Compiled]) -> Compiled:
    if len(parts) == 1:
        return parts[0]
    query = {"bool": {kind: [part.query for part in parts]}}
    cost = sum(part.cost for part in parts)
    depth = 1 + max(part.depth for part in parts)
    return Compiled(query, all(part.exact for part in parts), cost, depth)


def negated(part: Compiled) -> Compiled:
    """The documents that ``part``, which must be exact, does not find."""
    query = {"bool": {"must_not": [part.query]}}
    return Compiled(query, part.exact, part.cost + 10, part.depth + 1)


def numbered(numbers: list[int]) -> Query:
    """The documents of these numbers."""
    return {"terms": {"number": numbers}}


class Compiler:
    """Compiles leaves of the tree.

    ``intervals=False`` is for words too many for one interval query: proximities then become
    documents that have the words anywhere.
    """

    def __init__(self, *, intervals: bool = True) -> None:
        self.intervals = intervals

    # -- leaves ------------------------------------------------------------------------------------

    def match(self, leaf: Match) -> Compiled:
        """Words in a field; ``participant`` is five fields."""
        if leaf.field == "participant":
            return any_of([self._words(replace(leaf, field=name)) for name in CORRESPONDENTS])
        return self._words(leaf)

    def _words(self, leaf: Match) -> Compiled:
        if isinstance(leaf.expression, Wildcard) and leaf.expression.any_word:
            return self._key(any_key(leaf))
        field, expression = placed(leaf)
        found = self._expression(field, expression)
        # Edits of a labelled word may reach into its label.
        return replace(found, exact=False) if leaf.label and _fuzzy(expression) else found

    def keyword(self, leaf: Keyword) -> Compiled:
        """A value compared whole."""
        return self._key(f"{leaf.field}={leaf.value}")

    def date(self, leaf: DateRange) -> Compiled:
        """Dates in a half-open range of seconds."""
        if leaf.start is None and leaf.end is None:
            return self._key("any=date")
        limits = {
            name: int(limit.timestamp())
            for name, limit in (("gte", leaf.start), ("lt", leaf.end))
            if limit is not None
        }
        return Compiled({"range": {"date": limits}}, True, 5)

    def one_of(self, field: str, words: list[str]) -> Compiled:
        """Documents with any of these words."""
        if len(words) == 1:
            return self._term(field, Word(words[0]))
        return Compiled({"terms": {field: words}}, True, 10 + len(words) // 10)

    def _key(self, key: str) -> Compiled:
        if "*" in key or "?" in key:
            return Compiled(_wildcard("key", key), True, 30)
        return Compiled({"term": {"key": key}}, True, 1)

    # -- word expressions --------------------------------------------------------------------------

    def _expression(self, field: str, expression: WordExpression) -> Compiled:
        if isinstance(expression, Phrase):
            return self._phrase(field, expression)
        if isinstance(expression, AnyOf):
            return self._any(field, expression)
        if isinstance(expression, Near):
            return self._near(field, expression)
        return self._term(field, expression)

    def _term(self, field: str, term: Term) -> Compiled:
        if isinstance(term, Word):
            return Compiled({"term": {field: term.text}}, True, 1)
        if isinstance(term, Wildcard):
            if term.any_word:
                return self._key(f"any={field}")
            return Compiled(_wildcard(field, term.pattern), True, 20)
        query = {
            "fuzzy": {
                field: {
                    "value": term.text,
                    "fuzziness": term.edits,
                    "rewrite": "constant_score",  # without it, only so many words are tried
                }
            }
        }
        short = [Compiled(_wildcard(field, p), True, 20) for p in _left_out(term.text, term.edits)]
        return any_of([Compiled(query, True, 20), *short])

    def _any(self, field: str, expression: AnyOf) -> Compiled:
        parts = [self._expression(field, other) for other in expression.others]
        if expression.words:
            parts.append(self.one_of(field, sorted(expression.words)))
        return any_of(parts)

    def _phrase(self, field: str, phrase: Phrase) -> Compiled:
        words = [term.text for term in phrase.terms if isinstance(term, Word)]
        if len(words) == len(phrase.terms):
            return Compiled({"match_phrase": {field: " ".join(words)}}, True, 20)
        if not self.intervals:
            return self._anywhere(field, phrase)
        source = _loose(phrase)
        if source is None:
            return Compiled({"match_all": {}}, False, 1)
        return Compiled(_intervals(field, source), not _any_words(phrase), 100)

    def _near(self, field: str, near: Near) -> Compiled:
        if not self.intervals:
            return self._anywhere(field, near)
        left, right = _blocks(near.left), _blocks(near.right)
        if left and right and len(left) * len(right) <= _MOST_SHAPES:
            sources = [
                _all_of([a, b], near.distance - 1, ordered=True)
                for one in left.values()
                for other in right.values()
                for a, b in ([(one, other)] if near.ordered else [(one, other), (other, one)])
            ]
            exact = field in SINGLE_VALUED or near.distance < GAP
            return any_of([Compiled(_intervals(field, source), exact, 50) for source in sources])
        source = _loose(near)
        if source is None:
            return Compiled({"match_all": {}}, False, 1)
        return Compiled(_intervals(field, source), False, 100)

    def _anywhere(self, field: str, expression: WordExpression) -> Compiled:
        """Documents that have the words of an expression, wherever they stand."""
        if isinstance(expression, Near):
            sides = (expression.left, expression.right)
            parts = [self._anywhere(field, side) for side in sides]
        elif isinstance(expression, Phrase):
            parts = [self._term(field, term) for term in expression.terms]
        elif isinstance(expression, AnyOf):
            others = [self._anywhere(field, other) for other in expression.others]
            if expression.words:
                others.append(self.one_of(field, sorted(expression.words)))
            return any_of(others)
        else:
            return self._term(field, expression)
        return replace(all_of(parts), exact=False)


# -- intervals -------------------------------------------------------------------------------------


def _intervals(field: str, source: Source) -> Query:
    return {"intervals": {field: source}}


def _all_of(sources: list[Source], gaps: int, *, ordered: bool) -> Source:
    # Lucene makes one source of equal ones and then miscounts the gaps around what is longer than
    # a word; an alternative that is no word keeps them apart.
    distinct: list[Source] = []
    for n, source in enumerate(sources):
        twice = source in distinct and (gaps or not ordered)
        apart = {"match": {"query": f"{_NO_WORD}{n}"}}
        distinct.append(_any_of([source, apart]) if twice else source)
    return {"all_of": {"ordered": ordered, "max_gaps": gaps, "intervals": distinct}}


def _any_of(sources: list[Source]) -> Source:
    return sources[0] if len(sources) == 1 else {"any_of": {"intervals": sources}}


def _term_source(term: Term) -> Source | None:
    """One word; ``None`` for any word at all."""
    if isinstance(term, Word):
        return {"match": {"query": term.text}}
    if isinstance(term, Wildcard):
        return None if term.any_word else {"wildcard": {"pattern": term.pattern}}
    return {"fuzzy": {"term": term.text, "fuzziness": str(term.edits), "prefix_length": 0}}


def _blocks(expression: WordExpression) -> dict[int, Source] | None:
    """Its occurrences by their length, if all are words that follow each other; else ``None``."""
    if isinstance(expression, AnyOf):
        found: dict[int, list[Source]] = {}
        for alternative in expression.alternatives:
            blocks = _blocks(alternative)
            if blocks is None:
                return None
            for length, source in blocks.items():
                found.setdefault(length, []).append(source)
        return {length: _any_of(sources) for length, sources in found.items()}
    if isinstance(expression, Near) or (isinstance(expression, Phrase) and _any_words(expression)):
        return None
    block = _loose(expression)
    return None if block is None else {extent(expression): block}


def _loose(expression: WordExpression) -> Source | None:
    """A source with an interval inside every occurrence; ``None`` where nothing is known of it."""
    if isinstance(expression, Phrase):
        sources = [_term_source(term) for term in expression.terms]
        known = [n for n, source in enumerate(sources) if source is not None]
        if not known:
            return None
        between = known[-1] - known[0] + 1 - len(known)
        kept = [source for source in sources if source is not None]
        return kept[0] if len(kept) == 1 else _all_of(kept, between, ordered=True)
    if isinstance(expression, AnyOf):
        alternatives = [_loose(a) for a in expression.alternatives]
        some = [source for source in alternatives if source is not None]
        return _any_of(some) if len(some) == len(alternatives) else None
    if isinstance(expression, Near):
        left, right = _loose(expression.left), _loose(expression.right)
        if left is None or right is None:
            return left or right
        return _all_of([left, right], extent(expression) - 2, ordered=expression.ordered)
    return _term_source(expression)


def _any_words(phrase: Phrase) -> bool:
    return any(isinstance(term, Wildcard) and term.any_word for term in phrase.terms)


# -- single words ----------------------------------------------------------------------------------


def _wildcard(field: str, pattern: str) -> Query:
    return {"wildcard": {field: {"value": pattern.replace("\\", "\\\\")}}}


def _fuzzy(expression: WordExpression) -> bool:
    if isinstance(expression, Phrase):
        return any(isinstance(term, Fuzzy) for term in expression.terms)
    if isinstance(expression, AnyOf):
        return any(_fuzzy(alternative) for alternative in expression.alternatives)
    if isinstance(expression, Near):
        return _fuzzy(expression.left) or _fuzzy(expression.right)
    return isinstance(expression, Fuzzy)


def _left_out(text: str, edits: int) -> list[str]:
    """Patterns, ``?`` for any character, of the words that a fuzzy query may leave out."""
    if len(text) > _SHORT + edits:
        return []
    patterns = sorted(set(_edits(text, edits)))
    return [p for p in patterns if p and (len(p) <= _SHORT or len(text) <= _SHORT)]


def _edits(text: str, left: int) -> Iterator[str]:
    """What ``text`` becomes by at most ``left`` edits, no place edited twice."""
    if not text:
        for count in range(left + 1):
            yield "?" * count
        return
    for rest in _edits(text[1:], left):
        yield text[0] + rest
    if not left:
        return
    for rest in _edits(text[1:], left - 1):
        yield rest
        yield "?" + rest
    for rest in _edits(text, left - 1):
        yield "?" + rest
    if len(text) > 1:
        for rest in _edits(text[2:], left - 1):
            yield text[1] + text[0] + rest
