"""The privilege log: what was withheld, redacted or called back, with the ground for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from ediscovery.model.errors import UsageError, VerificationFailed
from ediscovery.produce import ledger, sheets
from ediscovery.produce.documents import Candidate, candidates
from ediscovery.produce.fields import Moments
from ediscovery.produce.render.verify import text_is_clean
from ediscovery.produce.secrets import words_of
from ediscovery.produce.specification import Dates
from ediscovery.store.tables import produced, productions
from ediscovery.store.workspace import Matter

FORMS = ("traditional", "metadata-only", "metadata-plus-topic")
_COMMON = ("LogNumber", "ControlNumber", "BegBates", "EndBates", "Family", "Volume", "Treatment")
_PEOPLE = ("Date", "Type", "Author", "To", "CC", "BCC")
HEADS: dict[str, tuple[str, ...]] = {
    "traditional": (*_COMMON, *_PEOPLE, "Basis", "Description", "RedactionReasons"),
    "metadata-only": (
        *_COMMON, "Custodian", *_PEOPLE, "Subject", "FileName", "Basis", "RedactionReasons",
    ),
}  # fmt: skip
HEADS["metadata-plus-topic"] = (*HEADS["metadata-only"], "Topic")


_TREATMENTS = {"withheld": "Withheld", ledger.CLAWED_BACK: "Clawed back"}


@dataclass(slots=True)
class Log:
    """The rows of a log under ``heads``; how many were withheld, redacted, called back."""

    heads: tuple[str, ...]
    rows: list[tuple[object, ...]]
    withheld: int
    redacted: int
    clawed_back: int


def make(
    matter: Matter, form: str, volume: str | None = None, attorneys: Sequence[str] = ()
) -> Log:
    """The log of one volume and what was added to it, or of all.

    Names that hold one of ``attorneys`` get an asterisk.

    Raises :class:`UsageError` for an unknown form, :class:`VerificationFailed` when what was
    withheld, redacted and called back is not what is logged.
    """
    if form not in FORMS:
        raise UsageError(f"No form {form!r} of a privilege log.", f"Known: {', '.join(FORMS)}.")
    own = or_(productions.c.volume == volume, productions.c.base == volume)
    chosen = [own] if volume else []
    if volume:
        ledger.production(matter, volume)
    with matter.reader.connect() as connection:
        lines = connection.execute(
            select(produced, productions.c.volume)
            .join(productions, productions.c.id == produced.c.production_id)
            .where(
                *chosen,
                produced.c.reason.in_(_TREATMENTS) | produced.c.redacted,
                ~ledger.superseded(),
            )
            .order_by(produced.c.production_id, produced.c.ordinal)
        ).all()
        numbers = [line.number for line in lines]
        known = {one.number: one for one in candidates(connection, numbers)}
    # A document that is withheld in several volumes is logged once.
    lines = list({line.number: line for line in reversed(lines)}.values())[::-1]
    entries = _Entries(matter, tuple(name.casefold() for name in attorneys))
    heads = HEADS[form]
    rows: list[tuple[object, ...]] = []
    for line in lines:
        if line.number in known:
            values = entries.values(line, known[line.number]) | {"LogNumber": len(rows) + 1}
            rows.append(tuple(values[head] for head in heads))
    withheld = sum(line.reason == "withheld" for line in lines)
    clawed_back = sum(line.reason == ledger.CLAWED_BACK for line in lines)
    redacted = sum(line.redacted for line in lines)
    if len(rows) != withheld + redacted + clawed_back:
        raise VerificationFailed(
            f"{withheld:,} documents are withheld, {redacted:,} redacted and {clawed_back:,} "
            f"called back, but {len(rows):,} are logged.",
            f"Run: ediscovery verify {matter.name}",
        )
    return Log(heads, rows, withheld, redacted, clawed_back)


def write(log: Log, path: Path) -> None:
    """Write a log as CSV or XLSX, as ``path`` ends."""
    sheets.write(path, log.heads, log.rows)


class _Entries:
    """Says of one document what any form of the log may need."""

    def __init__(self, matter: Matter, attorneys: tuple[str, ...]) -> None:
        self._matter, self._attorneys = matter, attorneys
        self._moments = Moments(Dates(), matter.zone.key)

    def values(self, line: Any, one: Candidate) -> dict[str, object]:
        treatment = _TREATMENTS.get(line.reason)
        secrets = [] if treatment else words_of(self._matter, one)

        def clean(text: str) -> str:
            return "REDACTED" if secrets and text_is_clean(text, secrets, "") else text

        item = one.item
        topic = one.coded("privilege_topic")
        basis = "; ".join(one.coding.get("privilege_basis", ()))
        author = self._named([item["from_"] or item["author"]])
        kind = item["record_type"] or item["category"]
        described = [f"{kind}{f' from {author}' if author else ''}"]
        if topic:
            described.append(f"regarding {topic}")
        if basis:
            described.append(f"({basis})")
        return {
            "ControlNumber": self._matter.control_number(one.number),
            "BegBates": line.bates_begin,
            "EndBates": line.bates_end,
            "Family": self._matter.control_number(one.family),
            "Volume": line.volume,
            "Treatment": treatment or "Redacted",
            "Date": self._moments.date(one.date) if one.date else "",
            "Type": kind,
            "Author": author,
            "To": self._named(item["to"]),
            "CC": self._named(item["cc"]),
            "BCC": self._named(item["bcc"]),
            "Custodian": one.custodian,
            "Subject": clean(item["subject"]),
            "FileName": clean(item["file_name"]),
            "Basis": basis,
            "Topic": topic,
            "Description": " ".join(described),
            "RedactionReasons": "; ".join(
                dict.fromkeys(mark.reason_code for mark in one.redactions)
            ),
        }

    def _named(self, names: Sequence[str] | None) -> str:
        return "; ".join(
            f"{name}*" if any(known in name.casefold() for known in self._attorneys) else name
            for name in names or ()
            if name
        )
