"""A load file on disk: whole or absent when written, line by line when read."""

from __future__ import annotations

import codecs
import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ediscovery.extract.contract import quietly
from ediscovery.model.errors import UsageError

PIECE = 1 << 20
LIMIT = 16 << 20  # characters of one record

_BREAK = re.compile("(\r\n|\n|\r)")
_KEEP = "ediscovery.keep"
_UNASSIGNED = b"\x81\x8d\x8f\x90\x9d"


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears as ``path``, synced, when the block ends well, else never.

    Raises:
        UsageError: nothing can be written there.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        file = open(draft, "wb", buffering=PIECE)  # noqa: SIM115 - closed below
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise UsageError(f"{path} can't be written: {error.strerror}.", "Name another.") from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


# A physical line without its end, and that end ("\r\n", "\n", "\r" or none). The text is ``None``
# for a line beyond the limit, whose characters were skipped. A bare tuple: there are millions.
Line = tuple[str | None, str]


class Lines:
    """Physical lines of a file, numbered from 1, in flat memory.

    Only CR LF, LF and CR end a line: U+0085, U+2028 and their like are text. Bytes that fit no
    character of ``encoding`` stand as U+DC80 to U+DCFF (see :func:`mended`).
    """

    def __init__(self, path: Path, encoding: str, skip: int, limit: int = LIMIT) -> None:
        """Read ``path`` from byte ``skip``; a line beyond ``limit`` characters is skipped."""
        self.number = 0
        self._source = _physical(path, encoding, skip, limit)
        self._waiting: deque[Line] = deque()

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> Line:
        # No generator: one that has come to the end could not go on after :meth:`give_back`.
        line = self._waiting.popleft() if self._waiting else next(self._source)
        self.number += 1
        return line

    def give_back(self, lines: list[Line]) -> None:
        """Let ``lines``, which were taken last, be the next ones again."""
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)


def _keep(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(b) if b < 0x80 else chr(0xDC00 + b) for b in bad), error.end


codecs.register_error(_KEEP, _keep)


def mended(text: str) -> str:
    """``text`` with the bytes that did not fit its encoding read as Windows-1252.

    Five of its bytes are no characters; they are read as the controls that browsers read.
    """

    def character(found: re.Match[str]) -> str:
        code = ord(found.group()) - 0xDC00
        return chr(code) if code in _UNASSIGNED else bytes([code]).decode("cp1252")

    return re.sub("[\udc80-\udcff]", character, text)


def damaged(text: str) -> bool:
    """Whether ``text`` holds what is no character (a byte that did not fit)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _texts(path: Path, encoding: str, skip: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(_KEEP)
    with open(path, "rb", opener=quietly) as file:
        file.seek(skip)
        while piece := file.read(PIECE):
            yield decoder.decode(piece)
    yield decoder.decode(b"", True)


def _physical(path: Path, encoding: str, skip: int, limit: int) -> Iterator[Line]:
    rest, skipping = "", False
    for text in _texts(path, encoding, skip):
        if not text:
            continue
        block = rest + text
        held = block.endswith("\r")  # the LF of a CR LF may be in the next piece
        if held:
            block = block[:-1]
        if "\r" not in block or block.count("\r") == block.count("\r\n"):
            pieces = block.split("\n")
            rest = pieces.pop()
            for piece in pieces:
                text, end = (piece[:-1], "\r\n") if piece[-1:] == "\r" else (piece, "\n")
                yield (None if skipping or len(text) > limit else text, end)
                skipping = False
        else:
            pieces = _BREAK.split(block)
            rest = pieces.pop()
            for piece, end in zip(pieces[::2], pieces[1::2], strict=True):
                yield (None if skipping or len(piece) > limit else piece, end)
                skipping = False
        if len(rest) > limit:
            rest, skipping = "", True
        if held:
            rest += "\r"
    if rest.endswith("\r"):
        yield (None if skipping else rest[:-1], "\r")
    elif rest or skipping:
        yield (None if skipping else rest, "")
