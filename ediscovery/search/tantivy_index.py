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
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

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
from ediscovery.search.explain import Clause, Explanation, Place, places
from ediscovery.search.index import IndexDocument, Limits, Numbers, Result
from ediscovery.search.tantivy_query import CORRESPONDENTS, LABEL_MARK
from ediscovery.search.tantivy_search import Search
from ediscovery.search.tree import Condition, Match, leaves
from ediscovery.search.words import joined, keyword

FORMAT = 1
HEAP_BYTES = 128_000_000
"""Memory of one shard's writer before it writes a segment."""

_WORD_FIELDS = (
    "text",
    "subject",
    "from",
    "to",
    "cc",
    "bcc",
    "participant",
    "custodian",
    "allcustodian",
    "filename",
    "entity",
    "entity_label",
)


class TantivyIndex:
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
        self._search = self._snapshot()

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

    def _snapshot(self) -> Search:
        for index in self._indexes:
            index.reload()
        searchers: list[Searcher] = [index.searcher() for index in self._indexes]
        return Search(self.schema, searchers, self.limits)

    # -- writing -----------------------------------------------------------------------------------

    def _writer(self, shard: int) -> IndexWriter:
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
                writer.add_document(Document.from_dict(_fields(document), schema))
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
            for _, writer in sorted(self._writers.items()):
                writer.commit()
        except (ValueError, OSError) as error:
            raise _failed(error) from error
        self.refresh()

    def close(self) -> None:
        """Wait for merges under way and release the locks; what was not committed is lost."""
        writers, self._writers = self._writers, {}
        for writer in writers.values():
            writer.rollback()
            writer.wait_merging_threads()

    def __enter__(self) -> TantivyIndex:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- reading -----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """See what other processes have committed."""
        self._search = self._snapshot()

    def search(self, tree: Condition, limit: int = 100, offset: int = 0) -> Result:
        """The page of hits from ``offset``, by document number. Raises ``QueryTooCostly``."""
        return self._search.page(tree, limit, offset)

    def count(self, tree: Condition) -> int:
        """How many documents hit. Raises ``QueryTooCostly``."""
        return self._search.count(tree)

    def matching(self, tree: Condition) -> Numbers:
        """The numbers of all documents that hit, ascending. Raises ``QueryTooCostly``."""
        return self._search.matching(tree)

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

    def explain(self, tree: Condition, number: int, text: str | None = None) -> Explanation:
        """Why document ``number`` hits or does not; see :class:`SearchIndex`."""
        search = self._search
        stored = search.stored(number)
        clauses = []
        for leaf in dict.fromkeys(leaves(tree)):
            holds = stored is not None and bool(len(search.matching(leaf, number)))
            found = _places(leaf, stored or {}, text) if holds else ()
            clauses.append(Clause(leaf.describe(), holds, found))
        hit = stored is not None and bool(len(search.matching(tree, number)))
        return Explanation(number, tree.describe(), hit, tuple(clauses))


def _places(leaf: Condition, stored: dict[str, list[Any]], text: str | None) -> tuple[Place, ...]:
    if not isinstance(leaf, Match):
        return ()
    fields = CORRESPONDENTS if leaf.field == "participant" else (leaf.field,)
    found: list[Place] = []
    for field in fields:
        values = [text] if field == "text" and text is not None else stored.get(field, [])
        for value in values:
            found += places(leaf.expression, field, value)
    return tuple(found)


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
    for name in _WORD_FIELDS:
        builder.add_text_field(name, stored=True, tokenizer_name="words", index_option="position")
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    return builder.build()


# -- documents -------------------------------------------------------------------------------------


def _fields(document: IndexDocument) -> dict[str, Any]:
    """A document as Tantivy takes it; fields without a value are left out."""
    fields: dict[str, Any] = {
        "number": document.number,
        "version": document.version,
    }
    keys: list[str] = []
    for name, value, cut in (
        ("text", document.text, joined),
        ("subject", document.subject, joined),
        ("from", document.from_, _joined_name),
        ("filename", document.file_name, joined),
        ("custodian", document.custodian, _joined_name),
    ):
        if value and (value := cut(value)):
            fields[name] = value
            keys.append(f"any={name}")
    for name, values in (
        ("to", document.to),
        ("cc", document.cc),
        ("bcc", document.bcc),
        ("participant", document.participants),
        ("allcustodian", document.all_custodians),
    ):
        if values and (kept := [words for value in values if (words := _joined_name(value))]):
            fields[name] = kept
            keys.append(f"any={name}")
    for name, value in (("family", document.family), ("id", document.control_number)):
        if value and (value := keyword(value)):
            keys.append(f"{name}={value}")
    for name, values in (
        ("ext", [document.ext]),
        ("state", [document.state, document.state.partition(":")[0]]),
        ("language", [document.language]),
        ("type", document.types),
        ("dup", document.dup),
        ("has", document.has),
        ("tag", document.tags),
    ):
        for value in values:
            if value and (key := _key(name, value)) and key not in keys:
                keys.append(key)
    if document.entities:
        _add_entities(document.entities, fields, keys)
    if document.parent is not None:
        fields["parent"] = document.parent
    if document.date is not None:
        fields["date"] = _seconds(document.date)
        keys.append("any=date")
    fields["key"] = keys
    return fields


# Correspondents and custodians come back in document after document.
_joined_often = lru_cache(maxsize=1 << 15)(joined)
_OFTEN_CHARACTERS = 200


def _joined_name(name: str) -> str:
    return _joined_often(name) if len(name) < _OFTEN_CHARACTERS else joined(name)


@lru_cache(maxsize=1 << 12)
def _key(name: str, value: str) -> str:
    """A value compared whole, under the name of its field; ``""`` when nothing is left of it."""
    value = keyword(value)
    return f"{name}={value}" if value else ""


def _add_entities(entities: list[tuple[str, str]], fields: dict[str, Any], keys: list[str]) -> None:
    """Each entity once, its words plain and, in a second field, bearing their label."""
    distinct = {
        (name, label_words): None
        for label, text in entities
        if (label_words := joined(text))
        for name in (label_of(label),)
    }
    if not distinct:
        return
    fields["entity"] = list(dict.fromkeys(text for _, text in distinct))
    fields["entity_label"] = [
        " ".join(f"{label}{LABEL_MARK}{word}" for word in text.split(" "))
        for label, text in distinct
    ]
    keys.append("any=entity")
    keys += dict.fromkeys(f"any=entity{LABEL_MARK}{label}" for label, _ in distinct)


def label_of(label: str) -> str:
    """An entity label as it is compared: one word."""
    return keyword(label).replace(" ", "_").replace(LABEL_MARK, "_")


def _seconds(date: datetime) -> int:
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return int(date.timestamp() // 1)


def _failed(error: Exception) -> TryAgain:
    return TryAgain(
        f"The index could not be written: {error}.",
        "Mend what it says (disk space, permissions), then run the same command again.",
    )
