"""What is added to a written production: its name, its rows, and what its volume says of itself.

A volume that was written is never altered. What changes later goes out in a volume of its own that
names the one it adds to, with the same Bates numbers, so that a receiver can lay it over the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select, update

from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce import ledger
from ediscovery.produce.layout import Place
from ediscovery.produce.loadfile.files import whole_file
from ediscovery.store.catalog import listed
from ediscovery.store.tables import documents, produced, productions
from ediscovery.store.workspace import Matter

FILE = "SUPPLEMENT.json"
SCHEMA = "ediscovery/supplement/1"
_SHORT = {ledger.CLAWBACK: "CB", ledger.REPLACEMENT: "R", ledger.OVERLAY: "OV"}


def checked_name(volume: str) -> str:
    """``volume``, which can name a folder anywhere. Raises :class:`UsageError` when it can't."""
    if not volume.isascii() or not volume.replace("_", "").replace("-", "").isalnum():
        raise UsageError(f"{volume!r} can't name a volume.", "Use letters, digits, - and _.")
    return volume


def base_of(matter: Matter, volume: str) -> Any:
    """The production ``volume``, to which something can be added.

    Raises :class:`UsageError` for none, :class:`Refused` when it is not written yet or adds to
    another one itself.
    """
    found = ledger.production(matter, volume)
    if found.kind != ledger.PRODUCTION:
        raise Refused(f"{volume} itself adds to {found.base}.", f"Name {found.base}.")
    if found.state != ledger.WRITTEN:
        raise Refused(f"{volume} is not complete.", "Run its production again to go on.")
    return found


def how_many(connection: Connection, base: str, kind: str) -> int:
    """How many volumes of a kind were added to a production, unfinished ones too."""
    found: int = connection.execute(
        select(func.count()).where(productions.c.base == base, productions.c.kind == kind)
    ).scalar_one()
    return found


def register(
    connection: Connection,
    base: Any,
    kind: str,
    volume: str,
    *,
    grounds: str,
    query: str,
    folder: str,
    protocol_version: int | None,
    selection_sha256: str,
) -> Any:
    """Register a volume that adds to the production ``base``; returns its row.

    ``volume`` ``""`` takes the next free name, as ``VOL001-CB01``. Raises :class:`Refused` when the
    name is taken.
    """
    if not volume:
        number = how_many(connection, base.volume, kind) + 1
        while ledger.find(connection, volume := f"{base.volume}-{_SHORT[kind]}{number:02}"):
            number += 1
    elif ledger.find(connection, volume) is not None:
        raise Refused(f"There is a production {volume!r}.", "Choose another --volume.")
    ledger.enter(
        connection,
        volume=volume,
        kind=kind,
        base=base.volume,
        first_volume=base.first_volume,
        grounds=grounds,
        query=query,
        specification=base.specification,
        specification_sha256=base.specification_sha256,
        protocol_version=protocol_version,
        selection_sha256=selection_sha256,
        folder=folder,
    )
    return ledger.find(connection, volume)


def put(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what a volume says in the place of earlier rows; the index follows."""
    connection.execute(insert(produced), rows)
    connection.execute(
        update(documents)
        .where(documents.c.number.in_(listed(connection, [row["number"] for row in rows])))
        .values(version=documents.c.version + 1)
    )


def unfinished(connection: Connection, base: str, kind: str, selection_sha256: str) -> Any:
    """The volume of a kind that was begun for the same and not finished; ``None`` for none."""
    return connection.execute(
        select(productions).where(
            productions.c.base == base,
            productions.c.kind == kind,
            productions.c.state == ledger.NUMBERED,
            productions.c.selection_sha256 == selection_sha256,
        )
    ).first()


# -- what the volume says of itself ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One document: its numbers, and what its pages are called there (none in an overlay)."""

    begin: str
    end: str
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Supplement:
    """What ``SUPPLEMENT.json`` tells: the volume, its kind, what it adds to, which documents;
    ``notice``: the files of a letter; ``fields``: the columns of an overlay."""

    volume: str
    kind: str
    base: str
    documents: tuple[Entry, ...]
    notice: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write it into the volume in ``folder``."""
        data = {"schema": SCHEMA} | {
            name: getattr(self, name)
            for name in ("volume", "kind", "base", "notice", "fields", "documents")
        }
        with whole_file(folder / FILE) as file:
            file.write(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")


def entries(places: Iterable[Place]) -> tuple[Entry, ...]:
    """The documents of a volume that has pages."""
    return tuple(
        Entry(place.row.bates_begin, place.row.bates_end, place.page_names) for place in places
    )


def read(folder: Path) -> Supplement | None:
    """What the volume in ``folder`` says that it adds to; ``None`` for a production of its own.

    Raises ``ValueError`` when that can't be read.
    """
    path = folder / FILE
    if path.is_symlink() or not path.is_file():
        return None
    try:
        data = orjson.loads(path.read_bytes())
        if data["schema"] != SCHEMA or data["kind"] not in _SHORT:
            raise ValueError(f"It is no {SCHEMA}.")
        texts = [data["volume"], data["base"], *data["notice"], *data["fields"]]
        found = []
        for one in data["documents"]:
            texts += [one["begin"], one["end"], *one["pages"]]
            found.append(Entry(one["begin"], one["end"], tuple(one["pages"])))
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("It holds what is no text.")
    except (KeyError, TypeError, OSError) as error:
        raise ValueError(f"It lacks what it must tell ({error}).") from error
    return Supplement(
        data["volume"], data["kind"], data["base"], tuple(found), tuple(data["notice"]),
        tuple(data["fields"]),
    )  # fmt: skip
