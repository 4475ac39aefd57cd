"""Objects that live no longer than a run: what one process of a matter puts down for another.

They lie beside the matter's packs, under ``deliveries``. Source files go this way to workers that
can't see the source folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from ediscovery.model.errors import TryAgain
from ediscovery.store.workspace import Matter


class Parcel(NamedTuple):
    """One object: its name, its size in bytes, and its SHA-256, which proves that it arrived."""

    name: str
    size: int
    sha256: str


class Deliveries:
    """The deliveries of one matter. A name is written once; errors are :class:`TryAgain`."""

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root

    def put(self, name: str, pieces: Iterable[bytes]) -> Parcel:
        """Keep ``pieces``, one after the other, under ``name``."""
        digest, size = hashlib.sha256(), 0
        with self._told(name):
            self._files.makedirs(self._root, exist_ok=True)
            with self._files.open(f"{self._root}/{name}", "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
        return Parcel(name, size, digest.hexdigest())

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """The object to be read from its beginning."""
        with self._told(name), self._files.open(f"{self._root}/{name}", "rb") as file:
            yield file

    def remove(self, name: str) -> None:
        """Remove an object; one that is gone already is no error."""
        with self._told(name):
            try:
                self._files.rm(f"{self._root}/{name}")
            except FileNotFoundError:
                return

    def clear(self) -> None:
        """Remove all of them."""
        with self._told("*"):
            if self._files.exists(self._root):
                self._files.rm(self._root, recursive=True)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TryAgain(
                f"Delivery {name} in {self._root} can't be used: {error}",
                "See that every machine reaches that place, then run the same command again.",
            ) from error


def of(matter: Matter) -> Deliveries:
    """The deliveries of ``matter``, where its packs are."""
    return _PLACES.get(matter.deployment.packs.partition("://")[0], _beside_packs)(matter)


def _in_folder(matter: Matter) -> Deliveries:
    from fsspec.implementations.local import LocalFileSystem

    return Deliveries(LocalFileSystem(), str(matter.folder / "deliveries"))


def _beside_packs(matter: Matter) -> Deliveries:
    from fsspec.core import url_to_fs

    files, root = url_to_fs(matter.deployment.packs)
    return Deliveries(files, f"{root.rstrip('/')}/{matter.name}/deliveries")


_PLACES: dict[str, Callable[[Matter], Deliveries]] = {"folder": _in_folder}
