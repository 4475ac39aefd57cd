"""Writes small PST and OST files of all three layouts, for tests; checked by libpff as well.

Only what a reader needs is written: header, the two trees, blocks, allocation maps, properties and
tables. ``Store`` also writes what should not be there: orphans, deleted messages, wrong counts.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.outlook.cipher import cyclic, permute
from ediscovery.extract.outlook.ndb import checksum

ROOT, STORE, NAMES, TOP = 0x122, 0x21, 0x61, 0x8022
RECIPIENTS, ATTACHMENTS = 0x692, 0x671
_FIXED = {0x02: 2, 0x03: 4, 0x0B: 1, 0x14: 8, 0x40: 8, 0x05: 8, 0x48: 16}


@dataclass(slots=True)
class Attachment:
    """``content`` is bytes, a message, or ``None``: then only ``path`` is stored."""

    name: str
    content: bytes | Message | None
    method: int = 1
    path: str = ""
    extra: dict[tuple[int, int], Any] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """Properties by (number, type); recipients as (type, name, address) or as properties."""

    subject: str = ""
    body: str = ""
    recipients: list[Any] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    extra: dict[tuple[int, int], Any] = field(default_factory=dict)
    kind: str = "IPM.Note"


def encode(kind: int, value: Any, ansi: bool) -> bytes:
    """A property's value as stored."""
    if kind == 0x1F:
        return str(value).encode("utf-16-le")
    if kind == 0x1E:
        return value if isinstance(value, bytes) else str(value).encode("cp1252")
    if kind == 0x0B:
        return bytes([bool(value)])
    if kind in (0x02, 0x03):
        return int(value).to_bytes(_FIXED[kind], "little", signed=value < 0)
    if kind == 0x05:
        return struct.pack("<d", value)
    if kind in (0x14, 0x40):
        return struct.pack("<q", value)
    if kind == 0x101F:
        return _several([v.encode("utf-16-le") for v in value])
    if kind == 0x1102:
        return _several(value)
    if kind == 0x1003:
        return b"".join(struct.pack("<i", v) for v in value)
    return bytes(value)


def _several(values: list[bytes]) -> bytes:
    at = 4 + 4 * len(values)
    head = struct.pack("<I", len(values))
    for value in values:
        head += struct.pack("<I", at)
        at += len(value)
    return head + b"".join(values)


