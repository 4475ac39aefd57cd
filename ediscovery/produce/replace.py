"""Puts other pages in the place of those that went out: other redactions, no longer privileged, or
an image that was bad. The Bates numbers stay; names of files and what stands on the pages get a
suffix, so that both can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce import forms, ledger, supplement
from ediscovery.produce import plan as plans
from ediscovery.produce import run as runs
from ediscovery.produce.layout import Place
from ediscovery.produce.plan import Plan
from ediscovery.produce.run import Outcome, Override
from ediscovery.produce.specification import from_dict
from ediscovery.store import audit
from ediscovery.store.catalog import listed, writing
from ediscovery.store.tables import produced, productions
from ediscovery.store.workspace import Matter


def replace(
    matter: Matter,
    base_volume: str,
    numbers: Sequence[int],
    reason: str,
    out: Path,
    pool: Pool,
    progress: Progress,
    *,
    volume: str = "",
    query: str = "",
    override: Override | None = None,
) -> Outcome:
    """Write documents ``numbers`` of a production anew, as they are coded and redacted now; the
    caller holds the matter.

    The gate looks at them as in every run. Stopped anywhere, the same call goes on. Raises
    :class:`Refused` when the gate blocks, or a document was withheld, called back, or has no number
    there; :class:`UsageError` without a reason.
    """
    if not reason.strip():
        raise UsageError("A replacement needs a reason.", "Add --reason '…'.")
    base = supplement.base_of(matter, base_volume)
    specification = from_dict(base.specification)
    out = out.absolute()
    with matter.reader.connect() as connection:
        relatives = ledger.lines(connection, base.id)
        before = _pages_before(connection, base_volume, numbers)
        nth = supplement.how_many(connection, base_volume, ledger.REPLACEMENT) + 1
    own = {line.number: line for line in relatives if line.bates_begin}
    _require(matter, base_volume, numbers, own)
    # The gate takes what is named as the volume itself, so its numbers are no overlap; and that
    # the documents went out, here or elsewhere, is no finding.
    alone = changed(specification, family="alone")
    plan = plans.make(matter, alone, numbers, pool, progress, base_volume)
    plan.specification = specification
    plan.findings = [one for one in plan.findings if one.code != "produced-before"]
    plan.candidates.sort(key=lambda one: own[one.number].ordinal)
    _stays_out(matter, plan)
    for one in plan.candidates:
        forms.fitted(plan.forms[one.number], before[one.number], specification)
    with matter.reader.connect() as connection:
        production = supplement.unfinished(
            connection, base_volume, ledger.REPLACEMENT, plan.selection_sha256
        )
    runs.admit(matter, plan, production.volume if production else base_volume, override)
    if production is None:
        production = _register(matter, base, plan, own, reason, query, out, volume, nth)

    def more(draft: Path, places: Sequence[Place]) -> None:
        supplement.Supplement(
            production.volume, ledger.REPLACEMENT, base_volume, supplement.entries(places)
        ).write(draft)

    return runs.complete(
        matter, plan, production.id, production.volume, out, pool, progress,
        relatives=relatives, more=more,
    )  # fmt: skip


def _require(matter: Matter, volume: str, numbers: Sequence[int], own: dict[int, Any]) -> None:
    if not numbers:
        raise Refused("No document is to be replaced.", "Look at the query.")
    for number in numbers:
        if number not in own:
            raise Refused(
                f"{matter.control_number(number)} has no Bates number in {volume}.",
                f"See what has: ediscovery produce show {matter.name} {volume}",
            )


def _stays_out(matter: Matter, plan: Plan) -> None:
    """Refuse what would no longer be the document that was asked for."""
    for copy, kept in plan.duplicates.items():
        raise Refused(
            f"{matter.control_number(copy)} is a copy of {matter.control_number(kept)}.",
            "Replace them by a command each.",
        )
    for one in plan.candidates:
        if one.withheld:
            raise Refused(
                f"{matter.control_number(one.number)} is coded privileged.",
                f"Call it back: ediscovery produce clawback {matter.name} "
                f"{matter.control_number(one.number)} …",
            )


def _pages_before(connection: Connection, base: str, numbers: Sequence[int]) -> dict[int, int]:
    """The most pages that each document ever had in a production and what was added to it."""
    found: dict[int, int] = {}
    for row in connection.execute(
        select(produced.c.number, produced.c.pages)
        .join(productions, productions.c.id == produced.c.production_id)
        .where(
            productions.c.base == base,
            productions.c.state == ledger.WRITTEN,
            produced.c.number.in_(listed(connection, sorted(set(numbers)))),
        )
    ):
        found[row.number] = max(found.get(row.number, 0), row.pages)
    return found


def _register(
    matter: Matter,
    base: Any,
    plan: Plan,
    own: dict[int, Any],
    reason: str,
    query: str,
    out: Path,
    volume: str,
    nth: int,
) -> Any:
    suffix = f"{plan.specification.bates.replaced}{nth}"
    with writing(matter.engine) as connection:
        production = supplement.register(
            connection,
            base,
            ledger.REPLACEMENT,
            volume,
            grounds=reason,
            query=query,
            folder=str(out),
            protocol_version=plan.protocol_version,
            selection_sha256=plan.selection_sha256,
        )
        if (out / production.volume).exists():
            raise UsageError(f"{out / production.volume} exists.", "Choose another --out.")
        rows = []
        for ordinal, one in enumerate(plan.candidates, 1):
            line = own[one.number]
            rows.append(
                ledger.row_of(
                    production.id, ordinal, one, plan.forms[one.number], line.bates_begin,
                    line.bates_end, suffix,
                )
            )  # fmt: skip
        supplement.put(connection, rows)
        audit.record(
            connection,
            "documents replaced",
            {
                "volume": production.volume,
                "base": base.volume,
                "suffix": suffix,
                "documents": [matter.control_number(one.number) for one in plan.candidates],
                "bates": [[row["bates_begin"], row["bates_end"]] for row in rows],
                "reason": reason,
            },
        )
    matter.mirror_audit()
    return production
