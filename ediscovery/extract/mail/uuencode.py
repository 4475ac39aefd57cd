"""Uuencoded files: as a part's transfer encoding, and pasted into plain bodies by old programs."""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,4}[ \t]+([^\r\n]+)\r?\n(?=[!-`]?[ -`]*\r?$)", re.M)
_END = re.compile(rb"^end[ \t]*\r?$", re.M)


class Block(NamedTuple):
    """One file in a body: its name and where it stands, from ``begin`` to the end of ``end``."""

    name: bytes
    start: int
    inside: int  # the first line of data
    stop: int  # after the last line of data
    end: int


def blocks(body: bytes) -> list[Block]:
    """The uuencoded files in a plain ``body``, in order."""
    found: list[Block] = []
    if b"begin " not in body:
        return found
    at = 0
    while (begin := _BEGIN.search(body, at)) is not None:
        end = _END.search(body, begin.end())
        stop = end.start() if end else len(body)
        if not _looks_encoded(body[begin.end() : stop]):
            at = begin.end()
            continue
        at = end.end() if end else stop
        found.append(Block(begin.group(1).strip(), begin.start(), begin.end(), stop, at))
    return found


def _looks_encoded(data: bytes) -> bool:
    """Whether the first line's length is the one that its first letter announces."""
    line = data.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        return False
    count = (line[0] - 32) & 63
    return len(line.rstrip()) - 1 <= (count + 2) // 3 * 4 + 1 and (
        count == 0 or len(line) - 1 >= count * 4 // 3 - 4
    )


def uudecode(data: bytes, problems: list[str]) -> bytes:
    """The bytes of uuencoded ``data``; its ``begin`` and ``end`` lines may stand around it."""
    begin = _BEGIN.search(data)
    result = bytearray()
    bad = 0
    for line in data[begin.end() if begin else 0 :].splitlines():
        if line.rstrip() == b"end":
            break
        if not line:
            continue
        try:
            result += binascii.a2b_uu(line)
        except binascii.Error:
            # Blanks lost or added at the end of the line: its first letter tells its length.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                result += binascii.a2b_uu(line[:count].ljust(count))
            except binascii.Error:
                bad += 1
    if bad:
        problems.append(f"{bad} lines of an uuencoded file are damaged and were left out.")
    return bytes(result)
