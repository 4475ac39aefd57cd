"""Sets documents aside by the profile's rules, before they are numbered; each keeps its rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import Connection, bindparam, select, update

from ediscovery.analyze.cull import Candidate, Rules, Verdict, rules, verdicts
from ediscovery.analyze.hash_lists import Digests, HashLists
from ediscovery.model.profile import Cull, Profile
from ediscovery.model.states import Role
from ediscovery.store import audit, received
from ediscovery.store.catalog import writing
from ediscovery.store.tables import documents, items
from ediscovery.store.workspace import Matter

_TOGETHER = 1000


def check(profile: Profile) -> None:
    """Raise :class:`UsageError` now for rules or hash lists that can't be used later."""
    rules(profile.cull)
    HashLists(profile.cull.denist).close()


def cull(matter: Matter, collection: int, profile: Profile) -> int:
    """Set aside the unnumbered documents of ``collection`` that a rule fits; returns how many.

    Numbered documents stay: a number that was given is never taken back. So do those of a received
    production, which have numbers already. Safe to repeat.
    """
    if profile.cull == Cull() or received.is_received(matter, collection):
        return 0
    chosen = rules(profile.cull)
    with writing(matter.engine) as connection, HashLists(profile.cull.denist) as lists:
        found = list(_verdicts(connection, collection, chosen, lists))
        if not found:
            return 0
        connection.execute(
            update(items)
            .where(items.c.collection_id == collection, items.c.position == bindparam("p"))
            .values(
                role=Role.SUPPRESSED, state=bindparam("s"), stage="cull", message=bindparam("m")
            ),
            [{"p": v.position, "s": v.state, "m": v.rule} for v in found],
        )
        counts: dict[str, int] = {}
        for verdict in found:
            counts[verdict.state] = counts.get(verdict.state, 0) + 1
        audit.record(connection, "culled", {"collection": collection, "set_aside": counts})
    matter.mirror_audit()
    return len(found)


def _verdicts(
    connection: Connection, collection: int, chosen: Rules, lists: HashLists
) -> Iterator[Verdict]:
    return verdicts(_candidates(connection, collection, lists), chosen)


def _candidates(connection: Connection, collection: int, lists: HashLists) -> Iterator[Candidate]:
    numbered = select(documents.c.position).where(documents.c.collection_id == collection)
    rows = iter(
        connection.execute(
            select(items)
            .where(
                items.c.collection_id == collection,
                items.c.role == Role.DOCUMENT,
                items.c.position.not_in(numbered),
            )
            .order_by(items.c.position)
        )
    )
    while batch := list(islice(rows, _TOGETHER)):
        known = lists.matches([Digests(row.md5, row.sha1, row.sha256) for row in batch])
        for row, hit in zip(batch, known, strict=True):
            yield Candidate(
                row.position, row.family, row.category, row.mime_type, row.ext, row.size,
                row.sent_at, row.modified_at, hit,
            )  # fmt: skip
