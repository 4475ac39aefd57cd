"""MSG files ([MS-OXMSG]): mails, appointments, contacts and all else that Outlook saves singly.

Read by our own reader over ``cfb``; how it compares with extract-msg, and why that is not used,
stands in ``docs/outlook.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.cfb import CompoundFile, Storage, build, copied
from ediscovery.extract.outlook.message import BY_VALUE, EMBEDDED, Attachment, Message
from ediscovery.extract.outlook.reading import Reading, extraction
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

PROPERTY_BYTES = 256 << 20  # of one property that is not an attachment's data
_PROPERTIES, _NAMES = "__properties_version1.0", "__nameid_version1.0"
_STREAM = re.compile(r"__substg1\.0_([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(?:-([0-9A-Fa-f]{8}))?")
_OBJECT = "__substg1.0_3701000D"
_TOP_HEADER, _EMBEDDED_HEADER, _PART_HEADER = 32, 24, 8
_MEMBERS = 65536  # recipients or attachments
_VARIABLE = frozenset({mapi.STRING8, mapi.UNICODE, mapi.BINARY, mapi.OBJECT, 0x48, 0xFB, 0xFD})


def extract(content: Content, context: Context) -> Extraction:
    """Reads one MSG file; attachments are children, embedded messages as MSG files of their own.

    Raises ``EvidenceError`` when it is no compound file or holds no message.
    """
    data = content.read() if content.size < 1 << 26 else content.buffer()
    file = CompoundFile(data)
    message = MsgMessage(file, file.root, file.root, _TOP_HEADER)
    result = extraction(Reading(message, context), context)
    result.warnings += file.problems
    return result


class MsgProperties(mapi.Properties):
    """The properties of one storage of a MSG file."""

    def __init__(
        self,
        file: CompoundFile,
        storage: Storage,
        header: int,
        names: mapi.Names,
        problems: list[str],
    ) -> None:
        super().__init__(names, problems)
        self._file, self._storage = file, storage
        self._inline: dict[int, bytes] = {}
        self._streams: dict[int, dict[int, str]] = {}  # parts of multiple values, -1 the main one
        self.head = b""
        stream = _entry(storage.streams, _PROPERTIES)
        if stream is not None:
            try:
                data = file.read(storage.streams[stream])
            except EvidenceError as error:
                problems.append(f"Its list of properties: {error.message}")
                data = b""
            self.head = data[:header]
            for at in range(header, len(data) - 15, 16):
                kind = int.from_bytes(data[at : at + 2], "little")
                number = int.from_bytes(data[at + 2 : at + 4], "little")
                if kind & ~mapi.MULTIPLE not in _VARIABLE and not kind & mapi.MULTIPLE:
                    self._inline[number] = data[at + 8 : at + 16]
                    self.types[number] = kind
        for name in storage.streams:
            match = _STREAM.fullmatch(name)
            if match:
                number, kind = int(match.group(1), 16), int(match.group(2), 16)
                index = int(match.group(3), 16) if match.group(3) else -1
                # Of a text in both forms the Unicode one counts.
                if self.types.get(number) not in (None, kind) and kind != mapi.UNICODE:
                    continue
                if self.types.get(number) != kind:
                    self._streams[number] = {}
                self.types[number] = kind
                self._streams[number][index] = name
        if mapi.ATTACH_DATA not in self.types and _entry(storage.storages, _OBJECT):
            self.types[mapi.ATTACH_DATA] = mapi.OBJECT

    def _raw(self, number: int, kind: int) -> bytes | list[bytes]:
        if number in self._inline and number not in self._streams:
            return self._inline[number]
        names = self._streams.get(number, {})
        if not kind & mapi.MULTIPLE:
            return self._stream(names[-1]) if -1 in names else b""
        size = mapi.FIXED.get(kind & ~mapi.MULTIPLE)
        if size is not None:
            data = self._stream(names[-1]) if -1 in names else b""
            return [data[at : at + size] for at in range(0, len(data) - size + 1, size)]
        return [self._stream(names[i]) for i in sorted(names) if i >= 0]

    def _stream(self, name: str) -> bytes:
        stream = self._storage.streams[name]
        if isinstance(stream, bytes):
            return stream
        if stream.size > PROPERTY_BYTES:
            raise EvidenceError(f"{State.LIMIT}:item", f"It has {stream.size} bytes.")
        return self._file.read(stream)

    def stream_name(self, number: int) -> str | None:
        """The name of the stream that holds property ``number``."""
        return self._streams.get(number, {}).get(-1)


def _entry(members: Iterable[str], name: str) -> str | None:
    """The member called ``name``, as it is written; names differ in case between programs."""
    if name in members:
        return name
    return next((member for member in members if member.lower() == name.lower()), None)


class MsgMessage(Message):
    """The message in ``storage``. ``top`` is the file's root, which has the named properties."""

    def __init__(self, file: CompoundFile, top: Storage, storage: Storage, header: int) -> None:
        self.problems: list[str] = []
        self.file, self.top, self.storage = file, top, storage
        names = self._names()
        self.msg = MsgProperties(file, storage, header, names, self.problems)
        self.properties = self.msg
        if not self.msg.types:
            raise EvidenceError(State.CORRUPT, "It holds no message.")

    def _names(self) -> mapi.Names:
        where = _entry(self.top.storages, _NAMES)
        if where is None:
            return mapi.Names()
        streams = self.top.storages[where].streams
        try:
            parts = [
                self.file.read(streams[name]) if name in streams else b""
                for name in (f"__substg1.0_000{i}0102" for i in (2, 3, 4))
            ]
        except EvidenceError as error:
            self.problems.append(f"Its named properties: {error.message}")
            return mapi.Names()
        return mapi.read_names(*parts)

    def _members(self, prefix: str) -> list[tuple[int, Storage]]:
        found = []
        for name, storage in self.storage.storages.items():
            if name.lower().startswith(prefix):
                digits = name[len(prefix) :]
                known = re.fullmatch("[0-9A-Fa-f]{1,8}", digits)
                found.append((int(digits, 16) if known else 1 << 32, name, storage))
        found.sort(key=lambda member: member[:2])
        if len(found) > _MEMBERS:
            self.problems.append(f"Only the first {_MEMBERS} of {len(found)} members were read.")
        return [(number, storage) for number, _, storage in found[:_MEMBERS]]

    @cached_property
    def recipients(self) -> list[MsgProperties]:
        rows = []
        for _, storage in self._members("__recip_version1.0_#"):
            row = MsgProperties(self.file, storage, _PART_HEADER, self.msg.names, self.problems)
            row.codepages = self.msg.codepages
            rows.append(row)
        return rows

    @property
    def announced_attachments(self) -> int:
        announced = int.from_bytes(self.msg.head[20:24], "little") if self.msg.head else 0
        found = len(self._members("__attach_version1.0_#"))
        # A count that no storage can hold is a broken header, not a loss.
        return max(announced if announced <= _MEMBERS else 0, found)

    @cached_property
    def attachments(self) -> list[Attachment]:
        return [
            _MsgAttachment(self, i, storage)
            for i, (_, storage) in enumerate(self._members("__attach_version1.0_#"))
        ]


