"""S/MIME and other CMS messages: signed and compressed ones are opened, encrypted ones recorded.

Only the outer structure of RFC 5652 is read, in DER or BER, with every length checked. Signatures
are not verified: that needs certificates and trust that the evidence does not bring along.
"""

from __future__ import annotations

import binascii
import re
import warnings
import zlib
from typing import NamedTuple

from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context, Extraction
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_PKCS7 = bytes.fromhex("2a864886f70d0107")
_SMIME_TYPES = bytes.fromhex("2a864886f70d01091001")
_SIGNED, _ENVELOPED, _BOTH, _DIGESTED, _ENCRYPTED = (_PKCS7 + bytes((n,)) for n in (2, 3, 4, 5, 6))
_COMPRESSED, _AUTHENTICATED = _SMIME_TYPES + b"\x09", _SMIME_TYPES + b"\x17"
_MAX_PIECES = 1_000_000
_HEADER = re.compile(rb"\s*(?:content-|mime-version)[a-z-]*[ \t]*:", re.IGNORECASE)
_ARMOUR = re.compile(rb"-----BEGIN (?:PKCS7|CMS)-----(.*?)-----END", re.DOTALL)
_WRAPPERS = (".p7m", ".p7c", ".p7z", ".p7s")


class _Value(NamedTuple):
    """One BER value: its tag byte, where its content lies, and where the next value begins."""

    tag: int
    start: int
    stop: int
    end: int


class Opened(NamedTuple):
    """What a CMS message holds: ``inner`` is ``None`` when it is encrypted or has no content."""

    inner: bytes | None
    signed: bool = False
    encrypted: bool = False
    signers: list[str] | None = None


def extract(content: Content, context: Context) -> Extraction:
    """Gives what a signed message wraps as its child; an encrypted one has the state encrypted."""
    found = unwrap(content.read(), context)
    if found.encrypted:
        return Extraction(
            state=State.ENCRYPTED,
            message="It is encrypted with S/MIME; only the holder of the private key can read it.",
            flags={"encrypted_part"},
        )
    flags = {"signed"} if found.signed else set()
    fields = {"signers": found.signers} if found.signers else {}
    if found.inner is None:
        return Extraction(
            text="\n".join(found.signers or ()),
            flags=flags,
            fields=fields,
        )
    return Extraction(
        container=True,
        expected_children=1,
        children=[_child(found.inner, context)],
        flags=flags,
        fields=fields,
    )


def unwrap(data: bytes, context: Context) -> Opened:
    """Opens one CMS layer. Raises ``EvidenceError`` for what can't be opened."""
    data = _binary(data)
    outer = _value(data, 0, len(data))
    kind = _value(data, outer.start, outer.stop)
    if outer.tag != 0x30 or kind.tag != 0x06:
        raise EvidenceError(State.CORRUPT, "It is no CMS message.")
    name = data[kind.start : kind.stop]
    if name in (_ENVELOPED, _BOTH, _ENCRYPTED, _AUTHENTICATED):
        return Opened(None, encrypted=True)
    if name not in (_SIGNED, _COMPRESSED, _DIGESTED):
        raise EvidenceError(State.UNSUPPORTED, "It is a CMS message of a kind that is not read.")
    wrapped = _value(data, kind.end, outer.stop)
    body = _value(data, wrapped.start, wrapped.stop)
    inner = _wrapped(data, body)
    if inner is not None and name == _COMPRESSED:
        inner = _inflated(inner, context)
    if inner is not None:
        context.charge(len(inner))
    signed = name == _SIGNED
    return Opened(inner, signed, signers=_certificates(data) if signed else None)


def _binary(data: bytes) -> bytes:
    """``data`` without armour or base64 around it."""
    armour = _ARMOUR.search(data)
    if armour or data[:2] == b"MI":
        try:
            return binascii.a2b_base64(armour.group(1) if armour else data)
        except binascii.Error as error:
            raise EvidenceError(State.CORRUPT, f"Its base64 is damaged: {error}.") from error
    return data


