"""Seals a volume: one archive, AES-256, names encrypted where the format can; tested."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import update

from ediscovery.model.errors import Refused, UsageError, VerificationFailed
from ediscovery.produce import ledger
from ediscovery.produce.volume import MANIFEST
from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.tables import productions
from ediscovery.store.workspace import Matter

SHORTEST = 12  # characters of a passphrase
_PIECE = 1 << 20


def passphrase(path: Path) -> str:
    """The first line of a file. Raises :class:`UsageError` when it has fewer than 12 characters."""
    try:
        text = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}", "One line of UTF-8.") from error
    found = text[0].strip() if text else ""
    if len(found) < SHORTEST:
        raise UsageError(
            f"The passphrase in {path} is shorter than {SHORTEST} characters.",
            "Make one: openssl rand -base64 24 > key.txt",
        )
    return found


def seal(matter: Matter, volume: str, key: str, out: Path) -> str:
    """Write the volume as ``out`` (``.7z`` or ``.zip``); returns the archive's SHA-256.

    The archive is opened again and every file in it held against the folder. From then on the
    volume counts as sealed. Raises :class:`Refused` when it is not written or sealed already,
    :class:`VerificationFailed` when its folder is not what was written.
    """
    production = ledger.production(matter, volume)
    if production.state != ledger.WRITTEN:
        raise Refused(f"{volume} is not complete.", "Run its production again to go on.")
    if production.sealed_at:
        raise Refused(
            f"{volume} was sealed on {production.sealed_at} as {production.seal}.",
            "A sealed volume is never altered.",
        )
    if out.exists():
        raise UsageError(f"{out} exists.", "Choose another --out.")
    writers = {".7z": (_write_7z, _read_7z), ".zip": (_write_zip, _read_zip)}
    if out.suffix.lower() not in writers:
        raise UsageError(f"{out} is neither 7z nor ZIP.", "Name a file that ends so.")
    write, read = writers[out.suffix.lower()]
    folder = Path(production.folder)
    digests = _whole(folder, production.manifest_sha256)
    part = out.with_name(f".{out.name}.part")
    try:
        write(part, folder, volume, sorted(digests), key)
        found = {name.removeprefix(f"{volume}/"): digest for name, digest in read(part, key)}
        if found != digests:
            raise VerificationFailed(
                "The archive does not hold what the volume does.", "Try again."
            )
        with open(part, "rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    with writing(matter.engine) as connection:
        connection.execute(
            update(productions)
            .where(productions.c.id == production.id)
            .values(seal=str(out.absolute()), seal_sha256=digest, sealed_at=audit.now())
        )
        audit.record(
            connection,
            "volume sealed",
            {"volume": volume, "archive": str(out.absolute()), "sha256": digest},
        )
    matter.mirror_audit()
    return digest


def _whole(folder: Path, manifest_sha256: str) -> dict[str, str]:
    """SHA-256 of every file by name; raises when the folder is not what was written."""
    from ediscovery.produce.check_volume import manifest_of
    from ediscovery.produce.volume import digests_of

    if not (folder / MANIFEST).is_file():
        raise VerificationFailed(f"{folder} is gone.", "Restore it from a backup.")
    digests = dict(digests_of(folder))
    check = manifest_of(folder, digests)
    own = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if own != manifest_sha256:
        check.fail(f"{MANIFEST} is not what was written.")
    if not check.holds:
        raise VerificationFailed(
            f"{folder} is not what was written: {check.problems[0]}",
            f"Run: ediscovery produce verify {folder}",
        )
    return {name: digest for name, (_, digest) in digests.items()} | {MANIFEST: own}


def _write_7z(path: Path, folder: Path, volume: str, names: list[str], key: str) -> None:
    import py7zr

    with py7zr.SevenZipFile(path, "w", password=key, header_encryption=True) as archive:
        for name in names:
            archive.write(folder / name, f"{volume}/{name}")


def _read_7z(path: Path, key: str) -> Iterator[tuple[str, str]]:
    import py7zr
    from py7zr.io import Py7zIO, WriterFactory

    class Digest(Py7zIO):
        """Hashes what is unpacked and keeps none of it."""

        def __init__(self) -> None:
            self.digest, self.length = hashlib.sha256(), 0

        def write(self, s: Any) -> int:
            self.digest.update(s)
            self.length += len(s)
            return len(s)

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            return

        def size(self) -> int:
            return self.length

    class Digests(WriterFactory):
        def __init__(self) -> None:
            self.made: dict[str, Digest] = {}

        def create(self, filename: str) -> Py7zIO:
            self.made[filename] = Digest()
            return self.made[filename]

    digests = Digests()
    with py7zr.SevenZipFile(path, "r", password=key) as archive:
        archive.extractall(factory=digests)
    yield from ((name, made.digest.hexdigest()) for name, made in digests.made.items())


def _write_zip(path: Path, folder: Path, volume: str, names: list[str], key: str) -> None:
    import pyzipper

    with pyzipper.AESZipFile(
        path, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(key.encode())
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        for name in names:
            archive.write(folder / name, f"{volume}/{name}")


def _read_zip(path: Path, key: str) -> Iterator[tuple[str, str]]:
    import pyzipper

    with pyzipper.AESZipFile(path) as archive:
        archive.setpassword(key.encode())
        for name in archive.namelist():
            digest = hashlib.sha256()
            with archive.open(name) as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
            yield name, digest.hexdigest()
