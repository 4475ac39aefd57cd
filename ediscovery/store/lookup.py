"""Finds single documents: every field kept, text, native, family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from ediscovery.model.errors import UsageError, VerificationFailed
from ediscovery.store.pack_store import PIECE, Member
from ediscovery.store.packs import Place
from ediscovery.store.tables import (
    collections,
    custodians,
    documents,
    items,
    mentions,
    produced,
    productions,
)
from ediscovery.store.workspace import Matter

_TEXTS_AT_ONCE = 500
_HIDDEN = frozenset(
    {
        "pack", "native_offset", "native_length", "native_method", "text_offset", "text_length",
        "text_method",
    }
)  # fmt: skip

_NUMBERS: dict[str, ColumnElement[Any]] = {
    "control_number": documents.c.number,
    "parent_number": documents.c.parent_number,
    "family_number": documents.c.family_number,
    "group_number": documents.c.group_number,
}
# What a list of documents can show of each, by the names of :func:`document`.
_FIELDS: dict[str, ColumnElement[Any]] = (
    {column.name.rstrip("_"): column for column in items.c if column.name not in _HIDDEN}
    | {"custodian": custodians.c.name, "is_primary": documents.c.is_primary}
    | _NUMBERS
)


def document(matter: Matter, number: int) -> dict[str, Any]:
    """Every field of one document, with group, custodians, paths of all copies and mentions.

    Raises :class:`UsageError` when the matter has no such document.
    """
    row = _row(matter, number)._mapping
    data: dict[str, Any] = {
        "schema": "ediscovery/document/1",
        "control_number": matter.control_number(number),
    }
    data |= {
        name.rstrip("_"): row[name]
        for name in row
        if name not in _HIDDEN and name not in ("number", "custodian_id")
    }
    for link in _NUMBERS.keys() - {"control_number"}:
        data[link] = matter.control_number(row[link]) if row[link] else None
    with matter.engine.connect() as connection:
        group = row["group_number"]
        copies = connection.execute(
            select(documents.c.number, items.c.path, custodians.c.name)
            .select_from(joined())
            .where(
                documents.c.group_number == group if group else documents.c.number == number,
                documents.c.withdrawn.is_(False),
            )
            .order_by(documents.c.number)
        ).all()
        found = connection.execute(
            select(mentions).where(mentions.c.number == number).order_by("start", "end", "label")
        ).mappings()
        data["mentions"] = [
            {key: mention[key] for key in ("kind", "label", "start", "end", "text", "confidence")}
            for mention in found
        ]
        data["productions"] = [
            dict(row)
            for row in connection.execute(
                select(
                    productions.c.volume, produced.c.bates_begin, produced.c.bates_end,
                    produced.c.kind, produced.c.reason,
                )
                .join(productions, productions.c.id == produced.c.production_id)
                .where(produced.c.number == number)
                .order_by(productions.c.id)
            ).mappings()
        ]  # fmt: skip
    data["all_custodians"] = list(dict.fromkeys(copy.name for copy in copies))
    data["all_paths"] = [copy.path for copy in copies]
    data["duplicates"] = [
        matter.control_number(copy.number) for copy in copies if copy.number != number
    ]
    return data


def text(matter: Matter, number: int) -> str:
    """The extracted text of a document; ``""`` when it has none."""
    return text_of(matter, _row(matter, number))


def text_of(matter: Matter, row: Any) -> str:
    """The text of an item row that names its place."""
    ((_, found),) = with_texts(matter, [row])
    return found


def with_texts(matter: Matter, rows: Iterable[Any]) -> Iterator[tuple[Any, str]]:
    """Item rows that name the places of their texts, each with its text, in the same order.

    Some are read ahead, up to 8 MiB, for neighbours in a pack may come in one request.
    """
    window: list[Any] = []
    size = 0
    for row in rows:
        length = row.text_size or 0
        if len(window) == _TEXTS_AT_ONCE or size + length > PIECE:
            yield from _with_texts(matter, window)
            window, size = [], 0
        window.append(row)
        size += length
    yield from _with_texts(matter, window)


def _with_texts(matter: Matter, rows: list[Any]) -> Iterator[tuple[Any, str]]:
    texts = iter(
        matter.packs.read_many(
            [
                Member(
                    row.pack, Place(row.text_offset, row.text_length, row.text_method),
                    row.text_sha256,
                )
                for row in rows
                if row.text_offset is not None
            ]
        )
    )  # fmt: skip
    for row in rows:
        yield row, "" if row.text_offset is None else next(texts).decode()


def native(matter: Matter, number: int) -> tuple[str, bytes]:
    """File name and bytes of a document's native, checked against its SHA-256.

    Raises :class:`UsageError` when it has none, :class:`VerificationFailed` when it was altered.
    """
    import hashlib

    row = _row(matter, number)
    if row.native_offset is None:
        raise UsageError(
            f"{matter.control_number(number)} has no native here: {row.message or row.state}",
            "See its fields: ediscovery doc show",
        )
    place = Place(row.native_offset, row.native_length, row.native_method)
    data = matter.packs.read(row.pack, place, row.sha256)
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise VerificationFailed(
            f"The native of {matter.control_number(number)} is not what was collected.",
            f"Run: ediscovery verify {matter.name}",
        )
    return row.file_name or matter.control_number(number), data


def family(matter: Matter, number: int) -> list[dict[str, Any]]:
    """The family of a document, parent first: numbers, names, states, depth below the parent."""
    top = _row(matter, number).family_number
    with matter.engine.connect() as connection:
        rows = connection.execute(
            select(documents.c.number, documents.c.parent_number, items)
            .select_from(joined())
            .where(documents.c.family_number == top)
            .order_by(items.c.collection_id, items.c.position)
        ).all()
    depth: dict[int | None, int] = {None: -1}
    members = []
    for row in rows:
        depth[row.number] = depth.get(row.parent_number, -1) + 1
        members.append(
            {
                "control_number": matter.control_number(row.number),
                "parent": matter.control_number(row.parent_number) if row.parent_number else None,
                "depth": depth[row.number],
                "relation": row.relation,
                "file_name": row.file_name,
                "subject": row.subject,
                "mime_type": row.mime_type,
                "size": row.size,
                "state": row.state,
                "inline": "inline" in row.flags,
            }
        )
    return members


def briefs(matter: Matter, numbers: list[int], fields: list[str]) -> list[dict[str, Any]]:
    """Chosen fields of many documents, in the order of ``numbers``.

    Raises :class:`UsageError` for a field that does not exist.
    """
    for field in fields:
        if field not in _FIELDS:
            near = get_close_matches(field, _FIELDS, 1)
            raise UsageError(
                f"There is no field {field!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
                f"Known: {', '.join(sorted(_FIELDS))}",
            )
    chosen = [_FIELDS[field].label(f"f_{field}") for field in fields]
    found: dict[int, dict[str, Any]] = {}
    with matter.engine.connect() as connection:
        for start in range(0, len(numbers), 500):
            for row in connection.execute(
                select(documents.c.number, *chosen)
                .select_from(joined())
                .where(documents.c.number.in_(numbers[start : start + 500]))
            ).mappings():
                found[row["number"]] = {
                    field: matter.control_number(row[f"f_{field}"])
                    if field in _NUMBERS and row[f"f_{field}"]
                    else row[f"f_{field}"]
                    for field in fields
                }
    return [found[number] for number in numbers if number in found]


def joined() -> Any:
    """Documents with their items, collections and custodians, to select from."""
    return (
        documents.join(
            items,
            and_(
                items.c.collection_id == documents.c.collection_id,
                items.c.position == documents.c.position,
            ),
        )
        .join(collections, collections.c.id == documents.c.collection_id)
        .join(custodians, custodians.c.id == collections.c.custodian_id)
    )


def _row(matter: Matter, number: int) -> Row[Any]:
    columns = [c for c in documents.c if c.name not in ("collection_id", "position")]
    with matter.engine.connect() as connection:
        row = connection.execute(
            select(items, *columns, custodians.c.name.label("custodian"))
            .select_from(joined())
            .where(documents.c.number == number)
        ).first()
    if row is None:
        raise UsageError(
            f"There is no document {matter.control_number(number)}.",
            f"Find documents: ediscovery search {matter.name} QUERY",
        )
    return row


def position_of(matter: Matter, identity: str) -> tuple[int, str]:
    """Collection and position of an exception's id (``1:d1234a2``) or a control number.

    Raises :class:`UsageError` when there is no such item.
    """
    collection, colon, position = identity.partition(":")
    with matter.engine.connect() as connection:
        if colon and collection.isdigit():
            where = and_(items.c.collection_id == int(collection), items.c.position == position)
            row = connection.execute(
                select(items.c.collection_id, items.c.position).where(where)
            ).first()
        else:
            row = connection.execute(
                select(documents.c.collection_id, documents.c.position).where(
                    documents.c.number == matter.number(identity)
                )
            ).first()
    if row is None:
        raise UsageError(
            f"There is no item {identity!r}.", f"See: ediscovery exceptions {matter.name}"
        )
    return row.collection_id, row.position
