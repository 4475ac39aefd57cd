"""The embedded index: one folder a matter, cut into shards that are written in parallel.

A folder holds ``index.json`` and ``shard-000`` ..., each a Tantivy index with a writer of its own.
A document lives in shard ``number % shards``; a process takes the lock of a shard when it first
writes to it, so several processes write at once as long as each keeps to its own shards. A reader
sees all shards.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tantivy import (
    Document,
    Index,
    IndexWriter,
    Order,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
    TextAnalyzerBuilder,
    Tokenizer,
)

from ediscovery.model.errors import Locked, Refused, TryAgain
from ediscovery.search import words
from ediscovery.search.answers import Searched
from ediscovery.search.index import IndexDocument, Limits
from ediscovery.search.prepared import WORD_FIELDS, prepared
from ediscovery.search.tantivy_search import Search

FORMAT = 1
HEAP_BYTES = 128_000_000
"""Memory of one shard's writer before it writes a segment."""


class TantivyIndex(Searched):
    """A matter's index in ``folder``; see :class:`ediscovery.search.index.SearchIndex`.

    A new folder is made with ``shards`` shards; an existing one keeps the number it has. Raises
    :class:`Refused` when the folder was built by another version and must be rebuilt.
    """

    def __init__(
        self,
        folder: Path,
        shards: int = 1,
        *,
        limits: Limits | None = None,
        heap_bytes: int = HEAP_BYTES,
    ) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.heap_bytes = heap_bytes
        self.schema = _schema()
        self.shards = _settle(folder, shards)
        self._indexes = [self._open(n) for n in range(self.shards)]
        self._writers: dict[int, IndexWriter] = {}
        self._uncommitted: set[int] = set()  # shards
        self._search = self._opened()

    def _open(self, shard: int) -> Index:
        path = self.folder / f"shard-{shard:03d}"
        path.mkdir(exist_ok=True)
        try:
            index = Index(self.schema, str(path), reuse=True)
        except ValueError as error:
            raise Refused(
                f"The index in {path} cannot be opened: {error}.",
                "It is derived data: delete the folder of the index and build it again.",
            ) from error
        index.register_tokenizer("words", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
        index.config_reader("manual")
        return index

    def _opened(self) -> Search:
        for index in self._indexes:
            index.reload()
        searchers: list[Searcher] = [index.searcher() for index in self._indexes]
        return Search(self.schema, searchers, self.limits)

    # -- writing -----------------------------------------------------------------------------------

    def _writer(self, shard: int) -> IndexWriter:
        """The writer of a shard that is about to be changed."""
        self._uncommitted.add(shard)
        writer = self._writers.get(shard)
        if writer is None:
            try:
                writer = self._indexes[shard].writer(self.heap_bytes, 1)
            except ValueError as error:
                if "lock" not in str(error).lower():
                    raise _failed(error) from error
                raise Locked(
                    f"Another process writes to shard {shard} of the index in {self.folder}.",
                    "Wait until it has ended, then run the same command again.",
                ) from error
            self._writers[shard] = writer
        return writer

    def add(self, documents: Iterable[IndexDocument], *, new: bool = False) -> int:
        """Take documents, each replacing what has its number, and say how many they were.

        ``new=True`` promises that no number is in the index or in an earlier call. Raises
        :class:`Locked` when another process writes to a shard of these numbers.
        """
        count = 0
        schema, shards = self.schema, self.shards
        try:
            for document in documents:
                writer = self._writer(document.number % shards)
                if not new:
                    writer.delete_documents_by_query(self._query(document.number))
                writer.add_document(Document.from_dict(prepared(document), schema))
                count += 1
        except (ValueError, OSError) as error:
            raise _failed(error) from error
        return count

    def delete(self, numbers: Iterable[int]) -> None:
        """Forget these documents; numbers not in the index are no error."""
        for number in numbers:
            writer = self._writer(number % self.shards)
            writer.delete_documents_by_query(self._query(number))

    def _query(self, number: int) -> Query:
        # Deleting by term takes a Python int for a signed value and finds nothing.
        return Query.term_query(self.schema, "number", number)

    def commit(self) -> None:
        """Make everything since the last commit durable and visible to this object.

        All or nothing for each shard; shards are committed one after the other.
        """
        try:
            for shard in sorted(self._uncommitted & self._writers.keys()):
                self._writers[shard].commit()
                self._uncommitted.discard(shard)
        except (ValueError, OSError) as error:
            raise _failed(error) from error
        self.refresh()

    def close(self) -> None:
        """Wait for merges under way and release the locks; what was not committed is lost."""
        writers, self._writers = self._writers, {}
        for shard, writer in writers.items():
            if shard in self._uncommitted:
                writer.rollback()  # merges under way are thrown away with it
            writer.wait_merging_threads()
        self._uncommitted.clear()

    # -- reading -----------------------------------------------------------------------------------

    def snapshot(self) -> Search:
        return self._search

    def refresh(self) -> None:
        """See what other processes have committed."""
        self._search = self._opened()

    def versions(self) -> Iterator[tuple[int, int]]:
        """Number and version of every document, by number."""
        found: list[tuple[int, int]] = []
        for searcher in self._search.searchers:
            hits = searcher.search(
                Query.all_query(),
                max(1, searcher.num_docs),
                count=False,
                order_by_field="number",
                order=Order.Asc,
            ).hits
            values = searcher.fast_field_values("version", [address for _, address in hits])
            found += [(number, int(v or 0)) for (number, _), v in zip(hits, values, strict=True)]
        found.sort()
        return iter(found)


# -- the folder ------------------------------------------------------------------------------------


def _settle(folder: Path, shards: int) -> int:
    """The number of shards of the index in ``folder``, which is made when missing."""
    if shards < 1:
        raise ValueError("an index has at least one shard")
    file = folder / "index.json"
    try:
        settings = json.loads(file.read_text())
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"format": FORMAT, "words": words.VERSION, "shards": shards}
        draft = folder / f".index.json.{os.getpid()}"
        draft.write_text(json.dumps(settings) + "\n")
        try:
            os.link(draft, file)  # unlike a rename, never replaces what another process made
        except FileExistsError:
            settings = json.loads(file.read_text())
        finally:
            draft.unlink()
    if (settings["format"], settings["words"]) != (FORMAT, words.VERSION):
        raise Refused(
            f"The index in {folder} was built by another version of this program.",
            "It is derived data: delete the folder of the index and build it again.",
        )
    return int(settings["shards"])


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_unsigned_field("version", fast=True)
    builder.add_unsigned_field("parent", fast=True)
    builder.add_integer_field("date", indexed=True, fast=True)
    for name in WORD_FIELDS:
        builder.add_text_field(name, stored=True, tokenizer_name="words", index_option="position")
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    return builder.build()


def _failed(error: Exception) -> TryAgain:
    return TryAgain(
        f"The index could not be written: {error}.",
        "Mend what it says (disk space, permissions), then run the same command again.",
    )
