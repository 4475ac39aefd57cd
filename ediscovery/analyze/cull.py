"""Which documents a profile's culling rules set aside, and by which rule.

Rules decide on top-level documents: loose files, container members and messages. What such a
document holds goes with it, so families stay whole. Only the list of known files may, by a setting,
also set aside single attachments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Cull
from ediscovery.model.states import State


class Candidate(NamedTuple):
    """A document as the rules see it; dates as in :class:`~ediscovery.model.items.Item`.

    ``known`` says that its native stands on a list of known files.
    """

    position: str
    family: str
    category: str
    mime_type: str
    ext: str
    size: int
    sent_at: str = ""
    modified_at: str = ""
    known: bool = False


class Verdict(NamedTuple):
    """The document at ``position`` goes to ``state`` (``suppressed:<why>``); ``rule`` says why."""

    position: str
    state: str
    rule: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The culling rules of a profile, checked."""

    after: str
    before: str
    types: frozenset[str]
    min_bytes: int
    max_bytes: int
    attachments: bool

    def verdict(self, document: Candidate) -> tuple[str, str] | None:
        """Why ``document`` is set aside, as state detail and rule; the first rule that fits."""
        if document.known:
            return "denist", "Its hash stands on a list of known files (cull.denist)."
        for value in (document.ext, document.mime_type, document.category):
            if value in self.types:
                return "type", f"Its type is {value} (cull.types)."
        if document.size < self.min_bytes:
            return "size", f"It has {document.size} bytes (cull.min_bytes: {self.min_bytes})."
        if 0 < self.max_bytes < document.size:
            return "size", f"It has {document.size} bytes (cull.max_bytes: {self.max_bytes})."
        what, moment = _dated(document)
        day = moment[:10]
        if day and self.after and day < self.after:
            return "date", f"It was {what} on {day} UTC (cull.after: {self.after})."
        if day and self.before and day > self.before:
            return "date", f"It was {what} on {day} UTC (cull.before: {self.before})."
        return None


def rules(cull: Cull) -> Rules:
    """The rules in a profile's ``cull`` section; :class:`UsageError` when they can't be meant."""
    for name, value in (("after", cull.after), ("before", cull.before)):
        try:
            valid = not value or date.fromisoformat(value).isoformat() == value
        except ValueError:
            valid = False
        if not valid:
            raise UsageError(f"cull.{name} is {value!r}.", "Write a date as 2001-12-31.")
    if cull.after and cull.before and cull.after > cull.before:
        raise UsageError(
            f"cull.after ({cull.after}) is later than cull.before ({cull.before}).",
            "Documents between the two dates, both included, are kept.",
        )
    if cull.min_bytes < 0 or cull.max_bytes < 0 or 0 < cull.max_bytes < cull.min_bytes:
        raise UsageError(
            f"cull.min_bytes {cull.min_bytes} and cull.max_bytes {cull.max_bytes} leave nothing.",
            "Documents between the two sizes, both included, are kept; 0 is no bound.",
        )
    types = frozenset(value.strip().lower().removeprefix(".") for value in cull.types)
    return Rules(
        cull.after, cull.before, types, cull.min_bytes, cull.max_bytes, cull.denist_attachments
    )


def verdicts(candidates: Iterable[Candidate], rules: Rules) -> Iterator[Verdict]:
    """A verdict on every document that is set aside.

    ``candidates`` are ordered by position, so that a family comes together, its top first. Those
    already set aside are left out by the caller; a family whose top is missing is left alone but
    for known attachments.
    """
    for family, members in groupby(candidates, key=lambda document: document.family):
        above, reason = "", None  # the subtree that is being set aside
        for document in members:
            if not (above and document.position.startswith(above)):
                above, reason = "", None
                top = document.position == family
                if top or (rules.attachments and document.known):
                    reason = rules.verdict(document)
                    above = document.position if reason else ""
            if reason is None:
                continue
            why, rule = reason
            if document.position != above:
                rule = f"It belongs to a document set aside: {rule[0].lower()}{rule[1:]}"
            yield Verdict(document.position, f"{State.SUPPRESSED}:{why}", rule)


def _dated(document: Candidate) -> tuple[str, str]:
    """What the date of ``document`` says and the date; a document without one is kept."""
    if document.category == "mail":
        return "sent", document.sent_at
    return "last modified", document.modified_at
