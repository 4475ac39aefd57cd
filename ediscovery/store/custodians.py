"""Custodians of a matter, and the other names they are known by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from ediscovery.model.errors import UsageError
from ediscovery.store import audit
from ediscovery.store.tables import aliases, custodians


def find(connection: Connection, name: str) -> int | None:
    """The id of the custodian called or aliased ``name`` (blanks and case aside), or ``None``."""
    key = _key(name)
    for row in connection.execute(select(custodians.c.id, custodians.c.name)):
        if _key(row.name) == key:
            return int(row.id)
    for row in connection.execute(select(aliases)):
        if _key(row.alias) == key:
            return int(row.custodian_id)
    return None


def register(connection: Connection, name: str) -> int:
    """Add a custodian; raises :class:`UsageError` when the name is empty or taken."""
    shown = " ".join(name.split())
    if not shown:
        raise UsageError("A custodian needs a name.", 'For example: --custodian "Jane Roe"')
    if find(connection, shown) is not None:
        raise UsageError(f"{shown!r} is known already.", "See: ediscovery custodian list MATTER")
    made = connection.execute(insert(custodians).values(name=shown, created_at=audit.now()))
    identity = int(made.inserted_primary_key[0])  # type: ignore[index]
    audit.record(connection, "custodian registered", {"custodian": identity, "name": shown})
    return identity


def add_alias(connection: Connection, name: str, alias: str) -> None:
    """Let ``alias`` mean the custodian ``name``; raises :class:`UsageError` when it can't."""
    identity = find(connection, name)
    if identity is None:
        raise UsageError(f"There is no custodian {name!r}.", "Add it: ediscovery custodian add")
    if find(connection, alias) is not None:
        raise UsageError(f"{alias!r} is in use already.", "Choose another alias.")
    connection.execute(insert(aliases).values(alias=" ".join(alias.split()), custodian_id=identity))
    audit.record(connection, "custodian alias", {"custodian": identity, "alias": alias})


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every custodian with its aliases, by name."""
    also: dict[int, list[str]] = {}
    for row in connection.execute(select(aliases).order_by(aliases.c.alias)):
        also.setdefault(row.custodian_id, []).append(row.alias)
    rows = connection.execute(select(custodians).order_by(custodians.c.name)).mappings()
    return [{**row, "aliases": also.get(row["id"], [])} for row in rows]


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
