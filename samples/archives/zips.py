"""ZIP archives, plain, with ZipCrypto and with WinZip AES, written without clock or chance."""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

EPOCH = datetime(2024, 1, 2, 9, 0, tzinfo=UTC)
STORED, DEFLATED, AES = 0, 8, 99
_UTF8 = 0x800


def write(
    members: Iterable[tuple[str, bytes]],
    when: datetime = EPOCH,
    stored: frozenset[str] = frozenset(),
) -> bytes:
    """A ZIP of ``(name, bytes)``; names in ``stored`` are not deflated."""
    return _assemble(
        [
            _entry(name, data, when, b"" if name in stored else _deflate(data))
            for name, data in members
        ]
    )


def write_zipcrypto(members: Iterable[tuple[str, bytes]], password: str, when: datetime) -> bytes:
    """A ZIP under the traditional PKWARE encryption (APPNOTE 6.1)."""
    entries = []
    for name, data in members:
        packed = _deflate(data)
        crc = zlib.crc32(data)
        seed = hashlib.sha256(name.encode()).digest()[:11] + bytes([crc >> 24])
        sealed = _zipcrypto(seed + packed, password.encode())
        entries.append(_Entry(name, crc, sealed, len(data), DEFLATED, 1, b"", when))
    return _assemble(entries)


def write_aes(members: Iterable[tuple[str, bytes]], password: str, when: datetime) -> bytes:
    """A ZIP under AES-256 as WinZip writes it (AE-2), its salt fixed by the member's name."""
    entries = []
    for name, data in members:
        packed = _deflate(data)
        salt = hashlib.sha256(b"salt" + name.encode()).digest()[:16]
        keys = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, 1000, 66)
        sealed = _aes_ctr(packed, keys[:32])
        code = hmac.new(keys[32:64], sealed, hashlib.sha1).digest()[:10]
        extra = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, DEFLATED)
        body = salt + keys[64:] + sealed + code
        entries.append(_Entry(name, 0, body, len(data), AES, 1, extra, when))
    return _assemble(entries)


class _Entry:
    """One member, ready to be laid down."""

    def __init__(
        self,
        name: str,
        crc: int,
        body: bytes,
        size: int,
        method: int,
        flags: int,
        extra: bytes,
        when: datetime,
    ) -> None:
        self.name = name.encode()
        self.body = body
        self.extra = extra
        if not name.isascii():
            flags |= _UTF8
        day = (when.year - 1980) << 9 | when.month << 5 | when.day
        time = when.hour << 11 | when.minute << 5 | when.second // 2
        self.common = struct.pack(
            "<HHHHHIIIHH",
            51 if method == AES else 20,
            flags,
            method,
            time,
            day,
            crc,
            len(body),
            size,
            len(self.name),
            len(extra),
        )


def _entry(name: str, data: bytes, when: datetime, packed: bytes) -> _Entry:
    crc = zlib.crc32(data)
    if not packed:
        return _Entry(name, crc, data, len(data), STORED, 0, b"", when)
    return _Entry(name, crc, packed, len(data), DEFLATED, 0, b"", when)


def _assemble(entries: list[_Entry]) -> bytes:
    out, directory = bytearray(), bytearray()
    for entry in entries:
        offset = len(out)
        out += b"PK\3\4" + entry.common + entry.name + entry.extra + entry.body
        tail = struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, offset)
        directory += b"PK\1\2" + struct.pack("<H", 0x031E) + entry.common + tail
        directory += entry.name + entry.extra
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(out), 0)
    return bytes(out + directory) + b"PK\5\6" + end


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _aes_ctr(data: bytes, key: bytes) -> bytes:
    """AES in counter mode with WinZip's little-endian counter that starts at 1."""
    blocks = -(-len(data) // 16)
    counters = b"".join((n + 1).to_bytes(16, "little") for n in range(blocks))
    stream = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(counters)  # noqa: S305
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _crc_table() -> list[int]:
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0xEDB88320 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


def _zipcrypto(data: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = _CRC[(keys[0] ^ byte) & 0xFF] ^ keys[0] >> 8
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _CRC[(keys[2] ^ keys[1] >> 24) & 0xFF] ^ keys[2] >> 8

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in data:
        half = keys[2] & 0xFFFF | 2
        out.append(byte ^ (half * (half ^ 1) >> 8 & 0xFF))
        update(byte)
    return bytes(out)
