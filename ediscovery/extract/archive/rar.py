"""RAR archives: their list read here, compressed members unpacked by a program of the system."""

from __future__ import annotations

import shutil
import subprocess
import zlib
from collections.abc import Iterator
from datetime import UTC
from functools import cache
from typing import Any

from ediscovery.extract.archive.members import PIECE, Bank, Damaged, gather, member, special
from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.dates import utc
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

# Debian's 7z comes without its RAR part, so it is not asked.
TOOLS = ("bsdtar", "unrar", "unar")
NO_TOOL = (
    "No program that unpacks RAR is installed; install bsdtar (Debian: libarchive-tools), "
    "and unrar for encrypted ones."
)
_BEFORE, _AFTER = 1, 2  # a member continues one of the volume before, or goes on in the next


@cache
def tools() -> tuple[str, ...]:
    """Which of :data:`TOOLS` are installed, in the order of preference."""
    return tuple(name for name in TOOLS if shutil.which(name))


def extract(content: Content, context: Context) -> Extraction:
    """A RAR 1.5 to 5 as a container.

    rarfile reads the list of members and stored ones. Compressed members come from one run of
    bsdtar over the whole archive, and singly from unrar, unar or bsdtar where that fails or a
    password is needed. A volume that is not the first of its set is ``unsupported``: the volumes
    are items of their own. ``context.only`` chooses children by ordinal.
    """
    bank = Bank(context)
    path = content.on_disk(context)
    archive = _opened(path, bank)
    files = [found for found in archive.infolist() if not found.is_dir()]
    problem = archive.strerror()
    if not files and archive.is_rar_volume_part:
        raise EvidenceError(
            State.UNSUPPORTED,
            "It is a later volume of a split archive; join the volumes and collect the whole.",
        )
    result = Extraction(container=True, expected_children=len(files))
    locked = [found for found in files if found.needs_password()]
    refused = ""
    if locked and not _unlock(archive, min(locked, key=lambda f: f.compress_size), bank):
        refused = bank.message("The archive")
    elif not tools() and all(_needs_tool(found) for found in files):
        locked, refused = files, NO_TOOL
    if refused and len(locked) == len(files):
        return Extraction(
            text="\n".join(str(found.filename) for found in files),
            state=State.UNSUPPORTED if refused == NO_TOOL else State.ENCRYPTED,
            message=refused,
            expected_children=len(files),
        )
    if locked:
        result.flags.add("encrypted_part")
    if archive.comment:
        result.fields["comment"] = archive.comment
    result.children = _children(archive, path, files, problem, bank, context)
    return result


class _Archive:
    """What this module needs of rarfile's ``RarFile``."""

    def __init__(self, path: str, password: str | None = None) -> None:
        import rarfile

        if tools():
            rarfile.tool_setup(sevenzip=False, sevenzip2=False)
        self._rar: Any = rarfile.RarFile(path, part_only=True)
        if password is not None:
            self._rar.setpassword(password)
        self.infolist, self.strerror = self._rar.infolist, self._rar.strerror
        self.comment: str = self._rar.comment or ""

    @property
    def is_rar_volume_part(self) -> bool:
        parser = self._rar._file_parser
        main = getattr(parser, "_main", None)
        return bool(getattr(parser, "_needs_next", False)) or bool(
            main is not None and getattr(main, "flags", 0) & 1
        )

    @property
    def header_locked(self) -> bool:
        return bool(self._rar.needs_password()) and not self._rar.infolist()

    def open(self, found: Any, password: str | None) -> Any:
        return self._rar.open(found, pwd=password)


def _opened(path: str, bank: Bank) -> _Archive:
    import rarfile

    try:
        archive = _Archive(path)
        if not archive.header_locked:
            return archive
        opened: list[_Archive] = []

        def opens(password: str) -> bool:
            try:
                opened.append(_Archive(path, password))
            except rarfile.Error:
                return False
            return bool(opened[-1].infolist())

        bank.last = bank.find(opens)
        if bank.last is None:
            raise EvidenceError(State.ENCRYPTED, bank.message("The archive"))
        return opened[-1]
    except rarfile.NeedFirstVolume as error:
        raise EvidenceError(
            State.UNSUPPORTED,
            "It is a later volume of a split archive; join the volumes and collect the whole.",
        ) from error
    except (rarfile.Error, ValueError, EOFError, OSError) as error:
        raise EvidenceError(State.CORRUPT, describe(error)) from error


def _unlock(archive: _Archive, found: Any, bank: Bank) -> bool:
    """Whether a password, kept as ``bank.last``, opens ``found``."""

    def opens(password: str) -> bool:
        try:
            for _ in _singly(archive, found, password):
                pass
        except Damaged:
            return False
        return True

    if bank.last is None:
        bank.last = bank.find(opens)
    return bank.last is not None


