"""TNEF ("winmail.dat"): the MAPI form of a message that Outlook encloses, with its attachments.

Format of [MS-OXTNEF], read with every length checked against what is there; the message then goes
the way of all of Outlook's. An embedded message is a TNEF stream of its own and becomes a child.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.mapi import Named, Properties
from ediscovery.extract.outlook.message import Attachment, Message
from ediscovery.extract.outlook.reading import Reading, extraction
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

SIGNATURE = 0x223E9F78
_HEAD = Struct("<BHHI")  # level, name, type, length
_TRIPLE = Struct("<HHHH")
_MESSAGE, _ATTACHMENT = 1, 2
_BEGINS_ATTACHMENT, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_TRANSPORT_NAME = 0x9001
_FROM, _SUBJECT, _CLASS, _MESSAGE_ID, _BODY = 0x8000, 0x8004, 0x8008, 0x8009, 0x800C
_PROPERTIES, _RECIPIENTS, _CODEPAGE = 0x9003, 0x9004, 0x9007
_VARIABLE = frozenset({mapi.STRING8, mapi.UNICODE, mapi.BINARY, mapi.OBJECT})
_WIDTHS = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8,
           0x40: 8, 0x48: 16, 0x00: 4, 0x01: 4}  # fmt: skip
_EMBEDDED_MESSAGE = UUID("00020307-0000-0000-c000-000000000046").bytes_le
_CLASSES = {
    "IPM.Microsoft Mail.Note": "IPM.Note",
    "IPM.Microsoft Mail.Read Receipt": "Report.IPM.Note.IPNRN",
    "IPM.Microsoft Mail.Non-Delivery": "Report.IPM.Note.NDR",
    "IPM.Microsoft Schedule.MtgReq": "IPM.Schedule.Meeting.Request",
    "IPM.Microsoft Schedule.MtgRespP": "IPM.Schedule.Meeting.Resp.Pos",
    "IPM.Microsoft Schedule.MtgRespN": "IPM.Schedule.Meeting.Resp.Neg",
    "IPM.Microsoft Schedule.MtgRespA": "IPM.Schedule.Meeting.Resp.Tent",
    "IPM.Microsoft Schedule.MtgCncl": "IPM.Schedule.Meeting.Canceled",
}


def extract(content: Content, context: Context) -> Extraction:
    """Reads a TNEF stream as the message that it is."""
    data = content.read()
    if len(data) < 6 or int.from_bytes(data[:4], "little") != SIGNATURE:
        raise EvidenceError(State.CORRUPT, "It does not begin as TNEF does.")
    message = TnefMessage(data, context.profile.limits.members)
    result = extraction(Reading(message, context), context)
    if message.cut:
        result.state, result.message = State.TRUNCATED, message.cut
    return result


class TnefProperties(Properties):
    """MAPI properties read out of one property list, or several merged."""

    def __init__(self, problems: list[str], codepage: int) -> None:
        super().__init__(mapi.Names(), problems)
        self.values: dict[int, bytes | list[bytes]] = {}
        self.codepage = codepage

    def _raw(self, number: int, kind: int) -> bytes | list[bytes]:
        return self.values[number]

    def put(self, number: int, kind: int, value: bytes | list[bytes]) -> None:
        """Set a property unless there is one of that number."""
        if number not in self.values:
            self.types[number] = kind
            self.values[number] = value

    def read_list(self, data: bytes, at: int = 0) -> int:
        """Add the properties of the list at ``at``; returns where the list ends."""
        reader = _Reader(data, at)
        try:
            for _ in range(reader.u32()):
                self._read_one(reader)
        except _Short:
            self._note(f"A list of properties ends early, after {len(self.values)} of them.")
            return len(data)
        return reader.at

    def _read_one(self, reader: _Reader) -> None:
        kind, number = reader.u16(), reader.u16()
        if number >= 0x8000:
            number = self._named(reader)
        multiple, base = kind & mapi.MULTIPLE, kind & 0x0FFF
        if base in _VARIABLE:
            count = reader.u32()
            values = []
            for _ in range(count):
                length = reader.u32()
                values.append(reader.take(length))
                reader.skip(-length % 4)
        elif base in _WIDTHS:
            width = _WIDTHS[base]
            if multiple:
                exact = 2 if base in (0x02, 0x0B) else width
                count = reader.u32()
                values = [reader.take(exact) for _ in range(count)]
                reader.skip(-count * exact % 4)
            else:
                values = [reader.take(width)]
        else:
            self._note(f"A property has the unknown type 0x{kind:04x}; what follows was not read.")
            raise _Short
        if multiple:
            self.put(number, kind, values)
        elif values:
            self.put(number, kind, values[0])

    def _named(self, reader: _Reader) -> int:
        """The number under which a named property is kept here."""
        group = reader.take(16)
        name: int | str
        if reader.u32():
            length = reader.u32()
            raw = reader.take(length)
            reader.skip(-length % 4)
            name = raw[: len(raw) & ~1].decode("utf-16-le", "replace").rstrip("\0").lower()
        else:
            name = reader.u32()
        key: Named = (group, name)
        return self.names.setdefault(key, 0x10000 + len(self.names))


class _Short(Exception):
    """The data ends inside of a value."""


class _Reader:
    """Numbers and bytes in order, never beyond the end."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, count: int) -> bytes:
        stop = self.at + count
        if stop > len(self.data):
            raise _Short
        found = self.data[self.at : stop]
        self.at = stop
        return found

    def skip(self, count: int) -> None:
        self.at = min(self.at + count, len(self.data))

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")


