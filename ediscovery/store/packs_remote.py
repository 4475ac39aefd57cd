"""Packs as objects of a store that fsspec knows by URL: one prefix a matter, one object a pack."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

from ediscovery.model.errors import EdiscoveryError, TryAgain, UsageError, VerificationFailed
from ediscovery.store.pack_store import PIECE, Accepted, Member, Probe, file_digest, names
from ediscovery.store.packs import STORED, Place, unpacked

R = TypeVar("R")
_GAP = 256 << 10  # bytes; what lies between two members is read along rather than asked past
_KEEP = 4 << 30  # bytes of copies that a worker keeps for its parser
_DAMAGED_TRIES = 3
_RESTORE = "Restore it from a backup."


class RemotePacks:
    """The packs of one matter; see :class:`~ediscovery.store.pack_store.PackStore`.

    A subclass for one kind of store says how it is opened, what its errors mean, and how it proves
    what it holds.
    """

    folder: Path | None = None
    failures: tuple[type[Exception], ...] = (OSError,)  # what the store's client raises
    waits: ClassVar[tuple[float, ...]] = (0.5, 1.0, 2.0, 4.0)  # seconds between tries

    def __init__(self, url: str, matter: str) -> None:
        self.url = url
        self._prefix = f"{url.rstrip('/')}/{matter}/packs"
        self._opened: tuple[int, Any, str] | None = None

    # -- what a kind of store decides --------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        """What fsspec needs to open the store, beside the URL."""
        return {}

    def opened(self, files: Any) -> None:
        """Set up what was just opened."""

    def write(self, finished: Path, path: str, **settings: Any) -> None:
        """Write an object unless there is one of that name, in one step where the store can."""
        if not self.files.exists(path):
            self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.files.put_file(str(finished), path, **settings)

    def settings(self) -> dict[str, Any]:
        """With what every pack is written."""
        return {}

    def remove(self, path: str) -> None:
        """Delete an object for good; only what :meth:`probe` wrote ever is."""
        self.files.rm_file(path)

    def proven(self, finished: Path, status: dict[str, Any]) -> bool:
        """Whether what the store says about an object proves that it holds ``finished``."""
        return False

    def meaning(self, error: Exception, what: str) -> EdiscoveryError | None:
        """What an error of the store says about ``what``; ``None`` when another try may help."""
        if isinstance(error, FileNotFoundError):
            return VerificationFailed(f"{what} is missing.", _RESTORE)
        if isinstance(error, PermissionError):
            return UsageError(f"{self.url} refuses us.", "Give the right to read and write there.")
        return None

    def reason(self, error: Exception) -> str:
        """An error in a few words; never a secret."""
        return str(error)[:200] or type(error).__name__

    # -- what all have in common -------------------------------------------------------------------

    @property
    def files(self) -> Any:
        """The file system as opened in this process: connections do not outlive a fork."""
        return self._files()[1]

    def path(self, pack: str) -> str:
        """The object's name as the file system takes it."""
        return f"{self._files()[2]}/{pack}"

    def _files(self) -> tuple[int, Any, str]:
        if self._opened is None or self._opened[0] != os.getpid():
            from fsspec.core import url_to_fs

            try:
                files, root = url_to_fs(
                    self._prefix,
                    skip_instance_cache=True,  # its keys know nothing of the environment
                    use_listings_cache=False,
                    **self.options(),
                )
            except (ImportError, ValueError) as error:
                raise UsageError(
                    f"{self.url} can't be opened: {error}", "See: packs, in the deployment's file."
                ) from error
            self.opened(files)
            self._opened = os.getpid(), files, root
        return self._opened

    def prepare(self) -> None:
        self.patiently(self.url, partial(self.files.makedirs, self.path(""), exist_ok=True))

    def accept(self, finished: Path, pack: str) -> Accepted:
        sha256, size = file_digest(finished), finished.stat().st_size
        for name in names(pack, sha256):
            path = self.path(name)
            write = partial(self.write, finished, path, **self.settings())
            self.patiently(f"Pack {name}", write)
            status = self.patiently(f"Pack {name}", partial(self.files.info, path))
            if status["size"] == size and (
                self.proven(finished, status) or self.digest(name) == sha256
            ):
                finished.unlink()
                return Accepted(name, sha256, size)
        raise TryAgain(
            f"{self.url} does not hold pack {pack} as it was sent.", "Run: ediscovery doctor"
        )

    def read(self, pack: str, place: Place, sha256: str = "") -> bytes:
        member = Member(pack, place, sha256)

        def whole() -> bytes:
            return _checked(self._range(pack, place.offset, place.length), member)

        return self.patiently(f"Pack {pack}", whole)

    def read_many(self, wanted: Sequence[Member]) -> list[bytes]:
        found: dict[int, bytes] = {}
        groups = _groups(wanted)
        answers = self.files.cat_ranges(
            [self.path(group.pack) for group in groups],
            [group.start for group in groups],
            [group.end for group in groups],
        )
        for group, answer in zip(groups, answers, strict=True):
            if isinstance(answer, bytes) and len(answer) == group.end - group.start:
                for number in group.members:
                    at = wanted[number].place.offset - group.start
                    stored = answer[at : at + wanted[number].place.length]
                    try:
                        found[number] = _checked(stored, wanted[number])
                    except VerificationFailed:
                        continue
        # What did not come whole is read alone, with patience, and its error told.
        return [
            found[number] if number in found else self.read(*member)
            for number, member in enumerate(wanted)
        ]

    def pieces(self, pack: str, place: Place) -> Iterator[bytes]:
        if place.method != STORED:
            yield self.read(pack, place)
            return
        yield from self._pieces(pack, place.offset, place.offset + place.length)

    def local(self, member: Member, keep: Path) -> tuple[Path, Place]:
        """The copy is kept while there is room, so that the ranges of a container share it."""
        pack, place, sha256 = member
        copy = keep / f"{pack}@{place.offset}"
        if not copy.exists():
            _make_room(keep, _KEEP - place.length)
            for tries in range(_DAMAGED_TRIES):
                found, draft = hashlib.sha256(), keep / "draft"
                with open(draft, "wb") as file:
                    for piece in self.pieces(pack, place):
                        found.update(piece)
                        file.write(piece)
                if not sha256 or found.hexdigest() == sha256:
                    break
                if tries == _DAMAGED_TRIES - 1:
                    draft.unlink()
                    raise VerificationFailed(f"Pack {pack} is damaged at {place.offset}.", _RESTORE)
            draft.rename(copy)
        os.utime(copy)
        return copy, Place(0, copy.stat().st_size, STORED)

    def digest(self, pack: str) -> str:
        status = self.patiently(f"Pack {pack}", partial(self.files.info, self.path(pack)))
        found = hashlib.sha256()
        for piece in self._pieces(pack, 0, status["size"]):
            found.update(piece)
        return found.hexdigest()

    def listing(self) -> dict[str, int]:
        root = self.path("")
        found = self.patiently(self.url, partial(self.files.find, root, detail=True))
        return {name.rpartition("/")[2]: status["size"] for name, status in found.items()}

    def probe(self) -> Iterator[Probe]:
        name, data = f"{secrets.token_hex(8)}.zip", os.urandom(1 << 20)
        path = self.path(name)
        self.prepare()
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / name
            draft.write_bytes(data)
            self.patiently(self.url, partial(self.write, draft, path))
            try:
                if self.read(name, Place(1000, 50_000, STORED)) != data[1000:51_000]:
                    raise VerificationFailed(f"{self.url} gives back other bytes.", "Don't use it.")
                if self.listing().get(name) != len(data):
                    raise VerificationFailed(f"{self.url} does not list what it holds.", "")
                yield Probe("object store", "ok", f"{self.url}: writes, reads, ranges, lists")
                yield from self.guarantees(draft, path)
            finally:
                self.patiently(self.url, partial(self.remove, path))
        yield Probe("object store: delete", "ok", "the probe is gone again")

    def guarantees(self, draft: Path, path: str) -> Iterator[Probe]:
        """What the store itself holds us to, tried on an object that is there."""
        yield Probe(
            "object store: write once", "weak", "it looks before it writes",
            "Two workers that write one name at the same moment may not see each other.",
        )  # fmt: skip

    def close(self) -> None:
        self._opened = None

    def patiently(self, what: str, work: Callable[[], R]) -> R:
        """What ``work`` gives, tried again with growing pauses while the store fails.

        Raises :class:`TryAgain` when it goes on failing, and what :meth:`meaning` says of errors
        that stay. Damage is read again twice: it may have come about on the way.
        """
        damaged = 0
        for wait in (*self.waits, None):
            try:
                return work()
            except VerificationFailed:
                damaged += 1
                if damaged == _DAMAGED_TRIES or wait is None:
                    raise
            except self.failures as error:
                told = self.meaning(error, what)
                if told is not None:
                    raise told from error
                if wait is None:
                    raise TryAgain(
                        f"{self.url} does not answer: {self.reason(error)}",
                        "Run the same command again when it does; see: ediscovery doctor",
                    ) from error
                time.sleep(wait * random.uniform(0.5, 1.5))
        raise AssertionError

    def _range(self, pack: str, start: int, length: int) -> bytes:
        """One request; an answer that was cut off is an :class:`OSError` like any failure."""
        if not length:
            return b""
        path = self.path(pack)
        data: bytes = self.files.cat_file(path, start=start, end=start + length)
        if len(data) != length:
            if self.files.info(path)["size"] < start + length:
                raise VerificationFailed(f"Pack {pack} ends early.", _RESTORE)
            raise OSError(f"of {length} bytes it sent {len(data)}")
        return data

    def _pieces(self, pack: str, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, PIECE):
            yield self.patiently(
                f"Pack {pack}", partial(self._range, pack, at, min(PIECE, end - at))
            )


