"""Packs: append-only ZIP files that hold the natives and texts of one work unit.

A member is named by the SHA-256 of its bytes: ``native/<sha256>`` and ``text/<sha256>.txt``. The
catalog keeps each member's place, so reading a document is one range read; any ZIP tool reads the
same pack without the catalog. ``zipfile`` spends 25 microseconds of bookkeeping on a member and
opens a deflate stream for each, which is more than parsing a small mail; hence a writer of our own
for the two record types that a plain ZIP needs (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12,
4.3.14 to 4.3.16, ZIP64 where sizes ask for it).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from isal import igzip_lib, isal_zlib

from ediscovery.model.errors import TryAgain, VerificationFailed

STORED, DEFLATED = 0, 8
DRAFT = ".draft-"  # begins the names of packs that are still on their way
_PIECE = 8 << 20  # bytes
_SMALL = 128  # bytes; below this deflate gains nothing
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")
_END64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<IIQI")
_DATE = (1 << 5) | 1  # 1980-01-01: packs of the same content are the same bytes
_UTF8 = 0x800
_MAX32 = 0xFFFFFFFF
_BAD_STREAM = (cast(type[Exception], igzip_lib.IsalError), EOFError)


class Place(NamedTuple):
    """Where a member's stored bytes lie in its pack, and how they are stored."""

    offset: int
    length: int
    method: int


