"""The one record that every writer gives back: some bytes and what is known to be in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is known of one message. ``sent`` is in UTC; addresses are ``Name <address>``."""

    message_id: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    sent: datetime
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    language: str = "en"
    charset: str = "us-ascii"
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """A phrase that a reader of the printed page does not see, and where it is."""

    phrase: str
    where: str


@dataclass(frozen=True, slots=True)
class Thing:
    """One item: its bytes, how it should be processed, and what it holds.

    ``role`` is document or container, ``relation`` file, member, message, attachment, inline or
    embedded. ``states`` are the item states that count as right, the expected one first. ``text``
    holds every word of the item itself, its children's left out. ``lock`` says that a password is
    needed: ``bank`` (it is in the password file), ``lost`` (it is nowhere) or nothing. ``shifting``
    bytes depend on who reads them: line ends of a part, what is left of a cut-off member.
    """

    name: str
    data: bytes
    kind: str
    mime: str
    text: str = ""
    role: str = "document"
    relation: str = "file"
    states: tuple[str, ...] = ("ok",)
    children: tuple[Thing, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    lock: str = ""
    ocr: bool = False  # its text is a picture
    shifting: bool = False
    mail: MailFacts | None = None
    when: datetime = field(default=datetime(2024, 12, 2, 8, 0, tzinfo=UTC))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def named(self, name: str) -> Thing:
        """The same bytes under another name."""
        return replace(self, name=name)

    def related(self, relation: str) -> Thing:
        """The same thing, held by another one in the way ``relation`` says."""
        return replace(self, relation=relation)

    def walk(self) -> Iterator[Thing]:
        """Itself, then everything in it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def pick(options: tuple[T, ...], *key: object) -> T:
    """One of ``options``, always the same for the same ``key``, on every Python and machine."""
    digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
    return options[int.from_bytes(digest[:6], "big") % len(options)]


def number(low: int, high: int, *key: object) -> int:
    """A whole number from ``low`` to ``high``, both included, fixed by ``key``."""
    digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
    return low + int.from_bytes(digest[6:12], "big") % (high - low + 1)
