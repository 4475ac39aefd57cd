"""Makes what an index receives out of catalog and packs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from ediscovery.search.index import IndexDocument
from ediscovery.store.lookup import with_texts
from ediscovery.store.tables import (
    coded,
    collections,
    custodians,
    documents,
    items,
    mentions,
    produced,
    received_records,
)
from ediscovery.store.workspace import Matter

_FIELDS = (
    "collection_id", "subject", "from_", "to", "cc", "bcc", "file_name", "category", "mime_type",
    "ext", "sent_at", "modified_at", "created_at", "flags", "state", "language", "path", "pack",
    "text_offset", "text_length", "text_method", "text_size", "text_sha256", "message",
)  # fmt: skip
_DIGITS = "0123456789"
_LONGEST_NUMBER, _MOST_PAGES = 18, 100_000


class Slice(NamedTuple):
    """Documents ``first`` to ``last`` that live in one of an index's ``shards`` shards."""

    first: int
    last: int
    shard: int
    shards: int


def pending(chosen: Slice) -> ColumnElement[bool]:
    """Documents of a slice whose newest version the index has not seen."""
    return and_(
        documents.c.number.between(chosen.first, chosen.last),
        documents.c.number % chosen.shards == chosen.shard,
        documents.c.version != documents.c.indexed_version,
    )


def read(
    matter: Matter, connection: Connection, chosen: Slice, *, fresh: bool
) -> Iterator[IndexDocument]:
    """The slice's documents whose newest version is not indexed, by number.

    ``fresh`` gives those that never were indexed, otherwise those that were.
    """
    first, last = chosen.first, chosen.last
    never = documents.c.indexed_version == 0
    wanted = and_(
        pending(chosen),
        never if fresh else ~never,
        documents.c.withdrawn.is_(False),
    )
    people: dict[int, str] = {
        row.id: row.name
        for row in connection.execute(
            select(collections.c.id, custodians.c.name).join(
                custodians, custodians.c.id == collections.c.custodian_id
            )
        )
    }
    groups = _groups(connection, wanted, people)
    received = _received(connection, wanted)
    parents = _parents(connection, first, last)
    entities = _entities(connection, wanted)
    coding = _coding(connection, wanted)
    bates = _bates(connection, wanted)
    rows = connection.execute(
        select(
            documents.c.number, documents.c.version, documents.c.parent_number,
            documents.c.family_number, documents.c.group_number, documents.c.is_primary,
            *(items.c[name] for name in _FIELDS),
        )
        .join(
            items,
            and_(
                items.c.collection_id == documents.c.collection_id,
                items.c.position == documents.c.position,
            ),
        )
        .where(wanted)
        .order_by(documents.c.number)
    )  # fmt: skip
    for row, text in with_texts(matter, rows):
        own = people[row.collection_id]
        everyone = groups.get(row.group_number) or [own]
        sent, numbers = received.get(row.number, ([], []))
        if sent:  # who sent it is beside those whose copies it was
            own, everyone = sent[0], list(dict.fromkeys([*sent, *everyone]))
        yield _document(
            matter, row, text, own, everyone,
            row.number in parents, entities.get(row.number, []), coding.get(row.number, []),
            [*numbers, *bates.get(row.number, [])],
        )  # fmt: skip


def _document(
    matter: Matter,
    row: Any,
    text: str,
    custodian: str,
    names: list[str],
    has_attachment: bool,
    entities: list[tuple[str, str]],
    coding: list[tuple[str, str]],
    bates: list[str],
) -> IndexDocument:
    date = row.sent_at or row.modified_at or row.created_at
    has = list(row.flags)
    if has_attachment:
        has.append("attachment")
    if row.text_offset is not None:
        has.append("text")
    return IndexDocument(
        number=row.number,
        version=row.version,
        parent=row.parent_number,
        text=text,
        subject=row.subject,
        from_=row.from_,
        to=row.to,
        cc=row.cc,
        bcc=row.bcc,
        custodian=custodian,
        all_custodians=names,
        file_name=row.file_name,
        types=[row.category, row.mime_type],
        ext=row.ext,
        date=datetime.fromisoformat(date) if date else None,
        has=has,
        entities=entities,
        coding=coding,
        bates=bates,
        family=matter.control_number(row.family_number),
        dup=_dup(matter, row),
        state=row.state,
        language=row.language,
        control_number=matter.control_number(row.number),
    )


