"""What every index of a matter can do, whichever backend does it.

The catalog is the truth and an index is disposable: it holds, for each document number, the
newest version it was given, and finds exactly the documents that the query tree describes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy
from numpy.typing import NDArray

from ediscovery.model.errors import UsageError
from ediscovery.search.explain import Explanation
from ediscovery.search.tree import Condition

Numbers = NDArray[numpy.uint64]
"""Document numbers, ascending, each once."""


@dataclass(slots=True)
class IndexDocument:
    """A document as it is handed to an index. Text is original text: the index cuts the words.

    ``number`` is the key. ``parent`` is the number of the document that this one is attached to.
    ``date`` is in UTC; a date without zone is taken as UTC. ``entities`` are (label, text).
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

    def versions(self) -> Iterator[tuple[int, int]]:
        """Number and version of every document, by number."""

    def explain(self, tree: Condition, number: int, text: str | None = None) -> Explanation:
        """Why document ``number`` hits or does not.

        With its original ``text``, places in the text have original offsets and snippets; without,
        they are those of its words as indexed.
        """

    def close(self) -> None:
        """Give back locks and memory; what was not committed is lost."""
