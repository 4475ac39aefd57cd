"""The privilege log: what was withheld, redacted or called back, with the ground for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, or_, select

from ediscovery.model.errors import Refused, UsageError, VerificationFailed
from ediscovery.produce import ledger, privilege_categories, sheets, standing
from ediscovery.produce.documents import Candidate, candidates
from ediscovery.produce.fields import Moments
from ediscovery.produce.render.verify import text_is_clean
from ediscovery.produce.secrets import cells_of, words_of
from ediscovery.produce.specification import Dates
from ediscovery.produce.volume import title_of
from ediscovery.review.protocol import PrivilegeLog
from ediscovery.review.screen import Screen, current
from ediscovery.store.tables import produced, productions
from ediscovery.store.workspace import Matter

FORMS = ("traditional", "metadata-only", "metadata-plus-topic", "categorical")
_COMMON = ("LogNumber", "ControlNumber", "BegBates", "EndBates", "Family", "Volume", "Treatment")
_PEOPLE = ("Date", "Type", "Author", "To", "CC", "BCC")
HEADS: dict[str, tuple[str, ...]] = {
    "traditional": (*_COMMON, *_PEOPLE, "Basis", "Description", "RedactionReasons"),
    "metadata-only": (
        *_COMMON, "Custodian", *_PEOPLE, "Subject", "FileName", "Basis", "RedactionReasons",
    ),
}  # fmt: skip
HEADS["metadata-plus-topic"] = (*HEADS["metadata-only"], "Topic")
HEADS["categorical"] = privilege_categories.HEADS


_TREATMENTS = {"withheld": "Withheld", ledger.CLAWED_BACK: "Clawed back"}


@dataclass(slots=True)
class Log:
    """The rows of a log under ``heads``; how many documents were withheld, redacted, called back,
    and how many of them the protocol leaves out. ``title`` names matter and volume."""

    heads: tuple[str, ...]
    rows: list[tuple[object, ...]]
    withheld: int
    redacted: int
    clawed_back: int
    left_out: int
    title: str


def make(
    matter: Matter,
    form: str,
    volume: str | None = None,
    attorneys: Sequence[str] = (),
    rules: PrivilegeLog | None = None,
) -> Log:
    """The log of one volume and what was added to it, or of all, as the protocol's ``rules`` have
    it.

    Only what was written counts, and what was called back. Over all volumes a document is logged
    once, as the one that :func:`standing.deciding` names has it, or no longer: what was withheld
    first and went out later is not. The log of one volume says what that one withheld.

    Names that hold one of ``attorneys``, or of those of the privilege screen, are marked: with an
    asterisk, or as the screen says.

    Raises :class:`UsageError` for an unknown form, :class:`Refused` for a volume that is not
    written, :class:`VerificationFailed` when what was withheld, redacted and called back is not
    what is logged.
    """
    if form not in FORMS:
        raise UsageError(f"No form {form!r} of a privilege log.", f"Known: {', '.join(FORMS)}.")
    if volume:
        production = ledger.production(matter, volume)
        if production.state != ledger.WRITTEN and production.kind != ledger.CLAWBACK:
            raise Refused(f"{volume} is not complete.", "Run its production again to go on.")
    with matter.reader.connect() as connection:
        lines = _lines(connection, volume)
        numbers = [line.number for line in lines]
        known = {one.number: one for one in candidates(connection, numbers)}
        held = current(connection)
    screen = held.screen if held else Screen("")
    entries = _Entries(matter, [*attorneys, *screen.names()], screen.mark)
    told = [
        entries.values(line, known[line.number])
        for line in lines
        if line.number in known and _is_logged(line, entries.day(known[line.number]), rules)
    ]
    withheld = sum(line.reason == "withheld" for line in lines)
    counts = {
        "withheld": withheld,
        "redacted": sum(line.redacted for line in lines),
        "called back": sum(line.reason == ledger.CLAWED_BACK for line in lines),
    }
    left_out = sum(
        not _is_logged(line, entries.day(known[line.number]), rules)
        for line in lines
        if line.number in known
    )
    found: Sequence[Mapping[str, object]] = told
    logged = len(told)
    if form == "categorical":
        found = privilege_categories.rows(told)
        logged = sum(cast(int, row["Documents"]) for row in found)
    check_sums(matter, logged + left_out, counts)
    rows = [
        tuple((row | {"LogNumber": number})[head] for head in HEADS[form])
        for number, row in enumerate(map(dict, found), 1)
    ]
    title = f"{title_of(matter)}, {volume or 'all volumes'}: privilege log"
    return Log(
        HEADS[form], rows, withheld, counts["redacted"], counts["called back"], left_out, title
    )


def _lines(connection: Connection, volume: str | None) -> list[Any]:
    """The rows of what is to be logged, one a document, in the order of the volumes."""
    own = or_(productions.c.volume == volume, productions.c.base == volume)
    chosen = [own] if volume else []
    private = produced.c.reason.in_(_TREATMENTS) | produced.c.redacted
    found: dict[int, list[Any]] = {}
    for line in connection.execute(
        select(produced, productions.c.volume)
        .join(productions, productions.c.id == produced.c.production_id)
        .where(
            *chosen,
            standing.holds(),
            produced.c.number.in_(select(produced.c.number).where(private)),
        )
        .order_by(*standing.oldest_first())
    ):
        found.setdefault(line.number, []).append(line)
    deciding = [standing.deciding(lines) for lines in found.values()]
    logged = [line for line in deciding if line.reason in _TREATMENTS or line.redacted]
    return sorted(logged, key=lambda line: (line.production_id, line.ordinal))


def check_sums(matter: Matter, logged: int, counts: Mapping[str, int]) -> None:
    """Hold the number of documents that are ``logged`` (or left out by agreement) against how many
    there are by what became of them. Raises :class:`VerificationFailed`."""
    if logged != sum(counts.values()):
        parts = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        raise VerificationFailed(
            f"Documents to be logged: {parts}; but {logged:,} are.",
            f"Run: ediscovery verify {matter.name}",
        )


def _is_logged(line: Any, day: str, rules: PrivilegeLog | None) -> bool:
    """Whether the protocol wants an entry: redacted documents and later ones may be left out."""
    if rules is None:
        return True
    if line.reason != "withheld" and not rules.redacted_logged:
        return False
    return not (rules.not_after and day > rules.not_after)


def write(log: Log, path: Path) -> None:
    """Write a log as CSV, XLSX or PDF, as ``path`` ends."""
    sheets.write(path, log.heads, log.rows, log.title)


class _Entries:
    """Says of one document what any form of the log may need."""

    def __init__(self, matter: Matter, attorneys: Sequence[str], mark: str) -> None:
        self._matter, self._attorneys = matter, [name.casefold() for name in attorneys]
        self._mark = "*" if mark == "*" else f", {mark}"
        self._moments = Moments(Dates(), matter.zone.key)
        self._days = Moments(replace(Dates(), date="YYYY-MM-DD"), matter.zone.key)

    def day(self, one: Candidate) -> str:
        """Its date as 2001-05-04, ``""`` for none."""
        return self._days.date(one.date) if one.date else ""

    def values(self, line: Any, one: Candidate) -> dict[str, object]:
        treatment = _TREATMENTS.get(line.reason)
        secrets = [] if treatment else words_of(self._matter, one)
        if not treatment and line.native_sha256:
            secrets += cells_of(self._matter, one)

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
            "People": self._people([*item["to"], *item["cc"], *item["bcc"]]),
            "Day": self.day(one),
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
        return "; ".join(self._people(names))

    def _people(self, names: Sequence[str] | None) -> list[str]:
        """Those who are attorneys marked."""
        found = []
        for name in filter(None, names or ()):
            known = any(attorney in name.casefold() for attorney in self._attorneys)
            found.append(name + self._mark if known else name)
        return found
