"""A production as it would be: documents, forms, page counts, and all that the gate finds.

Nothing is changed by a plan and no number is used; a run makes the same plan first, every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.model.errors import Refused
from ediscovery.produce import copies, gate, ledger, renderer
from ediscovery.produce import forms as ways
from ediscovery.produce.called_back import above, called_back
from ediscovery.produce.departures import departures
from ediscovery.produce.documents import Candidate
from ediscovery.produce.fields import Fields
from ediscovery.produce.forms import Form
from ediscovery.produce.render.pages import Rendering
from ediscovery.produce.render.verify import text_is_clean
from ediscovery.produce.rows import Rows
from ediscovery.produce.secrets import words_of
from ediscovery.produce.selection import select_documents
from ediscovery.produce.specification import Specification
from ediscovery.produce.volumes import bytes_of, split, too_large
from ediscovery.review import protocol as agreements
from ediscovery.review import screen
from ediscovery.store import passwords, tables
from ediscovery.store.lookup import joined
from ediscovery.store.tables import coded, produced, productions
from ediscovery.store.workspace import Matter

DOCUMENTS_TOGETHER = 20  # in one task, or fewer when they have this many pages:
PAGES_TOGETHER = 100
_PAGES_PER_SECOND = 5.0  # of one process, about

# A specification's formats of dates and times, as strftime has them, for pages of mails.
_FORMATS = {
    "MM/DD/YYYY": "%m/%d/%Y", "DD/MM/YYYY": "%d/%m/%Y", "YYYY-MM-DD": "%Y-%m-%d",
    "YYYYMMDD": "%Y%m%d", "HH:MM": "%H:%M", "HH:MM:SS": "%H:%M:%S", "hh:mm AM/PM": "%I:%M %p",
    "hh:mm AM/PM zone": "%I:%M %p", "hh:mm:ss AM/PM": "%I:%M:%S %p",
}  # fmt: skip


@dataclass(slots=True)
class Plan:
    """What a production would hold and what speaks against it."""

    specification: Specification
    protocol_version: int | None
    candidates: list[Candidate]
    duplicates: dict[int, int]
    forms: dict[int, Form]
    findings: list[gate.Finding] = field(default_factory=list)
    first: int = 1

    @property
    def pages(self) -> int:
        """Pages that are produced; each has an image or, of a native alone, a number."""
        return sum(form.pages for form in self.forms.values())

    @property
    def numbers(self) -> int:
        """Bates numbers that it would use."""
        if self.specification.bates.level == "page":
            return self.pages
        return sum(form.kind != ways.WITHHELD for form in self.forms.values())

    @property
    def megabytes(self) -> float:
        """About how large all that goes out becomes."""
        return sum(bytes_of(one, self.forms[one.number]) for one in self.candidates) / 1e6

    @property
    def volumes(self) -> list[list[Candidate]]:
        """The documents by the volume into which they go."""
        return split(self.candidates, self.forms, self.specification.volume)

    def seconds(self, workers: int) -> float:
        """About how long rendering takes."""
        return self.pages / _PAGES_PER_SECOND / max(1, workers)

    @property
    def selection_sha256(self) -> str:
        """As :meth:`digest_of` all documents."""
        return self.digest_of(self.candidates)

    def digest_of(self, candidates: Sequence[Candidate]) -> str:
        """What stands for some of its documents, their forms and coding."""
        return ledger.digest(
            [
                [
                    one.number, form.kind, form.images, form.native, form.rebuilt, form.pages,
                    form.reason,
                    one.coded("confidentiality"), [mark.id for mark in one.redactions],
                ]
                for one in candidates
                for form in [self.forms[one.number]]
            ]
        )  # fmt: skip

    def blocking(self, overridden: Sequence[str] = ()) -> list[gate.Finding]:
        """The findings that stop a run."""
        return [f for f in self.findings if f.reaction == "block" and f.code not in overridden]


def make(
    matter: Matter,
    specification: Specification,
    numbers: Sequence[int],
    pool: Pool,
    progress: Progress,
    volume: str = "",
) -> Plan:
    """The plan for documents ``numbers``; ``volume`` names a production that is gone on with.

    Every document is opened once, in the sandbox, to count its pages and look for its redactions.
    Raises :class:`Refused` when the specification needs a protocol and there is none.
    """
    with matter.reader.connect() as connection:
        agreed = agreements.current(connection)
    if agreed is None and specification.protocol == "required":
        raise Refused(
            "The specification needs an ESI protocol, and the matter has none.",
            f"Store it: ediscovery protocol set {matter.name} FILE",
        )
    selection = select_documents(matter, specification, numbers)
    forms = {one.number: ways.form_of(one, specification) for one in selection.candidates}
    ways.settle(selection.candidates, forms, "withheld" in specification.slip_sheets)
    plan = Plan(
        specification, agreed.version if agreed else None, selection.candidates,
        selection.duplicates, forms,
    )  # fmt: skip
    _measure(matter, plan, pool, progress)
    plan.findings = gate.examine(_facts(matter, plan, agreed, volume))
    return plan


def rendering_of(matter: Matter, specification: Specification) -> Rendering:
    """How pages are drawn for a specification."""
    dates = specification.dates
    return Rendering(
        zone=dates.zone or matter.zone.key,
        date_format=f"{_FORMATS[dates.date]} {_FORMATS[dates.time]} %Z",
        dpi=specification.images.dpi,
        colour_share=Rendering().colour_share if specification.images.colour == "jpeg" else None,
        jpeg_quality=specification.images.jpeg_quality,
    )


def _measure(matter: Matter, plan: Plan, pool: Pool, progress: Progress) -> None:
    """Count pages; what can't be opened becomes a slip sheet that says why."""
    specification = plan.specification
    shown = [one for one in plan.candidates if plan.forms[one.number].redactable]
    progress.stage("measure", total_items=len(shown))
    rendering, bank = rendering_of(matter, specification), passwords.bank(matter)
    sheets = [
        renderer.Sheet(
            one.number, "measure", marks=list(one.redactions),
            form=plan.forms[one.number].images if plan.forms[one.number].rendered else "none",
            rebuilt=plan.forms[one.number].rebuilt,
            notes=specification.treatment(one.item["category"]).notes,
        )
        for one in shown
    ]  # fmt: skip
    tasks = (
        renderer.Task(matter.identity, rendering, bank, sheets[at : at + DOCUMENTS_TOGETHER])
        for at in range(0, len(sheets), DOCUMENTS_TOGETHER)
    )
    category = {one.number: one.item["category"] for one in shown}
    for _, results in pool.run(renderer.render, tasks):
        for made in results:
            form = plan.forms[made.number]
            if made.failed is not None:
                plan.forms[made.number] = ways.failed(form, *made.failed, specification)
                continue
            most = specification.treatment(category[made.number]).first_pages
            form.hits, form.secrets, form.wrong = made.hits, made.secrets, made.wrong
            if form.rendered:
                form.found = made.pages
                form.pages = min(made.pages, most) if most else made.pages
        progress.advance(items=len(results))


