"""OpenPGP: encrypted recorded, signed opened."""

from __future__ import annotations

import base64
import bz2
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract.contract import Content
from ediscovery.extract.mail import pgp
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import Role, State
from tests.extract.mail.reading import context, root, visits

HEAD = "From: a@example.com\nTo: b@example.com\n"
ENCRYPTED = "-----BEGIN PGP MESSAGE-----\n\nhQEMA7Zx\n=abcd\n-----END PGP MESSAGE-----\n"
SIGNED = (
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nDear Bob\n- -- \n- From Jane\n"
    "-----BEGIN PGP SIGNATURE-----\n\niQEz\n=abcd\n-----END PGP SIGNATURE-----\n"
)


def test_inline() -> None:
    assert root(f"{HEAD}\n{ENCRYPTED}".encode()).item.flags == ["encrypted_part"]
    visit = root(f"{HEAD}\n{SIGNED}".encode())
    assert visit.item.flags == ["signed"] and "Dear Bob" in visit.text


def test_mime_encrypted() -> None:
    data = (
        f"{HEAD}Content-Type: multipart/encrypted; boundary=b;"
        ' protocol="application/pgp-encrypted"\n\n'
        "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
        "--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n"
        f"{ENCRYPTED}--b--\n"
    )
    found = visits(data.encode())
    assert "encrypted_part" in found[-1].item.flags
    assert found[1].item.file_name == "encrypted.asc"
    assert found[1].item.state == State.ENCRYPTED
    assert found[0].item.state == State.OK


def test_mime_signed() -> None:
    data = (
        f"{HEAD}Content-Type: multipart/signed; boundary=b\n\n--b\n\nDear Bob\n"
        "--b\nContent-Type: application/pgp-signature; name=signature.asc\n\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n\n--b--\n"
    )
    found = visits(data.encode())
    assert found[-1].item.flags == ["signed"] and found[-1].text.endswith("Dear Bob")
    assert [v.item.file_name for v in found[:-1]] == ["signature.asc"]


def packet(kind: int, body: bytes, *partial: int) -> bytes:
    """A packet in the new format, in pieces of ``2 ** partial`` bytes and a rest."""
    out = bytes((0xC0 | kind,))
    for power in partial:
        out += bytes((224 | power,)) + body[: 1 << power]
        body = body[1 << power :]
    return out + b"\xff" + len(body).to_bytes(4, "big") + body


CONTENT = b"the offer stands until Friday. " * 30
LITERAL = packet(11, b"b\x09offer.txt\0\0\0\0" + CONTENT, 9)
PACKED = {
    "none": LITERAL,
    "stored": packet(8, b"\0" + LITERAL),
    "zip": packet(8, b"\1" + zlib.compress(LITERAL)[2:-4]),
    "zlib": packet(8, b"\2" + zlib.compress(LITERAL)),
    "bzip2": packet(8, b"\3" + bz2.compress(LITERAL)),
    "old format": b"\xa3\2" + zlib.compress(b"\xaf" + b"b\x09offer.txt\0\0\0\0" + CONTENT),
}


@pytest.mark.parametrize("how", PACKED)
def test_what_is_only_signed_is_opened(how: str) -> None:
    message = packet(10, b"PGP") + packet(4, b"one pass") + PACKED[how]
    armoured = b"-----BEGIN PGP MESSAGE-----\nComment: x\n\n" + base64.encodebytes(message)
    armoured += b"=abcd\n-----END PGP MESSAGE-----\n"
    for data in (message, armoured):
        child, whole = visits(data, "a.gpg")
        assert (child.item.file_name, child.text) == ("offer.txt", CONTENT.decode())
        assert (whole.item.role, whole.item.flags) == (Role.CONTAINER, ["signed"])
        assert whole.item.expected_children == whole.item.actual_children == 1


def test_a_stored_message_without_a_name_takes_its_own() -> None:
    child, whole = visits(packet(8, b"\0" + packet(11, b"b\0\0\0\0\0words")), "plan.txt.gpg")
    assert (child.item.file_name, child.text, whole.item.flags) == ("plan.txt", "words", [])


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (packet(1, b"key") + packet(18, b"secret"), State.ENCRYPTED),
        (packet(8, b"\2" + zlib.compress(packet(3, b"") + packet(9, b"x"))), State.ENCRYPTED),
        (b"\x85\x01\x0c\x03abc", State.ENCRYPTED),
        (LITERAL[:-1], State.TRUNCATED),
        (packet(8, b"\2" + zlib.compress(LITERAL)[:-9]), State.TRUNCATED),
        (packet(8, b"\1nonsense"), State.CORRUPT),
        (packet(8, b"\3nonsense"), State.CORRUPT),
        (packet(8, b"\x09"), State.UNSUPPORTED),
        (packet(10, b"PGP"), State.CORRUPT),
        (packet(13, b"user"), State.CORRUPT),
        (packet(10, b"PGP") + b"plain", State.CORRUPT),
    ],
)
def test_what_can_not_be_opened_says_why(data: bytes, state: str) -> None:
    item = root(packet(10, b"PGP") + data, "a.gpg").item
    assert (item.state, item.role) == (state, Role.DOCUMENT)


def test_a_bomb_stops_at_the_budget() -> None:
    data = packet(8, b"\2" + zlib.compress(bytes(1 << 20)))
    item = root(packet(10, b"PGP") + data, "a.gpg", limits={"expansion_bytes": 1 << 16}).item
    assert item.state == "limit:expansion"
    deep = packet(11, b"b\0\0\0\0\0x")
    for _ in range(9):
        deep = packet(8, b"\0" + deep)
    assert root(deep, "a.gpg").item.state == "limit:nesting"


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_state(data: bytes) -> None:
    try:
        pgp.extract(Content(b"\xc4" + data), context())
    except EvidenceError as error:
        assert error.state


def test_files() -> None:
    visit = root(SIGNED.encode(), "a.asc")
    assert visit.text == SIGNED and visit.item.flags == ["signed"]
    visit = root(ENCRYPTED.encode(), "a.asc")
    assert (visit.item.state, visit.item.flags) == (State.ENCRYPTED, ["encrypted_part"])
    assert root(f"See below.\n{ENCRYPTED}".encode(), "a.txt").item.flags == ["encrypted_part"]
