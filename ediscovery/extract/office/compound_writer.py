"""Writes a storage of an OLE2 file as an OLE2 file of its own ([MS-CFB] version 3).

Word and Excel keep embedded documents as storages inside their own file; cut out and written like
this they are what their own program would have saved, byte for byte the same at every run.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT, _DIFAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFF
_IN_HEADER = 109  # FAT sectors that the header itself lists
_ENTRY = struct.Struct("<64sHBBIII16sIQQIQ")


@dataclass(slots=True)
class _Entry:
    name: str
    storage: bool
    data: bytes = b""
    class_id: bytes = bytes(16)
    children: list[int] = field(default_factory=list)
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE
    start: int = _END


class _Sectors:
    """The sectors of the file under construction and the chains that run through them."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.fat: list[int] = []

    def place(self, data: bytes) -> int:
        """Append ``data`` as a chain; its first sector."""
        if not data:
            return _END
        start = len(self.data)
        count = -(-len(data) // _SECTOR)
        padded = data.ljust(count * _SECTOR, b"\0")
        self.data += [padded[n * _SECTOR : (n + 1) * _SECTOR] for n in range(count)]
        self.fat += [*range(start + 1, start + count), _END]
        return start


def copy(ole: Any, storage: list[str]) -> bytes:
    """The storage at path ``storage`` of ``ole`` (an ``olefile.OleFileIO``) as a file."""
    return write(_collect(ole, storage))


def _collect(ole: Any, storage: list[str]) -> list[_Entry]:
    depth = len(storage)
    root = _Entry("Root Entry", True, class_id=_class_id(ole.getclsid(storage)))
    entries = [root]
    places = {(): 0}
    for path in ole.listdir(streams=True, storages=True):
        inner = tuple(path[depth:])
        if path[:depth] != storage or not inner or inner[:-1] not in places:
            continue
        is_storage = ole.get_type(path) == 1
        data = b"" if is_storage else ole.openstream(path).read()
        class_id = _class_id(ole.getclsid(path)) if is_storage else bytes(16)
        entries[places[inner[:-1]]].children.append(len(entries))
        places[inner] = len(entries)
        entries.append(_Entry(inner[-1], is_storage, data, class_id))
    return entries


def write(entries: list[_Entry]) -> bytes:
    """A compound file of ``entries``, the root first, each naming its children by index."""
    for entry in entries:
        order = sorted(
            entry.children, key=lambda i: (len(entries[i].name), entries[i].name.upper())
        )
        entry.child = _tree(entries, order)
    sectors = _Sectors()
    mini = bytearray()
    mini_fat: list[int] = []
    for entry in entries:
        if entry.storage or not entry.data:
            continue
        if len(entry.data) >= _CUTOFF:
            entry.start = sectors.place(entry.data)
            continue
        count = -(-len(entry.data) // _MINI)
        entry.start = len(mini_fat)
        mini_fat += [*range(entry.start + 1, entry.start + count), _END]
        mini += entry.data.ljust(count * _MINI, b"\0")
    root = entries[0]
    root.start = sectors.place(bytes(mini))
    mini_sectors = -(-len(mini_fat) * 4 // _SECTOR)
    mini_start = sectors.place(_words(mini_fat, mini_sectors * 128))
    records = [_record(entry, len(mini) if entry is root else None) for entry in entries]
    records += [_ENTRY.pack(b"", 0, 0, 0, _NONE, _NONE, _NONE, b"", 0, 0, 0, 0, 0)] * (
        -len(entries) % 4
    )
    directory = sectors.place(b"".join(records))
    return _assemble(sectors, directory, mini_start, mini_sectors)


def _assemble(sectors: _Sectors, directory: int, mini_start: int, mini_sectors: int) -> bytes:
    fat_count = difat_count = 0
    while True:
        total = len(sectors.data) + fat_count + difat_count
        needed = -(-total // 128)
        extra = -(-max(0, needed - _IN_HEADER) // 127)
        if (needed, extra) == (fat_count, difat_count):
            break
        fat_count, difat_count = needed, extra
    first = len(sectors.data)
    fat_sectors = list(range(first, first + fat_count))
    difat_first = first + fat_count
    sectors.fat += [_FAT] * fat_count + [_DIFAT] * difat_count
    difat = b""
    rest = fat_sectors[_IN_HEADER:]
    for number in range(difat_count):
        following = difat_first + number + 1 if number + 1 < difat_count else _END
        difat += _words(rest[number * 127 : (number + 1) * 127], 127)
        difat += struct.pack("<I", following)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack(
        "<9I",
        0,
        fat_count,
        directory,
        0,
        _CUTOFF,
        mini_start,
        mini_sectors,
        difat_first if difat_count else _END,
        difat_count,
    )
    header += _words(fat_sectors[:_IN_HEADER], _IN_HEADER)
    return header + b"".join(sectors.data) + _words(sectors.fat, fat_count * 128) + difat


def _tree(entries: list[_Entry], order: list[int]) -> int:
    """Links siblings into a balanced search tree; the index of its top."""
    top = _NONE
    waiting: list[tuple[int, int, int, str]] = [(0, len(order), -1, "")]
    while waiting:
        low, high, parent, side = waiting.pop()
        if low >= high:
            continue
        middle = (low + high) // 2
        index = order[middle]
        if parent < 0:
            top = index
        elif side == "left":
            entries[parent].left = index
        else:
            entries[parent].right = index
        waiting += [(low, middle, index, "left"), (middle + 1, high, index, "right")]
    return top


def _record(entry: _Entry, mini_size: int | None) -> bytes:
    name = entry.name.encode("utf-16-le")[:62]
    kind = 5 if mini_size is not None else 1 if entry.storage else 2
    start = 0 if kind == 1 else entry.start
    size = mini_size if mini_size is not None else len(entry.data)
    return _ENTRY.pack(
        name,
        len(name) + 2,
        kind,
        1,
        entry.left,
        entry.right,
        entry.child,
        entry.class_id,
        0,
        0,
        0,
        start,
        size,
    )


def _words(values: list[int], count: int) -> bytes:
    return struct.pack(f"<{count}I", *values, *[_FREE] * (count - len(values)))


def _class_id(text: str) -> bytes:
    """A class identifier as olefile writes it (a GUID's text) in its stored form."""
    digits = text.replace("-", "")
    if len(digits) != 32:
        return bytes(16)
    raw = bytes.fromhex(digits)
    return raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
