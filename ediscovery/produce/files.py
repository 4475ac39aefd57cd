"""Writes the files of documents into the draft of a volume: images, natives, texts."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.model.errors import VerificationFailed
from ediscovery.produce import ledger, renderer
from ediscovery.produce.documents import Candidate
from ediscovery.produce.forms import IMAGE, Form, failed
from ediscovery.produce.layout import TEXT_ENDING, Place, ending
from ediscovery.produce.plan import DOCUMENTS_TOGETHER, PAGES_TOGETHER, Plan, rendering_of
from ediscovery.produce.render.verify import text_is_clean
from ediscovery.produce.specification import Specification
from ediscovery.store import lookup, passwords
from ediscovery.store.workspace import Matter

_NOTED = 500  # documents without images that are noted together
_KEPT = "page-count"  # a rendering that no longer has the pages that were numbered


@dataclass(slots=True)
class _Work:
    """One document in work: its place, what is known of it, how it goes out."""

    place: Place
    candidate: Candidate
    form: Form


class Writer:
    """Brings documents into a draft folder, a task of documents at a time."""

    def __init__(self, matter: Matter, plan: Plan, production_id: int, draft: Path) -> None:
        self._matter, self._plan, self._id, self._draft = matter, plan, production_id, draft
        self._specification: Specification = plan.specification
        self._rendering = rendering_of(matter, self._specification)
        self._passwords = passwords.bank(matter)

    def write(self, todo: Iterable[Place], pool: Pool, progress: Progress) -> None:
        """Render and write what is in ``todo``; each task's documents are noted once written."""
        candidates = {one.number: one for one in self._plan.candidates}
        works = {
            place.row.number: _Work(
                place, candidates[place.row.number], self._plan.forms[place.row.number]
            )
            for place in todo
        }
        shown = {
            number: work
            for number, work in works.items()
            if work.form.images != "none" or work.form.rebuilt
        }
        bare = [work for number, work in works.items() if number not in shown]
        for at in range(0, len(bare), _NOTED):
            part = bare[at : at + _NOTED]
            self._note([self._natives_and_text(*one, None) for one in self._with_texts(part)])
        progress.stage("render", total_items=len(shown))
        again: list[_Work] = []
        for _, results in pool.run(renderer.render, self._tasks(shown.values())):
            again += self._take(results, works)
            progress.advance(items=len(results))
        for _, results in pool.run(renderer.render, self._tasks(again)):
            for work in self._take(results, works):
                raise VerificationFailed(
                    f"No slip sheet can be made for {work.place.row.bates_begin}: "
                    f"{work.form.message}",
                    "Report it as a bug.",
                )

    def _tasks(self, works: Iterable[_Work]) -> Iterator[renderer.Task]:
        for part in _parts(works):
            sheets = [self._sheet(work) for work in part]
            yield renderer.Task(self._matter.identity, self._rendering, self._passwords, sheets)

    def _take(self, results: Sequence[renderer.Made], works: dict[int, _Work]) -> list[_Work]:
        """Write what was made; returns what needs a slip sheet instead."""
        again, done = [], []
        for made in results:
            work = works[made.number]
            if made.wrong:
                raise VerificationFailed(
                    f"A redaction of {self._matter.control_number(made.number)} does not hold: "
                    f"{made.wrong[0]}",
                    "Nothing of it was written. Redact larger boxes or whole pages.",
                )
            if made.failed is not None:
                state, message = made.failed
                slip = failed(work.form, "corrupt" if state == _KEPT else state, message,
                              self._specification)  # fmt: skip
                slip.pages = work.form.pages
                work.form = slip
                again.append(work)
            else:
                done.append((work, made))
        texts = self._with_texts([work for work, _ in done])
        self._note(
            [
                self._written(work, text, made)
                for (work, made), (_, text) in zip(done, texts, strict=True)
            ]
        )
        return again

    def _with_texts(self, works: Sequence[_Work]) -> Iterator[tuple[_Work, str]]:
        """Works with the extracted texts of their documents, read together; ``""`` where it is
        not what goes out."""
        rule = self._specification.text.level
        wanted = [
            work for work in works
            if rule != "none" and not work.candidate.withheld and not work.candidate.redactions
            and not (rule == "page" and work.form.kind == IMAGE)
        ]  # fmt: skip
        rows = (work.candidate.row for work in wanted)
        texts = {
            id(work): text
            for work, (_, text) in zip(wanted, lookup.with_texts(self._matter, rows), strict=True)
        }
        return ((work, texts.get(id(work), "")) for work in works)

    def _note(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            ledger.wrote(self._matter, self._id, rows)

    def _sheet(self, work: _Work) -> renderer.Sheet:
        treatment = self._specification.treatment(work.candidate.item["category"])
        form = work.form
        what = "slip" if form.images != "none" else "rebuild"
        return renderer.Sheet(
            work.candidate.number,
            "render" if form.rendered else what,
            form=work.form.images,
            notes=treatment.notes,
            pages=work.form.pages - work.form.padding,
            first=treatment.first_pages > 0,
            ocr=self._specification.text.of_redacted == "ocr",
            endorsed=[self._endorsed(page, work.candidate) for page in work.place.page_names],
            padding=work.form.padding,
            lines=work.form.lines,
            marks=list(work.candidate.redactions) if form.redactable else [],
            rebuilt=form.rebuilt,
        )

    def _endorsed(self, page_id: str, one: Candidate) -> list[tuple[str, str]]:
        code = one.coded("confidentiality")
        wording = self._specification.confidentiality.get(code, code)
        found = []
        for mark in self._specification.endorsements:
            text = {"bates": page_id, "confidentiality": wording}.get(mark.content, mark.text)
            if text:
                found.append((mark.position, text))
        return found

    def _written(self, work: _Work, text: str, made: renderer.Made) -> dict[str, Any]:
        """Write a document's images, native and text; the row for the ledger."""
        whole = hashlib.sha256()
        for name, (kind, data) in zip(work.place.images, made.images, strict=False):
            whole.update(data)
            self._put(f"{name}.{kind}", [data])
        images = whole.hexdigest() if made.images else ""
        return self._natives_and_text(work, text, made) | {"image_sha256": images}

    def _natives_and_text(
        self, work: _Work, extracted: str, made: renderer.Made | None
    ) -> dict[str, Any]:
        form, one = work.form, work.candidate
        native = text = ""
        whole = hashlib.sha256()
        if form.native and form.rebuilt:
            assert made is not None
            native = self._put(f"{work.place.native}.xlsx", [made.native])
        elif form.native:
            row = one.row
            name = f"{work.place.native}.{ending(row.ext)}"
            native = self._put(name, renderer.native_pieces(self._matter, row))
        if self._specification.text.level != "none":
            for name, content in self._texts(work, extracted, made):
                self._put(f"{name}.{TEXT_ENDING}", [content])
                whole.update(content)
                text = whole.hexdigest()
        return {
            "ordinal": work.place.row.ordinal,
            "kind": form.kind,
            "reason": form.reason,
            "message": "; ".join([form.message, *(made.notes if made else ())]).strip("; "),
            "image_sha256": "",
            "native_sha256": native,
            "text_sha256": text,
        }

    def _texts(
        self, work: _Work, extracted: str, made: renderer.Made | None
    ) -> Iterator[tuple[str, bytes]]:
        """Names without ending and bytes of a document's text files."""
        one, form, rule = work.candidate, work.form, self._specification.text
        pages = made.texts if made else []
        if rule.level == "page" and (form.kind == IMAGE or one.withheld):
            folder = work.place.text.rpartition("/")[0]
            for page, text in zip(work.place.page_names, pages, strict=True):
                yield f"{folder}/{page}", self._encoded(text)
            return
        if form.rebuilt:
            text = made.native_text if made else ""
        elif one.withheld or (one.redactions and form.kind == IMAGE):
            text = "\f".join(pages)
        elif one.redactions:  # nothing of what should be covered
            text = "\n".join(form.lines)
        else:
            text = extracted or "\f".join(pages)
        if one.redactions and made is not None and text_is_clean(text, made.secrets, ""):
            raise VerificationFailed(
                f"The text of {self._matter.control_number(one.number)} holds redacted words.",
                "Redact larger boxes or whole pages.",
            )
        yield work.place.text, self._encoded(text)

    def _encoded(self, text: str) -> bytes:
        rule = self._specification.text
        if not rule.page_breaks:
            text = text.replace("\f", "\n")
        data = text.encode(rule.encoding, "replace")
        return codecs.BOM_UTF8 + data if rule.bom and rule.encoding == "utf-8" else data

    def _put(self, name: str, pieces: Iterable[bytes]) -> str:
        """Write one file below the draft, whole or not at all; its SHA-256."""
        path = self._draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        digest = hashlib.sha256()
        with open(part, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        os.replace(part, path)
        return digest.hexdigest()


def _parts(works: Iterable[_Work]) -> Iterator[list[_Work]]:
    """Documents for one task each."""
    part: list[_Work] = []
    pages = 0
    for work in works:
        if part and (len(part) == DOCUMENTS_TOGETHER or pages + work.form.pages > PAGES_TOGETHER):
            yield part
            part, pages = [], 0
        part.append(work)
        pages += work.form.pages
    if part:
        yield part
