"""The audit log of a matter: who did what to which document, each entry chained to the last.

An entry is one line of canonical JSON: ``sequence``, ``at`` (UTC), ``who``, ``host``, ``action``,
``details``, ``previous`` (hash of the entry before; 64 zeros for the first). Its hash is
SHA-256(0x00 || line). Entries are inserted in the transaction of what they report, then mirrored
to ``audit.jsonl``, one ``{"entry": …, "hash": …}`` a line; start-up mirrors what a crash left out.
A flipped, dropped, inserted or reordered entry breaks the chain; a tail cut off in one copy shows
against the other, and one cut off in both against a :class:`Checkpoint` that is kept elsewhere.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, func, insert, select

from ediscovery.model.errors import UsageError
from ediscovery.store.tables import audit

FIRST = "0" * 64


class Checkpoint(NamedTuple):
    """How far a log had come: keep it outside the matter and give it to ``verify`` later."""

    origin: str
    size: int
    head: str

    def text(self) -> str:
        """Three lines, in the manner of a signed-note body: origin, size, head hash."""
        return f"{self.origin}\n{self.size}\n{self.head}\n"

    @staticmethod
    def parse(text: str) -> Checkpoint:
        """Reads :meth:`text`; raises :class:`UsageError` for anything else."""
        lines = text.splitlines()
        if len(lines) != 3 or not lines[1].isdigit() or len(lines[2]) != 64:
            raise UsageError(
                "This is no audit checkpoint.", "Make one with: ediscovery audit checkpoint MATTER"
            )
        return Checkpoint(lines[0], int(lines[1]), lines[2])


@cache
def actor() -> tuple[str, str]:
    """Who runs this process, and on which host."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = str(os.getuid())
    return who, socket.gethostname()


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(connection: Connection, action: str, details: dict[str, Any]) -> None:
    """Add an entry in the caller's transaction; :func:`mirror` writes it to the file afterwards."""
    last = connection.execute(
        select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
    ).first()
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, FIRST)
    who, host = actor()
    line = orjson.dumps(
        {
            "sequence": sequence,
            "at": now(),
            "who": who,
            "host": host,
            "action": action,
            "details": details,
            "previous": previous,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    connection.execute(
        insert(audit).values(sequence=sequence, entry=line.decode(), hash=_hash(line))
    )


def mirror(engine: Engine, path: Path) -> None:
    """Append to the file what the catalog holds beyond it, and sync. Mends a torn last line."""
    with open(path, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two commands may end at the same moment
        have, intact = 0, 0
        file.seek(0)
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            have, intact = have + 1, intact + len(raw)
        with engine.connect() as connection:
            missing = connection.execute(
                select(audit.c.entry, audit.c.hash)
                .where(audit.c.sequence > have)
                .order_by("sequence")
            ).all()
        if not missing:
            return
        file.truncate(intact)
        file.writelines(_line(row.entry, row.hash) for row in missing)
        file.flush()
        os.fsync(file.fileno())


def entries(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every entry, oldest first, as plain data with its ``hash``."""
    for row in connection.execute(select(audit).order_by(audit.c.sequence)):
        yield {**orjson.loads(row.entry), "hash": row.hash}


def checkpoint(connection: Connection, origin: str) -> Checkpoint:
    """Size and head of the log as it stands."""
    size = connection.execute(select(func.count()).select_from(audit)).scalar_one()
    head = connection.execute(
        select(audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
    ).scalar_one_or_none()
    return Checkpoint(origin, size, head or FIRST)


def verify(connection: Connection, path: Path, kept: Checkpoint | None = None) -> list[str]:
    """What is wrong with the log, one sentence each; empty when it holds.

    Checks the chain in the catalog, the file against it, and the kept checkpoint against both.
    """
    problems: list[str] = []
    previous, hashes = FIRST, [FIRST]
    lines: list[bytes] = []
    rows = connection.execute(select(audit).order_by(audit.c.sequence))
    for count, row in enumerate(rows, 1):
        raw = row.entry.encode()
        data = _plain(raw)
        if row.sequence != count or data.get("sequence") != count:
            problems.append(f"Audit entry {count} is missing or out of order in the catalog.")
            break
        if data.get("previous") != previous:
            problems.append(f"Audit entry {count} does not follow the one before it.")
            break
        if _hash(raw) != row.hash:
            problems.append(f"Audit entry {count} was altered in the catalog.")
            break
        previous = row.hash
        hashes.append(row.hash)
        lines.append(_line(row.entry, row.hash))
    written = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, (want, have) in enumerate(zip(lines, written, strict=False), 1):
        if want != have:
            problems.append(f"Line {number} of {path.name} differs from the catalog.")
            break
    if len(written) != len(lines):
        problems.append(f"{path.name} holds {len(written)} entries, the catalog {len(lines)}.")
    if kept is not None and (kept.size >= len(hashes) or hashes[kept.size] != kept.head):
        problems.append(
            f"The checkpoint of {kept.size} entries does not belong to this log of {len(lines)}."
        )
    return problems


def _plain(raw: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}


def _line(entry: str, digest: str) -> bytes:
    return b'{"entry":' + entry.encode() + b',"hash":"' + digest.encode() + b'"}\n'


def _hash(line: bytes) -> str:
    return hashlib.sha256(b"\0" + line).hexdigest()
