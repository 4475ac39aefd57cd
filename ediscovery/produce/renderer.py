"""Renders documents in an isolated child process: the tasks of a pool, and the watch over it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import msgpack
from sqlalchemy import and_, select

from ediscovery.engine import place, tasks
from ediscovery.engine.parser_process import DISK_EXIT, MEMORY_EXIT, receive, send
from ediscovery.engine.sandbox import CRASHES, how, resident
from ediscovery.model.errors import EvidenceError, TryAgain, VerificationFailed
from ediscovery.model.profile import Profile
from ediscovery.model.states import State
from ediscovery.model.waiting import readable
from ediscovery.produce.render.pages import Rendering
from ediscovery.review.redactions import Redaction
from ediscovery.review.terms import spans
from ediscovery.store import lookup
from ediscovery.store.catalog import listed
from ediscovery.store.packs import Place
from ediscovery.store.tables import documents, items
from ediscovery.store.workspace import Identity, Matter

_LOOK_SECONDS, _START_SECONDS = 0.25, 120.0
_RENEWED = 2_000  # documents after which a child is replaced: what libraries don't free goes
_FREE_BYTES = 64 << 20  # that scratch must have, and of each document several times its size
_TIMES_NATIVE, _MOST_ROOM = 4, 1 << 30
MOST_HITS = 2_000  # different texts that one mark may cover in one document


@dataclass(slots=True)
class Sheet:
    """What one document becomes: what is asked of the child for it.

    ``what``: measure, render, slip, or rebuild (of a spreadsheet nothing but its rebuilt file).
    ``form``: tiff, pdf, or none where pages are not wanted. ``rebuilt``: it is redacted by cell,
    and shown as it is then. ``pages``: how many; of those that are in the document the
    first ones when ``first``. ``endorsed``: for each page its endorsements (position, text).
    ``lines``: the wording of a slip sheet; ``padding``: so many of them follow the pages.
    """

    number: int
    what: str
    form: str = "tiff"
    notes: bool = True
    pages: int = 0
    padding: int = 0
    first: bool = False
    ocr: bool = True
    endorsed: list[list[tuple[str, str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    marks: list[Redaction] = field(default_factory=list)
    rebuilt: bool = False


@dataclass(slots=True)
class Task:
    """Some documents of a matter, and how they are rendered; ``passwords``: the matter's bank,
    which workers elsewhere don't see."""

    matter: Identity
    rendering: Rendering
    passwords: tuple[str, ...]
    sheets: list[Sheet]


