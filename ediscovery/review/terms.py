"""What a redaction by words or by pattern covers in a text."""

from __future__ import annotations

import re

from ediscovery.model.errors import UsageError
from ediscovery.search.explain import places
from ediscovery.search.grammar import parse
from ediscovery.search.tree import Fuzzy, Match, Phrase, Wildcard, Word, WordExpression

_MOST = 1_000_000  # occurrences in one text


def words(term: str) -> WordExpression:
    """A word or a phrase of the query language; wildcards and ``~`` are allowed.

    Raises :class:`UsageError` for anything else: a redaction says exactly what it covers.
    """
    tree = parse(term).tree
    if (
        isinstance(tree, Match)
        and tree.field == "text"
        and isinstance(tree.expression, Word | Wildcard | Fuzzy | Phrase)
        and not (isinstance(tree.expression, Wildcard) and tree.expression.any_word)
    ):
        return tree.expression
    raise UsageError(
        f"{term!r} is no word or phrase.", "Give each word or phrase its own --term; no operators."
    )


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression of Python's ``re``; it must not match where there is nothing.

    Raises :class:`UsageError`.
    """
    try:
        found = re.compile(text)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}", "Mend it.") from None
    if not text or found.search(""):
        raise UsageError(
            f"The regular expression {text!r} matches nothing at all as well.",
            "Write one that needs at least one character.",
        )
    return found


def spans(kind: str, term: str, text: str) -> list[tuple[int, int]]:
    """Where a redaction of ``kind`` ``term`` or ``regex`` covers ``text``: (start, end), ascending.

    Of a phrase the words and what stands between them. Raises :class:`UsageError` as the above.
    """
    if kind == "regex":
        return [match.span() for match in pattern(term).finditer(text) if match.group()]
    found = places(words(term), "text", text, most=_MOST)
    return sorted((place.words[0][0], place.words[-1][1]) for place in found)
