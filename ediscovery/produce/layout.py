"""Where each document's files lie in a volume, and what its pages are called.

It follows from the production's rows alone, so a run that goes on puts everything in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ediscovery.produce.forms import WITHHELD
from ediscovery.produce.specification import Bates, Folders, Specification

_ENDING = re.compile(r"[a-z0-9]{1,10}")
TEXT_ENDING = "txt"


@dataclass(frozen=True, slots=True)
class Place:
    """Of one document: its row, the ids of its pages, and its files without their endings,
    relative to the volume, parted by ``/``: ``images`` (one a page), ``native``, ``text``.

    Files of what was put in the place of others have its suffix; ids of pages never do.
    """

    row: Any
    page_ids: tuple[str, ...]
    images: tuple[str, ...]
    native: str
    text: str

    @property
    def page_names(self) -> tuple[str, ...]:
        """What the pages are called, on themselves and as files: their ids with the suffix."""
        return tuple(name.rpartition("/")[2] for name in self.images)

    @property
    def texts(self) -> tuple[str, ...]:
        """What its text files may be called, without endings, in the order of the pages: one for
        the document, or where specifications say so one a page, of which the first has its name."""
        folder = self.text.rpartition("/")[0]
        return tuple(dict.fromkeys([self.text, *(f"{folder}/{name}" for name in self.page_names)]))


class _Filling:
    """Numbered folders, each with at most so many files; a document stays together if it can."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._folder, self._count = 1, 0

    def take(self, names: Iterable[str]) -> tuple[str, ...]:
        names = tuple(names)
        if self._count and self._count + len(names) > self._most:
            self._folder, self._count = self._folder + 1, 0
        found = []
        for name in names:
            if self._count == self._most:
                self._folder, self._count = self._folder + 1, 0
            self._count += 1
            found.append(f"{self._name}/{self._folder:04}/{name}")
        return tuple(found)


def places(rows: Iterable[Any], specification: Specification) -> Iterator[Place]:
    """The place of each row that has a number, in their order."""
    folders: Folders = specification.folders
    images = _Filling(folders.images, folders.files)
    natives = _Filling(folders.natives, folders.files)
    texts = _Filling(folders.text, folders.files)
    for row in rows:
        if row.kind == WITHHELD:
            continue
        ids = page_ids(row.bates_begin, row.bates_end, row.pages, specification.bates)
        names = [f"{one}{row.suffix}" for one in ids]
        own = f"{row.bates_begin}{row.suffix}"
        yield Place(row, ids, images.take(names), *natives.take([own]), *texts.take([own]))


def page_ids(first: str, last: str, pages: int, bates: Bates) -> tuple[str, ...]:
    """The ids of a document's pages: their own numbers, or at document level the document's
    number, from the second page on with the page's.

    Pages beyond ``last`` (of a document put in the place of a shorter one) follow it so, too.
    """
    head, start = first[: -bates.digits], bates.value(first)
    own = min(pages, bates.value(last) - start + 1)
    ids = [f"{head}{start + page:0{bates.digits}}" for page in range(own)]
    return (*ids, *(f"{last}_{page:04}" for page in range(2, pages - own + 2)))


def ending(ext: str) -> str:
    """The ending of a native: its own where that is harmless, else ``bin``."""
    ext = ext.lower()
    return ext if _ENDING.fullmatch(ext) else "bin"