class _MsgAttachment(Attachment):
    def __init__(self, owner: MsgMessage, number: int, storage: Storage) -> None:
        properties = MsgProperties(
            owner.file, storage, _PART_HEADER, owner.msg.names, owner.problems
        )
        properties.codepages = owner.msg.codepages
        super().__init__(number, properties)
        self._owner, self._storage, self._msg = owner, storage, properties
        if self.method == EMBEDDED and self._object() is None and mapi.ATTACH_DATA in properties:
            self.method = BY_VALUE

    def _object(self) -> Storage | None:
        name = _entry(self._storage.storages, _OBJECT)
        return None if name is None else self._storage.storages[name]

    def chunks(self) -> Iterator[bytes]:
        name = self._msg.stream_name(mapi.ATTACH_DATA)
        if name is not None:
            yield self._owner.file.read(self._storage.streams[name])
            return
        inner = self._object()
        if inner is None:
            raise EvidenceError(State.EMPTY, "The message lists it without any content.")
        yield build(copied(self._owner.file, inner, PROPERTY_BYTES))

    def message(self) -> Message:
        inner = self._object()
        if inner is None:
            raise EvidenceError(State.CORRUPT, "The message it embeds is missing.")
        return MsgMessage(self._owner.file, self._owner.top, inner, _EMBEDDED_HEADER)

    def message_child(self, context: Context) -> Child:
        """The embedded message as a MSG file of its own: its storage under a root of its own."""
        inner = self._object()
        if inner is None:
            raise EvidenceError(State.CORRUPT, "The message it embeds is missing.")
        file, top = self._owner.file, self._owner.top
        root = copied(file, inner, context.profile.limits.item_bytes)
        stream = _entry(root.streams, _PROPERTIES)
        if stream is not None:
            data = root.streams[stream]
            assert isinstance(data, bytes)
            gap = bytes(_TOP_HEADER - _EMBEDDED_HEADER)
            root.streams[stream] = data[:_EMBEDDED_HEADER] + gap + data[_EMBEDDED_HEADER:]
        names = _entry(top.storages, _NAMES)
        if names is not None:
            root.storages[names] = copied(file, top.storages[names], PROPERTY_BYTES)
        root.class_id = top.class_id
        data = build(root)
        context.charge(len(data))
        return Child("", Content(data), "attachment")

    @property
    def message_suffix(self) -> str:
        return ".msg"
