"""What becomes of each document: images, its native, a slip sheet, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ediscovery.model.states import State, base
from ediscovery.produce.documents import Candidate
from ediscovery.produce.render.documents import target_of
from ediscovery.produce.specification import Specification

IMAGE, NATIVE, SLIP_SHEET, WITHHELD = "image", "native", "slip-sheet", "withheld"
# What stands on a slip sheet where a specification says nothing.
_WORDING = {
    "native": "Document produced in native format",
    "withheld": "Document withheld as privileged",
    "unsupported": "This type of document can't be shown as pages",
    "encrypted": "Document is encrypted",
    "failed": "Document could not be processed",
    "empty": "Document is empty",
    "clawed-back": "Document withdrawn as privileged",
    "shorter": "The replaced document has no such page",
}


@dataclass(slots=True)
class Form:
    """How one document goes out.

    ``kind``: image, native (with or without a slip sheet), slip-sheet or withheld. ``images``:
    tiff, pdf or none. ``native``: its native goes out. ``lines``: the wording of a slip sheet, and
    then ``reason`` and ``message`` say why. ``pages``: as many as are produced; each has a number.
    ``rebuilt``: a spreadsheet redacted by cell, whose native and pages are of the rebuilt file.
    ``hits``: how often each of its marks was found; ``secrets``: what its redacted cells held;
    ``wrong``: what can still be read of them. ``padding``: of the pages the last ones, which are
    slip sheets because what stood there before had more pages.
    """

    kind: str
    images: str
    native: bool = False
    reason: str = ""
    message: str = ""
    lines: list[str] = field(default_factory=list)
    pages: int = 1
    found: int = 0
    hits: list[int] = field(default_factory=list)
    rebuilt: bool = False
    secrets: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    padding: int = 0

    @property
    def rendered(self) -> bool:
        """Whether the document itself is shown."""
        return self.kind == IMAGE

    @property
    def redactable(self) -> bool:
        """Whether redactions are carried out in it."""
        return self.rendered or self.rebuilt


def form_of(one: Candidate, specification: Specification) -> Form:
    """The form that a document should have, before anything is rendered."""
    treatment = specification.treatment(one.item["category"])
    images = _pages_as(specification, treatment.images)
    if one.withheld:
        return _slip(specification, images, "withheld")
    rebuilt = _by_cell(one, treatment.native)
    native = treatment.native and (rebuilt or not one.redactions)
    shown = treatment.images
    if one.redactions and not native and shown in ("slip-sheet", "none"):
        shown = images  # what is redacted can't go out as it is
    if shown in ("slip-sheet", "none"):
        form = _slip(specification, images, "native" if native else "unsupported")
        form.kind = NATIVE if native else SLIP_SHEET
        form.native, form.rebuilt = native, rebuilt
        form.images = "none" if shown == "none" else images
        return form
    if target_of(one.item["mime_type"]) is None:
        form = _slip(specification, images, "unsupported")
        form.native = native
        form.message = (
            f"Files of type {one.item['mime_type'] or 'unknown'} can't be shown as pages."
        )
        return form
    return Form(IMAGE, shown, native, pages=0, rebuilt=rebuilt)


def _by_cell(one: Candidate, native: bool) -> bool:
    """Whether a spreadsheet is redacted by rebuilding it: its native goes out, or cells are named.

    Boxes lie on the pages of the original; with one among its redactions it goes out as images.
    """
    kinds = {mark.mark.kind for mark in one.redactions}
    return (
        bool(kinds)
        and one.item["category"] == "spreadsheet"
        and target_of(one.item["mime_type"]) is not None
        and not kinds & {"box", "page"}
        and (native or "cells" in kinds)
    )


def failed(form: Form, state: str, message: str, specification: Specification) -> Form:
    """The slip sheet in the place of a document that can't be shown."""
    known = {
        State.UNSUPPORTED: "unsupported", State.ENCRYPTED: "encrypted", State.EMPTY: "empty",
    }  # fmt: skip
    try:
        reason = known.get(base(state), "failed")
    except ValueError:
        reason = "failed"
    slip = _slip(specification, form.images, reason)
    slip.native, slip.message = form.native and not form.rebuilt, message
    return slip


def withdrawn(one: Candidate, specification: Specification, pages: int) -> Form:
    """Slip sheets in the place of all ``pages`` of a document that was called back."""
    images = _pages_as(specification, specification.treatment(one.item["category"]).images)
    form = _slip(specification, images, "clawed-back")
    form.pages = pages
    return form


def fitted(form: Form, pages: int, specification: Specification) -> None:
    """Have ``form`` fill at least ``pages``, the missing ones with slip sheets.

    A form that is a slip sheet throughout, or has no images, is it on every page.
    """
    if form.pages >= pages:
        return
    if form.rendered:
        form.padding = pages - form.pages
        form.lines = [specification.slip_sheets.get("shorter", _WORDING["shorter"])]
    form.pages = pages


def settle(candidates: Iterable[Candidate], forms: dict[int, Form], wanted: bool) -> None:
    """Take out withheld documents whose family stays here whole, and all when not ``wanted``."""
    candidates = list(candidates)
    produced = {one.family for one in candidates if not one.withheld}
    for one in candidates:
        if one.withheld and not (wanted and one.family in produced):
            forms[one.number] = Form(WITHHELD, "none", reason="withheld", pages=0)


def _slip(specification: Specification, images: str, reason: str) -> Form:
    line = specification.slip_sheets.get(reason, _WORDING[reason])
    return Form(SLIP_SHEET, images, reason=reason, lines=[line])


def _pages_as(specification: Specification, images: str) -> str:
    """The format of a page: that of the class, else that of all others, else TIFF."""
    for found in (images, specification.treatments["default"].images):
        if found in ("tiff", "pdf"):
            return found
    return "tiff"
