"""Group IV compression (ITU-T T.6), by whole pages in NumPy.

Two-dimensional coding looks sequential and is not: the code of a changing element depends only on
the element before it and on the row above, both known beforehand. Only which element a horizontal
code swallows runs along the row, and that follows from the parity of its place in a run of such
codes. On dense pages of text this takes about half the time of libtiff fed through Pillow.
"""

from __future__ import annotations

from functools import cache
from typing import Any

# T.4 tables 2 and 3: the codes of run lengths 0 to 63, then of 64, 128, ... 1728; tables 3a and 3b:
# those of 1792, 1856, ... 2560, which both colours share.
_WHITE = """
    00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100
    110101 101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011
    0100100 0011000 00000010 00000011 00011010 00011011 00010010 00010011 00010100 00010101
    00010110 00010111 00101000 00101001 00101010 00101011 00101100 00101101 00000100 00000101
    00001010 00001011 01010010 01010011 01010100 01010101 00100100 00100101 01011000 01011001
    01011010 01011011 01001010 01001011 00110010 00110011 00110100
    11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000 01100111 011001100
    011001101 011010010 011010011 011010100 011010101 011010110 011010111 011011000 011011001
    011011010 011011011 010011000 010011001 010011010 011000 010011011
"""
_BLACK = """
    0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100
    00000111 000011000 0000010111 0000011000 0000001000 00001100111 00001101000 00001101100
    00000110111 00000101000 00000010111 00000011000 000011001010 000011001011 000011001100
    000011001101 000001101000 000001101001 000001101010 000001101011 000011010010 000011010011
    000011010100 000011010101 000011010110 000011010111 000001101100 000001101101 000011011010
    000011011011 000001010100 000001010101 000001010110 000001010111 000001100100 000001100101
    000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000
    000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111
    0000001111 000011001000 000011001001 000001011011 000000110011 000000110100 000000110101
    0000001101100 0000001101101 0000001001010 0000001001011 0000001001100 0000001001101
    0000001110010 0000001110011 0000001110100 0000001110101 0000001110110 0000001110111
    0000001010010 0000001010011 0000001010100 0000001010101 0000001011010 0000001011011
    0000001100100 0000001100101
"""
_SHARED = """
    00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101
    000000010110 000000010111 000000011100 000000011101 000000011110 000000011111
"""
_LONGEST = "000000011111"  # the last of them
_LONG = 2560  # the longest run that one make-up code states; it may be repeated
_VERTICAL = ("0000010", "000010", "010", "1", "011", "000011", "0000011")  # a1 - b1: -3 to 3
_PASS, _HORIZONTAL, _END = "0001", "001", "000000000001" * 2
_PASSES = 5  # that are written as one code
_BAND = 16_384  # elements


