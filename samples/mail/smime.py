"""An opaque S/MIME signature that is the same at each run.

The key below signs nothing but this collection: it is public, worthless and must stay so. RSA with
PKCS #1 v1.5 and no signed attributes (so no signing time) needs neither chance nor clock.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

_P = int(
    "ff2ac9256f284f702fe02c1b4de0fc86e59135f68adf695dbc8090001a30e2a3f7f8ae283fda952d2a6caacacf9e"
    "43e3d52aa268e3c359b56f2bfc4c6ef082daddbb98be6c298f4913f5945035a52e776c3b2eadf50d53c560067e50"
    "7a92430c4230adea9f42809e3a741d119a3128d6859165a413e2f141134f23b82cff95ad",
    16,
)
_Q = int(
    "f2e85c41debeaafd84bbbb87b0029e4e087d94e82ec055bd17314c00d8d9e74c4dc45b8ba24bd075e7502a83aa68"
    "341f637818706341ef38df9bd5a8c9d61590ee79cebca82f38c90953e256826858e50b5194f6b9aa147755f91149"
    "748686d80dfe5ff2c7ba14ddbf4b0ebf659ed70af70cc364ad556efcecfe1948e6e241d1",
    16,
)


def sign(entity: bytes) -> bytes:
    """A DER SignedData that carries the MIME ``entity`` (with ``\\r\\n`` line ends) inside."""
    key = _key()
    builder = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(entity)
        .add_signer(_certificate(key), key, hashes.SHA256())
    )
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes]
    return builder.sign(serialization.Encoding.DER, options)


def _key() -> rsa.RSAPrivateKey:
    e, phi = 65537, (_P - 1) * (_Q - 1)
    d = pow(e, -1, phi)
    public = rsa.RSAPublicNumbers(e, _P * _Q)
    return rsa.RSAPrivateNumbers(
        _P, _Q, d, d % (_P - 1), d % (_Q - 1), pow(_Q, -1, _P), public
    ).private_key()


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sample signer (for tests only)")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(117)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2034, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
