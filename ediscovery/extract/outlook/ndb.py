"""The node database of a PST or OST ([MS-PST] section 2.2): numbered nodes over numbered blocks.

Three layouts are read: ANSI (versions 14 and 15), Unicode (20 to 23) and Outlook 2013's Unicode
with pages of 4 kB and deflated blocks (36 and up). Nothing here follows a pointer without a bound:
trees shrink by one level a step, blocks are at most two levels above their data, sizes are checked
against the file. A checksum that does not fit is counted in ``damaged``, the data still given.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from struct import Struct, iter_unpack
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ediscovery.extract.outlook.cipher import cyclic, unpermute
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

if TYPE_CHECKING:
    from ediscovery.extract.outlook.recover import Found

_PAGES_CACHED = 2048
_SUBNODES = 1 << 20  # of one node
BLOCKS = "blocks"
NODES = "nodes"
_PAGE_TYPE = {BLOCKS: 0x80, NODES: 0x81}


class Node(NamedTuple):
    """A node: its number, the blocks of its data and of its subnodes (0: none), its parent."""

    nid: int
    data: int
    sub: int
    parent: int = 0


class Layout(NamedTuple):
    """Sizes and structures in which the three variants differ."""

    name: str
    page: int
    trailer: int  # offset in a page; the checksum covers what is before it
    counts: Struct  # entries, most entries, bytes an entry, level; ends a tree page's entries
    counts_at: int
    page_trailer: Struct  # type, type, signature, then checksum and number, see ``bid_first``
    bid_first: bool
    branch: str
    node: str
    block: str
    block_trailer: Struct
    align: int
    sub_header: int
    sub_leaf: str
    sub_branch: str
    word: str  # array type code of a block number
    reference: Struct  # of a tree's root in the file header: number, offset
    roots_at: int
    end_at: int
    crypt_at: int


_ANSI = Layout(
    "ANSI", 512, 500, Struct("<BBBB"), 496, Struct("<BBHII"), True, "<III", "<IIII", "<IIHH",
    Struct("<HHII"), 64, 4, "<III", "<II", "I", Struct("<II"), 184, 168, 461,
)  # fmt: skip
_UNICODE = Layout(
    "Unicode", 512, 496, Struct("<BBBB"), 488, Struct("<BBHIQ"), False, "<QQQ", "<QQQI4x",
    "<QQHH4x", Struct("<HHIQ"), 64, 8, "<QQQ", "<QQ", "Q", Struct("<QQ"), 216, 184, 513,
)  # fmt: skip
_UNICODE_4K = _UNICODE._replace(
    name="Unicode 4k", page=4096, trailer=4072, counts=Struct("<HHBB"), counts_at=4056,
    block_trailer=Struct("<HHIQHH4x"), align=512,
)  # fmt: skip


def checksum(data: bytes) -> int:
    """The CRC of [MS-PST] 5.3: CRC-32 without the usual inversions."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


class Page(NamedTuple):
    """A page of one of the two trees: ``keys`` ascending, ``rows`` as unpacked."""

    number: int
    level: int
    keys: list[int]
    rows: list[tuple[int, ...]]


