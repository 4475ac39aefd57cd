"""Brings a unit's source files to a worker that can't see the source folder.

The coordinator reads them and sends little along with the task, and more as one object of the pack
store; the worker lays them into its scratch under numbers for names. What can't be read there takes
the state that it would have got from a worker that reads the folder itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sqlalchemy import select

from ediscovery.engine.unit import Changed, open_source
from ediscovery.engine.work import Source, Unit
from ediscovery.extract.walk import describe
from ediscovery.model import positions
from ediscovery.model.errors import TryAgain
from ediscovery.model.states import State
from ediscovery.store import deliveries
from ediscovery.store.deliveries import Parcel
from ediscovery.store.tables import units
from ediscovery.store.workspace import Matter

_IN_TASK = 1 << 20  # bytes; the scheduler holds two tasks a worker in memory
_PIECE = 1 << 20
_KEPT = 64 << 30  # bytes that a machine keeps for the next unit of the same file


class Delivered(NamedTuple):
    """One source file: bytes that were read of it, its time of change, and what went wrong."""

    size: int
    modified_ns: int
    state: str = State.OK
    message: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The source files of a unit in its order, their bytes end to end in ``data`` or ``parcel``."""

    files: list[Delivered]
    data: bytes = b""
    parcel: Parcel | None = None


class Sender:
    """Gives units their source files: the coordinator's half."""

    def __init__(self, matter: Matter) -> None:
        self._matter = matter
        self._store = deliveries.of(matter)
        self._kept: dict[str, Delivery] = {}

    def send(self, unit: Unit) -> Delivery | None:
        """What a worker needs to read ``unit``; ``None`` when it needs no source file.

        A large file that is cut into ranges is put down once and stays until the last is read.
        """
        if not _from_source(unit):
            return None
        root = _root(unit)
        if root in self._kept:
            return self._kept[root]
        files: list[Delivered] = []
        pieces = _pieces(unit.sources, files)
        head = bytearray()
        for piece in pieces:
            head += piece
            if len(head) > _IN_TASK:
                name = f"{root}-{secrets.token_hex(8)}"
                parcel = self._store.put(name, chain([bytes(head)], pieces))
                self._kept[root] = Delivery(files, parcel=parcel)
                return self._kept[root]
        return Delivery(files, bytes(head))

    def committed(self, collection: int, delivery: Delivery) -> None:
        """Remove what was put down for a unit, unless a range of the same file still needs it."""
        parcel = delivery.parcel
        if parcel is None:
            return
        root = parcel.name.rpartition("-")[0]
        with self._matter.engine.connect() as connection:
            needed = connection.execute(
                select(units.c.id)
                .where(
                    units.c.collection_id == collection,
                    units.c.state == "pending",
                    units.c.kind == "range",
                    units.c.name.startswith(f"{root}-", autoescape=True),
                )
                .limit(1)
            ).first()
        if needed is None:
            self._kept.pop(root, None)
            self._store.remove(parcel.name)


def _from_source(unit: Unit) -> bool:
    """Whether the unit's roots lie in the source folder; otherwise they are members of a pack."""
    return bool(unit.sources) and unit.sources[0].length is None


def _root(unit: Unit) -> str:
    """The same for all ranges of one source file, and for the unit that cut it."""
    if unit.is_received:
        return unit.name
    first = positions.ordinal(positions.path(unit.sources[0].position)[0])
    return f"c{unit.collection}-{first}"


def _pieces(sources: list[Source], files: list[Delivered]) -> Iterator[bytes]:
    """The bytes of ``sources``; what came of each goes to ``files`` once it is through."""
    for source in sources:
        size = modified = 0
        if source.state != State.OK:
            files.append(Delivered(0, 0))  # known from the manifest, and not opened
            continue
        try:
            handle = open_source(source.path)
            try:
                status = os.fstat(handle)
                if not stat.S_ISREG(status.st_mode):
                    raise Changed
                modified = status.st_mtime_ns
                while piece := os.read(handle, _PIECE):
                    size += len(piece)
                    yield piece
            finally:
                os.close(handle)
        except Changed:
            files.append(Delivered(size, 0, State.CHANGED, "It changed while it was read."))
        except OSError as error:
            files.append(Delivered(size, 0, State.UNREADABLE, describe(error)))
        else:
            files.append(Delivered(size, modified))


