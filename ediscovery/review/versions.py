"""Data that a matter keeps by version: the newest holds, every earlier one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, insert, select

from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.workspace import Matter


@dataclass(frozen=True, slots=True)
class Version:
    """One version, from 1: who stored it and when, and its data."""

    version: int
    who: str
    at: str
    data: dict[str, Any]


V = TypeVar("V", bound=Version)


def newest(connection: Connection, table: Table, kind: type[V]) -> V | None:
    """The version of ``table`` that holds; ``None`` when nothing was stored."""
    row = connection.execute(select(table).order_by(table.c.version.desc()).limit(1)).first()
    return kind(row.version, row.who, row.at, row.data) if row else None


def every(matter: Matter, table: Table, kind: type[V]) -> list[V]:
    """All versions, oldest first."""
    with matter.reader.connect() as connection:
        rows = connection.execute(select(table).order_by(table.c.version)).all()
    return [kind(row.version, row.who, row.at, row.data) for row in rows]


def store(
    matter: Matter, table: Table, data: dict[str, Any], action: str, told: dict[str, Any]
) -> int:
    """Keep checked ``data`` as the next version, and return that.

    The same as the newest is not stored again. The audit log tells ``action``, the version and
    what is ``told``.
    """
    with writing(matter.engine) as connection:
        held = newest(connection, table, Version)
        if held is not None and held.data == data:
            return held.version
        version = held.version + 1 if held else 1
        connection.execute(
            insert(table).values(version=version, data=data, who=audit.actor()[0], at=audit.now())
        )
        audit.record(connection, action, {"version": version} | told)
    matter.mirror_audit()
    return version