class Database:
    """One open store file. Not for several threads; close the file yourself.

    ``size`` is the length of the file in bytes, ``announced`` what its header says it should be.
    Raises ``EvidenceError`` from every method when the structure does not allow an answer.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        head = self.raw(0, 564)
        if len(head) < 564 or head[:4] != b"!BDN":
            raise EvidenceError(State.CORRUPT, "It has no header of an Outlook store.")
        self.version = int.from_bytes(head[10:12], "little")
        self.layout = _layout(self.version)
        here = self.layout
        self.crypt = head[here.crypt_at]
        if self.crypt > 2:
            raise EvidenceError(
                State.UNSUPPORTED,
                f"Its blocks are encrypted by a method (0x{self.crypt:02x}) without a known key; "
                "open it with Outlook under the account that wrote it and export a PST.",
            )
        width = here.reference.size // 2
        self.announced = int.from_bytes(head[here.end_at : here.end_at + width], "little")
        nodes_root, blocks_root = (
            here.reference.unpack_from(head, here.roots_at + i * here.reference.size)[1]
            for i in range(2)
        )
        self._roots = {NODES: nodes_root, BLOCKS: blocks_root}
        self._cache: dict[tuple[str, int], Page] = {}
        self.salvage: Salvage | None = None
        self.damaged: set[int] = set()  # blocks whose checksum does not fit
        self.lost_pages: set[int] = set()  # offsets of tree pages that can't be read

    # pages and trees

    def raw(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes of the file from ``offset``."""
        if offset < 0 or offset > self.size:
            return b""
        self._file.seek(offset)
        return self._file.read(count)

    def page(self, tree: str, offset: int) -> Page:
        """The page of ``tree`` at ``offset``, checked. Raises ``EvidenceError``."""
        known = self._cache.get((tree, offset))
        if known is not None:
            return known
        data = self.raw(offset, self.layout.page)
        page = self.parse_page(tree, data) if len(data) == self.layout.page else None
        if page is None:
            self.lost_pages.add(offset)
            state = State.TRUNCATED if len(data) < self.layout.page else State.CORRUPT
            raise EvidenceError(state, f"A page of its index of {tree} can't be read.")
        if len(self._cache) >= _PAGES_CACHED:
            self._cache.clear()
        self._cache[tree, offset] = page
        return page

    def parse_page(self, tree: str, data: bytes) -> Page | None:
        """``data`` as a page of ``tree``; ``None`` when it is none or its checksum is wrong."""
        here = self.layout
        kind, again, _, *rest = here.page_trailer.unpack_from(data, here.trailer)
        if kind != _PAGE_TYPE[tree] or again != kind:
            return None
        crc, number = reversed(rest) if here.bid_first else rest
        if crc and crc != checksum(data[: here.trailer]):
            return None
        count, _, width, level = here.counts.unpack_from(data, here.counts_at)
        form = Struct(here.branch if level else here.node if tree == NODES else here.block)
        if level > 10 or width < form.size or count * width > here.counts_at:
            return None
        rows: list[tuple[int, ...]]
        if width == form.size:
            rows = list(form.iter_unpack(data[: count * width]))
        else:
            rows = [form.unpack_from(data, i * width) for i in range(count)]
        mask = 0xFFFFFFFF if tree == NODES else ~1
        return Page(number, level, [row[0] & mask for row in rows], rows)

    def _find(self, tree: str, key: int) -> tuple[tuple[int, ...] | None, bool]:
        """The entry of ``key``, and whether it is one that no living page of the tree holds."""
        try:
            found = self._descend(tree, key)
        except EvidenceError:
            if self.salvage is None:
                from ediscovery.extract.outlook.recover import scan

                self.salvage = scan(self)
            found = None
        if found is None and self.salvage is not None:
            return self.salvage.find(self, tree, key), True
        return found, False

    def _descend(self, tree: str, key: int) -> tuple[int, ...] | None:
        page = self.page(tree, self._roots[tree])
        while True:
            at = bisect_right(page.keys, key) - 1
            if at < 0:
                return None
            if not page.level:
                return page.rows[at] if page.keys[at] == key else None
            below = self.page(tree, page.rows[at][2])
            if below.level != page.level - 1:
                raise EvidenceError(State.CORRUPT, f"Its index of {tree} is no tree.")
            page = below

    def node(self, nid: int) -> Node:
        """The node ``nid``; raises ``EvidenceError`` when the store has none."""
        row, _ = self._find(NODES, nid)
        if row is None:
            raise EvidenceError(State.CORRUPT, f"Its index lacks the node 0x{nid:x}.")
        return Node(nid, *row[1:4])

    def nodes(self) -> Iterator[Node]:
        """All nodes by ascending number; those of unreadable pages as far as salvage has them."""
        last = -1
        for page in self._leaves(self._roots[NODES], None):
            for nid, row in zip(page.keys, page.rows, strict=True):
                if nid > last:
                    last = nid
                    yield Node(nid, *row[1:4])

    def _leaves(self, offset: int, above: int | None) -> Iterator[Page]:
        """Leaf pages of the tree of nodes in order, without recursion; lost ones are noted."""
        stack = [(offset, above)]
        seen: set[int] = set()
        while stack:
            offset, above = stack.pop()
            if offset in seen:  # a ring
                self.lost_pages.add(offset)
                continue
            seen.add(offset)
            try:
                page = self.page(NODES, offset)
            except EvidenceError:
                continue
            if above is not None and page.level != above - 1:
                self.lost_pages.add(offset)
            elif page.level:
                stack.extend((row[2], page.level) for row in reversed(page.rows))
            else:
                yield page

    # blocks

    def block(self, bid: int, strict: bool = False) -> bytes:
        """The data of block ``bid``, in clear. With ``strict``, only when its trailer fits it."""
        row, salvaged = self._find(BLOCKS, bid & ~1)
        if row is None:
            raise EvidenceError(State.CORRUPT, f"Its index lacks the block 0x{bid:x}.")
        strict = strict or salvaged  # the space may have been written over
        here = self.layout
        offset, size = row[1], row[2]
        full = -(-(size + here.block_trailer.size) // here.align) * here.align
        raw = self.raw(offset, full)
        if len(raw) < size:
            raise EvidenceError(State.TRUNCATED, f"The block 0x{bid:x} lies beyond its end.")
        data = raw[:size]
        if len(raw) == full:
            data = self._check(bid, data, raw, strict)
        elif strict:
            raise EvidenceError(State.TRUNCATED, f"The block 0x{bid:x} is cut.")
        if self.crypt and not bid & 2:
            return unpermute(data) if self.crypt == 1 else cyclic(data, bid & 0xFFFFFFFF)
        return data

    def _check(self, bid: int, data: bytes, raw: bytes, strict: bool) -> bytes:
        here = self.layout
        size, _, third, fourth, *more = here.block_trailer.unpack_from(
            raw, len(raw) - here.block_trailer.size
        )
        crc, number = (fourth, third) if here.bid_first else (third, fourth)
        fits = size == len(data) and number & ~1 == bid & ~1 and crc in (0, checksum(data))
        if not fits:
            if strict:
                raise EvidenceError(State.CORRUPT, f"The block 0x{bid:x} was overwritten.")
            self.damaged.add(bid)
        if more and more[1] not in (0, len(data)):
            try:
                return zlib.decompressobj().decompress(data, more[1])
            except zlib.error as error:
                message = f"The block 0x{bid:x} can't be inflated."
                raise EvidenceError(State.CORRUPT, message) from error
        return data

    def leaves(self, bid: int, strict: bool = False) -> tuple[list[int] | array[int], int | None]:
        """The numbers of the data blocks under ``bid`` and the bytes they announce together."""
        if not bid:
            return [], 0
        if not bid & 2:
            return [bid], None
        data = self.block(bid, strict)
        kind, level, total, below = self._internal(data)
        if kind != 1 or level not in (1, 2):
            raise EvidenceError(State.CORRUPT, f"The block 0x{bid:x} is no list of blocks.")
        if level == 1:
            return below, total
        result = array(self.layout.word)
        for part in below:
            kind, level, _, more = self._internal(self.block(part, strict))
            if kind != 1 or level != 1:
                raise EvidenceError(State.CORRUPT, f"The block 0x{bid:x} is no list of lists.")
            result.extend(more)
        return result, total

    def _internal(self, data: bytes) -> tuple[int, int, int, array[int]]:
        if len(data) < 8:
            raise EvidenceError(State.CORRUPT, "A list of its blocks is cut.")
        count, total = int.from_bytes(data[2:4], "little"), int.from_bytes(data[4:8], "little")
        width = self.layout.reference.size // 2
        below = array(self.layout.word)
        if below.itemsize == width:
            below.frombytes(data[8 : 8 + (len(data) - 8) // width * width])
        return data[0], data[1], total, below[:count]

    def chunks(self, bid: int, strict: bool = False) -> Iterator[bytes]:
        """The data under ``bid`` block by block."""
        for leaf in self.leaves(bid, strict)[0]:
            yield self.block(leaf, strict)

    def read(self, bid: int, limit: int, strict: bool = False) -> bytes:
        """All data under ``bid``; more than ``limit`` bytes raise ``EvidenceError``."""
        parts, left = [], limit
        for part in self.chunks(bid, strict):
            left -= len(part)
            if left < 0:
                raise EvidenceError(f"{State.LIMIT}:item", f"It is larger than {limit} bytes.")
            parts.append(part)
        return b"".join(parts)

    def subnodes(self, bid: int, strict: bool = False) -> dict[int, Node]:
        """The nodes inside a node, from the block ``bid`` of its subnodes."""
        if not bid:
            return {}
        here = self.layout
        data = self.block(bid, strict)
        if len(data) < here.sub_header or data[0] != 2 or data[1] > 1:
            raise EvidenceError(State.CORRUPT, f"The block 0x{bid:x} is no list of subnodes.")
        blocks: list[bytes] = [data]
        if data[1] == 1:
            lower = self._rows(data, here.sub_branch)
            blocks = [self.block(row[1], strict) for row in lower]
        result: dict[int, Node] = {}
        for block in blocks:
            if len(block) < here.sub_header or block[0] != 2 or block[1]:
                raise EvidenceError(State.CORRUPT, "A list of subnodes holds something else.")
            for nid, first, second in self._rows(block, here.sub_leaf):
                result[nid & 0xFFFFFFFF] = Node(nid & 0xFFFFFFFF, first, second)
            if len(result) > _SUBNODES:
                raise EvidenceError(f"{State.LIMIT}:members", "A node has too many subnodes.")
        return result

    def _rows(self, data: bytes, form: str) -> Iterator[tuple[int, ...]]:
        start, size = self.layout.sub_header, Struct(form).size
        count = min(int.from_bytes(data[2:4], "little"), (len(data) - start) // size)
        return iter_unpack(form, data[start : start + count * size])


class Salvage:
    """Tree pages found by scanning the file, for lookups that the trees can't answer.

    Pages of several generations lie about; for a key the one written last (highest number) counts.
    """

    _LOOK_BACK = 256

    def __init__(self, with_blocks: bool = False) -> None:
        self._with_blocks = with_blocks
        self._found: Found | None = None
        self._pages: dict[str, list[tuple[int, int, int, int]]] = {NODES: [], BLOCKS: []}
        self._starts: dict[str, list[int]] = {NODES: [], BLOCKS: []}

    def add(self, tree: str, page: Page, offset: int) -> None:
        """Keep a leaf page of ``tree`` that was found at ``offset``."""
        self._pages[tree].append((page.keys[0], page.keys[-1], page.number, offset))

    def sort(self) -> None:
        """To be called once all pages are added."""
        for tree, pages in self._pages.items():
            pages.sort()
            self._starts[tree] = [page[0] for page in pages]

    def find(self, database: Database, tree: str, key: int) -> tuple[int, ...] | None:
        """The newest entry of ``key`` among the pages found."""
        pages = self._pages[tree]
        newest, found = -1, None
        at = bisect_right(self._starts[tree], key) - 1
        for first, last, number, offset in pages[max(0, at + 1 - self._LOOK_BACK) : at + 1]:
            if first <= key <= last and number > newest:
                page = database.page(tree, offset)
                where = bisect_right(page.keys, key) - 1
                if page.keys[where] == key:
                    newest, found = number, page.rows[where]
        if found is None and tree == BLOCKS and self._with_blocks:
            place = self.blocks(database).blocks.get(key)
            return None if place is None else (key, *place)
        return found

    def blocks(self, database: Database) -> Found:
        """All blocks by their trailers; one scan of the file, kept."""
        if self._found is None:
            from ediscovery.extract.outlook.recover import scan_blocks

            self._found = scan_blocks(database)
        return self._found

    def nodes(self, database: Database) -> dict[int, Node]:
        """Every node on the pages found, each as written last."""
        newest: dict[int, tuple[int, Node]] = {}
        for _, _, number, offset in self._pages[NODES]:
            page = database.page(NODES, offset)
            for nid, row in zip(page.keys, page.rows, strict=True):
                if nid not in newest or newest[nid][0] < number:
                    newest[nid] = (number, Node(nid, *row[1:4]))
        return {nid: newest[nid][1] for nid in sorted(newest)}


def _layout(version: int) -> Layout:
    if version in (14, 15):
        return _ANSI
    if 20 <= version < 36:
        return _UNICODE
    if version >= 36:
        return _UNICODE_4K
    raise EvidenceError(State.UNSUPPORTED, f"Stores of version {version} are not known.")
