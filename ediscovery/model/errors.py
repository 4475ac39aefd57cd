"""Every error class with its exit code and its next step.

The command line translates these in one place; nothing else calls ``sys.exit``. What is wrong with
*evidence* is never one of these: it is a state on an item (see ``states``), and extractors signal
it with :class:`EvidenceError`.
"""

from __future__ import annotations

import errno
from typing import ClassVar

_OUR_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class EdiscoveryError(Exception):
    """A failure that a user can act on.

    ``message`` is one sentence with the cause; ``next_step`` says what to do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class UsageError(EdiscoveryError):
    """The command, the query or a configuration file is wrong."""

    exit_code = 2


class FinishedWithExceptions(EdiscoveryError):
    """The job is complete, and some items carry exceptions."""

    exit_code = 3


class Refused(EdiscoveryError):
    """A gate refuses: the state of the matter does not allow this."""

    exit_code = 4


class VerificationFailed(EdiscoveryError):
    """Something stored is not what was stored, or the sums do not balance."""

    exit_code = 5


class NoSuchMatter(EdiscoveryError):
    """The workspace holds no matter of that name."""

    exit_code = 10


class Locked(EdiscoveryError):
    """Another process works on this matter."""

    exit_code = 11


class TryAgain(EdiscoveryError):
    """The infrastructure failed (disk full, store unreachable), not the evidence."""

    exit_code = 75


class Interrupted(EdiscoveryError):
    """The user stopped the run; what was committed stays."""

    exit_code = 130


class EvidenceError(Exception):
    """Raised by an extractor about the item it reads; becomes that item's state, never a crash.

    ``state`` is one of :class:`ediscovery.model.states.State` or a ``limit:<which>`` string.
    """

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = str(state)
        self.message = message

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """How it goes from process to process: ``args`` holds the message alone."""
        return type(self), (self.state, self.message)


def our_disk_failed(error: BaseException) -> bool:
    """Whether ``error`` says that our own disk is full or read-only: evidence is not to blame."""
    return isinstance(error, OSError) and error.errno in _OUR_DISK
