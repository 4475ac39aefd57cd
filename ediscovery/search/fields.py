"""The fields of the query language, and what a wrong field name was meant to be."""

from __future__ import annotations

import difflib

WORD_FIELDS = (
    "text",
    "subject",
    "from",
    "to",
    "cc",
    "bcc",
    "participant",
    "custodian",
    "allcustodian",
    "filename",
    "entity",
)
KEYWORD_FIELDS = (
    "type",
    "ext",
    "has",
    "tag",
    "coding",
    "bates",
    "family",
    "dup",
    "state",
    "language",
    "id",
)
FIELDS = (*WORD_FIELDS, *KEYWORD_FIELDS, "date")
_SYNONYMS = {
    "participants": "participant",
    "author": "from",
    "sender": "from",
    "recipient": "to",
    "recipients": "to",
    "file": "filename",
    "file_name": "filename",
    "body": "text",
    "sent": "date",
    "filetype": "type",
    "extension": "ext",
    "control": "id",
    "controlnumber": "id",
    "lang": "language",
    "title": "subject",
    "duplicate": "dup",
    "allcustodians": "allcustodian",
    "all_custodians": "allcustodian",
    "tags": "tag",
    "coded": "coding",
    "code": "coding",
    "begbates": "bates",
    "entities": "entity",
}


def meant(name: str) -> str | None:
    """The field that an unknown ``name`` (lower case) is probably meant to be."""
    close = difflib.get_close_matches(name, (*FIELDS, *_SYNONYMS), n=1, cutoff=0.65)
    return _SYNONYMS.get(close[0], close[0]) if close else None
