"""What a ZIP or an OLE2 file is for: both are mere wrappers that many formats share."""

from __future__ import annotations

import re
import struct
import zlib

from ediscovery.extract import signatures, types
from ediscovery.extract.archive.directory import Buffer, Member, data_span, read_directory
from ediscovery.extract.contract import Content

_MAX_ENTRIES = 200_000  # of an OLE2 directory
_CONTENT_TYPE = re.compile(rb"ContentType\s*=\s*[\"']([^\"']{1,200})[\"']")
_MEDIA_TYPE = re.compile(
    rb"media-type\s*=\s*[\"'](application/vnd\.(?:sun|oasis)\.[a-z.]{1,60})[\"']"
)
_KMZ = "application/vnd.google-earth.kmz"
_PACKAGE_FOLDERS = (b"word/", b"xl/", b"ppt/", b"visio/", b"[Content_Types].xml", b"_rels/.rels")


def zip_type(content: Content, claimed: str) -> str:
    """The type of a ZIP by the members of its central directory.

    ``claimed`` is what the name says; it decides where several types have the same members, and
    for a package whose directory is lost.
    """
    head = content.head
    own = _mimetype_member(head)
    if own:
        return own
    data = content.buffer()
    directory = read_directory(data, 5000)
    package = types.FAMILY.get(claimed, "").endswith("-package")
    if directory is None:
        broken = package and any(name in head for name in _PACKAGE_FOLDERS)
        return claimed if broken else types.ZIP
    names = {m.name: m for m in directory.members}
    listed = names.get(b"[Content_Types].xml")
    if listed is not None:
        declared = _small_member(data, listed)
        for match in _CONTENT_TYPE.finditer(declared):
            found = signatures.OOXML_PARTS.get(match.group(1).decode("latin-1").lower())
            if found:
                return found
        if package:
            return claimed
    if b"mimetype" in names:
        own = _as_type(_small_member(data, names[b"mimetype"]))
        if own:
            return own
    if b"content.xml" in names and b"META-INF/manifest.xml" in names:
        manifest = names[b"META-INF/manifest.xml"]
        stated = _MEDIA_TYPE.search(_small_member(data, manifest))
        if stated:
            return stated.group(1).decode("ascii")
    if claimed == _KMZ and any(name.endswith(b".kml") for name in names):
        return claimed
    for member, mime_type in signatures.ZIP_MEMBERS:
        if member in names:
            if mime_type == "application/vnd.apple.iwork" and claimed.startswith(
                "application/vnd.apple."
            ):
                return claimed
            if mime_type == "application/vnd.apple.iwork" and member.startswith(b"index.xml"):
                continue
            return mime_type
    return types.ZIP


def _mimetype_member(head: bytes) -> str:
    """ODF and EPUB begin with a stored member ``mimetype`` that states the type."""
    if head[30:38] != b"mimetype" or len(head) < 60:
        return ""
    size, extra = struct.unpack_from("<L", head, 22)[0], struct.unpack_from("<H", head, 28)[0]
    start = 38 + extra
    if size == 0:  # lengths follow the data
        end = head.find(b"PK", start)
        size = max(0, min(end - start, 100))
    return _as_type(head[start : start + min(size, 100)])


def _as_type(raw: bytes) -> str:
    text = raw.strip(b"\0 \r\n\t").decode("ascii", "replace")
    return text if re.fullmatch(r"[a-z]+/[A-Za-z0-9.+-]{1,90}", text) else ""


def _small_member(data: Buffer, member: Member) -> bytes:
    """At most the first 256 KiB of a member, ``b""`` when it can't be read."""
    span = data_span(data, member)
    if span is None:
        return b""
    raw = bytes(data[span[0] : min(span[1], span[0] + (1 << 18))])
    if member.method == 0:
        return raw
    try:
        return zlib.decompressobj(-15).decompress(raw, 1 << 18)
    except zlib.error:
        return b""


def ole_type(content: Content, claimed: str) -> str:
    """The type of an OLE2 compound file by the entries directly below its root.

    ``claimed``, the type by name, is believed when the directory can't be read.
    """
    names, class_id = ole_entries(content)
    if class_id in signatures.OLE_CLASSES:
        return signatures.OLE_CLASSES[class_id]
    folded = {name.casefold() for name in names}
    for name, mime_type in signatures.OLE_ENTRIES:
        if name.casefold() in folded:
            return mime_type
    broken = not names
    return claimed if broken and claimed.startswith("application/") else types.OLE


def ole_entries(content: Content) -> tuple[set[str], str]:
    """Names directly below the root of an OLE2 file, and the start of the root's class id in hex.

    Follows [MS-CFB]. Loops and sectors that lie outside end the reading: nothing is raised.
    """
    data = content.buffer()
    if len(data) < 512:
        return set(), ""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        return set(), ""
    tables = struct.unpack_from("<109L", data, 76)
    sector = struct.unpack_from("<L", data, 48)[0]
    per_sector = 1 << (shift - 2)
    chunks: list[bytes] = []
    seen: set[int] = set()
    while sector < 0xFFFFFFF0 and sector not in seen and len(seen) * 4 < _MAX_ENTRIES:
        seen.add(sector)
        at = (sector + 1) << shift
        chunk = bytes(data[at : at + (1 << shift)])
        if not chunk:
            break
        chunks.append(chunk)
        table, slot = divmod(sector, per_sector)
        if table >= 109:
            break
        entry = ((tables[table] + 1) << shift) + slot * 4
        if entry + 4 > len(data):
            break
        sector = struct.unpack_from("<L", data, entry)[0]
    return _below_root(b"".join(chunks))


def _below_root(entries: bytes) -> tuple[set[str], str]:
    names: set[str] = set()
    if len(entries) < 128:
        return names, ""
    class_id = entries[80:84][::-1].hex()
    seen: set[int] = set()
    waiting = [struct.unpack_from("<L", entries, 76)[0]]
    while waiting:
        index = waiting.pop()
        at = index * 128
        if index in seen or at + 128 > len(entries):
            continue
        seen.add(index)
        length, left, right = (
            struct.unpack_from("<H", entries, at + 64)[0],
            *struct.unpack_from("<2L", entries, at + 68),
        )
        names.add(entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"))
        waiting += (left, right)
    return names, class_id
