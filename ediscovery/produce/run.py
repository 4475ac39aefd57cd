"""Runs a production: plan, gate, numbers, files, load files, volume. Stopped anywhere, it goes on.

The volume is built in a draft folder beside its place and appears under its name only when it is
complete.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce import gate, layout, ledger, volumes
from ediscovery.produce.files import Writer
from ediscovery.produce.forms import WITHHELD
from ediscovery.produce.layout import Place
from ediscovery.produce.loadfile.rows import Replaced, Written
from ediscovery.produce.plan import Plan, make
from ediscovery.produce.specification import Specification
from ediscovery.produce.volume import Volume
from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.workspace import Matter

_MARK = "production"  # the file beside a draft that says whose it is
_SYNCED = 16  # files that are brought to the disk at once


@dataclass(frozen=True, slots=True)
class Override:
    """A finding of the gate is set aside: its code, why, and the second person who releases it."""

    codes: tuple[str, ...]
    reason: str
    second_person: str


@dataclass(slots=True)
class Outcome:
    """A volume that was written: how many documents and pages it holds. ``load_files``: by name,
    what was written; ``replaced``: characters that a load file could not carry."""

    folder: Path
    documents: int
    pages: int
    manifest_sha256: str
    load_files: dict[str, Written]
    replaced: list[Replaced]


def run(
    matter: Matter,
    specification: Specification,
    numbers: Sequence[int],
    volume: str,
    out: Path,
    pool: Pool,
    progress: Progress,
    *,
    query: str = "",
    override: Override | None = None,
) -> tuple[Plan, list[Outcome]]:
    """Produce documents ``numbers`` in the folder ``out``, as ``volume`` and, where they need
    several, as those whose numbers follow; the caller holds the matter.

    Returns the plan and the volumes that were written. A run of that name that was begun goes on
    under the numbers that it has. Raises :class:`Refused` when the gate blocks, everything is
    written already, or what is to be produced is no longer what was numbered.
    """
    out = out.absolute()
    begun = _begun(matter, volume)
    left = [one for one in begun if one.state != ledger.WRITTEN]
    if begun and not left:
        for one in begun:
            if _is_of(out / f".{one.volume}.draft", matter, one.id):  # stopped at the very end
                shutil.rmtree(out / f".{one.volume}.draft")
        raise Refused(
            f"{volume} was written on {begun[-1].written_at} to {begun[0].folder}.",
            "A written volume is never changed; choose another --volume.",
        )
    plan = make(matter, specification, numbers, pool, progress, volume)
    admit(matter, plan, volume, override)
    if begun:
        same = begun[0].specification_sha256 == ledger.digest(specification.as_dict())
        if not same or begun[0].selection_sha256 != plan.selection_sha256:
            what = "documents or their coding are" if same else "specification is"
            raise Refused(
                f"The {what} no longer what {volume} was numbered for.",
                "Its numbers stay used; produce under another --volume.",
            )
    else:
        names = volumes.named(volume, len(plan.volumes))
        for name in names:
            if (out / name).exists():
                raise UsageError(f"{out / name} exists.", "Choose another --volume or --out.")
        ledger.begin(
            matter, specification, list(zip(names, plan.volumes, strict=True)), query, str(out),
            plan.protocol_version, plan.selection_sha256, plan.forms,
        )  # fmt: skip
        left = _begun(matter, volume)
    return plan, [complete(matter, plan, one.id, one.volume, out, pool, progress) for one in left]


def _begun(matter: Matter, volume: str) -> list[Any]:
    """The volumes of the run that begins with ``volume``; raises :class:`Refused` when it is the
    name of a volume of another kind."""
    with matter.reader.connect() as connection:
        found = ledger.volumes_of(connection, volume)
        other = None if found else ledger.find(connection, volume)
    if other is not None:
        what = "follows" if other.kind == ledger.PRODUCTION else "adds to"
        raise Refused(
            f"{volume} {what} {other.first_volume}.",
            f"Name {other.first_volume}, or another --volume.",
        )
    return found


def complete(
    matter: Matter,
    plan: Plan,
    identity: int,
    volume: str,
    out: Path,
    pool: Pool,
    progress: Progress,
    *,
    relatives: Sequence[Any] = (),
    more: Callable[[Path, Sequence[Place]], None] = lambda draft, places: None,
) -> Outcome:
    """Write what a registered production still lacks, and give its volume its name.

    ``relatives`` are the rows of the production that it adds to; ``more`` writes further files into
    the draft, before the manifest.
    """
    specification = plan.specification
    draft = draft_of(matter, identity, out, volume)
    with matter.reader.connect() as connection:
        lines = ledger.lines(connection, identity)
    places = list(layout.places(lines, specification))
    todo = [place for place in places if not place.row.written]
    Writer(matter, plan, identity, draft).write(todo, pool, progress)
    with matter.reader.connect() as connection:
        lines = ledger.lines(connection, identity)
    made = Volume(matter, specification, draft, volume, places, relatives)
    load_files = made.write_load_files(lines)
    more(draft, places)
    made.write_index(lines)
    digest = made.write_manifest(lines)
    publish(matter, identity, draft, out / volume, digest)
    pages = sum(line.pages for line in lines if line.bates_begin)
    return Outcome(out / volume, len(places), pages, digest, load_files, made.replaced)


def publish(matter: Matter, identity: int, draft: Path, folder: Path, manifest: str) -> None:
    """Give a complete draft its name, and note that it has it; ``manifest`` is its SHA-256."""
    _sync(draft)
    os.rename(draft, folder)
    _on_disk(folder.parent)
    ledger.finish(matter, identity, str(folder), manifest)
    shutil.rmtree(draft.parent)


def admit(matter: Matter, plan: Plan, volume: str, override: Override | None) -> None:
    """Let a plan through the gate, or raise :class:`Refused`; what is set aside is recorded."""
    codes = override.codes if override else ()
    if gate.ALWAYS & set(codes):
        raise UsageError(
            f"{min(gate.ALWAYS & set(codes))} can't be set aside.", "Mend what the gate found."
        )
    left = plan.blocking(codes)
    if left:
        shown = [
            f"  {one.code}: {one.sentence}" + (f" ({len(one.numbers):,})" if one.numbers else "")
            for one in left
        ]
        raise Refused(
            f"The gate stops {volume}.",
            "\n".join(
                [*shown, f"See the documents: ediscovery produce plan {matter.name} …",
                 "Or release it: --override CODE --reason … --second-person NAME"]
            ),
        )  # fmt: skip
    if all(form.kind == WITHHELD for form in plan.forms.values()):
        raise Refused("Nothing is left to be produced.", "Look at the query and the coding.")
    used = [one for one in plan.findings if one.reaction == "block" and one.code in codes]
    if override is None or not used:
        return
    if not override.reason.strip() or not override.second_person.strip():
        raise UsageError(
            "An override needs a reason and a second person.", "Add --reason and --second-person."
        )
    if override.second_person.strip().casefold() == audit.actor()[0].casefold():
        raise UsageError("The second person is yourself.", "Somebody else must release it.")
    with writing(matter.engine) as connection:
        audit.record(
            connection,
            "gate overridden",
            {
                "volume": volume,
                "findings": [
                    {
                        "code": one.code,
                        "sentence": one.sentence,
                        "documents": [matter.control_number(n) for n in one.numbers],
                    }
                    for one in used
                ],
                "reason": override.reason,
                "second_person": override.second_person,
            },
        )
    matter.mirror_audit()


def draft_of(matter: Matter, identity: int, out: Path, volume: str) -> Path:
    """The draft folder of a production; where it is not there or another's, all is written anew."""
    place = out / f".{volume}.draft"
    draft = place / volume
    if _is_of(place, matter, identity):
        if not draft.exists() and (out / volume).exists():
            os.rename(out / volume, draft)  # stopped just before it was noted as written
    else:
        shutil.rmtree(place, ignore_errors=True)
        draft.mkdir(parents=True)
        (place / _MARK).write_text(_own(matter, identity))
    if not draft.exists():
        draft.mkdir()
    if not any(draft.iterdir()):
        ledger.start_over(matter, identity)
    return draft


def _own(matter: Matter, identity: int) -> str:
    return f"{matter.name} {identity}\n"


def _is_of(place: Path, matter: Matter, identity: int) -> bool:
    """Whether the draft at ``place`` is of that production."""
    mark = place / _MARK
    return mark.is_file() and mark.read_text() == _own(matter, identity)


def _sync(folder: Path) -> None:
    """Have all that is in ``folder`` on the disk before it gets its name."""
    # Together: a file system that keeps a journal writes it once for all that wait for it.
    with ThreadPoolExecutor(_SYNCED) as threads:
        deque(threads.map(_on_disk, (folder, *folder.rglob("*"))), maxlen=0)


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
