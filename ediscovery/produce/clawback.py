"""Calls documents back that went out although they are privileged (FRE 502, FRCP 26(b)(5)(B)).

They are coded privileged and blocked for ever in one transaction; then, for every production in
which they went out, a volume is written with a notice, slip sheets under the same numbers, and load
files that replace their records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce import called_back, documents, forms, ledger, supplement
from ediscovery.produce import run as runs
from ediscovery.produce.layout import Place
from ediscovery.produce.notice import RULES, Notice, Withdrawn
from ediscovery.produce.plan import Plan
from ediscovery.produce.run import Outcome
from ediscovery.produce.specification import Specification, from_dict
from ediscovery.produce.volume import title_of
from ediscovery.review import coding
from ediscovery.review import protocol as agreements
from ediscovery.review.layout import load as load_layout
from ediscovery.store import audit
from ediscovery.store.catalog import listed, writing
from ediscovery.store.tables import clawbacks, destructions, produced, productions
from ediscovery.store.workspace import Matter


@dataclass(frozen=True, slots=True)
class Claim:
    """Why documents are called back: ``reason`` stays here (history, audit log), ``basis`` is what
    the notice and the privilege log say; ``day`` is that of the notice (ISO 8601)."""

    reason: str
    basis: str
    day: str


@dataclass(slots=True)
class Called:
    """What was written, a volume for each production concerned; ``never_out``: documents asked for
    that never went out; ``still_out``: (Bates number, volume, whether it is a copy) of copies that
    went out, too, and of natives that hold what was called back."""

    volumes: list[Outcome]
    never_out: list[int]
    still_out: list[tuple[str, str, bool]]


def call_back(
    matter: Matter,
    numbers: Sequence[int],
    claim: Claim,
    out: Path,
    pool: Pool,
    progress: Progress,
    *,
    volume: str = "",
    query: str = "",
) -> Called:
    """Call documents ``numbers`` back and write what says so into ``out``; the caller holds the
    matter.

    Stopped anywhere, the same call goes on. Raises :class:`Refused` when none of them went out or
    all were called back before, :class:`UsageError` for a claim that says too little.
    """
    _check(claim)
    out = out.absolute()
    with matter.reader.connect() as connection:
        agreed = agreements.current(connection)
        wanted = _out(connection, numbers)
        before = _before(connection, numbers)
    begun = {row.id: row for row in before if row.state == ledger.NUMBERED}
    if not wanted and not begun:
        if before:
            volumes = ", ".join(sorted({row.volume for row in before}))
            raise Refused(f"That was called back before, in {volumes}.", "Nothing to do.")
        raise Refused(
            "None of these documents went out.",
            "Code them privileged: ediscovery code M ID --set privilege=privileged",
        )
    if volume and len(wanted) > 1:
        raise UsageError(
            f"The documents went out in {len(wanted)} productions, each of which gets a volume.",
            "Leave out --volume.",
        )
    if wanted:
        begun |= _register(matter, wanted, claim, agreed, out, volume, query)
    done = [_write(matter, row, out, pool, progress) for _, row in sorted(begun.items())]
    with matter.reader.connect() as connection:
        out_still = called_back.still_out(connection)
    gone = {line.number for lines in wanted.values() for line in lines}
    gone |= {row.number for row in before}
    return Called(
        done,
        [number for number in numbers if number not in gone],
        [(row.bates_begin, row.volume, bool(row.copy)) for row in out_still],
    )


def confirm(matter: Matter, volume: str, name: str, day: str, note: str = "") -> None:
    """Note who confirmed, and on which day, that what ``volume`` called back was destroyed.

    Several parties may confirm; nothing is overwritten. Raises :class:`UsageError` for a volume
    that calls nothing back, a name or a day that is none.
    """
    production = ledger.production(matter, volume)
    if production.kind != ledger.CLAWBACK:
        raise UsageError(f"{volume} calls nothing back.", "Name the volume of a clawback.")
    if not name.strip():
        raise UsageError("Somebody must have confirmed it.", "Add --by NAME.")
    _day(day)
    with writing(matter.engine) as connection:
        connection.execute(
            insert(destructions).values(
                production_id=production.id, name=name.strip(), date=day, note=note,
                who=audit.actor()[0], at=audit.now(),
            )
        )  # fmt: skip
        audit.record(
            connection,
            "destruction confirmed",
            {"volume": volume, "by": name.strip(), "date": day, "note": note},
        )
    matter.mirror_audit()


def told(connection: Connection, production_id: int) -> tuple[Any, list[Any]]:
    """What a volume called back (one row of its documents; ``None`` for a volume that calls nothing
    back), and who confirmed the destruction, oldest first."""
    one = connection.execute(
        select(clawbacks).where(clawbacks.c.production_id == production_id).limit(1)
    ).first()
    confirmed = connection.execute(
        select(destructions)
        .where(destructions.c.production_id == production_id)
        .order_by(destructions.c.id)
    ).all()
    return one, list(confirmed)


def _check(claim: Claim) -> None:
    if not claim.reason.strip() or not claim.basis.strip():
        raise UsageError("A clawback needs a reason and a basis.", "Add --reason and --basis.")
    _day(claim.day)


def _day(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"{day!r} is no day.", "Write it as 2024-02-29.") from None


def _out(connection: Connection, numbers: Sequence[int]) -> dict[str, list[Any]]:
    """What of ``numbers`` is out, by production: its rows as they hold, in their order there, each
    with the most pages (``most``) that it ever had."""
    own = produced.alias("own")
    volume = productions.alias("own_volume")
    most = (
        select(func.max(own.c.pages))
        .join(volume, volume.c.id == own.c.production_id)
        .where(
            own.c.number == produced.c.number,
            volume.c.base == productions.c.base,
            volume.c.state == ledger.WRITTEN,
        )
        .scalar_subquery()
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(
        select(produced, productions.c.base, most.label("most"))
        .join(productions, productions.c.id == produced.c.production_id)
        .where(
            produced.c.number.in_(listed(connection, sorted(set(numbers)))),
            produced.c.bates_begin.is_not(None),
            produced.c.reason.not_in(("withheld", ledger.CLAWED_BACK)),
            productions.c.state == ledger.WRITTEN,
            ~ledger.superseded(),
        )
        .order_by(produced.c.bates_begin)
    ):
        found.setdefault(row.base, []).append(row)
    return found


def _before(connection: Connection, numbers: Sequence[int]) -> list[Any]:
    """The volumes that called any of ``numbers`` back, each once for every such document
    (``number``): there are as many volumes as productions in which it went out."""
    return list(
        connection.execute(
            select(clawbacks.c.number, productions)
            .join(productions, productions.c.id == clawbacks.c.production_id)
            .where(clawbacks.c.number.in_(listed(connection, sorted(set(numbers)))))
        )
    )


def _register(
    matter: Matter,
    wanted: dict[str, list[Any]],
    claim: Claim,
    agreed: agreements.Version | None,
    out: Path,
    volume: str,
    query: str,
) -> dict[int, Any]:
    """Decide it, in one transaction: coding, block, volumes with their rows."""
    layout = load_layout()
    asked = coding.assignments(layout, ["privilege=privileged", f"privilege_basis={claim.basis}"])
    authority, due = RULES, None
    if agreed is not None and agreed.protocol.clawback is not None:
        order = agreed.protocol.clawback
        authority = f"{order.order}{f' of {order.date}' if order.date else ''}"
        if order.days is not None:
            due = (_day(claim.day) + timedelta(days=order.days)).isoformat()
    made: dict[int, Any] = {}
    with writing(matter.engine) as connection:
        everything = sorted({line.number for lines in wanted.values() for line in lines})
        coding.code_within(
            connection, matter, layout, everything, asked, reason=claim.reason, query=query
        )
        for base_volume, lines in sorted(wanted.items()):
            base = ledger.find(connection, base_volume)
            specification = from_dict(base.specification)
            production = supplement.register(
                connection,
                base,
                ledger.CLAWBACK,
                volume,
                grounds=claim.reason,
                query=query,
                folder=str(out),
                protocol_version=agreed.version if agreed else None,
                selection_sha256=ledger.digest([line.number for line in lines]),
            )
            if (out / production.volume).exists():
                raise UsageError(f"{out / production.volume} exists.", "Choose another --out.")
            known = _candidates(connection, [line.number for line in lines])
            rows = []
            for ordinal, line in enumerate(lines, 1):
                one = known[line.number]
                form = forms.withdrawn(one, specification, line.most)
                rows.append(
                    ledger.row_of(
                        production.id, ordinal, one, form, line.bates_begin, line.bates_end
                    )
                )
            supplement.put(connection, rows)
            connection.execute(
                insert(clawbacks),
                [
                    {
                        "production_id": production.id, "number": line.number,
                        "basis": claim.basis, "date": claim.day, "authority": authority,
                        "due": due, "who": audit.actor()[0], "at": audit.now(),
                    }
                    for line in lines
                ],
            )  # fmt: skip
            audit.record(
                connection,
                "documents called back",
                {
                    "volume": production.volume,
                    "base": base.volume,
                    "documents": [matter.control_number(line.number) for line in lines],
                    "bates": [[line.bates_begin, line.bates_end] for line in lines],
                    "reason": claim.reason,
                    "basis": claim.basis,
                    "date": claim.day,
                    "authority": authority,
                    "due": due,
                },
            )
            made[production.id] = production
    matter.mirror_audit()
    return made


def _candidates(connection: Connection, numbers: Sequence[int]) -> dict[int, Any]:
    found = {one.number: one for one in documents.candidates(connection, numbers)}
    for number in numbers:
        if number not in found:
            raise Refused(
                f"Document {number} is no longer in the matter.", "Look at ediscovery exceptions."
            )
    return found


def _write(matter: Matter, production: Any, out: Path, pool: Pool, progress: Progress) -> Outcome:
    """Write the volume of a clawback."""
    specification: Specification = from_dict(production.specification)
    with matter.reader.connect() as connection:
        base = ledger.find(connection, production.base)
        went_out = {
            one.volume
            for one in ledger.added(connection, base.volume)
            if one.state == ledger.WRITTEN and one.id != production.id
        }
        relatives = ledger.lines(connection, base.id)
        lines = ledger.lines(connection, production.id)
        known = _candidates(connection, [line.number for line in lines])
        claimed, _ = told(connection, production.id)
        volumes: dict[int, list[str]] = {line.number: [base.volume] for line in lines}
        for number, later in ledger.later(connection, base.volume).items():
            if number in volumes:
                volumes[number] += [one for one in later if one in went_out]
    plan = Plan(
        specification,
        production.protocol_version,
        [known[line.number] for line in lines],
        {},
        {
            line.number: forms.withdrawn(known[line.number], specification, line.pages)
            for line in lines
        },
    )
    notice = Notice(
        matter=title_of(matter),
        company=specification.company,
        receiver=specification.receiver,
        volume=production.volume,
        date=claimed.date,
        authority=claimed.authority,
        basis=claimed.basis,
        due=claimed.due or "",
        documents=[
            Withdrawn(line.bates_begin, line.bates_end, line.pages, tuple(volumes[line.number]))
            for line in lines
        ],
    )

    def more(draft: Path, places: Sequence[Place]) -> None:
        names = notice.write(draft)
        supplement.Supplement(
            production.volume, ledger.CLAWBACK, base.volume, supplement.entries(places), names
        ).write(draft)

    return runs.complete(
        matter, plan, production.id, production.volume, out, pool, progress,
        relatives=relatives, more=more,
    )  # fmt: skip
