"""What a worker does: one function a task, each taking and giving plain data."""

from __future__ import annotations

import atexit
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ediscovery.engine import assemble, place
from ediscovery.engine.delivery import Delivery, Receiver
from ediscovery.engine.sandbox import Sandbox
from ediscovery.engine.work import Job, Outcome
from ediscovery.extract.contract import quietly
from ediscovery.model.errors import TryAgain
from ediscovery.model.states import State
from ediscovery.store.workspace import Identity, Matter

_READ_TRIES = 3
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_sandbox: tuple[Job, Sandbox, Receiver | None] | None = None
# Ends what higher layers keep in a worker from task to task, as this one keeps its parser.
also_kept: list[Callable[[], None]] = []


@dataclass(slots=True)
class UnitTask:
    """A unit by its name in the catalog, the job it belongs to, and its source files for a worker
    that can't see them."""

    job: Job
    collection: int
    name: str
    kind: str
    spec: dict[str, Any]
    delivery: Delivery | None = None


def read_unit(task: UnitTask) -> Outcome:
    """Read one unit in this worker's sandbox, which is kept for the next one of the same job.

    Raises :class:`TryAgain` when this machine fails: no disk space, no process to be had.
    """
    global _sandbox
    matter = opened(task.job.matter)
    try:
        if _sandbox is None or _sandbox[0] != task.job:
            close_sandbox()
            _sandbox = _set_up(matter, task.job)
        _, sandbox, receiver = _sandbox
        unit = assemble.unit(matter, task.collection, task.name, task.kind, task.spec, sandbox.kept)
        if receiver is not None and task.delivery is not None:
            unit = receiver.lay_out(unit, task.delivery)
        return sandbox.run(unit)
    except OSError as error:
        raise TryAgain(
            f"Work unit {task.name} could not be kept: {error}",
            "Free disk space, then run the same command again.",
        ) from error


def _set_up(matter: Matter, job: Job) -> tuple[Job, Sandbox, Receiver | None]:
    scratch = place.scratch(matter)
    traces = place.traces(matter)
    if not job.delivered:
        return job, Sandbox(job, matter.packs, scratch, traces), None
    receiver = Receiver(matter, scratch / f"unit-{os.getpid()}", place.received(matter))
    return job, Sandbox(job, matter.packs, scratch, traces, receiver.folders), receiver


_matters: dict[str, Matter] = {}


def opened(identity: Identity) -> Matter:
    """This worker's handle on a matter."""
    found = _matters.get(identity.folder)
    if found is None or found.identity != identity:
        found = _matters[identity.folder] = Matter.named(identity)
    return found


def close_sandbox() -> None:
    """Stop this process's parser, and what else it keeps between tasks."""
    global _sandbox
    for close in also_kept:
        close()
    if _sandbox is not None:
        _sandbox[1].close()
        if _sandbox[2] is not None:
            _sandbox[2].close()
        _sandbox = None


def forget(identity: Identity) -> None:
    """Let go of a matter: its parser, its connections, and what came of it to this machine."""
    found = _matters.pop(identity.folder, None)
    if _sandbox is None or _sandbox[0].matter == identity:
        close_sandbox()
    if found is not None:
        found.reader.dispose()
        found.packs.close()
        shutil.rmtree(place.received(found), ignore_errors=True)


atexit.register(close_sandbox)


class Hashed(NamedTuple):
    """A source file as it was read for the custody manifest. Times in nanoseconds since 1970."""

    ordinal: int
    size: int
    modified_ns: int
    changed_ns: int
    accessed_ns: int
    sha256: str
    state: str
    message: str
    attempts: int


def hash_files(task: list[tuple[int, bytes]]) -> list[Hashed]:
    """Hash source files: (ordinal, raw path) each. A file that changes meanwhile is read again."""
    return [_hash_file(ordinal, path) for ordinal, path in task]


def _hash_file(ordinal: int, path: bytes) -> Hashed:
    attempts = 0
    state, message = str(State.OK), ""
    digest = ""
    while True:
        attempts += 1
        try:
            handle = quietly(path, _FLAGS)
        except OSError as error:
            return _unread(ordinal, path, error, attempts)
        try:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                return _special(ordinal, before)
            digest = _digest(handle, before.st_size)
            after = os.fstat(handle)
        except OSError as error:
            return _unread(ordinal, path, error, attempts)
        finally:
            os.close(handle)
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            break
        if attempts == _READ_TRIES:
            state, message = State.CHANGED, f"It changed during each of {attempts} readings."
            break
    return Hashed(
        ordinal, before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_atime_ns,
        digest, state, message, attempts,
    )  # fmt: skip


def _digest(handle: int, size: int) -> str:
    digest = hashlib.sha256()
    while piece := os.read(handle, min(size + 1, 1 << 20)):
        digest.update(piece)
    return digest.hexdigest()


def _special(ordinal: int, status: os.stat_result) -> Hashed:
    return Hashed(
        ordinal, 0, status.st_mtime_ns, status.st_ctime_ns, status.st_atime_ns, "",
        State.SPECIAL, f"It is a {kind_of(status.st_mode)}.", 1,
    )  # fmt: skip


def _unread(ordinal: int, path: bytes, error: OSError, attempts: int) -> Hashed:
    if error.errno in (errno.ELOOP, errno.ENXIO):
        return Hashed(ordinal, 0, 0, 0, 0, "", State.SPECIAL, "It is a link or a socket.", attempts)
    why = os.strerror(error.errno) if error.errno else str(error)
    return Hashed(ordinal, 0, 0, 0, 0, "", State.UNREADABLE, f"It can't be read: {why}.", attempts)


def kind_of(mode: int) -> str:
    """What a file that is not regular is called."""
    for test, name in (
        (stat.S_ISLNK, "symbolic link"),
        (stat.S_ISFIFO, "named pipe"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISBLK, "block device"),
        (stat.S_ISCHR, "character device"),
        (stat.S_ISDIR, "directory"),
    ):
        if test(mode):
            return name
    return "special file"
