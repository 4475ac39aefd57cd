"""Packs as files in a folder: the matter's own, or one that machines share."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ediscovery.model.errors import TryAgain, VerificationFailed
from ediscovery.store.pack_store import PIECE, Accepted, Member, Probe, file_digest, names
from ediscovery.store.packs import STORED, Place, unpacked

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class FolderPacks:
    """The packs of one matter in a folder; see :class:`~ediscovery.store.pack_store.PackStore`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, int] = {}

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def accept(self, finished: Path, pack: str) -> Accepted:
        self.prepare()
        sha256, size = file_digest(finished), finished.stat().st_size
        for name in names(pack, sha256):
            path = self.folder / name
            if _moved(finished, path):
                folder = os.open(self.folder, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
                return Accepted(name, sha256, size)
            if path.stat().st_size == size and file_digest(path) == sha256:
                finished.unlink()
                return Accepted(name, sha256, size)
        raise TryAgain(
            f"Every name for pack {pack} is taken in {self.folder}.",
            "Run: ediscovery verify; move away the packs that no unit names.",
        )

    def read(self, pack: str, place: Place, sha256: str = "") -> bytes:
        return unpacked(self._stored(pack, place), pack, place)

    def read_many(self, wanted: Sequence[Member]) -> list[bytes]:
        return [self.read(pack, place) for pack, place, _ in wanted]

    def pieces(self, pack: str, place: Place) -> Iterator[bytes]:
        if place.method != STORED:
            yield self.read(pack, place)
            return
        for start in range(0, place.length, PIECE):
            length = min(PIECE, place.length - start)
            yield self._stored(pack, Place(place.offset + start, length, STORED))

    def local(self, member: Member, keep: Path) -> tuple[Path, Place]:
        return self.folder / member.pack, member.place

    def _stored(self, pack: str, place: Place) -> bytes:
        try:
            handle = self._open.get(pack)
            if handle is None:
                if len(self._open) >= 64:
                    os.close(self._open.pop(next(iter(self._open))))
                handle = self._open[pack] = os.open(self.folder / pack, os.O_RDONLY)
            parts, at, end = [], place.offset, place.offset + place.length
            while at < end and (part := os.pread(handle, end - at, at)):
                parts.append(part)
                at += len(part)
        except OSError as error:
            raise VerificationFailed(
                f"Pack {pack} can't be read: {error}", "Restore it from a backup."
            ) from error
        if at != end:
            raise VerificationFailed(f"Pack {pack} ends early.", "Restore it from a backup.")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def digest(self, pack: str) -> str:
        try:
            return file_digest(self.folder / pack)
        except FileNotFoundError as error:
            raise VerificationFailed(
                f"Pack {pack} is missing.", "Restore it from a backup."
            ) from error
        except OSError as error:
            raise VerificationFailed(
                f"Pack {pack} can't be read: {error}", "Restore it from a backup."
            ) from error

    def listing(self) -> dict[str, int]:
        try:
            with os.scandir(self.folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries}
        except FileNotFoundError:
            return {}

    def probe(self) -> Iterator[Probe]:
        return iter(())

    def close(self) -> None:
        for handle in self._open.values():
            os.close(handle)
        self._open.clear()


def _moved(finished: Path, path: Path) -> bool:
    """Move a file to a name that nothing has; ``False`` when something has it."""
    try:
        os.link(finished, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno == errno.EXDEV:
            return _moved_far(finished, path)
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            return False
        finished.replace(path)
        return True
    finished.unlink()
    return True


def _moved_far(finished: Path, path: Path) -> bool:
    """As :func:`_moved`, to another file system: by a synced copy beside the name."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    near = Path(name)
    try:
        with os.fdopen(handle, "wb") as copy, open(finished, "rb") as file:
            shutil.copyfileobj(file, copy, PIECE)
            copy.flush()
            os.fsync(copy.fileno())
        if not _moved(near, path):
            return False
    finally:
        near.unlink(missing_ok=True)
    finished.unlink()
    return True
