"""What every extractor takes and gives: :class:`Content` in, :class:`Extraction` out.

An extractor is a function ``extract(content, context) -> Extraction`` named in ``registry.py``.
It reads one item and never writes outside ``context.scratch``. What is wrong with the evidence it
reports by ``state``/``warnings`` on the result or by raising
:class:`~ediscovery.model.errors.EvidenceError`; any other exception becomes the state ``corrupt``.
"""

from __future__ import annotations

import io
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Profile
from ediscovery.model.states import State

SPOOL_BYTES = 32 << 20  # children larger than this are spooled to scratch, not held in memory


def quietly(path: str | bytes, flags: int) -> int:
    """An opener that leaves the access time of evidence as it is, where its owner may do so."""
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        return os.open(path, flags)


class Content:
    """The bytes of one item: in memory, or a window of a file.

    ``size`` is in bytes. ``head`` holds the first 4096. Reading never changes the source.
    """

    __slots__ = ("_data", "_map", "head", "length", "offset", "path")

    def __init__(
        self,
        data: bytes | None = None,
        path: str | bytes | Path | None = None,
        offset: int = 0,
        length: int | None = None,
    ) -> None:
        self._data = data
        self._map: mmap.mmap | None = None
        self.path = path
        self.offset = offset
        if data is not None:
            self.length = len(data)
            self.head = data[:4096]
            return
        assert path is not None
        with open(path, "rb", opener=quietly) as file:
            total = os.fstat(file.fileno()).st_size
            self.length = max(0, total - offset) if length is None else length
            file.seek(offset)
            self.head = file.read(min(4096, self.length))

    @property
    def size(self) -> int:
        return self.length

    def read(self) -> bytes:
        """All of it. Windows of files are read anew at each call."""
        if self._data is not None:
            return self._data
        with open(cast(str, self.path), "rb", opener=quietly) as file:
            file.seek(self.offset)
            return file.read(self.length)

    def open(self) -> BinaryIO:
        """A seekable binary file over exactly this content; the caller closes it."""
        if self._data is not None:
            return io.BytesIO(self._data)
        file = open(cast(str, self.path), "rb", opener=quietly)  # noqa: SIM115 - the caller's
        if self.offset == 0 and self.length == os.fstat(file.fileno()).st_size:
            return file
        return cast(BinaryIO, io.BufferedReader(_Window(file, self.offset, self.length)))

    def buffer(self) -> bytes | memoryview:
        """All of it as a buffer, mapped rather than read when it lies in a file."""
        if self._data is not None:
            return self._data
        if self.length == 0:
            return b""
        if self._map is None:
            with open(cast(str, self.path), "rb", opener=quietly) as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return memoryview(self._map)[self.offset : self.offset + self.length]

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Its bytes in pieces of at most ``size``."""
        if self._data is not None:
            yield self._data
            return
        left = self.length
        with open(cast(str, self.path), "rb", opener=quietly) as file:
            file.seek(self.offset)
            while left > 0 and (piece := file.read(min(size, left))):
                left -= len(piece)
                yield piece

    def on_disk(self, context: Context) -> str:
        """A path of a file that holds exactly this content, for libraries that need a name."""
        if self._data is None and self.offset == 0:
            path = os.fsdecode(cast(str, self.path))
            if os.path.getsize(path) == self.length:
                return path
        with context.spool() as file:
            for piece in self.chunks():
                file.write(piece)
            return str(file.name)


class _Window(io.RawIOBase):
    """A seekable read-only view of ``length`` bytes of a file from ``offset``."""

    def __init__(self, file: BinaryIO, offset: int, length: int) -> None:
        self._file, self._offset, self._length, self._at = file, offset, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + position)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._length - self._at))
        self._file.seek(self._offset + self._at)
        read = self._file.readinto(memoryview(buffer)[:count])  # type: ignore[attr-defined]
        self._at += read
        return int(read)

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(slots=True)
class Child:
    """One thing found inside an item, in the order in which it stands there.

    ``relation``: member (of an archive), message (of a mail store), attachment, inline (an image
    that a mail's HTML shows), embedded (in a document). ``content`` is ``None`` when its bytes
    can't be had; then ``state`` and ``message`` say why. ``fields`` may set any column of
    :class:`~ediscovery.model.items.Item` (``folder``, ``modified_at``, ...); other names go to its
    metadata. ``flags`` join the item's flags. ``mime_type`` forces the type where the container
    knows it for certain (a PST message); ``declared_type`` is only what the container claims.
    """

    name: str
    content: Content | None
    relation: str
    declared_type: str = ""
    mime_type: str = ""
    state: str = State.OK
    message: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    ordinal: int | None = None  # set by containers that can be cut; else counted from 0
    payload: Any = None  # an opened object of the container's library, for its message extractor


@dataclass(slots=True)
class Extraction:
    """What an extractor found in one item.

    ``text`` is all that a reader of the item could see or search, ``\\n`` line ends, pages parted
    by ``\\f``; a mail's begins with its header block and ``body_start`` is the offset where its
    body begins. ``fields`` sets columns of :class:`~ediscovery.model.items.Item` (dates in UTC
    ISO 8601, see :func:`~ediscovery.extract.dates.utc`); every other name is kept in its metadata.
    ``container``: holds others and is not itself reviewed. ``expected_children`` is what the
    item's own structure announces, counted independently of reading them; ``None`` when it
    announces nothing. ``children`` may be lazy; it may raise ``EvidenceError`` midway, which ends
    it and marks the item.
    """

    text: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    state: str = State.OK
    message: str = ""
    container: bool = False
    expected_children: int | None = None
    children: Iterable[Child] = ()
    body_start: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    """Children ``start`` to ``stop`` (exclusive) of a container that was cut into work units.

    ``hint`` is plain data by which the container's extractor finds ``start`` quickly (a byte
    offset, a folder path); it comes from the same module's ``split``.
    """

    start: int
    stop: int
    hint: Any = None


@dataclass(slots=True)
class Budget:
    """What one source file takes, shared by everything inside it.

    ``left`` are the bytes that it may still unfold into; ``spooled`` says whether files were
    written to scratch for it.
    """

    left: int
    spooled: bool = False


@dataclass(slots=True)
class Context:
    """What an extractor may know of the run; each item gets one of its own."""

    profile: Profile
    scratch: Path
    budget: Budget
    passwords: tuple[str, ...] = ()
    only: Range | None = None  # read just these children of the container
    skip: frozenset[int] = frozenset()  # ordinals that hung or crashed before: give them as failed
    name: str = ""  # the item's own file name, as the container or the file system gave it
    declared_type: str = ""
    payload: Any = None  # see Child.payload
    depth: int = 1  # 1 for a source file

    def charge(self, count: int) -> None:
        """Take ``count`` unfolded bytes from the budget of the source file.

        Archive readers call it while they unfold, before the bytes are kept, so that a bomb stops
        early. Raises ``EvidenceError`` (``limit:expansion``) when the budget is spent.
        """
        self.budget.left -= count
        if self.budget.left < 0:
            raise EvidenceError(
                f"{State.LIMIT}:expansion",
                "The file unfolds into more bytes than the profile allows.",
            )

    def spool(self) -> Any:
        """A new named temporary file in scratch, open for writing, kept after close."""
        self.budget.spooled = True
        return tempfile.NamedTemporaryFile(dir=self.scratch, prefix="spool-", delete=False)


class Extractor(Protocol):
    """The signature of every extractor."""

    def __call__(self, content: Content, context: Context) -> Extraction: ...


class Splitter(Protocol):
    """Cuts a large container into ranges of at most about ``target_bytes`` each.

    Returns the expected number of children and the ranges, in order, without gaps.
    """

    def __call__(
        self, content: Content, context: Context, target_bytes: int
    ) -> tuple[int | None, list[Range]]: ...