def _needs_tool(found: Any) -> bool:
    return bool(found.compress_type != 0x30 or found.needs_password()) and found.file_size > 0


def _children(
    archive: _Archive, path: str, files: list[Any], problem: str, bank: Bank, context: Context
) -> Iterator[Child]:
    first, last = (context.only.start, context.only.stop) if context.only else (0, len(files))
    plain = not any(found.needs_password() for found in files)
    flow = _Flow(path) if plain and first == 0 and any(map(_needs_tool, files)) else None
    try:
        for ordinal in range(first, min(last, len(files))):
            child = _child(archive, files[ordinal], flow, bank, context)
            child.ordinal = ordinal
            yield child
    finally:
        if flow is not None:
            flow.close()
    if problem:
        raise EvidenceError(State.TRUNCATED, f"Its list of members ends early: {problem}.")


def _child(
    archive: _Archive, found: Any, flow: _Flow | None, bank: Bank, context: Context
) -> Child:
    fields: dict[str, Any] = {}
    if found.mtime is not None:
        fields["modified_at"] = utc(
            found.mtime.astimezone(UTC) if found.mtime.tzinfo else found.mtime
        )
    if getattr(found, "comment", None):
        fields["comment"] = str(found.comment)
    path = str(found.filename)
    redirect = getattr(found, "file_redir", None)
    if found.is_symlink() or redirect:
        target = redirect[2] if redirect else _target(archive, found, bank)
        return special(path, "a link", fields | {"link_target": target})
    if found.needs_password() and bank.last is None:
        return member(path, None, fields, State.ENCRYPTED, bank.message("It"))
    whole = not (found.flags or 0) & (_BEFORE | _AFTER)
    content, state, message = Content(b""), str(State.CORRUPT), ""
    if flow is not None and flow.open:
        content, state, message = gather(flow.pieces(found), context)
        if state != State.OK:
            flow.close()
    if state != State.OK and whole:
        again = gather(_singly(archive, found, bank.last), context)
        if again[1] == State.OK or again[0].size >= content.size:
            content, state, message = again
    if state == State.CORRUPT and found.needs_password() and not content.size:
        state = str(State.UNSUPPORTED)
        message = "Its password is known, but no program here deciphers it; install unrar."
    if not whole:
        state = str(State.TRUNCATED)
        message = "It goes on in another volume of this split archive; join the volumes."
    if state != State.OK and not content.size:
        return member(path, None, fields | {"announced_size": found.file_size}, state, message)
    return member(path, content, fields, state, message)


def _target(archive: _Archive, found: Any, bank: Bank) -> str:
    try:
        raw = b"".join(_singly(archive, found, bank.last))
    except Damaged:
        return ""
    return raw[:4096].decode("utf-8", "backslashreplace")


def _singly(archive: _Archive, found: Any, password: str | None) -> Iterator[bytes]:
    """The bytes of one member, by rarfile and the tools it knows."""
    import rarfile

    if found.file_size == 0:
        return
    if _needs_tool(found) and not tools():
        raise Damaged(State.UNSUPPORTED, NO_TOOL)
    try:
        with archive.open(found, password if found.needs_password() else None) as file:
            while piece := file.read(PIECE):
                yield bytes(piece)
    except rarfile.RarCannotExec as error:
        raise Damaged(State.UNSUPPORTED, f"{NO_TOOL} ({describe(error)})") from error
    except (rarfile.PasswordRequired, rarfile.RarWrongPassword) as error:
        raise Damaged(State.ENCRYPTED, "It is encrypted.") from error
    except (rarfile.Error, EOFError, OSError, ValueError) as error:
        raise Damaged(State.CORRUPT, describe(error)) from error


class _Flow:
    """One run of bsdtar that gives the bytes of all members one after the other.

    Unpacking a solid archive member by member would unfold its beginning again for each.
    """

    def __init__(self, path: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if "bsdtar" in tools():
            self._process = subprocess.Popen(
                ["bsdtar", "-x", "--to-stdout", "-f", path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    @property
    def open(self) -> bool:
        return self._process is not None

    def pieces(self, found: Any) -> Iterator[bytes]:
        """The next ``found.file_size`` bytes; damage when they end or their sum is wrong."""
        if self._process is None or self._process.stdout is None:
            raise Damaged(State.CORRUPT, "The unpacking program ended early.")
        left, check = int(found.file_size), 0
        while left > 0:
            piece = self._process.stdout.read(min(left, PIECE))
            if not piece:
                raise Damaged(State.CORRUPT, "The unpacking program ended early.")
            left -= len(piece)
            check = zlib.crc32(piece, check)
            yield piece
        if found.CRC is not None and check != found.CRC:
            raise Damaged(State.CORRUPT, "Its checksum does not match its bytes.")

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process.wait()
            self._process = None
