"""ZIP archives: members in the order of the central directory, each unfolded when it is wanted."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ediscovery.extract.archive import zip_data
from ediscovery.extract.archive.directory import (
    Buffer,
    Directory,
    Member,
    data_span,
    extra_field,
    overlaps,
    read_directory,
    scan,
)
from ediscovery.extract.archive.members import (
    Bank,
    gather,
    member,
    name_text,
    refuse_overlap,
    special,
)
from ediscovery.extract.contract import Child, Content, Context, Extraction, Range
from ediscovery.extract.dates import from_filetime, from_timestamp, utc
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_UTF8 = 0x800


def extract(content: Content, context: Context) -> Extraction:
    """A ZIP as a container, after APPNOTE 6.3.10: stored, DEFLATE, DEFLATE64, BZIP2, LZMA, XZ,
    Zstandard and PPMd members, ZipCrypto and WinZip AES.

    Without a readable central directory the local headers are scanned. ``limit:overlap`` when
    members share bytes; an archive in which no password opens anything is kept as a document whose
    text is the list of its members. ``context.only`` chooses children by ordinal.
    """
    data = content.buffer()
    directory = _directory(data, context)
    files = _files(directory)
    names = _names(files)
    bank = Bank(context)
    locked = [m for m in files if zip_data.is_encrypted(m) and m.stored]
    ratio = context.profile.limits.layer_ratio
    result = Extraction(container=True, expected_children=_expected(directory, files))
    result.warnings.extend(directory.problems)
    if directory.comment:
        result.fields["comment"] = directory.comment.decode("utf-8", "replace")
    if locked and len(locked) == len([m for m in files if m.stored]):
        probe = min(locked, key=lambda m: m.stored)
        if _password(data, probe, bank, ratio) is None:
            listing = "\n".join(name for name, _ in names)
            return Extraction(
                text=listing,
                state=State.ENCRYPTED,
                message=bank.message("The archive"),
                expected_children=result.expected_children,
            )
    if locked:
        result.flags.add("encrypted_part")
    result.children = _children(data, directory, files, names, bank, context)
    return result


def split(content: Content, context: Context, target_bytes: int) -> tuple[int | None, list[Range]]:
    """Ranges of members of about ``target_bytes`` each, stored or unfolded, whichever is more."""
    directory = _directory(content.buffer(), context)
    files = _files(directory)
    ranges: list[Range] = []
    start, weight = 0, 0
    for ordinal, found in enumerate(files):
        weight += max(found.stored, found.size)
        if weight >= target_bytes or ordinal + 1 - start >= context.profile.unit_items:
            ranges.append(Range(start, ordinal + 1))
            start, weight = ordinal + 1, 0
    if start < len(files):
        ranges.append(Range(start, len(files)))
    return _expected(directory, files), ranges


def _directory(data: Buffer, context: Context) -> Directory:
    limit = context.profile.limits.members + 1
    directory = read_directory(data, limit)
    if directory is not None and directory.split:
        raise EvidenceError(
            State.UNSUPPORTED,
            "It is one volume of a split archive; join the volumes and collect the whole.",
        )
    if directory is None:
        directory = scan(data, limit)
        if not directory.members:
            raise EvidenceError(
                State.CORRUPT, "It has neither a central directory nor any member's header."
            )
    elif directory.problems:
        known = {m.offset for m in directory.members}
        found = [m for m in scan(data, limit).members if m.offset not in known]
        directory.members.extend(found)
    else:
        refuse_overlap(overlaps(directory))
    return directory


def _files(directory: Directory) -> list[Member]:
    """The members that are no folders."""
    return [m for m in directory.members if not _is_folder(m)]


def _is_folder(found: Member) -> bool:
    if found.name.endswith(b"/") and not found.size:
        return True
    return not found.size and (
        (found.system == 3 and found.attributes >> 28 == 4)
        or (found.system in (0, 10) and bool(found.attributes & 0x10))
    )


def _expected(directory: Directory, files: list[Member]) -> int:
    return max(directory.announced, len(directory.members)) - (len(directory.members) - len(files))


def _names(files: list[Member]) -> list[tuple[str, str]]:
    """Each member's path as text, and the charset by which it was read when that was a guess."""
    loose = [m.name for m in files if not m.name.isascii() and not m.flags & _UTF8]
    charset = ""
    if loose:
        from ediscovery.extract.charset import decode

        charset = decode(b"\n".join(loose)).charset
    names = []
    for found in files:
        if found.name.isascii():
            names.append((found.name.decode("ascii"), ""))
        elif found.flags & _UTF8:
            names.append((name_text(found.name, "utf-8"), ""))
        elif (known := _unicode_path(found)) is not None:
            names.append((known, ""))
        else:
            names.append((name_text(found.name, charset), charset))
    return names


