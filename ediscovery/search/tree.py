"""The query as a tree of plain data: what the grammar makes and every index reads.

Two layers. *Word expressions* say which words must stand where inside one field: they can be near
each other. *Conditions* say what must hold for a document: they are combined by AND, OR and NOT.
``describe()`` of either is query text again, with all parentheses written out; parsing that text
gives the same tree. Words are already in the form of :mod:`ediscovery.search.words`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

OPERATORS = frozenset({"and", "or", "not"})


# -- word expressions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """Exactly this word."""

    text: str

    def describe(self) -> str:
        return f'"{self.text}"' if self.text in OPERATORS else self.text


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Any word of this pattern: ``*`` is any run of characters or none, ``?`` one character."""

    pattern: str

    def describe(self) -> str:
        return self.pattern

    @property
    def any_word(self) -> bool:
        """Whether every word fits."""
        return set(self.pattern) == {"*"}


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Any word at most ``edits`` (1 or 2) edits away.

    An edit inserts, removes or replaces a character or swaps two neighbours, and no place is
    edited twice (optimal string alignment).
    """

    text: str
    edits: int

    def describe(self) -> str:
        return f"{self.text}~{self.edits}"


Term = Word | Wildcard | Fuzzy


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two or more terms that follow each other."""

    terms: tuple[Term, ...]

    def describe(self) -> str:
        words = (t.text if isinstance(t, Word) else t.describe() for t in self.terms)
        return f'"{" ".join(words)}"'


@dataclass(frozen=True)
class AnyOf:
    """An occurrence of any of the alternatives (OR inside a proximity)."""

    alternatives: tuple[WordExpression, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        """The alternatives that are plain words."""
        return frozenset(a.text for a in self.alternatives if isinstance(a, Word))

    @cached_property
    def others(self) -> tuple[WordExpression, ...]:
        """The alternatives that are not."""
        return tuple(a for a in self.alternatives if not isinstance(a, Word))

    def describe(self) -> str:
        return " OR ".join(_grouped(a) for a in self.alternatives)


@dataclass(frozen=True, slots=True)
class Near:
    """Two occurrences that share no word, at most ``distance`` words apart.

    ``ordered``: every word of the left one stands before every word of the right one, and the
    distance is from the last of the left to the first of the right. Otherwise it is between the
    two words, one of each, that are nearest. Words side by side have distance 1. The occurrence
    that results is the words of both.
    """

    left: WordExpression
    right: WordExpression
    distance: int
    ordered: bool

    def describe(self) -> str:
        operator = "pre" if self.ordered else "w"
        return f"{_grouped(self.left)} {operator}/{self.distance} {_grouped(self.right)}"


WordExpression = Word | Wildcard | Fuzzy | Phrase | AnyOf | Near


# -- conditions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """The expression occurs in a field of words (``text``, ``subject``, ``from``, ...).

    ``label`` narrows ``entity`` to one kind of entity and is ``""`` elsewhere. In a field of
    several values an occurrence lies within one value.
    """

    field: str
    expression: WordExpression
    label: str = ""

    def describe(self) -> str:
        if self.field == "text":
            return self.expression.describe()
        prefix = f"{self.field}:{self.label}:" if self.label else f"{self.field}:"
        return prefix + _grouped(self.expression)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A field whose values are compared whole; ``*`` and ``?`` in ``value`` are wildcards."""

    field: str
    value: str

    def describe(self) -> str:
        plain = all(c.isalnum() or c in "_-./:=@*?+" for c in self.value)
        value = self.value if plain and self.value not in OPERATORS else f'"{self.value}"'
        return f"{self.field}:{value}"


@dataclass(frozen=True, slots=True)
class DateRange:
    """``start`` <= date < ``end`` in UTC, ``None`` for open; both ``None``: it has a date.

    ``text`` is the range as it was written.
    """

    start: datetime | None
    end: datetime | None
    text: str

    def describe(self) -> str:
        return f"date:{self.text}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document with an attachment for which ``condition`` holds."""

    condition: Condition

    def describe(self) -> str:
        return f"attachment({self.condition.describe()})"


@dataclass(frozen=True, slots=True)
class And:
    """All of the conditions hold."""

    conditions: tuple[Condition, ...]

    def describe(self) -> str:
        return " AND ".join(_operand(c) for c in self.conditions)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the conditions holds."""

    conditions: tuple[Condition, ...]

    def describe(self) -> str:
        return " OR ".join(_operand(c) for c in self.conditions)


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition

    def describe(self) -> str:
        return f"NOT {_grouped(self.condition)}"


Condition = Match | Keyword | DateRange | Attachment | And | Or | Not


def _operand(condition: Condition) -> str:
    return condition.describe() if isinstance(condition, Not) else _grouped(condition)


def _grouped(node: WordExpression | Condition) -> str:
    text = node.describe()
    inner = node.expression if isinstance(node, Match) and node.field == "text" else node
    return f"({text})" if isinstance(inner, AnyOf | Near | And | Or | Not) else text


def leaves(condition: Condition) -> Iterator[Match | Keyword | DateRange | Attachment]:
    """The conditions that AND, OR and NOT combine, from left to right.

    An :class:`Attachment` is one of them; what is inside it concerns other documents.
    """
    if isinstance(condition, And | Or):
        for child in condition.conditions:
            yield from leaves(child)
    elif isinstance(condition, Not):
        yield from leaves(condition.condition)
    else:
        yield condition


def every_leaf(condition: Condition) -> Iterator[Match | Keyword | DateRange]:
    """All leaves of a query, those inside ``attachment(...)`` too."""
    for leaf in leaves(condition):
        if isinstance(leaf, Attachment):
            yield from every_leaf(leaf.condition)
        else:
            yield leaf


def term_count(node: WordExpression | Condition) -> int:
    """How many words, patterns and values a tree holds: what its cost grows with."""
    if isinstance(node, And | Or):
        return sum(term_count(child) for child in node.conditions)
    if isinstance(node, Not | Attachment):
        return term_count(node.condition)
    if isinstance(node, Match):
        return term_count(node.expression)
    if isinstance(node, AnyOf):
        return sum(term_count(child) for child in node.alternatives)
    if isinstance(node, Phrase):
        return len(node.terms)
    if isinstance(node, Near):
        return term_count(node.left) + term_count(node.right)
    return 1
