"""Lists, tables and properties of a PST or OST ([MS-PST] section 2.3), over its node database."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import pairwise
from struct import Struct
from typing import Any

from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.ndb import Database, Node
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

PROPERTY_BYTES = 256 << 20  # of one property that is not an attachment's data
_RECORDS = 4 << 20  # of one heap tree
_BLOCKS_CACHED = 8
_U16, _U32 = Struct("<H"), Struct("<I")
_COLUMN = Struct("<HHHBB")
_PROPERTY = Struct("<HHI")


class Heap:
    """The heap on a node ([MS-PST] 2.3.1) and the node's subnodes, where larger values lie."""

    def __init__(self, database: Database, node: Node, strict: bool = False) -> None:
        self.database, self.node, self.strict = database, node, strict
        self._bids: Any = database.leaves(node.data, strict)[0]
        self._cache: dict[int, tuple[bytes, array[int]]] = {}
        self._subnodes: dict[int, Node] | None = None
        wide = database.layout.page == 4096
        self._index_bits, self._index_mask = (14, 0x3FFF) if wide else (11, 0x7FF)
        first = self._block(0)[0] if len(self._bids) else b""
        if len(first) < 12 or first[2] != 0xEC:
            raise EvidenceError(State.CORRUPT, f"The node 0x{node.nid:x} holds no heap.")
        self.kind = first[3]
        self.root = _U32.unpack_from(first, 4)[0]

    def _block(self, index: int) -> tuple[bytes, array[int]]:
        known = self._cache.get(index)
        if known is not None:
            return known
        if index >= len(self._bids):
            raise EvidenceError(State.CORRUPT, "A value lies beyond its heap.")
        data = self.database.block(self._bids[index], self.strict)
        bounds = array("H")
        if len(data) >= 2:
            at = _U16.unpack_from(data)[0]
            if at + 4 <= len(data):
                count = _U16.unpack_from(data, at)[0]
                bounds.frombytes(data[at + 4 : at + 4 + 2 * (count + 1)][: (len(data) - at) & ~1])
        if len(self._cache) >= _BLOCKS_CACHED:
            self._cache.clear()
        self._cache[index] = data, bounds
        return data, bounds

    def item(self, hid: int) -> bytes:
        """The heap item ``hid``; 0 is the empty one."""
        if not hid:
            return b""
        index = (hid >> 5) & self._index_mask
        data, bounds = self._block(hid >> (5 + self._index_bits))
        if not 0 < index < len(bounds):
            raise EvidenceError(State.CORRUPT, f"Its heap has no item 0x{hid:x}.")
        return data[bounds[index - 1] : bounds[index]]

    def value(self, ident: int, limit: int = PROPERTY_BYTES) -> bytes:
        """A value of the heap or, when too large for it, of a subnode."""
        if not ident & 0x1F:
            return self.item(ident)
        return self.database.read(self.subnode(ident).data, limit, self.strict)

    @property
    def subnodes(self) -> dict[int, Node]:
        """The node's subnodes by number."""
        if self._subnodes is None:
            self._subnodes = self.database.subnodes(self.node.sub, self.strict)
        return self._subnodes

    def subnode(self, nid: int) -> Node:
        """One of them; raises ``EvidenceError`` when it is missing."""
        found = self.subnodes.get(nid)
        if found is None:
            raise EvidenceError(State.CORRUPT, f"The subnode 0x{nid:x} is missing.")
        return found

    def records(self, header: int) -> Iterator[bytes]:
        """Key and value of each record of the tree whose header is the item ``header``."""
        head = self.item(header)
        if len(head) < 8 or head[0] != 0xB5:
            raise EvidenceError(State.CORRUPT, "A tree of its heap has no header.")
        key, width, levels = head[1], head[1] + head[2], head[3]
        if not key or levels > 8:
            raise EvidenceError(State.CORRUPT, "A tree of its heap is malformed.")
        stack = [(_U32.unpack_from(head, 4)[0], levels)]
        left = _RECORDS
        while stack:
            hid, level = stack.pop()
            data = self.item(hid)
            step = key + 4 if level else width
            left -= len(data) // step + 1
            if left < 0:
                raise EvidenceError(f"{State.LIMIT}:members", "A tree of its heap is too large.")
            if level:
                found = [_U32.unpack_from(data, at)[0] for at in range(key, len(data) - 3, step)]
                stack.extend((below, level - 1) for below in reversed(found))
            else:
                for at in range(0, len(data) - step + 1, step):
                    yield data[at : at + step]


