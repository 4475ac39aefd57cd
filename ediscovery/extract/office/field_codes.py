"""Instructions of Word's fields: which fetch or start something, link, or hide their words."""

from __future__ import annotations

import re
from typing import NamedTuple

_FETCHES = re.compile(
    r"\s*(?:INCLUDETEXT|INCLUDEPICTURE|INCLUDE|IMPORT|LINK|DDEAUTO|DDE|RD|DATABASE)\b",
    re.IGNORECASE,
)
_STARTS = re.compile(r"\s*DDE(?:AUTO)?\b", re.IGNORECASE)
_LINK = re.compile(r'\s*HYPERLINK\s+(?:\\[a-z]\s+)*"([^"]+)"', re.IGNORECASE)
_ENTRY = re.compile(r'\s*(?:XE|TC|TA)\s+.*?"([^"]*)"', re.IGNORECASE | re.DOTALL)
_SHOWN = re.compile(r"\s*EQ\b", re.IGNORECASE)


class Instruction(NamedTuple):
    """What an instruction means. Empty texts mean: nothing of that kind."""

    fetches: str  # the reference that a program would follow
    starts: bool  # dynamic data exchange
    link: str  # the target of a hyperlink
    entry: str  # words of an index or contents entry, which stand nowhere else
    shown: bool  # an equation: the instruction itself is what a reader sees


def understand(text: str) -> Instruction:
    """The meaning of a field's instruction."""
    link, entry = _LINK.match(text), _ENTRY.match(text)
    return Instruction(
        " ".join(text.split())[:1000] if _FETCHES.match(text) else "",
        _STARTS.match(text) is not None,
        link.group(1) if link else "",
        entry.group(1) if entry else "",
        _SHOWN.match(text) is not None,
    )
