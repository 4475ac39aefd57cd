"""Cutting a query into tokens, and the advice given for what other products' syntax writes.

No token is dropped or guessed at: what is not understood is a :class:`QueryError` that points at
its column and says what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ediscovery.model.errors import UsageError

LARGEST_DISTANCE = 10_000

QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb'
_BREAK = re.compile(rf"[\s(){QUOTES}]")
_SPACE = re.compile(r"\s*")
_QUOTE_END = re.compile(f"[{QUOTES}]")
_PROXIMITY = re.compile(r"(w|pre)/(\d+)\Z", re.I)

Kind = Literal["(", ")", "and", "or", "not", "near", "text", "quote"]


class QueryError(UsageError):
    """A query that cannot be read. ``column`` counts characters from 1."""

    def __init__(self, problem: str, next_step: str, column: int, query: str) -> None:
        super().__init__(f"Column {column} of the query: {problem}", next_step)
        self.column = column
        self.query = query

    def pointer(self, width: int = 72) -> str:
        """The part of the query around the column and, below it, a line with a caret."""
        start = max(0, self.column - 1 - width // 2)
        part = re.sub(r"\s", " ", self.query[start : start + width])
        return f"{part}\n{' ' * (self.column - 1 - start)}^"


@dataclass(frozen=True, slots=True)
class Token:
    """``text``: as written, quotes without their marks. ``glued``: no space stands before it."""

    kind: Kind
    text: str
    column: int
    glued: bool
    distance: int = 0
    ordered: bool = False


def tokens(query: str) -> list[Token]:
    """The tokens of ``query``. Raises :class:`QueryError`."""
    result: list[Token] = []
    at, size = 0, len(query)
    while True:
        start = _SPACE.match(query, at).end()  # type: ignore[union-attr]
        if start >= size:
            return result
        glued = start == at and start > 0
        char = query[start]
        if char == "(" or char == ")":
            at = start + 1
            result.append(Token("(" if char == "(" else ")", char, start + 1, glued))
        elif char in QUOTES:
            close = _QUOTE_END.search(query, start + 1)
            if close is None:
                raise QueryError(
                    "this quotation mark is never closed",
                    'Close the phrase: "breach of contract".',
                    start + 1,
                    query,
                )
            at = close.end()
            result.append(Token("quote", query[start + 1 : close.start()], start + 1, glued))
            if query.startswith("~", at):
                raise QueryError(
                    "a phrase takes no ~",
                    "For words near each other write: breach w/5 contract.",
                    at + 1,
                    query,
                )
        else:
            stop = _BREAK.search(query, start)
            at = stop.start() if stop else size
            result.append(_chunk(query[start:at], start + 1, glued, query))


def _chunk(text: str, column: int, glued: bool, query: str) -> Token:
    lower = text.lower()
    if lower == "and":
        return Token("and", text, column, glued)
    if lower == "or":
        return Token("or", text, column, glued)
    if lower == "not":
        return Token("not", text, column, glued)
    near = _PROXIMITY.match(text)
    if near:
        distance = int(near[2][:9])
        if not 1 <= distance <= LARGEST_DISTANCE:
            raise QueryError(
                f"the distance {near[2][:9]} is out of range",
                f"Write a number from 1 to {LARGEST_DISTANCE}: w/5.",
                column,
                query,
            )
        return Token("near", text, column, glued, distance, near[1].lower() == "pre")
    _refuse_foreign_operator(text, column, query)
    return Token("text", text, column, glued)


# What a chunk must match as a whole, what is wrong with it, what to write instead.
_FOREIGN: list[tuple[re.Pattern[str], str, str]] = [
    (
        re.compile(r"(w|pre)/", re.I),
        "the distance is missing, or a space parts it from the operator",
        "Write it in one piece: w/5 or pre/5",
    ),
    (
        re.compile(r"/\d*"),
        "a distance without an operator",
        "Write it in one piece: w/5 (either order) or pre/5 (this order)",
    ),
    (
        re.compile(r"(within|near|adj|onear|followedby|p|n|nw|np|wi|before)/\d+", re.I),
        "this is not a proximity operator here",
        "Write w/5 (either order) or pre/5 (this order)",
    ),
    (
        re.compile(r"\+\d+"),
        "this is not a proximity operator here",
        "Write pre/5 for words in this order; put a number to be found in quotes",
    ),
    (
        re.compile(r"(w|pre)?/[sp](ent|ara)?", re.I),
        "sentences and paragraphs are not indexed",
        "Write a number of words: w/15 is about a sentence, w/75 about a paragraph",
    ),
    (
        re.compile(r"(w|pre)/.*", re.I),
        "w/ and pre/ need a number",
        "Write w/5; to find the text itself, put it in quotes",
    ),
    (re.compile(r"&&?"), "this is not an operator", "Write AND"),
    (re.compile(r"\|\|?"), "this is not an operator", "Write OR"),
    (re.compile(r"!"), "this is not an operator", "Write NOT"),
    (
        re.compile(r"[+].+"),
        "a leading + means nothing here",
        "Leave it out: AND already asks for both words",
    ),
    (
        re.compile(r"[-\u2013\u2014!]\w.*"),
        "a leading minus or exclamation mark is not an operator",
        "Write: AND NOT word; to find the text itself, put it in quotes",
    ),
    (
        re.compile(r"\w+!"),
        "the exclamation mark is not a wildcard",
        "Write an asterisk: contract*",
    ),
    (
        re.compile(r"['\u2018\u2019\u201a\u201b\u2039\u203a`].*"),
        "a phrase takes double quotation marks",
        'Write: "breach of contract"',
    ),
    (
        re.compile(r"#[^\W\d].*"),
        "# (sounds like) is not supported",
        "Write smith~ for words spelled almost so",
    ),
    (
        re.compile(r"\w*[^\W\d]%+\w+", re.I),
        "% (fuzzy) is not supported",
        "Write word~ or word~2 for words spelled almost so",
    ),
    (
        re.compile(r".+~~.*"),
        "numeric ranges are not supported",
        "Write the numbers as alternatives: (12 OR 13); for dates date:2001-01..2001-06",
    ),
    (
        re.compile(r"[^~\s]+\^[\d.]+"),
        "words have no weights: results are ordered by document number",
        "Leave out ^ and the number",
    ),
    (
        re.compile(r".+[,;]"),
        "a comma or semicolon does not part alternatives",
        "Write OR (or AND) between words, or put a name such as smith, john in quotes",
    ),
]
_SUSPECT = re.compile(r"[/&|!+\-\u2013\u2014'\u2018\u2019\u201a\u201b\u2039\u203a`#%~^,;]")


def _refuse_foreign_operator(text: str, column: int, query: str) -> None:
    if len(text) > 300 or not _SUSPECT.search(text):
        return
    for pattern, problem, advice in _FOREIGN:
        if pattern.fullmatch(text):
            raise QueryError(f"{shown(text)}: {problem}", f"{advice}.", column, query)


def shown(text: str, limit: int = 40) -> str:
    """``text`` for a message: one line, quoted, cut at ``limit`` characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{flat[:limit]}...'" if len(flat) > limit else f"'{flat}'"
