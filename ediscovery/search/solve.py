"""Running a query tree over one snapshot of an index, whichever backend holds it.

What the backend answers exactly is left to it. The rest is narrowed to candidates by a superset,
and each candidate's words are read and judged by :mod:`ediscovery.search.occurrences`, within the
time that the limits allow. So every backend finds the same documents.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, Self

import numpy

from ediscovery.search.index import Limits, Numbers, QueryTooCostly, Result
from ediscovery.search.occurrences import TooManyOccurrences, Words, occurs
from ediscovery.search.tree import (
    And,
    AnyOf,
    Attachment,
    Condition,
    DateRange,
    Keyword,
    Match,
    Near,
    Not,
    Or,
    Phrase,
    Wildcard,
    Word,
    WordExpression,
)

NONE: Numbers = numpy.empty(0, numpy.uint64)
_COSTLY = 2_000  # above this a query is run in parts, with a look at the clock between them
_DEEPEST = 20  # a query nested deeper is run in parts, too: servers refuse it
_MOST_STARS = 50


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query of the backend's own.

    ``exact``: it finds the documents meant and no other; else it finds them among more. ``cost``
    is a rough measure of its worst time, in about milliseconds a million documents. ``depth`` is
    how deep queries are nested in it, where the backend minds.
    """

    query: Any
    exact: bool
    cost: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """What must be fetched for a page of ``total`` hits: ``reach`` of them from the nearer end."""

    total: int
    start: int
    stop: int

    @classmethod
    def of(cls, total: int, limit: int, offset: int) -> Self:
        """The span of the ``limit`` hits from ``offset`` on."""
        start = min(offset, total)
        return cls(total, start, min(start + limit, total))

    @property
    def backwards(self) -> bool:
        """Whether the end is nearer: the page is fetched in descending order."""
        return self.total - self.start < self.stop

    @property
    def reach(self) -> int:
        if self.start == self.stop:
            return 0
        return self.total - self.start if self.backwards else self.stop

    def cut(self, found: list[int]) -> list[int]:
        """The page, ascending, out of the ``reach`` hits that were fetched."""
        if self.backwards:
            return found[::-1][: self.stop - self.start]
        return found[self.start : self.stop]


class Clock:
    """The time that one query has left."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.seconds
        self._deadline = time.monotonic() + limits.seconds

    @property
    def left(self) -> float:
        """Seconds until the query must be stopped; 0 when they are over."""
        return max(0.0, self._deadline - time.monotonic())

    def check(self, read: int = 0) -> None:
        """Raise when the time is over; ``read`` documents were read word by word."""
        if not self.left:
            self.stop(read)

    def stop(self, read: int = 0) -> None:
        """Raise :class:`QueryTooCostly`."""
        what = f" after reading {read:,} documents word by word" if read else ""
        raise QueryTooCostly(
            f"The query was stopped{what}: it needs more than {self._seconds:g} seconds.",
            "Make it narrower: join a rarer word, a date range or a custodian by AND, write "
            "longer beginnings before *, or cut long lists of alternatives into several "
            "queries.",
        )


class Backend(Protocol):
    """One query's view of a snapshot of an index. All may raise :class:`QueryTooCostly`."""

    clock: Clock

    # Queries from leaves of the tree; the exactness of the whole is that of its parts.
    def match(self, leaf: Match) -> Compiled: ...
    def keyword(self, leaf: Keyword) -> Compiled: ...
    def date(self, leaf: DateRange) -> Compiled: ...
    def one_of(self, field: str, words: list[str]) -> Compiled: ...
    def number(self, number: int) -> Compiled: ...
    def anything(self) -> Compiled: ...
    def all_of(self, parts: list[Compiled]) -> Compiled: ...
    def any_of(self, parts: list[Compiled]) -> Compiled: ...
    def negated(self, part: Compiled) -> Compiled: ...

    def page(self, query: Compiled, limit: int, offset: int) -> Result:
        """How many documents there are and the page asked for, by number."""

    def numbers(self, query: Compiled) -> Numbers:
        """The numbers of all documents that ``query`` finds, ascending."""

    def all_numbers(self) -> Numbers:
        """Every document; remembered for the snapshot."""

    def parents_of(self, children: Compiled | Numbers) -> Numbers:
        """The documents of the index that any of these is attached to, ascending."""

    def judge(self, leaf: Match, candidates: Compiled) -> Numbers:
        """The candidates in whose words the expression occurs, see :func:`holds`."""


