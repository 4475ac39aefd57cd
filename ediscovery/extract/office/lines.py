"""Text under construction, bounded; and tracked deletions marked so that no word is torn."""

from __future__ import annotations

from ediscovery.extract.contract import Context


class Full(Exception):
    """The text has reached the profile's limit; what was collected is kept."""


class Lines:
    """Pieces of text in reading order. ``add`` raises :class:`Full` past ``limits.text_bytes``."""

    def __init__(self, context: Context) -> None:
        self._pieces: list[str] = []
        self._left = context.profile.limits.text_bytes

    def add(self, text: str) -> None:
        """Append ``text`` as it is."""
        if text:
            self._pieces.append(text)
            self._left -= len(text)
            if self._left < 0:
                raise Full

    def line(self, text: str) -> None:
        """Append ``text`` as a line of its own, unless it is blank."""
        text = text.strip()
        if text:
            self.add(text + "\n")

    def text(self) -> str:
        """All of it."""
        return "".join(self._pieces)


KEPT, INSERTED, DELETED = 0, 1, 2
_WORD = 64  # characters; a longer word is torn rather than looked at again and again


def mark_deletions(segments: list[tuple[str, int]]) -> str:
    """One text of ``segments``: pieces with :data:`KEPT`, :data:`INSERTED` or :data:`DELETED`.

    The text as it stands now is whole. What was deleted stands in its place as ``[-so-]``; where
    a deletion tore a word, the whole old word is given behind the new one.
    """
    if all(kind != DELETED for _, kind in segments):
        return "".join(piece for piece, _ in segments)
    old = "".join(piece for piece, kind in segments if kind != INSERTED)
    new = "".join(piece for piece, kind in segments if kind != DELETED)
    marks: list[tuple[int, int, int, bool]] = []  # range in old, place in new, tore a word
    at_old = at_new = 0
    for piece, kind in segments:
        if kind == DELETED and piece:
            start, end = _words_around(old, at_old, at_old + len(piece))
            place = _word_end(new, at_new)
            torn = end - start > len(piece) or place > at_new
            if marks and (start < marks[-1][1] or (place == marks[-1][2] and not torn)):
                before = marks.pop()
                torn = torn or before[3]
                start, end = min(start, before[0]), max(end, before[1])
                place = max(place, before[2])
            marks.append((start, end, place, torn))
        at_old += len(piece) if kind != INSERTED else 0
        at_new += len(piece) if kind != DELETED else 0
    out: list[str] = []
    done = 0
    for start, end, place, torn in marks:
        out.append(new[done:place])
        space = " " if torn and place and _inside(new[place - 1]) else ""
        out.append(f"{space}[-{old[start:end]}-]")
        done = place
    return "".join(out) + new[done:]


def _inside(characters: str) -> bool:
    return characters.isalnum()


def _words_around(text: str, start: int, end: int) -> tuple[int, int]:
    """``start`` and ``end`` moved outward to where no word is torn."""
    bound = start - _WORD
    while bound < start and 0 < start < len(text) and _inside(text[start - 1] + text[start]):
        start -= 1
    return start, _word_end(text, end)


def _word_end(text: str, at: int) -> int:
    bound = at + _WORD
    while at < bound and 0 < at < len(text) and _inside(text[at - 1] + text[at]):
        at += 1
    return at
