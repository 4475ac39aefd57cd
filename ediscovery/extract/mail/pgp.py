"""OpenPGP messages (RFC 9580): what is encrypted is recorded, what is only signed is opened."""

from __future__ import annotations

import base64
import bz2
import re
from collections.abc import Iterator
from typing import NamedTuple

from ediscovery.extract.archive.members import PIECE, Damaged, gather, place
from ediscovery.extract.archive.zip_data import inflate
from ediscovery.extract.charset import decode
from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context, Extraction
from ediscovery.extract.text import lines
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_ARMOUR = re.compile(
    rb"-----BEGIN PGP MESSAGE[^\n]*\n(?:[A-Za-z]+:[^\n]*\n)*\s*(.*?)"
    rb"(?:^=[\w+/]{4}\s*$|-----END|\Z)",
    re.DOTALL | re.MULTILINE,
)
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_ENDINGS = (".pgp", ".gpg", ".asc")
_LAYERS = 8
_SIGNATURE, _ONE_PASS, _COMPRESSED, _LITERAL = 2, 4, 8, 11
_ENCRYPTED = frozenset({1, 3, 9, 18, 20})  # session keys and enciphered data
_SKIPPED = frozenset({10, 21})  # marker, padding


class _Literal(NamedTuple):
    """What a message holds at its core, and the file name that it says."""

    name: str
    data: bytes


def extract(content: Content, context: Context) -> Extraction:
    """Records an encrypted OpenPGP message; gives what a signed or stored one wraps as its child.

    Raises ``EvidenceError`` for what is no message or unfolds beyond the budget.
    """
    head = content.head
    if head.lstrip()[:8].lower() == b"version:" and content.size < 200:
        # The control part of multipart/encrypted (RFC 3156); the secret is the part after it.
        return Extraction(text=lines(decode(content.read()).text), flags={"encrypted_part"})
    flags: set[str] = set()
    literal = _opened(_binary(content.read()), context, flags)
    if literal is None:
        return Extraction(
            state=State.ENCRYPTED,
            message="It is encrypted with OpenPGP; only the holder of the private key can read it.",
            flags={"encrypted_part"},
        )
    child = _child(literal, context)
    return Extraction(container=True, expected_children=1, children=[child], flags=flags)


def _binary(data: bytes) -> bytes:
    """``data`` without armour; its checksum is not looked at."""
    match = None if data[:1] >= b"\x80" else _ARMOUR.search(data)  # packets begin so
    if match is None:
        return data
    digits = _NO_BASE64.sub(b"", match.group(1))
    return base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + b"==")


def _opened(data: bytes, context: Context, flags: set[str]) -> _Literal | None:
    """The literal data in a message; ``None`` when it is encrypted."""
    for _ in range(_LAYERS):
        for kind, at in _packets(data):
            if kind in _ENCRYPTED:
                return None
            if kind in (_SIGNATURE, _ONE_PASS):
                flags.add("signed")
            elif kind == _COMPRESSED:
                data = _unfolded(_body(data, at), context)
                break
            elif kind == _LITERAL:
                return _literal(_body(data, at), context)
            elif kind not in _SKIPPED:
                raise EvidenceError(State.CORRUPT, "It is no OpenPGP message.")
        else:
            raise EvidenceError(State.CORRUPT, "It is an OpenPGP message without content.")
    raise EvidenceError(f"{State.LIMIT}:nesting", "Its packets nest too deeply.")


def _packets(data: bytes) -> Iterator[tuple[int, int]]:
    """Kind and start of each packet; its length is looked at when the next one is asked for."""
    at = 0
    while at < len(data):
        mark = data[at]
        if not mark & 0x80:
            raise EvidenceError(State.CORRUPT, "It is no OpenPGP message.")
        yield (mark & 0x3F if mark & 0x40 else mark >> 2 & 15), at
        at = _pieces(data, at)[-1][1]


def _body(data: bytes, at: int) -> bytes:
    return b"".join(data[start:stop] for start, stop in _pieces(data, at))


def _pieces(data: bytes, at: int) -> list[tuple[int, int]]:
    """Where the body of the packet at ``at`` lies: partial lengths cut it into several pieces."""
    mark, at = data[at], at + 1
    if not mark & 0x40:
        width = 1 << (mark & 3)
        if width == 8:  # up to the end
            return [(at, len(data))]
        length = int.from_bytes(data[at : at + width], "big")
        return [_within(data, at + width, length)]
    found: list[tuple[int, int]] = []
    partial = True
    while partial:
        first = data[at] if at < len(data) else 0
        partial = 224 <= first < 255
        if partial:
            length, at = 1 << (first & 31), at + 1
        elif first == 255:
            length, at = int.from_bytes(data[at + 1 : at + 5], "big"), at + 5
        elif first >= 192:
            second = data[at + 1] if at + 1 < len(data) else 0
            length, at = (first - 192 << 8) + second + 192, at + 2
        else:
            length, at = first, at + 1
        found.append(_within(data, at, length))
        at += length
    return found


def _within(data: bytes, start: int, length: int) -> tuple[int, int]:
    if start + length > len(data):
        raise EvidenceError(
            State.TRUNCATED, f"A packet announces {length} bytes; {len(data) - start} are there."
        )
    return start, start + length


def _unfolded(body: bytes, context: Context) -> bytes:
    """The packets in a compressed one, within what the source file may still unfold into."""
    method, raw = body[:1], body[1:]
    if method == b"\0":
        return raw
    if method not in (b"\1", b"\2", b"\3"):
        raise EvidenceError(State.UNSUPPORTED, "It is compressed in a way that is not known.")
    pieces = (
        _bunzipped(raw) if method == b"\3" else inflate(iter([raw]), -15 if method < b"\2" else 15)
    )
    content, state, message = gather(pieces, context)
    if state != State.OK:
        raise EvidenceError(state, message)
    return content.read()


def _bunzipped(raw: bytes) -> Iterator[bytes]:
    decoder = bz2.BZ2Decompressor()
    try:
        piece = decoder.decompress(raw, PIECE)
        while piece:
            yield piece
            piece = b"" if decoder.eof else decoder.decompress(b"", PIECE)
    except OSError as error:
        raise Damaged(State.CORRUPT, str(error)) from error
    if not decoder.eof:
        raise Damaged(State.TRUNCATED, "Its compressed data end early.")


def _literal(body: bytes, context: Context) -> _Literal:
    """The content of a literal packet: form, name, date, data."""
    length = body[1] if len(body) > 1 else 0
    if len(body) < 6 + length:
        raise EvidenceError(State.TRUNCATED, "Its content ends early.")
    data = body[6 + length :]
    context.charge(len(data))
    return _Literal(body[2 : 2 + length].decode("utf-8", "replace"), data)


def _child(literal: _Literal, context: Context) -> Child:
    name = literal.name if literal.name != "_CONSOLE" else ""  # "for your eyes only"
    if not name:
        name = context.name
        if name.lower().endswith(_ENDINGS):
            name = name[:-4]
    content = Content(literal.data)
    if len(literal.data) > SPOOL_BYTES:
        with context.spool() as file:
            file.write(literal.data)
        content = Content(path=file.name)
    name, fields = place(name or "content")
    fields.pop("folder")
    return Child(name, content, "attachment", fields=fields)