def _value(data: bytes, at: int, end: int) -> _Value:
    """The value at ``at``. Of one of indefinite length the content runs to the end of ``data``'s
    enclosing value, its own end marks left in."""
    if at + 2 > end:
        raise EvidenceError(State.TRUNCATED, "Its structure ends early.")
    tag, length = data[at], data[at + 1]
    start = at + 2
    if tag & 0x1F == 0x1F:
        raise EvidenceError(State.CORRUPT, "It holds a tag that CMS does not use.")
    if length == 0x80:
        return _Value(tag, start, end, end)
    if length > 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > end:
        raise EvidenceError(
            State.TRUNCATED, f"Its structure announces {length} bytes; {end - start} are there."
        )
    return _Value(tag, start, start + length, start + length)


def _wrapped(data: bytes, body: _Value) -> bytes | None:
    """The content inside of SignedData and its like, where it follows version and algorithms."""
    at = body.start
    for _ in range(2):
        at = _skip(data, at, body.stop)
    info = _value(data, at, body.stop)
    kind = _value(data, info.start, info.stop)
    if kind.end >= info.stop:
        return None
    explicit = _value(data, kind.end, info.stop)
    if explicit.tag != 0xA0:
        return None
    value = _value(data, explicit.start, explicit.stop)
    if value.tag == 0x04:
        return data[value.start : value.stop]
    return b"".join(_pieces(data, value.start, value.stop))


def _skip(data: bytes, at: int, end: int) -> int:
    """Where the value after the one at ``at`` begins."""
    value = _value(data, at, end)
    if data[at + 1] != 0x80:
        return value.end
    depth, at = 1, value.start
    for _ in range(_MAX_PIECES):
        if data[at : at + 2] == b"\0\0":
            depth, at = depth - 1, at + 2
            if not depth:
                return at
            continue
        inner = _value(data, at, end)
        if data[at + 1] == 0x80:
            depth, at = depth + 1, inner.start
        else:
            at = inner.end
    raise EvidenceError(f"{State.LIMIT}:members", "Its structure has too many values.")


def _pieces(data: bytes, at: int, end: int) -> list[bytes]:
    """The octets of a constructed octet string, piece by piece."""
    pieces: list[bytes] = []
    while at + 2 <= end and data[at : at + 2] != b"\0\0":
        value = _value(data, at, end)
        if value.tag == 0x04:
            pieces.append(data[value.start : value.stop])
            at = value.end
        elif value.tag == 0x24:  # a string made of strings: its pieces follow
            at = value.start
        else:
            break
        if len(pieces) > _MAX_PIECES:
            raise EvidenceError(f"{State.LIMIT}:members", "Its content is in too many pieces.")
    return pieces


def _inflated(data: bytes, context: Context) -> bytes:
    """``data`` decompressed, within what the source file may still unfold into."""
    limit = max(0, context.budget.left)
    stream = zlib.decompressobj()
    try:
        result = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise EvidenceError(
            State.CORRUPT, f"Its compressed content is damaged: {error}."
        ) from error
    if len(result) > limit:
        context.charge(len(result))
    return result


def _certificates(data: bytes) -> list[str]:
    """Names on the certificates that come along, as said by themselves; none when unreadable."""
    from cryptography.hazmat.primitives.serialization import pkcs7

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it dislikes BER and reads it all the same
            found = pkcs7.load_der_pkcs7_certificates(data)
        return [one.subject.rfc4514_string()[:500] for one in found[:50]]
    except Exception:  # its parser raises whatever it likes; the names are a courtesy
        return []


def _child(inner: bytes, context: Context) -> Child:
    name = context.name
    for ending in _WRAPPERS:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    is_mail = _HEADER.match(inner) is not None
    if is_mail:
        name = "signed-message.eml"
    content = Content(inner)
    if len(inner) > SPOOL_BYTES:
        with context.spool() as file:
            file.write(inner)
        content = Content(path=file.name)
    return Child(name or "content", content, "attachment", "message/rfc822" if is_mail else "")
