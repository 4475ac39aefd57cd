"""The process that renders evidence: started by ``renderer.py``, isolated as parsers are.

Messages are those of the parser process: MessagePack, each with its length before it. In: the job,
then requests, one document each. Out, to each request: what it says of its pages, then ``done`` or
``failed``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ediscovery.engine.parser_process import DISK_EXIT, MEMORY_EXIT, receive, send

if TYPE_CHECKING:
    from ediscovery.extract.contract import Context
    from ediscovery.produce.render.finish import Finished
    from ediscovery.produce.render.pages import Page, Pages, Rendering
    from ediscovery.produce.render.rebuilt import RebuiltFile
    from ediscovery.produce.render.redact import Redaction

_FILE_BYTES = 4 << 30  # that one file in the making may have
# What LibreOffice reads beside /usr; without it, it hangs or ends.
_OFFICE = ("/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/opt")


def main() -> int:
    """Serve requests until standard input ends; returns the exit code."""
    from ediscovery.engine import isolation

    isolation.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    inward, outward = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the messages
    job = receive(inward)
    if job is None:
        return 0
    from ediscovery.model.errors import EvidenceError, UsageError, our_disk_failed
    from ediscovery.model.profile import from_dict
    from ediscovery.model.states import State

    profile = from_dict(job["profile"])
    isolation.isolate(_OFFICE, [job["scratch"]])
    isolation.limit_resources(profile.limits.memory_bytes)
    isolation.limit_file_size(_FILE_BYTES)
    send(outward, {"ready": True})
    while (request := receive(inward)) is not None:
        try:
            _Document(request, profile, job, outward).answer()
        except EvidenceError as error:
            send(outward, {"failed": [error.state, error.message]})
        except UsageError as error:
            send(outward, {"failed": [State.UNSUPPORTED, f"{error.message} {error.next_step}"]})
        except MemoryError:
            os._exit(MEMORY_EXIT)
        except Exception as error:  # a library's, about the evidence
            if our_disk_failed(error):
                os._exit(DISK_EXIT)
            send(outward, {"failed": [State.CORRUPT, f"It can't be shown: {error}"[:500]]})
    return 0


class _Document:
    """One request: which file, what of it is wanted, how it is covered and endorsed."""

    def __init__(self, request: dict[str, Any], profile: Any, job: dict[str, Any], out: BinaryIO):
        from ediscovery.extract.contract import Budget, Context
        from ediscovery.produce.render.pages import SHOWN, Rendering

        self._request, self._out = request, out
        self._book: RebuiltFile | None = None
        look = dict(job["rendering"])
        look["paper"] = tuple(look["paper"])
        look["shown"] = SHOWN if request.get("notes", True) else frozenset({"hidden_sheets"})
        self._rendering: Rendering = Rendering(**look)
        self._context: Context = Context(
            profile, Path(job["scratch"]), Budget(profile.limits.expansion_bytes),
            tuple(job["passwords"]), name=request.get("name", ""),
        )  # fmt: skip

    def answer(self) -> None:
        if self._request["rebuilt"]:
            self._book = self._rebuilt()
        acts: dict[str, Callable[[], None]] = {
            "measure": self._measure, "render": self._render, "slip": self._slip,
            "rebuild": lambda: self._write(iter(()), ()),
        }  # fmt: skip
        acts[self._request["what"]]()

    def _rebuilt(self) -> RebuiltFile:
        """The spreadsheet without its redacted cells."""
        from ediscovery.extract.contract import Content
        from ediscovery.produce.render.rebuilt import rebuild

        content = Content(path=self._request["file"])
        made = rebuild(
            content, self._request["mime"], self._context, self._rendering, self._request["marks"]
        )
        if self._request["what"] != "measure":
            send(self._out, {"native": made.data, "native_text": made.text})
        return made

    def _measure(self) -> None:
        """How many pages there are, and how often each mark is found on them."""
        if self._book is not None:
            count = 0
            if self._request["form"] != "none":
                with self._pages() as pages:
                    count = len(pages)
            self._done(count, (), ())
            return
        with self._pages() as pages:
            hits = [0] * len(self._request["marks"])
            if hits:
                for page in pages:
                    for mark, _ in self._covered(page):
                        hits[mark] += 1
            send(self._out, {"done": len(pages), "hits": hits})

    def _render(self) -> None:
        """The pages as they are produced: each as an image, or all of them as one PDF."""
        with self._pages() as pages:
            count = self._request["pages"]
            if len(pages) < count or (count < len(pages) and not self._request["first"]):
                send(self._out, {"failed": ["page-count", f"It now has {len(pages)} pages."]})
                return
            shown = (pages.page(number) for number in range(1, count + 1))
            sheets = self._sheets(count, self._request["padding"])
            self._write(self._finished(chain(shown, sheets)), pages.notes)

    def _pages(self) -> Pages:
        from ediscovery.extract.contract import Content
        from ediscovery.extract.types import XLSX
        from ediscovery.produce.render.documents import open_pages

        if self._book is not None:
            return open_pages(Content(self._book.data), XLSX, self._context, self._rendering)
        content = Content(path=self._request["file"])
        return open_pages(content, self._request["mime"], self._context, self._rendering)

    def _covered(self, page: Page) -> Iterator[tuple[int, Redaction]]:
        """The boxes on a page, each with the number of the mark that it comes from."""
        from ediscovery.extract import ocr
        from ediscovery.produce.render import finish, redact
        from ediscovery.produce.render.raster import draw, resolution

        words = None
        for number, mark in enumerate(self._request["marks"]):
            reason, author, label = mark["reason"], mark["author"], mark["label"]
            box = mark["box"] and tuple(mark["box"])
            if mark["kind"] == "page":
                box = (0.0, 0.0, page.width, page.height)
            if mark["kind"] in ("box", "page"):
                if mark["page"] == page.number:
                    (covered,) = redact.covered(page, [box])
                    yield (
                        number,
                        redact.Redaction(page.number, box, reason, author, label, covered),
                    )
                continue
            terms = [
                redact.Term(pattern, reason, author, label, regex)
                for pattern, regex in mark["terms"]
            ]
            found = redact.find(page, terms)
            if not found and not page.chars() and ocr.available():
                if words is None:
                    words = finish.read(
                        draw(page, resolution(page, self._rendering), False), self._context
                    )
                found = redact.find_words(page.number, words, terms)
            yield from ((number, one) for one in found)

    def _finished(self, pages: Any) -> Iterator[Finished]:
        """Pages as produced, each told of as soon as it is done."""
        from ediscovery.produce.render.endorse import Endorsement
        from ediscovery.produce.render.finish import finish

        for page, endorsed in zip(pages, self._request["endorsed"], strict=True):
            marked = self._request["marks"] and self._book is None
            boxes = [one for _, one in self._covered(page)] if marked else []
            marks = [Endorsement(position, text) for position, text in endorsed]
            with_ocr = None if self._request.get("ocr", True) else False
            made = finish(page, self._rendering, self._context, marks, boxes, with_ocr)
            self._tell(made)
            yield made

    def _tell(self, made: Finished) -> None:
        from ediscovery.produce.render import image_files
        from ediscovery.produce.render import verify as proof

        found = proof.raster_is_burnt(made, self._context) if made.redactions else []
        wrong = [f"{one.where}: {one.message}" for one in found]
        message: dict[str, Any] = {"page": made.number, "text": made.text, "wrong": wrong}
        if self._request["form"] == "tiff":
            if made.raster.colour:
                message["image"] = image_files.jpeg(made.raster, self._rendering.jpeg_quality)
            else:
                message["image"] = image_files.tiff(made.raster)
            message["ending"] = "jpg" if made.raster.colour else "tif"
        send(self._out, message)

    def _write(self, finished: Iterator[Finished], notes: Sequence[str]) -> None:
        from ediscovery.produce.render import pdf_file
        from ediscovery.produce.render import verify as proof

        made: list[Finished] = []

        def each() -> Iterator[Finished]:
            for page in finished:
                # The pixels of a whole document would fill the memory.
                made.append(replace(page, raster=replace(page.raster, pixels=None)))
                yield page

        data = b""
        if self._request["form"] == "pdf":
            data = pdf_file.pdf(each(), self._rendering.jpeg_quality)
        else:
            deque(each(), maxlen=0)
        secrets = proof.secrets_of(made)
        if self._book is not None:
            secrets = self._book.secrets
        wrong = [
            f"{w.where}: {w.message}"
            for page in made
            for w in proof.text_is_clean(page.text, secrets, f"the text of page {page.number}")
        ]
        if data and (self._book is not None or any(page.redactions for page in made)):
            found = [*proof.pdf_is_clean(data, secrets, "the PDF"),
                     *proof.text_keeps_off(data, made, "the PDF")]  # fmt: skip
            wrong += [f"{w.where}: {w.message}" for w in found]
        said = [*notes, *(note for page in made for note in page.notes)]
        self._done(len(made), said, wrong, data, secrets)

    def _done(
        self,
        pages: int,
        notes: Sequence[str],
        wrong: Sequence[str],
        data: bytes = b"",
        secrets: Sequence[str] = (),
    ) -> None:
        """Say that it is done; of a rebuilt spreadsheet also what became of its marks."""
        message: dict[str, Any] = {
            "done": pages, "secrets": list(secrets), "notes": list(notes), "wrong": list(wrong),
            "pdf": data,
        }  # fmt: skip
        if self._book is not None:
            message["hits"], message["secrets"] = self._book.hits, self._book.secrets
            message["notes"] += self._book.notes
            message["wrong"] += self._book.wrong
        send(self._out, message)

    def _slip(self) -> None:
        """Pages of given wording, as many as Bates numbers wait for them."""
        self._write(self._finished(self._sheets(0, len(self._request["endorsed"]))), ())

    def _sheets(self, after: int, count: int) -> Iterator[Page]:
        """So many pages of given wording, numbered on from page ``after``."""
        from ediscovery.produce.render.slip_sheet import slip_sheet

        for number in range(after + 1, after + count + 1):
            page = slip_sheet(self._request["lines"], self._rendering, self._context)
            page.number = number
            yield page


if __name__ == "__main__":
    sys.exit(main())
