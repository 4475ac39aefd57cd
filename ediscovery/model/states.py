"""The states an item can be in, what each means, what to do next, and the moves allowed.

One taxonomy for command line, catalog, reports and web. ``limit`` and ``suppressed`` carry a
detail after a colon: ``limit:depth``, ``suppressed:denist``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Base states; see :data:`MEANING` for the sentence and the next step of each."""

    OK = "ok"
    WARNINGS = "warnings"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    LIMIT = "limit"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    SPECIAL = "special"
    CYCLE = "cycle"
    SUPPRESSED = "suppressed"
    INFRASTRUCTURE = "infrastructure"


class Role(StrEnum):
    """Where an item stands in the conservation law: each item seen has exactly one role."""

    DOCUMENT = "document"
    CONTAINER = "container"
    SUPPRESSED = "suppressed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state says to a person. ``retryable``: can the same bytes do better later?"""

    sentence: str
    next_step: str
    retryable: bool
    exception: bool = True


MEANING: dict[State, Meaning] = {
    State.OK: Meaning("Everything in it was read.", "", False, exception=False),
    State.WARNINGS: Meaning(
        "It was read, with parts missing or doubtful; the message says which.",
        "Open the native and judge whether the missing part matters.",
        True,
    ),
    State.ENCRYPTED: Meaning(
        "It is encrypted and no password of the matter opens it.",
        "Ask the custodian for the password (of mail encrypted to a key, for a decrypted copy), "
        "then run: ediscovery exceptions MATTER --retry --password-file FILE",
        True,
    ),
    State.CORRUPT: Meaning(
        "Its structure is broken.",
        "Open the native with its own program or ask the custodian for another copy.",
        True,
    ),
    State.TRUNCATED: Meaning(
        "Its end is missing; what was there was read.",
        "Ask the custodian for a complete copy.",
        True,
    ),
    State.EMPTY: Meaning("It holds no bytes or no content.", "Nothing to do.", False),
    State.UNSUPPORTED: Meaning(
        "No extractor reads this type; native, hash and family are kept.",
        "Review the native with its own program.",
        True,
    ),
    State.LIMIT: Meaning(
        "A limit of the profile was reached; what lies beyond it was not read.",
        "Raise the named limit in a profile of your own and retry.",
        True,
    ),
    State.TIMEOUT: Meaning(
        "Reading took longer than the profile allows and was stopped.",
        "Retry, or raise limits.wall_seconds in a profile of your own.",
        True,
    ),
    State.CRASHED: Meaning(
        "The parser crashed or ran out of memory on it each time.",
        "Review the native; retry after an upgrade.",
        True,
    ),
    State.UNREADABLE: Meaning(
        "The file could not be read from the source.",
        "Mend permissions or the medium, then retry.",
        True,
    ),
    State.CHANGED: Meaning(
        "The file changed while it was collected.",
        "Collect from a snapshot or when nobody writes to it, then retry.",
        True,
    ),
    State.SPECIAL: Meaning(
        "It is a link, device, socket or pipe and holds no evidence of its own.",
        "Nothing to do; collect the link's target if it matters.",
        False,
    ),
    State.CYCLE: Meaning("It contains itself and was not opened again.", "Nothing to do.", False),
    State.SUPPRESSED: Meaning(
        "A rule of the profile set it aside, or it is part of a document that was received; native "
        "and hash are kept.",
        "Nothing to do; change the profile to keep what a rule set aside.",
        False,
        exception=False,
    ),
    State.INFRASTRUCTURE: Meaning(
        "Our own machine failed while reading it; the document is not to blame.",
        "Retry.",
        True,
    ),
}


def base(state: str) -> State:
    """The :class:`State` of ``state``, its detail after the colon dropped.

    Raises ``ValueError`` for a text that is no state.
    """
    return State(state.partition(":")[0])


def meaning(state: str) -> Meaning:
    """Sentence, next step and retryability of ``state`` (detail allowed)."""
    return MEANING[base(state)]


def is_exception(state: str) -> bool:
    """Whether an item in ``state`` belongs on the exceptions list."""
    return meaning(state).exception


# A retry may end anywhere; what a person or a rule settled stays settled.
_RETRY_FROM = frozenset(s for s, m in MEANING.items() if m.retryable)


def may_move(old: str, new: str) -> bool:
    """Whether an item in state ``old`` may move to ``new`` by a retry or a culling rule."""
    if base(new) is State.SUPPRESSED:
        return base(old) is not State.SUPPRESSED
    return old == new or base(old) in _RETRY_FROM
