"""TAR archives: headers found first, then each member streamed in its order."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ediscovery.extract.archive.members import PIECE, Damaged, gather, member, name_text, special
from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.dates import from_timestamp
from ediscovery.extract.identify import is_tar
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_BLOCK = 512
_EXTENSIONS = b"xgXLKN"  # headers that describe the next member
_EXTENSION_BYTES = 16 << 20  # the longest such description
_LINKS = b"123456"  # types without data of their own
_PAX_SIZE = re.compile(rb"\n?[0-9]+ size=([0-9]{1,18})\n")
_SPECIAL = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a pipe",
}


def extract(content: Content, context: Context) -> Extraction:
    """A TAR (v7, ustar, GNU, pax) as a container; folders are no items.

    Links, devices and pipes are items in the state ``special`` and are never followed. All headers
    are found before the first member is read: behind a broken one and in a TAR that follows the
    first as well. ``context.only`` chooses children by ordinal.
    """
    outline = _outline(content, context.profile.limits.members)
    result = Extraction(container=True, expected_children=len(outline.starts))
    result.children = _children(content, context, outline)
    return result


@dataclass(slots=True)
class _Outline:
    """What the headers alone show."""

    starts: list[int] = field(default_factory=list)  # of each member that is no folder
    broken_at: int | None = None  # where a header should stand and something else does
    odd_names: bytes = b""  # names that are not UTF-8, for finding their charset
    pending: int | None = None  # where the descriptions of the next member begin
    size: int | None = None  # of the next member, by its description


def _outline(content: Content, limit: int) -> _Outline:
    found = _Outline()
    at, ended = 0, False
    with content.open() as file:
        while at + _BLOCK <= content.size and len(found.starts) <= limit:
            file.seek(at)
            header = file.read(_BLOCK)
            if not header.strip(b"\0"):
                ended, at = True, _behind_zeros(file, at)
            elif is_tar(header):
                at += _BLOCK + _note(found, at, header, file)
            else:
                if not ended and found.broken_at is None:
                    found.broken_at = at
                following = _next_header(file, at + _BLOCK)
                if following is None:
                    break
                at, found.pending = following, None
    return found


def _note(found: _Outline, at: int, header: bytes, file: BinaryIO) -> int:
    """Keep what one header says; the length of the blocks that follow it."""
    kind, name = header[156:157], header[:100].split(b"\0", 1)[0]
    length = 0 if kind in _LINKS else _number(header[124:136])
    if kind in _EXTENSIONS:
        if length > _EXTENSION_BYTES:
            raise EvidenceError(f"{State.LIMIT}:header", "A member's description is absurdly long.")
        if found.pending is None:
            found.pending = at
        if kind == b"x" and (stated := _PAX_SIZE.search(file.read(length))):
            found.size = int(stated.group(1))
        return -(-length // _BLOCK) * _BLOCK
    if found.size is not None and kind not in _LINKS:
        length = found.size
    if kind != b"5" and not (kind in b"0\0" and name.endswith(b"/")):
        found.starts.append(at if found.pending is None else found.pending)
    found.pending = found.size = None
    if not name.isascii() and len(found.odd_names) < 1 << 16:
        try:
            name.decode("utf-8")
        except UnicodeDecodeError:
            found.odd_names += name + b"\n"
    blocks = -(-length // _BLOCK) * _BLOCK
    if kind == b"S" and header[482:483] == b"\x01":
        file.seek(at + _BLOCK)
        blocks += _sparse_blocks(file)
    return blocks


def _next_header(file: BinaryIO, at: int) -> int | None:
    """The next block behind broken ones that is surely a header."""
    file.seek(at)
    while piece := file.read(PIECE):
        mark = 0
        while (mark := piece.find(b"ustar", mark)) >= 0:
            start = mark - 257
            if start >= 0 and start % _BLOCK == 0 and is_tar(piece[start : start + _BLOCK]):
                return at + start
            mark += 1
        at += len(piece)
    return None


def _behind_zeros(file: BinaryIO, at: int) -> int:
    """The first block behind ``at`` that is not all zeros, or the end."""
    file.seek(at)
    while piece := file.read(PIECE):
        rest = piece.lstrip(b"\0")
        if rest:
            return at + (len(piece) - len(rest)) // _BLOCK * _BLOCK
        at += len(piece)
    return at


def _sparse_blocks(file: BinaryIO) -> int:
    """Length of the blocks that continue a GNU sparse header; ``file`` stands behind it."""
    length = 0
    while True:
        block = file.read(_BLOCK)
        length += len(block)
        if block[504:505] != b"\x01":
            return length


def _number(field: bytes) -> int:
    """An octal number, or a binary one whose first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    text = field.split(b"\0", 1)[0].strip()
    return int(text, 8) if text and not text.strip(b"01234567") else 0


def _children(content: Content, context: Context, outline: _Outline) -> Iterator[Child]:
    starts = outline.starts
    first, last = (context.only.start, context.only.stop) if context.only else (0, len(starts))
    charset = ""
    if outline.odd_names:
        from ediscovery.extract.charset import decode

        charset = decode(outline.odd_names).charset
    with content.open() as file:
        for ordinal in range(first, min(last, len(starts))):
            file.seek(starts[ordinal])
            try:
                archive = tarfile.TarFile(fileobj=file, encoding="utf-8", errors="surrogateescape")
                found = archive.next()
            except (tarfile.TarError, OSError, ValueError) as error:
                found, message = None, describe(error)
            if found is None:
                child = member(f"member {ordinal + 1}", None, {}, State.CORRUPT, message)
            else:
                child = _child(archive, found, charset, context)
            child.ordinal = ordinal
            yield child
    if outline.broken_at is not None:
        raise EvidenceError(
            State.CORRUPT, f"No header stands at byte {outline.broken_at}, where one should."
        )


def _child(
    archive: tarfile.TarFile, found: tarfile.TarInfo, charset: str, context: Context
) -> Child:
    fields: dict[str, Any] = {}
    if found.mtime:
        fields["modified_at"] = from_timestamp(found.mtime)
    path, guessed = _text(found.name, charset)
    if found.type in _SPECIAL:
        if found.linkname:
            fields["link_target"] = _text(found.linkname, charset)[0]
        return special(path, _SPECIAL[found.type], fields)
    flags = ("charset_guessed",) if guessed else ()
    if guessed:
        fields["name_charset"] = charset
    content, state, message = gather(_pieces(archive, found), context)
    if state != State.OK and not content.size:
        return member(path, None, fields | {"announced_size": found.size}, state, message)
    return member(path, content, fields, state, message, flags)


def _pieces(archive: tarfile.TarFile, found: tarfile.TarInfo) -> Iterator[bytes]:
    if found.issparse():
        yield from _sparse_pieces(archive, found)
        return
    # Read here, since tarfile keeps back what lies before a missing end.
    file: Any = archive.fileobj
    file.seek(found.offset_data)
    left = found.size
    while left > 0 and (piece := file.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
    if left:
        raise Damaged(State.TRUNCATED, "The archive ends inside it.")


def _sparse_pieces(archive: tarfile.TarFile, found: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        file = archive.extractfile(found)
        while file is not None and (piece := file.read(PIECE)):
            yield piece
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Damaged(State.TRUNCATED, f"The archive ends inside it: {describe(error)}") from error


def _text(name: str, charset: str) -> tuple[str, bool]:
    """``name`` as text, and whether its bytes had to be read by a guessed charset."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogateescape")
        return name_text(raw, charset), True
    return name, False