def _dup(matter: Matter, row: Any) -> list[str]:
    """``unique``, or ``primary`` or ``duplicate`` and the control number of the primary."""
    if row.group_number is None:
        return ["unique"]
    kind = "primary" if row.is_primary else "duplicate"
    return [kind, matter.control_number(row.group_number)]


def _groups(connection: Connection, wanted: Any, people: dict[int, str]) -> dict[int, list[str]]:
    """Custodians of every copy, by group, of the groups of the wanted documents."""
    chosen = select(documents.c.group_number).where(wanted, documents.c.group_number.is_not(None))
    rows = connection.execute(
        select(documents.c.group_number, documents.c.collection_id)
        .where(documents.c.group_number.in_(chosen))
        .group_by(documents.c.group_number, documents.c.collection_id)
        .order_by(documents.c.group_number, func.min(documents.c.number))
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        names = found.setdefault(row.group_number, [])
        if people[row.collection_id] not in names:
            names.append(people[row.collection_id])
    return found


def _parents(connection: Connection, first: int, last: int) -> set[int]:
    """Documents that have an attachment, inline images of mail aside."""
    rows = connection.execute(
        select(documents.c.parent_number)
        .join(
            items,
            and_(
                items.c.collection_id == documents.c.collection_id,
                items.c.position == documents.c.position,
            ),
        )
        .where(
            documents.c.parent_number.between(first, last),
            items.c.relation != "inline",
            documents.c.withdrawn.is_(False),
        )
        .distinct()
    ).scalars()
    return {number for number in rows if number is not None}


def _entities(connection: Connection, wanted: Any) -> dict[int, list[tuple[str, str]]]:
    rows = connection.execute(
        select(mentions.c.number, mentions.c.label, mentions.c.text)
        .where(mentions.c.number.in_(select(documents.c.number).where(wanted)))
        .distinct()
        .order_by(mentions.c.number, mentions.c.label, mentions.c.text)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.number, []).append((row.label, row.text))
    return found


def _coding(connection: Connection, wanted: Any) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(
        select(coded)
        .where(coded.c.number.in_(select(documents.c.number).where(wanted)))
        .order_by(*coded.c)
    ):
        found.setdefault(row.number, []).append((row.field, row.value))
    return found


def _bates(connection: Connection, wanted: Any) -> dict[int, list[str]]:
    """The numbers of all pages under which documents went out, in every production."""
    found: dict[int, list[str]] = {}
    for row in connection.execute(
        select(produced.c.number, produced.c.bates_begin, produced.c.bates_end)
        .where(
            produced.c.number.in_(select(documents.c.number).where(wanted)),
            produced.c.bates_begin.is_not(None),
        )
        .order_by(produced.c.number, produced.c.production_id)
    ):
        found.setdefault(row.number, []).extend(numbers_of(row.bates_begin, row.bates_end))
    return found


def _received(connection: Connection, wanted: Any) -> dict[int, tuple[list[str], list[str]]]:
    """Custodians as sent and all numbers of documents that were received in a production."""
    found: dict[int, tuple[list[str], list[str]]] = {}
    for row in connection.execute(
        select(
            documents.c.number, received_records.c.bates_begin, received_records.c.bates_end,
            received_records.c.page_ids, received_records.c.custodians,
        )
        .join(
            received_records,
            and_(
                received_records.c.collection_id == documents.c.collection_id,
                received_records.c.position == documents.c.position,
            ),
        )
        .where(wanted)
    ):  # fmt: skip
        numbers = [*numbers_of(row.bates_begin, row.bates_end), *row.page_ids]
        found[row.number] = row.custodians, list(dict.fromkeys(numbers))
    return found


def numbers_of(first: str, last: str) -> list[str]:
    """Every number from ``first`` to ``last``; these two alone where they are no range of pages.

    Nobody vouches for what was received: a range of more than 100,000 pages is none.
    """
    head = first.rstrip(_DIGITS)
    begin, end = first[len(head) :], last[len(head) :]
    plain = last.startswith(head) and begin and end and not end.strip(_DIGITS)
    if not plain or max(len(begin), len(end)) > _LONGEST_NUMBER:
        return [number for number in dict.fromkeys((first, last)) if number]
    count = int(end) - int(begin) + 1
    if not 0 < count <= _MOST_PAGES:
        return list(dict.fromkeys((first, last)))
    return [f"{head}{int(begin) + n:0{len(begin)}}" for n in range(count)]
