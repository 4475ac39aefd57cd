"""OLE2 compound files ([MS-CFB]): read with every chain bounded, written always the same way.

A chain that loops or leaves the file ends there; what is missing of a stream is said, not guessed.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field
from struct import Struct, pack

from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FREE, _END, _FAT, _DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_LAST = 0xFFFFFFFA  # the highest number of a sector
_ENTRY = Struct("<64sHBBIII16sIQQIQ")
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_SMALL = 4096  # streams below this many bytes lie in the mini stream
_DEPTH = 1000


@dataclass(slots=True)
class Stream:
    """A stream of a read file: where it begins and how many bytes it should have."""

    start: int
    size: int


@dataclass(slots=True)
class Storage:
    """A folder of a compound file. ``streams`` of files to be written are their bytes."""

    class_id: bytes = bytes(16)
    streams: dict[str, Stream | bytes] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)


class CompoundFile:
    """A compound file over ``data``. Raises ``EvidenceError`` when there is no way in.

    ``root`` is its outermost storage, ``problems`` what is wrong with its structure.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self.problems: list[str] = []
        head = bytes(data[:512])
        if len(head) < 512 or head[:8] != MAGIC:
            raise EvidenceError(State.CORRUPT, "It has no header of a compound file.")
        shift = int.from_bytes(head[30:32], "little")
        if shift not in (9, 12) or int.from_bytes(head[32:34], "little") != 6:
            raise EvidenceError(State.CORRUPT, "Its sectors have an impossible size.")
        self._sector = 1 << shift
        self._count = max(0, (len(data) - 1) // self._sector)  # sectors after the header
        self._cutoff = int.from_bytes(head[56:60], "little")
        self._fat = self._table(head)
        self._minifat = _numbers(self._chain(int.from_bytes(head[60:64], "little")))
        entries = self._chain(int.from_bytes(head[48:52], "little"))
        if len(entries) < _ENTRY.size:
            raise EvidenceError(State.CORRUPT, "Its directory can't be found.")
        self._mini = b""
        self.root = self._directory(entries)

    def _at(self, sector: int) -> bytes:
        start = (sector + 1) * self._sector
        return bytes(self._data[start : start + self._sector])

    def _table(self, head: bytes) -> array[int]:
        """The allocation table, from the header and the chain of its own sectors."""
        places = list(_numbers(head[76:512]))
        at = int.from_bytes(head[68:72], "little")
        seen: set[int] = set()
        while at < _LAST:
            if at in seen or at >= self._count:
                self.problems.append("The list of its allocation tables is broken.")
                break
            seen.add(at)
            *more, at = _numbers(self._at(at))
            places += more
        table = array("I")
        used: set[int] = set()
        for place in places:
            if place < _LAST and place < self._count and place not in used:
                used.add(place)
                part = _numbers(self._at(place))
                part.extend([_FREE] * (self._sector // 4 - len(part)))
                table.extend(part)
        return table

    def _chain(self, start: int, size: int | None = None) -> bytes:
        """The sectors from ``start`` on; with ``size``, that many bytes if they are there."""
        wanted = self._count if size is None else min(-(-size // self._sector), self._count)
        parts: list[bytes | memoryview] = []
        at, got = start, 0
        while at < _LAST and got < wanted:
            first = at
            run = 0
            while True:  # sectors in a row are read at once
                run += 1
                got += 1
                step = self._fat[at] if at < len(self._fat) else _END
                if step != at + 1 or got >= wanted:
                    break
                at = step
            if first >= self._count:
                break
            begin = (first + 1) * self._sector
            parts.append(self._data[begin : begin + run * self._sector])
            at = step
        if size is None and got >= wanted and at < _LAST:
            self.problems.append("A chain of its sectors loops.")
        data = b"".join(parts)
        return data if size is None else data[:size]

    def _directory(self, entries: bytes) -> Storage:
        """The tree of storages, without recursion; entries reached twice are left out."""
        count = len(entries) // _ENTRY.size
        read = [_ENTRY.unpack_from(entries, i * _ENTRY.size) for i in range(count)]
        if read[0][2] != _ROOT:
            raise EvidenceError(State.CORRUPT, "Its directory has no root.")
        root = Storage(read[0][7])
        size = read[0][12] & (0xFFFFFFFF if self._sector == 512 else ~0)
        self._mini = self._chain(read[0][11], min(size, len(self._data)))
        seen = {0}
        waiting = [(read[0][6], root, 1)]
        while waiting:
            number, storage, depth = waiting.pop()
            if number >= count or number in seen or depth > _DEPTH:
                continue
            seen.add(number)
            raw, length, kind, _, left, right, below, class_id, *_, start, size = read[number]
            waiting += [(right, storage, depth), (left, storage, depth)]
            name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            if kind == _STREAM:
                if self._sector == 512:
                    size &= 0xFFFFFFFF
                storage.streams.setdefault(name, Stream(start, size))
            elif kind == _STORAGE and name not in storage.storages:
                inner = storage.storages[name] = Storage(class_id)
                waiting.append((below, inner, depth + 1))
        lost = sum(1 for i in range(count) if i not in seen and read[i][2] in (_STORAGE, _STREAM))
        if lost:
            self.problems.append(f"{lost} entries of its directory belong to no storage.")
        return root

    def read(self, stream: Stream | bytes, limit: int = sys.maxsize) -> bytes:
        """The bytes of ``stream``, at most ``limit``. Raises ``EvidenceError`` when some lack."""
        if isinstance(stream, bytes):
            return stream[:limit]
        size = min(stream.size, limit)
        if stream.size < self._cutoff:
            data = self._small(stream.start, size)
        else:
            data = self._chain(stream.start, size)
        if len(data) < size:
            raise EvidenceError(
                State.TRUNCATED, f"{size - len(data)} of {size} bytes of a stream are missing."
            )
        return data

    def _small(self, start: int, size: int) -> bytes:
        parts = []
        at, left = start, size
        while left > 0 and at < len(self._minifat):
            parts.append(self._mini[at * 64 : at * 64 + min(64, left)])
            left -= 64
            at = self._minifat[at]
        return b"".join(parts)


def _numbers(data: bytes) -> array[int]:
    result = array("I")
    result.frombytes(data[: len(data) & ~3])
    return result


def build(root: Storage) -> bytes:
    """A compound file (version 3) of ``root``, whose streams are bytes; the same for the same."""
    entries: list[list[int | bytes | str]] = [["Root Entry", _ROOT, 1, _FREE, _FREE, _FREE]]
    bodies: list[bytes] = [b""]
    class_ids = [root.class_id]
    waiting = [(0, root)]
    while waiting:
        owner, storage = waiting.pop(0)
        members: list[tuple[str, Storage | None, bytes]] = [
            (name, inner, b"") for name, inner in storage.storages.items()
        ]
        for name, body in storage.streams.items():
            assert isinstance(body, bytes)
            members.append((name, None, body))
        members.sort(key=lambda member: (len(member[0].encode("utf-16-le")), member[0].upper()))
        first = len(entries)
        for name, inner, body in members:
            kind = _STREAM if inner is None else _STORAGE
            entries.append([name, kind, 1, _FREE, _FREE, _FREE])
            bodies.append(body)
            class_ids.append(bytes(16) if inner is None else inner.class_id)
            if inner is not None:
                waiting.append((len(entries) - 1, inner))
        if members:
            entries[owner][5] = _balance(entries, first, len(entries) - 1)
    return _laid_out(entries, bodies, class_ids)


def _balance(entries: list[list[int | bytes | str]], first: int, last: int) -> int:
    """Link the sorted entries ``first`` to ``last`` as a red-black tree; its root's number."""
    levels = (last - first + 1).bit_length()
    full = (last - first + 2).bit_count() == 1
    root = _FREE
    waiting = [(first, last, 1, -1, 0)]
    while waiting:
        low, high, level, above, side = waiting.pop()
        if low > high:
            continue
        middle = (low + high) // 2
        # All levels but an incomplete last one are black, so every path has as many black ones.
        entries[middle][2] = 0 if level == levels and not full else 1
        if above < 0:
            root = middle
        else:
            entries[above][side] = middle
        waiting.append((low, middle - 1, level + 1, middle, 3))
        waiting.append((middle + 1, high, level + 1, middle, 4))
    return root


def _laid_out(
    entries: list[list[int | bytes | str]], bodies: list[bytes], class_ids: list[bytes]
) -> bytes:
    fat: list[int] = []
    sectors: list[bytes] = []

    def place(data: bytes, size: int = 512) -> int:
        """Append ``data`` in whole sectors; the first one's number."""
        if not data:
            return _END
        count = -(-len(data) // size)
        start = len(fat)
        fat.extend(range(start + 1, start + count))
        fat.append(_END)
        sectors.append(data.ljust(count * size, b"\0"))
        return start

    mini: list[bytes] = []
    minifat: list[int] = []
    starts = [_END] * len(entries)
    for number, body in enumerate(bodies):
        if len(body) >= _SMALL:
            starts[number] = place(body)
        elif body:
            starts[number] = len(minifat)
            count = -(-len(body) // 64)
            minifat.extend(range(len(minifat) + 1, len(minifat) + count))
            minifat.append(_END)
            mini.append(body.ljust(count * 64, b"\0"))
    mini_stream = b"".join(mini)
    starts[0] = place(mini_stream)
    minifat_start = place(_packed(minifat, 512))
    directory = b"".join(
        _entry(entry, class_ids[n], starts[n], len(mini_stream) if not n else len(bodies[n]))
        for n, entry in enumerate(entries)
    )
    directory += _entry(["", 0, 0, _FREE, _FREE, _FREE], bytes(16), 0, 0) * (-len(entries) % 4)
    directory_start = place(directory)
    fat_count, difat_count = _table_sizes(len(fat))
    fat_start, difat_start = len(fat), len(fat) + fat_count
    fat += [_FAT] * fat_count + [_DIFAT] * difat_count
    tables = list(range(fat_start, fat_start + fat_count))
    head = MAGIC + bytes(16) + pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += pack(
        "<IIIIIIIII", 0, fat_count, directory_start, 0, _SMALL, minifat_start,
        -(-len(minifat) // 128), difat_start if difat_count else _END, difat_count,
    )  # fmt: skip
    head += _packed(tables[:109], 436)
    chains = []
    for n in range(difat_count):
        part = tables[109 + n * 127 : 109 + (n + 1) * 127]
        after = difat_start + n + 1 if n + 1 < difat_count else _END
        chains.append(_packed(part, 508) + pack("<I", after))
    return b"".join([head, *sectors, _packed(fat, 512), *chains])


def _entry(entry: list[int | bytes | str], class_id: bytes, start: int, size: int) -> bytes:
    name, kind, colour, left, right, below = entry
    raw = str(name).encode("utf-16-le")[:62]
    length = len(raw) + 2 if kind else 0
    return _ENTRY.pack(raw, length, kind, colour, left, right, below, class_id, 0, 0, 0,
                       start, size)  # fmt: skip


def _packed(numbers: list[int], size: int) -> bytes:
    """``numbers`` as bytes, filled up with free marks to a multiple of ``size``."""
    data = array("I", numbers).tobytes()
    return data + b"\xff" * (-len(data) % size)


def _table_sizes(used: int) -> tuple[int, int]:
    """How many sectors the allocation table and its own list need beside ``used`` others."""
    fat = difat = 0
    while True:
        total = used + fat + difat
        fat_needed = -(-total // 128)
        difat_needed = max(0, -(-(fat_needed - 109) // 127))
        if (fat_needed, difat_needed) == (fat, difat):
            return fat, difat
        fat, difat = fat_needed, difat_needed


def copied(file: CompoundFile, storage: Storage, left: int) -> Storage:
    """``storage`` with the bytes of its streams; more than ``left`` raise ``EvidenceError``."""
    result = Storage(storage.class_id)
    waiting: list[tuple[Storage, Storage]] = [(storage, result)]
    while waiting:
        source, target = waiting.pop()
        for name, stream in source.streams.items():
            body = file.read(stream, left + 1)
            left -= len(body)
            if left < 0:
                raise EvidenceError(f"{State.LIMIT}:item", "An embedded object is too large.")
            target.streams[name] = body
        for name, inner in source.storages.items():
            target.storages[name] = Storage(inner.class_id)
            waiting.append((inner, target.storages[name]))
    return result
