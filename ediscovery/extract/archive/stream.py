"""Single compressed streams (GZIP, BZIP2, XZ, LZMA, Zstandard): one child, unfolded in pieces."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ediscovery.extract.archive.members import PIECE, Damaged, gather, member
from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.dates import from_timestamp
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_INPUT = 1 << 18
_MEMORY = 512 << 20  # the largest dictionary or window that a stream may ask for
# Extensions that stand for another one plus compression.
_INNER = {
    "tgz": "tar", "taz": "tar", "tbz": "tar", "tbz2": "tar", "txz": "tar", "tlz": "tar",
    "tzst": "tar", "svgz": "svg", "emz": "emf", "wmz": "wmf",
}  # fmt: skip
_SKIPPABLE = b"\x2a\x4d\x18"  # of a Zstandard frame that holds no data
_DROPPED = frozenset({"gz", "bz2", "xz", "zst", "lzma", "z"})


def extract(content: Content, context: Context) -> Extraction:
    """A compressed stream as a container of one child.

    Its name comes from the GZIP header, else from the file's own name. Streams that follow one
    another are one (RFC 1952, section 2.2); what follows them and is no stream is named in a
    warning. A stream that breaks or ends early keeps what could be read, as child and state.
    """
    head = content.head
    result = Extraction(container=True, expected_children=1)
    name, fields = _inner_name(context.name), dict[str, Any]()
    if head[:2] == b"\x1f\x8b":
        name, fields = _gzip_header(head, name)
        make: Callable[[], _Decoder] = _Gzip
    elif head[:3] == b"BZh":
        make = bz2.BZ2Decompressor
    elif head[:6] == b"\xfd7zXZ\x00":
        make = _xz
    elif head[:4] == b"\x28\xb5\x2f\xfd" or head[1:4] == _SKIPPABLE:
        make = _Zstd
    elif head[:3] == b"]\x00\x00":
        make = _lzma_alone
    else:
        raise EvidenceError(State.CORRUPT, "It does not begin as any compressed stream does.")
    result.children = _child(content, context, make, name, fields, result)
    return result


def _child(
    content: Content,
    context: Context,
    make: Callable[[], _Decoder],
    name: str,
    fields: dict[str, Any],
    result: Extraction,
) -> Iterator[Child]:
    trailing: list[int] = []
    unfolded, state, message = gather(_pieces(content, make, trailing), context)
    if state != State.OK and not unfolded.size:
        yield member(name, None, fields, state, message)
        return
    yield member(name, unfolded, fields, state, message)
    if trailing:
        raise EvidenceError(
            State.WARNINGS, f"{trailing[0]} bytes after the end of the stream were not read."
        )


class _Decoder(Protocol):
    """What :mod:`bz2`'s and :mod:`lzma`'s decompressors offer."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


def _pieces(content: Content, make: Callable[[], _Decoder], trailing: list[int]) -> Iterator[bytes]:
    """The unfolded bytes of all streams in ``content``; bytes after the last go to ``trailing``."""
    decoder, fresh, used = make(), True, 0
    for block in content.chunks(_INPUT):
        at = 0
        view = memoryview(block)
        while at < len(block):
            rest = bytes(view[at : at + _INPUT])
            at += len(rest)
            while rest:
                if fresh and used and not _continues(rest):
                    if rest.strip(b"\0"):
                        trailing.append(content.size - used)
                    return
                try:
                    yield from _drained(decoder, rest)
                except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
                    if fresh and used:
                        trailing.append(content.size - used)
                        return
                    raise _damage(error) from error
                fresh = False
                if not decoder.eof:
                    used += len(rest)
                    break
                used += len(rest) - len(decoder.unused_data)
                rest = decoder.unused_data
                decoder, fresh = make(), True
    if not fresh:
        raise Damaged(State.TRUNCATED, "The stream ends early.")


def _continues(rest: bytes) -> bool:
    """Whether what follows a stream is another one, not padding or other bytes."""
    return rest[:1] in (b"\x1f", b"B", b"\xfd", b"\x28") or rest[1:4] == _SKIPPABLE


def _damage(error: Exception) -> Damaged:
    text = describe(error)
    if "emory" in text:
        return Damaged(f"{State.LIMIT}:memory", f"It needs more than {_MEMORY} bytes to unfold.")
    return Damaged(State.CORRUPT, text)


def _drained(decoder: _Decoder, block: bytes) -> Iterator[bytes]:
    piece = decoder.decompress(block, PIECE)
    while True:
        if piece:
            yield piece
        if decoder.eof or decoder.needs_input:
            return
        piece = decoder.decompress(b"", PIECE)


def _inner_name(name: str) -> str:
    stem, dot, ext = name.rpartition(".")
    if dot and ext.lower() in _DROPPED and stem:
        return stem
    if dot and ext.lower() in _INNER and stem:
        return f"{stem}.{_INNER[ext.lower()]}"
    return name or "contents"


def _gzip_header(head: bytes, name: str) -> tuple[str, dict[str, Any]]:
    """Name and time from a GZIP header (RFC 1952); the name is in Latin-1."""
    fields: dict[str, Any] = {}
    flags = head[3] if len(head) > 9 else 0
    when = int.from_bytes(head[4:8], "little")
    if when:
        fields["modified_at"] = from_timestamp(when)
    at = 10
    if flags & 4:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    if flags & 8:
        end = head.find(b"\0", at)
        if end > at:
            raw = head[at:end]
            try:
                stored = raw.decode("utf-8")
            except UnicodeDecodeError:
                stored = raw.decode("latin-1")
            if not stored.endswith("/"):
                return stored, fields
    return name, fields


class _Gzip:
    """A GZIP member behind the interface of :mod:`bz2`."""

    def __init__(self) -> None:
        from isal import isal_zlib

        self._decoder = isal_zlib.decompressobj(31)
        self._waiting = b""
        self._hungry = True

    @property
    def needs_input(self) -> bool:
        return self._hungry

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        try:
            made: bytes = self._decoder.decompress(self._waiting + data, max_length)
        except Exception as error:  # the library's own class
            raise ValueError(describe(error)) from error
        self._waiting = self._decoder.unconsumed_tail
        self._hungry = not self._waiting and len(made) < max_length
        return made


class _Zstd:
    """A Zstandard frame behind the same interface."""

    def __init__(self) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        limited = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
        self._decoder = limited.decompressobj(write_size=PIECE)

    @property
    def needs_input(self) -> bool:
        return True

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        try:
            return bytes(self._decoder.decompress(data)) if data else b""
        except self._error as error:
            raise ValueError(describe(error)) from error


def _xz() -> Any:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)


def _lzma_alone() -> Any:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY)
