"""Decides which families are copies of each other and which copy of each group is the primary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ediscovery.model.errors import UsageError

SCOPES = ("global", "custodian", "none")


class Family(NamedTuple):
    """A top-level document with all it holds, as it stands in the catalog.

    ``key`` is its family hash, ``""`` for what is never grouped; ``order`` says who comes first
    within a group (custodian's priority, collection, position; or simply the control number).
    ``group`` and ``primary`` are what an earlier run decided.
    """

    number: int
    key: str
    custodian: str
    order: tuple[int | str, ...]
    group: int | None = None
    primary: bool = True


class Change(NamedTuple):
    """What to write on family ``number``: its group is its primary's number, ``None`` alone."""

    number: int
    group: int | None
    primary: bool


def sorted_families(families: Iterable[Family], scope: str) -> list[Family]:
    """``families`` in the order that :func:`changes` reads; a catalog does this with ORDER BY."""
    return sorted(families, key=lambda f: (_key(f, scope), f.order))


def changes(families: Iterable[Family], scope: str) -> Iterator[Change]:
    """What must be written so that ``families`` are grouped by ``scope``; nothing that stands.

    ``families`` come ordered by key, with scope ``custodian`` by key and custodian, and then by
    ``order``; two are held in memory at a time. They may be a part of the matter as long as each
    key in it comes with all its families, so a later collection needs only the keys that it
    brought. The result depends on the order of nothing else: the primary of a group is its least
    ``order``. Raises ``ValueError`` when a group comes out of order, :class:`UsageError` for an
    unknown scope.
    """
    if scope not in SCOPES:
        raise UsageError(f"No dedupe scope {scope!r}.", f"Known scopes are {', '.join(SCOPES)}.")
    primary: Family | None = None  # first of the group being read
    previous: Family | None = None
    alone = True
    for family in families:
        if previous is None or not _copies(previous, family, scope):
            if primary is not None and alone:
                yield from _changed(primary, None, True)
            primary, alone = family, True
        else:
            assert primary is not None
            if previous.order >= family.order:
                raise ValueError(f"families {previous.number} and {family.number} out of order")
            if alone:
                yield from _changed(primary, primary.number, True)
                alone = False
            yield from _changed(family, primary.number, False)
        previous = family
    if primary is not None and alone:
        yield from _changed(primary, None, True)


def _key(family: Family, scope: str) -> tuple[str, str]:
    return family.key, family.custodian if scope == "custodian" else ""


def _copies(one: Family, two: Family, scope: str) -> bool:
    return scope != "none" and one.key != "" and _key(one, scope) == _key(two, scope)


def _changed(family: Family, group: int | None, primary: bool) -> Iterator[Change]:
    if (family.group, family.primary) != (group, primary):
        yield Change(family.number, group, primary)
