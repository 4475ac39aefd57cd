"""A workspace and its matters: where everything of a matter lives, and who may write to it."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert, select, update

from ediscovery.model.deployment import LOCAL, Deployment
from ediscovery.model.errors import (
    Locked,
    NoSuchMatter,
    Refused,
    UsageError,
    VerificationFailed,
)
from ediscovery.store import audit
from ediscovery.store.catalog import open_sqlite, writing
from ediscovery.store.pack_store import PackStore, open_packs
from ediscovery.store.tables import SCHEMA_VERSION, catalog, directory, matter, matters

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,15}")


def default_workspace() -> Path:
    """``$EDISCOVERY_HOME``, else ``~/ediscovery``."""
    named = os.environ.get("EDISCOVERY_HOME")
    return Path(named) if named else Path.home() / "ediscovery"


class Identity(NamedTuple):
    """A matter as plain data that travels to workers; :meth:`Matter.named` opens it there."""

    name: str
    folder: str
    prefix: str
    deployment: dict[str, Any]


@dataclass(frozen=True)
class Matter:
    """An opened matter: its folder, catalog and packs. Nothing of it lies elsewhere."""

    name: str
    folder: Path
    prefix: str
    deployment: Deployment = LOCAL

    @property
    def identity(self) -> Identity:
        return Identity(self.name, str(self.folder), self.prefix, self.deployment.as_dict())

    @classmethod
    def named(cls, identity: Identity) -> Matter:
        """The matter of an :attr:`identity`, opened in this process."""
        name, folder, prefix, deployment = identity
        return cls(name, Path(folder), prefix, Deployment(**deployment))

    @cached_property
    def engine(self) -> Engine:
        """The catalog, for writing."""
        return open_sqlite(self.catalog_path, catalog)

    @cached_property
    def reader(self) -> Engine:
        """The catalog, read only."""
        return open_sqlite(self.catalog_path, catalog, read_only=True)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which people of this matter see and write dates."""
        with self.engine.connect() as connection:
            return ZoneInfo(connection.execute(select(matter.c.zone)).scalar_one())

    @cached_property
    def packs(self) -> PackStore:
        """Its natives and texts, where the deployment keeps them."""
        return open_packs(self.deployment, self.folder, self.name)

    @property
    def catalog_path(self) -> Path:
        return self.folder / "catalog.sqlite"

    @property
    def index_folder(self) -> Path:
        return self.folder / "index"

    @property
    def audit_path(self) -> Path:
        return self.folder / "audit.jsonl"

    @property
    def scratch(self) -> Path:
        """For files in the making; emptied at the start of a run."""
        return self.folder / "scratch"

    def control_number(self, number: int) -> str:
        """``ACME-000000123`` for 123."""
        return f"{self.prefix}-{number:09}"

    def number(self, text: str) -> int:
        """The number in a control number; the bare number is understood too.

        Raises :class:`UsageError` when it is no control number of this matter.
        """
        prefix, dash, digits = text.strip().rpartition("-")
        if digits.isdigit() and (not dash or prefix.upper() == self.prefix):
            return int(digits)
        raise UsageError(
            f"{text!r} is no control number of this matter.",
            f"They look like {self.control_number(123)}.",
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the matter for writing; raises :class:`Locked` when another process does.

        The lock dies with the process that holds it, so a kill never leaves one behind.
        """
        with open(self.folder / "lock", "a+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read(100).decode(errors="replace").strip()
                raise Locked(
                    f"Matter {self.name!r} is in use by process {holder or 'unknown'}.",
                    "Wait for it to finish, or stop it, then run the command again.",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def record(self, action: str, details: dict[str, Any]) -> None:
        """Write one audit entry in a transaction of its own."""
        with writing(self.engine) as connection:
            audit.record(connection, action, details)
        self.mirror_audit()

    def mirror_audit(self) -> None:
        """Bring the audit file up to the catalog."""
        audit.mirror(self.reader, self.audit_path)


class Workspace:
    """A folder of matters and the directory that lists them, on the stores of a deployment."""

    def __init__(self, folder: Path, deployment: Deployment = LOCAL) -> None:
        self.folder = folder.absolute()
        self.deployment = deployment

    @cached_property
    def _directory(self) -> Engine:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open_sqlite(self.folder / "directory.sqlite", directory)

    def make(self) -> None:
        """Create the folder and its directory of matters when they are missing."""
        with self._directory.connect():
            return

    def create(self, name: str, title: str = "", prefix: str = "", zone: str = "UTC") -> Matter:
        """Create a matter. ``prefix`` defaults to the name's letters and digits, upper case.

        Raises :class:`UsageError` for a bad name, prefix or zone, :class:`Refused` when the matter
        exists.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} can't name a matter.",
                "Use up to 64 lower-case letters, digits, '.', '_' and '-', e.g. acme-2024.",
            )
        prefix = prefix or re.sub(r"[^A-Z0-9]", "", name.upper())[:16]
        if not _PREFIX.fullmatch(prefix):
            raise UsageError(
                f"{prefix!r} can't be a control number prefix.",
                "Use up to 16 capital letters and digits, a letter first: --prefix ACME",
            )
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise UsageError(
                f"{zone!r} is no time zone.", "Name one as in --zone America/New_York."
            ) from None
        with writing(self._directory) as connection:
            if connection.execute(select(matters).where(matters.c.name == name)).first():
                raise Refused(f"Matter {name!r} exists.", f"See it: ediscovery matter show {name}")
            connection.execute(
                insert(matters).values(name=name, folder=f"matters/{name}", created_at=audit.now())
            )
            made = Matter(name, self.folder / "matters" / name, prefix, self.deployment)
            made.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with writing(made.engine) as inner:
                if not inner.execute(select(matter)).first():
                    inner.execute(
                        insert(matter).values(
                            name=name,
                            title=title or name,
                            prefix=prefix,
                            zone=zone,
                            created_at=audit.now(),
                            schema_version=SCHEMA_VERSION,
                        )
                    )
                    audit.record(
                        inner,
                        "matter created",
                        {"name": name, "title": title or name, "prefix": prefix, "zone": zone},
                    )
        made.mirror_audit()
        return made

    def open(self, name: str) -> Matter:
        """The matter called ``name``; raises :class:`NoSuchMatter` with the names there are."""
        found = {row["name"]: row for row in self.list()}
        if name not in found:
            known = ", ".join(sorted(found)) or "none yet"
            raise NoSuchMatter(
                f"There is no matter {name!r} in {self.folder}.",
                f"Known matters: {known}. Create one: ediscovery matter create {name}",
            )
        folder = self.folder / str(found[name]["folder"])
        row = None
        if (folder / "catalog.sqlite").exists():
            with open_sqlite(folder / "catalog.sqlite", catalog).connect() as connection:
                row = connection.execute(select(matter)).first()
        if row is None:
            raise VerificationFailed(
                f"The catalog of matter {name!r} is missing from {folder}.",
                "Restore the folder from a backup.",
            )
        return Matter(name, folder, row.prefix, self.deployment)

    def list(self) -> list[dict[str, Any]]:
        """The matters' directory rows, by name; empty when the workspace does not exist."""
        if not (self.folder / "directory.sqlite").exists():
            return []
        with self._directory.connect() as connection:
            rows = connection.execute(select(matters).order_by(matters.c.name)).mappings()
            return [dict(row) for row in rows]

    def close(self, name: str) -> None:
        """Close a matter: it can be read and searched, and takes no more collections."""
        opened = self.open(name)
        with opened.locked(), writing(opened.engine) as connection:
            connection.execute(update(matter).values(closed_at=audit.now()))
            audit.record(connection, "matter closed", {"name": name})
        opened.mirror_audit()
        with writing(self._directory) as connection:
            connection.execute(
                update(matters).where(matters.c.name == name).values(closed_at=audit.now())
            )
