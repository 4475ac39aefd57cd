"""Encrypted ODF packages (ODF 1.3 part 2, 3.4; LibreOffice's whole-package form of ODF 1.4)."""

from __future__ import annotations

import base64
import hashlib
import time
import zlib
from dataclasses import dataclass
from typing import Any

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.office.markup import attribute, local
from ediscovery.extract.office.parts import Parts
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_MOST_ITERATIONS = 10_000_000
_MOST_MEMORY = 1 << 20  # KiB that Argon2 may ask for


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    algorithm: str
    vector: bytes
    derivation: str
    salt: bytes
    iterations: int
    key_bytes: int
    memory: int
    lanes: int
    start_hash: str
    checksum: bytes
    checksum_type: str
    size: int


class _Opened(Parts):
    """The parts of an encrypted package, decrypted when they are read."""

    def __init__(self, parts: Parts, entries: dict[str, _Entry], password: str) -> None:
        self.__dict__.update(parts.__dict__)
        self._encrypted = parts
        self._sealed = entries
        self._password = password
        self._keys: dict[tuple[Any, ...], bytes] = {}

    def read(self, name: str) -> bytes | None:
        entry = self._sealed.get(name)
        data = self._encrypted.read(name)
        if entry is None or data is None:
            return data
        self._context.charge(entry.size)
        plain = _decrypt(entry, data, self._password, self._keys)
        if plain is None:
            self.warn(f"Part {name} can't be decrypted.")
        return plain

    def open(self, name: str) -> Any:
        import io

        data = self.read(name)
        return None if data is None else io.BytesIO(data)


def decrypted(parts: Parts, context: Context) -> Parts | Content | None:
    """``None`` when nothing is encrypted; else the parts in clear, or the package they make up.

    Tries ``context.passwords`` within ``limits.password_seconds``. Raises
    :class:`EvidenceError` (``encrypted``) when none fits.
    """
    if "META-INF/manifest.xml" not in parts:
        return None
    root = parts.xml("META-INF/manifest.xml")
    entries = {e.name: e for e in _entries(root)} if root is not None else {}
    if not entries:
        return None
    probe = min(
        (e for e in entries.values() if e.name in parts),
        key=lambda entry: parts.size(entry.name),
        default=None,
    )
    if probe is None:
        return None
    data = parts.read(probe.name) or b""
    ends = time.monotonic() + context.profile.limits.password_seconds
    tried = 0
    for password in context.passwords:
        if tried and time.monotonic() > ends:
            break
        tried += 1
        plain = _decrypt(probe, data, password, {})
        if plain is not None:
            if probe.name == "encrypted-package":
                return Content(plain)
            return _Opened(parts, entries, password)
    raise EvidenceError(
        State.ENCRYPTED, f"It is encrypted; {tried} of {len(context.passwords)} passwords tried."
    )


def _entries(root: Any) -> list[_Entry]:
    result = []
    for element in root.iter("{*}encryption-data"):
        parts = {local(part.tag): part for part in element}
        algorithm = parts.get("algorithm")
        derivation = parts.get("key-derivation")
        start = parts.get("start-key-generation")
        if algorithm is None or derivation is None:
            continue
        holder = element.getparent()
        start_name = attribute(start, "start-key-generation-name") if start is not None else ""
        result.append(
            _Entry(
                attribute(holder, "full-path"),
                attribute(algorithm, "algorithm-name").lower(),
                _bytes(attribute(algorithm, "initialisation-vector")),
                attribute(derivation, "key-derivation-name").lower(),
                _bytes(attribute(derivation, "salt")),
                _number(
                    attribute(derivation, "iteration-count")
                    or attribute(derivation, "argon2-iterations")
                ),
                _number(attribute(derivation, "key-size")) or 16,
                _number(attribute(derivation, "argon2-memory")),
                _number(attribute(derivation, "argon2-lanes")),
                "sha256" if "sha256" in start_name.lower() else "sha1",
                _bytes(attribute(element, "checksum")),
                attribute(element, "checksum-type").lower(),
                _number(attribute(holder, "size")),
            )
        )
    return result


def _decrypt(
    entry: _Entry, data: bytes, password: str, keys: dict[tuple[Any, ...], bytes]
) -> bytes | None:
    """The part in clear, or ``None`` when ``password`` is not the one."""
    from cryptography.exceptions import InvalidTag

    known = (entry.salt, entry.iterations, entry.start_hash)
    key = keys.get(known)
    if key is None:
        key = keys[known] = _key(entry, password)
    try:
        plain = _cipher(entry, key, data)
    except (ValueError, InvalidTag):
        return None
    if entry.checksum and not _fits(entry, plain):
        return None
    if entry.name == "encrypted-package":
        return plain if plain.startswith(b"PK") else None
    try:
        inflate = zlib.decompressobj(-15)
        return inflate.decompress(plain, max(entry.size, 1))
    except zlib.error:
        return None


def _fits(entry: _Entry, plain: bytes) -> bool:
    piece = plain[:1024] if entry.checksum_type.endswith("1k") else plain
    name = "sha256" if "sha256" in entry.checksum_type else "sha1"
    return hashlib.new(name, piece).digest() == entry.checksum


def _key(entry: _Entry, password: str) -> bytes:
    start = hashlib.new(entry.start_hash, password.encode()).digest()
    if "argon2" in entry.derivation:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        if not 0 < entry.memory <= _MOST_MEMORY or entry.iterations > 100:
            raise EvidenceError(State.ENCRYPTED, "Its key derivation asks for too much memory.")
        return Argon2id(
            salt=entry.salt,
            length=entry.key_bytes,
            iterations=max(entry.iterations, 1),
            lanes=max(entry.lanes, 1),
            memory_cost=entry.memory,
        ).derive(start)
    if not 0 < entry.iterations <= _MOST_ITERATIONS:
        raise EvidenceError(State.ENCRYPTED, "Its key derivation asks for too many rounds.")
    return hashlib.pbkdf2_hmac("sha1", start, entry.salt, entry.iterations, entry.key_bytes)


def _cipher(entry: _Entry, key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if "gcm" in entry.algorithm:
        return AESGCM(key).decrypt(data[:12], data[12:], None)
    if "blowfish" in entry.algorithm:
        from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
        from cryptography.hazmat.decrepit.ciphers.modes import CFB

        decryptor = Cipher(Blowfish(key), CFB(entry.vector)).decryptor()
        return decryptor.update(data) + decryptor.finalize()
    decryptor = Cipher(algorithms.AES(key), modes.CBC(entry.vector)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    # W3C padding: the last byte tells how many were added. The checksum is over what is left,
    # though some writers take it over the padded bytes; 1k checksums hide the difference.
    return plain[: -plain[-1]] if plain and 0 < plain[-1] <= 16 else plain


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
