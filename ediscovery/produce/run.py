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
from ediscovery.produce.selection import select_documents
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
    what was written; ``replaced``: characters that its load files could not carry."""

    folder: Path
    documents: int
    pages: int
    manifest_sha256: str
    load_files: dict[str, Written]
    replaced: list[Replaced]


@dataclass(slots=True)
class Produced:
    """What a run wrote. ``before``: names of its volumes that were complete already; ``later``:
    documents asked for that are in none of its volumes, because they came when it was numbered."""

    plan: Plan
    volumes: list[Outcome]
    before: list[str]
    later: list[int]


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
) -> Produced:
    """Produce documents ``numbers`` in the folder ``out``, as ``volume`` and, where they need
    several, as those whose numbers follow; the caller holds the matter.

    A run of that name that was begun goes on with the volumes that it lacks, under the numbers that
    they have. Raises :class:`Refused` when the gate blocks, everything is written already, or what
    a volume was numbered for has changed since.
    """
    out = out.absolute()
    begun = _begun(matter, volume)
    _clear(matter, begun, out)
    left = [one for one in begun if one.state != ledger.WRITTEN]
    if begun and not left:
        raise Refused(
            f"{volume} was written on {begun[-1].written_at} to {begun[0].folder}.",
            "A written volume is never changed; choose another --volume.",
        )
    later: list[int] = []
    if begun:
        same = begun[0].specification_sha256 == ledger.digest(specification.as_dict())
        if not same:
            raise _changed("specification is", volume)
        with matter.reader.connect() as connection:
            lines = {one.id: ledger.lines(connection, one.id) for one in begun}
        known = {line.number for own in lines.values() for line in own}
        chosen = select_documents(matter, specification, numbers).candidates
        later = [one.number for one in chosen if one.number not in known]
        numbers = [line.number for one in left for line in lines[one.id]]
        _free(matter, left, out)
    plan = make(matter, specification, numbers, pool, progress, volume)
    admit(matter, plan, volume, override)
    if begun:
        by_number = {one.number: one for one in plan.candidates}
        for one in left:
            own = [by_number[line.number] for line in lines[one.id] if line.number in by_number]
            if plan.digest_of(own) != one.selection_sha256:
                raise _changed("documents or their coding are", one.volume)
        plan.first = specification.bates.value(
            next(line.bates_begin for line in lines[left[0].id] if line.bates_begin)
        )
    else:
        names = volumes.named(volume, len(plan.volumes))
        for name in names:
            if (out / name).exists():
                raise UsageError(f"{out / name} exists.", "Choose another --volume or --out.")
        parts = [
            (name, part, plan.digest_of(part))
            for name, part in zip(names, plan.volumes, strict=True)
        ]
        ledger.begin(
            matter, specification, parts, query, str(out), plan.protocol_version, plan.forms
        )
        left = _begun(matter, volume)
    done = [complete(matter, plan, one.id, one.volume, out, pool, progress) for one in left]
    before = [one.volume for one in begun if one.state == ledger.WRITTEN]
    return Produced(plan, done, before, later)


def _changed(what: str, volume: str) -> Refused:
    return Refused(
        f"The {what} no longer what {volume} was numbered for.",
        "Its numbers stay used; produce under another --volume.",
    )


def _begun(matter: Matter, volume: str) -> list[Any]:
    """The volumes of the run that begins with ``volume``; raises :class:`Refused` when it is the
    name of a volume of another kind."""
    with matter.reader.connect() as connection:
        found = ledger.volumes_of(connection, volume)
        other = None if found else ledger.find(connection, volume)
    if other is not None:
        follows = other.kind == ledger.PRODUCTION
        name = other.first_volume if follows else other.base
        raise Refused(
            f"{volume} {'follows' if follows else 'adds to'} {name}.",
            f"Name {name}, or another --volume." if follows else "Choose another --volume.",
        )
    return found


def _clear(matter: Matter, begun: Sequence[Any], out: Path) -> None:
    """Remove the drafts of written volumes: the run was stopped at its very end."""
    for one in begun:
        place = _place(out, one.volume)
        if one.state == ledger.WRITTEN and _is_of(place, matter, one):
            shutil.rmtree(place)


def _free(matter: Matter, left: Sequence[Any], out: Path) -> None:
    """Raise when a volume that is to be written can't get its name, or has it elsewhere."""
    for one in left:
        before = Path(one.folder)  # where it was begun
        named = (before / one.volume).exists() and _is_of(_place(before, one.volume), matter, one)
        if named and before != out:
            raise Refused(f"{one.volume} was begun in {before}.", f"Go on with --out {before}.")
        if not named and (out / one.volume).exists():
            raise UsageError(f"{out / one.volume} exists.", "Choose another --out, or move it.")


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
    """The draft folder of a production; where there is none, all is written anew.

    Raises :class:`Refused` when the draft of another production lies there.
    """
    with matter.reader.connect() as connection:
        production = ledger.find(connection, volume)
    place = _place(out, volume)
    draft = place / volume
    if _is_of(place, matter, production):
        if not draft.exists() and (out / volume).exists():
            os.rename(out / volume, draft)  # stopped just before it was noted as written
    elif (place / _MARK).exists():
        raise Refused(
            f"{place} is the draft of another production.",
            "Choose another --out; remove it if nobody works on it.",
        )
    else:
        shutil.rmtree(place, ignore_errors=True)
        draft.mkdir(parents=True)
        (place / _MARK).write_text(_own(matter, production))
    if not draft.exists():
        draft.mkdir()
    if not any(draft.iterdir()):
        ledger.start_over(matter, identity)
    return draft


def _place(out: Path, volume: str) -> Path:
    return out / f".{volume}.draft"


def _own(matter: Matter, production: Any) -> str:
    return f"{matter.name} {production.id} {production.token}\n"


def _is_of(place: Path, matter: Matter, production: Any) -> bool:
    """Whether the draft at ``place`` is of that production."""
    mark = place / _MARK
    return mark.is_file() and mark.read_text() == _own(matter, production)


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
