"""What all archive readers share: names of members, unfolding within the budget, passwords."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

PIECE = 1 << 20  # bytes unfolded at a time
_DRIVE = re.compile(r"[A-Za-z]:")


class Damaged(Exception):
    """Raised by a member's pieces: what follows can't be read; what came before is kept."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state, self.message = str(state), message


def place(path: str) -> tuple[str, dict[str, Any]]:
    """The file name of a member and the fields that keep where it lay in the archive.

    ``path`` may be absolute, climb by ``..``, or name a drive or a server: it is text about the
    evidence and never becomes a path of ours. ``folder`` is it without such steps; ``path_raw`` the
    original, where they differ.
    """
    parts = path.replace("\\", "/").split("/")
    kept = [part for part in parts if part not in ("", ".", "..")]
    name = kept.pop() if kept else "unnamed"
    drive = _DRIVE.match(name)
    if drive and not kept and len(name) > 2:
        kept, name = [drive.group()], name[2:]
    fields: dict[str, Any] = {"folder": "/".join(kept)}
    if drive or (kept and _DRIVE.match(kept[0])) or "/".join([*kept, name]) != path:
        fields["path_raw"] = path
    return name, fields


def name_text(raw: bytes, charset: str) -> str:
    """A member's name by a guessed ``charset``; Latin-1, which reads anything, where that fails."""
    try:
        return raw.decode(charset or "latin-1")
    except (UnicodeDecodeError, LookupError):
        return raw.decode("latin-1")


def special(path: str, what: str, fields: dict[str, Any]) -> Child:
    """A link, device or pipe in an archive: an item with a state and without bytes."""
    name, place_fields = place(path)
    return Child(
        name,
        None,
        "member",
        state=State.SPECIAL,
        message=f"It is {what} and holds no evidence of its own.",
        fields=place_fields | fields,
    )


def member(
    path: str,
    content: Content | None,
    fields: dict[str, Any],
    state: str = State.OK,
    message: str = "",
    flags: tuple[str, ...] = (),
) -> Child:
    """A file in an archive; ``content`` is ``None`` or cut short when ``state`` says so."""
    name, place_fields = place(path)
    return Child(
        name,
        content,
        "member",
        state=state,
        message=message,
        fields=place_fields | fields,
        flags=flags,
    )


def gather(pieces: Iterable[bytes], context: Context) -> tuple[Content, str, str]:
    """Unfold ``pieces`` within the budget: the content, its state and a message.

    Large content goes to scratch. When the pieces end by :class:`Damaged`, what came before is the
    content and the state says that it is not whole. Raises ``EvidenceError`` when the budget of the
    source file is spent.
    """
    held: list[bytes] = []
    size, file, state, message = 0, None, str(State.OK), ""
    try:
        for piece in pieces:
            context.charge(len(piece))
            size += len(piece)
            if file is None:
                held.append(piece)
                if size > SPOOL_BYTES:
                    file = context.spool()
                    file.writelines(held)
                    held.clear()
            else:
                file.write(piece)
    except Damaged as damage:
        state, message = damage.state, damage.message
    finally:
        if file is not None:
            file.close()
    if file is not None:
        return Content(path=file.name), state, message
    return Content(held[0] if len(held) == 1 else b"".join(held)), state, message


class Bank:
    """The passwords of the matter, tried on one archive within the profile's time.

    What opened one member is tried first on the next; ``last`` keeps it as its reader likes.
    """

    def __init__(self, context: Context) -> None:
        self._passwords = context.passwords
        self._left = context.profile.limits.password_seconds
        self._good: list[str] = []
        self.exhausted = False
        self.last: Any = None

    def find(self, opens: Callable[[str], bool]) -> str | None:
        """The first password that ``opens`` accepts, or ``None``."""
        for password in self._good:
            if opens(password):
                return password
        for password in self._candidates():
            began = time.monotonic()
            good = opens(password)
            self._left -= time.monotonic() - began
            if good:
                self._good.append(password)
                return password
        return None

    def _candidates(self) -> Iterator[str]:
        for password in self._passwords:
            if password in self._good:
                continue
            if self._left <= 0:
                self.exhausted = True
                return
            yield password

    def message(self, what: str) -> str:
        """Why ``what`` could not be opened; no password is ever written down."""
        if not self._passwords:
            return f"{what} is encrypted and the matter has no passwords."
        if self.exhausted:
            return f"{what} is encrypted; the time for trying passwords was over before the end."
        return f"{what} is encrypted and none of {len(self._passwords)} passwords opens it."


def encodings(password: str) -> list[bytes]:
    """The bytes that programs make of a password: UTF-8, else the Windows and DOS code pages."""
    found = [password.encode("utf-8", "surrogateescape")]
    for name in ("cp1252", "cp437"):
        try:
            raw = password.encode(name)
        except UnicodeError:
            continue
        if raw not in found:
            found.append(raw)
    return found


def refuse_overlap(overlapping: bool) -> None:
    """Raise ``limit:overlap`` for an archive whose members share their bytes."""
    if overlapping:
        raise EvidenceError(
            f"{State.LIMIT}:overlap",
            "Its members share stored bytes, as only a decompression bomb does.",
        )
