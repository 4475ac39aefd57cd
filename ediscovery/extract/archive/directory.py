"""The list of members of a ZIP: from its central directory, or from local headers without one.

Follows PKWARE's APPNOTE 6.3.10. Reads structure only and no member's data.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

Buffer = bytes | memoryview

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_TAIL = 65535 + _END.size
_FULL = 0xFFFFFFFF


class Member(NamedTuple):
    """One entry. ``offset`` is that of its local header, from the start of the buffer."""

    name: bytes
    system: int  # 0: DOS, 3: Unix
    flags: int
    method: int
    time: int  # DOS date << 16 | DOS time
    crc: int
    stored: int  # bytes as stored
    size: int  # bytes unfolded
    attributes: int
    offset: int
    extra: bytes
    comment: bytes = b""


@dataclass(slots=True)
class Directory:
    """All members in the order of the directory, and what is odd about it."""

    members: list[Member]
    announced: int  # number of entries that the end record states
    start: int  # where the central directory begins; where scanning ended without one
    problems: list[str] = field(default_factory=list)
    scanned: bool = False  # read from local headers
    split: bool = False  # part of a set of several volumes
    prefix: int = 0  # bytes before the archive (a program that unpacks itself)
    comment: bytes = b""


def read_directory(data: Buffer, limit: int = 1 << 31) -> Directory | None:
    """The central directory of ``data``; ``None`` when it has none that can be read.

    At most ``limit`` members are listed; ``announced`` tells how many there are.
    """
    end = _find_end(data)
    if end is None:
        return None
    at, (_, disk, first_disk, _, count, size, offset, noted) = end
    comment = bytes(data[at + _END.size : at + _END.size + noted])
    if count == 0xFFFF or size == _FULL or offset == _FULL:
        wide = _find_end64(data, at)
        if wide is not None:
            at, (disk, first_disk, count, size, offset) = wide
    start = at - size
    if start < 0:
        return None
    split = disk not in (0, 0xFFFF) or first_disk not in (0, 0xFFFF)
    prefix = 0 if split else start - offset
    result = Directory([], count, start, split=split, prefix=prefix, comment=comment)
    position = start
    for _ in range(min(count, limit)):
        member = _central(data, position, at, result.prefix)
        if member is None:
            result.problems.append("The central directory is broken after its first entries.")
            break
        result.members.append(member[0])
        position = member[1]
    if count and not result.members:
        return None
    return result


def scan(data: Buffer, limit: int = 1 << 31) -> Directory:
    """The members that local headers announce, for a ZIP without a central directory.

    A member of unknown length ends where the next header's signature begins.
    """
    raw = data if isinstance(data, bytes) else bytes(data)
    members: list[Member] = []
    at = raw.find(b"PK\x03\x04")
    while at >= 0 and len(members) < limit and len(raw) - at >= _LOCAL.size:
        fields = _LOCAL.unpack_from(raw, at)
        _, _, flags, method, clock, date, crc, stored, size, name_length, extra_length = fields
        begin = at + _LOCAL.size + name_length + extra_length
        name = raw[at + _LOCAL.size : at + _LOCAL.size + name_length]
        extra = raw[begin - extra_length : begin]
        size, stored, _ = _wide(extra, size, stored, 0)
        if flags & 8 and not stored:
            stop = _next_header(raw, begin)
            stored, size, crc = stop - begin, 0, 0
            stored, size, crc = _descriptor(raw, begin, stop, stored, size, crc)
        stop = begin + stored
        if name:
            members.append(
                Member(name, 0, flags, method, date << 16 | clock, crc, stored, size, 0, at, extra)
            )
        at = raw.find(b"PK\x03\x04", stop if stop <= len(raw) else begin)
    return Directory(members, len(members), len(raw), ["It has no central directory."], True)


def data_span(data: Buffer, member: Member) -> tuple[int, int] | None:
    """Start and end of a member's stored bytes; ``None`` when its local header is not there."""
    if member.offset < 0 or member.offset + _LOCAL.size > len(data):
        return None
    fields = _LOCAL.unpack_from(data, member.offset)
    if fields[0] != b"PK\x03\x04":
        return None
    start = member.offset + _LOCAL.size + fields[9] + fields[10]
    return start, start + member.stored


