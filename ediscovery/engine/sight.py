"""Whether a worker sees what the coordinator sees: the package, the catalog, the packs."""

from __future__ import annotations

import secrets
import socket
from typing import NamedTuple

from sqlalchemy import select

from ediscovery import __version__
from ediscovery.engine.tasks import opened
from ediscovery.store import deliveries
from ediscovery.store.tables import audit
from ediscovery.store.workspace import Identity, Matter


class Sight(NamedTuple):
    """What the coordinator saw when its run began: the head of the audit log, an object it put."""

    version: str
    matter: Identity
    sequence: int
    hash: str
    probe: str


def seen_from(matter: Matter) -> Sight:
    """What this process sees; what an interrupted run left among the deliveries is removed."""
    store = deliveries.of(matter)
    store.clear()
    probe = f"probe-{secrets.token_hex(8)}"
    store.put(probe, [probe.encode()])
    with matter.engine.connect() as connection:
        head = connection.execute(
            select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
        ).one()
    return Sight(__version__, matter.identity, head.sequence, head.hash, probe)


def blind(sight: Sight) -> str:
    """What this process does not see of it, as a sentence; ``""`` when it sees all."""
    here = f"on {socket.gethostname()}"
    if sight.version != __version__:
        return f"it runs ediscovery {__version__} {here}, and the coordinator {sight.version}."
    matter = opened(sight.matter)
    try:
        with matter.reader.connect() as connection:
            found = connection.execute(
                select(audit.c.hash).where(audit.c.sequence == sight.sequence)
            ).scalar()
    except Exception as error:  # whatever driver or settings raise: it can't be used there
        return f"it can't open the catalog {here}: {_line(error)}."
    if found != sight.hash:
        return f"it sees another catalog {here}."
    try:
        with deliveries.of(matter).opened(sight.probe) as file:
            content = file.read()
    except Exception as error:
        return f"it can't read where the packs are {here}: {_line(error)}."
    return "" if content == sight.probe.encode() else f"it sees other packs {here}."


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0].rstrip(".")
