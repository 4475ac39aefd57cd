"""A writer of OLE2 compound files (MS-CFB version 3), enough for MSG, XLS and DOC."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Storage: TypeAlias = Mapping[str, "bytes | Storage"]

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


@dataclass
class _Entry:
    name: str
    kind: int  # 1 storage, 2 stream, 5 root
    data: bytes = b""
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE
    black: bool = True
    start: int = _END
    size: int = 0
    clsid: bytes = field(default=bytes(16))


def write(root: Storage, clsid: str = "") -> bytes:
    """A compound file of ``root``: names map to bytes (streams) or mappings (storages).

    ``clsid`` is the root's class as a GUID text. Raises ``ValueError`` above about 6.8 MB.
    """
    entries = [_Entry("Root Entry", 5, clsid=_guid(clsid) if clsid else bytes(16))]
    entries[0].child = _add(root, entries)
    sectors: list[bytes] = []
    fat: list[int] = []
    mini = bytearray()
    minifat: list[int] = []
    for entry in entries:
        if entry.kind != 2:
            continue
        entry.size = len(entry.data)
        if not entry.data:
            continue
        if entry.size < _CUTOFF:
            count = -(-entry.size // _MINI)
            entry.start = len(minifat)
            minifat += [*range(entry.start + 1, entry.start + count), _END]
            mini += entry.data.ljust(count * _MINI, b"\0")
        else:
            entry.start = _place(entry.data, sectors, fat)
    if mini:
        entries[0].start, entries[0].size = _place(bytes(mini), sectors, fat), len(mini)
    minifat_count = -(-len(minifat) * 4 // _SECTOR)
    minifat_start = _END
    if minifat:
        minifat_start = _place(_words(minifat, minifat_count * 128), sectors, fat)
    directory = b"".join(_record(entry) for entry in entries)
    blank = _record(_Entry("", 0))
    directory += blank * (-len(entries) % 4)
    directory_start = _place(directory, sectors, fat)
    fat_count = 1
    while (len(sectors) + fat_count) > fat_count * 128:
        fat_count += 1
    if fat_count > 109:
        raise ValueError("too large for a compound file without extra DIFAT sectors")
    fat_sectors = list(range(len(sectors), len(sectors) + fat_count))
    fat += [_FAT] * fat_count
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack(
        "<IIIIIIIII",
        0,
        fat_count,
        directory_start,
        0,
        _CUTOFF,
        minifat_start,
        minifat_count,
        _END,
        0,
    )
    header += _words(fat_sectors, 109)
    return header + b"".join(sectors) + _words(fat, fat_count * 128)


def _add(storage: Storage, entries: list[_Entry]) -> int:
    """Adds the children of one storage as a red-black tree; gives the index of its top."""
    names = sorted(storage, key=lambda name: (len(name), name.upper()))
    first = len(entries)
    for name in names:
        value = storage[name]
        if isinstance(value, bytes):
            entries.append(_Entry(name, 2, value))
        else:
            entries.append(_Entry(name, 1))
    for offset, name in enumerate(names):
        value = storage[name]
        if not isinstance(value, bytes):
            entries[first + offset].child = _add(value, entries)
    full = (len(names) + 1).bit_length() - 1  # levels that are filled; what hangs below is red

    def tree(low: int, high: int, level: int) -> int:
        if low >= high:
            return _NONE
        middle = (low + high) // 2
        entry = entries[first + middle]
        entry.left, entry.right = tree(low, middle, level + 1), tree(middle + 1, high, level + 1)
        entry.black = level < full
        return first + middle

    return tree(0, len(names), 0)


def _place(data: bytes, sectors: list[bytes], fat: list[int]) -> int:
    start = len(sectors)
    count = -(-len(data) // _SECTOR)
    data = data.ljust(count * _SECTOR, b"\0")
    sectors += [data[n * _SECTOR : (n + 1) * _SECTOR] for n in range(count)]
    fat += [*range(start + 1, start + count), _END]
    return start


def _words(values: list[int], count: int) -> bytes:
    return struct.pack(f"<{count}I", *values, *[_FREE] * (count - len(values)))


def _record(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le")
    length = len(name) + 2 if entry.kind else 0
    start = 0 if entry.kind == 1 else entry.start
    if not entry.kind:
        start = 0
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        name,
        length,
        entry.kind,
        int(entry.black),
        entry.left,
        entry.right,
        entry.child,
        entry.clsid,
        0,
        0,
        0,
        start,
        entry.size,
    )


def _guid(text: str) -> bytes:
    a, b, c, d, e = text.split("-")
    return struct.pack("<IHH", int(a, 16), int(b, 16), int(c, 16)) + bytes.fromhex(d + e)
