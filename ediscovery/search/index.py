"""What every index of a matter can do, whichever backend does it.

The catalog is the truth and an index is disposable: it holds, for each document number, the
newest version it was given, and finds exactly the documents that the query tree describes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

import numpy
from numpy.typing import NDArray

from ediscovery.model.errors import UsageError
from ediscovery.search.explain import Explanation
from ediscovery.search.tree import Condition

Numbers = NDArray[numpy.uint64]
"""Document numbers, ascending, each once."""


Facets = dict[str, dict[str, int]]
"""By field, each value (folded as queries are) with its number of documents, the most first."""


@dataclass(slots=True)
class IndexDocument:
    """A document as it is handed to an index. Text is original text: the index cuts the words.

    ``number`` is the key. ``parent`` is the number of the document that this one is attached to.
    ``date`` is in UTC; a date without zone is taken as UTC. ``entities`` are (label, text)
    and ``coding`` (field, value). ``bates`` are the numbers of all its pages in productions.
    ``custodian`` is whose copy this is, ``all_custodians`` those of every copy. ``types`` are all
    names of its type (category, MIME type); ``dup`` is what it is among its copies and their group.
    ``has`` are open keywords such as ``attachment`` or ``hidden``. Nothing in ``participants`` need
    repeat ``from_``, ``to``, ``cc`` and ``bcc``: ``participant:`` searches all five.
    """

    number: int
    version: int = 1
    parent: int | None = None
    text: str = ""
    subject: str = ""
    from_: str = ""
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    custodian: str = ""
    all_custodians: list[str] = field(default_factory=list)
    file_name: str = ""
    types: list[str] = field(default_factory=list)
    ext: str = ""
    date: datetime | None = None
    has: list[str] = field(default_factory=list)
    entities: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    coding: list[tuple[str, str]] = field(default_factory=list)
    bates: list[str] = field(default_factory=list)
    family: str = ""
    dup: list[str] = field(default_factory=list)
    state: str = ""
    language: str = ""
    control_number: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """``total`` documents hit; ``numbers`` are those of the page asked for, ascending."""

    total: int
    numbers: list[int]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may cost: it stops after ``seconds``."""

    seconds: float = 30.0


class QueryTooCostly(UsageError):
    """A query that would take more time or memory than its limits allow."""


@dataclass(frozen=True, slots=True)
class Begun:
    """``writers``: into so many shares documents are dealt. ``clean``: no interrupted run left
    slices behind."""

    writers: int
    clean: bool


class SearchIndex(Protocol):
    """An index of one matter. Searches see what was committed when :meth:`refresh` last ran."""

    def add(self, documents: Iterable[IndexDocument], *, new: bool = False) -> int:
        """Take documents, each replacing what has its number, and say how many they were.

        ``new=True`` promises that no number is in the index yet, which saves the look-up.
        """

    def delete(self, numbers: Iterable[int]) -> None:
        """Forget these documents; numbers not in the index are no error."""

    def commit(self) -> None:
        """Make everything since the last commit durable and visible, all of it or nothing."""

    def refresh(self) -> None:
        """See what other processes have committed."""

    def search(self, tree: Condition, limit: int = 100, offset: int = 0) -> Result:
        """The page of hits from ``offset``, by document number. Raises :class:`QueryTooCostly`."""

    def count(self, tree: Condition) -> int:
        """How many documents hit. Raises :class:`QueryTooCostly`."""

    def matching(self, tree: Condition) -> Numbers:
        """The numbers of all documents that hit. Raises :class:`QueryTooCostly`."""

    def facets(self, tree: Condition, fields: Iterable[str]) -> Facets:
        """How many hits have each value of ``fields``, which are compared whole (type, tag, ...).

        Raises :class:`UsageError` for another field and :class:`QueryTooCostly`.
        """

    def versions(self) -> Iterator[tuple[int, int]]:
        """Number and version of every document, by number."""

    def explain(self, tree: Condition, number: int, text: str | None = None) -> Explanation:
        """Why document ``number`` hits or does not.

        With its original ``text``, places in the text have original offsets and snippets; without,
        they are those of its words as indexed.
        """

    def close(self) -> None:
        """Give back locks and memory; what was not committed is lost."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class IndexPlace(Protocol):
    """Where the index of one matter lives, and how it is filled by several processes.

    One process, which holds the matter, calls :meth:`begin`, then lets workers fill the index in
    slices, then :meth:`finish`. Stopped anywhere, the same again goes on: documents are replaced,
    never doubled. Documents are dealt to ``number % writers``; of each such share one slice is
    written at a time.
    """

    def open(self) -> SearchIndex:
        """The index, for searching. One that was never filled is empty."""

    def begin(self, workers: int, documents: int) -> Begun:
        """Prepare to be filled with about ``documents`` documents by ``workers`` processes."""

    def write(self, name: str, begun: Begun) -> tuple[SearchIndex, bool]:
        """In a worker: the index to add slice ``name`` to.

        Also says whether an interrupted try can have left nothing of the slice behind.
        """

    def finish(self) -> None:
        """All that was to be added is: searches now see what was filled."""

    def anew(self, documents: int) -> AbstractContextManager[None]:
        """Begin the index anew, for about ``documents`` documents.

        In the body of this context the caller notes that nothing is indexed; stopped before or
        after that, the index is never taken for complete. What was is thrown away at the end, or
        is searched until :meth:`finish` puts the new one in its place.
        """

    def damaged(self) -> list[str]:
        """What is wrong with the stored bytes, a sentence each, as far as this can be seen."""
