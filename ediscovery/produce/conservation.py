"""Follows every document to exactly one end, and shows that the sums balance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, select

from ediscovery.model.states import is_exception
from ediscovery.produce import ledger, standing
from ediscovery.store import reports
from ediscovery.store.tables import coded, documents, items, produced, productions
from ediscovery.store.workspace import Matter

ENDS = (
    "produced", "withheld", "clawed back", "duplicate", "not responsive", "awaiting production",
    "exception", "not reviewed",
)  # fmt: skip
_SHOWN = 20


@dataclass(slots=True)
class Conservation:
    """``seen`` items of all custody manifests = ``documents`` + ``containers`` + ``suppressed`` +
    ``failed``, and the documents by their end. ``problems``: what does not balance;
    ``remarks``: for which unfinished volumes documents wait."""

    seen: int
    documents: int
    containers: int
    suppressed: int
    failed: int
    ends: dict[str, int]
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def conserve(matter: Matter) -> Conservation:
    """Find the one end of every document of the matter.

    A document that was called back, went out, or was withheld with an entry in the privilege log,
    has that end, as :func:`standing.deciding` says of the volumes that were written; one that only
    an unfinished volume holds awaits production. Then comes a copy of such a one or of one with
    another end, then what coding says, then its state.
    """
    with matter.reader.connect() as connection:
        sums = reports.reconciliation(connection)
        out: dict[int, list[Any]] = {}
        for line in connection.execute(
            select(
                produced.c.number, produced.c.bates_begin, produced.c.reason, productions.c.volume
            )
            .join(productions, productions.c.id == produced.c.production_id)
            .where(standing.holds())
            .order_by(*standing.oldest_first())
        ):
            out.setdefault(line.number, []).append(line)
        begun = {
            line.number: line.volume
            for line in connection.execute(
                select(produced.c.number, productions.c.volume)
                .join(productions, productions.c.id == produced.c.production_id)
                .where(standing.unfinished())
                .order_by(productions.c.id)
            )
        }
        coding: dict[int, dict[str, str]] = {}
        for mark in connection.execute(
            select(coded).where(coded.c.field.in_(("responsive", "privilege")))
        ):
            coding.setdefault(mark.number, {})[mark.field] = mark.value
        rows = connection.execute(
            select(
                documents.c.number,
                documents.c.is_primary,
                documents.c.group_number,
                items.c.state,
            )
            .join(
                items,
                and_(
                    items.c.collection_id == documents.c.collection_id,
                    items.c.position == documents.c.position,
                ),
            )
            .where(documents.c.withdrawn.is_(False))
            .order_by(documents.c.number)
        )
        ends: Counter[str] = Counter()
        waiting: Counter[str] = Counter()
        problems: list[str] = []
        copies: dict[int, Any] = {}  # by group one that went out
        private: list[Any] = []  # documents that are coded privileged and themselves went nowhere
        total = 0
        for row in rows:
            total += 1
            lines, marks = out.get(row.number, []), coding.get(row.number, {})
            end = _end(row, lines, marks, row.number in begun)
            ends[end] += 1
            if end == "awaiting production" and row.number in begun:
                waiting[begun[row.number]] += 1
            if row.group_number is not None and end == "produced":
                copies[row.group_number] = standing.deciding(lines)
            elif row.group_number is not None and marks.get("privilege") == "privileged":
                private.append(row)
            problems += [
                f"{matter.control_number(row.number)} {wrong}" for wrong in _wrong(lines, marks)
            ]
    problems += [
        f"{matter.control_number(row.number)} is coded privileged, and a copy of it went out as "
        f"{copies[row.group_number].bates_begin}."
        for row in private
        if row.group_number in copies
    ]
    found = Conservation(
        sums["seen"], sums["documents"], sums["containers"], sums["suppressed"], sums["failed"],
        {end: ends[end] for end in ENDS}, problems[:_SHOWN],
        [f"{volume} is numbered and not written; documents that await it: {count:,}."
         for volume, count in sorted(waiting.items())],
    )  # fmt: skip
    if sums["difference"]:
        found.problems.append(f"{sums['difference']:,} items seen are not accounted for.")
    if sum(ends.values()) != total or total != found.documents:
        found.problems.append(
            f"{found.documents:,} documents were read, {total:,} are numbered and "
            f"{sum(ends.values()):,} have an end."
        )
    return found


def _end(row: Any, lines: list[Any], marks: dict[str, str], begun: bool) -> str:
    if lines:
        reason = standing.deciding(lines).reason
        return {ledger.CLAWED_BACK: "clawed back", "withheld": "withheld"}.get(reason, "produced")
    if begun:
        return "awaiting production"
    if not row.is_primary:
        return "duplicate"
    if marks.get("responsive") == "no":
        return "not responsive"
    if marks.get("responsive"):
        return "awaiting production"
    return "exception" if is_exception(row.state) else "not reviewed"


def _wrong(lines: list[Any], marks: dict[str, str]) -> list[str]:
    """What contradicts itself about a document."""
    stayed = ("withheld", ledger.CLAWED_BACK)
    went = [line for line in lines if line.bates_begin and line.reason not in stayed]
    found = []
    if went and any(line.reason == ledger.CLAWED_BACK for line in lines):
        found.append(f"was called back and is out as {went[0].bates_begin} in {went[0].volume}.")
    elif went and (last := standing.deciding(lines)).reason == "withheld":
        found.append(f"went out in {went[-1].volume} and was withheld in {last.volume}, later.")
    if went and marks.get("privilege") == "privileged":
        found.append(f"is coded privileged and went out as {went[0].bates_begin}.")
    return found
