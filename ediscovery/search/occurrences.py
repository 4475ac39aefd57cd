"""Where a word expression occurs in the words of one field: the exact, slow half of searching.

An *occurrence* is the ascending tuple of positions of the words it is made of. Indexes narrow a
query to candidates and let this module judge; explanations and highlights use it, too.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Set
from functools import lru_cache

from ediscovery.search.tree import (
    AnyOf,
    Fuzzy,
    Near,
    Phrase,
    Term,
    Wildcard,
    Word,
    WordExpression,
)

Occurrence = tuple[int, ...]

MOST_OCCURRENCES = 200_000
_MOST_COMPARISONS = 20_000_000
_WINDOW = 4_000
_FEW_WORDS = 8
_HEAD = 800  # characters


class TooManyOccurrences(Exception):
    """One document holds more combinations than :data:`MOST_OCCURRENCES`."""


class Words:
    """The words of one value of a field, as :func:`ediscovery.search.words.joined` made them."""

    __slots__ = ("_distinct", "_sequence", "text")

    def __init__(self, text: str) -> None:
        self.text = f" {text} "
        self._sequence: list[str] | None = None
        self._distinct: set[str] | None = None

    @property
    def sequence(self) -> list[str]:
        if self._sequence is None:
            self._sequence = self.text[1:-1].split(" ") if len(self.text) > 2 else []
        return self._sequence

    @property
    def distinct(self) -> set[str]:
        if self._distinct is None:
            self._distinct = set(self.sequence)
        return self._distinct

    def positions_of(self, words: str) -> list[int]:
        """Positions at which ``words`` (one, or several parted by spaces) begin, ascending."""
        sought, text = f" {words} ", self.text
        found = text.find(sought)
        if found < 0:
            return []
        result, counted, position = [], 0, 0
        while found >= 0:
            position += text.count(" ", counted, found)
            counted = found
            result.append(position)
            found = text.find(sought, found + 1)
        return result

    def positions_of_any(self, sought: Set[str]) -> list[int]:
        """Positions of the words that are in ``sought``, ascending."""
        here = self.distinct & sought
        if not here:
            return []
        return [position for position, word in enumerate(self.sequence) if word in here]

    def positions_by(self, finder: re.Pattern[str]) -> list[int]:
        """Positions of the words that ``finder``, a pattern that begins with a space, finds."""
        text = self.text
        result, counted, position = [], 0, 0
        for match in finder.finditer(text):
            found = match.start()
            position += text.count(" ", counted, found)
            counted = found
            result.append(position)
        return result


def occurs(expression: WordExpression, words: Words) -> bool:
    """Whether ``expression`` occurs at least once. Raises :class:`TooManyOccurrences`."""
    if isinstance(expression, Word):
        return f" {expression.text} " in words.text
    if isinstance(expression, AnyOf):
        return not expression.words.isdisjoint(words.distinct) or any(
            occurs(a, words) for a in expression.others
        )
    if isinstance(expression, Near):
        # An occurrence in a part is one in the whole, and most hits show early.
        if len(words.text) > 2 * _HEAD:
            head = Words(words.text[1 : max(1, words.text.rfind(" ", 0, _HEAD))])
            if next(_near(expression, head), None) is not None:
                return True
        return any(
            next(_near(expression, window), None) is not None
            for _, _, window in _windows(expression, words)
        )
    return bool(occurrences(expression, words))


def occurrences(expression: WordExpression, words: Words) -> list[Occurrence]:
    """All occurrences, ascending, none twice. Raises :class:`TooManyOccurrences`."""
    if isinstance(expression, Phrase):
        return _phrase(expression.terms, words)
    if isinstance(expression, AnyOf):
        singles = _singles(expression, words)
        if singles is not None:
            return [(position,) for position in singles]
        return sorted({o for a in expression.alternatives for o in occurrences(a, words)})
    if isinstance(expression, Near):
        joint: set[Occurrence] = set()
        for occurrence in _near(expression, words):
            joint.add(occurrence)
            if len(joint) > MOST_OCCURRENCES:
                raise TooManyOccurrences
        return sorted(joint)
    return [(position,) for position in _term(expression, words)]


def first_occurrences(expression: WordExpression, words: Words, most: int) -> list[Occurrence]:
    """The first ``most`` occurrences, ascending. Raises :class:`TooManyOccurrences`."""
    found: list[Occurrence] = []
    for start, size, window in _windows(expression, words):
        for occurrence in occurrences(expression, window):
            if occurrence[0] < size:  # the others are the next window's
                found.append(tuple(start + position for position in occurrence))
        if len(found) >= most:
            break
    return found[:most]


def _windows(expression: WordExpression, words: Words) -> Iterator[tuple[int, int, Words]]:
    """Parts of long text: first position, words that are its own, these and the reach beyond.

    Each occurrence lies in the window in which it begins, so the number of combinations looked at
    at once stays in proportion.
    """
    reach = extent(expression)
    size = max(_WINDOW, 4 * reach)
    sequence = words.sequence if len(words.text) > 2 * size else []
    if len(sequence) <= 2 * size:
        yield 0, len(words.text), words
        return
    for start in range(0, len(sequence), size):
        yield start, size, Words(" ".join(sequence[start : start + size + reach]))


def extent(expression: WordExpression) -> int:
    """The most words from the first to the last of an occurrence, both counted."""
    if isinstance(expression, Phrase):
        return len(expression.terms)
    if isinstance(expression, AnyOf):
        return max((extent(a) for a in expression.others), default=1)
    if isinstance(expression, Near):
        return extent(expression.left) + extent(expression.right) + expression.distance - 1
    return 1


def _singles(expression: WordExpression, words: Words) -> list[int] | None:
    """The positions of an expression whose occurrences are single words; ``None`` for others."""
    if isinstance(expression, Word | Wildcard | Fuzzy):
        return _term(expression, words)
    if isinstance(expression, AnyOf):
        found: set[int] = set()
        for alternative in expression.others:
            positions = _singles(alternative, words)
            if positions is None:
                return None
            found.update(positions)
        if len(expression.words) > _FEW_WORDS:
            found.update(words.positions_of_any(expression.words))
        else:
            for word in expression.words:
                found.update(words.positions_of(word))
        return sorted(found)
    return None


def _term(term: Term, words: Words) -> list[int]:
    if isinstance(term, Word):
        return words.positions_of(term.text)
    if isinstance(term, Wildcard):
        if term.any_word:
            return list(range(len(words.sequence)))
        finder = _finder(term.pattern)
        if finder:
            return words.positions_by(finder)
    fits = matcher(term)
    return words.positions_of_any({word for word in words.distinct if fits(word)})


def _phrase(terms: tuple[Term, ...], words: Words) -> list[Occurrence]:
    size = len(terms)
    plain = [t.text for t in terms if isinstance(t, Word)]
    if len(plain) == size:
        starts = words.positions_of(" ".join(plain))
    else:
        starts = _term(terms[0], words)
        for offset, term in enumerate(terms[1:], 1):
            if not starts:
                return []
            here = set(_term(term, words))
            starts = [start for start in starts if start + offset in here]
    return [tuple(range(start, start + size)) for start in starts]


def _near(near: Near, words: Words) -> Iterator[Occurrence]:
    """The occurrences of a proximity, in no order; one may come more than once."""
    left, right = near.left, near.right
    singles = _singles(right, words)
    if singles is None and not near.ordered:
        singles = _singles(left, words)
        if singles is not None:
            left, right = right, left
    if singles is None:
        ones = occurrences(left, words)
        yield from _pairs(ones, occurrences(right, words) if ones else [], near)
        return
    if not singles:
        return
    distance, ordered, size = near.distance, near.ordered, len(singles)
    comparisons = 0
    for one in occurrences(left, words):
        for position in one[-1:] if ordered else one:
            n = bisect_left(singles, position + 1 if ordered else position - distance)
            last = position + distance
            while n < size and singles[n] <= last:
                other = singles[n]
                if other not in one:
                    yield tuple(sorted((*one, other)))
                n += 1
                comparisons += 1
        if comparisons > _MOST_COMPARISONS:
            raise TooManyOccurrences


def _pairs(left: list[Occurrence], right: list[Occurrence], near: Near) -> Iterator[Occurrence]:
    distance = near.distance
    if near.ordered:
        firsts = [occurrence[0] for occurrence in right]
        for one in left:
            last = one[-1]
            for n in range(bisect_right(firsts, last), bisect_right(firsts, last + distance)):
                yield one + right[n]
        return
    places = sorted((position, n) for n, other in enumerate(right) for position in other)
    positions = [position for position, _ in places]
    comparisons = 0
    for one in left:
        tried: set[int] = set()
        for position in one:
            start = bisect_left(positions, position - distance)
            end = bisect_right(positions, position + distance)
            comparisons += end - start
            if comparisons > _MOST_COMPARISONS:
                raise TooManyOccurrences
            for _, n in places[start:end]:
                if n not in tried:
                    tried.add(n)
                    if set(one).isdisjoint(right[n]):
                        yield tuple(sorted(one + right[n]))


# -- single words ----------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def matcher(term: Wildcard | Fuzzy) -> Callable[[str], bool]:
    """A function that tells whether a word fits; it remembers the words it has judged."""
    judge = _wildcard_judge(term) if isinstance(term, Wildcard) else _fuzzy_judge(term)
    return lru_cache(maxsize=100_000)(judge)


def _wildcard_judge(term: Wildcard) -> Callable[[str], bool]:
    fullmatch = wildcard_regex(term.pattern).fullmatch
    return lambda word: fullmatch(word) is not None


@lru_cache(maxsize=256)
def _finder(pattern: str) -> re.Pattern[str] | None:
    """Finds the words of a simple pattern, ``contract*`` or ``wom?n``, in the text of all words."""
    star = pattern.find("*")
    if pattern[0] in "*?" or -1 < star < len(pattern) - 1:
        return None
    parts = (
        "[^ ]" if char == "?" else "[^ ]*" if char == "*" else re.escape(char) for char in pattern
    )
    return re.compile(f" {''.join(parts)}(?= )")


def wildcard_regex(pattern: str) -> re.Pattern[str]:
    """``*`` and ``?`` as a regular expression for ``fullmatch``, without backtracking.

    Between two stars the first fit is as good as any, so each part is an atomic group.
    """
    first, *rest = [
        "".join("." if char == "?" else re.escape(char) for char in part)
        for part in pattern.split("*")
    ]
    if not rest:
        return re.compile(first, re.S)
    *middle, last = rest
    atomic = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{atomic}.*{last}", re.S)


def _fuzzy_judge(term: Fuzzy) -> Callable[[str], bool]:
    text, edits = term.text, term.edits
    return lambda word: abs(len(word) - len(text)) <= edits and _within(text, word, edits)


def _within(one: str, other: str, edits: int) -> bool:
    """Whether the optimal string alignment distance of two words is at most ``edits``."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > edits and min(before) > edits:
            return False
    return row[-1] <= edits
