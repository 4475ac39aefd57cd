"""What an index receives of a document: its words and its keys, the same for every backend.

*Word fields* hold words parted by spaces, one text a value. The field ``key`` holds every value
that is compared whole as ``field=value``, and ``any=field`` for each word field that has a word.
The field ``entity_label`` repeats ``entity`` with each word bearing its label, ``org:acme``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ediscovery.search import fields as query_fields
from ediscovery.search.index import IndexDocument
from ediscovery.search.tree import (
    AnyOf,
    Fuzzy,
    Match,
    Near,
    Phrase,
    Wildcard,
    Word,
    WordExpression,
)
from ediscovery.search.words import joined, keyword

WORD_FIELDS = (*query_fields.WORD_FIELDS, "entity_label")
CORRESPONDENTS = ("from", "to", "cc", "bcc", "participant")
"""The fields that ``participant:`` searches."""
SINGLE_VALUED = frozenset({"text", "subject", "from", "filename", "custodian"})
LABEL_MARK = ":"
"""Parts label and word in the field ``entity_label``; it belongs to no word."""

_OFTEN_CHARACTERS = 200
_LONGEST_LABEL = 27  # in code units of UTF-16 no more than 54: see words.LONGEST


def prepared(document: IndexDocument) -> dict[str, Any]:
    """A document's fields by name; those without a value are left out.

    ``number``, ``version`` and ``parent`` are numbers, ``date`` is in seconds since 1970.
    """
    fields: dict[str, Any] = {
        "number": document.number,
        "version": document.version,
    }
    keys: list[str] = []
    for name, value, cut in (
        ("text", document.text, joined),
        ("subject", document.subject, joined),
        ("from", document.from_, _joined_name),
        ("filename", document.file_name, joined),
        ("custodian", document.custodian, _joined_name),
    ):
        if value and (value := cut(value)):
            fields[name] = value
            keys.append(f"any={name}")
    for name, values in (
        ("to", document.to),
        ("cc", document.cc),
        ("bcc", document.bcc),
        ("participant", document.participants),
        ("allcustodian", document.all_custodians),
    ):
        if values and (kept := [words for value in values if (words := _joined_name(value))]):
            fields[name] = kept
            keys.append(f"any={name}")
    for name, value in (("family", document.family), ("id", document.control_number)):
        if value and (value := keyword(value)):
            keys.append(f"{name}={value}")
    for name, values in (
        ("custodian", [document.custodian]),  # to be counted; it is searched by its words
        ("ext", [document.ext]),
        ("state", [document.state, document.state.partition(":")[0]]),
        ("language", [document.language]),
        ("type", document.types),
        ("dup", document.dup),
        ("has", document.has),
        ("tag", document.tags),
        ("bates", document.bates),
        ("coding", [part for one in document.coding for part in (one[0], "=".join(one))]),
    ):
        for value in values:
            if value and (key := _key(name, value)) and key not in keys:
                keys.append(key)
    if document.entities:
        _add_entities(document.entities, fields, keys)
    if document.parent is not None:
        fields["parent"] = document.parent
    if document.date is not None:
        fields["date"] = _seconds(document.date)
        keys.append("any=date")
    fields["key"] = keys
    return fields


# Correspondents and custodians come back in document after document.
_joined_often = lru_cache(maxsize=1 << 15)(joined)


def _joined_name(name: str) -> str:
    return _joined_often(name) if len(name) < _OFTEN_CHARACTERS else joined(name)


@lru_cache(maxsize=1 << 12)
def _key(name: str, value: str) -> str:
    """A value compared whole, under the name of its field; ``""`` when nothing is left of it."""
    value = keyword(value)
    return f"{name}={value}" if value else ""


def _add_entities(entities: list[tuple[str, str]], fields: dict[str, Any], keys: list[str]) -> None:
    """Each entity once, its words plain and, in a second field, bearing their label."""
    distinct = {
        (name, label_words): None
        for label, text in entities
        if (label_words := joined(text))
        for name in (label_of(label),)
    }
    if not distinct:
        return
    fields["entity"] = list(dict.fromkeys(text for _, text in distinct))
    fields["entity_label"] = [
        " ".join(f"{label}{LABEL_MARK}{word}" for word in text.split(" "))
        for label, text in distinct
    ]
    keys.append("any=entity")
    keys += dict.fromkeys(f"any=entity{LABEL_MARK}{label}" for label, _ in distinct)


def label_of(label: str) -> str:
    """An entity label as it is compared: one word, and not a long one."""
    return keyword(label)[:_LONGEST_LABEL].replace(" ", "_").replace(LABEL_MARK, "_")


def _seconds(date: datetime) -> int:
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return int(date.timestamp() // 1)


# -- the same from the side of the query -----------------------------------------------------------


def placed(leaf: Match) -> tuple[str, WordExpression]:
    """The word field that a condition is looked up in, and what its words are there."""
    if not leaf.label:
        return leaf.field, leaf.expression
    return "entity_label", _labelled(leaf.expression, leaf.label + LABEL_MARK)


def any_key(leaf: Match) -> str:
    """The key of documents that have any word where ``leaf`` looks."""
    return f"any={leaf.field}{LABEL_MARK}{leaf.label}" if leaf.label else f"any={leaf.field}"


def values_of(leaf: Match, stored: dict[str, Any]) -> list[str]:
    """The words of each value that ``leaf`` is held against, from a document as it was prepared."""
    if leaf.label:
        prefix = leaf.label + LABEL_MARK
        return [
            " ".join(word[len(prefix) :] for word in value.split(" "))
            for value in stored_values(stored, "entity_label")
            if value.startswith(prefix)
        ]
    fields = CORRESPONDENTS if leaf.field == "participant" else (leaf.field,)
    return [value for field in fields for value in stored_values(stored, field)]


def stored_values(stored: dict[str, Any], field: str) -> list[str]:
    """The words of each value of a field."""
    values: str | list[str] = stored.get(field, [])
    return [values] if isinstance(values, str) else values


def _labelled(expression: WordExpression, prefix: str) -> WordExpression:
    """The same expression over words that bear their entity's label."""
    if isinstance(expression, Word):
        return Word(prefix + expression.text)
    if isinstance(expression, Wildcard):
        return Wildcard(prefix + expression.pattern)
    if isinstance(expression, Fuzzy):
        return Fuzzy(prefix + expression.text, expression.edits)
    if isinstance(expression, Phrase):
        terms = tuple(_labelled(term, prefix) for term in expression.terms)
        return Phrase(terms)  # type: ignore[arg-type]
    if isinstance(expression, AnyOf):
        return AnyOf(tuple(_labelled(a, prefix) for a in expression.alternatives))
    assert isinstance(expression, Near)
    left, right = _labelled(expression.left, prefix), _labelled(expression.right, prefix)
    return Near(left, right, expression.distance, expression.ordered)
