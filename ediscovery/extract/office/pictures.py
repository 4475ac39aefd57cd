"""Pictures in binary Office files: the blips of OfficeArt ([MS-ODRAW] 2.2.23), wherever they lie.

Blip records are found by their headers, whose four bytes leave little to chance, in the streams
that hold them. So none is missed when the structures around it are damaged.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from ediscovery.extract.contract import Child, Content, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_STREAMS = ("pictures", "data", "worddocument", "1table", "0table", "workbook", "book")
# recInstance -> extension, identifiers of 16 bytes before the picture, is it a metafile?
_KINDS: dict[tuple[int, int], tuple[str, int, bool]] = {
    (0x3D4, 0x1A): ("emf", 1, True), (0x3D5, 0x1A): ("emf", 2, True),
    (0x216, 0x1B): ("wmf", 1, True), (0x217, 0x1B): ("wmf", 2, True),
    (0x542, 0x1C): ("pict", 1, True), (0x543, 0x1C): ("pict", 2, True),
    (0x46A, 0x1D): ("jpg", 1, False), (0x46B, 0x1D): ("jpg", 2, False),
    (0x6E2, 0x1D): ("jpg", 1, False), (0x6E3, 0x1D): ("jpg", 2, False),
    (0x46A, 0x2A): ("jpg", 1, False), (0x46B, 0x2A): ("jpg", 2, False),
    (0x6E2, 0x2A): ("jpg", 1, False), (0x6E3, 0x2A): ("jpg", 2, False),
    (0x6E0, 0x1E): ("png", 1, False), (0x6E1, 0x1E): ("png", 2, False),
    (0x7A8, 0x1F): ("dib", 1, False), (0x7A9, 0x1F): ("dib", 2, False),
    (0x6E4, 0x29): ("tif", 1, False), (0x6E5, 0x29): ("tif", 2, False),
}  # fmt: skip
_HEADERS = re.compile(
    b"|".join(
        re.escape(struct.pack("<HBB", instance << 4, kind, 0xF0)) for instance, kind in _KINDS
    )
)
_METAFILE = struct.Struct("<I16s8sIBB")
_PLAIN_DIB = struct.Struct("<IiiHHIIiiII")


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture's bytes lie: ``data`` holds the blip after its record header."""

    data: bytes
    extension: str
    identifiers: int
    metafile: bool


def find(ole: Any) -> list[Picture]:
    """The distinct pictures of ``ole``, in the order in which they stand."""
    result: list[Picture] = []
    seen: set[bytes] = set()
    for entry in ole.listdir():
        if len(entry) != 1 or entry[0].lower() not in _STREAMS:
            continue
        try:
            data = ole.openstream(entry).read()
        except Exception:
            continue
        if entry[0].lower() in ("workbook", "book"):
            data = _drawing_group(data)
        at = 0
        while match := _HEADERS.search(data, at):
            start = match.start()
            at = match.end()
            if start + 8 > len(data):
                break
            version, kind, size = struct.unpack_from("<HHI", data, start)
            extension, identifiers, metafile = _KINDS[version >> 4, kind & 0xFF]
            body = data[start + 8 : start + 8 + size]
            if len(body) < size or size < 16 * identifiers + 1:
                continue
            at = start + 8 + size
            if body[:16] not in seen:
                seen.add(body[:16])
                result.append(Picture(body, extension, identifiers, metafile))
    return result


def child(ole: Any, picture: Picture, number: int, context: Context) -> Child:
    """The child that stands for ``picture``, flagged ``inline``."""
    name = f"image{number}.{'bmp' if picture.extension == 'dib' else picture.extension}"
    try:
        data = _unpacked(picture, context)
    except (zlib.error, struct.error) as error:
        return Child(name, None, "embedded", state=State.CORRUPT, message=str(error))
    except EvidenceError as error:
        return Child(name, None, "embedded", state=error.state, message=error.message)
    return Child(name, Content(data), "embedded", flags=("inline",))


def _unpacked(picture: Picture, context: Context) -> bytes:
    at = 16 * picture.identifiers
    if not picture.metafile:
        data = picture.data[at + 1 :]
        return _bitmap_file(data) if picture.extension == "dib" else data
    size, _, _, _, compression, _ = _METAFILE.unpack_from(picture.data, at)
    data = picture.data[at + _METAFILE.size :]
    if compression == 0:
        size = min(size, context.profile.limits.item_bytes)
        context.charge(min(size, len(data) * context.profile.limits.layer_ratio))
        data = zlib.decompressobj().decompress(data, size)
    if picture.extension == "pict":
        data = bytes(512) + data
    return data


def _bitmap_file(data: bytes) -> bytes:
    """A device-independent bitmap with the file header that it lacks."""
    header, _, _, _, bits, compression, _, _, _, used, _ = _PLAIN_DIB.unpack_from(data, 0)
    colours = used or (1 << bits if bits <= 8 else 0)
    masks = 12 if compression == 3 and header == 40 else 0
    start = 14 + header + 4 * colours + masks
    return struct.pack("<2sIHHI", b"BM", 14 + len(data), 0, 0, start) + data


def _drawing_group(data: bytes) -> bytes:
    """The drawing group of a workbook, put together from its records ([MS-XLS] 2.4.171)."""
    pieces: list[bytes] = []
    at = 0
    inside = False
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        if kind == 0x00EB or (kind == 0x003C and inside):
            inside = True
            pieces.append(data[at + 4 : at + 4 + size])
        else:
            inside = False
            if kind == 0x000A and pieces:
                break
        at += 4 + size
    return b"".join(pieces)
