"""Turns at a server that several processes of one machine ask: together, or one of them alone."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE = 0.02  # seconds between two looks at a lock that others hold
# Two bytes of the file. Who waits to be alone holds the gate, so that no more go in meanwhile.
_GATE, _ROOM = 0, 1


class NoTurn(Exception):
    """Others kept the server for as long as this process was ready to wait."""


class Turns:
    """Locks on bytes of one file, which all who take turns open: POSIX record locks.

    The kernel frees them when their holder dies, however it dies. They part processes, not threads
    of one; a process opens the file once.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")

    @contextmanager
    def together(self, seconds: float) -> Iterator[None]:
        """Beside others, if none is alone; raises :class:`NoTurn` after ``seconds``."""
        ends = time.monotonic() + seconds
        with self._held(_GATE, fcntl.LOCK_SH, ends):
            self._take(_ROOM, fcntl.LOCK_SH, ends)
        try:
            yield
        finally:
            self._free(_ROOM)

    @contextmanager
    def alone(self, seconds: float) -> Iterator[None]:
        """Beside nobody; raises :class:`NoTurn` after ``seconds``."""
        ends = time.monotonic() + seconds
        with (
            self._held(_GATE, fcntl.LOCK_EX, ends),
            self._held(_ROOM, fcntl.LOCK_EX, ends),
        ):
            yield

    @contextmanager
    def _held(self, byte: int, how: int, ends: float) -> Iterator[None]:
        self._take(byte, how, ends)
        try:
            yield
        finally:
            self._free(byte)

    def _take(self, byte: int, how: int, ends: float) -> None:
        while True:
            try:
                fcntl.lockf(self._file, how | fcntl.LOCK_NB, 1, byte)
            except (BlockingIOError, PermissionError):  # POSIX allows EAGAIN and EACCES
                if time.monotonic() > ends:
                    raise NoTurn from None
                time.sleep(_PAUSE)
            else:
                return

    def _free(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)
