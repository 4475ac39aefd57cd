"""From the query tree to Tantivy queries: exact where Tantivy can be, else a superset to judge.

What Tantivy 0.27 does, and this module relies on (the parity tests hold it):

* A phrase with slop s matches ``b`` at 1-s..1+s words from ``a``, in either order, also on one and
  the same word. So ``a w/N b`` is the phrase a b or b a with slop N-1, exact unless a word can be
  both; and with offsets (0, a), (k, b) a phrase is exact for one distance k.
* Several values of a field stand one position apart, so phrases never cross values; slops may.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tantivy import FieldType, Occur, Query, Schema

from ediscovery.search.index import QueryTooCostly
from ediscovery.search.occurrences import extent, matcher
from ediscovery.search.prepared import (
    CORRESPONDENTS,
    LABEL_MARK,
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

_MOST_OFFSETS = 50
_MOST_PAIRS = 32
_MOST_WILD_PAIRS = 9
_META = re.compile(r"[\\.+*?()|\[\]{}^$]")


Simple = Word | Wildcard

Sequence = tuple[tuple[int, str], ...]
"""Words with their distances from the first, ascending."""


def anything() -> Compiled:
    """Every document."""
    return Compiled(Query.all_query(), True, 1)


def nothing() -> Compiled:
    """No document."""
    return Compiled(Query.empty_query(), True, 1)


def all_of(parts: list[Compiled]) -> Compiled:
    """The documents that all ``parts`` find."""
    return _boolean(parts, Occur.Must)


def any_of(parts: list[Compiled]) -> Compiled:
    """The documents that at least one of ``parts`` finds."""
    return _boolean(parts, Occur.Should)


def _boolean(parts: list[Compiled], occur: Occur) -> Compiled:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return anything() if occur == Occur.Must else nothing()
    query = Query.boolean_query([(occur, part.query) for part in parts])
    return Compiled(query, all(p.exact for p in parts), sum(p.cost for p in parts))


def negated(part: Compiled) -> Compiled:
    """The documents that ``part``, which must be exact, does not find."""
    query = Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, part.query)])
    return Compiled(query, part.exact, part.cost + 10)


class Compiler:
    """Compiles leaves of the tree for one schema.

    ``regex_phrases=False`` is for a wildcard that stands for more words than Tantivy expands in a
    phrase: such phrases then become supersets.
    """

    def __init__(self, schema: Schema, *, regex_phrases: bool = True) -> None:
        self.schema = schema
        self.regex_phrases = regex_phrases

    # -- leaves ------------------------------------------------------------------------------------

    def match(self, leaf: Match) -> Compiled:
        """Words in a field; ``participant`` is five fields."""
        if leaf.field == "participant":
            return any_of([self._words(replace(leaf, field=name)) for name in CORRESPONDENTS])
        return self._words(leaf)

    def _words(self, leaf: Match) -> Compiled:
        if isinstance(leaf.expression, Wildcard) and leaf.expression.any_word:
            return self._key(any_key(leaf))
        return self._expression(*placed(leaf))

    def keyword(self, leaf: Keyword) -> Compiled:
        """A value compared whole."""
        return self._key(f"{leaf.field}={leaf.value}")

    def date(self, leaf: DateRange) -> Compiled:
        """Dates in a half-open range of seconds."""
        if leaf.start is None and leaf.end is None:
            return self._key("any=date")
        start = int(leaf.start.timestamp()) if leaf.start else None
        end = int(leaf.end.timestamp()) if leaf.end else None
        query = Query.range_query(
            self.schema, "date", FieldType.Integer, start, end, include_upper=end is None
        )
        return Compiled(query, True, 5)

    def _key(self, key: str) -> Compiled:
        if "*" in key or "?" in key:
            return Compiled(self._regex("key", key), True, 30)
        return Compiled(Query.term_query(self.schema, "key", key), True, 1)

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
            return Compiled(Query.term_query(self.schema, field, term.text), True, 1)
        if isinstance(term, Wildcard):
            if term.any_word:
                return self._key(f"any={field}")
            closed = re.match(r"[^*?]*", term.pattern)
            prefix = len(closed[0]) if closed else 0
            return Compiled(self._regex(field, term.pattern), True, 300 if prefix < 2 else 20)
        query = Query.fuzzy_term_query(self.schema, field, term.text, term.edits, True)
        # Edits of a labelled word may reach into its label.
        return Compiled(query, LABEL_MARK not in term.text, 20)

    def _regex(self, field: str, pattern: str) -> Query:
        try:
            return Query.regex_query(self.schema, field, regex(pattern))
        except ValueError as error:
            raise QueryTooCostly(
                f"The wildcards in {pattern[:60]} are too many to search.",
                "Write fewer * and ? in one word.",
            ) from error

    def _any(self, field: str, expression: AnyOf) -> Compiled:
        parts = [self._expression(field, other) for other in expression.others]
        if expression.words:
            parts.append(self.one_of(field, sorted(expression.words)))
        return any_of(parts)

    def one_of(self, field: str, words: list[str]) -> Compiled:
        """Documents with any of these words."""
        if len(words) == 1:
            return self._term(field, Word(words[0]))
        query = Query.term_set_query(self.schema, field, words)
        return Compiled(query, True, 10 + len(words) // 10)

    def _phrase(self, field: str, phrase: Phrase) -> Compiled:
        terms = phrase.terms
        gaps = any(isinstance(t, Wildcard) and t.any_word for t in terms)
        known = [
            (n, t) for n, t in enumerate(terms) if not (isinstance(t, Wildcard) and t.any_word)
        ]
        if not known:
            return Compiled(Query.all_query(), False, 1)
        if len(known) == 1:
            return replace(self._term(field, known[0][1]), exact=False)
        # A gap at either end needs a word there, and in a field of several values one in the middle
        # may be the step between two values.
        inside = known[0][0] == 0 and known[-1][0] == len(terms) - 1
        exact = not gaps or (inside and field in SINGLE_VALUED)
        if all(isinstance(t, Word) for _, t in known):
            placed: list[str | tuple[int, str]] = [
                (n - known[0][0], t.text) for n, t in known if isinstance(t, Word)
            ]
            return Compiled(Query.phrase_query(self.schema, field, placed), exact, 20)
        if self.regex_phrases and not any(isinstance(t, Fuzzy) for _, t in known):
            patterns: list[str | tuple[int, str]] = [
                (n - known[0][0], regex(_pattern(t))) for n, t in known
            ]
            return Compiled(self._regex_phrase(field, patterns, 0), exact, 100)
        return replace(all_of([self._term(field, t) for _, t in known]), exact=False)

    def sequence(self, field: str, sequence: Sequence) -> Compiled:
        """Documents with these words at these distances from the first."""
        if len(sequence) == 1:
            return self._term(field, Word(sequence[0][1]))
        placed: list[str | tuple[int, str]] = list(sequence)
        return Compiled(Query.phrase_query(self.schema, field, placed), True, 20)

    def _regex_phrase(self, field: str, patterns: list[str | tuple[int, str]], slop: int) -> Query:
        try:
            return Query.regex_phrase_query(self.schema, field, patterns, slop)
        except ValueError as error:
            raise QueryTooCostly(
                "A phrase or proximity has wildcards that are too many to search.",
                "Write fewer * and ? in one word.",
            ) from error

    def _near(self, field: str, near: Near) -> Compiled:
        if field in SINGLE_VALUED:
            pairs = _pairs(_alternatives(near.left), _alternatives(near.right))
            if pairs:
                return any_of([self._pair(field, a, b, near) for a, b in pairs])
        parts = [self._expression(field, near.left), self._expression(field, near.right)]
        parts += self._narrowing(field, near)
        return replace(all_of(parts), exact=False)

    def _pair(self, field: str, one: Simple, other: Simple, near: Near) -> Compiled:
        if isinstance(one, Word) and isinstance(other, Word):
            return self._word_pair(field, one.text, other.text, near)
        return self._wild_pair(field, one, other, near.distance, near.ordered)

    def _word_pair(self, field: str, one: str, other: str, near: Near) -> Compiled:
        distance = near.distance
        if near.ordered or one == other:
            if distance <= _MOST_OFFSETS:
                steps = range(1, distance + 1)
                parts = [self._offset_pair(field, one, other, step) for step in steps]
                return any_of(parts)
            if one == other:
                # Two occurrences of one word cannot be told from one by slop.
                return replace(self._term(field, Word(one)), exact=False)
            return replace(self._slop_pair(field, one, other, distance), exact=False)
        return self._either_order(field, one, other, distance)

    def _offset_pair(self, field: str, one: str, other: str, step: int) -> Compiled:
        words: list[str | tuple[int, str]] = [(0, one), (step, other)]
        return Compiled(Query.phrase_query(self.schema, field, words), True, 20)

    def _slop_pair(self, field: str, one: str, other: str, distance: int) -> Compiled:
        words: list[str | tuple[int, str]] = [one, other]
        query = Query.phrase_query(self.schema, field, words, distance - 1)
        return Compiled(query, True, 20)

    def _either_order(self, field: str, one: str, other: str, distance: int) -> Compiled:
        orders = ((one, other), (other, one))
        return any_of([self._slop_pair(field, a, b, distance) for a, b in orders])

    def _wild_pair(
        self, field: str, one: Simple, other: Simple, distance: int, ordered: bool
    ) -> Compiled:
        """``contract* w/5 breach``: exact when no word fits both sides."""
        if not self.regex_phrases:
            return replace(all_of([self._term(field, one), self._term(field, other)]), exact=False)
        orders = [(one, other)] if ordered else [(one, other), (other, one)]
        queries = [
            self._regex_phrase(
                field, [(0, regex(_pattern(a))), (1, regex(_pattern(b)))], distance - 1
            )
            for a, b in orders
        ]
        found = any_of([Compiled(query, True, 100) for query in queries])
        return replace(found, exact=not ordered and _share_no_word(one, other))

    def _narrowing(self, field: str, near: Near) -> list[Compiled]:
        """What must hold if ``near`` does: one word of each side within the farthest reach."""
        pairs = _pairs(_anchors(near.left), _anchors(near.right))
        if not pairs or any(a == b for a, b in pairs):
            return []
        reach = extent(near.left) + extent(near.right) + near.distance - 2
        return [any_of([self._within(field, a, b, reach, near.ordered) for a, b in pairs])]

    def _within(
        self, field: str, one: Simple, other: Simple, distance: int, ordered: bool
    ) -> Compiled:
        if not isinstance(one, Word) or not isinstance(other, Word):
            return self._wild_pair(field, one, other, distance, ordered)
        if ordered:  # finds some in the other order, too
            return self._slop_pair(field, one.text, other.text, distance)
        return self._either_order(field, one.text, other.text, distance)


def regex(pattern: str) -> str:
    """A pattern with ``*`` and ``?`` as a regular expression of Tantivy, which matches whole."""
    return "".join(
        ".*" if char == "*" else "." if char == "?" else _META.sub(r"\\\g<0>", char)
        for char in pattern
    )


def _pattern(term: Term) -> str:
    return term.text if isinstance(term, Word | Fuzzy) else term.pattern


def _alternatives(expression: WordExpression) -> list[Simple]:
    """What an expression is any one of, if these are words and patterns; else nothing."""
    if isinstance(expression, Word) or (
        isinstance(expression, Wildcard) and not expression.any_word
    ):
        return [expression]
    if isinstance(expression, AnyOf):
        found = [_alternatives(alternative) for alternative in expression.alternatives]
        return list(dict.fromkeys(a for some in found for a in some)) if all(found) else []
    return []


def _anchors(expression: WordExpression) -> list[Simple]:
    """Words and patterns of which every occurrence holds at least one; empty when not known."""
    if isinstance(expression, Phrase):
        words = [t for t in expression.terms if isinstance(t, Word)]
        if words:
            return [max(words, key=lambda word: len(word.text))]
        return next((found for t in expression.terms if (found := _alternatives(t))), [])
    if isinstance(expression, AnyOf):
        parts = [_anchors(a) for a in expression.alternatives]
        return list(dict.fromkeys(a for some in parts for a in some)) if all(parts) else []
    if isinstance(expression, Near):
        return _anchors(expression.left) or _anchors(expression.right)
    return _alternatives(expression)


def _pairs(left: list[Simple], right: list[Simple]) -> list[tuple[Simple, Simple]]:
    """Each of the left with each of the right; nothing when these are too many to look up."""
    if len(left) * len(right) > _MOST_PAIRS:
        return []
    pairs = [(a, b) for a in left for b in right]
    wild = sum(isinstance(a, Wildcard) or isinstance(b, Wildcard) for a, b in pairs)
    return pairs if wild <= _MOST_WILD_PAIRS else []


def _share_no_word(left: Word | Wildcard, right: Word | Wildcard) -> bool:
    """Whether certainly no word fits both."""
    if isinstance(left, Word):
        left, right = right, left
    if isinstance(left, Word):
        assert isinstance(right, Word)
        return left.text != right.text
    if isinstance(right, Word):
        return not matcher(left)(right.text)
    for cut in (_head, _tail):
        one, other = cut(left.pattern), cut(right.pattern)
        size = min(len(one), len(other))
        if (one[:size] != other[:size]) if cut is _head else (one[-size:] != other[-size:]):
            return bool(size)
    return False


def _head(pattern: str) -> str:
    return re.split(r"[*?]", pattern)[0]


def _tail(pattern: str) -> str:
    return re.split(r"[*?]", pattern)[-1]
