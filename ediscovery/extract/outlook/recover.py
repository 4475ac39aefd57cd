"""Finds pages and blocks of a PST or OST by scanning it: what was deleted, what damage hid.

Outlook writes changed pages anew and frees the old ones, so freed pages still name deleted nodes
until they are overwritten. A page or block counts only when its numbers and checksum fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from ediscovery.extract.outlook.cipher import cyclic, unpermute
from ediscovery.extract.outlook.ndb import BLOCKS, NODES, Database, Salvage, checksum

_STEP = 512  # pages start at multiples of this
_PIECE = 1 << 20
_TREE_PAGE = re.compile(b"[\x80\x81]")
_TREES = {0x80: BLOCKS, 0x81: NODES}
_MAP_TYPE = 0x84


def scan(database: Database, free_only: bool = False) -> Salvage:
    """All leaf pages of both trees in the file; with ``free_only``, those in unused space.

    Without, blocks that no page knows are found by their trailers too, when they are asked for.
    """
    salvage = Salvage(with_blocks=not free_only)
    here = database.layout
    for start, data in _regions(database, free_only):
        kinds = data[here.trailer :: _STEP]
        for match in _TREE_PAGE.finditer(kinds):
            at = match.start() * _STEP
            tree = _TREES[match.group()[0]]
            page = database.parse_page(tree, data[at : at + here.page])
            if page is not None and not page.level and page.keys:
                salvage.add(tree, page, start + at)
    salvage.sort()
    return salvage


def _regions(database: Database, free_only: bool) -> Iterator[tuple[int, bytes]]:
    """Offsets and bytes to look at; each page lies in one of them as a whole."""
    page = database.layout.page
    if not free_only:
        for start in range(0, database.size, _PIECE):
            data = database.raw(start, _PIECE + page - _STEP)
            if len(data) >= page:
                yield start, data
        return
    for start, end in _free(database):
        for at in range(start, end, _PIECE):
            data = database.raw(at, min(_PIECE + page - _STEP, end - at))
            if len(data) >= page:
                yield at, data


def _free(database: Database) -> Iterator[tuple[int, int]]:
    """Stretches that the allocation maps call free; all of a stretch whose map is damaged."""
    here = database.layout
    first, skip = (0x22000, 0) if here.page == 4096 else (0x4400, 4 if here.bid_first else 0)
    size = here.trailer - skip
    step = size * 8 * here.align
    for offset in range(first, database.size, step):
        data = database.raw(offset, here.page)
        end = min(offset + step, database.size)
        if len(data) < here.page or data[here.trailer] != _MAP_TYPE:
            yield offset, end
            continue
        unit = 8 * here.align  # bytes that one byte of the map stands for
        for match in re.finditer(rb"\0+", data[skip : here.trailer]):
            yield offset + match.start() * unit, min(offset + match.end() * unit, end)


class Found(NamedTuple):
    """Blocks by number with offset and size, and those that a node's properties begin with."""

    blocks: dict[int, tuple[int, int]]
    properties: list[int]


def scan_blocks(database: Database) -> Found:
    """All blocks of the file by their trailers, whatever the index says.

    A block lies at the start of its space and its trailer at the end of it, so every unit of space
    is tried as an end. What begins a list of properties is given by the number that its node would
    have: that of the list of blocks where there are several.
    """
    here = database.layout
    trailer, align = here.block_trailer, here.align
    unit = Struct(f"<{align - trailer.size}x{trailer.format.lstrip('<')}")
    blocks: dict[int, tuple[int, int]] = {}
    starts: list[int] = []
    lists: dict[int, int] = {}
    carry = 65536 + align
    for piece in range(0, database.size, _PIECE):
        begin = max(0, piece - carry)
        data = database.raw(begin, _PIECE + piece - begin)
        first = piece - begin
        end = len(data) - (len(data) - first) % align
        for number, (size, signature, third, fourth, *_) in enumerate(
            unit.iter_unpack(data[first:end])
        ):
            crc, bid = (fourth, third) if here.bid_first else (third, fourth)
            full = -(-(size + trailer.size) // align) * align
            at = first + (number + 1) * align - full
            mixed = (begin + at ^ bid) & 0xFFFFFFFF
            if not size or at < 0 or not bid or signature != (mixed >> 16) ^ (mixed & 0xFFFF):
                continue
            body = data[at : at + size]
            if crc != checksum(body):
                continue
            blocks[bid & ~1] = (begin + at, size)
            if bid & 2:
                if body[:2] == b"\x01\x01" and len(body) >= 8 + trailer.size // 2:
                    width = here.reference.size // 2
                    lists.setdefault(int.from_bytes(body[8 : 8 + width], "little"), bid)
            elif here.page == 512 and _clear(database, body[:4], bid)[2:4] == b"\xec\xbc":
                starts.append(bid)
            elif here.page == 4096:
                starts.append(bid)  # may be deflated: to be found out by reading it
    return Found(blocks, [lists.get(bid, bid) for bid in starts])


def _clear(database: Database, data: bytes, bid: int) -> bytes:
    if not database.crypt:
        return data
    return unpermute(data) if database.crypt == 1 else cyclic(data, bid & 0xFFFFFFFF)
