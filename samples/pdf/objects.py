"""PDF objects laid down as a file, encrypted if asked (ISO 32000-1, 7.3, 7.5 and 7.6)."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_PAD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


class Name(str):
    """A PDF name, without its slash."""


class Ref(int):
    """A reference to the object of this number."""


class Lock:
    """The standard security handler: ``rc4`` (V 2, 128 bits) or ``aes`` (V 4, AES-128)."""

    def __init__(self, password: str, owner: str, identity: bytes, cipher: str) -> None:
        self.cipher = cipher
        self.revision = 3 if cipher == "rc4" else 4
        self.permissions = -44
        user, own = _pad(password), _pad(owner)
        key = hashlib.md5(own).digest()
        for _ in range(50):
            key = hashlib.md5(key).digest()
        self.o = user
        for n in range(20):
            self.o = rc4(bytes(b ^ n for b in key), self.o)
        seed = user + self.o + self.permissions.to_bytes(4, "little", signed=True) + identity
        self.key = hashlib.md5(seed).digest()
        for _ in range(50):
            self.key = hashlib.md5(self.key).digest()
        u = hashlib.md5(_PAD + identity).digest()
        for n in range(20):
            u = rc4(bytes(b ^ n for b in self.key), u)
        self.u = u + bytes(16)

    def seal(self, data: bytes, number: int) -> bytes:
        """``data`` of object ``number`` under its own key."""
        salt = b"" if self.cipher == "rc4" else b"sAlT"
        key = hashlib.md5(self.key + number.to_bytes(3, "little") + b"\0\0" + salt).digest()
        if self.cipher == "rc4":
            return rc4(key, data)
        start = hashlib.md5(b"iv" + number.to_bytes(4, "big") + data).digest()
        padder = padding.PKCS7(128).padder()
        block = padder.update(data) + padder.finalize()
        encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
        return start + encryptor.update(block) + encryptor.finalize()

    def dictionary(self) -> dict[str, Any]:
        """The file's Encrypt dictionary."""
        out: dict[str, Any] = {
            "Filter": Name("Standard"),
            "Length": 128,
            "R": self.revision,
            "O": self.o,
            "U": self.u,
            "P": self.permissions,
        }
        if self.cipher == "rc4":
            return {**out, "V": 2}
        filters = {"StdCF": {"CFM": Name("AESV2"), "Length": 16, "AuthEvent": Name("DocOpen")}}
        standard = Name("StdCF")
        return {**out, "V": 4, "CF": filters, "StmF": standard, "StrF": standard}


class File:
    """Objects by number, from 1. A stream is given by its dictionary and its bytes."""

    def __init__(self) -> None:
        self.objects: list[tuple[Any, bytes | None]] = []

    def add(self, value: Any, stream: bytes | None = None, packed: bool = True) -> Ref:
        """Adds an object; ``packed`` streams are deflated."""
        if stream is not None and packed:
            stream = zlib.compress(stream, 6)
            value = {**value, "Filter": Name("FlateDecode")}
        self.objects.append((value, stream))
        return Ref(len(self.objects))

    def put(self, ref: Ref, value: Any) -> None:
        """Replaces the object ``ref``."""
        self.objects[ref - 1] = (value, None)

    def write(self, root: Ref, info: Ref, identity: bytes, lock: Lock | None = None) -> bytes:
        """The file; ``identity`` is its 16-byte ID."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, (value, stream) in enumerate(self.objects, 1):
            offsets.append(len(out))
            if stream is not None:
                if lock:
                    stream = lock.seal(stream, number)
                value = {**value, "Length": len(stream)}
            out += f"{number} 0 obj\n".encode() + _write(value, lock, number)
            if stream is not None:
                out += b"\nstream\n" + stream + b"\nendstream"
            out += b"\nendobj\n"
        trailer: dict[str, Any] = {
            "Size": len(offsets) + 1,
            "Root": root,
            "Info": info,
            "ID": [identity, identity],
        }
        if lock:
            trailer["Size"] = len(offsets) + 2
            trailer["Encrypt"] = Ref(len(offsets) + 1)
            offsets.append(len(out))
            out += f"{len(offsets)} 0 obj\n".encode() + _write(lock.dictionary(), None, 0)
            out += b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
        out += b"trailer\n" + _write(trailer, None, 0) + f"\nstartxref\n{start}\n%%EOF\n".encode()
        return bytes(out)


def _write(value: Any, lock: Lock | None, number: int) -> bytes:
    match value:
        case Name():
            return b"/" + value.encode()
        case Ref():
            return f"{int(value)} 0 R".encode()
        case bool():
            return b"true" if value else b"false"
        case int() | float():
            return f"{value:g}".encode() if isinstance(value, float) else str(value).encode()
        case str():
            data = value.encode() if value.isascii() else b"\xfe\xff" + value.encode("utf-16-be")
            return _write(data, lock, number)
        case bytes():
            data = lock.seal(value, number) if lock else value
            return b"<" + data.hex().encode() + b">"
        case dict():
            rows = b"".join(
                b"/" + k.encode() + b" " + _write(v, lock, number) + b" " for k, v in value.items()
            )
            return b"<< " + rows + b">>"
        case list():
            return b"[" + b" ".join(_write(v, lock, number) for v in value) + b"]"
    raise TypeError(f"not a PDF object: {value!r}")


def _pad(password: str) -> bytes:
    return (password.encode("latin-1") + _PAD)[:32]


def rc4(key: bytes, data: bytes) -> bytes:
    """RC4, which old PDF encryption rests on."""
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 0xFF
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 0xFF
        j = (j + box[i]) & 0xFF
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) & 0xFF])
    return bytes(out)