class _Attribute(NamedTuple):
    level: int
    name: int
    data: bytes


class TnefMessage(Message):
    """One TNEF stream. ``cut`` says what is missing when it ends too early."""

    properties: TnefProperties

    def __init__(self, data: bytes, limit: int) -> None:
        self.problems: list[str] = []
        self.cut = ""
        self._attributes: list[_Attribute] = []
        self._parts: list[list[_Attribute]] = []
        self._read(data, limit)
        page = next((a.data for a in self._attributes if a.name == _CODEPAGE), b"")
        self._codepage = int.from_bytes(page[:4], "little") or 1252
        self.properties = properties = TnefProperties(self.problems, self._codepage)
        for attribute in self._attributes:
            if attribute.name == _PROPERTIES:
                properties.read_list(attribute.data)
        for attribute in self._attributes:
            self._old_style(attribute)

    def _read(self, data: bytes, limit: int) -> None:
        """Split the stream into attributes, those of attachments by attachment."""
        at, end, bad = 6, len(data), 0
        while at + _HEAD.size <= end:
            level, name, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            if level not in (_MESSAGE, _ATTACHMENT):
                self.cut = f"Its structure is lost at byte {at - _HEAD.size} of {end}."
                return
            stop = at + length
            if stop > end:
                self.cut = f"A field announces {length} bytes; {end - at} are there."
                stop = end
            attribute = _Attribute(level, name, data[at:stop])
            if stop + 2 <= end and int.from_bytes(data[stop : stop + 2], "little") != (
                sum(attribute.data) & 0xFFFF
            ):
                bad += 1
            at = stop + 2
            if level == _MESSAGE:
                self._attributes.append(attribute)
            elif name == _BEGINS_ATTACHMENT or not self._parts:
                self._parts.append([attribute])
            else:
                self._parts[-1].append(attribute)
            if len(self._attributes) + len(self._parts) > limit:
                raise EvidenceError(f"{State.LIMIT}:members", f"It has more than {limit} fields.")
        if bad:
            self.problems.append(f"{bad} of its fields fail their checksum.")

    def _old_style(self, attribute: _Attribute) -> None:
        """Fields from before MAPI, where no property says the same."""
        put, data = self.properties.put, attribute.data
        if attribute.name == _SUBJECT:
            put(mapi.SUBJECT, mapi.STRING8, data)
        elif attribute.name == _BODY:
            put(mapi.BODY, mapi.STRING8, data)
        elif attribute.name == _CLASS:
            kind = data.rstrip(b"\0").decode("ascii", "replace")
            put(mapi.MESSAGE_CLASS, mapi.STRING8, _CLASSES.get(kind, kind).encode())
        elif attribute.name == _FROM and len(data) >= _TRIPLE.size:
            _, _, name_size, address_size = _TRIPLE.unpack_from(data)
            name = data[8 : 8 + name_size]
            form, _, address = data[8 + name_size : 8 + name_size + address_size].partition(b":")
            put(mapi.SENDER_NAME, mapi.STRING8, name)
            put(mapi.SENDER_TYPE, mapi.STRING8, form)
            put(mapi.SENDER_ADDRESS, mapi.STRING8, address)

    @cached_property
    def recipients(self) -> list[Properties]:
        rows: list[Properties] = []
        for attribute in self._attributes:
            if attribute.name != _RECIPIENTS:
                continue
            data, at = attribute.data, 4
            for _ in range(int.from_bytes(data[:4], "little")):
                if at >= len(data):
                    self.problems.append("Its list of recipients ends early.")
                    break
                row = TnefProperties(self.problems, self._codepage)
                at = row.read_list(data, at)
                rows.append(row)
        return rows

    @cached_property
    def attachments(self) -> list[Attachment]:
        return [
            TnefAttachment(number, part, self.problems, self._codepage)
            for number, part in enumerate(self._parts)
        ]

    @property
    def announced_attachments(self) -> int:
        return len(self._parts)


