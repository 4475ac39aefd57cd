"""Files inside office documents: package parts, OLE objects and the packager's wrapper around them.

Standards: MS-OLEDS 2.3 (OLE1 and Ole10Native), MS-CFB. A wrapper is taken off: what the user put
in becomes the child, under its own name, with the path it came from in the metadata.
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ediscovery.extract.contract import Child, Content
from ediscovery.extract.office.package import Package
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = (".xml", ".rels", ".vml")
# Parts that hold no evidence of their own: fonts, printer set-ups, the picture of page one that a
# file dialogue shows, state of form controls, signatures. Macros are flagged, see the extractors.
_FURNITURE = (".odttf", ".fntdata", ".ttf", ".sigs", ".psmdcp")
_FURNITURE_KINDS = frozenset(
    {"thumbnail", "printerSettings", "vbaProject", "vbaProjectSignature", "activeXControlBinary"}
    | {"wordVbaData", "attachedToolbars", "keyMapCustomizations", "origin", "xlBinaryIndex"}
    | {"vbaProjectSignatureAgile", "vbaProjectSignatureV3"}
)
_SHEETS = "application/vnd.ms-excel."  # an XLSB's own parts, but for workbooks inside (.12)
# Streams that name what an OLE object is, and the extension it goes by.
_PROGRAMS = {
    "worddocument": ".doc",
    "workbook": ".xls",
    "book": ".xls",
    "powerpoint document": ".ppt",
    "visiodocument": ".vsd",
    "__properties_version1.0": ".msg",
    "quill": ".pub",
}
_WRAPPED = {"package": "", "contents": "", "embeddedodf": ".odf", "package_stream": ".odf"}


@dataclass(frozen=True, slots=True)
class Native:
    """What the OLE packager wrapped: its label, the path it came from, and the bytes."""

    name: str
    source_path: str
    data: bytes


def names(package: Package) -> list[str]:
    """The parts of an OOXML ``package`` that are files of their own, in the package's order."""
    chunks: set[str] = set()
    furniture: set[str] = set()
    for name in package.names:
        if not name.lower().endswith(".rels"):
            continue
        folder, _, base = name.replace("\\", "/").lstrip("/").rpartition("/")
        source = posixpath.join(folder.rpartition("_rels")[0], base[:-5]).lstrip("/")
        for relation in package.relations(source):
            if relation.kind == "aFChunk":
                chunks.add(relation.target.lower())
            elif relation.kind in _FURNITURE_KINDS:
                furniture.add(relation.target.lower())
    result = []
    for name in package.names:
        key = name.replace("\\", "/").lstrip("/").lower()
        extra = not key.endswith(_MARKUP + _FURNITURE) and key not in furniture
        if key.endswith(".bin") and "/embeddings/" not in key:
            kind = package.content_type(name).lower()
            extra = extra and (not kind.startswith(_SHEETS) or kind.endswith(".12"))
        if key in chunks or (extra and "/" in key):
            result.append(name)
    return result


def children(package: Package, wanted: list[str], skip: frozenset[int]) -> Iterator[Child]:
    """A child for each of the parts ``wanted``; see :func:`names`."""
    for ordinal, name in enumerate(wanted):
        declared = package.content_type(name)
        base = name.replace("\\", "/").rpartition("/")[2]
        if ordinal in skip:
            yield Child(base, None, "embedded", declared, state=State.CRASHED)
            continue
        try:
            content = package.content(name)
        except EvidenceError as error:
            yield Child(base, None, "embedded", declared, state=error.state, message=error.message)
            continue
        yield from_part(base, content, declared)


def from_part(name: str, content: Content, declared: str) -> Child:
    """The child that stands for an embedded file; pictures are flagged ``inline``."""
    fields: dict[str, Any] = {"embedded_as": name}
    if content.head.startswith(OLE_MAGIC):
        return from_ole(name, content, fields)
    picture = declared.startswith("image/") or name.lower().endswith((".emf", ".wmf", ".svg"))
    return Child(
        name, content, "embedded", declared, fields=fields, flags=("inline",) if picture else ()
    )


