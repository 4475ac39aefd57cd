"""Proves a matter: audit chain, manifests, conservation, stored bytes, index against catalog."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, func, select, text

from ediscovery.engine import collect
from ediscovery.engine.progress import Progress
from ediscovery.engine.stages import index
from ediscovery.model.errors import Refused, VerificationFailed
from ediscovery.model.states import Role
from ediscovery.search.tantivy_files import damaged
from ediscovery.store import audit, records, reports
from ediscovery.store.audit import Checkpoint
from ediscovery.store.pack_store import PIECE, Member
from ediscovery.store.packs import Place
from ediscovery.store.tables import collections, documents, items
from ediscovery.store.workspace import Matter

_SHOWN = 20
_AT_ONCE = 500


@dataclass(slots=True)
class Check:
    """One thing proved or disproved: how much was looked at, and what is wrong (at most 20).

    ``notes`` is what a person may want to know and is no problem.
    """

    name: str
    looked_at: int
    problems: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems


def verify(
    matter: Matter, progress: Progress, *, sample: float = 1.0, kept: Checkpoint | None = None
) -> dict[str, Any]:
    """Check everything; ``sample`` is the share (0 to 1) of stored documents that are re-hashed.

    The sample is every nth document, so that repeated runs with the same share look at the same.
    """
    checks = [
        _catalog(matter),
        _audit(matter, kept),
        _manifests(matter),
        _records(matter),
        _conservation(matter),
        _packs(matter),
        _members(matter, progress, sample),
        _index(matter),
    ]
    return {
        "schema": "ediscovery/verify/1",
        "matter": matter.name,
        "at": audit.now(),
        "sample": sample,
        "holds": all(check.holds for check in checks),
        "checks": [asdict(check) | {"holds": check.holds} for check in checks],
    }


def _catalog(matter: Matter) -> Check:
    with matter.engine.connect() as connection:
        rows = connection.execute(text("PRAGMA integrity_check")).scalars().all()
    return Check("catalog", 1, [row for row in rows if row != "ok"][:_SHOWN])


def _audit(matter: Matter, kept: Checkpoint | None) -> Check:
    with matter.engine.connect() as connection:
        count = audit.checkpoint(connection, matter.name).size
        return Check("audit log", count, audit.verify(connection, matter.audit_path, kept))


def _manifests(matter: Matter) -> Check:
    """Each manifest still has the digest that was put into the audit log at acceptance."""
    with matter.engine.connect() as connection:
        logged = {
            entry["details"]["collection"]: entry["details"]["manifest_sha256"]
            for entry in audit.entries(connection)
            if entry["action"] == "collection accepted"
        }
        rows = connection.execute(
            select(collections.c.id, collections.c.files).where(collections.c.state != "collecting")
        ).all()
        problems = [
            f"The custody manifest of collection {row.id} was altered."
            for row in rows
            if collect.manifest_digest(connection, row.id) != logged.get(row.id)
        ]
        problems += [
            f"Collection {gone} was accepted and is no longer in the catalog."
            for gone in sorted(logged.keys() - {row.id for row in rows})
        ]
    return Check("custody manifests", sum(row.files or 0 for row in rows), problems)


def _records(matter: Matter) -> Check:
    """The items' records are those that were read; control numbers belong to documents."""
    with matter.engine.connect() as connection:
        want = records.expected(audit.entries(connection))
        have = records.by_pack(connection)
        problems = [
            f"Records of unit {pack.removesuffix('.zip')} were altered, dropped or added."
            for pack in sorted(want.keys() | have.keys())
            if want.get(pack, 0) != have.get(pack, 0)
        ]
        problems += [*_numbers(connection), *_order(matter, connection)]
        count = connection.execute(select(func.count()).select_from(items)).scalar_one()
    return Check("records", count, problems[:_SHOWN])


def _numbers(connection: Connection) -> Iterator[str]:
    """Documents without a control number, and control numbers without a document."""
    same = (documents.c.collection_id == items.c.collection_id) & (
        documents.c.position == items.c.position
    )
    finished = select(collections.c.id).where(collections.c.state == "done")
    numbered = exists().where(same, documents.c.withdrawn.is_(False))
    for row in connection.execute(
        select(items.c.path)
        .where(items.c.role == Role.DOCUMENT, items.c.collection_id.in_(finished), ~numbered)
        .limit(_SHOWN)
    ):
        yield f"{row.path} is a document without a control number."
    described = exists().where(same, items.c.role == Role.DOCUMENT)
    for row in connection.execute(
        select(documents.c.number).where(documents.c.withdrawn.is_(False), ~described).limit(_SHOWN)
    ):
        yield f"Control number {row.number} belongs to no document."


def _order(matter: Matter, connection: Connection) -> Iterator[str]:
    """Numbers that are not where they were assigned: in the order of the positions."""
    for entry in audit.entries(connection):
        if entry["action"] != "control numbers assigned":
            continue
        details = entry["details"]
        first, last = matter.number(details["first"]), matter.number(details["last"])
        count, before = 0, ""
        for row in connection.execute(
            select(documents.c.number, documents.c.collection_id, documents.c.position)
            .where(documents.c.number.between(first, last))
            .order_by(documents.c.number)
        ):
            count += 1
            if row.collection_id != details["collection"] or row.position <= before:
                yield f"{matter.control_number(row.number)} was given to another document."
                return
            before = row.position
        if count != last - first + 1:
            yield f"Of {last - first + 1} numbers from {details['first']} on, {count} are left."