class Solver:
    """One query. :meth:`solve` gives a query of the backend while that is exact, else numbers."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.clock = backend.clock
        self._compiled: dict[Condition, Compiled] = {}

    # -- answers -----------------------------------------------------------------------------------

    def page(self, tree: Condition, limit: int, offset: int) -> Result:
        """See :meth:`SearchIndex.search`."""
        solved = self.solve(tree, None)
        if not isinstance(solved, Compiled):
            return Result(len(solved), solved[offset : offset + limit].tolist())
        self.clock.check()
        return self.backend.page(solved, limit, offset)

    def matching(self, tree: Condition, number: int | None = None) -> Numbers:
        """See :meth:`SearchIndex.matching`; with ``number``, that document alone is looked at."""
        if number is None:
            return self.numbers(self.solve(tree, None))
        only = self.backend.number(number)
        solved = self.solve(tree, only)
        if isinstance(solved, Compiled):
            return self.numbers(self.backend.all_of([solved, only]))
        return numpy.intersect1d(solved, numpy.array([number], numpy.uint64))

    def numbers(self, solved: Compiled | Numbers) -> Numbers:
        """All documents found, as numbers."""
        if not isinstance(solved, Compiled):
            return solved
        self.clock.check()
        return self.backend.numbers(solved)

    # -- conditions --------------------------------------------------------------------------------

    def solve(self, node: Condition, within: Compiled | None) -> Compiled | Numbers:
        """Numbers are only right for documents that ``within`` finds; others may be wrong."""
        solved = self._solve(node, within)
        if isinstance(solved, Compiled) and solved.depth > _DEEPEST:
            return self.numbers(solved)
        return solved

    def _solve(self, node: Condition, within: Compiled | None) -> Compiled | Numbers:
        if isinstance(node, And):
            return self._conjunction(node, within)
        if isinstance(node, Or):
            return self._disjunction(node, within)
        if isinstance(node, Not):
            solved = self.solve(node.condition, within)
            if isinstance(solved, Compiled):
                return self.backend.negated(solved)
            everything = self.backend.all_numbers() if within is None else self.numbers(within)
            return numpy.setdiff1d(everything, solved, assume_unique=True)
        if isinstance(node, Attachment):
            children = self.solve(node.condition, None)
            self.clock.check()
            return self.backend.parents_of(children)
        compiled = self._leaf(node)
        if compiled.exact or not isinstance(node, Match):
            return compiled
        parts = [compiled] if within is None else [compiled, within]
        return self.backend.judge(node, self.backend.all_of(parts))

    def _leaf(self, node: Match | Keyword | DateRange) -> Compiled:
        compiled = self._compiled.get(node)
        if compiled is None:
            if isinstance(node, Match):
                for pattern in _patterns(node.expression):
                    _affordable(pattern)
                compiled = self.backend.match(node)
            elif isinstance(node, Keyword):
                _affordable(node.value)
                compiled = self.backend.keyword(node)
            else:
                compiled = self.backend.date(node)
            self._compiled[node] = compiled
        return compiled

    def _superset(self, node: Condition) -> Compiled:
        """A query that finds every document for which ``node`` holds."""
        found = self._compound(node)
        return found if found.depth <= _DEEPEST else self._inexact()

    def _compound(self, node: Condition) -> Compiled:
        if isinstance(node, And):
            return self.backend.all_of([self._superset(child) for child in node.conditions])
        if isinstance(node, Or):
            return self.backend.any_of([self._superset(child) for child in node.conditions])
        if isinstance(node, Not):
            child = self._superset(node.condition)
            return self.backend.negated(child) if child.exact else self._inexact()
        if isinstance(node, Attachment):
            return self._inexact()
        return self._leaf(node)

    def _inexact(self) -> Compiled:
        return Compiled(self.backend.anything().query, False, 1)

    def _conjunction(self, node: And, within: Compiled | None) -> Compiled | Numbers:
        parts = [(child, self._superset(child)) for child in dict.fromkeys(node.conditions)]
        exact = [part for _, part in parts if part.exact]
        rest = [(child, part) for child, part in parts if not part.exact]
        native = self.backend.all_of(exact)
        if not rest and native.cost <= _COSTLY:
            return native
        if not rest:
            exact.sort(key=lambda part: part.cost)
            return self._meet(self.numbers(part) for part in exact)
        narrow = [native] if exact else []
        narrow += [within] if within is not None else []

        def others(child: Condition) -> Compiled | None:
            parts = narrow + [part for other, part in rest if other is not child]
            return self.backend.all_of(parts) if parts else None

        rest.sort(key=lambda pair: isinstance(pair[0], Not))
        found = self._meet(self.numbers(self.solve(child, others(child))) for child, _ in rest)
        if exact and not any(isinstance(child, Match) for child, _ in rest):
            found = self._meet(iter([found, self.numbers(native)]))
        return found

    def _meet(self, parts: Iterator[Numbers]) -> Numbers:
        """What is in all parts; stops at the first empty one."""
        found: Numbers | None = None
        for part in parts:
            found = part if found is None else numpy.intersect1d(found, part, assume_unique=True)
            if not len(found):
                break
        return NONE if found is None else found

    def _disjunction(self, node: Or, within: Compiled | None) -> Compiled | Numbers:
        words: dict[str, list[str]] = {}
        native: list[Compiled] = []
        found: list[Numbers] = []
        for child in dict.fromkeys(node.conditions):
            if _is_word(child):
                assert isinstance(child, Match) and isinstance(child.expression, Word)
                words.setdefault(child.field, []).append(child.expression.text)
                continue
            solved = self.solve(child, within)
            if isinstance(solved, Compiled):
                native.append(solved)
            else:
                found.append(solved)
        native += [self.backend.one_of(field, texts) for field, texts in words.items()]
        if not found and sum(part.cost for part in native) <= _COSTLY:
            return self.backend.any_of(native)
        found += [self.numbers(self.backend.any_of(group)) for group in _groups(native)]
        return reduce(numpy.union1d, found, NONE)


def holds(leaf: Match, values: Iterable[str], number: int) -> bool:
    """Whether the expression occurs in any of a document's ``values`` (words parted by spaces).

    Raises :class:`QueryTooCostly` that names document ``number`` when it has too many combinations.
    """
    try:
        return any(occurs(leaf.expression, Words(value)) for value in values)
    except TooManyOccurrences:
        raise QueryTooCostly(
            f"Document number {number} holds too many combinations of the words of "
            f"{leaf.describe()[:80]}.",
            "Write smaller distances or fewer proximities inside each other.",
        ) from None


def _patterns(expression: WordExpression) -> Iterator[str]:
    if isinstance(expression, Wildcard):
        yield expression.pattern
    elif isinstance(expression, Phrase):
        for term in expression.terms:
            yield from _patterns(term)
    elif isinstance(expression, AnyOf):
        for other in expression.others:
            yield from _patterns(other)
    elif isinstance(expression, Near):
        yield from _patterns(expression.left)
        yield from _patterns(expression.right)


def _affordable(pattern: str) -> None:
    """Raise :class:`QueryTooCostly` for a word of more wildcards than any index takes."""
    if pattern.count("*") > _MOST_STARS:
        raise QueryTooCostly(
            f"The wildcards in {pattern[:60]} are too many to search.",
            "Write fewer * and ? in one word.",
        )


def _is_word(child: Condition) -> bool:
    return (
        isinstance(child, Match)
        and isinstance(child.expression, Word)
        and child.field != "participant"
        and not child.label
    )


def _groups(parts: list[Compiled]) -> Iterator[list[Compiled]]:
    """Parts put together up to a cost that is run without looking at the clock."""
    group: list[Compiled] = []
    cost = 0
    for part in parts:
        if group and cost + part.cost > _COSTLY:
            yield group
            group, cost = [], 0
        group.append(part)
        cost += part.cost
    if group:
        yield group