def _unicode_path(found: Member) -> str | None:
    """Info-ZIP's second name (0x7075), when it belongs to the first."""
    body = extra_field(found.extra, 0x7075)
    if (
        body is None
        or len(body) < 6
        or int.from_bytes(body[1:5], "little") != zlib.crc32(found.name)
    ):
        return None
    try:
        return body[5:].decode("utf-8")
    except UnicodeDecodeError:
        return None


def _children(
    data: Buffer,
    directory: Directory,
    files: list[Member],
    names: list[tuple[str, str]],
    bank: Bank,
    context: Context,
) -> Iterator[Child]:
    first, last = (context.only.start, context.only.stop) if context.only else (0, len(files))
    for ordinal in range(first, min(last, len(files))):
        found, (path, charset) = files[ordinal], names[ordinal]
        fields, flags = _fields(found), tuple[str, ...]()
        if charset and charset != "utf-8":
            fields["name_charset"], flags = charset, ("charset_guessed",)
        sized = not (directory.scanned and found.flags & 8 and not found.size)
        child = _child(data, found, path, fields, flags, bank, sized, context)
        child.ordinal = ordinal
        yield child


def _child(
    data: Buffer,
    found: Member,
    path: str,
    fields: dict[str, Any],
    flags: tuple[str, ...],
    bank: Bank,
    sized: bool,
    context: Context,
) -> Child:
    ratio = context.profile.limits.layer_ratio
    if zip_data.is_encrypted(found) and found.stored:
        unlocked = _unlocked(data, found, bank, context)
        if unlocked is None:
            fields["announced_size"] = found.size
            return member(path, None, fields, State.ENCRYPTED, bank.message("It"))
        content, state, message = unlocked
    else:
        pieces = zip_data.pieces(data, found, None, ratio, sized)
        content, state, message = gather(pieces, context)
    if found.system == 3 and found.attributes >> 28 == 0xA and found.size <= 4096:
        target = content.read().decode("utf-8", "backslashreplace")
        return special(path, "a symbolic link", fields | {"link_target": target})
    if state != State.OK and not content.size and found.size:
        fields["announced_size"] = found.size
        return member(path, None, fields, state, message)
    return member(path, content, fields, state, message, flags)


def _unlocked(
    data: Buffer, found: Member, bank: Bank, context: Context
) -> tuple[Content, str, str] | None:
    """An encrypted member read by the password of the last one, else by the bank; or ``None``."""
    ratio = context.profile.limits.layer_ratio
    read = None
    if bank.last is not None:
        try:
            read = gather(zip_data.pieces(data, found, bank.last, ratio), context)
        except zip_data.WrongPassword:
            read = None
        if read is not None and read[1] == State.OK:
            return read
    password = _password(data, found, bank, ratio)
    if password is None:
        return read
    return gather(zip_data.pieces(data, found, password, ratio), context)


def _password(data: Buffer, found: Member, bank: Bank, ratio: int) -> bytes | None:
    """The password's bytes that open ``found``, proven on all of it, or ``None``."""
    proven: dict[str, bytes] = {}
    if data_span(data, found) is None:
        return None

    def opens(password: str) -> bool:
        raw = zip_data.opens(data, found, password, ratio)
        if raw is not None:
            proven[password] = raw
        return raw is not None

    good = bank.find(opens)
    if good is None:
        return None
    bank.last = proven[good]
    return proven[good]


def _fields(found: Member) -> dict[str, Any]:
    """Dates and comment of a member: Unix time or FILETIME when kept, else the local DOS time."""
    fields: dict[str, Any] = {}
    stamp = extra_field(found.extra, 0x5455)
    if stamp and len(stamp) >= 5 and stamp[0] & 1:
        fields["modified_at"] = from_timestamp(int.from_bytes(stamp[1:5], "little", signed=True))
    ntfs = extra_field(found.extra, 0x000A)
    if ntfs and len(ntfs) >= 32 and ntfs[4:6] == b"\x01\x00":
        times = [int.from_bytes(ntfs[8 + 8 * i : 16 + 8 * i], "little") for i in range(3)]
        for name, ticks in zip(("modified_at", "accessed_at", "created_at"), times, strict=True):
            if ticks:
                fields[name] = from_filetime(ticks)
    local = _dos_time(found.time)
    if local is not None:
        fields["modified_at_raw"] = f"{local:%Y-%m-%d %H:%M:%S} (local time of its maker)"
        if not fields.get("modified_at"):
            fields["modified_at"] = utc(local)
    if found.comment:
        fields["comment"] = found.comment.decode("utf-8", "replace")
    return fields


def _dos_time(packed: int) -> datetime | None:
    date, clock = packed >> 16, packed & 0xFFFF
    try:
        return datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31,
            clock >> 11, clock >> 5 & 63, min(59, (clock & 31) * 2),
        )  # fmt: skip
    except ValueError:
        return None