class Receiver:
    """Lays source files out for this process's parser: the worker's half.

    Parcels are fetched once a machine: the processes that share ``kept`` read the same copy, and
    hold a lock on it while they do; the one used longest ago makes room for the next.
    """

    def __init__(self, matter: Matter, own: Path, kept: Path) -> None:
        self._store = deliveries.of(matter)
        self._own, self._kept = own, kept
        self._held: tuple[str, int] | None = None
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def folders(self) -> tuple[Path, Path]:
        """Where files are laid out, for the parser to read."""
        return self._own, self._kept

    def lay_out(self, unit: Unit, delivery: Delivery) -> Unit:
        """``unit`` with its sources in this machine's scratch. The next call may remove them."""
        self._emptied()
        if delivery.parcel is not None:
            folder = self._hold(delivery.parcel, delivery.files)
        else:
            folder = self._own
            at = 0
            for n, file in enumerate(delivery.files):
                (folder / str(n)).write_bytes(delivery.data[at : at + file.size])
                at += file.size
        sources = []
        for n, (source, file) in enumerate(zip(unit.sources, delivery.files, strict=True)):
            if source.state == State.OK:
                source = source._replace(
                    path=os.fsencode(folder / str(n)), state=file.state, message=file.message
                )
                if file.state == State.OK:
                    os.utime(source.path, ns=(file.modified_ns, file.modified_ns))
            sources.append(source)
        unit.sources = sources
        return unit

    def close(self) -> None:
        """Remove this process's files and let go of what it shares."""
        self._release()
        shutil.rmtree(self._own, ignore_errors=True)

    def _emptied(self) -> None:
        for left in self._own.iterdir():
            left.unlink()

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held[1])
            self._held = None

    def _hold(self, parcel: Parcel, files: list[Delivered]) -> Path:
        """The folder of a parcel's files, which stays until another parcel is held."""
        folder = self._kept / parcel.name
        if self._held is not None and self._held[0] == parcel.name:
            return folder
        self._release()
        lock = os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:  # between two locks somebody may make room
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not folder.exists():
                    self._make_room(parcel.size)
                    self._fetch(parcel, files, folder)
                os.utime(lock)
                fcntl.flock(lock, fcntl.LOCK_SH)
                if folder.exists():
                    break
        except BaseException:
            os.close(lock)
            raise
        self._held = parcel.name, lock
        return folder

    def _fetch(self, parcel: Parcel, files: list[Delivered], folder: Path) -> None:
        draft = Path(f"{folder}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        digest = hashlib.sha256()
        with self._store.opened(parcel.name) as stream:
            for n, file in enumerate(files):
                with open(draft / str(n), "xb") as target:
                    for piece in _exactly(stream, file.size):
                        digest.update(piece)
                        target.write(piece)
        if digest.hexdigest() != parcel.sha256:
            raise TryAgain(
                f"Delivery {parcel.name} arrived damaged.", "Run the same command again."
            )
        draft.rename(folder)

    def _make_room(self, size: int) -> None:
        """Remove parcels that nobody holds until ``size`` bytes fit, in bound and on disk."""
        locks = sorted(self._kept.glob("*.lock"), key=lambda path: path.stat().st_mtime_ns)
        folders = [path.with_suffix("") for path in locks]
        used = sum(_size(folder) for folder in folders)
        for folder in folders:
            if used + size <= _KEPT and size <= shutil.disk_usage(self._kept).free:
                return
            lock = os.open(f"{folder}.lock", os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                used -= _size(folder)
                shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(lock)


def _size(folder: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    except FileNotFoundError:
        return 0


def _exactly(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """``size`` bytes of a stream in pieces; fewer when it ends before."""
    while size and (piece := stream.read(min(size, _PIECE))):
        size -= len(piece)
        yield piece
