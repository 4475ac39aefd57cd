"""Which documents a production takes, in which order, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, select

from ediscovery.produce.specification import Specification
from ediscovery.review import coding, redactions
from ediscovery.review.redactions import Redaction
from ediscovery.store.catalog import listed
from ediscovery.store.tables import collections, custodians, documents, items
from ediscovery.store.workspace import Matter

_COLUMNS = (
    "state", "message", "category", "mime_type", "file_name", "subject", "path", "sha256", "size",
    "page_count", "from_", "to", "cc", "bcc", "author", "record_type", "sent_at", "modified_at",
    "created_at", "text_size", "text_sha256",
)  # fmt: skip


@dataclass(slots=True)
class Candidate:
    """One document that a production may take; ``row`` holds its columns of the catalog.

    ``chosen``: the query found it, not only a member of its family. ``marks``: its redactions.
    """

    number: int
    family: int
    parent: int | None
    group: int | None
    custodian: str
    row: Any
    chosen: bool
    coding: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marks: list[Redaction] = field(default_factory=list)

    def coded(self, name: str) -> str:
        """The first value of a field that it is coded in, else ``""``."""
        return self.coding.get(name, ("",))[0]

    @property
    def withheld(self) -> bool:
        """Whether it is privileged and so stays here."""
        return self.coded("privilege") == "privileged"

    @property
    def date(self) -> str:
        """When it was sent, changed or made (UTC), whichever is known first."""
        return self.row.sent_at or self.row.modified_at or self.row.created_at or ""


@dataclass(slots=True)
class Selection:
    """``candidates`` in the order of the production; ``duplicates``: copies left out, each with
    the number of the copy that is taken."""

    candidates: list[Candidate]
    duplicates: dict[int, int]


def select_documents(
    matter: Matter, specification: Specification, numbers: Sequence[int]
) -> Selection:
    """The documents ``numbers`` with their families (unless ``family: alone``), each family once.

    Of families that are copies of each other the one with the lowest number is taken. Families
    stand in the order of the specification, in each the parent first.
    """
    chosen = set(numbers)
    whole = specification.family == "whole"
    wanted = coding.families_of(matter, chosen) if whole else sorted(chosen)
    with matter.reader.connect() as connection:
        found = read(connection, wanted, chosen)
    kept, duplicates = _without_copies(found)
    keys = {one.number: _key(one, specification.order) for one in kept}
    heads = {one.family: keys[one.number] for one in reversed(kept)}
    kept.sort(key=lambda one: (heads[one.family], one.family, one.number))
    return Selection(kept, duplicates)


def read(
    connection: Connection, numbers: Iterable[int], chosen: set[int] | None = None
) -> list[Candidate]:
    """What is known of documents, ascending; those that were withdrawn are left out."""
    numbers = sorted(set(numbers))
    rows = connection.execute(
        select(
            documents.c.number, documents.c.family_number, documents.c.parent_number,
            documents.c.group_number, custodians.c.name.label("custodian"),
            *(items.c[name] for name in _COLUMNS),
        )
        .select_from(
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
        .where(
            documents.c.number.in_(listed(connection, numbers)), documents.c.withdrawn.is_(False)
        )
        .order_by(documents.c.number)
    ).all()  # fmt: skip
    codings = coding.values(connection, numbers)
    marks = redactions.of(connection, numbers)
    return [
        Candidate(
            row.number, row.family_number, row.parent_number, row.group_number, row.custodian, row,
            chosen is None or row.number in chosen, codings.get(row.number, {}),
            marks.get(row.number, []),
        )
        for row in rows
    ]  # fmt: skip


def _without_copies(found: list[Candidate]) -> tuple[list[Candidate], dict[int, int]]:
    """Families without their copies: groups are of whole families, told by their parents."""
    first: dict[int, int] = {}  # group -> the family that stands for it
    for one in found:
        if one.number == one.family and one.group is not None:
            first.setdefault(one.group, one.family)
    gone = {
        one.family: first[one.group]
        for one in found
        if one.number == one.family and one.group is not None and first[one.group] != one.family
    }
    members: dict[int, list[int]] = {}
    for one in found:
        members.setdefault(one.family, []).append(one.number)
    duplicates = {}
    for copy, family in gone.items():
        kept = members[family]
        for place, number in enumerate(members[copy]):
            duplicates[number] = kept[min(place, len(kept) - 1)]
    return [one for one in found if one.family not in gone], duplicates


def _key(one: Candidate, order: Sequence[str]) -> tuple[Any, ...]:
    values = {
        "custodian": one.custodian.casefold(), "date": (not one.date, one.date),
        "path": one.row.path, "control-number": one.number,
    }  # fmt: skip
    return tuple(values[name] for name in order)
