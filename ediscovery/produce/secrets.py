"""The words that a document's redactions cover, as its text tells them."""

from __future__ import annotations

from ediscovery.produce.documents import Candidate
from ediscovery.review.terms import spans
from ediscovery.store import lookup
from ediscovery.store.workspace import Matter


def words_of(matter: Matter, one: Candidate) -> list[str]:
    """What the redactions of ``one`` by words or pattern cover, each text once, sorted.

    What boxes cover is known only where the pages are drawn.
    """
    marks = [mark.mark for mark in one.redactions if mark.mark.kind in ("term", "regex")]
    if not marks:
        return []
    text = lookup.text_of(matter, one.row)
    return sorted(
        {
            text[start:end]
            for mark in marks
            for start, end in spans(mark.kind, mark.term or "", text)
        }
    )
