"""The SummaryInformation stream of old office files (MS-OLEPS): title, authors, times."""

from __future__ import annotations

import struct

from samples.archives.packers import filetime
from samples.office.package import Properties

_FORMAT = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")


def summary(properties: Properties) -> bytes:
    """The stream's bytes; text in code page 1252."""
    values = [(1, struct.pack("<IHH", 2, 1252, 0))]
    for tag, text in ((2, properties.title), (4, properties.author), (8, properties.last_author)):
        data = text.encode("cp1252") + b"\0"
        data = struct.pack("<II", 30, len(data)) + data
        values.append((tag, data.ljust(-(-len(data) // 4) * 4, b"\0")))
    for tag, when in ((12, properties.created), (13, properties.modified)):
        values.append((tag, struct.pack("<IQ", 64, filetime(when))))
    offset = 8 + 8 * len(values)
    index, body = b"", b""
    for tag, data in values:
        index += struct.pack("<II", tag, offset + len(body))
        body += data
    section = struct.pack("<II", offset + len(body), len(values)) + index + body
    head = struct.pack("<HHI16xI", 0xFFFE, 0, 0x00020006, 1) + _FORMAT + struct.pack("<I", 48)
    return head + section