class TnefAttachment(Attachment):
    """One attachment, made of the attributes that follow its first."""

    def __init__(
        self, number: int, part: list[_Attribute], problems: list[str], codepage: int
    ) -> None:
        properties = TnefProperties(problems, codepage)
        for attribute in part:
            if attribute.name == _ATTACHMENT_PROPERTIES:
                properties.read_list(attribute.data)
        for name, own, kind in (
            (_TRANSPORT_NAME, mapi.ATTACH_FILENAME, mapi.STRING8),
            (_TITLE, mapi.ATTACH_FILENAME, mapi.STRING8),
            (_DATA, mapi.ATTACH_DATA, mapi.BINARY),
        ):
            for attribute in part:
                if attribute.name == name:
                    properties.put(own, kind, attribute.data)
        if mapi.ATTACH_METHOD not in properties and mapi.ATTACH_DATA not in properties:
            properties.put(mapi.ATTACH_DATA, mapi.BINARY, b"")
        super().__init__(number, properties)
        self._data = _bytes(properties)

    def size(self) -> int:
        return len(self._data)

    def chunks(self) -> Iterator[bytes]:
        # An object begins with the identifier of its interface.
        is_object = self.properties is not None and (
            self.properties.types.get(mapi.ATTACH_DATA) == mapi.OBJECT
        )
        yield self._data[16:] if is_object else self._data

    def message(self) -> Message:
        if self._data[:16] != _EMBEDDED_MESSAGE:
            raise EvidenceError(State.CORRUPT, "Its embedded message is not in TNEF.")
        return TnefMessage(self._data[16:], 100_000)

    def message_child(self, context: Context) -> Child:
        del context
        if self._data[:16] != _EMBEDDED_MESSAGE:
            raise EvidenceError(State.CORRUPT, "Its embedded message is not in TNEF.")
        return Child(
            self.name, Content(self._data[16:]), "attachment", mime_type="application/ms-tnef"
        )

    @property
    def message_suffix(self) -> str:
        return ".tnef"


def _bytes(properties: TnefProperties) -> bytes:
    value = properties.values.get(mapi.ATTACH_DATA, b"")
    return value if isinstance(value, bytes) else b"".join(value)