class PackWriter:
    """Appends members to an open binary file; a member already written in it is not repeated.

    Whoever closes the pack calls :func:`finish` with the parts of the central directory that
    :meth:`take` gave, in order; so a pack may be written by several processes one after the other.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = file.tell()
        self._places: dict[str, Place] = {}
        self._directory = bytearray()
        self._count = 0
        self._taken = self._at

    @property
    def pending(self) -> int:
        """Bytes written since the last :meth:`take`."""
        return self._at - self._taken

    def take(self) -> tuple[bytes, int, int]:
        """Central directory entries written since the last call, their number, and the end."""
        self._file.flush()
        taken = bytes(self._directory), self._count, self._at
        self._directory.clear()
        self._count, self._taken = 0, self._at
        return taken

    def mark(self) -> tuple[int, int, int, int]:
        """Where the pack stands; :meth:`back_to` forgets what was written after it."""
        return self._at, len(self._directory), self._count, len(self._places)

    def back_to(self, mark: tuple[int, int, int, int]) -> None:
        """Go back to a :meth:`mark` that was made since the last :meth:`take`."""
        self._at, directory, self._count, places = mark
        del self._directory[directory:]
        while len(self._places) > places:
            self._places.popitem()
        self._file.seek(self._at)

    def add(self, name: str, data: bytes, *, compress: bool = True) -> Place:
        """Write ``data`` as member ``name`` and return its place."""
        if (known := self._places.get(name)) is not None:
            return known
        size, method, stored = len(data), STORED, data
        if compress and size > _SMALL:
            packed = isal_zlib.compress(data, 1, -15)
            if len(packed) < size:
                method, stored = DEFLATED, packed
        place = self._header(name, zlib.crc32(data), size, len(stored), method)
        self._file.write(stored)
        return place

    def add_chunks(self, name: str, chunks: Iterable[bytes], size: int) -> Place:
        """Write a large member of known ``size`` uncompressed, so that ranges of it can be read."""
        if (known := self._places.get(name)) is not None:
            return known
        header_at, directory_at = self._at, len(self._directory)
        place = self._header(name, 0, size, size, STORED)
        crc = written = 0
        for chunk in chunks:
            crc = zlib.crc32(chunk, crc)
            written += len(chunk)
            self._file.write(chunk)
        if written != size:
            raise TryAgain(f"A member of {size} bytes gave {written}.", "Run the command again.")
        # The checksum is known only now: patch it into both headers.
        end = self._file.tell()
        self._file.seek(header_at + 14)
        self._file.write(struct.pack("<I", crc))
        self._file.seek(end)
        struct.pack_into("<I", self._directory, directory_at + 16, crc)
        return place

    def _header(self, name: str, crc: int, size: int, length: int, method: int) -> Place:
        raw = name.encode()
        start = self._at
        big = size >= _MAX32
        extra = struct.pack("<HHQQ", 1, 16, size, length) if big else b""
        short_size, short_length = (_MAX32, _MAX32) if big else (size, length)
        version = 45 if big else 20
        self._file.write(
            _LOCAL.pack(
                0x04034B50, version, _UTF8, method, 0, _DATE, crc, short_length, short_size,
                len(raw), len(extra),
            )
            + raw
            + extra
        )  # fmt: skip
        far = start >= _MAX32
        if far:
            body = struct.pack("<QQQ", size, length, start)
            extra = struct.pack("<HH", 1, 24) + body
            short_size = short_length = _MAX32
        self._directory += _CENTRAL.pack(
            0x02014B50, 45, 45 if far else version, _UTF8, method, 0, _DATE, crc, short_length,
            short_size, len(raw), len(extra), 0, 0, 0, 0o444 << 16, _MAX32 if far else start,
        ) + raw + extra  # fmt: skip
        self._count += 1
        place = Place(start + _LOCAL.size + len(raw) + (20 if big else 0), length, method)
        self._places[name] = place
        self._at = place.offset + length
        return place


def finish(file: BinaryIO, directory: bytes | bytearray, count: int) -> None:
    """Write the central directory and end records of a pack, and sync it to disk."""
    start = file.tell()
    file.write(directory)
    size = len(directory)
    if count >= 0xFFFF or start >= _MAX32 or size >= _MAX32:
        end64 = file.tell()
        file.write(_END64.pack(0x06064B50, 44, 45, 45, 0, 0, count, count, size, start))
        file.write(_LOCATOR64.pack(0x07064B50, 0, end64, 1))
    file.write(
        _END.pack(
            0x06054B50, 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), min(size, _MAX32),
            min(start, _MAX32), 0,
        )
    )  # fmt: skip
    file.flush()
    os.fsync(file.fileno())


class Packs:
    """The packs of one matter, in a folder. Reading is safe from any number of processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, int] = {}

    def path(self, pack: str) -> Path:
        return self.folder / pack

    def accept(self, finished: Path, pack: str) -> None:
        """Move a finished, synced pack into place under its final name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            finished.replace(self.path(pack))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._carry(finished, pack)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _carry(self, finished: Path, pack: str) -> None:
        """Bring a pack here from another file system; what a crash leaves, a next run removes."""
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=DRAFT)
        with open(handle, "wb") as target, open(finished, "rb") as source:
            shutil.copyfileobj(source, target, _PIECE)
            target.flush()
            os.fsync(target.fileno())
        Path(name).replace(self.path(pack))
        finished.unlink()

    def read(self, pack: str, place: Place) -> bytes:
        """The bytes of one member.

        Raises :class:`VerificationFailed` when the pack is missing, short or does not inflate.
        """
        stored = self._stored(pack, place)
        if place.method == STORED:
            return stored
        try:
            return bytes(isal_zlib.decompress(stored, -15))
        except _BAD_STREAM as error:
            raise VerificationFailed(
                f"Pack {pack} is damaged at {place.offset}: {error}", "Restore it from a backup."
            ) from error

    def pieces(self, pack: str, place: Place) -> Iterator[bytes]:
        """As :meth:`read`, a piece at a time: large members are stored as they are."""
        if place.method != STORED:
            yield self.read(pack, place)
            return
        for start in range(0, place.length, _PIECE):
            length = min(_PIECE, place.length - start)
            yield self._stored(pack, Place(place.offset + start, length, STORED))

    def _stored(self, pack: str, place: Place) -> bytes:
        try:
            handle = self._open.get(pack)
            if handle is None:
                if len(self._open) >= 64:
                    os.close(self._open.pop(next(iter(self._open))))
                handle = self._open[pack] = os.open(self.path(pack), os.O_RDONLY)
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
        """SHA-256 of the whole pack file, hexadecimal."""
        with open(self.path(pack), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def close(self) -> None:
        for handle in self._open.values():
            os.close(handle)
        self._open.clear()


def native_name(sha256: str) -> str:
    """Member name of a native."""
    return f"native/{sha256}"


def text_name(sha256: str) -> str:
    """Member name of an extracted text."""
    return f"text/{sha256}.txt"
