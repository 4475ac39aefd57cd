"""Small matters to be produced in this process, and what is asked of the volumes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pymupdf
from sqlalchemy import select

from ediscovery.engine.pool import Pool, SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.produce import ledger
from ediscovery.produce import run as runs
from ediscovery.produce import specification as specifications
from ediscovery.produce.check_volume import verify
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.render.verify import pdf_pieces
from ediscovery.produce.specification import Specification
from ediscovery.produce.volume import digests_of
from ediscovery.review import coding, layout
from ediscovery.store.tables import bates_counters, documents, items
from ediscovery.store.workspace import Matter
from tests.engine.matters import ingest, mail

LAYOUT = layout.load()
_WRITTEN = 1_700_000_000
# Readable by machine as it stands: these tests are of what happens around it.
OUTSIDE = {"text": {"of_redacted": "outside-boxes"}}


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """``files`` by name below ``folder``."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        os.utime(folder / name, (_WRITTEN, _WRITTEN))  # load files tell of it
    return folder


def simple(count: int) -> dict[str, bytes]:
    """Mails, texts and PDF of two pages, ``count`` in all, small."""
    kinds = (
        lambda n: (f"{n:03}.eml", mail(n, f"Body of {n}.")),
        lambda n: (f"{n:03}.txt", f"Text of {n}.\n".encode()),
        lambda n: (f"{n:03}.pdf", pdf(f"Page one of {n}", f"Page two of {n}")),
    )
    return dict(kinds[n % len(kinds)](n) for n in range(count))


def pdf(*pages: str, width: float = 200, height: float = 120) -> bytes:
    """A PDF with one line on each small page; the same bytes each time."""
    document = pymupdf.open()
    for line in pages:
        document.new_page(width=width, height=height).insert_text((20, 50), line, fontsize=11)
    return bytes(document.tobytes(no_new_id=True))


def filled(matter: Matter, folder: Path, files: Mapping[str, bytes], **more: Any) -> Matter:
    """``matter`` with ``files``, all of them coded responsive."""
    ingest(matter, write(folder, files), **more)
    code(matter, every(matter), "responsive=yes")
    return matter


def code(matter: Matter, numbers: Sequence[int], *sets: str) -> None:
    """Code documents: ``field=value``."""
    coding.code(matter, LAYOUT, numbers, coding.assignments(LAYOUT, list(sets)))


def every(matter: Matter) -> list[int]:
    """The numbers of all documents."""
    with matter.reader.connect() as connection:
        return list(
            connection.execute(select(documents.c.number).order_by(documents.c.number)).scalars()
        )


def named(matter: Matter) -> dict[str, int]:
    """The numbers of all documents by their file names; of several of one name the last."""
    return {name: number for number, name in _names(matter).items()}


def _names(matter: Matter) -> dict[int, str]:
    same = (items.c.collection_id == documents.c.collection_id) & (
        items.c.position == documents.c.position
    )
    with matter.reader.connect() as connection:
        rows = connection.execute(
            select(documents.c.number, items.c.file_name)
            .join(items, same)
            .order_by(documents.c.number)
        )
        return {row.number: row.file_name for row in rows}


def specification(**changes: Any) -> Specification:
    """``production-standard`` with other parts; those that are mappings are merged."""
    data = specifications.load("production-standard").as_dict()
    for name, part in changes.items():
        data[name] = {**data[name], **part} if isinstance(part, dict) else part
    return specifications.from_dict(data)


def produce(
    matter: Matter,
    out: Path,
    wanted: Specification | None = None,
    volume: str = "VOL001",
    *,
    pool: Pool | None = None,
    numbers: Sequence[int] | None = None,
) -> Path:
    """Produce documents, or all, in this process or on ``pool``; the (first) volume's folder."""
    own = SerialPool() if pool is None else None
    try:
        with matter.locked():
            made = runs.run(
                matter, wanted or specification(), numbers or every(matter), volume, out,
                pool or own or SerialPool(), Silent(),
            )  # fmt: skip
        return made.volumes[0].folder
    finally:
        if own is not None:
            own.close()


def bytes_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file of a volume, its manifest too."""
    found = dict(digests_of(folder))
    found["MANIFEST.csv"] = (0, (folder / "MANIFEST.csv").read_text())
    return found


def failing(folder: Path, matter: Matter | None = None) -> dict[str, list[str]]:
    """The checks that a volume fails, with their sentences."""
    return {check.name: check.problems for check in verify(folder, matter) if not check.holds}


def ledger_of(matter: Matter, volume: str = "VOL001") -> list[Any]:
    """What the ledger says of a volume's documents."""
    with matter.reader.connect() as connection:
        return ledger.lines(connection, ledger.production(matter, volume).id)


def lines(matter: Matter, volume: str = "VOL001") -> dict[str, Any]:
    """The same by their file names."""
    names = _names(matter)
    return {names[row.number]: row for row in ledger_of(matter, volume)}


def next_number(matter: Matter) -> int:
    """The Bates number that would be given out next."""
    with matter.reader.connect() as connection:
        found = connection.execute(select(bates_counters.c.next)).scalar_one_or_none()
    return 1 if found is None else found


def rows(folder: Path) -> list[dict[str, Any]]:
    """The documents as a volume's DAT tells of them."""
    (data,) = folder.glob("*/*.dat")
    return [dict(record.fields) for record in DatFile(data, print)]


def every_byte(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All that a volume holds: names, files, and the unfolded parts of its PDF."""
    for path in sorted(folder.rglob("*")):
        yield f"name {path.name}", path.name.encode()
        if path.is_file():
            data = path.read_bytes()
            yield path.name, data
            if path.suffix == ".pdf":
                for place, piece in pdf_pieces(data):
                    yield f"{path.name}, {place}", piece
