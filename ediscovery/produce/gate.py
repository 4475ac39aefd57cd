"""What speaks against a production, before any number is used: one function a finding.

Each yields findings with its code, a sentence, and the documents concerned; the specification says
whether a code blocks, warns or is ignored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ediscovery.model.states import is_exception
from ediscovery.produce.called_back import CalledBack
from ediscovery.produce.copies import FIELDS, Otherwise
from ediscovery.produce.documents import Candidate
from ediscovery.produce.forms import NATIVE, SLIP_SHEET, Form
from ediscovery.produce.specification import Specification


@dataclass(slots=True)
class Facts:
    """All that the gate looks at.

    ``candidates`` in the order of the production; ``forms`` by number; ``copies``: by number, how
    copies anywhere in the matter differ. ``earlier``: rows of what went out before. ``holding``:
    documents to which redacted or withheld ones are attached. ``called_back``: what was, in any
    production. ``spoken``: by number, the names of fields in which redacted words stand.
    ``screened``: documents of these families, each with its family, that hit the privilege screen
    and have no decision. ``departures``: sentences on the protocol. ``first``, ``next`` and
    ``taken``: the number that the specification wants, the next of the prefix, and the numbers of
    other productions that this one would use again. ``too_large``: documents of families that fit
    into no volume.
    """

    specification: Specification
    candidates: list[Candidate]
    forms: dict[int, Form]
    copies: Mapping[int, Otherwise] = field(default_factory=dict)
    earlier: Sequence[Any] = ()
    holding: frozenset[int] = frozenset()
    called_back: CalledBack = field(default_factory=CalledBack)
    spoken: dict[int, list[str]] = field(default_factory=dict)
    screened: Mapping[int, int] = field(default_factory=dict)
    departures: Sequence[str] = ()
    first: int = 1
    next: int = 1
    taken: Sequence[str] = ()
    too_large: Sequence[int] = ()

    def going(self) -> Iterator[Candidate]:
        """The documents whose content goes out."""
        return (one for one in self.candidates if not one.withheld)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against the production: ``reaction`` is block, warn or ignore."""

    code: str
    reaction: str
    sentence: str
    numbers: tuple[int, ...] = ()


Check = Callable[[Facts], Iterable[tuple[str, Sequence[int]]]]


def examine(facts: Facts) -> list[Finding]:
    """Every finding, in the order of the checks; ignored ones are left out."""
    found = []
    for code, check in CHECKS.items():
        reaction = facts.specification.reaction(code)
        if reaction != "ignore":
            found += [
                Finding(code, reaction, sentence, tuple(numbers))
                for sentence, numbers in check(facts)
                if numbers or code in _OF_ALL
            ]
    return found


def _not_responsive(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "coded as not responsive",
        [one.number for one in facts.going() if one.coded("responsive") == "no"],
    )


def _unreviewed(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "not coded for responsiveness",
        [one.number for one in facts.going() if not one.coded("responsive")],
    )


def _privileged(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "a copy of it, or the same file, is coded privileged elsewhere in the matter",
        [
            one.number
            for one in facts.going()
            if one.number in facts.copies
            and "privileged" in facts.copies[one.number].coded.get("privilege", ())
        ],
    )


