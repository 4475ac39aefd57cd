"""winmail.dat: the Transport Neutral Encapsulation Format (MS-OXTNEF), as small as it can be."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from samples.mail.letter import Letter
from samples.things import Thing

_MESSAGE, _ATTACHMENT = 1, 2


def thing(letter: Letter, files: Sequence[Thing]) -> Thing:
    """``winmail.dat``: a message that holds ``files`` and the letter's subject."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    out += _attribute(_MESSAGE, 0x00089006, struct.pack("<I", 0x10000))
    out += _attribute(_MESSAGE, 0x00069007, struct.pack("<II", 1252, 0))
    out += _attribute(_MESSAGE, 0x00078008, b"IPM.Microsoft Mail.Note\0")
    out += _attribute(_MESSAGE, 0x00018004, letter.subject.encode("cp1252") + b"\0")
    for file in files:
        d = file.when
        date = struct.pack("<7H", d.year, d.month, d.day, d.hour, d.minute, d.second, 0)
        rendering = struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0)
        out += _attribute(_ATTACHMENT, 0x00069002, rendering)
        out += _attribute(_ATTACHMENT, 0x00018010, file.name.encode("cp1252") + b"\0")
        out += _attribute(_ATTACHMENT, 0x00038013, date)
        out += _attribute(_ATTACHMENT, 0x0006800F, file.data)
    return Thing(
        "winmail.dat",
        out,
        "tnef",
        "application/ms-tnef",
        letter.subject,
        children=tuple(file.related("attachment") for file in files),
        when=letter.utc,
    )


def _attribute(level: int, tag: int, data: bytes) -> bytes:
    head = struct.pack("<BII", level, tag, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)
