"""Proves the files of a Tantivy index by the checksum that each carries in its own footer.

A file of a segment ends with JSON that holds the CRC-32 of what stands before it, the length of
that JSON, and a magic number; both numbers are 32 bits, little-endian.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

_KINDS = frozenset({".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term"})
_END = struct.Struct("<II")
_MAGIC = 1337
_LONGEST_FOOTER = 50_000
_PIECE = 1 << 20


def damaged(folder: Path) -> Iterator[Path]:
    """The files of segments below ``folder`` that are not what Tantivy wrote, sorted."""
    for path in sorted(folder.glob("shard-*/*")):
        if path.suffix in _KINDS and not _intact(path):
            yield path


def _intact(path: Path) -> bool:
    size = path.stat().st_size
    with open(path, "rb") as file:
        if size < _END.size:
            return False
        file.seek(size - _END.size)
        length, magic = _END.unpack(file.read(_END.size))
        body = size - _END.size - length
        if magic != _MAGIC or length > _LONGEST_FOOTER or body < 0:
            return False
        file.seek(body)
        try:
            want = json.loads(file.read(length))["crc"]
        except (ValueError, KeyError, TypeError):
            return False
        file.seek(0)
        have = 0
        while body:
            piece = file.read(min(_PIECE, body))
            have = zlib.crc32(piece, have)
            body -= len(piece)
    return bool(have == want)
