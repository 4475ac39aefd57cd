"""Running a query tree over one point in time of an index in Elasticsearch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy

from ediscovery.search.answers import Answers
from ediscovery.search.elastic_client import failed, reason
from ediscovery.search.elastic_query import (
    Compiler,
    all_of,
    any_of,
    anything,
    negated,
    numbered,
)
from ediscovery.search.index import Limits, Numbers, QueryTooCostly, Result
from ediscovery.search.prepared import CORRESPONDENTS, values_of
from ediscovery.search.solve import NONE, Clock, Compiled, Solver, Span, holds
from ediscovery.search.tree import Match

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

PAGE = 10_000
"""Hits of one request: ``index.max_result_window``."""

_KEEP = "10m"
_FILTER = (
    "pit_id,timed_out,hits.total.value,hits.hits.sort,hits.hits.fields,hits.hits._source,"
    "aggregations"
)
_GRACE = 10.0  # seconds that an answer may take beyond the time that the query has
_FIRST_READ, _MOST_READ = 50, 2_000  # documents read in one request
_READ_BYTES = 8 << 20
_MOST_BUCKETS = 65_000
_TOO_MANY = ("too many", "too_many", "too complex", "maxClauseCount", "nested depth")
_GONE = ("search_context_missing_exception", "index_not_found_exception")
_T = TypeVar("_T")


class Search(Answers):
    """Queries over one point in time of ``index``; ``""`` is an index without a document."""

    def __init__(self, client: Elasticsearch, url: str, index: str, limits: Limits) -> None:
        self.client = client
        self.url = url
        self.index = index
        self.limits = limits
        self._point = ""
        self._all: Numbers | None = None

    def run(self, job: Callable[[Solver], _T], clock: Clock) -> _T:
        try:
            return self._twice(job, clock)
        except _TooMany:
            pass
        try:
            return job(Solver(_Run(self, clock, intervals=False)))
        except _TooMany as error:
            raise QueryTooCostly(
                f"The index cannot answer this query: {error}.",
                "Write fewer wildcards in one word, or cut the query into several.",
            ) from error

    def _twice(self, job: Callable[[Solver], _T], clock: Clock) -> _T:
        """Once more where the point in time is no more: forgotten over lunch, or rebuilt."""
        try:
            return job(Solver(_Run(self, clock, intervals=True)))
        except _Gone:
            self.close()
        try:
            return job(Solver(_Run(self, clock, intervals=True)))
        except _Gone as error:
            raise failed(error.error, self.url) from error

    def stored(self, number: int) -> dict[str, Any] | None:
        found = self.run(lambda solver: list(self._one(solver, number)), Clock(self.limits))
        return found[0] if found else None

    def _one(self, solver: Solver, number: int) -> Iterator[dict[str, Any]]:
        query = solver.backend.number(number)
        for hit in self.ask({"query": query.query, "size": 1}, solver.clock)["hits"]["hits"]:
            yield hit["_source"]

    def counted(self, solver: Solver, found: Compiled | Numbers, field: str) -> dict[str, int]:
        prefix = f"{field}="
        terms = {"field": "key", "include": f"{prefix}.*", "size": _MOST_BUCKETS}
        counts: dict[str, int] = {}
        for query in [found.query] if isinstance(found, Compiled) else _in_parts(found):
            body = {"query": query, "size": 0, "aggs": {"values": {"terms": terms}}}
            values = self.ask(body, solver.clock)["aggregations"]["values"]
            if values["sum_other_doc_count"]:
                raise QueryTooCostly(
                    f"{field} has more than {_MOST_BUCKETS:,} values.", "Count another field."
                )
            for bucket in values["buckets"]:
                value = bucket["key"][len(prefix) :]
                counts[value] = counts.get(value, 0) + bucket["doc_count"]
        return counts

    def versions(self) -> Iterator[tuple[int, int]]:
        """Number and version of every document, in no order."""
        everything = anything()
        for hit in self._scan_twice(everything, ("number", "version")):
            yield hit["number"][0], hit["version"][0]

    def _scan_twice(self, query: Compiled, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        # Without limit of time: every document is wanted.
        clock = Clock(Limits(seconds=1e9))
        try:
            first = next(scan := self.scan(query, fields, clock), None)
        except _Gone:
            self.close()
            first = next(scan := self.scan(query, fields, clock), None)
        if first is not None:
            yield first
            yield from scan

    # -- one request -------------------------------------------------------------------------------

    def ask(self, body: dict[str, Any], clock: Clock) -> Any:
        """The server's answer over this point in time, complete or not at all."""
        clock.check()
        left = clock.left
        if not self.index:
            nothing = {"values": {"buckets": [], "sum_other_doc_count": 0}}
            return {"hits": {"total": {"value": 0}, "hits": []}, "aggregations": nothing}
        timed: dict[str, Any] = {"timeout": f"{max(1, int(left * 1000))}ms"} if left < 1e6 else {}
        try:
            answer: Any = self.client.options(request_timeout=min(left, 3600.0) + _GRACE).search(
                **body,
                **timed,
                pit={"id": self._opened(), "keep_alive": _KEEP},
                allow_partial_search_results=False,
                filter_path=_FILTER,
            )
        except Exception as error:
            raise self._error(error, clock) from error
        self._point = answer["pit_id"]
        if answer["timed_out"]:
            clock.stop()
        answer.body.setdefault("hits", {}).setdefault("hits", [])  # filtered out when empty
        return answer

    def _opened(self) -> str:
        if not self._point:
            opened = self.client.open_point_in_time(index=self.index, keep_alive=_KEEP)
            self._point = opened["id"]
        return self._point

    def _error(self, error: Exception, clock: Clock) -> Exception:
        from elasticsearch import ApiError
        from elasticsearch import ConnectionTimeout as TooLate

        if isinstance(error, TooLate) and not clock.left:
            try:
                clock.stop()
            except QueryTooCostly as stopped:
                return stopped
        if isinstance(error, ApiError):
            said = f"{error.error} {error.body}"
            if any(kind in said for kind in _GONE):
                return _Gone(error)
            if any(kind in said for kind in _TOO_MANY):
                return _TooMany(reason(error))
            if error.status_code == 400:
                return QueryTooCostly(
                    f"The index cannot answer this query: {reason(error)}.",
                    "Write it in a simpler way, or cut it into several.",
                )
        return failed(error, self.url)

    def open(self) -> None:
        """Take the point in time now, so that later commits are not seen."""
        if self.index:
            try:
                self._opened()
            except Exception as error:
                raise failed(error, self.url) from error

    def close(self) -> None:
        """Let the server forget the point in time."""
        point, self._point, self._all = self._point, "", None
        if point:
            with contextlib.suppress(Exception):  # it forgets by itself
                self.client.close_point_in_time(id=point)

    # -- many documents ----------------------------------------------------------------------------

    def scan(
        self, query: Compiled, fields: tuple[str, ...], clock: Clock
    ) -> Iterator[dict[str, list[int]]]:
        """These numeric fields of every document found, in the order in which the server reads."""
        body: dict[str, Any] = {
            "query": query.query,
            "size": PAGE,
            "sort": ["_shard_doc"],
            "docvalue_fields": list(fields),
            "source": False,
            "track_total_hits": False,
        }
        while hits := self.ask(body, clock)["hits"]["hits"]:
            for hit in hits:
                yield hit["fields"]
            if len(hits) < PAGE:
                return
            body["search_after"] = hits[-1]["sort"]

    def numbers(self, query: Compiled, clock: Clock, field: str = "number") -> Numbers:
        """The numbers of all documents that ``query`` finds, or their parents', ascending."""
        found = (hit[field][0] for hit in self.scan(query, (field,), clock))
        return numpy.unique(numpy.fromiter(found, numpy.uint64))

    def read(self, query: Compiled, fields: list[str], clock: Clock) -> Iterator[dict[str, Any]]:
        """The words of these fields of every document found, a bounded number of bytes a time."""
        size = _FIRST_READ
        body: dict[str, Any] = {
            "query": query.query,
            "sort": ["_shard_doc"],
            "source_includes": ["number", *fields],
            "track_total_hits": False,
        }
        while hits := self.ask(body | {"size": size}, clock)["hits"]["hits"]:
            yield from (hit["_source"] for hit in hits)
            if len(hits) < size:
                return
            body["search_after"] = hits[-1]["sort"]
            length = sum(
                len(value) for hit in hits for value in _flat(hit["_source"], fields)
            ) // len(hits)
            size = max(1, min(_READ_BYTES // (length + 1), 4 * size, _MOST_READ))

    def everything(self, clock: Clock) -> Numbers:
        """Every document; remembered."""
        if self._all is None:
            self._all = self.numbers(anything(), clock)
        return self._all


class _Run(Compiler):
    """One query; see :class:`ediscovery.search.solve.Backend`."""

    def __init__(self, search: Search, clock: Clock, *, intervals: bool) -> None:
        super().__init__(intervals=intervals)
        self.search = search
        self.clock = clock

    def number(self, number: int) -> Compiled:
        return Compiled({"term": {"number": number}}, True, 1)

    def anything(self) -> Compiled:
        return anything()

    def all_of(self, parts: list[Compiled]) -> Compiled:
        return all_of(parts)

    def any_of(self, parts: list[Compiled]) -> Compiled:
        return any_of(parts)

    def negated(self, part: Compiled) -> Compiled:
        return negated(part)

    def page(self, query: Compiled, limit: int, offset: int) -> Result:
        body: dict[str, Any] = {
            "query": query.query, "docvalue_fields": ["number"], "source": False,
        }  # fmt: skip
        counted = self.search.ask(body | {"size": 0, "track_total_hits": True}, self.clock)
        span = Span.of(counted["hits"]["total"]["value"], limit, offset)
        found: list[int] = []
        body["track_total_hits"] = False
        body["sort"] = [{"number": "desc" if span.backwards else "asc"}]
        while len(found) < span.reach:
            size = min(PAGE, span.reach - len(found))
            hits = self.search.ask(body | {"size": size}, self.clock)["hits"]["hits"]
            found += [hit["fields"]["number"][0] for hit in hits]
            body["search_after"] = hits[-1]["sort"]
        return Result(span.total, span.cut(found))

    def numbers(self, query: Compiled) -> Numbers:
        return self.search.numbers(query, self.clock)

    def all_numbers(self) -> Numbers:
        return self.search.everything(self.clock)

    def parents_of(self, children: Compiled | Numbers) -> Numbers:
        attached = Compiled({"exists": {"field": "parent"}}, True, 1)
        if isinstance(children, Compiled):
            inner = [children]
        else:
            inner = [Compiled(query, True, 10) for query in _in_parts(children)]
        named = [
            self.search.numbers(all_of([part, attached]), self.clock, "parent") for part in inner
        ]
        parents = numpy.unique(numpy.concatenate([NONE, *named]))
        there = [self.numbers(Compiled(query, True, 10)) for query in _in_parts(parents)]
        return numpy.unique(numpy.concatenate([NONE, *there]))

    def judge(self, leaf: Match, candidates: Compiled) -> Numbers:
        if leaf.label:
            fields = ["entity_label"]
        else:
            fields = list(CORRESPONDENTS) if leaf.field == "participant" else [leaf.field]
        hits: list[int] = []
        for read, document in enumerate(self.search.read(candidates, fields, self.clock)):
            if read % 32 == 0:
                self.clock.check(read)
            number = document["number"]
            if holds(leaf, values_of(leaf, document), number):
                hits.append(number)
        return numpy.array(sorted(hits), numpy.uint64)


class _TooMany(Exception):
    """More words than the server puts into one query."""


class _Gone(Exception):
    """The point in time is no more."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _in_parts(numbers: Numbers) -> Iterator[dict[str, Any]]:
    for start in range(0, len(numbers), PAGE):
        yield numbered(numbers[start : start + PAGE].tolist())


def _flat(source: dict[str, Any], fields: list[str]) -> Iterator[str]:
    for field in fields:
        values = source.get(field, "")
        yield from [values] if isinstance(values, str) else values
