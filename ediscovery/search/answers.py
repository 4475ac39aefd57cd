"""What a snapshot of an index answers, on top of one backend's queries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

from ediscovery.model.errors import UsageError
from ediscovery.search.explain import Clause, Explanation, Place, places
from ediscovery.search.fields import KEYWORD_FIELDS
from ediscovery.search.index import Facets, Limits, Numbers, Result
from ediscovery.search.prepared import CORRESPONDENTS, stored_values
from ediscovery.search.solve import Clock, Compiled, Solver
from ediscovery.search.tree import Condition, Match, leaves

_T = TypeVar("_T")
FACETS = ("custodian", *(name for name in KEYWORD_FIELDS if name not in ("id", "family")))
"""Fields whose values are few enough to be listed with their counts."""


class Answers(ABC):
    """A snapshot, asked within ``limits``."""

    limits: Limits

    @abstractmethod
    def run(self, job: Callable[[Solver], _T], clock: Clock) -> _T:
        """Let ``job`` ask a solver of this snapshot; the backend's errors become ours."""

    @abstractmethod
    def stored(self, number: int) -> dict[str, Any] | None:
        """The words of a document as they were prepared; ``None`` when it is not in the index."""

    @abstractmethod
    def counted(self, solver: Solver, found: Compiled | Numbers, field: str) -> dict[str, int]:
        """Each value of a field of whole values with how many of the documents found have it."""

    def page(self, tree: Condition, limit: int, offset: int) -> Result:
        """See :meth:`SearchIndex.search`."""
        return self._ask(lambda solver: solver.page(tree, limit, offset))

    def count(self, tree: Condition) -> int:
        """See :meth:`SearchIndex.count`."""
        return self.page(tree, 0, 0).total

    def matching(self, tree: Condition, number: int | None = None) -> Numbers:
        """See :meth:`SearchIndex.matching`; with ``number``, that document alone is looked at."""
        return self._ask(lambda solver: solver.matching(tree, number))

    def facets(self, tree: Condition, fields: Iterable[str]) -> Facets:
        """See :meth:`SearchIndex.facets`."""
        wanted = list(dict.fromkeys(fields))
        for field in wanted:
            if field not in FACETS:
                raise UsageError(
                    f"The values of {field!r} can't be counted.", f"Take {', '.join(FACETS)}."
                )

        def job(solver: Solver) -> Facets:
            found = solver.solve(tree, None)
            solver.clock.check()
            return {
                field: dict(
                    sorted(self.counted(solver, found, field).items(), key=lambda c: (-c[1], c[0]))
                )
                for field in wanted
            }

        return self._ask(job)

    def explain(self, tree: Condition, number: int, text: str | None) -> Explanation:
        """See :meth:`SearchIndex.explain`."""
        stored = self.stored(number)
        clauses = []
        for leaf in dict.fromkeys(leaves(tree)):
            holds = stored is not None and bool(len(self.matching(leaf, number)))
            found = _places(leaf, stored or {}, text) if holds else ()
            clauses.append(Clause(leaf.describe(), holds, found))
        hit = stored is not None and bool(len(self.matching(tree, number)))
        return Explanation(number, tree.describe(), hit, tuple(clauses))

    def _ask(self, job: Callable[[Solver], _T]) -> _T:
        return self.run(job, Clock(self.limits))


class Searched(ABC):
    """The reading half of a :class:`SearchIndex`: whatever is asked, a snapshot answers."""

    @abstractmethod
    def snapshot(self) -> Answers:
        """The index as of the last refresh."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held; what was not committed is lost."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def search(self, tree: Condition, limit: int = 100, offset: int = 0) -> Result:
        """The page of hits from ``offset``, by document number. Raises ``QueryTooCostly``."""
        return self.snapshot().page(tree, limit, offset)

    def count(self, tree: Condition) -> int:
        """How many documents hit. Raises ``QueryTooCostly``."""
        return self.snapshot().count(tree)

    def matching(self, tree: Condition) -> Numbers:
        """The numbers of all documents that hit, ascending. Raises ``QueryTooCostly``."""
        return self.snapshot().matching(tree)

    def facets(self, tree: Condition, fields: Iterable[str]) -> Facets:
        """How many hits have each value of these fields; see :class:`SearchIndex`."""
        return self.snapshot().facets(tree, fields)

    def explain(self, tree: Condition, number: int, text: str | None = None) -> Explanation:
        """Why document ``number`` hits or does not; see :class:`SearchIndex`."""
        return self.snapshot().explain(tree, number, text)


def _places(leaf: Condition, stored: dict[str, Any], text: str | None) -> tuple[Place, ...]:
    if not isinstance(leaf, Match):
        return ()
    fields = CORRESPONDENTS if leaf.field == "participant" else (leaf.field,)
    found: list[Place] = []
    for field in fields:
        original = [text] if field == "text" and text is not None else stored_values(stored, field)
        for value in original:
            found += places(leaf.expression, field, value)
    return tuple(found)
