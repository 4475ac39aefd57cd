"""A slow and obvious way to say whether a text holds a word, a phrase or two words near each other.

Deliberately our own and nobody else's: what it finds is what the product is tested against.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")


def words(text: str) -> list[str]:
    """Words in order: case and accents folded, each CJK character a word, the rest by letters."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(c for c in text if unicodedata.category(c) != "Mn" or "\u3099" <= c <= "\u309a")
    return _WORD.findall(unicodedata.normalize("NFC", plain))


def places(have: Sequence[str], pattern: str) -> list[int]:
    """Positions at which ``pattern`` begins: one word with ``*`` and ``?``, or a phrase."""
    wanted = words(pattern) if not re.search(r"[*?]", pattern) else [pattern]
    tests = [re.compile(re.escape(w).replace(r"\*", ".*").replace(r"\?", ".")) for w in wanted]
    return [
        n
        for n in range(len(have) - len(tests) + 1)
        if all(test.fullmatch(have[n + k]) for k, test in enumerate(tests))
    ]


def near(have: Sequence[str], first: Sequence[str], second: str, most: int,
         ordered: bool = False) -> bool:  # fmt: skip
    """Whether any of ``first`` is at most ``most`` words from ``second`` (before it if ordered)."""
    ends = places(have, second)
    gaps = [b - a for one in first for a in places(have, one) for b in ends]
    return any(0 < g <= most if ordered else 0 < abs(g) <= most for g in gaps)
