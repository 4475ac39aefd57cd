"""The kinds of columns that revisions speak of; as they are, whatever ``tables.py`` becomes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, Text
from sqlalchemy.dialects import postgresql

_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_WHOLE = BigInteger().with_variant(Integer(), "sqlite")


def text(name: str, **more: Any) -> Column[Any]:
    """Text that sorts by its bytes."""
    return Column(name, _TEXT, **{"nullable": False} | more)


def whole(name: str, **more: Any) -> Column[Any]:
    """A whole number of up to 63 bits."""
    return Column(name, _WHOLE, **{"nullable": False} | more)


def big(name: str, **more: Any) -> Column[Any]:
    """The same under the name that sizes have in SQLite."""
    return Column(name, BigInteger(), **{"nullable": False} | more)


def real(name: str, **more: Any) -> Column[Any]:
    """A floating point number."""
    return Column(name, Float(), **{"nullable": False} | more)


def truth(name: str) -> Column[Any]:
    """True or false."""
    return Column(name, Boolean(), nullable=False)


def raw(name: str, **more: Any) -> Column[Any]:
    """Bytes."""
    return Column(name, LargeBinary(), **{"nullable": False} | more)
