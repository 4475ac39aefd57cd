"""The bytes of one member of a ZIP: deciphered, unfolded in pieces and checked."""

from __future__ import annotations

import bz2
import hmac
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

from ediscovery.extract.archive.directory import Buffer, Member, data_span, extra_field
from ediscovery.extract.archive.members import PIECE, Damaged, encodings
from ediscovery.extract.walk import describe
from ediscovery.model.states import State

AES = 99
_INPUT = 1 << 18
_MEMORY = 256 << 20  # the largest window or model that a member may ask for
_METHODS = {
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode", 10: "PKWARE DCL",
    94: "MP3", 96: "JPEG", 97: "WavPack",
}  # fmt: skip


def is_encrypted(member: Member) -> bool:
    """Whether the member's data need a password."""
    return bool(member.flags & 1)


def pieces(
    data: Buffer, member: Member, password: bytes | None, ratio: int, sized: bool = True
) -> Iterator[bytes]:
    """The unfolded bytes of ``member``; raises :class:`Damaged` where they can't go on.

    ``ratio`` bounds what DEFLATE may make of the stored bytes. ``sized``: length and CRC are known
    (they are not where a directory is missing and the local header leaves them open).
    """
    span = data_span(data, member)
    if span is None:
        raise Damaged(State.CORRUPT, "Its local header is not where the directory says.")
    start, end = span
    method, check_crc = member.method, sized
    cipher: Any = None
    if password is not None:
        cipher, header = _cipher(data, member, start, password)
        start += header
        if method == AES:
            method, version = _aes(member)[1:]
            end -= 10
            check_crc = sized and version == 1
    raw = _stored(data, start, min(end, len(data)), cipher)
    made, crc = 0, 0
    for piece in _unfold(raw, method, member):
        made += len(piece)
        if check_crc:
            crc = zlib.crc32(piece, crc)
        if method == 8 and made > max(ratio * member.stored, PIECE):
            raise Damaged(
                f"{State.LIMIT}:ratio", f"It unfolds to more than {ratio} times its stored size."
            )
        yield piece
    if end > len(data):
        raise Damaged(State.TRUNCATED, "The archive ends inside it.")
    if sized and made != member.size:
        raise Damaged(
            State.TRUNCATED if made < member.size else State.CORRUPT,
            f"It unfolds to {made} bytes where {member.size} are announced.",
        )
    if check_crc and crc != member.crc:
        raise Damaged(State.CORRUPT, "Its checksum does not match its bytes.")
    if cipher is not None and member.method == AES:
        stated = bytes(data[end : end + 10])
        if not hmac.compare_digest(cipher.hmac.digest()[:10], stated):
            raise Damaged(State.CORRUPT, "Its authentication code does not match its bytes.")


def opens(data: Buffer, member: Member, password: str, ratio: int) -> bytes | None:
    """The bytes of ``password`` that decipher ``member``, proven by its checksum, or ``None``."""
    for raw in encodings(password):
        try:
            for _ in pieces(data, member, raw, ratio):
                pass
        except (Damaged, WrongPassword):
            continue
        return raw
    return None


class WrongPassword(Exception):
    """The password's own check fails: raised before the first piece."""


def _cipher(data: Buffer, member: Member, start: int, password: bytes) -> tuple[Any, int]:
    """An object with ``decrypt`` and the length of the header before the data."""
    if member.flags & 0x40 and member.method != AES:
        raise Damaged(State.ENCRYPTED, "It is encrypted by a method that only PKZIP reads.")
    try:
        if member.method == AES:
            from pyzipper.zipfile_aes import AESZipDecrypter

            strength = _aes(member)[0]
            info = SimpleNamespace(filename="", wz_aes_strength=strength)
            length = 4 * strength + 6
            return AESZipDecrypter(info, password, bytes(data[start : start + length])), length
        return _ZipCrypto(password, bytes(data[start : start + 12]), member), 12
    except (RuntimeError, struct.error, KeyError) as error:
        raise WrongPassword from error