def from_ole(name: str, content: Content, fields: dict[str, Any]) -> Child:
    """The child that an OLE object stands for, its wrapper taken off where it has one."""
    import olefile

    try:
        with olefile.OleFileIO(content.open()) as ole:
            child = _unwrapped(ole, [], name, fields)
            if child is not None:
                return child
            for entry in ole.listdir(storages=True):
                extension = _PROGRAMS.get(entry[0].lower()) if len(entry) == 1 else None
                if extension:
                    return Child(_stem(name) + extension, content, "embedded", fields=fields)
    except Exception as error:  # olefile raises whatever broken structures make it raise
        fields["damage"] = str(error)[:200]
    return Child(name, content, "embedded", "application/x-ole-storage", fields=fields)


def from_storage(ole: Any, storage: list[str], name: str) -> Child:
    """The child that an object's storage inside an OLE2 file stands for.

    What no wrapper gives away is written out as an OLE2 file of its own.
    """
    from ediscovery.extract.office import compound_writer

    fields: dict[str, Any] = {"embedded_as": "/".join(storage)}
    try:
        child = _unwrapped(ole, storage, name, fields)
        if child is not None:
            return child
        data = compound_writer.copy(ole, storage)
    except Exception as error:  # olefile raises whatever broken structures make it raise
        return Child(
            name, None, "embedded", state=State.CORRUPT, message=str(error)[:300], fields=fields
        )
    return from_ole(name, Content(data), fields)


def _unwrapped(ole: Any, storage: list[str], name: str, fields: dict[str, Any]) -> Child | None:
    """The file in an object's packaging streams, or ``None`` when the object is bare."""
    depth = len(storage)
    streams = {
        entry[-1].lower(): entry
        for entry in ole.listdir()
        if len(entry) == depth + 1 and entry[:depth] == storage
    }
    native = streams.get("\x01ole10native")
    if native:
        found = unwrap_native(ole.openstream(native).read())
        if found:
            fields["source_path"] = found.source_path
            return Child(found.name or name, Content(found.data), "embedded", fields=fields)
    for stream, extension in _WRAPPED.items():
        if stream in streams:
            data = ole.openstream(streams[stream]).read()
            extension = extension or _extension(data)
            if extension:
                return Child(_stem(name) + extension, Content(data), "embedded", fields=fields)
    return None


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def unwrap_native(data: bytes) -> Native | None:
    """What an ``Ole10Native`` stream wraps, or ``None`` when it is no packager's."""
    if len(data) < 6 or data[4:6] != b"\x02\0":
        return None
    at = 6
    label, at = _zero_ended(data, at)
    source, at = _zero_ended(data, at)
    at += 4  # two words that say: embedded, not linked
    try:
        (length,) = struct.unpack_from("<I", data, at)
        at += 4 + length
        (size,) = struct.unpack_from("<I", data, at)
    except struct.error:
        return None
    at += 4
    if at > len(data):
        return None
    payload = data[at : at + size]
    names_after = _wide_strings(data, at + size)
    if len(names_after) == 3:  # the same three once more, in Unicode: temporary, label, source
        _, label, source = names_after
    return Native(label.replace("\\", "/").rpartition("/")[2], source, payload)


def _zero_ended(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    end = len(data) if end < 0 else end
    return data[at:end].decode("cp1252", "replace"), end + 1


def _wide_strings(data: bytes, at: int) -> list[str]:
    result: list[str] = []
    while len(result) < 3 and at + 4 <= len(data):
        (count,) = struct.unpack_from("<I", data, at)
        end = at + 4 + 2 * count
        if not count or end > len(data):
            break
        result.append(data[at + 4 : end].decode("utf-16-le", "replace").rstrip("\0"))
        at = end
    return result


def _extension(data: bytes) -> str:
    if data.startswith(b"%PDF"):
        return ".pdf"
    if data.startswith(b"PK\x03\x04"):
        head = data[:2000] + data[-4000:]
        for mark, extension in ((b"word/", ".docx"), (b"xl/", ".xlsx"), (b"ppt/", ".pptx")):
            if mark in head:
                return extension
        return ".zip"
    return ""