def _privilege_screen(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    families = set(facts.screened.values())
    going = [one for one in facts.going() if one.family in families]
    yield (
        "hits the privilege screen and is not coded in privilege",
        [one.number for one in going if one.number in facts.screened],
    )
    yield (
        "a member of its family hits the privilege screen and is not coded in privilege",
        [one.number for one in going if one.number not in facts.screened],
    )


def _redaction_missing(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "coded to be redacted, and has no redaction",
        [
            one.number
            for one in facts.going()
            if one.coded("privilege") == "redact" and not one.redactions
        ],
    )
    lost, unseen = [], []
    for one in facts.going():
        form = facts.forms[one.number]
        if one.redactions and not form.redactable:
            unseen.append(one.number)
        elif any(not hits for hits in form.hits):
            lost.append(one.number)
    yield "a redaction is nowhere in what would go out of it", lost
    yield (
        "redacted words can still be read in its rebuilt file; do they span several cells?",
        [one.number for one in facts.going() if facts.forms[one.number].wrong],
    )
    yield "to be redacted, and can neither be shown as pages nor rebuilt", unseen


def _redaction_untagged(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "has redactions, and is not coded privilege=redact",
        [
            one.number
            for one in facts.going()
            if one.redactions and one.coded("privilege") != "redact"
        ],
    )


def _family_differs(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    families: dict[int, list[Candidate]] = defaultdict(list)
    for one in facts.candidates:
        families[one.family].append(one)
    for name in ("responsive", "privilege"):
        yield (
            f"members of its family are coded otherwise in {name}",
            [
                one.number
                for members in families.values()
                if len({member.coded(name) for member in members}) > 1
                for one in members
            ],
        )


def _duplicate_differs(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    for name in FIELDS:
        yield (
            f"a copy of it is coded otherwise in {name}",
            sorted(number for number, other in facts.copies.items() if other.coded.get(name)),
        )
    yield (
        "a copy of it has redactions of its own",
        sorted(number for number, other in facts.copies.items() if other.redacted),
    )


def _produced_before(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    going = {one.number for one in facts.going()}
    volumes: dict[str, list[int]] = defaultdict(list)
    for row in facts.earlier:
        if row.number in going and row.number not in volumes[row.volume]:
            volumes[row.volume].append(row.number)
    for volume, numbers in volumes.items():
        yield f"it or a copy of it went out in {volume}", numbers


def _clawed_back(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "it or a copy of it was called back, and stays here for ever",
        [one.number for one in facts.going() if facts.called_back.holds(one)],
    )
    yield (
        "its native holds an attachment that was called back",
        [
            one.number
            for one in facts.going()
            if facts.forms[one.number].native and facts.called_back.contains(one)
        ],
    )


def _exception(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "processed with an exception",
        [one.number for one in facts.going() if is_exception(one.item["state"])],
    )
    yield (
        "can't be shown; a slip sheet stands in its place",
        [one.number for one in facts.going() if facts.forms[one.number].kind == SLIP_SHEET],
    )


def _text_missing(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "has no extracted text",
        [one.number for one in facts.going() if not one.redactions and not one.item["text_size"]],
    )


def _page_count(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "has another number of pages than when it was processed",
        [
            one.number
            for one in facts.going()
            if one.item["category"] in ("pdf", "image")
            and facts.forms[one.number].rendered
            and one.item["page_count"]
            and one.item["page_count"] != facts.forms[one.number].found
        ],
    )


def _native_of_redacted(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield (
        "its native would go out although it is redacted or withheld",
        [
            one.number
            for one in facts.candidates
            if (one.redactions or one.withheld)
            and not facts.forms[one.number].rebuilt
            and (facts.forms[one.number].native or facts.forms[one.number].kind == NATIVE)
        ],
    )
    yield (
        "its native holds an attachment that is redacted or withheld",
        [
            one.number
            for one in facts.going()
            if facts.forms[one.number].native and one.number in facts.holding
        ],
    )


def _field_of_redacted(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    names: dict[str, list[int]] = defaultdict(list)
    for number, fields in facts.spoken.items():
        for name in fields:
            names[name].append(number)
    for name, numbers in names.items():
        yield f"its field {name} says what is redacted", numbers


def _bates_overlap(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    if facts.taken:
        yield f"{len(facts.taken):,} numbers are in use, from {facts.taken[0]} on", ()


def _bates_gap(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    if facts.next > 1 and facts.first > facts.next:
        yield f"numbers {facts.next:,} to {facts.first - 1:,} stay unused", ()


def _protocol(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield from ((f"departs from the protocol in {sentence}", ()) for sentence in facts.departures)


def _volume_size(facts: Facts) -> Iterator[tuple[str, Sequence[int]]]:
    yield "its family does not fit into one volume", facts.too_large


CHECKS: dict[str, Check] = {
    "not-responsive": _not_responsive,
    "unreviewed": _unreviewed,
    "privileged": _privileged,
    "privilege-screen": _privilege_screen,
    "redaction-missing": _redaction_missing,
    "redaction-untagged": _redaction_untagged,
    "family-differs": _family_differs,
    "duplicate-differs": _duplicate_differs,
    "produced-before": _produced_before,
    "clawed-back": _clawed_back,
    "exception": _exception,
    "text-missing": _text_missing,
    "page-count": _page_count,
    "native-of-redacted": _native_of_redacted,
    "field-of-redacted": _field_of_redacted,
    "bates-overlap": _bates_overlap,
    "bates-gap": _bates_gap,
    "protocol": _protocol,
    "volume-size": _volume_size,
}
ALWAYS = frozenset({"bates-overlap", "clawed-back", "native-of-redacted"})
"""Findings that nobody can set aside."""
_OF_ALL = frozenset({"bates-overlap", "bates-gap", "protocol"})
"""Findings on the production as a whole."""
