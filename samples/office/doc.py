"""Word 97 documents (MS-DOC): one section of paragraphs in one style, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from samples.office import ole2
from samples.office.package import Properties
from samples.office.summary import summary
from samples.things import Thing

_CLSID = "00020906-0000-0000-C000-000000000046"
_TEXT_AT = 1024  # after the FIB, which is 900 bytes long
_STYLES, _SECTIONS, _CHARACTERS, _PARAGRAPHS, _FONTS, _SETTINGS, _PIECES = 1, 6, 12, 13, 15, 31, 33


def thing(name: str, properties: Properties, paragraphs: Sequence[str]) -> Thing:
    """A DOC of at most 25 ``paragraphs`` in code page 1252."""
    text = "".join(p + "\r" for p in paragraphs).encode("cp1252")
    if b"\r" * 26 in text or text.count(b"\r") > 25 or len(text) > 8000:
        raise ValueError("too long for one page of paragraph marks")
    end = _TEXT_AT + len(text)
    page = -(-end // 512)
    stream = bytearray(_TEXT_AT) + text
    stream = stream.ljust(page * 512, b"\0") + _character_page(end) + _paragraph_page(text)
    table, places = bytearray(), {}

    def put(index: int, data: bytes) -> None:
        places[index] = (len(table), len(data))
        table.extend(data)

    put(_STYLES, _style_sheet())
    put(_SECTIONS, struct.pack("<IIHiHI", 0, len(text), 0, -1, 0, 0xFFFFFFFF))
    put(_CHARACTERS, struct.pack("<III", _TEXT_AT, end, page))
    put(_PARAGRAPHS, struct.pack("<III", _TEXT_AT, end, page + 1))
    put(_FONTS, _fonts())
    put(_SETTINGS, bytes(500))
    pieces = struct.pack("<IIHIH", 0, len(text), 0, _TEXT_AT * 2 | 0x40000000, 0)
    put(_PIECES, b"\x02" + struct.pack("<I", len(pieces)) + pieces)
    stream[:900] = _fib(len(text), len(stream), places)
    streams = {
        "WordDocument": bytes(stream).ljust(4096, b"\0"),
        "1Table": bytes(table).ljust(4096, b"\0"),
        "\x05SummaryInformation": summary(properties),
    }
    return Thing(
        name,
        ole2.write(streams, _CLSID),
        "word",
        "application/msword",
        "\n".join(paragraphs),
        when=properties.modified,
    )


def _fib(characters: int, size: int, places: dict[int, tuple[int, int]]) -> bytes:
    """The file information block: where everything else is."""
    # 0x1200: the tables are in the stream 1Table; text may be 16 bits wide
    base = struct.pack(
        "<HHHHHHHIBBHHII",
        0xA5EC,
        0xC1,
        0,
        0x409,
        0,
        0x1200,
        0xBF,
        0,
        0,
        0,
        0,
        0,
        _TEXT_AT,
        _TEXT_AT + characters,
    )
    counts = struct.pack("<22I", size, 0, 0, characters, *[0] * 18)
    pairs = b"".join(struct.pack("<II", *places.get(n, (0, 0))) for n in range(93))
    return (
        base + struct.pack("<H", 14) + bytes(28) + struct.pack("<H", 22) + counts
        + struct.pack("<H", 93) + pairs + bytes(2)
    )  # fmt: skip


def _character_page(end: int) -> bytes:
    """One run over the whole text in the style's own characters."""
    return (struct.pack("<IIB", _TEXT_AT, end, 0)).ljust(511, b"\0") + b"\x01"


def _paragraph_page(text: bytes) -> bytes:
    """One entry a paragraph, all pointing at one PAPX that says: style 0."""
    ends = [n + 1 for n, byte in enumerate(text) if byte == 13]
    marks = [_TEXT_AT, *(_TEXT_AT + n for n in ends)]
    papx = 506
    head = struct.pack(f"<{len(marks)}I", *marks) + (bytes([papx // 2]) + bytes(12)) * len(ends)
    # a length byte of 1 means one 16-bit word follows: the style's number
    return head.ljust(papx, b"\0") + b"\x01\0\0\0\0" + bytes([len(ends)])


def _style_sheet() -> bytes:
    head = struct.pack("<9H", 15, 10, 1, 91, 15, 0, 0, 0, 0)
    name = "Normal".encode("utf-16-le")
    body = struct.pack("<H", 6) + name + bytes(2) + struct.pack("<HHH", 2, 0, 0)
    size = 10 + len(body)
    normal = struct.pack("<HHHHH", 0, 0xFFF1, 2, size, 0) + body
    return struct.pack("<H", 18) + head + struct.pack("<H", size) + normal + bytes(2 * 14)


def _fonts() -> bytes:
    name = "Times New Roman".encode("utf-16-le") + bytes(2)
    font = struct.pack("<BHBB", 0x16, 400, 0, 0) + bytes(34) + name
    return struct.pack("<HHB", 1, 0, len(font)) + font
