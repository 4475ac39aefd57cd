"""Where the packs of a matter lie: one protocol, and the registry that a deployment chooses from.

Whatever the store, a pack is the same bytes under the same name, is written once and never again,
and a member of it is one range read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from ediscovery.model.deployment import Deployment
from ediscovery.model.errors import UsageError
from ediscovery.store.packs import Place

PIECE = 8 << 20  # bytes that are read at once of what may be large


class Member(NamedTuple):
    """One member of a pack; ``sha256`` is what a transfer is held against, where it is known."""

    pack: str
    place: Place
    sha256: str = ""


class Accepted(NamedTuple):
    """A pack as it was kept: under which name, and the SHA-256 and size in bytes of all of it."""

    pack: str
    sha256: str
    size: int


class Probe(NamedTuple):
    """What was found out about a store; the fields of ``engine.doctor.Finding``."""

    what: str
    state: str
    detail: str
    cost: str = ""


class PackStore(Protocol):
    """The packs of one matter. Reading and accepting is safe from any number of processes.

    All methods raise :class:`TryAgain` when the store can't be reached, :class:`UsageError` when it
    refuses us, :class:`VerificationFailed` when a pack is missing, short or damaged.
    """

    @property
    def folder(self) -> Path | None:
        """Where the packs lie as files; ``None`` when this machine has no such place."""
        ...

    def prepare(self) -> None:
        """Make the place for packs, or see that it is there."""
        ...

    def accept(self, finished: Path, pack: str) -> Accepted:
        """Keep a finished, synced pack, which is gone from ``finished`` afterwards.

        Nothing is ever overwritten: the same bytes under the same name are kept once, and other
        bytes under a name that is taken are kept under another, which is returned.
        """
        ...

    def read(self, pack: str, place: Place, sha256: str = "") -> bytes:
        """The bytes of one member."""
        ...

    def read_many(self, wanted: Sequence[Member]) -> list[bytes]:
        """The bytes of several members, in the order asked for; all are held in memory."""
        ...

    def pieces(self, pack: str, place: Place) -> Iterator[bytes]:
        """As :meth:`read`, a piece at a time: large members are stored as they are."""
        ...

    def local(self, member: Member, keep: Path) -> tuple[Path, Place]:
        """A file of this machine that holds a member, and where in it, for a parser to read.

        The folder ``keep`` may take a copy; it stays readable until the next call.
        """
        ...

    def digest(self, pack: str) -> str:
        """SHA-256 of the whole pack, hexadecimal."""
        ...

    def listing(self) -> dict[str, int]:
        """Names of all packs that are there, with their sizes in bytes."""
        ...

    def probe(self) -> Iterator[Probe]:
        """Try out what the store can do with an object that is deleted again."""
        ...

    def close(self) -> None:
        """Let go of files and connections; the next call opens them again."""
        ...


def open_packs(deployment: Deployment, folder: Path, matter: str) -> PackStore:
    """The packs of ``matter``, whose own folder is ``folder``.

    Raises :class:`UsageError` when ``deployment`` asks for a lock that its store does not know.
    """
    scheme = deployment.packs.partition("://")[0]
    return _OPENERS.get(scheme, _other)(deployment, folder, matter)


def _folder(deployment: Deployment, folder: Path, matter: str) -> PackStore:
    from ediscovery.store.packs_folder import FolderPacks

    _no_lock(deployment)
    return FolderPacks(folder / "packs")


def _file(deployment: Deployment, folder: Path, matter: str) -> PackStore:
    from ediscovery.store.packs_folder import FolderPacks

    _no_lock(deployment)
    return FolderPacks(Path(unquote(urlsplit(deployment.packs).path)) / matter / "packs")


def _s3(deployment: Deployment, folder: Path, matter: str) -> PackStore:
    from ediscovery.store.packs_s3 import S3Packs

    return S3Packs(deployment.packs, matter, deployment.packs_lock)


def _other(deployment: Deployment, folder: Path, matter: str) -> PackStore:
    from ediscovery.store.packs_remote import RemotePacks

    _no_lock(deployment)
    return RemotePacks(deployment.packs, matter)


# Any other scheme is one that fsspec knows.
_OPENERS: dict[str, Callable[[Deployment, Path, str], PackStore]] = {
    "folder": _folder,
    "file": _file,
    "s3": _s3,
}


def _no_lock(deployment: Deployment) -> None:
    if deployment.packs_lock:
        raise UsageError(
            f"Packs in {deployment.packs} can't be locked.",
            "Leave packs_lock out of the deployment, or keep packs on s3://.",
        )


def names(pack: str, sha256: str) -> Iterator[str]:
    """Names under which a pack may be kept, to be tried in this order."""
    stem, dot, ext = pack.rpartition(".")
    yield pack
    for more in ("", "-2", "-3", "-4"):
        yield f"{stem}-{sha256[:16]}{more}{dot}{ext}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