def _conservation(matter: Matter) -> Check:
    problems = []
    seen = 0
    with matter.engine.connect() as connection:
        rows = connection.execute(select(collections.c.id, collections.c.state)).all()
        for row in rows:
            if row.state != "done":
                problems.append(f"Collection {row.id} is not processed to its end.")
                continue
            sums = reports.reconciliation(connection, row.id)
            seen += sums["seen"]
            if sums["difference"]:
                problems.append(
                    f"Collection {row.id}: {sums['seen']} items seen, and "
                    f"{sums['difference']} of them are not accounted for."
                )
        problems += list(_counts(connection))
    return Check("conservation", seen, problems[:_SHOWN])


def _counts(connection: Connection) -> Iterator[str]:
    """Items whose recorded number of children is not the number of records below them."""
    below = (
        select(items.c.collection_id, items.c.parent, func.count().label("children"))
        .where(items.c.parent.is_not(None))
        .group_by(items.c.collection_id, items.c.parent)
        .subquery()
    )
    rows = connection.execute(
        select(items.c.path, items.c.actual_children, below.c.children)
        .join(
            below,
            (below.c.collection_id == items.c.collection_id) & (below.c.parent == items.c.position),
            isouter=True,
        )
        .where(
            func.coalesce(items.c.actual_children, 0) != func.coalesce(below.c.children, 0),
        )
        .limit(_SHOWN)
    )
    for row in rows:
        yield (
            f"{row.path} had {row.actual_children or 0} children when it was read; "
            f"{row.children or 0} are in the catalog."
        )


def _packs(matter: Matter) -> Check:
    """The store lists every pack that a unit wrote, in its size, and no others but leftovers."""
    with matter.engine.connect() as connection:
        written = {
            entry["details"]["pack"]: entry["details"].get("pack_size")
            for entry in audit.entries(connection)
            if entry["action"] == "unit read"
        }
    there = matter.packs.listing()
    problems = [f"Pack {pack} is missing." for pack in sorted(written.keys() - there.keys())]
    problems += [
        f"Pack {pack} has {there[pack]} bytes; {size} were written."
        for pack, size in sorted(written.items())
        if size is not None and there.get(pack, size) != size
    ]
    notes = [
        f"No unit names {pack} ({there[pack]} bytes): an interrupted run left it. It does no harm."
        for pack in sorted(there.keys() - written.keys())
    ]
    return Check("packs", len(written), problems[:_SHOWN], notes[:_SHOWN])


class _Stored(NamedTuple):
    """A native or text: of which item, which of the two, its bytes, where they lie."""

    path: str
    what: str
    size: int
    member: Member


def _members(matter: Matter, progress: Progress, sample: float) -> Check:
    step = max(1, round(1 / sample)) if sample > 0 else 0
    problems: list[str] = []
    looked = size = 0
    window: list[_Stored] = []
    progress.stage("verify")
    with matter.engine.connect() as connection:
        if step == 1:
            problems += _whole_packs(matter, connection)
        rows = connection.execute(
            select(items).order_by(items.c.collection_id, items.c.pack, items.c.native_offset)
        )
        for count, row in enumerate(rows):
            if not step or count % step:
                continue
            looked += 1
            for stored in _stored(row):
                if len(window) == _AT_ONCE or size + stored.size > PIECE:
                    problems += _altered(matter, window)
                    window, size = [], 0
                window.append(stored)
                size += stored.size
            progress.advance(items=1, size=row.size, exceptions=0)
    problems += _altered(matter, window)
    return Check("natives and texts", looked, problems[:_SHOWN])


def _whole_packs(matter: Matter, connection: Connection) -> list[str]:
    """Every pack that the audit log names is there and is the same."""
    problems = []
    for entry in audit.entries(connection):
        if entry["action"] == "unit read":
            pack = entry["details"]["pack"]
            try:
                if matter.packs.digest(pack) != entry["details"]["pack_sha256"]:
                    problems.append(f"Pack {pack} was altered.")
            except VerificationFailed as error:
                problems.append(error.message)
    return problems


def _stored(row: Any) -> Iterator[_Stored]:
    if row.native_offset is not None:
        place = Place(row.native_offset, row.native_length, row.native_method)
        yield _Stored(row.path, "native", row.size, Member(row.pack, place, row.sha256))
    if row.text_offset is not None:
        place = Place(row.text_offset, row.text_length, row.text_method)
        yield _Stored(
            row.path, "text", row.text_size or 0, Member(row.pack, place, row.text_sha256)
        )


def _altered(matter: Matter, window: list[_Stored]) -> Iterator[str]:
    """Which of the stored are not what they were. They are read together, or a large one alone."""
    digests: list[str] = []
    if all(max(stored.size, stored.member.place.length) <= PIECE for stored in window):
        with contextlib.suppress(VerificationFailed):  # each alone tells which it was
            datas = matter.packs.read_many([stored.member for stored in window])
            digests = [hashlib.sha256(data).hexdigest() for data in datas]
    for number, (path, what, _, member) in enumerate(window):
        try:
            digest = digests[number] if digests else _digest(matter, member)
        except VerificationFailed as error:
            yield f"{path}: {error.message}"
            continue
        if digest != member.sha256:
            yield f"{path}: its {what} is not what was stored."


def _digest(matter: Matter, member: Member) -> str:
    found = hashlib.sha256()
    for piece in matter.packs.pieces(member.pack, member.place):
        found.update(piece)
    return found.hexdigest()


def _index(matter: Matter) -> Check:
    """The index is what was written, and holds every document in its newest version."""
    problems = [
        f"{path.parent.name}/{path.name} is damaged; run: ediscovery index rebuild {matter.name}"
        for path in damaged(matter.index_folder)
    ]
    if problems:
        return Check("index", 0, problems[:_SHOWN])
    try:
        looked, problems = index.compare(matter)
    except Refused as error:  # a file of it is gone
        return Check("index", 0, [error.message])
    return Check("index", looked, problems[:_SHOWN])
