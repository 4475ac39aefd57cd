"""The documents of a production as load files tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.produce import ledger
from ediscovery.produce.documents import Candidate, candidates
from ediscovery.produce.fields import Family, Produced, Span
from ediscovery.produce.forms import IMAGE
from ediscovery.produce.specification import Specification
from ediscovery.store.catalog import listed
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Matter


class Files:
    """Of one document the paths of its native and its text in the volume, and its image count.

    ``made``: where the native is not the original, what is known of it by column of ``item``.
    """

    __slots__ = ("images", "made", "native", "text")

    def __init__(
        self, images: int, native: str, text: str, made: Mapping[str, Any] | None = None
    ) -> None:
        self.images, self.native, self.text, self.made = images, native, text, made


class Rows:
    """Makes documents for :class:`Fields`, as one volume tells of them."""

    def __init__(self, matter: Matter, specification: Specification, volume: str) -> None:
        self._matter, self._specification, self._volume = matter, specification, volume

    def preview(self, one: Candidate) -> Produced:
        """A document as far as it is known without numbers."""
        nothing = Span("", "")
        return self._document(
            one, nothing, Family(nothing), one.redaction_reasons, Files(0, "", ""), IMAGE,
            one.withheld,
        )  # fmt: skip

    def produced(
        self, lines: Sequence[Any], files: Mapping[int, Files], relatives: Sequence[Any] = ()
    ) -> Iterator[tuple[Any, Produced]]:
        """The rows ``lines`` of a production that have numbers, in their order, each as a document
        for :class:`Fields`; ``files`` by number. Families are those of ``relatives``, the rows of
        the production that ``lines`` are added to, where there are any."""
        numbered = {line.number: line for line in lines if line.bates_begin}
        with self._matter.reader.connect() as connection:
            families = _families(
                connection, [line for line in relatives or lines if line.bates_begin]
            )
            for one in candidates(connection, list(numbered)):
                line = numbered[one.number]
                yield line, self._document(
                    one, Span(line.bates_begin, line.bates_end), families[one.number],
                    one.redaction_reasons if line.redacted else (), files[one.number], line.kind,
                    line.reason in ("withheld", ledger.CLAWED_BACK),
                )  # fmt: skip

    def _document(
        self,
        one: Candidate,
        span: Span,
        family: Family,
        reasons: tuple[str, ...],
        files: Files,
        kind: str,
        withheld: bool,
    ) -> Produced:
        return Produced(
            item=one.item if files.made is None else {**one.item, **files.made},
            custodian=one.custodian,
            bates=span,
            family=family,
            volume=self._volume,
            custodians=one.custodians,
            paths=one.paths,
            coding=one.coding,
            redaction_reasons=reasons,
            pages=files.images,
            native_path=files.native,
            text_path=files.text,
            placeholder=kind != IMAGE and files.images > 0,
            withheld=withheld,
            ocr=bool(reasons)
            and files.made is None
            and self._specification.text.of_redacted == "ocr",
            rebuilt=files.made is not None,
        )


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