class _ZipCrypto:
    """PKWARE's traditional cipher (APPNOTE 6.1)."""

    def __init__(self, password: bytes, header: bytes, member: Member) -> None:
        self._keys = (0x12345678, 0x23456789, 0x34567890)
        self._run(password, plain=True)
        # The header's last byte shows a wrong password in all but one of 256 cases.
        check = member.time >> 8 & 0xFF if member.flags & 8 else member.crc >> 24
        if len(header) < 12 or self.decrypt(header)[11] != check:
            raise WrongPassword

    def decrypt(self, block: bytes) -> bytes:
        return self._run(block, plain=False)

    def _run(self, block: bytes, plain: bool) -> bytes:
        key0, key1, key2 = self._keys
        table = _crc_table()
        made = bytearray(block)
        for at, byte in enumerate(block):
            if not plain:
                mix = key2 | 2
                byte ^= (mix * (mix ^ 1)) >> 8 & 0xFF
                made[at] = byte
            key0 = key0 >> 8 ^ table[(key0 ^ byte) & 0xFF]
            key1 = ((key1 + (key0 & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            key2 = key2 >> 8 ^ table[(key2 ^ key1 >> 24) & 0xFF]
        self._keys = (key0, key1, key2)
        return bytes(made)


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def _aes(member: Member) -> tuple[int, int, int]:
    """Strength (1 to 3), the real method and the version of a WinZip AES member."""
    body = extra_field(member.extra, 0x9901)
    if body is None or len(body) < 7 or not 1 <= body[4] <= 3:
        raise Damaged(State.ENCRYPTED, "It is encrypted by a method that is not known.")
    version, _, strength, method = struct.unpack_from("<HHBH", body)
    return strength, method, version


def _stored(data: Buffer, start: int, end: int, cipher: Any) -> Iterator[bytes]:
    for at in range(start, end, _INPUT):
        piece = bytes(data[at : min(at + _INPUT, end)])
        yield cipher.decrypt(piece) if cipher is not None else piece


def _unfold(raw: Iterator[bytes], method: int, member: Member) -> Iterator[bytes]:
    if method == 0:
        yield from raw
        return
    if method == 8:
        yield from inflate(raw, -15)
        return
    if method == 98:
        yield from _ppmd(raw, member.size)
        return
    makers: dict[int, Callable[[], Any]] = {
        9: _inflate64, 12: bz2.BZ2Decompressor, 14: _Lzma, 93: _zstd,
        95: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
    }  # fmt: skip
    make = makers.get(method)
    if make is None:
        name = _METHODS.get(method, f"method {method}")
        raise Damaged(State.UNSUPPORTED, f"It is compressed by {name}, which no reader here knows.")
    decoder = make()
    bounded = method in (12, 14, 95)
    for piece in raw:
        try:
            if bounded:
                yield from _bounded(decoder, piece)
            else:
                yield from _sliced(decoder(piece))
        except Damaged:
            raise
        except Exception as error:  # whatever a decoder raises about broken data
            raise Damaged(State.CORRUPT, describe(error)) from error
        if bounded and decoder.eof:
            return
    # LZMA may leave out its end mark; then only the length tells.
    if bounded and (method != 14 or member.flags & 2):
        raise Damaged(State.TRUNCATED, "Its compressed data end early.")


def inflate(raw: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """Unfold one DEFLATE stream in pieces; :class:`Damaged` when it breaks or ends early."""
    from isal import isal_zlib

    decoder = isal_zlib.decompressobj(bits)
    for block in raw:
        rest = block
        while rest and not decoder.eof:
            try:
                piece = decoder.decompress(rest, PIECE)
            except Exception as error:  # zlib's and the library's own
                raise Damaged(State.CORRUPT, describe(error)) from error
            rest = decoder.unconsumed_tail
            if piece:
                yield piece
        if decoder.eof:
            return
    if not decoder.eof:
        tail = decoder.flush()
        if tail:
            yield tail
        if not decoder.eof:
            raise Damaged(State.TRUNCATED, "Its compressed data end early.")


def _bounded(decoder: Any, block: bytes) -> Iterator[bytes]:
    """Feed a decoder that takes ``max_length``, so that a small block can't fill the memory."""
    piece = decoder.decompress(block, PIECE)
    while piece or not decoder.needs_input:
        if piece:
            yield piece
        if decoder.eof:
            return
        if decoder.needs_input:
            return
        piece = decoder.decompress(b"", PIECE)


def _sliced(made: bytes) -> Iterator[bytes]:
    for at in range(0, len(made), PIECE):
        yield made[at : at + PIECE]


def _inflate64() -> Callable[[bytes], bytes]:
    import inflate64

    inflater = inflate64.Inflater()
    return lambda block: bytes(inflater.inflate(block))


def _zstd() -> Callable[[bytes], bytes]:
    import zstandard

    decoder = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()
    return lambda block: bytes(decoder.decompress(block)) if not decoder.eof else b""


class _Lzma:
    """LZMA as ZIP stores it: a header of nine bytes before the raw stream."""

    def __init__(self) -> None:
        self._head = b""
        self._decoder: lzma.LZMADecompressor | None = None

    def decompress(self, block: bytes, limit: int) -> bytes:
        if self._decoder is None:
            self._head += block
            if len(self._head) < 9:
                return b""
            size = struct.unpack_from("<H", self._head, 2)[0]
            properties, block = self._head[4 : 4 + size], self._head[4 + size :]
            dictionary = struct.unpack_from("<L", properties, 1)[0]
            if dictionary > _MEMORY:
                raise Damaged(f"{State.LIMIT}:memory", "It needs too large a dictionary.")
            packed = properties[0]
            lc, rest = packed % 9, packed // 9
            settings = {
                "id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4096),
                "lc": lc, "lp": rest % 5, "pb": rest // 5,
            }  # fmt: skip
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
        return self._decoder.decompress(block, limit)

    @property
    def needs_input(self) -> bool:
        return self._decoder is None or self._decoder.needs_input

    @property
    def eof(self) -> bool:
        return self._decoder is not None and self._decoder.eof


def _ppmd(raw: Iterator[bytes], size: int) -> Iterator[bytes]:
    import pyppmd

    first = next(raw, b"")
    if len(first) < 2:
        raise Damaged(State.TRUNCATED, "Its compressed data end early.")
    settings = struct.unpack_from("<H", first)[0]
    memory = ((settings >> 4 & 0xFF) + 1) << 20
    if memory > _MEMORY:
        raise Damaged(f"{State.LIMIT}:memory", "It needs too large a model.")
    decoder = pyppmd.Ppmd8Decoder((settings & 15) + 1, memory, settings >> 12)
    made, block = 0, first[2:]
    try:
        while made < size and not decoder.eof:
            piece = decoder.decode(block, min(PIECE, size - made))
            made += len(piece)
            if piece:
                yield bytes(piece)
            block = next(raw, b"") if decoder.needs_input else b""
            if not piece and not block:
                break
    except (ValueError, pyppmd.PpmdError) as error:
        raise Damaged(State.CORRUPT, describe(error)) from error
