"""Where an item stands in its collection, as a text that sorts in reading order.

A position is the path of ordinals from the manifest (file 1234, its child 2, ...). An ordinal is
written as a letter for its number of digits and the digits: 7 -> ``a7``, 1234 -> ``d1234``. So
plain text order is numeric order, a parent sorts right before its children, and a subtree is a
prefix. Positions make control numbers independent of worker count, cutting and order of completion.
"""

from __future__ import annotations


def ordinal(n: int) -> str:
    """One ordinal, 0 or more, as sortable text."""
    digits = str(n)
    return chr(96 + len(digits)) + digits


def child(position: str, n: int) -> str:
    """Position of child ``n`` (0-based) of the item at ``position``; ``""`` is the collection."""
    digits = str(n)
    return f"{position}{chr(96 + len(digits))}{digits}"


def path(position: str) -> list[int]:
    """The ordinals of ``position``, outermost first. Raises ``ValueError`` when malformed."""
    result, at = [], 0
    while at < len(position):
        count = ord(position[at]) - 96
        digits = position[at + 1 : at + 1 + count]
        if count < 1 or len(digits) != count or not digits.isdigit():
            raise ValueError(f"not a position: {position!r}")
        result.append(int(digits))
        at += 1 + count
    return result


def valid(position: str) -> bool:
    """Whether ``position`` is well formed."""
    try:
        path(position)
    except ValueError:
        return False
    return True


def parent(position: str) -> str:
    """Position of what holds the item at ``position``; ``""`` for a source file."""
    return "".join(ordinal(n) for n in path(position)[:-1])


def depth(position: str) -> int:
    """How many levels below the collection: 1 for a source file."""
    return len(path(position))
