"""What a PST message and a MSG file have in common: one message with its people and parts."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property

from ediscovery.extract.contract import Child, Context
from ediscovery.extract.mail.headers import plain
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.mapi import Properties

# PidTagAttachMethod, [MS-OXCMSG] 2.2.2.9
BY_VALUE, REFERENCES, EMBEDDED, OLE, WEB = 1, (2, 3, 4), 5, 6, 7

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")


class Attachment(ABC):
    """One attachment. ``properties`` is ``None`` when not even these can be read, see ``error``."""

    def __init__(self, number: int, properties: Properties | None, error: str = "") -> None:
        self.number, self.properties, self.error = number, properties, error

    @cached_property
    def method(self) -> int:
        """How it is attached; by value when it says nothing and has data."""
        if self.properties is None:
            return 0
        method = self.properties.integer(mapi.ATTACH_METHOD)
        if method:
            return method
        kind = self.properties.types.get(mapi.ATTACH_DATA)
        return {None: 0, mapi.OBJECT: EMBEDDED}.get(kind, BY_VALUE)

    @cached_property
    def name(self) -> str:
        """Its file name as the sender gave it, made safe; ``""`` when it has none."""
        if self.properties is None:
            return ""
        for number in (mapi.ATTACH_LONG_FILENAME, mapi.ATTACH_FILENAME, mapi.NAME):
            name = _UNSAFE.sub(" ", self.properties.text(number)).strip()
            if name:
                return name
        return ""

    @property
    def content_id(self) -> str:
        """Its Content-ID without brackets."""
        return self.properties.text(mapi.ATTACH_CONTENT_ID).strip("<> ") if self.properties else ""

    @abstractmethod
    def chunks(self) -> Iterator[bytes]:
        """Its data in pieces; OLE objects as one compound file. Raises ``EvidenceError``."""

    @abstractmethod
    def message(self) -> Message:
        """The message it embeds (method 5). Raises ``EvidenceError``."""

    @abstractmethod
    def message_child(self, context: Context) -> Child:
        """The child that the embedded message becomes. Raises ``EvidenceError``."""

    @property
    @abstractmethod
    def message_suffix(self) -> str:
        """The extension of that child's native."""


class Message(ABC):
    """One message: ``properties``, and what went wrong with parts of it in ``problems``."""

    properties: Properties
    problems: list[str]
    # Numbers of the messages around an embedded one and its own, to end cycles.
    lineage: tuple[int, ...] = ()

    @cached_property
    @abstractmethod
    def recipients(self) -> Sequence[Properties]:
        """The rows of its recipient table."""

    @cached_property
    @abstractmethod
    def attachments(self) -> Sequence[Attachment]:
        """Its attachments in order."""

    @property
    @abstractmethod
    def announced_attachments(self) -> int:
        """How many attachments its structure has, counted without reading them."""

    @cached_property
    def message_class(self) -> str:
        """``IPM.Note`` and the like."""
        return self.properties.text(mapi.MESSAGE_CLASS)

    @cached_property
    def subject(self) -> str:
        """Its subject on one line."""
        subject = self.properties.text(mapi.SUBJECT)
        if subject[:1] == "\x01":  # a byte follows that counts the prefix ("RE: ")
            subject = subject[2:]
        if not subject:
            prefix = self.properties.text(mapi.SUBJECT_PREFIX)
            subject = prefix + self.properties.text(mapi.NORMALISED_SUBJECT)
        return plain(subject)


def file_stem(subject: str, default: str) -> str:
    """A file name without extension made from a subject."""
    stem = " ".join(_UNSAFE.sub(" ", subject).split())[:100].strip(" .")
    return stem or default
