"""The meaning of a query, written as plainly as possible: the judge of every backend.

Works on the fields of an ``IndexDocument`` and on ``words.spans``; shares no matching code with
the product. Slow on purpose.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from datetime import UTC
from functools import lru_cache

from ediscovery.search import tree as t
from ediscovery.search.index import IndexDocument
from ediscovery.search.words import keyword, spans


def evaluate(query: t.Condition, documents: list[IndexDocument]) -> list[int]:
    """Numbers of the documents that hit, ascending."""
    return sorted(d.number for d in documents if holds(query, d, documents))


def holds(query: t.Condition, document: IndexDocument, documents: list[IndexDocument]) -> bool:
    match query:
        case t.And(conditions):
            return all(holds(c, document, documents) for c in conditions)
        case t.Or(conditions):
            return any(holds(c, document, documents) for c in conditions)
        case t.Not(condition):
            return not holds(condition, document, documents)
        case t.Attachment(condition):
            return any(
                other.parent == document.number and holds(condition, other, documents)
                for other in documents
            )
        case t.DateRange(start, end, _):
            if document.date is None:
                return False
            date = document.date if document.date.tzinfo else document.date.replace(tzinfo=UTC)
            return (start is None or date >= start) and (end is None or date < end)
        case t.Keyword(field, value):
            return any(_like(known, value) for known in _keywords(field, document))
        case t.Match(field, expression, label):
            return any(
                list(occurrences(expression, _words(value)))
                for value in _values(field, label, document)
            )
    raise AssertionError(query)


def _keywords(field: str, d: IndexDocument) -> list[str]:
    values = {
        "type": d.types,
        "ext": [d.ext],
        "has": d.has,
        "tag": d.tags,
        "coding": [text for field, value in d.coding for text in (field, f"{field}={value}")],
        "bates": d.bates,
        "family": [d.family],
        "dup": d.dup,
        "state": [d.state, d.state.split(":")[0]],
        "language": [d.language],
        "id": [d.control_number],
        "custodian": [d.custodian],
    }[field]
    return [keyword(value) for value in values if keyword(value)]


def _values(field: str, label: str, d: IndexDocument) -> list[str]:
    if field == "entity":
        return [text for kind, text in d.entities if label in ("", keyword(kind))]
    return {
        "text": [d.text],
        "subject": [d.subject],
        "from": [d.from_],
        "to": d.to,
        "cc": d.cc,
        "bcc": d.bcc,
        "participant": [d.from_, *d.to, *d.cc, *d.bcc, *d.participants],
        "custodian": [d.custodian],
        "allcustodian": d.all_custodians,
        "filename": [d.file_name],
    }[field]


@lru_cache(maxsize=1_000)
def _words(value: str) -> list[str]:
    return [word for word, _, _ in spans(value)]


def _like(value: str, pattern: str) -> bool:
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), value) is not None


def occurrences(expression: t.WordExpression, words: list[str]) -> set[frozenset[int]]:
    """Every occurrence as the set of positions of its words."""
    match expression:
        case t.Phrase(terms):
            return {
                frozenset(range(start, start + len(terms)))
                for start in range(len(words) - len(terms) + 1)
                if all(_fits(term, words[start + n]) for n, term in enumerate(terms))
            }
        case t.AnyOf(alternatives):
            return set().union(*(occurrences(a, words) for a in alternatives))
        case t.Near(left, right, distance, ordered):
            pairs = itertools.product(occurrences(left, words), occurrences(right, words))
            return {a | b for a, b in pairs if _near(a, b, distance, ordered)}
        case _:
            return {frozenset([n]) for n, word in enumerate(words) if _fits(expression, word)}


def _near(a: frozenset[int], b: frozenset[int], distance: int, ordered: bool) -> bool:
    if a & b:
        return False
    if ordered:
        return max(a) < min(b) and min(b) - max(a) <= distance
    return min(abs(x - y) for x in a for y in b) <= distance


@lru_cache(maxsize=10_000)
def _fits(term: t.Term, word: str) -> bool:
    match term:
        case t.Word(text):
            return word == text
        case t.Wildcard(pattern):
            return _like(word, pattern)
        case t.Fuzzy(text, edits):
            return _distance(text, word, {}) <= edits
    raise AssertionError(term)


def _distance(a: str, b: str, known: dict[tuple[str, str], int]) -> int:
    """The recurrence of optimal string alignment as it stands in textbooks."""
    if (a, b) in known:
        return known[a, b]
    if not a or not b:
        return len(a) + len(b)
    best = min(
        _distance(a[:-1], b, known) + 1,
        _distance(a, b[:-1], known) + 1,
        _distance(a[:-1], b[:-1], known) + (a[-1] != b[-1]),
    )
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        best = min(best, _distance(a[:-2], b[:-2], known) + 1)
    known[a, b] = best
    return best
