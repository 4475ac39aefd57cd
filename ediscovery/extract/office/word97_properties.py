"""Character properties of Word 97 files: which stretches are deleted, inserted or hidden."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator

from ediscovery.extract.office.lines import DELETED, INSERTED, KEPT

_DELETED, _INSERTED, _HIDDEN = 0x0800, 0x0801, 0x083C
_OPERAND = (1, 1, 2, 4, 2, 2, -1, 3)  # bytes by the three highest bits; -1: its first byte says
_PAGE = 512


class Runs:
    """Stretches of the main stream that are deleted, inserted or hidden.

    ``data`` is the main stream, ``table`` the table of pages of character properties (PlcBteChpx).
    """

    def __init__(self, data: bytes, table: bytes) -> None:
        self.deleted = self.inserted = False
        self._found: list[tuple[int, int, int, bool]] = []
        count = max(0, (len(table) - 4) // 8)
        for index in range(count):
            (page,) = struct.unpack_from("<I", table, 4 * (count + 1) + 4 * index)
            at = (page & 0x3FFFFF) * _PAGE
            self._read_page(data[at : at + _PAGE])
        self._found.sort()
        self._starts = [run[0] for run in self._found]

    def between(self, low: int, high: int) -> Iterator[tuple[int, int, int, bool]]:
        """The bytes from ``low`` to ``high`` cut where properties change: kind, hidden or not."""
        at = low
        index = max(0, bisect_right(self._starts, low) - 1)
        while index < len(self._found) and self._found[index][0] < high:
            start, end, kind, hidden = self._found[index]
            index += 1
            start, end = max(start, at), min(end, high)
            if start >= end:
                continue
            if start > at:
                yield at, start, KEPT, False
            yield start, end, kind, hidden
            at = end
        if at < high:
            yield at, high, KEPT, False

    def _read_page(self, page: bytes) -> None:
        if len(page) < _PAGE:
            return
        count = min(page[-1], 101)
        bounds = struct.unpack_from(f"<{count + 1}I", page)
        for index in range(count):
            at = 2 * page[4 * (count + 1) + index]
            if not at:
                continue
            kind, hidden = _interesting(page[at + 1 : at + 1 + page[at]])
            if kind != KEPT or hidden:
                self.deleted = self.deleted or kind == DELETED
                self.inserted = self.inserted or kind == INSERTED
                self._found.append((bounds[index], bounds[index + 1], kind, hidden))


def operands(properties: bytes) -> Iterator[tuple[int, bytes]]:
    """The property modifiers (sprm) in ``properties``: code and operand of each."""
    at = 0
    while at + 3 <= len(properties):
        (code,) = struct.unpack_from("<H", properties, at)
        size = _OPERAND[code >> 13]
        at += 2
        if size < 0:
            size = 1 + properties[at]
            yield code, properties[at + 1 : at + size]
        else:
            yield code, properties[at : at + size]
        at += size


def _interesting(properties: bytes) -> tuple[int, bool]:
    kind, hidden = KEPT, False
    for code, operand in operands(properties):
        if not operand:
            continue
        if code == _DELETED and operand[0] & 1:
            kind = DELETED
        elif code == _INSERTED and operand[0] & 1 and kind == KEPT:
            kind = INSERTED
        elif code == _HIDDEN:
            hidden = operand[0] in (1, 0x81)
    return kind, hidden
