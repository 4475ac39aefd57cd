"""The parts of a ZIP-based document, each read on demand and bounded (APPNOTE 6.3.10).

A document whose ZIP directory is missing or broken is salvaged: its local headers are searched and
each part is unfolded as far as it goes.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, Any

from ediscovery.extract.contract import SPOOL_BYTES, Content, Context
from ediscovery.extract.office import markup
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_LOCAL = struct.Struct("<4s5H3I2H")
_SIGNATURE = re.compile(rb"PK\x03\x04")
_NO_ZIP = (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    offset: int  # of the local header
    method: int
    packed: int  # bytes as stored; when salvaged, up to the next header
    size: int | None  # bytes unfolded; None when salvaged
    crc: int
    flags: int
    info: zipfile.ZipInfo | None


class Parts:
    """Named parts of ``content``; look-up ignores case, a leading slash and backslashes.

    ``warnings`` collects what was wrong with parts that were read all the same; ``state`` becomes
    ``truncated`` or ``corrupt`` when the ZIP itself had to be salvaged. Every byte unfolded is
    charged to the budget. Raises :class:`EvidenceError` (``corrupt``) when nothing can be found.
    """

    def __init__(self, content: Content, context: Context) -> None:
        self.warnings: list[str] = []
        self.state: str = State.OK
        self._context = context
        self._buffer = content.buffer()
        self._zip: zipfile.ZipFile | None = None
        self._entries: dict[str, _Entry] = {}
        try:
            self._zip = zipfile.ZipFile(content.open())
            listed = self._zip.infolist()
            if content.head.startswith(b"PK\x03\x04") and min(
                (info.header_offset for info in listed), default=0
            ):
                # Cut off behind a ZIP that it holds, the file would pass for that one.
                raise zipfile.BadZipFile("the directory does not list its first part")
            found = [_from_directory(info) for info in listed if not info.is_dir()]
        except _NO_ZIP as error:
            self._zip = None
            found = self._salvage(str(error))
        limit = context.profile.limits.members
        if len(found) > limit:
            raise EvidenceError(f"{State.LIMIT}:members", f"It has more than {limit} parts.")
        for entry in found:
            key = _key(entry.name)
            if key in self._entries:
                self.warn(f"Two parts are called {entry.name}; the first one was read.")
            else:
                self._entries[key] = entry
        self.names = [entry.name for entry in self._entries.values()]

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._entries

    def warn(self, message: str) -> None:
        """Note ``message`` once; the list is bounded, since evidence can be wrong in every part."""
        if message not in self.warnings and len(self.warnings) < 20:
            self.warnings.append(message)

    def size(self, name: str) -> int:
        """Bytes of a part as its entry declares them, unproven."""
        entry = self._entries.get(_key(name))
        return 0 if entry is None else (entry.size if entry.size is not None else entry.packed)

    def read(self, name: str) -> bytes | None:
        """The bytes of a part, ``None`` when there is none; a broken end is cut off and noted.

        Raises :class:`EvidenceError`: ``encrypted``, or ``limit:expansion``.
        """
        entry = self._entries.get(_key(name))
        if entry is None:
            return None
        if entry.flags & 1:
            raise EvidenceError(State.ENCRYPTED, f"Part {entry.name} is encrypted.")
        if entry.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return self._by_library(entry)
        if entry.size is not None:
            self._context.charge(entry.size)
        data = self._unfold(entry)
        if entry.size is None:
            self._context.charge(len(data))
        elif len(data) != entry.size or zlib.crc32(data) != entry.crc:
            self.warn(f"Part {entry.name} is damaged.")
        return data

    def xml(self, name: str) -> Any:
        """The root element of a part, ``None`` when it is missing or holds no XML at all.

        Raises :class:`EvidenceError` for entities and for parts too large to hold as a tree.
        """
        limit = self._context.profile.limits.text_bytes
        if self.size(name) > limit:
            raise EvidenceError(f"{State.LIMIT}:part", f"Part {name} is larger than {limit} bytes.")
        data = self.read(name)
        if data is None:
            return None
        if not data.strip():
            self.warn(f"Part {name} is empty.")
            return None
        root, problem = markup.parse(data, name)
        if problem:
            self.warn(f"Part {name} is broken XML and was read as far as possible: {problem}")
        return root

    def open(self, name: str) -> IO[bytes] | None:
        """A part as a file for streaming; damage ends it early and is noted."""
        entry = self._entries.get(_key(name))
        if entry is None:
            return None
        if entry.info is None or self._zip is None or (entry.size or 0) <= SPOOL_BYTES:
            data = self.read(name)
            return None if data is None else io.BytesIO(data)
        self._context.charge(entry.info.file_size)
        return io.BufferedReader(_Forgiving(self._zip.open(entry.info), self, entry.name))

    def content(self, name: str) -> Content:
        """A part as the content of a child, spooled to scratch when it is large."""
        file = self.open(name)
        if file is None:
            raise EvidenceError(State.CORRUPT, f"There is no part {name}.")
        with file:
            if isinstance(file, io.BytesIO):
                return Content(file.getvalue())
            with self._context.spool() as copy:
                while piece := file.read(1 << 20):
                    copy.write(piece)
            return Content(path=copy.name)

    def _unfold(self, entry: _Entry) -> bytes:
        header = bytes(self._buffer[entry.offset : entry.offset + _LOCAL.size])
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            return b""
        fields = _LOCAL.unpack(header)
        start = entry.offset + _LOCAL.size + fields[9] + fields[10]
        raw = self._buffer[start : start + entry.packed]
        bound = entry.size if entry.size is not None else self._context.budget.left + 1
        if entry.method == zipfile.ZIP_STORED:
            return bytes(raw[:bound])
        inflate = zlib.decompressobj(-15)
        pieces: list[bytes] = []
        left = bound
        try:
            while left > 0 and (piece := inflate.decompress(raw, min(left, 1 << 22))):
                pieces.append(piece)
                left -= len(piece)
                raw = inflate.unconsumed_tail
        except zlib.error:
            pass  # the caller sees the missing bytes
        return b"".join(pieces)

    def _by_library(self, entry: _Entry) -> bytes:
        """Parts packed by the rarer methods (BZIP2, LZMA), as the standard library reads them."""
        if entry.info is None or self._zip is None:
            return b""
        self._context.charge(entry.info.file_size)
        try:
            return self._zip.read(entry.info)
        except (*_NO_ZIP, zlib.error, EOFError, OSError, RuntimeError) as error:
            self.warn(f"Part {entry.name} can't be unfolded: {error}")
            return b""

    def _salvage(self, problem: str) -> list[_Entry]:
        data = self._buffer
        limit = self._context.profile.limits.members
        found: list[_Entry] = []
        match = _SIGNATURE.search(data)
        while match and len(found) <= limit:
            start = match.start()
            header = bytes(data[start : start + _LOCAL.size])
            if len(header) < _LOCAL.size:
                break
            _, _, flags, method, _, _, crc, packed, _, name_length, extra = _LOCAL.unpack(header)
            at = start + _LOCAL.size + name_length
            name = bytes(data[at - name_length : at]).decode("utf-8", "replace")
            # A stored part may be a ZIP itself: where the length is known, its inside is skipped.
            known = bool(packed) and at + extra + packed <= len(data)
            match = _SIGNATURE.search(data, at + extra + packed if known else at)
            if not known:
                packed = (match.start() if match else len(data)) - at - extra
            if name and not name.endswith("/"):
                found.append(_Entry(name, start, method, packed, None, crc, flags, None))
        if not found:
            raise EvidenceError(State.CORRUPT, f"It is no readable ZIP: {problem}")
        ends = bytes(data[-65557:]).rfind(b"PK\x05\x06") >= 0
        self.state = State.CORRUPT if ends else State.TRUNCATED
        self.warn(f"Its ZIP directory is unreadable ({problem}); {len(found)} parts were salvaged.")
        return found


class _Forgiving(io.RawIOBase):
    """A member of a ZIP that ends where its damage begins instead of raising."""

    def __init__(self, file: IO[bytes], parts: Parts, name: str) -> None:
        self._file, self._parts, self._name = file, parts, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except (*_NO_ZIP, zlib.error, EOFError, RuntimeError):
            self._parts.warn(f"Part {self._name} is damaged.")
            return 0
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _from_directory(info: zipfile.ZipInfo) -> _Entry:
    return _Entry(
        info.filename,
        info.header_offset,
        info.compress_type,
        info.compress_size,
        info.file_size,
        info.CRC,
        info.flag_bits,
        info,
    )


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