@dataclass(slots=True)
class Made:
    """What came of a document.

    ``failed``: state and sentence when it can't be shown. ``hits``: how often each mark was found
    on its pages. ``images``: each page's ending and bytes, or one PDF. ``texts``: of each page.
    ``native`` and ``native_text``: a rebuilt spreadsheet and what can be read in it.
    ``secrets``: texts that must be nowhere. ``wrong``: what a redaction left to be seen.
    """

    number: int
    pages: int = 0
    failed: tuple[str, str] | None = None
    hits: list[int] = field(default_factory=list)
    images: list[tuple[str, bytes]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    native: bytes = b""
    native_text: str = ""
    secrets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


_kept: tuple[Any, _Child] | None = None


def render(task: Task) -> list[Made]:
    """Do what ``task`` asks, in a child process of this worker, which is kept for the next task;
    never fails because of evidence.

    Raises :class:`TryAgain` when this machine fails.
    """
    global _kept
    matter = tasks.opened(task.matter)
    kind = (task.matter, task.rendering, task.passwords)
    try:
        if _kept is None or _kept[0] != kind or _kept[1].used >= _RENEWED:
            close()
            _kept = kind, _Child(matter, task.rendering, task.passwords)
        child = _kept[1]
        rows = rows_of(
            matter, [sheet.number for sheet in task.sheets if sheet.what != "slip" or sheet.rebuilt]
        )
        return [child.made(sheet, rows.get(sheet.number)) for sheet in task.sheets]
    except OSError as error:
        close()
        raise TryAgain(
            f"Pages could not be rendered: {error}",
            "Free disk space, then run the same command again.",
        ) from error
    except BaseException:
        close()  # it may be in the middle of an answer
        raise


def close() -> None:
    """Stop this process's child, if there is one."""
    global _kept
    if _kept is not None:
        _kept[1].close()
        _kept = None


tasks.also_kept.append(close)


class _Defeated(EvidenceError):
    """The child ended while it worked on a document."""


class _Child:
    """One child process at a time, started anew when a document has defeated it.

    ``used``: how many documents the present one has worked on.
    """

    def __init__(self, matter: Matter, rendering: Rendering, bank: tuple[str, ...]) -> None:
        self._matter, self._rendering, self._profile = matter, rendering, Profile()
        self._passwords = bank
        scratch = place.scratch(matter)
        scratch.mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(dir=scratch, prefix="render-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.used = 0

    def close(self) -> None:
        """Stop the process and remove its scratch."""
        self._stop()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def made(self, sheet: Sheet, row: Any) -> Made:
        """What ``sheet`` asks for of the item ``row``; a failure is told in it.

        A document at which a child ends that had others before gets a fresh one, for what becomes
        of it must not depend on its neighbours; and one crash may be the machine's.
        """
        made = self._tried(sheet, row)
        if made.failed is not None:
            self._need_room(0)  # then it may not be the document that failed
        return made

    def _tried(self, sheet: Sheet, row: Any) -> Made:
        crashes = 0
        while True:
            alone = not self.used
            try:
                return self._made(sheet, row)
            except _Defeated as error:
                crashed = error.state == State.CRASHED
                crashes += crashed
                final = error.state == State.TIMEOUT or (alone and not crashed)
                if final or crashes == CRASHES:
                    return Made(sheet.number, failed=(error.state, error.message))
            except EvidenceError as error:
                return Made(sheet.number, failed=(error.state, error.message))

    def _made(self, sheet: Sheet, row: Any) -> Made:
        made = Made(sheet.number)
        self._need_room(row.size if row is not None else 0)
        try:
            for message in self._answers(self._request(sheet, row)):
                if "failed" in message:
                    made = Made(sheet.number, failed=tuple(message["failed"]))
                elif "native" in message:
                    made.native, made.native_text = message["native"], message["native_text"]
                elif "page" in message:
                    made.texts.append(message["text"])
                    made.wrong += message["wrong"]
                    if "image" in message:
                        made.images.append((message["ending"], message["image"]))
                else:
                    made.pages = message["done"]
                    made.hits = message.get("hits", [])
                    made.secrets = message.get("secrets", [])
                    made.notes = message.get("notes", [])
                    made.wrong += message.get("wrong", [])
                    if message.get("pdf"):
                        made.images = [("pdf", message["pdf"])]
        finally:
            (self._scratch / "native").unlink(missing_ok=True)
        return made

    def _need_room(self, size: int) -> None:
        """Raise :class:`TryAgain` when scratch has too little room for a native of ``size``: what
        the programs that show documents fail at then is not the documents' fault."""
        system = os.statvfs(self._scratch)
        need = _FREE_BYTES + min(_TIMES_NATIVE * (size or 0), _MOST_ROOM)
        if system.f_bavail * system.f_frsize < need:
            raise TryAgain(
                f"{self._scratch.parent} has less than {need >> 20:,} MiB free.",
                "Free disk space, then run the same command again.",
            )

    def _request(self, sheet: Sheet, row: Any) -> dict[str, Any]:
        request: dict[str, Any] = {
            "what": sheet.what, "form": sheet.form, "notes": sheet.notes, "pages": sheet.pages,
            "padding": sheet.padding, "first": sheet.first, "ocr": sheet.ocr,
            "endorsed": sheet.endorsed, "lines": sheet.lines, "marks": [],
            "rebuilt": sheet.rebuilt,
        }  # fmt: skip
        if sheet.what == "slip" and not sheet.rebuilt:
            return request
        native = self._scratch / "native"
        with open(native, "wb") as file:
            for piece in native_pieces(self._matter, row):
                file.write(piece)
        text = lookup.text_of(self._matter, row) if sheet.marks else ""
        marks = [_mark(mark, text) for mark in sheet.marks]
        return request | {
            "file": str(native), "mime": row.mime_type, "name": row.file_name, "marks": marks,
        }  # fmt: skip

    def _answers(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        process = self._running()
        self.used += 1
        try:
            send(cast(Any, process.stdin), request)
        except BrokenPipeError:
            raise self._post_mortem() from None
        while True:
            message = self._answer(process, self._profile.limits.wall_seconds)
            if message is None:
                raise self._post_mortem()
            yield message
            if "done" in message or "failed" in message:
                return

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        environment = {
            k: v for k, v in os.environ.items()
            if k in ("PATH", "LANG", "LC_ALL", "HOME", "TESSDATA_PREFIX", "PYTHONPATH")
        } | {
            "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(self._scratch),
        }  # fmt: skip
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "ediscovery.produce.render_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(self._scratch / "render.log", "wb"),  # noqa: SIM115 - the child's
            env=environment,
            cwd=self._scratch,
            bufsize=0,  # poll() must see every message
        )
        self._verdict: _Defeated | None = None
        self.used = 0
        job = {
            "profile": self._profile.as_dict(),
            "scratch": str(self._scratch),
            "passwords": self._passwords,
            "rendering": asdict(self._rendering) | {"shown": sorted(self._rendering.shown)},
        }
        with contextlib.suppress(BrokenPipeError):
            send(cast(Any, process.stdin), job)
            if self._answer(process, _START_SECONDS) is not None:
                return process
        raise TryAgain(
            f"The process that renders pages could not start: {self._log()}",
            "Run: ediscovery doctor",
        )

    def _answer(self, process: subprocess.Popen[bytes], patience: float) -> Any:
        """The next message; ``None`` when the child died or was killed for taking too long."""
        assert process.stdout is not None
        since = time.monotonic()
        limits = self._profile.limits
        while not readable(process.stdout, _LOOK_SECONDS):
            if time.monotonic() - since > patience:
                self._verdict = _Defeated(
                    State.TIMEOUT, f"Rendering it took more than {patience:g} s and was stopped."
                )
                process.kill()
            elif resident(process.pid) > limits.memory_bytes * 1.1:
                self._verdict = self._memory()
                process.kill()
        try:
            return receive(cast(Any, process.stdout))
        except (msgpack.UnpackException, ValueError):
            process.kill()
            return None

    def _memory(self) -> _Defeated:
        size = self._profile.limits.memory_bytes >> 20
        return _Defeated(
            f"{State.LIMIT}:memory", f"Rendering it takes more than {size} MiB of memory."
        )

    def _post_mortem(self) -> _Defeated:
        assert self._process is not None
        code = self._process.wait()
        log = self._log()
        self._stop()
        if code == DISK_EXIT:
            raise TryAgain(
                "This machine's disk is full or read-only.",
                "Free disk space, then run the same command again.",
            )
        if code == MEMORY_EXIT:
            return self._memory()
        if self._verdict is not None:
            return self._verdict
        with open(place.traces(self._matter), "a", errors="backslashreplace") as file:
            file.write(f"rendering: exit code {code}\n{log}\n")
        return _Defeated(State.CRASHED, f"Its rendering crashed {CRASHES} times ({how(code)}).")

    def _log(self) -> str:
        try:
            return (self._scratch / "render.log").read_text(errors="replace")[-2000:].strip()
        except OSError:
            return ""

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(BrokenPipeError):
                    cast(Any, pipe).close()
            self._process = None


def rows_of(matter: Matter, numbers: Sequence[int]) -> dict[int, Any]:
    """The item rows of documents, by number."""
    same = and_(
        items.c.collection_id == documents.c.collection_id,
        items.c.position == documents.c.position,
    )
    with matter.reader.connect() as connection:
        rows = connection.execute(
            select(documents.c.number, items)
            .join(items, same)
            .where(documents.c.number.in_(listed(connection, numbers)))
        )
        return {row.number: row for row in rows}


def native_pieces(matter: Matter, row: Any) -> Iterator[bytes]:
    """The native of an item row, a piece at a time, held against its hash at the end.

    Raises ``EvidenceError`` when there is none, :class:`VerificationFailed` when it was altered.
    """
    if row.native_offset is None:
        raise EvidenceError(row.state, row.message or "Its bytes are not here.")
    digest = hashlib.sha256()
    stored = Place(row.native_offset, row.native_length, row.native_method)
    for piece in matter.packs.pieces(row.pack, stored):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != row.sha256:
        raise VerificationFailed(
            f"The native of {row.path} is not what was collected.",
            f"Run: ediscovery verify {matter.name}",
        )


def _mark(one: Redaction, text: str) -> dict[str, Any]:
    """A redaction as plain data, its words as they stand in the document's text."""
    mark = one.mark
    terms: list[tuple[str, bool]] = []
    if mark.kind in ("term", "regex"):
        term = mark.term or ""
        found = dict.fromkeys(text[start:end] for start, end in spans(mark.kind, term, text))
        terms = [(words, False) for words in list(found)[:MOST_HITS]]
        terms.append((term.strip('"'), mark.kind == "regex"))
    return {
        "kind": mark.kind, "page": mark.page, "box": mark.box, "terms": terms, "term": mark.term,
        "reason": one.reason_code, "author": one.author, "label": f"Redacted: {one.reason_code}",
    }  # fmt: skip
