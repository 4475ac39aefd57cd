"""A digest of item records as they were read, kept in the audit log and held against the catalog.

It is the sum, modulo 2**256, of the SHA-256 of each record; so it depends neither on the order nor
on how a unit was handed over, and a retry subtracts what it replaces. Left out is what settling and
culling may change afterwards, and where the bytes lie, which their own hashes prove.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Float, Integer, Text, select, type_coerce

from ediscovery.model.items import COLUMNS
from ediscovery.store.tables import items

_OPEN = frozenset(
    {
        "role", "state", "stage", "message", "flags", "actual_children", "pack", "native_offset",
        "native_length", "native_method", "text_offset", "text_length", "text_method",
    }
)  # fmt: skip
_NUMBERS = [
    i
    for i, name in enumerate(COLUMNS)
    if name not in _OPEN and isinstance(items.c[name].type, Integer | Float)
]
_TEXTS = [i for i, name in enumerate(COLUMNS) if name not in _OPEN and i not in _NUMBERS]
_texts = itemgetter(*_TEXTS)
_numbers = itemgetter(*_NUMBERS)
_PACK = COLUMNS.index("pack")
_MODULUS = 1 << 256


def add(digest: int, rows: Iterable[Sequence[Any]]) -> int:
    """``digest`` with more records: values in the order of ``COLUMNS``, JSON columns as text."""
    total = digest
    for row in rows:
        # As the catalog gives them back: it turns 3.0 in a whole-number column into 3.
        numbers = ["" if n is None else str(float(n)) for n in _numbers(row)]
        record = "\x1f".join((*map(str, _texts(row)), *numbers))
        total += int.from_bytes(hashlib.sha256(record.encode()).digest(), "big")
    return total % _MODULUS


def by_pack(connection: Connection, *where: Any) -> dict[str, int]:
    """Digest of the catalog's records for each pack, of all or of those that ``where`` names."""
    columns = [type_coerce(items.c[name], Text) for name in COLUMNS]
    sums: dict[str, int] = {}
    for row in connection.execute(select(*columns).where(*where)):
        sums[row[_PACK]] = add(sums.get(row[_PACK], 0), [row])
    return sums


def expected(entries: Iterable[dict[str, Any]]) -> dict[str, int]:
    """What :func:`by_pack` must give, by the audit log."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry["action"] != "unit read":
            continue
        details = entry["details"]
        sums[details["pack"]] = parse(details["records"])
        for pack, replaced in details.get("replaced", {}).items():
            sums[pack] = (sums.get(pack, 0) - parse(replaced)) % _MODULUS
    return sums


def text(value: int) -> str:
    """A digest as 64 hexadecimal digits."""
    return format(value, "064x")


def parse(value: str) -> int:
    """Reads :func:`text`."""
    return int(value, 16)