def _facts(
    matter: Matter, plan: Plan, agreed: agreements.Version | None, volume: str
) -> gate.Facts:
    specification, chosen = plan.specification, plan.candidates
    bates = specification.bates
    prefix = bates.prefix or matter.prefix
    with matter.reader.connect() as connection:
        begun = ledger.find(connection, volume)
        follows = ledger.next_number(connection, prefix, 1)
        plan.first = ledger.next_number(connection, prefix, bates.start)
        facts = gate.Facts(
            specification,
            chosen,
            plan.forms,
            copies=copies.differing(connection, chosen, plan.duplicates),
            earlier=ledger.earlier(connection, [one.number for one in chosen], volume),
            screened=screen.undecided(matter, connection, (one.family for one in chosen)),
            holding=_holding(connection),
            called_back=called_back(connection),
            first=bates.start if begun is None else 1,
            next=follows,
            taken=_taken(connection, plan, matter) if begun is None else (),
            too_large=too_large(chosen, plan.forms, specification.volume),
        )
    facts.spoken = dict(_spoken(matter, plan))
    if agreed is not None:
        found = departures(
            agreed.protocol, specification, zone=matter.zone.key, prefix=matter.prefix
        )
        facts.departures = [one.sentence for one in found]
    return facts


def _holding(connection: Connection) -> frozenset[int]:
    """The documents to which any is attached that is coded privileged or has redactions, or whose
    native is that of such a one."""
    own, item = tables.documents.c, tables.items.c
    kept = own.number.in_(
        select(coded.c.number).where(coded.c.field == "privilege", coded.c.value == "privileged")
    ) | own.number.in_(
        select(tables.redactions.c.number).where(
            tables.redactions.c.id.not_in(select(tables.redaction_removals.c.redaction_id))
        )
    )
    natives = select(item.sha256).select_from(joined()).where(kept, item.size > 0)
    same = item.sha256.in_(natives) & (item.relation != "inline")
    attached = (
        select(own.parent_number)
        .select_from(joined())
        .where(own.parent_number.is_not(None), kept | same)
    )
    return frozenset(above(connection, connection.execute(attached).scalars()))


def _taken(connection: Connection, plan: Plan, matter: Matter) -> list[str]:
    """First numbers of other productions that lie among those that this one would use."""
    bates = plan.specification.bates
    first = bates.number(plan.first, matter.prefix)
    last = bates.number(plan.first + max(0, plan.numbers - 1), matter.prefix)
    return list(
        connection.execute(
            select(produced.c.bates_begin)
            .join(productions, productions.c.id == produced.c.production_id)
            .where(produced.c.bates_begin.is_not(None), produced.c.bates_end >= first,
                   produced.c.bates_begin <= last)
            .order_by(produced.c.bates_begin)
        ).scalars()
    )  # fmt: skip


def _spoken(matter: Matter, plan: Plan) -> Iterator[tuple[int, list[str]]]:
    """Redacted documents with the fields of the load file in which their redacted words stand."""
    marked = [one for one in plan.candidates if one.redactions and not one.withheld]
    if not marked:
        return
    fields = Fields(plan.specification, matter.zone.key)
    rows = Rows(matter, plan.specification, "")
    for one in marked:
        values = fields.values(rows.preview(one))
        secrets = [*words_of(matter, one), *plan.forms[one.number].secrets]
        found = [
            name
            for name, value in values.items()
            for piece in [value if isinstance(value, str) else "\n".join(value)]
            if text_is_clean(piece, secrets, name)
        ]
        if found:
            yield one.number, found
