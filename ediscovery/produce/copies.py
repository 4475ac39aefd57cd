"""Copies of documents that are to go out, chosen or not: how they are decided on otherwise.

Copies are the documents of a group, which are told member by member, and those with the same native
wherever it lies: the same attachment of different mails is in no group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.produce import documents
from ediscovery.produce.documents import Candidate
from ediscovery.review import redactions
from ediscovery.store.catalog import TOGETHER, listed
from ediscovery.store.lookup import joined
from ediscovery.store.tables import coded, items
from ediscovery.store.tables import documents as table
from ediscovery.store.tables import redactions as marked

FIELDS = ("responsive", "privilege", "confidentiality")
"""The fields in which copies must not differ."""

_Key = int | str  # the number of a group, or the SHA-256 of a native


@dataclass(slots=True)
class Otherwise:
    """How copies of one document differ from it: by field the values that it is not coded in, and
    whether one is ``redacted`` where it is not. An uncoded copy is no difference."""

    coded: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    redacted: bool = False


def differing(
    connection: Connection, chosen: Iterable[Candidate], duplicates: Mapping[int, int]
) -> dict[int, Otherwise]:
    """By number the documents of which a copy is coded or redacted otherwise.

    Looked at are all copies in the matter of those of ``chosen`` that go out, and the pairs of
    ``duplicates`` (a copy left out -> the document taken for it). Only what differs is held.
    """
    found: dict[int, Otherwise] = defaultdict(Otherwise)
    by_number = {one.number: one for one in chosen}
    for copy in documents.candidates(connection, sorted(duplicates)):
        kept = by_number[duplicates[copy.number]]
        for name in FIELDS:
            for value in copy.coding.get(name, ()):
                _hold(found, kept, name, value)
        _hold_marks(found, kept, {one.mark for one in copy.redactions})
    keys: dict[_Key, list[Candidate]] = defaultdict(list)
    for one in by_number.values():
        for key in () if one.withheld else _keys(one):
            keys[key].append(one)
    for key, name, value in _codings(connection, keys):
        for one in keys[key]:
            _hold(found, one, name, value)
    for key, marks in _marks(connection, keys).items():
        for one in keys[key]:
            _hold_marks(found, one, marks)
    return dict(found)


def _keys(one: Candidate) -> Iterator[_Key]:
    if one.group is not None:
        yield one.group
    # Pictures in signatures are the same in mails of every kind.
    if one.item["size"] and one.item["relation"] != "inline":
        yield one.item["sha256"]


def _hold(found: dict[int, Otherwise], one: Candidate, name: str, value: str) -> None:
    if value not in one.coding.get(name, ()):
        found[one.number].coded[name].add(value)


def _hold_marks(found: dict[int, Otherwise], one: Candidate, marks: set[redactions.Mark]) -> None:
    if marks - {own.mark for own in one.redactions}:
        found[one.number].redacted = True


def _same(
    connection: Connection, keys: Mapping[_Key, list[Candidate]]
) -> Iterator[tuple[Any, Any]]:
    """For groups and for natives the column of the key, and that it is one of ``keys``."""
    groups = sorted(key for key in keys if isinstance(key, int))
    natives = [every[0].number for key, every in keys.items() if isinstance(key, str)]
    own = table.alias("own")
    item = items.alias("own_item")
    hashes = (
        select(item.c.sha256)
        .join(
            own,
            (own.c.collection_id == item.c.collection_id) & (own.c.position == item.c.position),
        )
        .where(own.c.number.in_(listed(connection, sorted(natives))))
    )
    yield table.c.group_number, table.c.group_number.in_(listed(connection, groups))
    yield items.c.sha256, items.c.sha256.in_(hashes)


def _codings(
    connection: Connection, keys: Mapping[_Key, list[Candidate]]
) -> Iterator[tuple[_Key, str, str]]:
    """What documents of ``keys`` are coded: key, field, value, each once."""
    for column, condition in _same(connection, keys):
        # What an attachment is responsive to is a matter of the mail that carries it.
        of_a_group = column is table.c.group_number
        names = [name for name in FIELDS if of_a_group or name != "responsive"]
        rows = connection.execute(
            select(column, coded.c.field, coded.c.value)
            .select_from(joined().join(coded, coded.c.number == table.c.number))
            .where(condition, coded.c.field.in_(names))
            .distinct()
        )
        yield from ((key, name, value) for key, name, value in rows)


def _marks(
    connection: Connection, keys: Mapping[_Key, list[Candidate]]
) -> dict[_Key, set[redactions.Mark]]:
    """What is redacted in documents of ``keys``, by key."""
    own: dict[int, list[_Key]] = defaultdict(list)
    for column, condition in _same(connection, keys):
        for number, key in connection.execute(
            select(table.c.number, column)
            .select_from(joined())
            .where(condition, table.c.number.in_(select(marked.c.number)))
        ):
            own[number].append(key)
    found: dict[_Key, set[redactions.Mark]] = defaultdict(set)
    numbers = sorted(own)
    for start in range(0, len(numbers), TOGETHER):
        standing = redactions.of(connection, numbers[start : start + TOGETHER])
        for number, every in standing.items():
            for key in own[number]:
                found[key].update(one.mark for one in every)
    return found
