"""Finds the index pages of a PST or OST by scanning it: what was deleted, and what damage hid.

Outlook writes changed pages anew and frees the old ones, so freed pages still name deleted nodes
until they are overwritten. A page counts only when its type, numbers and checksum fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ediscovery.extract.outlook.ndb import BLOCKS, NODES, Database, Salvage

_STEP = 512  # pages start at multiples of this
_PIECE = 1 << 20
_TREE_PAGE = re.compile(b"[\x80\x81]")
_TREES = {0x80: BLOCKS, 0x81: NODES}
_MAP_TYPE = 0x84


def scan(database: Database, free_only: bool = False) -> Salvage:
    """All leaf pages of both trees in the file; with ``free_only``, those in unused space."""
    salvage = Salvage()
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
