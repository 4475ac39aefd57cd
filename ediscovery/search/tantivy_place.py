"""The folder of an embedded index: how several processes fill it, and what a kill leaves behind.

Beside the shards it holds ``began`` while it is filled, with a mark for each slice that was begun.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ediscovery.search.index import Begun, Limits
from ediscovery.search.tantivy_files import damaged
from ediscovery.search.tantivy_index import TantivyIndex

_MOST_SHARDS = 16


class TantivyPlace:
    """See :class:`ediscovery.search.index.IndexPlace`; raises what :class:`TantivyIndex` does."""

    def __init__(self, folder: Path, *, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits
        self.marks = folder / "began"

    def open(self) -> TantivyIndex:
        return TantivyIndex(self.folder, limits=self.limits)

    def begin(self, workers: int, documents: int) -> Begun:
        with TantivyIndex(self.folder, min(max(1, workers), _MOST_SHARDS)) as made:
            shards = made.shards
        self.marks.mkdir(exist_ok=True)
        return Begun(shards, clean=not any(self.marks.iterdir()))

    def write(self, name: str, begun: Begun) -> tuple[TantivyIndex, bool]:
        # A mark that is there already was set by a worker that died on this very slice.
        mark = self.marks / name
        clean = begun.clean and not mark.exists()
        mark.touch()
        return TantivyIndex(self.folder), clean

    def finish(self) -> None:
        shutil.rmtree(self.marks, ignore_errors=True)

    @contextmanager
    def anew(self, documents: int) -> Iterator[None]:
        # Stopped in between, documents are in the index that the catalog says are not.
        self.marks.mkdir(parents=True, exist_ok=True)
        (self.marks / "anew").touch()
        yield
        shutil.rmtree(self.folder, ignore_errors=True)

    def damaged(self) -> list[str]:
        return [f"{path.parent.name}/{path.name} is damaged." for path in damaged(self.folder)]
