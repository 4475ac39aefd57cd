"""OpenPGP: encrypted recorded, signed read."""

from __future__ import annotations

from ediscovery.extract.contract import Content
from ediscovery.extract.mail import pgp
from ediscovery.model.states import State
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


def test_files() -> None:
    found = pgp.extract(Content(SIGNED.encode()), context())
    assert found.text == "Dear Bob\n-- \nFrom Jane\n" and found.flags == {"signed"}
    assert pgp.extract(Content(ENCRYPTED.encode()), context()).state == State.ENCRYPTED
    assert pgp.extract(Content(b"\x85\x01\x0c\x03abc"), context()).state == State.ENCRYPTED