class StoredProperties(mapi.Properties):
    """Properties kept in a heap: ``values`` has for each number its inline bytes or reference."""

    def __init__(self, heap: Heap, names: mapi.Names, problems: list[str]) -> None:
        super().__init__(names, problems)
        self.heap = heap
        self._values: dict[int, bytes] = {}
        self._inline = 4

    def _raw(self, number: int, kind: int) -> bytes | list[bytes]:
        stored = self._values[number]
        size = mapi.FIXED.get(kind)
        if size is not None and size <= self._inline:
            return stored[:size]
        data = self.heap.value(_U32.unpack(stored[:4])[0])
        if not kind & mapi.MULTIPLE:
            return data
        size = mapi.FIXED.get(kind & ~mapi.MULTIPLE)
        if size is not None:
            return [data[at : at + size] for at in range(0, len(data) - size + 1, size)]
        return _parts(data)

    def reference(self, number: int) -> int:
        """The heap or subnode number at which the value of ``number`` lies; 0 when absent."""
        return int.from_bytes(self._values.get(number, b"")[:4], "little")


def _parts(data: bytes) -> list[bytes]:
    """The values of a multiple property of varying size: their count, offsets, bytes."""
    if len(data) < 4:
        return []
    count = min(_U32.unpack_from(data)[0], (len(data) - 4) // 4)
    bounds = [_U32.unpack_from(data, 4 + 4 * i)[0] for i in range(count)] + [len(data)]
    left = len(data)
    result = []
    for start, end in pairwise(bounds):
        left -= max(0, end - start)
        if left < 0:
            break
        result.append(data[start:end])
    return result


class PropertyContext(StoredProperties):
    """The properties of a node ([MS-PST] 2.3.3): store, folder, message or attachment."""

    def __init__(
        self,
        database: Database,
        node: Node,
        names: mapi.Names,
        problems: list[str],
        strict: bool = False,
    ) -> None:
        super().__init__(Heap(database, node, strict), names, problems)
        if self.heap.kind != 0xBC:
            raise EvidenceError(State.CORRUPT, f"The node 0x{node.nid:x} holds no properties.")
        for record in self.heap.records(self.heap.root):
            if len(record) >= 8:
                number, kind, _ = _PROPERTY.unpack_from(record)
                self.types[number] = kind
                self._values[number] = record[4:8]


class Row(StoredProperties):
    """One row of a table."""

    def __init__(self, table: Table, data: bytes, codepages: tuple[int, ...]) -> None:
        super().__init__(table.heap, table.names, table.problems)
        self._inline = 8
        self.codepages = codepages
        flags = table.flags_at
        for number, kind, at, size, bit in table.columns:
            where = flags + (bit >> 3)
            if where < len(data) and data[where] & (0x80 >> (bit & 7)):
                self.types[number] = kind
                self._values[number] = data[at : at + size].ljust(4, b"\0")


class Table:
    """A table ([MS-PST] 2.3.4): of recipients, of attachments, of a folder's contents."""

    def __init__(
        self,
        database: Database,
        node: Node,
        names: mapi.Names,
        problems: list[str],
        strict: bool = False,
    ) -> None:
        self.heap = Heap(database, node, strict)
        self.names, self.problems = names, problems
        head = self.heap.item(self.heap.root)
        if self.heap.kind != 0x7C or len(head) < 22 or head[0] != 0x7C:
            raise EvidenceError(State.CORRUPT, f"The node 0x{node.nid:x} holds no table.")
        self.flags_at, self._width = _U16.unpack_from(head, 6)[0], _U16.unpack_from(head, 8)[0]
        self._index, self._rows = _U32.unpack_from(head, 10)[0], _U32.unpack_from(head, 14)[0]
        self.columns = [
            (number, kind, at, size, bit)
            for kind, number, at, size, bit in (
                _COLUMN.unpack_from(head, 22 + 8 * i) for i in range(min(head[1], len(head) // 8))
                if len(head) >= 30 + 8 * i
            )
        ]  # fmt: skip

    def index(self) -> list[tuple[int, int]]:
        """Number and place of each row, by ascending number."""
        if not self._index:
            return []
        return [
            (_U32.unpack_from(record)[0], int.from_bytes(record[4:8], "little"))
            for record in self.heap.records(self._index)
            if len(record) >= 6
        ]

    def rows(self, codepages: tuple[int, ...] = ()) -> Iterator[tuple[int, Row]]:
        """Number and properties of each row in the order in which they stand."""
        places = sorted((place, number) for number, place in self.index())
        if not places or not self._rows or not self._width:
            return
        if not self._rows & 0x1F:
            blocks: Iterator[bytes] = iter([self.heap.item(self._rows)])
        else:
            bid = self.heap.subnode(self._rows).data
            blocks = self.heap.database.chunks(bid, self.heap.strict)
        start, at = 0, 0
        for block in blocks:
            count = len(block) // self._width
            while at < len(places) and places[at][0] < start + count:
                place, number = places[at]
                offset = (place - start) * self._width
                yield number, Row(self, block[offset : offset + self._width], codepages)
                at += 1
            start += count
        if at < len(places):
            self.problems.append(f"{len(places) - at} rows of a table are missing.")