@cache
def _run_codes() -> tuple[Any, Any]:
    """Codes and their lengths in bits of runs 0 to 2559: white at [0], black at [1]."""
    import numpy as np

    codes = np.zeros((2, _LONG), np.uint32)
    sizes = np.zeros((2, _LONG), np.uint8)
    for colour, listed in enumerate((_WHITE, _BLACK)):
        table = listed.split()
        more = ["", *table[64:], *_SHARED.split()]
        for run in range(_LONG):
            code = more[run // 64] + table[run % 64]
            codes[colour, run], sizes[colour, run] = int(code, 2), len(code)
    return codes.reshape(-1), sizes.reshape(-1)


@cache
def _mode_codes() -> tuple[Any, Any]:
    """Codes and lengths at [8 * passes + mode]: up to four passes, then vertical 0 to 6 (a1 - b1
    plus 3) or horizontal (7)."""
    import numpy as np

    all_of = [_PASS * n + mode for n in range(_PASSES) for mode in (*_VERTICAL, _HORIZONTAL)]
    codes = np.array([int(code, 2) for code in all_of], np.uint32)
    return codes, np.array([len(code) for code in all_of], np.uint8)


def encode(bits: Any, width: int) -> bytes:
    """The rows of ``bits`` as one Group IV stream, its end marked (EOFB), high bit first.

    ``bits``: array of bytes, shape (height, ceil(width / 8)), 1 is black, leftmost pixel in the
    high bit; bits beyond ``width`` are ignored.
    """
    import numpy as np

    place, first = _elements(bits, width)
    codes: list[Any] = []
    sizes: list[Any] = []
    # In bands that stay within the processor's cache; a band begins with its reference row.
    height, top = len(bits), 0
    while top < height:
        full = int(np.searchsorted(first, first[top + 1] + _BAND, side="right")) - 2
        bottom = max(top + 1, min(height, full))
        band = first[top : bottom + 2]
        _band(place[band[0] : band[-1]], band - band[0], width, codes, sizes)
        top = bottom
    return _joined(codes, sizes)


def _elements(bits: Any, width: int) -> tuple[Any, Any]:
    """The columns of the changing elements of all rows, each row's ended by ``width`` (the
    imaginary element behind its end), and where each row begins, and at last where all end.

    An imaginary white row stands before them.
    """
    import numpy as np

    inked = np.flatnonzero(bits.any(axis=1)).astype(np.int32)  # few of a page of text
    kept = bits if len(inked) == len(bits) else bits[inked]
    moved = kept >> 1
    moved[:, 1:] |= kept[:, :-1] << 7
    moved ^= kept
    flat = moved.reshape(-1)
    used = np.flatnonzero(flat != 0).astype(np.int32)
    spot = np.flatnonzero(np.unpackbits(flat[used]).view(np.bool_)).astype(np.int32)
    row, column = np.divmod(used, np.int32(bits.shape[1]))
    row = inked[row]
    byte = spot >> 3
    row, column = row[byte], (column[byte] << 3) + (spot & 7)
    inside = column < width
    if not inside.all():
        row, column = row[inside], column[inside]
    first = np.zeros(len(bits) + 2, np.int64)
    first[1] = 1
    first[2:] = np.cumsum(np.bincount(row, minlength=len(bits)) + 1) + 1
    place = np.full(first[-1], width, np.int32)
    place[np.arange(1, len(column) + 1, dtype=np.int32) + row] = column
    return place, first


def _band(place: Any, first: Any, width: int, codes: list[Any], sizes: list[Any]) -> None:
    """Add the codes of some rows, and their lengths; the first row is only the reference."""
    import numpy as np

    first = first.astype(np.int32)
    counts = np.diff(first)
    row = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    # In 32 bits where they fit, which is quicker.
    wide = np.int32(width + 2) if len(counts) * (width + 2) < 1 << 31 else np.int64(width + 2)
    keys = row * wide + place
    begin = first[1]
    at, row = place[begin:], row[begin:]
    order = np.arange(begin, len(place), dtype=np.int32)
    # Indexes of the first and last element of the row and of the one above it.
    above, origin, stop = first[row - 1], first[row], first[row] - 1
    turn = (order - origin) & 1  # 0: turns to black, 1: to white
    begins = first[1:-1] - begin
    ends = first[2:] - 1 - begin
    wanted = keys[begin:] - wide
    left = np.searchsorted(keys, wanted).astype(np.int32)
    # The first element above that lies right of a0: of the next a it is what lies right of this.
    b1 = np.empty_like(left)
    b1[1:] = (left + (keys[left] == wanted))[:-1]
    b1[begins] = above[begins]
    b1 += ((b1 - above) & 1) ^ turn  # it must turn to the same colour
    passes = np.maximum(left - b1, 0) >> 1
    b1 += passes << 1
    away = at - place[np.minimum(b1, stop)]
    away += 3
    level = (away < 0) | (away > 6)  # horizontal
    last = np.zeros(len(at), np.bool_)
    last[ends] = True
    swallows = level & ~last
    # An element goes without a code when a horizontal one before it holds it as its a2.
    chain = np.arange(len(at), dtype=np.int32)
    origin = chain.copy()
    origin[1:][swallows[:-1]] = 0
    coded = ((chain - np.maximum.accumulate(origin)) & 1) == 0
    away[level] = 7
    flat = np.flatnonzero(coded & level)
    start = np.empty_like(at)
    start[1:] = at[:-1]
    start[begins] = 0
    start = np.where(passes[flat] > 0, place[np.minimum(b1[flat] - 1, stop[flat])], start[flat])
    follow = np.minimum(flat + 1, len(at) - 1)
    follow[last[flat]] = 0
    two = np.where(follow > 0, at[follow], at[flat]) - at[flat]
    kept = np.flatnonzero(coded)
    runs = (at[flat] - start, two, turn[flat], np.cumsum(coded, dtype=np.int32)[flat] - 1)
    found = _codes(passes[kept], away[kept], *runs)
    codes.append(found[0])
    sizes.append(found[1])


def _codes(passes: Any, mode: Any, one: Any, two: Any, turn: Any, level: Any) -> tuple[Any, Any]:
    """The codes of elements in order and their lengths: passes and mode of each; ``level`` are the
    indexes of the horizontal ones, ``one`` and ``two`` their runs, ``turn`` the first one's colour.
    """
    import numpy as np

    run_codes, run_sizes = _run_codes()
    mode_codes, mode_sizes = _mode_codes()
    slots = passes // _PASSES + 1
    long_one, long_two = one // _LONG, two // _LONG
    slots[level] += long_one + long_two + 2
    after = np.cumsum(slots)
    # What is not set below is a full set of passes.
    codes = np.full(after[-1], int(_PASS * _PASSES, 2), np.uint32)
    sizes = np.full(after[-1], len(_PASS) * _PASSES, np.uint8)
    spot = after - slots + passes // _PASSES
    which = (passes % _PASSES << 3) + mode
    codes[spot], sizes[spot] = mode_codes[which], mode_sizes[which]
    spot = spot[level]
    for run, long, colour in ((one, long_one, turn), (two, long_two, 1 - turn)):
        for turns in range(1, int(long.max(initial=0)) + 1):
            more = spot[long >= turns] + turns
            codes[more], sizes[more] = int(_LONGEST, 2), len(_LONGEST)
        spot = spot + long + 1
        which = colour * _LONG + run % _LONG
        codes[spot], sizes[spot] = run_codes[which], run_sizes[which]
    return codes, sizes


def _joined(codes: list[Any], sizes: list[Any]) -> bytes:
    """Codes of at most 32 bits, one behind the other, then the end mark and zeros to a byte."""
    import numpy as np

    code = np.concatenate([*codes, [int(_END, 2)]]).astype(np.uint64)
    size = np.concatenate([*sizes, [len(_END)]]).astype(np.int64)
    stop = np.cumsum(size)
    start = stop - size
    word = start >> 5
    code <<= (64 - (start & 31) - size).astype(np.uint64)
    # No bit is set twice, so sums are unions, and below 2**32 exact in a double.
    count = int(word[-1]) + 2
    high = np.bincount(word, code >> 32, count)
    low = np.bincount(word + 1, code & 0xFFFFFFFF, count)
    words = (high + low).astype(np.uint32)
    return words.astype(">u4").tobytes()[: (int(stop[-1]) + 7) >> 3]
