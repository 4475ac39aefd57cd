"""Windows metafiles (EMF, WMF): the text that their drawing orders write ([MS-EMF], [MS-WMF]).

Office documents hold them by the dozen, as pictures and as the icons of embedded files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ediscovery.extract.codepages import codec
from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.office.rtf_words import CHARSETS
from ediscovery.model.states import State

_EXT_TEXT_A, _EXT_TEXT_W, _POLY_A, _POLY_W, _SMALL_TEXT = 83, 84, 96, 97, 108
_COMMENT, _EOF = 70, 14
_PLUS_STRING = 0x401C
_SMALL_NO_RECT, _SMALL_8BIT = 0x100, 0x200
_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_WMF_TEXT, _WMF_EXT_TEXT = 0x0521, 0x0A32
_WMF_FONT, _WMF_SELECT = 0x02FB, 0x012D
_WMF_CREATES = frozenset({0x00F7, 0x01F9, 0x02FA, 0x02FB, 0x02FC, 0x06FF, 0x0142, 0x00F8})


def extract(content: Content, context: Context) -> Extraction:
    """The text of a metafile, a drawing order a line; broken ones are read up to the break."""
    data = content.read()
    documents: list[bytes] = []
    lines = _emf(data, documents) if data[40:44] == b" EMF" else _wmf(data)
    text = "\n".join(line for line in (s.strip("\0 \r\n") for s in lines) if line)
    result = Extraction(text=text + "\n" if text else "")
    if documents:
        result.expected_children = len(documents)
        result.children = [
            Child(f"drawing{number + 1}.pdf", Content(document), "embedded")
            for number, document in enumerate(documents)
        ]
    if len(data) < 18:
        result.state, result.message = State.TRUNCATED, "It ends within its header."
    return result


def _emf(data: bytes, documents: list[bytes]) -> Iterator[str]:
    """Lines of text; PDFs that programs of the Mac put beside the drawing go to ``documents``."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if size < 8 or kind == _EOF:
            return
        record = data[at : at + size]
        if kind in (_EXT_TEXT_A, _EXT_TEXT_W) and size >= 76:
            yield _emr_text(record, 36, kind == _EXT_TEXT_W)
        elif kind in (_POLY_A, _POLY_W) and size >= 40:
            (count,) = struct.unpack_from("<I", record, 32)
            for index in range(min(count, (size - 36) // 40)):
                yield _emr_text(record, 36 + 40 * index, kind == _POLY_W)
        elif kind == _SMALL_TEXT and size >= 36:
            count, options = struct.unpack_from("<II", record, 16)
            start = 36 if options & _SMALL_NO_RECT else 52
            if options & _SMALL_8BIT:
                yield record[start : start + count].decode("cp1252", "replace")
            else:
                yield record[start : start + 2 * count].decode("utf-16-le", "replace")
        elif kind == _COMMENT and record[12:16] == b"EMF+":
            yield from _plus(record[16:])
        elif kind == _COMMENT and record[12:16] == b"GDIC":
            start, end = record.find(b"%PDF-"), record.rfind(b"%%EOF")
            if 0 < start < end:
                documents.append(record[start : end + 5])
        at += size


def _emr_text(record: bytes, at: int, wide: bool) -> str:
    """An ``EmrText`` object: its count and offset stand after the reference point."""
    if at + 16 > len(record):
        return ""
    count, offset = struct.unpack_from("<II", record, at + 8)
    if wide:
        return record[offset : offset + 2 * count].decode("utf-16-le", "replace")
    return record[offset : offset + count].decode("cp1252", "replace")


def _plus(data: bytes) -> Iterator[str]:
    at = 0
    while at + 12 <= len(data):
        kind, _, size = struct.unpack_from("<HHI", data, at)
        if size < 12:
            return
        if kind == _PLUS_STRING and at + 40 <= len(data):
            (count,) = struct.unpack_from("<I", data, at + 20)
            yield data[at + 40 : at + 40 + 2 * count].decode("utf-16-le", "replace")
        at += size


def _wmf(data: bytes) -> Iterator[str]:
    at = 22 if data.startswith(_PLACEABLE) else 0
    at += 18
    objects: list[str | None] = []  # the encoding of each font; other objects hold their places
    encoding = "cp1252"
    while at + 6 <= len(data):
        words, kind = struct.unpack_from("<IH", data, at)
        size = 2 * words
        if size < 6 or kind == 0:
            return
        body = data[at + 6 : at + size]
        if kind in _WMF_CREATES:
            font = kind == _WMF_FONT and len(body) > 13
            _place(objects, codec(CHARSETS.get(body[13], 1252)) or "cp1252" if font else "")
        elif kind == 0x01F0 and len(body) >= 2:  # DeleteObject
            index = struct.unpack_from("<H", body)[0]
            if index < len(objects):
                objects[index] = None
        elif kind == _WMF_SELECT and len(body) >= 2:
            index = struct.unpack_from("<H", body)[0]
            if index < len(objects) and objects[index]:
                encoding = objects[index] or encoding
        elif kind == _WMF_TEXT and len(body) >= 2:
            (count,) = struct.unpack_from("<H", body)
            yield body[2 : 2 + count].decode(encoding, "replace")
        elif kind == _WMF_EXT_TEXT and len(body) >= 8:
            count, options = struct.unpack_from("<HH", body, 4)
            start = 16 if options & 6 else 8
            yield body[start : start + count].decode(encoding, "replace")
        at += size


def _place(objects: list[str | None], value: str) -> None:
    if None in objects:
        objects[objects.index(None)] = value
    elif len(objects) < 65536:
        objects.append(value)
