"""A gzip file that unpacks to itself, computed here.

After Russ Cox, "Zip Files All The Way Down" (2010): a DEFLATE stream is a program of two kinds of
instruction, "write the bytes that follow" and "write the last bytes again", and a program of
five-byte instructions exists that writes itself. The checksum, which the file holds twice, solves a
linear system over GF(2): CRC-32 is affine in the bits of what it sums.
"""

from __future__ import annotations

import struct
import zlib

# With a name its header has 12 bytes; with one instruction 17, which one instruction can repeat.
_HEADER = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"q\0"
_LAST = b"\x01\0\0\xff\xff"  # an empty stored block that ends the stream


def gzip_quine() -> bytes:
    """A gzip file whose content is the file itself."""
    for filler in range(1 << 16):  # two free bytes, until there is a solution
        checksum = _fixed_point(filler)
        if checksum is not None:
            return _file(filler, checksum)
    raise AssertionError("there is no solution")


def _file(filler: int, checksum: int) -> bytes:
    size = 0
    for _ in range(2):  # the file names its own size, which does not depend on it
        tail = _again(18) + _LAST + struct.pack("<II", checksum, size)
        data = b"".join(
            (
                _HEADER,
                _write(17), _HEADER, _write(17),
                _again(17),
                _write(5), _again(17),
                _write(5), _write(5),
                _write(20), _again(17), _write(5), _write(5), _write(20),
                _again(20),
                _write(20), _again(20), _write(20), _again(20), _write(20),
                _again(20),
                _write(20), struct.pack("<H", filler), tail,
                tail,
            )
        )  # fmt: skip
        size = len(data)
    return data


def _write(count: int) -> bytes:
    """Write the ``count`` bytes that follow: the header of a stored block."""
    return struct.pack("<BHH", 0, count, count ^ 0xFFFF)


def _again(count: int) -> bytes:
    """Write the last ``count`` (17 to 20) bytes again: a block of two matches, five bytes long."""
    bits = "010"  # not the last block; fixed codes, least significant bit first
    for length in (count - count // 2, count // 2):
        bits += f"{length - 2:07b}"  # 257 to 264: lengths 3 to 10
        bits += f"{8:05b}" + f"{count - 17:03b}"[::-1]  # distances from 17 on, three more bits
    bits += "0" * 7  # the end of the block
    return int(bits[::-1], 2).to_bytes(5, "little")


def _fixed_point(filler: int) -> int | None:
    """The checksum that a file which holds it has; ``None`` when there is none."""
    zero = zlib.crc32(_file(filler, 0))
    rows = []  # (x ^ f(x) without its constant part, x), to be reduced
    for bit in range(32):
        x = 1 << bit
        rows.append((x ^ zlib.crc32(_file(filler, x)) ^ zero, x))
    want, solution = zero, 0
    for bit in range(31, -1, -1):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            if want >> bit & 1:
                return None
            continue
        rows.remove(pivot)
        rows = [(a ^ pivot[0], b ^ pivot[1]) if a >> bit & 1 else (a, b) for a, b in rows]
        if want >> bit & 1:
            want, solution = want ^ pivot[0], solution ^ pivot[1]
    return solution
