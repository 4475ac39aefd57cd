"""The words that a document's redactions cover, as its text tells them."""

from __future__ import annotations

from ediscovery.model.errors import VerificationFailed
from ediscovery.produce import renderer
from ediscovery.produce.documents import Candidate
from ediscovery.produce.render.pages import Rendering
from ediscovery.review.terms import spans
from ediscovery.store import lookup, passwords
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


def cells_of(matter: Matter, one: Candidate) -> list[str]:
    """What the redacted cells of the spreadsheet ``one`` hold, as far as it stands nowhere else in
    its rebuilt file; the original is opened in the sandbox.

    Raises :class:`VerificationFailed` when it can't be.
    """
    sheet = renderer.Sheet(
        one.number, "measure", form="none", marks=list(one.redactions), rebuilt=True
    )
    task = renderer.Task(matter.identity, Rendering(), passwords.bank(matter), [sheet])
    (made,) = renderer.render(task)
    if made.failed is not None:
        raise VerificationFailed(
            f"{matter.control_number(one.number)} can't be opened to look for what its redactions "
            f"cover: {made.failed[1]}",
            f"Run: ediscovery verify {matter.name}",
        )
    return made.secrets
