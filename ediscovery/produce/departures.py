"""Where a production specification, or the matter itself, departs from what the parties agreed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from sqlalchemy import Connection, select

from ediscovery.produce.specification import Bates, Specification
from ediscovery.review.protocol import ESIProtocol
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store.tables import coded, collections, documents, redaction_removals, redactions
from ediscovery.store.tables import matter as matter_table
from ediscovery.store.workspace import Matter


@dataclass(frozen=True, slots=True)
class Finding:
    """One departure: the part of the protocol (``dates/zone``), what was agreed, what is."""

    where: str
    agreed: str
    found: str

    @property
    def sentence(self) -> str:
        """The finding for a person."""
        return f"{self.where}: agreed is {self.agreed}, here it is {self.found}."


def departures(
    protocol: ESIProtocol, specification: Specification, *, zone: str, prefix: str
) -> list[Finding]:
    """What ``specification`` does otherwise than ``protocol`` says.

    What the protocol leaves open departs from nothing. ``zone`` and ``prefix`` are the matter's,
    which hold where the specification names none.
    """
    return [
        *_forms(protocol, specification, zone),
        *_treatments(protocol, specification),
        *_clawback(protocol, specification),
        *_numbering(
            protocol, replace(specification.bates, prefix=specification.bates.prefix or prefix)
        ),
    ]


def of_matter(matter: Matter, protocol: ESIProtocol) -> list[Finding]:
    """What was done in the matter otherwise than ``protocol`` says.

    Looked at are each collection's way of deduplication, the matter's zone, the reason codes of
    redactions that stand, threading and TAR of which the matter has no record, and the hits of
    agreed search terms that nobody has coded. The index must be up to the catalog.
    """
    found: list[Finding] = []
    with matter.reader.connect() as connection:
        if protocol.dedupe:
            for row in connection.execute(
                select(collections.c.id, collections.c.profile).order_by(collections.c.id)
            ):
                used = row.profile.get("dedupe", "")
                if used != protocol.dedupe:
                    where = f"dedupe, collection {row.id}"
                    found.append(Finding(where, protocol.dedupe, used or "not known"))
        zone = connection.execute(select(matter_table.c.zone)).scalar_one()
        if protocol.dates.zone and zone != protocol.dates.zone:
            found.append(Finding("dates/zone, matter", protocol.dates.zone, zone))
        if protocol.redaction_reasons:
            used = connection.execute(
                select(redactions.c.reason_code)
                .where(redactions.c.id.not_in(select(redaction_removals.c.redaction_id)))
                .distinct()
                .order_by(redactions.c.reason_code)
            ).scalars()
            known = ", ".join(protocol.redaction_reasons)
            found += [
                Finding("redaction_reasons", known, code)
                for code in used
                if code not in protocol.redaction_reasons
            ]
        found += _not_recorded(protocol)
        found += _unreviewed(matter, connection, protocol)
    return found


def _not_recorded(protocol: ESIProtocol) -> Iterator[Finding]:
    """What was agreed to be done and is not done by anything in a matter."""
    if protocol.threading == "inclusive-only":
        yield Finding("threading", "inclusive-only", "not recorded, every mail is taken")
    if protocol.tar is not None and protocol.tar.used:
        recall = f" to a recall of {protocol.tar.recall:g}" if protocol.tar.recall else ""
        yield Finding("tar", f"used{recall}", "not recorded in the matter")


def _unreviewed(matter: Matter, connection: Connection, protocol: ESIProtocol) -> Iterator[Finding]:
    """Agreed search terms of which hits are not coded in ``responsive``; copies count as theirs."""
    if not protocol.search_terms:
        return
    first = select(documents.c.number).where(
        documents.c.is_primary, documents.c.withdrawn.is_(False)
    )
    reviewed = select(coded.c.number).where(coded.c.field == "responsive")
    left = set(connection.execute(first.where(documents.c.number.not_in(reviewed))).scalars())
    with index_of(matter).open() as target:
        for term in protocol.search_terms:
            hits = target.matching(parse(term, matter.zone).tree).tolist()
            count = len(left.intersection(hits))
            if count:
                yield Finding(
                    f"search_terms/{term}", "every hit is reviewed",
                    f"{count:,} hits are not coded for responsiveness",
                )  # fmt: skip


def _forms(agreed: ESIProtocol, made: Specification, zone: str) -> Iterator[Finding]:
    for where, want, have in (
        ("dates/date", agreed.dates.date, made.dates.date),
        ("dates/time", agreed.dates.time, made.dates.time),
        ("dates/zone", agreed.dates.zone, made.dates.zone or zone),
    ):
        if want and want != have:
            yield Finding(where, want, have)
    have_fields = {column.field for column in made.fields}
    for name in agreed.fields:
        if name not in have_fields:
            yield Finding("fields", name, "left out")
    formats = {file.format for file in made.load_files}
    for name in agreed.load_files:
        if name not in formats:
            yield Finding("load_files", name, "left out")


def _treatments(agreed: ESIProtocol, made: Specification) -> Iterator[Finding]:
    images = agreed.images
    classes = sorted({*images.formats, *made.treatments})
    for name in classes:
        want = images.formats.get(name, images.formats.get("default", ""))
        have = made.treatment(name).images
        by_itself = have == "slip-sheet" and name in (agreed.natives or ())
        if want and want != have and not (by_itself and name not in images.formats):
            yield Finding(f"images/formats/{name}", want, have)
    if images.dpi and images.dpi != made.images.dpi:
        yield Finding("images/dpi", str(images.dpi), str(made.images.dpi))
    if images.colour and images.colour != made.images.colour:
        yield Finding("images/colour", images.colour, made.images.colour)
    if agreed.natives is None:
        return
    for name in sorted({*agreed.natives, *made.treatments}):
        yes, made_so = name in agreed.natives, made.treatment(name).native
        if yes != made_so:
            yield Finding(f"natives/{name}", _native(yes), _native(made_so))


def _clawback(agreed: ESIProtocol, made: Specification) -> Iterator[Finding]:
    if agreed.clawback is not None and "clawed-back" not in made.slip_sheets:
        yield Finding("clawback", agreed.clawback.order, "no wording for slip sheets: clawed-back")


def _native(yes: bool) -> str:
    return "native" if yes else "no native"


def _numbering(agreed: ESIProtocol, made: Bates) -> Iterator[Finding]:
    for part in fields(agreed.numbering):
        want, have = getattr(agreed.numbering, part.name), getattr(made, part.name)
        if want is not None and want != have:
            yield Finding(f"numbering/{part.name}", str(want) or "none", str(have) or "none")
