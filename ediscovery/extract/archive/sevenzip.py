"""7z archives: each block of members is unfolded once, from its first member to its last."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from ediscovery.extract.archive.members import PIECE, Bank, Damaged, gather, member, special
from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.dates import utc
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_SIGNATURE = b"7z\xbc\xaf\x27\x1c"
_MEMORY = 1 << 30  # the largest dictionary or model that a block may ask for
_HEADER = 64 << 20  # the longest list of members
_LZMA, _LZMA2, _PPMD = b"\x03\x01\x01", b"\x21", b"\x03\x04\x01"


def extract(content: Content, context: Context) -> Extraction:
    """A 7z as a container, read by py7zr: LZMA, LZMA2, BZIP2, DEFLATE, DEFLATE64, PPMd, Zstandard,
    Brotli and stored blocks with their filters, and AES-256. Not BCJ2: ``unsupported``.

    An archive whose list of members is encrypted and that no password opens is ``encrypted``; one
    of which no block opens is kept as a document whose text is the list of its members.
    ``context.only`` chooses children by ordinal.
    """
    bank = Bank(context)
    content = _without_program(content)
    archive = _opened(content, bank)
    files = [f for f in archive.files if not f.is_directory]
    blocks = _blocks(archive)
    result = Extraction(container=True, expected_children=len(files))
    locked = [f for f in blocks if _is_encrypted(f)]
    if locked and not _unlock(content, archive, locked[0], blocks, bank):
        if len(locked) == len(blocks):
            return Extraction(
                text="\n".join(str(f.filename) for f in files),
                state=State.ENCRYPTED,
                message=bank.message("The archive"),
                expected_children=len(files),
            )
        bank.last = None
    if locked:
        result.flags.add("encrypted_part")
    result.children = _children(content, files, blocks, bank, context)
    return result


def _without_program(content: Content) -> Content:
    """The archive alone, where a program that unpacks it stands before."""
    start = bytes(content.buffer()[: 1 << 20]).find(_SIGNATURE)
    if start <= 0:
        return content
    if content.path is None:
        return Content(bytes(content.buffer()[start:]))
    return Content(path=content.path, offset=content.offset + start, length=content.size - start)


def _opened(content: Content, bank: Bank) -> Any:
    """py7zr's view of the archive; a password when its list of members needs one."""
    head = content.head
    if len(head) < 32 or not head.startswith(_SIGNATURE):
        raise EvidenceError(State.CORRUPT, "It does not begin as a 7z archive does.")
    offset, size = struct.unpack_from("<QQ", head, 12)
    if 32 + offset + size > content.size:
        raise EvidenceError(
            State.TRUNCATED, "It ends before the list of its members, which stands at its end."
        )
    if size > _HEADER:
        raise EvidenceError(f"{State.LIMIT}:header", "Its list of members is absurdly long.")
    if size == 0:
        raise EvidenceError(State.EMPTY, "It holds no members.")
    import py7zr

    try:
        return py7zr.SevenZipFile(content.open(), "r")
    except py7zr.PasswordRequired:
        found: list[Any] = []

        def opens(password: str) -> bool:
            try:
                found.append(py7zr.SevenZipFile(content.open(), "r", password=password))
            except Exception:  # a wrong password yields noise, on which anything may fail
                return False
            return True

        bank.last = bank.find(opens)
        if bank.last is None:
            raise EvidenceError(State.ENCRYPTED, bank.message("The archive")) from None
        return found[0]
    except py7zr.UnsupportedCompressionMethodError as error:
        raise EvidenceError(State.UNSUPPORTED, f"Its list of members: {_reason(error)}") from error
    except Exception as error:
        raise EvidenceError(State.CORRUPT, describe(error)) from error


def _blocks(archive: Any) -> dict[Any, tuple[int, int]]:
    """py7zr's folders (blocks of members packed together): where each starts and how long it is."""
    streams = getattr(archive.header, "main_streams", None)
    if streams is None:
        return {}
    positions = streams.packinfo.packpositions
    start = archive.afterheader + streams.packinfo.packpos
    blocks, stream = {}, 0
    for block in streams.unpackinfo.folders:
        after = min(stream + max(1, len(block.packed_indices)), len(positions) - 1)
        blocks[block] = (start + positions[stream], positions[after] - positions[stream])
        stream = after
    return blocks


def _is_encrypted(block: Any) -> bool:
    from py7zr.compressor import SupportedMethods

    return bool(SupportedMethods.needs_password(block.coders))


