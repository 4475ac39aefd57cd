"""TAR, 7z and the single-file packers GZ, BZ2, XZ and ZST, written without clock or chance."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime

import zstandard

_DICTIONARY = 1 << 20


def tar(members: Iterable[tuple[str, bytes]], when: datetime) -> bytes:
    """A POSIX (pax) TAR of ``(name, bytes)``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), int(when.timestamp()), 0o644
            info.uname = info.gname = "user"
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def gz(data: bytes, name: str, when: datetime) -> bytes:
    """A gzip member that carries ``name`` and ``when``."""
    buffer = io.BytesIO()
    with gzip.GzipFile(name, "wb", 6, buffer, mtime=int(when.timestamp())) as file:
        file.write(data)
    return buffer.getvalue()


def bzip2(data: bytes) -> bytes:
    """A bzip2 stream."""
    return bz2.compress(data, 9)


def xz(data: bytes) -> bytes:
    """An XZ stream."""
    return lzma.compress(data, preset=6)


def zst(data: bytes) -> bytes:
    """A Zstandard frame that states its content size."""
    return zstandard.ZstdCompressor(level=3).compress(data)


def seven_zip(members: Iterable[tuple[str, bytes]], when: datetime) -> bytes:
    """A solid 7z of ``(name, bytes)`` under LZMA2, laid out as in 7zFormat.txt."""
    files = list(members)
    joined = b"".join(data for _, data in files)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": _DICTIONARY}]
    packed = lzma.compress(joined, lzma.FORMAT_RAW, filters=filters)
    header = bytearray(b"\x01\x04")
    header += b"\x06" + _number(0) + _number(1) + b"\x09" + _number(len(packed)) + b"\0"
    header += b"\x07\x0b" + _number(1) + b"\0" + _number(1) + b"\x21\x21\x01\x10"
    header += b"\x0c" + _number(len(joined)) + b"\0"
    header += b"\x08\x0d" + _number(len(files)) + b"\x09"
    header += b"".join(_number(len(data)) for _, data in files[:-1])
    header += b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(data)) for _, data in files)
    header += b"\0\0"
    names = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in files)
    times = b"\x01\0" + struct.pack("<Q", filetime(when)) * len(files)
    attributes = b"\x01\0" + struct.pack("<I", 0x20) * len(files)
    header += b"\x05" + _number(len(files))
    for tag, body in ((0x11, names), (0x14, times), (0x15, attributes)):
        header += bytes([tag]) + _number(len(body)) + body
    header += b"\0\0"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    signature = b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<I", zlib.crc32(start))
    return signature + start + packed + bytes(header)


def filetime(when: datetime) -> int:
    """``when`` in units of 100 ns since 1601, as Windows counts."""
    return int((when - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def _number(value: int) -> bytes:
    """7z's variable-length number: leading ones of the first byte count the bytes that follow."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF << (8 - extra)) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & ((1 << 8 * extra) - 1)).to_bytes(extra, "little")
    raise ValueError(f"too large for this writer: {value}")