class Heap:
    """A heap on a node; values too large for it go to subnodes."""

    def __init__(self, store: Store, client: int) -> None:
        self.store, self.client = store, client
        self.blocks: list[list[bytes]] = [[]]
        self.used = [24]
        self.subnodes: dict[int, tuple[int, int]] = {}
        self.next_sub = 0x401

    def add(self, data: bytes) -> int:
        """Keep ``data`` in the heap; its HID."""
        if not data:
            return 0
        room = self.store.block_size
        if self.used[-1] + len(data) + 8 > room:
            self.blocks.append([])
            self.used.append(160)
        self.blocks[-1].append(data)
        self.used[-1] += len(data) + 2
        bits = 14 if self.store.wide else 11
        return len(self.blocks[-1]) << 5 | (len(self.blocks) - 1) << (5 + bits)

    def place(self, data: bytes) -> int:
        """Keep ``data`` in the heap or, when it is large, in a subnode; its HNID."""
        if len(data) <= 3580:
            return self.add(data)
        return self.sub(self.store.data(data), 0)

    def sub(self, data: int, sub: int, nid: int = 0) -> int:
        """Add a subnode; its number."""
        if not nid:
            nid = self.next_sub << 5 | 0x1F
            self.next_sub += 1
        self.subnodes[nid] = (data, sub)
        return nid

    def tree(self, key: int, width: int, records: list[bytes]) -> int:
        """A heap tree of ``records``, sorted by key; the HID of its header."""
        level, items = 0, records
        size = key + width
        header = self.add(b"\0" * 8)
        root = 0
        while items:
            count = max(1, 3500 // size)
            pieces = [items[i : i + count] for i in range(0, len(items), count)]
            hids = [self.add(b"".join(piece)) for piece in pieces]
            if len(pieces) == 1:
                root = hids[0]
                break
            items = [
                piece[0][:key] + struct.pack("<I", hid)
                for piece, hid in zip(pieces, hids, strict=True)
            ]
            size, level = key + 4, level + 1
        self._set(header, struct.pack("<BBBBI", 0xB5, key, width, level, root))
        return header

    def _set(self, hid: int, data: bytes) -> None:
        bits = 14 if self.store.wide else 11
        self.blocks[hid >> (5 + bits)][(hid >> 5 & ((1 << bits) - 1)) - 1] = data

    def write(self, root: int) -> tuple[int, int]:
        """Numbers of the data and the subnodes of the node that this heap lies on."""
        blocks = []
        for number, items in enumerate(self.blocks):
            if number == 0:
                head = struct.pack("<HBBI4x", 0, 0xEC, self.client, root)
            elif number % 128 == 8:
                head = b"\0\0" + bytes(64)
            else:
                head = b"\0\0"
            bounds = [len(head)]
            for item in items:
                bounds.append(bounds[-1] + len(item))
            body = head + b"".join(items)
            body += b"\0" * (len(body) % 2)
            index = struct.pack(f"<HH{len(bounds)}H", len(items), 0, *bounds)
            # libpff wants the index to end before its block does
            blocks.append(struct.pack("<H", len(body)) + body[2:] + index + bytes(4))
        return self.store.data_blocks(blocks), self.store.sub_block(self.subnodes)


class Store:
    """A store in the making. ``kind``: ``unicode``, ``ansi`` or ``4k``; ``crypt``: 0, 1 or 2.

    ``deflate``: blocks of a ``4k`` store are compressed where that saves space.
    """

    def __init__(
        self, kind: str = "unicode", crypt: int = 1, password: int = 0, deflate: bool = True
    ) -> None:
        self.kind, self.crypt, self.password, self.deflate = kind, crypt, password, deflate
        self.ansi, self.wide = kind == "ansi", kind == "4k"
        self.word = "I" if self.ansi else "Q"
        self.trailer_size = {"ansi": 12, "unicode": 16, "4k": 24}[kind]
        self.block_size = {"ansi": 8180, "unicode": 8176, "4k": 65512}[kind]
        self.align = 512 if self.wide else 64
        self.page = 4096 if self.wide else 512
        self.first_map = 0x22000 if self.wide else 0x4400
        self.map_bytes = 4072 if self.wide else 496
        self.out = bytearray(self.first_map + self.page)
        self.next_bid, self.next_page = 4, 1
        self.next_nid = {0x02: 0x402, 0x04: 0x10001, 0x08: 0x8001}
        self.blocks: dict[int, tuple[int, int]] = {}
        self.nodes: dict[int, tuple[int, int, int]] = {}
        self.freed: list[tuple[int, int]] = []
        self.names: list[tuple[bytes, int | str]] = [(bytes(range(16)), "x-test")]
        self.folders: dict[int, dict[str, Any]] = {}
        self._folder(ROOT, "", ROOT)
        self._folder(TOP, "Top of Personal Folders", ROOT)

    # bytes

    def room(self, count: int, align: int) -> int:
        """Where ``count`` bytes may be written, clear of allocation maps."""
        at = -(-len(self.out) // align) * align
        span = self.map_bytes * 8 * self.align
        if (at - self.first_map) % span < self.page:
            at += self.page - (at - self.first_map) % span
        number = (at - self.first_map) // span
        following = self.first_map + (number + 1) * span
        if at + count > following:
            at = following + self.page
        self.out.extend(bytes(at + count - len(self.out)))
        return at

    def block(self, data: bytes, internal: bool = False) -> int:
        """Write one block; its number."""
        bid = self.next_bid | (2 if internal else 0)
        self.next_bid += 4
        clear = data
        if not internal:
            if self.crypt == 1:
                data = permute(data)
            elif self.crypt == 2:
                data = cyclic(data, bid & 0xFFFFFFFF)
        if self.wide and self.deflate and len(zlib.compress(data)) < len(data):
            data = zlib.compress(data)
        size = -(-(len(data) + self.trailer_size) // self.align) * self.align
        at = self.room(size, self.align)
        self.out[at : at + len(data)] = data
        signature = _signature(at, bid)
        crc = checksum(data)
        if self.ansi:
            trailer = struct.pack("<HHII", len(data), signature, bid, crc)
        else:
            trailer = struct.pack("<HHIQ", len(data), signature, crc, bid)
        if self.wide:
            trailer += struct.pack("<HH4x", 0, len(clear))
        self.out[at + size - len(trailer) : at + size] = trailer
        self.blocks[bid] = (at, len(data))
        return bid

    def data(self, data: bytes) -> int:
        """Write ``data`` in as many blocks as it needs; the number of the topmost."""
        size = self.block_size
        return self.data_blocks([data[i : i + size] for i in range(0, len(data), size)] or [b"\0"])

    def data_blocks(self, blocks: list[bytes]) -> int:
        """Write data that is already cut into blocks."""
        total = sum(map(len, blocks))
        bids = [self.block(b) for b in blocks]
        level = 1
        fits = (self.block_size - 8) // (4 if self.ansi else 8)
        while len(bids) > 1:
            groups = [bids[i : i + fits] for i in range(0, len(bids), fits)]
            bids = [
                self.block(
                    struct.pack("<BBHI", 1, level, len(g), total)
                    + struct.pack(f"<{len(g)}{self.word}", *g),
                    internal=True,
                )
                for g in groups
            ]
            level += 1
        return bids[0]

    def sub_block(self, subnodes: dict[int, tuple[int, int]]) -> int:
        """Write a list of subnodes, in two levels when there are many; its number."""
        if not subnodes:
            return 0
        word, pad = self.word, b"" if self.ansi else bytes(4)
        entries = [struct.pack(f"<3{word}", n, *subnodes[n]) for n in sorted(subnodes)]
        fits = (self.block_size - 8) // len(entries[0])
        lists = []
        for i in range(0, len(entries), fits):
            part = entries[i : i + fits]
            head = struct.pack("<BBH", 2, 0, len(part)) + pad
            lists.append((sorted(subnodes)[i], self.block(head + b"".join(part), internal=True)))
        if len(lists) == 1:
            return lists[0][1]
        head = struct.pack("<BBH", 2, 1, len(lists)) + pad
        body = b"".join(struct.pack(f"<2{word}", nid, bid) for nid, bid in lists)
        return self.block(head + body, internal=True)

    # properties and tables

    def context(self, values: dict[tuple[int, int], Any], heap: Heap | None = None) -> Heap:
        """Properties on a heap; write it with :meth:`Heap.write` and the attribute ``top``."""
        heap = heap or Heap(self, 0xBC)
        records = []
        for (number, kind), value in sorted(values.items()):
            raw = encode(kind, value, self.ansi)
            size = _FIXED.get(kind)
            if kind == 0x0D or isinstance(value, _Reference):
                stored = struct.pack("<I", value.nid if isinstance(value, _Reference) else value)
            elif size is not None and size <= 4:
                stored = raw.ljust(4, b"\0")
            else:
                stored = struct.pack("<I", heap.place(raw))
            records.append(struct.pack("<HH", number, kind) + stored)
        heap.top = heap.tree(2, 6, records)  # type: ignore[attr-defined]
        return heap

    def written(
        self, values: dict[tuple[int, int], Any], heap: Heap | None = None
    ) -> tuple[int, int]:
        """Properties as a node's data and subnodes."""
        heap = self.context(values, heap)
        return heap.write(heap.top)  # type: ignore[attr-defined]

    def table(self, columns: list[tuple[int, int]], rows: list[dict[int, Any]]) -> tuple[int, int]:
        """A table; ``rows`` have values by number, 0x67F2 is the row's own number."""
        heap = Heap(self, 0x7C)
        columns = sorted({(0x67F2, 0x03), (0x67F3, 0x03), *columns})
        sizes = {c: _FIXED.get(c[1], 4) if _FIXED.get(c[1], 4) <= 8 else 4 for c in columns}
        order = [(0x67F2, 0x03), (0x67F3, 0x03)]
        order += sorted((c for c in columns if c not in order), key=lambda c: -sizes[c])
        at, places, ends = 0, {}, {}
        for column in order:
            places[column] = at
            at += sizes[column]
            ends[sizes[column]] = at
        four = max(ends.get(8, 0), ends.get(4, 0))
        two = max(four, ends.get(2, 0))
        one = max(two, ends.get(1, 0))
        flags = -(-len(order) // 8)
        bits = {column: i for i, column in enumerate(order)}
        packed = []
        for version, row in enumerate(rows):
            data, present = bytearray(one), bytearray(flags)
            for column in order:
                value = version if column[0] == 0x67F3 else row.get(column[0])
                if value is None:
                    continue
                raw = encode(column[1], value, self.ansi)
                if column[1] not in _FIXED or _FIXED[column[1]] > 8:
                    raw = struct.pack("<I", heap.place(raw))
                data[places[column] : places[column] + sizes[column]] = raw
                present[bits[column] // 8] |= 0x80 >> bits[column] % 8
            packed.append(bytes(data + present))
        width = one + flags
        index = [
            struct.pack("<I", number) + struct.pack("<H" if self.ansi else "<I", i)
            for number, i in sorted((row[0x67F2], i) for i, row in enumerate(rows))
        ]
        index_hid = heap.tree(4, 2 if self.ansi else 4, index)
        if width * len(rows) <= 3500:
            matrix = heap.add(b"".join(packed))
        else:
            fits = self.block_size // width
            groups = [packed[i : i + fits] for i in range(0, len(packed), fits)]
            # Every block but the last is padded to the same number of rows.
            blocks = [b"".join(group) for group in groups]
            blocks = [b.ljust(self.block_size, b"\0") for b in blocks[:-1]] + blocks[-1:]
            matrix = heap.sub(self.data_blocks(blocks), 0)
        info = struct.pack("<BBHHHHIII", 0x7C, len(order), four, two, one, width, index_hid,
                           matrix, 0)  # fmt: skip
        for column in sorted(order, key=lambda c: (c[0], c[1])):
            info += struct.pack("<HHHBB", column[1], column[0], places[column], sizes[column],
                                bits[column])  # fmt: skip
        return heap.write(heap.add(info))

    # folders and messages

    def _folder(self, nid: int, name: str, parent: int) -> int:
        self.folders[nid] = {"name": name, "parent": parent, "messages": [], "count": None,
                             "associated": []}  # fmt: skip
        return nid

    def folder(self, name: str, parent: int = TOP, count: int | None = None) -> int:
        """A new folder; ``count`` is what it says to hold, by default the truth."""
        nid = self.next_nid[0x02] << 5 | 0x02
        self.next_nid[0x02] += 1
        self._folder(nid, name, parent)
        self.folders[nid]["count"] = count
        return nid

    def message(self, folder: int, message: Message, listed: bool = True) -> int:
        """Add a message to ``folder``; not ``listed`` it is an orphan. Its node number."""
        return self._message(folder, message, 0x04, "messages" if listed else "")

    def associated(self, folder: int, message: Message) -> int:
        """Add a hidden message."""
        return self._message(folder, message, 0x08, "associated")

    def _message(self, folder: int, message: Message, kind: int, where: str) -> int:
        nid = self.next_nid[kind] << 5 | kind
        self.next_nid[kind] += 1
        self.nodes[nid] = (*self.message_node(message), folder)
        if where:
            self.folders[folder][where].append((nid, message))
        return nid

    def message_node(self, message: Message) -> tuple[int, int]:
        """Data and subnodes of a message."""
        text = 0x1E if self.ansi else 0x1F
        heap = Heap(self, 0xBC)
        if message.recipients:
            rows = []
            for number, who in enumerate(message.recipients):
                if not isinstance(who, dict):
                    kind, name, address = who
                    who = {0x0C15: kind, 0x3001: name, 0x3002: "SMTP", 0x3003: address}
                rows.append({0x67F2: number, **who})
            columns = [(0x0C15, 0x03), (0x3001, text), (0x3002, text), (0x3003, text),
                       (0x39FE, text), (0x300B, 0x102), (0x0FFF, 0x102)]  # fmt: skip
            heap.sub(*self.table(columns, rows), RECIPIENTS)
        rows = []
        for number, attachment in enumerate(message.attachments):
            nid = (0x501 + number) << 5 | 0x05
            heap.sub(*self.attachment_node(attachment), nid)
            rows.append({0x67F2: nid, 0x3704: attachment.name, 0x3705: attachment.method,
                         0x0E20: 1000})  # fmt: skip
        if rows:
            columns = [(0x3704, text), (0x3705, 0x03), (0x0E20, 0x03)]
            heap.sub(*self.table(columns, rows), ATTACHMENTS)
        values: dict[tuple[int, int], Any] = {
            (0x001A, text): message.kind, (0x0037, text): message.subject,
            (0x0E07, 0x03): 1, (0x0E08, 0x03): 100 + len(message.body),
            (0x0E1B, 0x0B): bool(message.attachments),
        }  # fmt: skip
        if message.body:
            values[0x1000, text] = message.body
        values.update(message.extra)
        return self.written(values, heap)

    def attachment_node(self, attachment: Attachment) -> tuple[int, int]:
        """Data and subnodes of an attachment."""
        text = 0x1E if self.ansi else 0x1F
        heap = Heap(self, 0xBC)
        values: dict[tuple[int, int], Any] = {
            (0x3705, 0x03): attachment.method, (0x3704, text): attachment.name[:12],
            (0x3707, text): attachment.name, (0x0E20, 0x03): 1000,
        }  # fmt: skip
        if attachment.path:
            values[0x370D, text] = attachment.path
        content = attachment.content
        if isinstance(content, Message):
            nid = heap.sub(*self.message_node(content), 0x10001 << 5 | 0x04)
            values[0x3705, 0x03] = 5
            values[0x3701, 0x0D] = heap.add(struct.pack("<II", nid, 0))
        elif attachment.method == 6 and content is not None:
            nid = heap.sub(self.data(content), 0)
            values[0x3701, 0x0D] = heap.add(struct.pack("<II", nid, len(content)))
        elif content is not None:
            values[0x3701, 0x102] = content
        values.update(attachment.extra)
        return self.written(values, heap)

    def name(self, group: bytes, name: int | str) -> int:
        """The number of a named property."""
        if (group, name) not in self.names:
            self.names.append((group, name))
        return 0x8000 + self.names.index((group, name))

    def delete(self, nid: int) -> None:
        """Delete a message as Outlook does: its entries go, old tree pages stay where they are."""
        data, sub, parent = self.nodes.pop(nid)
        mine = self._reached(data, sub)
        old_nodes = {nid: (data, sub, parent)}
        self._leaves_of(old_nodes, {b: self.blocks[b] for b in mine})
        for bid in mine:
            self.freed.append(self.blocks.pop(bid))
        for folder in self.folders.values():
            folder["messages"] = [m for m in folder["messages"] if m[0] != nid]

    def _reached(self, data: int, sub: int) -> set[int]:
        result = {b for b in (data, sub) if b}
        waiting = list(result)
        by_bid = self.blocks
        while waiting:
            bid = waiting.pop()
            if not bid & 2:
                continue
            at, size = by_bid[bid]
            body = bytes(self.out[at : at + size])
            if self.wide and body[:1] == b"\x78":
                body = zlib.decompress(body)
            width = 4 if self.ansi else 8
            start = 8 if body[0] == 1 else (4 if self.ansi else 8)
            numbers = struct.unpack(
                f"<{(len(body) - start) // width}{self.word}",
                body[start : start + (len(body) - start) // width * width],
            )
            for number in numbers:
                if number in by_bid and number not in result:
                    result.add(number)
                    waiting.append(number)
        return result

    def _leaves_of(
        self, nodes: dict[int, tuple[int, int, int]], blocks: dict[int, tuple[int, int]]
    ) -> None:
        """Leaf pages of both trees that no tree holds, in space that counts as free."""
        for page in (*self._node_pages(nodes), *self._block_pages(blocks)):
            self.freed.append((page[2], self.page))

    # the end

    def finish(self) -> bytes:
        """The file."""
        text = 0x1E if self.ansi else 0x1F
        entry = bytes(4) + bytes(16) + struct.pack("<I", TOP)
        store: dict[tuple[int, int], Any] = {(0x3001, text): "Test store", (0x35E0, 0x102): entry,
                                             (0x0FF9, 0x102): bytes(16)}  # fmt: skip
        if self.password:
            store[0x67FF, 0x03] = self.password
        self.nodes[STORE] = (*self.written(store), 0)
        self.nodes[NAMES] = (*self._names(), 0)
        below: dict[int, list[int]] = {}
        for nid, folder in self.folders.items():
            if nid != folder["parent"]:
                below.setdefault(folder["parent"], []).append(nid)
        for nid, folder in self.folders.items():
            messages, associated = folder["messages"], folder["associated"]
            count = len(messages) if folder["count"] is None else folder["count"]
            values = {(0x3001, text): folder["name"], (0x3602, 0x03): count, (0x3603, 0x03): 0,
                      (0x360A, 0x0B): nid in below}  # fmt: skip
            self.nodes[nid] = (*self.written(values), folder["parent"])
            rows: list[dict[int, Any]] = [
                {0x67F2: n, 0x3001: self.folders[n]["name"], 0x3602: 0} for n in below.get(nid, [])
            ]
            self.nodes[nid & ~31 | 0x0D] = (
                *self.table([(0x3001, text), (0x3602, 0x03), (0x360A, 0x0B)], rows), 0
            )  # fmt: skip
            for place, members in ((0x0E, messages), (0x0F, associated)):
                rows = [{0x67F2: n, 0x0037: m.subject, 0x001A: m.kind} for n, m in members]
                self.nodes[nid & ~31 | place] = (
                    *self.table([(0x0037, text), (0x001A, text), (0x0E08, 0x03)], rows), 0
                )  # fmt: skip
        nodes_root = self._tree(0x81, self._node_pages(self.nodes))
        blocks_root = self._tree(0x80, self._block_pages(self.blocks))
        self._maps()
        self._header(nodes_root, blocks_root)
        return bytes(self.out)

    def _names(self) -> tuple[int, int]:
        groups: list[bytes] = []
        entries, strings = b"", b""
        for index, (group, name) in enumerate(self.names):
            if group not in groups:
                groups.append(group)
            which = (groups.index(group) + 3) << 1
            if isinstance(name, str):
                ident, which = len(strings), which | 1
                raw = name.encode("utf-16-le")
                strings += struct.pack("<I", len(raw)) + raw + bytes(-len(raw) % 4)
            else:
                ident = name
            entries += struct.pack("<IHH", ident, which, index)
        return self.written({(0x0001, 0x03): 251, (0x0002, 0x102): b"".join(groups),
                             (0x0003, 0x102): entries, (0x0004, 0x102): strings})  # fmt: skip

    def _node_pages(
        self, nodes: dict[int, tuple[int, int, int]]
    ) -> list[tuple[int, int, int, int]]:
        pad = b"" if self.ansi else bytes(4)
        rows = [
            (nid, struct.pack(f"<3{self.word}I", nid, *nodes[nid]) + pad) for nid in sorted(nodes)
        ]
        return self._pages(0x81, 0, rows)

    def _block_pages(self, blocks: dict[int, tuple[int, int]]) -> list[tuple[int, int, int, int]]:
        pad = b"" if self.ansi else bytes(4)
        rows = [
            (bid, struct.pack(f"<2{self.word}HH", bid, *blocks[bid], 2) + pad)
            for bid in sorted(blocks)
        ]
        return self._pages(0x80, 0, rows)

    def _pages(
        self, kind: int, level: int, rows: list[tuple[int, bytes]]
    ) -> list[tuple[int, int, int, int]]:
        """Write the pages of one level: first key, page number, offset, level of each."""
        width = len(rows[0][1])
        end = {"ansi": 496, "unicode": 488, "4k": 4056}[self.kind]
        fits = end // width
        result = []
        for i in range(0, len(rows), fits):
            part = rows[i : i + fits]
            at = self.room(self.page, self.page)
            number = self.next_page
            self.next_page += 1
            body = b"".join(row for _, row in part).ljust(end, b"\0")
            if self.wide:
                body += struct.pack("<HHBB10x", len(part), fits, width, level)
            else:
                body += struct.pack("<BBBB", len(part), fits, width, level)
                body += b"" if self.ansi else bytes(4)
            signature = _signature(at, number)
            if self.ansi:
                tail = struct.pack("<BBHII", kind, kind, signature, number, checksum(body))
            else:
                tail = struct.pack("<BBHIQ", kind, kind, signature, checksum(body), number)
            tail += bytes(8) if self.wide else b""
            self.out[at : at + self.page] = body + tail
            result.append((part[0][0], number, at, level))
        return result

    def _tree(self, kind: int, pages: list[tuple[int, int, int, int]]) -> tuple[int, int]:
        while len(pages) > 1:
            rows = [
                (key, struct.pack(f"<3{self.word}", key, number, at))
                for key, number, at, _ in pages
            ]
            pages = self._pages(kind, pages[0][3] + 1, rows)
        return pages[0][1], pages[0][2]

    def _maps(self) -> None:
        """Allocation maps: everything is in use but what was freed."""
        self.out.extend(bytes(-len(self.out) % self.page))
        span = self.map_bytes * 8 * self.align
        for start in range(self.first_map, len(self.out), span):
            used = bytearray(b"\xff" * self.map_bytes)
            for at, size in self.freed:
                first, last = (at - start) // self.align, (at + size - 1 - start) // self.align
                for bit in range(first, last + 1):
                    if 0 <= bit < len(used) * 8:
                        used[bit // 8] &= ~(0x80 >> bit % 8)
            body = (bytes(4) if self.ansi else b"") + bytes(used)
            if self.ansi:
                tail = struct.pack("<BBHII", 0x84, 0x84, 0, start, checksum(body))
            else:
                tail = struct.pack("<BBHIQ", 0x84, 0x84, 0, checksum(body), start)
            tail += bytes(8) if self.wide else b""
            self.out[start : start + self.page] = body + tail

    def _header(self, nodes_root: tuple[int, int], blocks_root: tuple[int, int]) -> None:
        version = {"ansi": 15, "unicode": 23, "4k": 36}[self.kind]
        client = b"SO" if self.wide else b"SM"
        head = bytearray(564)
        struct.pack_into("<4sI2sHHBB", head, 0, b"!BDN", 0, client, version, 19, 1, 1)
        if self.ansi:
            struct.pack_into("<II", head, 24, self.next_bid, self.next_page)
            struct.pack_into("<II", head, 168, len(self.out), self.first_map)
            struct.pack_into("<IIII", head, 184, *nodes_root, *blocks_root)
            head[200], head[460], head[461] = 2, 0x80, self.crypt
        else:
            struct.pack_into("<QQ", head, 184, len(self.out), self.first_map)
            struct.pack_into("<QQQQ", head, 216, *nodes_root, *blocks_root)
            struct.pack_into("<Q", head, 32, self.next_page)
            head[248], head[512], head[513] = 2, 0x80, self.crypt
            struct.pack_into("<Q", head, 516, self.next_bid)
            struct.pack_into("<I", head, 524, checksum(bytes(head[8:524])))
        struct.pack_into("<I", head, 4, checksum(bytes(head[8:479])))
        self.out[: len(head)] = head


class _Reference:
    """A value that is a subnode already."""

    def __init__(self, nid: int) -> None:
        self.nid = nid


def _signature(at: int, number: int) -> int:
    mixed = (at ^ number) & 0xFFFFFFFF
    return (mixed >> 16) ^ (mixed & 0xFFFF)