def _unlock(
    content: Content, archive: Any, block: Any, blocks: dict[Any, tuple[int, int]], bank: Bank
) -> bool:
    """Whether a password, kept as ``bank.last``, opens the first member of ``block``."""
    if bank.last is not None:
        return True
    files = [f for f in archive.files if f.folder is block]

    def opens(password: str) -> bool:
        try:
            with content.open() as file:
                unfolder = _Unfolder(file, block, blocks[block], password)
                for _ in unfolder.pieces(files[0]):
                    pass
        except (Damaged, MemoryError):
            return False
        return True

    bank.last = bank.find(opens)
    return bank.last is not None


def _children(
    content: Content,
    files: list[Any],
    blocks: dict[Any, tuple[int, int]],
    bank: Bank,
    context: Context,
) -> Iterator[Child]:
    first, last = (context.only.start, context.only.stop) if context.only else (0, len(files))
    with content.open() as file:
        unfolder: _Unfolder | None = None
        for ordinal, found in enumerate(files[: min(last, len(files))]):
            if found.folder is not None and (
                unfolder is None or unfolder.block is not found.folder
            ):
                unfolder = _Unfolder(file, found.folder, blocks[found.folder], bank.last)
            pieces = (
                iter(()) if found.folder is None or unfolder is None else unfolder.pieces(found)
            )
            if ordinal < first:
                for _ in _until_damage(pieces):
                    pass
                continue
            child = _child(found, pieces, bank, context)
            child.ordinal = ordinal
            yield child


def _until_damage(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Damaged:
        return


def _child(found: Any, pieces: Iterator[bytes], bank: Bank, context: Context) -> Child:
    fields: dict[str, Any] = {}
    if found.lastwritetime is not None:
        moment: datetime = found.lastwritetime.as_datetime()
        fields["modified_at"] = utc(moment.astimezone(UTC))
    path = str(found.filename)
    content, state, message = gather(pieces, context)
    if state == State.ENCRYPTED:
        message = bank.message("It")
    if found.is_symlink or found.is_junction:
        target = content.read()[:4096].decode("utf-8", "backslashreplace")
        return special(path, "a symbolic link", fields | {"link_target": target})
    if found.is_socket:
        return special(path, "a socket", fields)
    if state != State.OK and not content.size:
        fields["announced_size"] = found.uncompressed
        return member(path, None, fields, state, message)
    return member(path, content, fields, state, message)


class _Unfolder:
    """Unfolds one block; its members must be asked for in their order, each to its end."""

    def __init__(
        self, file: BinaryIO, block: Any, span: tuple[int, int], password: str | None
    ) -> None:
        self.block = block
        self._file = file
        self._failure: Damaged | None = None
        self._at = span[0]
        block.password = password
        try:
            _check_memory(block.coders)
            self._decoder = block.get_decompressor(span[1], reset=True)
        except Damaged as damage:
            self._failure = damage
        except Exception as error:  # py7zr: password, method, broken properties
            self._failure = _damage(error)

    def pieces(self, found: Any) -> Iterator[bytes]:
        """The bytes of ``found``; after damage nothing more of this block can be read."""
        if self._failure is not None:
            raise self._failure
        left, check = int(found.uncompressed), 0
        while left > 0:
            self._file.seek(self._at)
            try:
                piece = bytes(self._decoder.decompress(self._file, min(left, PIECE)))
            except Exception as error:
                self._failure = _damage(error)
                raise self._failure from error
            moved = self._file.tell() - self._at
            self._at += moved
            if not piece and not moved:
                self._failure = Damaged(State.TRUNCATED, "Its compressed data end early.")
                raise self._failure
            left -= len(piece)
            check = zlib.crc32(piece, check)
            if piece:
                yield piece
        if found.crc32 is not None and found.crc32 != check:
            raise Damaged(State.CORRUPT, "Its checksum does not match its bytes.")


def _check_memory(coders: list[dict[str, Any]]) -> None:
    for coder in coders:
        method, properties = coder["method"], coder.get("properties") or b""
        wanted = 0
        if method in (_LZMA, _PPMD) and len(properties) >= 5:
            wanted = struct.unpack_from("<L", properties, 1)[0]
        elif method == _LZMA2 and properties:
            bits = properties[0]
            wanted = (2 | bits & 1) << (bits // 2 + 11) if bits < 40 else 0xFFFFFFFF
        if wanted > _MEMORY:
            raise Damaged(f"{State.LIMIT}:memory", f"It needs {wanted} bytes of memory to unfold.")


def _damage(error: Exception) -> Damaged:
    import py7zr

    if isinstance(error, py7zr.PasswordRequired):
        return Damaged(State.ENCRYPTED, "It is encrypted.")
    if isinstance(error, py7zr.UnsupportedCompressionMethodError):
        return Damaged(State.UNSUPPORTED, _reason(error))
    return Damaged(State.CORRUPT, describe(error))


def _reason(error: Any) -> str:
    return f"It is compressed in a way that is not supported: {getattr(error, 'message', error)}"
