"""Strings of BIFF8 records, which may run on in continuation records ([MS-XLS] 2.5.293)."""

from __future__ import annotations

import struct

_WIDE, _EXTENDED, _RICH = 1, 4, 8


class Reader:
    """A place in a record and its continuations, ``chunks``, from byte ``at`` of the first."""

    def __init__(self, chunks: list[bytes], at: int) -> None:
        self._chunks = chunks
        self._index = 0
        self._at = at

    def done(self) -> bool:
        """Whether nothing is left."""
        while self._index < len(self._chunks) and self._at >= len(self._chunks[self._index]):
            self._index += 1
            self._at = 0
        return self._index >= len(self._chunks)

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer at the end."""
        pieces = []
        while count > 0 and not self.done():
            piece = self._chunks[self._index][self._at : self._at + count]
            pieces.append(piece)
            self._at += len(piece)
            count -= len(piece)
        return b"".join(pieces)

    def string(self, count: int) -> str:
        """The flags of a string and its ``count`` characters."""
        flags = self.take(1)
        return self.characters(count, bool(flags and flags[0] & _WIDE))

    def characters(self, count: int, wide: bool) -> str:
        """``count`` characters; a continuation says anew how wide they are."""
        pieces: list[str] = []
        while count > 0 and self._index < len(self._chunks):
            chunk = self._chunks[self._index]
            if self._at >= len(chunk):
                self._index += 1
                self._at = 0
                if self._index >= len(self._chunks) or not self._chunks[self._index]:
                    break
                wide = bool(self._chunks[self._index][0] & _WIDE)
                self._at = 1
                continue
            width = 2 if wide else 1
            raw = chunk[self._at : self._at + count * width]
            pieces.append(raw.decode("utf-16-le" if wide else "latin-1", "replace"))
            self._at += len(raw)
            count -= max(1, len(raw) // width)
        return "".join(pieces)


def shared_strings(chunks: list[bytes], limit: int) -> tuple[list[str], bool]:
    """The shared strings of a workbook, at most ``limit`` characters, and whether all were read."""
    (unique,) = struct.unpack_from("<I", chunks[0], 4) if len(chunks[0]) >= 8 else (0,)
    reader = Reader(chunks, 8)
    result: list[str] = []
    while len(result) < unique and not reader.done():
        head = reader.take(3)
        if len(head) < 3:
            return result, False
        count, flags = struct.unpack("<HB", head)
        runs = struct.unpack("<H", reader.take(2).ljust(2, b"\0"))[0] if flags & _RICH else 0
        extra = struct.unpack("<I", reader.take(4).ljust(4, b"\0"))[0] if flags & _EXTENDED else 0
        text = reader.characters(count, bool(flags & _WIDE))
        reader.take(4 * runs)
        reading = _reading(reader.take(extra)) if extra else ""
        result.append(f"{text} ({reading})" if reading else text)
        limit -= len(text)
        if limit < 0:
            return result, False
    return result, len(result) >= unique


def _reading(data: bytes) -> str:
    """The phonetic reading (furigana) in the extension of a string."""
    if len(data) < 14:
        return ""
    count = struct.unpack_from("<H", data, 12)[0]
    return data[14 : 14 + 2 * count].decode("utf-16-le", "replace").strip("\0 ")