def overlaps(directory: Directory) -> bool:
    """Whether two members share stored bytes, or one reaches into the central directory.

    Only then can a ZIP unfold to more than DEFLATE's 1032 times its size.
    """
    spans = sorted(
        (m.offset, m.offset + _LOCAL.size + len(m.name) + m.stored)
        for m in directory.members
        if m.stored
    )
    reached = 0
    for start, end in spans:
        if start < reached:
            return True
        reached = end
    return reached > directory.start


def _find_end(data: Buffer) -> tuple[int, tuple[bytes, int, int, int, int, int, int, int]] | None:
    base = max(0, len(data) - _TAIL)
    tail = bytes(data[base:])
    at = len(tail)
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        if len(tail) - at >= _END.size:
            fields = _END.unpack_from(tail, at)
            # The comment's length must fit, so that a comment that holds the signature is no end.
            if at + _END.size + fields[7] <= len(tail):
                return base + at, fields
    return None


def _find_end64(data: Buffer, end: int) -> tuple[int, tuple[int, int, int, int, int]] | None:
    locator = end - _LOCATOR.size
    if locator < 0:
        return None
    signature, _, offset, _ = _LOCATOR.unpack_from(data, locator)
    if signature != b"PK\x06\x07":
        return None
    # Bytes before the archive move the record, so look right before its locator as well.
    for at in (offset, locator - _END64.size):
        if 0 <= at <= len(data) - _END64.size:
            fields = _END64.unpack_from(data, at)
            if fields[0] == b"PK\x06\x06":
                return at, (fields[4], fields[5], fields[7], fields[8], fields[9])
    return None


def _central(data: Buffer, at: int, stop: int, prefix: int) -> tuple[Member, int] | None:
    if at + _CENTRAL.size > stop:
        return None
    fields = _CENTRAL.unpack_from(data, at)
    signature, made, _, flags, method, clock, date, crc, stored, size = fields[:10]
    name_length, extra_length, comment_length, _, _, attributes, offset = fields[10:]
    if signature != b"PK\x01\x02":
        return None
    at += _CENTRAL.size
    end = at + name_length + extra_length + comment_length
    name = bytes(data[at : at + name_length])
    extra = bytes(data[at + name_length : at + name_length + extra_length])
    if stored == _FULL or size == _FULL or offset == _FULL:
        size, stored, offset = _wide(extra, size, stored, offset)
    member = Member(
        name, made >> 8, flags, method, date << 16 | clock, crc, stored, size, attributes,
        offset + prefix, extra, bytes(data[at + name_length + extra_length : end]),
    )  # fmt: skip
    return member, end


def extra_field(extra: bytes, wanted: int) -> bytes | None:
    """The body of the extra field ``wanted``, or ``None``."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return None


def _wide(extra: bytes, size: int, stored: int, offset: int) -> tuple[int, int, int]:
    """Replace values of all ones by those of the ZIP64 extra field, in its fixed order."""
    body = extra_field(extra, 1)
    if body is None:
        return size, stored, offset
    values = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
    return (
        next(values, size) if size == _FULL else size,
        next(values, stored) if stored == _FULL else stored,
        next(values, offset) if offset == _FULL else offset,
    )


def _next_header(raw: bytes, start: int) -> int:
    found = [at for s in (b"PK\x03\x04", b"PK\x01\x02") if (at := raw.find(s, start)) >= 0]
    return min(found, default=len(raw))


def _descriptor(
    raw: bytes, begin: int, stop: int, stored: int, size: int, crc: int
) -> tuple[int, int, int]:
    """Lengths and CRC from the data descriptor that ends at ``stop``, when there is one."""
    for signature in (b"PK\x07\x08", b""):
        at = stop - 12 - len(signature)
        if at >= begin and raw[at : at + len(signature)] == signature:
            found_crc, found_stored, found_size = struct.unpack_from("<3L", raw, stop - 12)
            if found_stored == at - begin:
                return found_stored, found_size, found_crc
    return stored, size, crc
