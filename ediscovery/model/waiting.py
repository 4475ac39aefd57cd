"""Waiting for a pipe or a socket."""

from __future__ import annotations

import select
from typing import Protocol


class HasDescriptor(Protocol):
    """A file, pipe or socket of the operating system."""

    def fileno(self) -> int:
        """Its descriptor."""


def readable(stream: HasDescriptor, seconds: float) -> bool:
    """Whether something, or its end, can be read from ``stream`` within ``seconds``.

    Unlike ``select()``, which takes no descriptor above 1,023, however many files are open.
    """
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLIN)
    return bool(poll.poll(seconds * 1000))
