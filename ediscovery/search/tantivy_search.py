"""Running a query tree over one snapshot of all shards.

What Tantivy answers exactly is left to it. The rest is narrowed to candidates by a superset, and
each candidate's words are read and judged, within the time that the limits allow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property, reduce
from typing import Any, TypeVar

import numpy
from tantivy import DocAddress, Order, Query, Schema, Searcher

from ediscovery.search.index import Limits, Numbers, QueryTooCostly, Result
from ediscovery.search.occurrences import TooManyOccurrences, Words, first_occurrences, occurs
from ediscovery.search.tantivy_query import (
    CORRESPONDENTS,
    LABEL_MARK,
    SINGLE_VALUED,
    Compiled,
    Compiler,
    Sequence,
    all_of,
    any_of,
    anything,
    negated,
)
from ediscovery.search.tree import (
    And,
    Attachment,
    Condition,
    DateRange,
    Keyword,
    Match,
    Not,
    Or,
    Word,
)

_NONE: Numbers = numpy.empty(0, numpy.uint64)
_COSTLY = 2_000  # above this a query is run in parts, with a look at the clock between them
# When candidates are many, sequences of words that this share of a sample hits by are looked up.
_MANY = 1_500
_SAMPLE = 150
_FEW = 20
_WORTH = 0.04
_T = TypeVar("_T")


class Search:
    """Queries over one snapshot; ``searchers`` in the order of the shards."""

    def __init__(self, schema: Schema, searchers: list[Searcher], limits: Limits) -> None:
        self.schema = schema
        self.searchers = searchers
        self.limits = limits

    def page(self, tree: Condition, limit: int, offset: int) -> Result:
        """See :meth:`SearchIndex.search`."""
        return self._run(lambda run: run.page(tree, limit, offset))

    def count(self, tree: Condition) -> int:
        """See :meth:`SearchIndex.count`."""
        return self._run(lambda run: run.page(tree, 0, 0)).total

    def matching(self, tree: Condition, number: int | None = None) -> Numbers:
        """See :meth:`SearchIndex.matching`; with ``number``, that document alone is looked at."""
        return self._run(lambda run: run.matching(tree, number))

    def _run(self, job: Callable[[_Run], _T]) -> _T:
        deadline = time.monotonic() + self.limits.seconds
        try:
            try:
                return job(_Run(self, deadline, regex_phrases=True))
            except ValueError as error:
                if "max expansions" not in str(error):
                    raise
            return job(_Run(self, deadline, regex_phrases=False))
        except ValueError as error:
            raise QueryTooCostly(
                f"The index cannot answer this query: {error}.",
                "Write fewer wildcards in one word, or cut the query into several.",
            ) from error

    def stored(self, number: int) -> dict[str, list[Any]] | None:
        """The words of the fields of a document, or ``None`` when it is not in the index."""
        searcher = self.searchers[number % len(self.searchers)]
        hits = searcher.search(self.number_query(number), 1, count=False).hits
        return searcher.doc(hits[0][1]).to_dict() if hits else None

    def number_query(self, number: int) -> Query:
        """The document of this number."""
        return Query.term_query(self.schema, "number", number)

    def numbers(self, query: Query) -> Numbers:
        """The numbers of all documents that ``query`` finds, ascending."""
        found = [
            numpy.fromiter((n for n, _ in hits), numpy.uint64, len(hits))
            for hits in (_hits(searcher, query) for searcher in self.searchers)
        ]
        result = numpy.concatenate(found)
        result.sort()
        return result

    @cached_property
    def all_numbers(self) -> Numbers:
        """Every document."""
        return self.numbers(Query.all_query())

    @cached_property
    def parents(self) -> tuple[Numbers, Numbers]:
        """Every document that has a parent, ascending, and its parent."""
        children: list[int] = []
        parents: list[int] = []
        for searcher in self.searchers:
            hits = _hits(searcher, Query.exists_query("parent"))
            values = searcher.fast_field_values("parent", [address for _, address in hits])
            children += [number for number, _ in hits]
            parents += [int(value or 0) for value in values]
        child, parent = numpy.array(children, numpy.uint64), numpy.array(parents, numpy.uint64)
        order = numpy.argsort(child)
        return child[order], parent[order]


def _hits(searcher: Searcher, query: Query) -> list[tuple[int, DocAddress]]:
    limit = max(1, searcher.num_docs)
    return searcher.search(query, limit, count=False, order_by_field="number", order=Order.Asc).hits


class _Run:
    """One query. :meth:`solve` gives a Tantivy query while that is exact, else numbers."""

    def __init__(self, search: Search, deadline: float, *, regex_phrases: bool) -> None:
        self.search = search
        self.deadline = deadline
        self.compiler = Compiler(search.schema, regex_phrases=regex_phrases)
        self.compiled: dict[Condition, Compiled] = {}

    # -- answers -----------------------------------------------------------------------------------

    def page(self, tree: Condition, limit: int, offset: int) -> Result:
        solved = self.solve(tree, None)
        if not isinstance(solved, Compiled):
            return Result(len(solved), solved[offset : offset + limit].tolist())
        total, first = 0, []
        for searcher in self.search.searchers:
            self.check()
            found = searcher.search(
                solved.query,
                max(1, offset + limit),
                count=True,
                order_by_field="number",
                order=Order.Asc,
            )
            total += found.count  # type: ignore[attr-defined]
            first += [number for number, _ in found.hits]
        first.sort()
        return Result(total, first[offset : offset + limit])

    def matching(self, tree: Condition, number: int | None) -> Numbers:
        if number is None:
            return self.numbers(self.solve(tree, None))
        only = Compiled(self.search.number_query(number), True, 1)
        solved = self.solve(tree, only)
        if isinstance(solved, Compiled):
            return self.search.numbers(all_of([solved, only]).query)
        return numpy.intersect1d(solved, numpy.array([number], numpy.uint64))

    def numbers(self, solved: Compiled | Numbers) -> Numbers:
        if not isinstance(solved, Compiled):
            return solved
        self.check()
        return self.search.numbers(solved.query)

    def check(self, read: int = 0) -> None:
        """Raise when the time is over; ``read`` documents were read word by word."""
        if time.monotonic() > self.deadline:
            what = f" after reading {read:,} documents word by word" if read else ""
            raise QueryTooCostly(
                f"The query was stopped{what}: it needs more than "
                f"{self.search.limits.seconds:g} seconds.",
                "Make it narrower: join a rarer word, a date range or a custodian by AND, write "
                "longer beginnings before *, or cut long lists of alternatives into several "
                "queries.",
            )

    # -- conditions --------------------------------------------------------------------------------

    def solve(self, node: Condition, within: Compiled | None) -> Compiled | Numbers:
        """Numbers are only right for documents that ``within`` finds; others may be wrong."""
        if isinstance(node, And):
            return self.conjunction(node, within)
        if isinstance(node, Or):
            return self.disjunction(node, within)
        if isinstance(node, Not):
            solved = self.solve(node.condition, within)
            if isinstance(solved, Compiled):
                return negated(solved)
            everything = self.search.all_numbers if within is None else self.numbers(within)
            return numpy.setdiff1d(everything, solved, assume_unique=True)
        if isinstance(node, Attachment):
            return self.attachment(node)
        compiled = self.leaf(node)
        if compiled.exact or not isinstance(node, Match):
            return compiled
        return self.judge(node, all_of([compiled] if within is None else [compiled, within]))

    def leaf(self, node: Match | Keyword | DateRange) -> Compiled:
        compiled = self.compiled.get(node)
        if compiled is None:
            if isinstance(node, Match):
                compiled = self.compiler.match(node)
            elif isinstance(node, Keyword):
                compiled = self.compiler.keyword(node)
            else:
                compiled = self.compiler.date(node)
            self.compiled[node] = compiled
        return compiled

    def superset(self, node: Condition) -> Compiled:
        """A query that finds every document for which ``node`` holds."""
        if isinstance(node, And):
            return all_of([self.superset(child) for child in node.conditions])
        if isinstance(node, Or):
            return any_of([self.superset(child) for child in node.conditions])
        if isinstance(node, Not):
            child = self.superset(node.condition)
            return negated(child) if child.exact else _inexact()
        if isinstance(node, Attachment):
            return _inexact()
        return self.leaf(node)

    def conjunction(self, node: And, within: Compiled | None) -> Compiled | Numbers:
        parts = [(child, self.superset(child)) for child in node.conditions]
        exact = [part for _, part in parts if part.exact]
        rest = [(child, part) for child, part in parts if not part.exact]
        native = all_of(exact)
        if not rest and native.cost <= _COSTLY:
            return native
        if not rest:
            exact.sort(key=lambda part: part.cost)
            return self.meet(self.numbers(part) for part in exact)
        narrow = [native] if exact else []
        narrow += [within] if within is not None else []

        def others(child: Condition) -> Compiled | None:
            parts = narrow + [part for other, part in rest if other is not child]
            return all_of(parts) if parts else None

        rest.sort(key=lambda pair: isinstance(pair[0], Not))
        found = self.meet(self.numbers(self.solve(child, others(child))) for child, _ in rest)
        if exact and not any(isinstance(child, Match) for child, _ in rest):
            found = self.meet(iter([found, self.numbers(native)]))
        return found

    def meet(self, parts: Iterator[Numbers]) -> Numbers:
        """What is in all parts; stops at the first empty one."""
        found: Numbers | None = None
        for part in parts:
            found = part if found is None else numpy.intersect1d(found, part, assume_unique=True)
            if not len(found):
                break
        return _NONE if found is None else found

    def disjunction(self, node: Or, within: Compiled | None) -> Compiled | Numbers:
        words: dict[str, list[str]] = {}
        native: list[Compiled] = []
        found: list[Numbers] = []
        for child in node.conditions:
            if _is_word(child):
                assert isinstance(child, Match) and isinstance(child.expression, Word)
                words.setdefault(child.field, []).append(child.expression.text)
                continue
            solved = self.solve(child, within)
            if isinstance(solved, Compiled):
                native.append(solved)
            else:
                found.append(solved)
        native += [self.compiler.one_of(field, texts) for field, texts in words.items()]
        if not found and sum(part.cost for part in native) <= _COSTLY:
            return any_of(native)
        found += [self.numbers(any_of(group)) for group in _groups(native)]
        return reduce(numpy.union1d, found, _NONE)

    def attachment(self, node: Attachment) -> Numbers:
        inner = self.numbers(self.solve(node.condition, None))
        children, parents = self.search.parents
        hit = numpy.isin(children, inner, assume_unique=True)
        return numpy.intersect1d(parents[hit], self.search.all_numbers)

    # -- reading candidates ------------------------------------------------------------------------

    def judge(self, leaf: Match, candidates: Compiled) -> Numbers:
        """The candidates in whose words the expression occurs.

        Mail repeats itself (footers, disclaimers), so where there are many candidates, a sample
        tells which exact sequences of words make most of them hit; those are left to Tantivy.
        """
        found: list[Numbers] = []
        places = self.places(candidates)
        while len(places) > _MANY and leaf.field in SINGLE_VALUED:
            sure = self.frequent(leaf, places[:: len(places) // _SAMPLE])
            if sure is None:
                break
            # What holds the sequence hits, candidate or not, so the candidates are sought once.
            known = self.numbers(sure)
            found.append(known)
            kept = numpy.isin(numpy.array([p[1] for p in places], numpy.uint64), known, invert=True)
            places = [places[n] for n in numpy.flatnonzero(kept).tolist()]
        hits: list[int] = []
        # Neighbours in the document store share blocks, which are unpacked once.
        places.sort(key=lambda place: (place[0], place[2].segment_ord, place[2].doc))
        for read, (shard, number, address) in enumerate(places):
            if read % 32 == 0:
                self.check(read)
            if self.holds(leaf, self.search.searchers[shard].doc(address), number):
                hits.append(number)
        found.append(numpy.array(sorted(hits), numpy.uint64))
        return reduce(numpy.union1d, found)

    def places(self, candidates: Compiled) -> list[tuple[int, int, DocAddress]]:
        """Shard, number and address of each candidate."""
        self.check()
        return [
            (shard, number, address)
            for shard, searcher in enumerate(self.search.searchers)
            for number, address in _hits(searcher, candidates.query)
        ]

    def frequent(self, leaf: Match, sample: list[tuple[int, int, DocAddress]]) -> Compiled | None:
        """The sequences of words that make many of the sampled documents hit."""
        made: dict[Sequence, set[int]] = {}
        for shard, number, address in sample:
            document = self.search.searchers[shard].doc(address)
            for value in document.get_all(leaf.field):
                words = Words(value)
                try:
                    occurrences = first_occurrences(leaf.expression, words, _FEW)
                except TooManyOccurrences:
                    continue
                for occurrence in occurrences:
                    first = occurrence[0]
                    sequence = tuple((n - first, words.sequence[n]) for n in occurrence)
                    made.setdefault(sequence, set()).add(number)
        chosen: list[Compiled] = []
        while made and len(chosen) < _FEW:
            sequence, covered = max(made.items(), key=lambda item: (len(item[1]), item[0]))
            if len(covered) < len(sample) * _WORTH:
                break
            chosen.append(self.compiler.sequence(leaf.field, sequence))
            made = {other: left for other, numbers in made.items() if (left := numbers - covered)}
        return any_of(chosen) if chosen else None

    def holds(self, leaf: Match, document: Any, number: int) -> bool:
        fields = CORRESPONDENTS if leaf.field == "participant" else (leaf.field,)
        try:
            return any(
                occurs(leaf.expression, Words(value))
                for field in fields
                for value in _values(document, field, leaf.label)
            )
        except TooManyOccurrences:
            raise QueryTooCostly(
                f"Document number {number} holds too many combinations of the words of "
                f"{leaf.describe()[:80]}.",
                "Write smaller distances or fewer proximities inside each other.",
            ) from None


def _inexact() -> Compiled:
    return Compiled(anything().query, False, 1)


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


def _values(document: Any, field: str, label: str) -> list[str]:
    """The words of each value of a field; with a label, of the entities that bear it."""
    if field in SINGLE_VALUED:
        value = document.get_first(field)
        return [] if value is None else [value]
    if not label:
        values: list[str] = document.get_all(field)
        return values
    prefix = label + LABEL_MARK
    return [
        " ".join(word[len(prefix) :] for word in value.split(" "))
        for value in document.get_all("entity_label")
        if value.startswith(prefix)
    ]
