"""MAPI properties: their numbers, their types, and one way to read them from any store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from struct import Struct
from typing import Any
from uuid import UUID

from ediscovery.extract import codepages
from ediscovery.extract.dates import from_filetime
from ediscovery.model.errors import EvidenceError

# Property types, [MS-OXCDATA] 2.11.1
INTEGER, STRING8, UNICODE, TIME, OBJECT, BINARY = 0x03, 0x1E, 0x1F, 0x40, 0x0D, 0x102
MULTIPLE = 0x1000
FIXED = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 1, 0x14: 8, 0x40: 8,
         0x48: 16}  # fmt: skip

# Property numbers, [MS-OXPROPS]
IMPORTANCE = 0x0017
MESSAGE_CLASS = 0x001A
PRIORITY = 0x0026
SENSITIVITY = 0x0036
SUBJECT = 0x0037
SUBMIT_TIME = 0x0039
REPRESENTING_NAME, REPRESENTING_TYPE, REPRESENTING_ADDRESS = 0x0042, 0x0064, 0x0065
REPRESENTING_SMTP = 0x5D02
CONVERSATION_TOPIC, CONVERSATION_INDEX = 0x0070, 0x0071
HEADERS = 0x007D
READ_RECEIPT = 0x0029
RECIPIENT_TYPE = 0x0C15
SENDER_NAME, SENDER_TYPE, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1E, 0x0C1F, 0x5D01
DISPLAY_BCC, DISPLAY_CC, DISPLAY_TO = 0x0E02, 0x0E03, 0x0E04
DELIVERY_TIME = 0x0E06
FLAGS = 0x0E07
MESSAGE_SIZE = 0x0E08
NORMALISED_SUBJECT, SUBJECT_PREFIX = 0x0E1D, 0x003D
BODY, RTF, HTML = 0x1000, 0x1009, 0x1013
MESSAGE_ID, REFERENCES, IN_REPLY_TO = 0x1035, 0x1039, 0x1042
ICON_INDEX, FLAG_STATUS = 0x1080, 0x1090
NAME, ADDRESS_TYPE, ADDRESS, COMMENT = 0x3001, 0x3002, 0x3003, 0x3004
CREATED, MODIFIED = 0x3007, 0x3008
ENTRY_ID, SEARCH_KEY, RECIPIENT_ENTRY_ID = 0x0FFF, 0x300B, 0x5FF7
CONTENT_COUNT, ASSOCIATED_COUNT, SUBFOLDERS = 0x3602, 0x3617, 0x360A
CONTAINER_CLASS = 0x3613
ATTACH_DATA, ATTACH_EXTENSION, ATTACH_FILENAME, ATTACH_METHOD = 0x3701, 0x3703, 0x3704, 0x3705
ATTACH_LONG_FILENAME, ATTACH_PATHNAME, ATTACH_LONG_PATHNAME = 0x3707, 0x3708, 0x370D
ATTACH_SIZE, ATTACH_MIME, ATTACH_CONTENT_ID = 0x0E20, 0x370E, 0x3712
ATTACH_LOCATION, ATTACH_FLAGS, ATTACH_HIDDEN = 0x3713, 0x3714, 0x7FFE
SMTP_ADDRESS, SIP_ADDRESS = 0x39FE, 0x5FE5
INTERNET_CODEPAGE, MESSAGE_CODEPAGE, MESSAGE_LOCALE = 0x3FDE, 0x3FFD, 0x3FF1
CREATOR_NAME, LAST_MODIFIER = 0x3FF8, 0x3FFA

# Sets of named properties, [MS-OXPROPS] 1.3.2
APPOINTMENT = UUID("00062002-0000-0000-c000-000000000046").bytes_le
TASK = UUID("00062003-0000-0000-c000-000000000046").bytes_le
CONTACT = UUID("00062004-0000-0000-c000-000000000046").bytes_le
COMMON = UUID("00062008-0000-0000-c000-000000000046").bytes_le
LOG = UUID("0006200a-0000-0000-c000-000000000046").bytes_le
NOTE = UUID("0006200e-0000-0000-c000-000000000046").bytes_le
MEETING = UUID("6ed8da90-450b-101b-98da-00aa003f1305").bytes_le
STRINGS = UUID("00020329-0000-0000-c000-000000000046").bytes_le
HEADER_NAMES = UUID("00020386-0000-0000-c000-000000000046").bytes_le
REACTIONS = UUID("41f28f13-83f4-4114-a584-eedb5a6b0bff").bytes_le
_MAPI = UUID("00020328-0000-0000-c000-000000000046").bytes_le

# A named property: its set, as the 16 bytes that stores write, and its number or name.
Named = tuple[bytes, int | str]


class Names(dict[Named, int]):
    """The numbers that a store gave to named properties."""

    @cached_property
    def texts(self) -> dict[int, Named]:
        """Set and name of the numbers whose names are texts."""
        return {number: named for named, number in self.items() if isinstance(named[1], str)}


_NUMBERS = {
    0x02: Struct("<h"), 0x03: Struct("<i"), 0x04: Struct("<f"), 0x05: Struct("<d"),
    0x06: Struct("<q"), 0x07: Struct("<d"), 0x0A: Struct("<I"), 0x14: Struct("<q"),
    0x40: Struct("<Q"),
}  # fmt: skip


class Properties(ABC):
    """The properties of one object, decoded when asked for.

    ``types`` maps property numbers to types. ``names`` maps named properties to the numbers that
    this store gave them. Values: integers, floats, ``bool``, ``str``, ``bytes``, FILETIME ticks as
    ``int``, ``UUID``; lists of these for multiple values; ``None`` when absent or unreadable.
    What can't be read is put down in ``problems``, once.
    """

    def __init__(self, names: Names, problems: list[str]) -> None:
        self.types: dict[int, int] = {}
        self.names = names
        self.problems = problems
        self._codepages: tuple[int, ...] | None = None

    @abstractmethod
    def _raw(self, number: int, kind: int) -> bytes | list[bytes]:
        """The stored bytes; a list when ``kind`` is multiple. May raise ``EvidenceError``."""

    def __contains__(self, number: int) -> bool:
        return number in self.types

    def get(self, number: int) -> Any:
        """The value of property ``number``."""
        kind = self.types.get(number)
        if kind is None:
            return None
        try:
            raw = self._raw(number, kind)
        except EvidenceError as error:
            self._note(f"Property 0x{number:04x}: {error.message}")
            return None
        if isinstance(raw, list):
            return [self._decode(kind & 0xFFF, value) for value in raw]
        return self._decode(kind, raw)

    def _decode(self, kind: int, raw: bytes) -> Any:
        if kind == UNICODE:
            return raw[: len(raw) & ~1].decode("utf-16-le", "replace").rstrip("\0")
        if kind == STRING8:
            return self._text8(raw.rstrip(b"\0"))
        if kind == 0x0B:
            return any(raw[:2])
        form = _NUMBERS.get(kind)
        if form is not None:
            return form.unpack_from(raw)[0] if len(raw) >= form.size else None
        if kind == 0x48:
            return UUID(bytes_le=raw[:16]) if len(raw) >= 16 else None
        return raw

    def _note(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < 20:
            self.problems.append(problem)

    @property
    def codepages(self) -> tuple[int, ...]:
        """The code pages that the object's 8-bit texts may be in, the likeliest first."""
        if self._codepages is None:
            locale = codepages.of_locale(self.integer(MESSAGE_LOCALE) or 0)
            stated = (self.integer(n) or 0 for n in (MESSAGE_CODEPAGE, INTERNET_CODEPAGE))
            self._codepages = tuple(
                page
                for page in (*stated, locale)
                if page not in (0, 1200) and codepages.codec(page)
            )
        return self._codepages

    @codepages.setter
    def codepages(self, value: tuple[int, ...]) -> None:
        self._codepages = value

    def _text8(self, raw: bytes) -> str:
        if raw.isascii():
            return raw.decode("ascii")
        for page in self.codepages:
            try:
                return raw.decode(codepages.codec(page))
            except UnicodeError:
                continue
        damaged = next((page for page in self.codepages if page != 65001), 1252)
        return codepages.decode(raw, damaged)

    def stored(self, number: int) -> bytes:
        """The bytes of a text or binary property as they are kept; ``b""`` when there are none."""
        kind = self.types.get(number)
        try:
            raw = self._raw(number, kind) if kind is not None else b""
        except EvidenceError as error:
            self._note(f"Property 0x{number:04x}: {error.message}")
            return b""
        return raw if isinstance(raw, bytes) else b""

    def named(self, group: bytes, name: int | str) -> Any:
        """The value of a named property."""
        number = self.names.get((group, name))
        return None if number is None else self.get(number)

    def text(self, number: int) -> str:
        """A text property, ``""`` when absent or of another type."""
        value = self.get(number)
        return value if isinstance(value, str) else ""

    def integer(self, number: int) -> int | None:
        """A whole number, ``None`` when absent or of another type."""
        value = self.get(number)
        return int(value) if isinstance(value, int) else None

    def time(self, number: int) -> str:
        """A time as UTC text, ``""`` when absent, unset or absurd."""
        value = self.get(number)
        is_time = self.types.get(number) == TIME and isinstance(value, int)
        return from_filetime(value) if is_time else ""

    def data(self, number: int) -> bytes:
        """A binary property, ``b""`` when absent or of another type."""
        value = self.get(number)
        return value if isinstance(value, bytes) else b""


