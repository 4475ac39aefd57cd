"""S/MIME: signed messages opened, encrypted ones recorded. Keys and messages are made here."""

from __future__ import annotations

import base64
import datetime as dt
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from ediscovery.model.states import Role, State
from tests.extract.mail.reading import crlf, visits

INNER = crlf(
    "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nsealed words\n"
    "--b\nContent-Type: text/csv; name=a.csv\nContent-Disposition: attachment; filename=a.csv\n\n"
    "1,2\n--b--\n"
)
Signer = tuple[rsa.RSAPrivateKey, x509.Certificate]


@pytest.fixture(scope="module")
def signer() -> Signer:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Jane Roe")])
    now = dt.datetime(2020, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(3650))
    return key, builder.public_key(key.public_key()).sign(key, hashes.SHA256())


def signed(signer: Signer, data: bytes = INNER) -> bytes:
    key, certificate = signer
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def enveloped(signer: Signer) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(signer[1])
    return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def mail(content: bytes, kind: str = "signed-data") -> bytes:
    head = (
        "From: Jane <jane@example.com>\nTo: bob@example.com\nSubject: sealed\n"
        f"Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\n"
        "Content-Transfer-Encoding: base64\n"
        "Content-Disposition: attachment; filename=smime.p7m\n\n"
    )
    return crlf(head) + base64.encodebytes(content)


def indefinite(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x80)) + content + b"\0\0"


def definite(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes((size,)) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes((tag,)) + length + content


def streamed(data: bytes, kind: str = "2a864886f70d010702") -> bytes:
    """SignedData as programs write it that do not know its size beforehand."""
    pieces = b"".join(definite(0x04, data[i : i + 100]) for i in range(0, len(data), 100))
    inner = definite(0x06, bytes.fromhex("2a864886f70d010701"))
    content = indefinite(0x30, inner + indefinite(0xA0, indefinite(0x24, pieces)))
    body = definite(0x02, b"\1") + indefinite(0x31, b"") + content
    outer = definite(0x06, bytes.fromhex(kind))
    return indefinite(0x30, outer + indefinite(0xA0, indefinite(0x30, body)))


def test_a_signed_mail_reads_like_any_other(signer: Signer) -> None:
    for content in (signed(signer), streamed(INNER)):
        found = visits(mail(content))
        item = found[-1].item
        assert item.state == State.OK, item.message
        assert item.subject == "sealed" and "signed" in item.flags
        assert found[-1].text.endswith("Attachments: a.csv\n\nsealed words")
        assert [v.item.file_name for v in found[:-1]] == ["a.csv"]
        assert item.expected_children == item.actual_children == 1
    assert visits(mail(signed(signer)))[-1].item.metadata["signers"] == ["CN=Jane Roe"]


def test_a_signature_around_a_signature(signer: Signer) -> None:
    head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    inner = head + base64.encodebytes(signed(signer))
    assert "sealed words" in visits(mail(signed(signer, inner)))[-1].text


def test_an_encrypted_mail_keeps_its_secret_as_a_child(signer: Signer) -> None:
    found = visits(mail(enveloped(signer), "enveloped-data"))
    assert found[0].item.state == State.ENCRYPTED and found[0].item.file_name == "smime.p7m"
    assert "encrypted_part" in found[0].item.flags and "encrypted_part" in found[-1].item.flags
    assert found[-1].item.subject == "sealed"


def test_signed_files_are_containers(signer: Signer) -> None:
    found = visits(signed(signer, b"<invoice>4711</invoice>"), "invoice.xml.p7m")
    assert found[-1].item.role == Role.CONTAINER
    assert found[0].item.file_name == "invoice.xml"
    assert found[0].content is not None
    assert found[0].content.read() == b"<invoice>4711</invoice>"
    mails = visits(signed(signer), "message.p7m")
    assert [v.item.file_name for v in mails] == ["a.csv", "signed-message.eml", "message.p7m"]
    armoured = b"-----BEGIN PKCS7-----\n%s-----END PKCS7-----\n"
    text = armoured % base64.encodebytes(signed(signer, b"plain"))
    assert b"plain" in [v.content.read() for v in visits(text, "a.p7m") if v.content]


def compressed(data: bytes, cut: int = 0) -> bytes:
    inner = definite(0x06, bytes.fromhex("2a864886f70d010701"))
    packed = zlib.compress(data)
    wrapped = definite(0xA0, definite(0x04, packed[: len(packed) - cut]))
    body = definite(0x02, b"\0") + definite(0x30, b"") + definite(0x30, inner + wrapped)
    outer = definite(0x06, bytes.fromhex("2a864886f70d0109100109"))
    return definite(0x30, outer + definite(0xA0, definite(0x30, body)))


def test_compressed_mails_unfold_within_the_budget() -> None:
    assert "sealed words" in visits(mail(compressed(INNER), "compressed-data"))[-1].text
    # its end is missing: whoever unfolds it all finds it damaged, not too large
    bomb = mail(compressed(b"x" * 50_000_000, cut=20), "compressed-data")
    item = visits(bomb, limits={"expansion_bytes": 1_000_000})[-1].item
    assert item.state == "limit:expansion"


@pytest.mark.parametrize("cut", [1, 2, 5, 30, 60, 200])
def test_damaged_structures(signer: Signer, cut: int) -> None:
    whole = signed(signer)
    found = visits(mail(whole[:-cut]))
    assert found[-1].item.subject == "sealed"
    broken = bytearray(whole)
    broken[cut] ^= 0xFF
    for visit in visits(mail(bytes(broken))):
        assert visit.item.state  # settled, whatever it is


def test_endless_lengths_end() -> None:
    deep = b"\x30\x80" * 100_000
    item = visits(mail(bytes.fromhex("308006092a864886f70d010702a080") + deep))[-1].item
    assert item.subject == "sealed"
