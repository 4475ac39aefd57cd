"""Packs: append-only ZIP files that hold the natives and texts of one work unit.

A member is named by the SHA-256 of its bytes: ``native/<sha256>`` and ``text/<sha256>.txt``. The
catalog keeps each member's place, so reading a document is one range read; any ZIP tool reads the
same pack without the catalog. ``zipfile`` spends 25 microseconds of bookkeeping on a member and
opens a deflate stream for each, which is more than parsing a small mail; hence a writer of our own
for the two record types that a plain ZIP needs (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12,
4.3.14 to 4.3.16, ZIP64 where sizes ask for it).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple, cast

from isal import igzip_lib, isal_zlib

from ediscovery.model.errors import TryAgain, VerificationFailed

STORED, DEFLATED = 0, 8
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
        place = self._header(name, isal_zlib.crc32(data), size, len(stored), method)
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
            crc = isal_zlib.crc32(chunk, crc)
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


def unpacked(stored: bytes, pack: str, place: Place) -> bytes:
    """The bytes of a member by how they are stored.

    Raises :class:`VerificationFailed` when they do not inflate.
    """
    if place.method == STORED:
        return stored
    try:
        return bytes(isal_zlib.decompress(stored, -15))
    except _BAD_STREAM as error:
        raise VerificationFailed(
            f"Pack {pack} is damaged at {place.offset}: {error}", "Restore it from a backup."
        ) from error


def native_name(sha256: str) -> str:
    """Member name of a native."""
    return f"native/{sha256}"


def text_name(sha256: str) -> str:
    """Member name of an extracted text."""
    return f"text/{sha256}.txt"