class _Group(NamedTuple):
    """Neighbours of one pack that are read by one request; ``members`` by their numbers."""

    pack: str
    start: int
    end: int
    members: list[int]


def _groups(wanted: Sequence[Member]) -> list[_Group]:
    groups: list[_Group] = []
    order = sorted(range(len(wanted)), key=lambda n: (wanted[n].pack, wanted[n].place.offset))
    for number in order:
        pack, (offset, length, _), _ = wanted[number]
        end = offset + length
        last = groups[-1] if groups else None
        if (
            last is not None
            and last.pack == pack
            and offset - last.end <= _GAP
            and max(end, last.end) - last.start <= PIECE
        ):
            last.members.append(number)
            groups[-1] = last._replace(end=max(end, last.end))
        elif length:
            groups.append(_Group(pack, offset, end, [number]))
    return groups


def _checked(stored: bytes, member: Member) -> bytes:
    data = unpacked(stored, member.pack, member.place)
    if member.sha256 and hashlib.sha256(data).hexdigest() != member.sha256:
        raise VerificationFailed(
            f"Pack {member.pack} is damaged at {member.place.offset}.", _RESTORE
        )
    return data


def _make_room(keep: Path, bound: int) -> None:
    """Remove what was used longest ago until no more than ``bound`` bytes are left."""
    copies = sorted((copy.stat().st_mtime_ns, copy.stat().st_size, copy) for copy in keep.iterdir())
    total = sum(size for _, size, _ in copies)
    for _, size, copy in copies:
        if total <= bound:
            return
        copy.unlink()
        total -= size
