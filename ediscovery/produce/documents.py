"""What the catalog knows of documents that may be produced: fields, family, group, decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.review import coding, redactions
from ediscovery.review.redactions import Redaction
from ediscovery.store.catalog import TOGETHER, listed
from ediscovery.store.lookup import joined
from ediscovery.store.tables import custodians, documents, items


@dataclass(frozen=True, slots=True)
class Candidate:
    """One document before it has a Bates number.

    ``item`` is its row of the table ``item`` by column name. ``group`` is the number of its group's
    primary, ``None`` for a document without copies; ``custodians`` and ``paths`` are those of every
    copy, by number, this one's among them. ``coding``: field -> values. ``redactions`` stand.
    """

    number: int
    parent: int | None
    family: int
    group: int | None
    item: Mapping[str, Any]
    custodian: str
    custodians: tuple[str, ...]
    paths: tuple[str, ...]
    coding: Mapping[str, tuple[str, ...]]
    redactions: tuple[Redaction, ...]

    @property
    def redaction_reasons(self) -> tuple[str, ...]:
        """The reason codes of its redactions, each once."""
        return tuple(dict.fromkeys(one.reason_code for one in self.redactions))

    def coded(self, name: str) -> str:
        """The first value of a field that it is coded in, else ``""``."""
        return self.coding.get(name, ("",))[0]

    @property
    def row(self) -> Any:
        """``item`` as a row, for what reads natives and texts."""
        return SimpleNamespace(**self.item)

    @property
    def withheld(self) -> bool:
        """Whether it is privileged and so stays here."""
        return self.coded("privilege") == "privileged"

    @property
    def date(self) -> str:
        """When it was sent, changed or made (UTC), whichever is known first; ``""`` for none."""
        item = self.item
        return item["sent_at"] or item["modified_at"] or item["created_at"] or ""


def candidates(connection: Connection, numbers: Sequence[int]) -> Iterator[Candidate]:
    """The documents ``numbers`` in that order; those that are not there are left out.

    A thousand are held at a time.
    """
    for start in range(0, len(numbers), TOGETHER):
        yield from _some(connection, numbers[start : start + TOGETHER])


def _some(connection: Connection, numbers: Sequence[int]) -> Iterator[Candidate]:
    coded = coding.values(connection, numbers)
    covered = redactions.of(connection, numbers)
    copies = _copies(connection, numbers)
    rows = connection.execute(
        select(
            documents.c.number, documents.c.parent_number, documents.c.family_number,
            documents.c.group_number, custodians.c.name.label("custodian"), items,
        )
        .select_from(joined())
        .where(
            documents.c.number.in_(listed(connection, numbers)), documents.c.withdrawn.is_(False)
        )
    )  # fmt: skip
    found = {row.number: row for row in rows}
    for number in numbers:
        row = found.get(number)
        if row is None:
            continue
        fields = row._mapping
        own = copies.get(row.group_number) or [(row.custodian, row.path)]
        yield Candidate(
            number=number,
            parent=row.parent_number,
            family=row.family_number,
            group=row.group_number,
            item={column.name: fields[column] for column in items.c},
            custodian=row.custodian,
            custodians=tuple(dict.fromkeys(name for name, _ in own)),
            paths=tuple(path for _, path in own),
            coding=coded.get(number, {}),
            redactions=tuple(covered.get(number, ())),
        )


def _copies(
    connection: Connection, numbers: Sequence[int]
) -> dict[int | None, list[tuple[str, str]]]:
    """Custodian and path of every copy, by group, of the groups that these documents are in."""
    groups = select(documents.c.group_number).where(
        documents.c.number.in_(listed(connection, numbers)), documents.c.group_number.is_not(None)
    )
    found: dict[int | None, list[tuple[str, str]]] = {}
    for row in connection.execute(
        select(documents.c.group_number, custodians.c.name, items.c.path)
        .select_from(joined())
        .where(documents.c.group_number.in_(groups), documents.c.withdrawn.is_(False))
        .order_by(documents.c.number)
    ):
        found.setdefault(row.group_number, []).append((row.name, row.path))
    return found
