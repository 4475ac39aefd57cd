"""The documents of a production as load files tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, select

from ediscovery.produce.fields import Family, Fields, Produced, Span, Value
from ediscovery.produce.forms import IMAGE
from ediscovery.produce.selection import Candidate
from ediscovery.produce.specification import Specification
from ediscovery.review import coding, redactions
from ediscovery.store.catalog import listed
from ediscovery.store.tables import collections, custodians, documents, items
from ediscovery.store.workspace import Matter

_TOGETHER = 500


class Files:
    """Of one document the paths of its native and its text in the volume, and its image count."""

    __slots__ = ("images", "native", "text")

    def __init__(self, images: int, native: str, text: str) -> None:
        self.images, self.native, self.text = images, native, text


class Rows:
    """Reads what fields need, some hundred documents at a time."""

    def __init__(self, matter: Matter, specification: Specification, volume: str) -> None:
        self._matter, self._specification, self._volume = matter, specification, volume

    def preview(
        self, candidates: Sequence[Candidate], fields: Fields
    ) -> Iterator[tuple[Candidate, dict[str, Value]]]:
        """Documents with the values of their fields, as far as they are known without numbers."""
        nothing = Span("", "")
        by_number = {one.number: one for one in candidates}
        for number, data in self._data(sorted(by_number)):
            one = by_number[number]
            made = self._document(
                data, nothing, Family(nothing), one.coding,
                tuple(mark.reason_code for mark in one.marks), Files(0, "", ""), IMAGE,
                one.withheld,
            )  # fmt: skip
            yield one, fields.values(made)

    def produced(
        self, lines: Sequence[Any], files: Mapping[int, Files]
    ) -> Iterator[tuple[Any, Produced]]:
        """The rows ``lines`` of a production that have numbers, in their order, each as a document
        for :class:`Fields`; ``files`` by number."""
        numbered = [line for line in lines if line.bates_begin]
        with self._matter.reader.connect() as connection:
            families = _families(connection, numbered)
        for start in range(0, len(numbered), _TOGETHER):
            part = numbered[start : start + _TOGETHER]
            numbers = [line.number for line in part]
            with self._matter.reader.connect() as connection:
                codings = coding.values(connection, numbers)
                marks = redactions.of(connection, numbers)
            datas = dict(self._data(sorted(numbers)))
            for line in part:
                reasons = tuple(mark.reason_code for mark in marks.get(line.number, ()))
                yield line, self._document(
                    datas[line.number], Span(line.bates_begin, line.bates_end),
                    families[line.number], codings.get(line.number, {}),
                    reasons if line.redacted else (), files[line.number], line.kind,
                    line.reason == "withheld",
                )  # fmt: skip

    def _document(
        self,
        data: dict[str, Any],
        span: Span,
        family: Family,
        coded: Mapping[str, tuple[str, ...]],
        reasons: tuple[str, ...],
        files: Files,
        kind: str,
        withheld: bool,
    ) -> Produced:
        return Produced(
            item=data["item"],
            custodian=data["custodian"],
            bates=span,
            family=family,
            volume=self._volume,
            custodians=data["custodians"],
            paths=data["paths"],
            coding=coded,
            redaction_reasons=reasons,
            pages=files.images,
            native_path=files.native,
            text_path=files.text,
            placeholder=kind != IMAGE and files.images > 0,
            withheld=withheld,
            ocr=bool(reasons) and self._specification.text.of_redacted == "ocr",
        )

    def _data(self, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Item row, custodian, and custodians and paths of every copy, by number."""
        with self._matter.reader.connect() as connection:
            for start in range(0, len(numbers), _TOGETHER):
                chosen = listed(connection, numbers[start : start + _TOGETHER])
                rows = connection.execute(
                    select(
                        documents.c.number, documents.c.group_number,
                        custodians.c.name.label("custodian"), items,
                    )
                    .select_from(_joined())
                    .where(documents.c.number.in_(chosen))
                    .order_by(documents.c.number)
                ).mappings().all()  # fmt: skip
                groups = _copies(connection, [r["group_number"] for r in rows if r["group_number"]])
                for row in rows:
                    own = [(row["custodian"], row["path"])]
                    copies = groups.get(row["group_number"], own) if row["group_number"] else own
                    yield (
                        row["number"],
                        {
                            "item": row,
                            "custodian": row["custodian"],
                            "custodians": tuple(dict.fromkeys(name for name, _ in copies)),
                            "paths": tuple(path for _, path in copies),
                        },
                    )


def _copies(connection: Connection, groups: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Custodian and path of every copy, by group."""
    found: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(
        select(documents.c.group_number, custodians.c.name, items.c.path)
        .select_from(_joined())
        .where(
            documents.c.group_number.in_(listed(connection, sorted(set(groups)))),
            documents.c.withdrawn.is_(False),
        )
        .order_by(documents.c.number)
    ):
        found.setdefault(row.group_number, []).append((row.name, row.path))
    return found


def copies_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Custodian and path of every copy of each document, its own among them."""
    rows = connection.execute(
        select(documents.c.number, documents.c.group_number, custodians.c.name, items.c.path)
        .select_from(_joined())
        .where(documents.c.number.in_(listed(connection, sorted(numbers))))
    ).all()
    groups = _copies(connection, [row.group_number for row in rows if row.group_number])
    return {
        row.number: groups.get(row.group_number, [(row.name, row.path)])
        if row.group_number
        else [(row.name, row.path)]
        for row in rows
    }


def family_spans(connection: Connection, lines: Sequence[Any]) -> dict[int, Span]:
    """The first and last number of each numbered document's family, by document."""
    return {number: family.span for number, family in _families(connection, lines).items()}


def _families(connection: Connection, lines: Sequence[Any]) -> dict[int, Family]:
    """The family of each document as it is produced; members that stay here are not in it."""
    bates = {line.number: line for line in lines}
    ties = connection.execute(
        select(documents.c.number, documents.c.family_number, documents.c.parent_number).where(
            documents.c.number.in_(listed(connection, sorted(bates)))
        )
    ).all()
    members: dict[int, list[int]] = {}
    children: dict[int, list[str]] = {}
    for tie in ties:
        members.setdefault(tie.family_number, []).append(tie.number)
    order = {line.number: place for place, line in enumerate(lines)}
    for tie in sorted(ties, key=lambda tie: order[tie.number]):
        if tie.parent_number in bates:
            children.setdefault(tie.parent_number, []).append(bates[tie.number].bates_begin)
    found = {}
    for tie in ties:
        family = sorted(members[tie.family_number], key=order.__getitem__)
        span = Span(bates[family[0]].bates_begin, bates[family[-1]].bates_end)
        parent = bates[tie.parent_number].bates_begin if tie.parent_number in bates else ""
        found[tie.number] = Family(span, parent, tuple(children.get(tie.number, ())))
    return found


def _joined() -> Any:
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