def read_names(guids: bytes, entries: bytes, strings: bytes) -> Names:
    """The map of named properties ([MS-PST] 2.4.7, [MS-OXMSG] 2.2.3.1) from its three streams."""
    result = Names()
    for at in range(0, len(entries) - 7, 8):
        ident = int.from_bytes(entries[at : at + 4], "little")
        which = int.from_bytes(entries[at + 4 : at + 6], "little")
        number = 0x8000 + int.from_bytes(entries[at + 6 : at + 8], "little")
        group = _group(which >> 1, guids)
        if group is None:
            continue
        name: int | str = ident
        if which & 1:
            length = int.from_bytes(strings[ident : ident + 4], "little")
            raw = strings[ident + 4 : ident + 4 + min(length, 1024)]
            name = raw[: len(raw) & ~1].decode("utf-16-le", "replace").lower()
        result.setdefault((group, name), number)
    return result


def _group(index: int, guids: bytes) -> bytes | None:
    if index == 1:
        return _MAPI
    if index == 2:
        return STRINGS
    raw = guids[(index - 3) * 16 : (index - 3) * 16 + 16]
    return raw if index >= 3 and len(raw) == 16 else None


def joined(values: Iterable[Any]) -> str:
    """Values as one line of text, parted by ``; ``."""
    return "; ".join(str(v) for v in values if v not in (None, ""))
