"""Running a query tree over one snapshot of all shards of an embedded index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, reduce
from typing import Any, TypeVar

import numpy
from tantivy import DocAddress, Order, Query, Schema, Searcher

from ediscovery.search.answers import Answers
from ediscovery.search.index import Limits, Numbers, QueryTooCostly, Result
from ediscovery.search.occurrences import TooManyOccurrences, Words, first_occurrences
from ediscovery.search.prepared import CORRESPONDENTS, LABEL_MARK, SINGLE_VALUED
from ediscovery.search.solve import Clock, Compiled, Solver, Span, holds
from ediscovery.search.tantivy_query import (
    Compiler,
    Sequence,
    all_of,
    any_of,
    anything,
    negated,
)
from ediscovery.search.tree import Match

# When candidates are many, sequences of words that this share of a sample hits by are looked up.
_MANY = 1_500
_SAMPLE = 150
_FEW = 20
_WORTH = 0.04
_T = TypeVar("_T")


class Search(Answers):
    """Queries over one snapshot; ``searchers`` in the order of the shards."""

    def __init__(self, schema: Schema, searchers: list[Searcher], limits: Limits) -> None:
        self.schema = schema
        self.searchers = searchers
        self.limits = limits

    def run(self, job: Callable[[Solver], _T], clock: Clock) -> _T:
        try:
            try:
                return job(Solver(_Run(self, clock, regex_phrases=True)))
            except ValueError as error:
                if "max expansions" not in str(error):
                    raise
            return job(Solver(_Run(self, clock, regex_phrases=False)))
        except ValueError as error:
            raise QueryTooCostly(
                f"The index cannot answer this query: {error}.",
                "Write fewer wildcards in one word, or cut the query into several.",
            ) from error

    def stored(self, number: int) -> dict[str, list[Any]] | None:
        searcher = self.searchers[number % len(self.searchers)]
        hits = searcher.search(self.number_query(number), 1, count=False).hits
        return searcher.doc(hits[0][1]).to_dict() if hits else None

    def counted(self, solver: Solver, found: Compiled | Numbers, field: str) -> dict[str, int]:
        prefix = f"{field}="
        query = found.query if isinstance(found, Compiled) else None
        counts: dict[str, int] = {}
        for searcher in self.searchers:
            for key, count in searcher.terms_with_prefix("key", prefix, query):
                value = key[len(prefix) :]
                if not isinstance(found, Compiled):
                    with_it = self.numbers(Query.term_query(self.schema, "key", key), [searcher])
                    count = len(numpy.intersect1d(with_it, found, assume_unique=True))
                if count:
                    counts[value] = counts.get(value, 0) + count
            solver.clock.check()
        return counts

    def number_query(self, number: int) -> Query:
        """The document of this number."""
        return Query.term_query(self.schema, "number", number)

    def numbers(self, query: Query, searchers: list[Searcher] | None = None) -> Numbers:
        """The numbers of all documents that ``query`` finds, ascending."""
        found = [
            numpy.fromiter((n for n, _ in hits), numpy.uint64, len(hits))
            for hits in (_hits(searcher, query) for searcher in searchers or self.searchers)
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


class _Run(Compiler):
    """One query; see :class:`ediscovery.search.solve.Backend`."""

    def __init__(self, search: Search, clock: Clock, *, regex_phrases: bool) -> None:
        super().__init__(search.schema, regex_phrases=regex_phrases)
        self.search = search
        self.clock = clock

    def number(self, number: int) -> Compiled:
        return Compiled(self.search.number_query(number), True, 1)

    def anything(self) -> Compiled:
        return anything()

    def all_of(self, parts: list[Compiled]) -> Compiled:
        return all_of(parts)

    def any_of(self, parts: list[Compiled]) -> Compiled:
        return any_of(parts)

    def negated(self, part: Compiled) -> Compiled:
        return negated(part)

    # -- answers -----------------------------------------------------------------------------------

    def page(self, query: Compiled, limit: int, offset: int) -> Result:
        if not offset:
            total, first = self._first(query, limit, Order.Asc)
            return Result(total, sorted(first)[:limit])
        total, _ = self._first(query, 1, Order.Asc)
        span = Span.of(total, limit, offset)
        if not span.reach:
            return Result(total, [])
        order = Order.Desc if span.backwards else Order.Asc
        _, found = self._first(query, span.reach, order)
        return Result(total, span.cut(sorted(found, reverse=span.backwards)[: span.reach]))

    def _first(self, query: Compiled, limit: int, order: Order) -> tuple[int, list[int]]:
        """How many documents there are, and the first of each shard."""
        total, first = 0, []
        for searcher in self.search.searchers:
            self.clock.check()
            found = searcher.search(
                query.query, max(1, limit), count=True, order_by_field="number", order=order
            )
            total += found.count  # type: ignore[attr-defined]
            first += [number for number, _ in found.hits]
        return total, first

    def numbers(self, query: Compiled) -> Numbers:
        return self.search.numbers(query.query)

    def all_numbers(self) -> Numbers:
        return self.search.all_numbers

    def parents_of(self, children: Compiled | Numbers) -> Numbers:
        inner = self.numbers(children) if isinstance(children, Compiled) else children
        known, parents = self.search.parents
        hit = numpy.isin(known, inner, assume_unique=True)
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
                self.clock.check(read)
            if holds(leaf, _values(self.search.searchers[shard].doc(address), leaf), number):
                hits.append(number)
        found.append(numpy.array(sorted(hits), numpy.uint64))
        return reduce(numpy.union1d, found)

    def places(self, candidates: Compiled) -> list[tuple[int, int, DocAddress]]:
        """Shard, number and address of each candidate."""
        self.clock.check()
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
            chosen.append(self.sequence(leaf.field, sequence))
            made = {other: left for other, numbers in made.items() if (left := numbers - covered)}
        return any_of(chosen) if chosen else None


def _values(document: Any, leaf: Match) -> Iterator[str]:
    """The words of each value that ``leaf`` is held against."""
    if leaf.label:
        prefix = leaf.label + LABEL_MARK
        for value in document.get_all("entity_label"):
            if value.startswith(prefix):
                yield " ".join(word[len(prefix) :] for word in value.split(" "))
        return
    for field in CORRESPONDENTS if leaf.field == "participant" else (leaf.field,):
        if field not in SINGLE_VALUED:
            yield from document.get_all(field)
        elif (value := document.get_first(field)) is not None:
            yield value
