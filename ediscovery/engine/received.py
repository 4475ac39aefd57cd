"""Reads the records of a received production, inside the sandbox: one document each.

A load file is the container of its records. The bytes of a record are its native, else its page
images: a single file as it is, several bundled into one PDF. Its files stand in the catalog beside
it, set aside. What the load file says fills in what the bytes do not say, and never replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ediscovery.engine.unit import Changed, UnitReader
from ediscovery.engine.work import LOAD_FILE, RECORD, Source
from ediscovery.extract.contract import Child, Content, Context
from ediscovery.extract.identify import extension, identify
from ediscovery.extract.image import opened
from ediscovery.extract.registry import extractor
from ediscovery.extract.walk import Visit, clean, describe, digest, walk, worsen
from ediscovery.model.errors import EvidenceError, our_disk_failed
from ediscovery.model.items import COLUMNS, Item
from ediscovery.model.states import Role, State

SET_ASIDE = f"{State.SUPPRESSED}:received"
_TOLD = 10  # findings of a load file that its message holds
_PARENT_DOCUMENT = COLUMNS.index("parent_document")
_NAMES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}
_OPENED = {"image/tiff": "tiff", "image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf",
           "image/jp2": "jp2", "image/bmp": "bmp", "image/gif": "gif"}  # fmt: skip


class ReceivedReader(UnitReader):
    """Reads a unit of kind ``load-file`` or ``records``, or a record again."""

    def read(self, start: int) -> Iterator[int]:
        if self._unit.kind == LOAD_FILE:
            self._load_file(self._unit.sources[0])
            yield 1
            return
        records = self._unit.records or []
        for index in range(start, len(records)):
            mark = self._mark()
            try:
                self._record(records[index])
            except (OSError, Changed) as error:
                if our_disk_failed(error):
                    raise
                self._back_to(mark)
                if isinstance(error, Changed):
                    self._bare(records[index], State.CHANGED, "It changed while it was read.")
                else:
                    self._bare(records[index], State.UNREADABLE, describe(error))
            self._sweep()
            yield index + 1

    def _load_file(self, source: Source) -> None:
        told = self._unit.hint
        self._entered(source.position, source.shown, 0)
        item = self._of_file(source, Role.CONTAINER)
        item.relation, item.record_type = "file", ""
        item.expected_children, item.actual_children = told["announced"], told["records"]
        try:
            content = self._content(source)
            self._identified(item, content, source)
        except (OSError, Changed) as error:
            if our_disk_failed(error):
                raise
            worsen(item, State.CHANGED, "It changed after its records were read.")
        found: dict[str, int] = told["found"]
        if told["announced"] != told["records"]:
            item.flags.append("gap")
        if found:
            item.metadata["findings"] = found
            item.metadata["first_findings"] = told["findings"]
            count = sum(found.values())
            first = [
                f"Line {line}: {sentence}" if line else sentence
                for line, _, _, sentence, _ in told["findings"][:_TOLD]
            ]
            more = f" And {count - len(first):,} more." if count > len(first) else ""
            worsen(item, State.WARNINGS, " ".join(first) + more)
            item.stage = "join"
        self._keep(Visit(item, None, ""), top=True)

    def _record(self, record: dict[str, Any]) -> None:
        self._entered(record["position"], record["load_file_path"], 0)
        files = [_File(self._unit.sources[at], use, owned) for at, use, owned in record["files"]]
        problems: list[str] = []
        for file in files:
            self._read_file(file, record, problems)
        bad = self._poison.get(record["position"])
        native = next((f.content for f in files if f.use == "native" and f.content), None)
        pages = [f for f in files if f.use == "page" and f.content is not None]
        sent = self._sent_text(record, files, problems)
        content, name = native, _name(files, "native")
        if content is None and pages:
            name = _name(files, "page")
            content = pages[0].content
            if len(pages) > 1 and bad is None:
                name = f"{record['bates_begin'] or 'pages'}.pdf"
                content = self._bundled(pages, record, problems)
        if content is None or (bad is not None and bad.again):
            state, message = _nothing(record, files, sent)
            if bad is not None:
                state, message = bad.state, bad.message
            self._bare(record, state, message, problems, sent, files=False)
        else:
            self._open(record, content, clean(name), native is not None, sent, problems)
        for file in files:
            if file.owned:
                self._keep(Visit(file.item, file.content, ""), top=True)

    # -- its files ---------------------------------------------------------------------------------

    def _read_file(self, file: _File, record: dict[str, Any], problems: list[str]) -> None:
        source = file.source
        item = file.item = self._of_file(source, Role.SUPPRESSED)
        item.state, item.stage = SET_ASIDE, "join"
        item.message = clean(
            f"It is the {file.use} of {record['bates_begin'] or 'a document without a number'}."
        )
        state, message = source.state, source.message
        if state == State.OK:
            try:
                file.content = self._content(source)
                self._identified(item, file.content, source)
                if source.sha256 and item.sha256 != source.sha256:
                    state, message = State.CHANGED, "Its bytes differ from the custody manifest's."
            except Changed:
                state, message = State.CHANGED, "It changed while it was read."
            except OSError as error:
                if our_disk_failed(error):
                    raise
                state, message = State.UNREADABLE, describe(error)
        if state != State.OK:
            file.content = None
            item.role, item.state, item.message = Role.FAILED, state, message
            problems.append(f"Its {file.use} {source.shown!r} could not be read: {message}")

    def _of_file(self, source: Source, role: Role) -> Item:
        name = source.shown.rsplit("/", 1)[-1]
        return Item(
            source.position, role=role, path=source.shown, file_name=name, ext=extension(name)
        )

    def _identified(self, item: Item, content: Content, source: Source) -> None:
        item.size = content.size
        digest(item, content)
        found = identify(content, item.file_name, "")
        item.mime_type, item.category = found.mime_type, found.category

    def _sent_text(self, record: dict[str, Any], files: list[_File], problems: list[str]) -> str:
        """The text that was sent: files one after the other, or what stood in the load file."""
        texts = []
        for file in files:
            if file.use == "text" and file.content is not None:
                self._entered(record["position"], file.source.shown, file.content.size)
                try:
                    context = self._context(file.content.size)
                    texts.append(extractor("text/plain")(file.content, context).text)
                except EvidenceError as error:
                    problems.append(f"Its text {file.source.shown!r}: {error.message}")
        return clean("\f".join(texts) if texts else record["text"])

    def _bundled(
        self, pages: list[_File], record: dict[str, Any], problems: list[str]
    ) -> Content | None:
        """The pages as one PDF. One that can't be shown is left out and told."""
        from ediscovery.extract.pdf.library import mupdf

        pymupdf = mupdf()
        limits = self._profile.limits
        made = pymupdf.open()
        try:
            for file in pages[: limits.pages]:
                assert file.content is not None
                self._entered(record["position"], file.source.shown, file.content.size)
                kind = _OPENED.get(file.item.mime_type)
                try:
                    _check(file, kind, limits.image_pixels)
                    with pymupdf.open(stream=file.content.read(), filetype=kind) as one:
                        if kind == "pdf":
                            made.insert_pdf(one, links=False, annots=True)
                        else:
                            with pymupdf.open("pdf", one.convert_to_pdf()) as page:
                                made.insert_pdf(page)
                except (ValueError, RuntimeError) as error:
                    problems.append(f"Its page {file.source.shown!r} can't be shown: "
                                    f"{describe(error)}")  # fmt: skip
            if len(pages) > limits.pages:
                problems.append(f"Only the first {limits.pages} of its pages are shown.")
            if not made.page_count:
                return None
            with self._context(0).spool() as file:
                path = file.name
            self._budget.spooled = True
            made.set_metadata({})
            made.save(path, garbage=1, deflate=True, no_new_id=True)
            return Content(path=path)
        finally:
            made.close()

    # -- the document ------------------------------------------------------------------------------

    def _open(
        self,
        record: dict[str, Any],
        content: Content,
        name: str,
        native: bool,
        sent: str,
        problems: list[str],
    ) -> None:
        """Walk through ``content`` and keep what it is and holds under the record's position."""
        position, family = record["position"], record["family"]
        holder = Item(
            record["holder"], role=Role.CONTAINER, parent_document=record["parent"], family=family
        )
        context = self._context(content.size)
        if sent and not native:
            context = _without_ocr(context)
        first = len(self.rows)
        for visit in walk(
            Child(name, content, RECORD),
            position,
            _shown(record),
            context,
            poison=self._poison,
            entered=self._entered,
            above=holder,
        ):
            item = visit.item
            if item.position != position:
                self._keep(visit, top=False)
                continue
            if item.role != Role.DOCUMENT:
                # An archive that was produced is a document; what it holds is attached to it.
                item.role = Role.DOCUMENT
                for row in self.rows[first:]:
                    if row[_PARENT_DOCUMENT] == record["parent"]:
                        row[_PARENT_DOCUMENT] = position
            if sent and (not native or not visit.text):
                visit.text = sent
                item.body_start, item.text_chars = 0, len(sent)
                item.ocr_confidence = None
                item.flags.append("sent_text")
                if item.state == State.EMPTY and item.size:
                    item.state, item.message = State.OK, ""
            self._describe(item, record, native, problems)
            self._keep(visit, top=True)

    def _bare(
        self,
        record: dict[str, Any],
        state: str,
        message: str,
        problems: list[str] | None = None,
        sent: str = "",
        *,
        files: bool = True,
    ) -> None:
        """Keep a record that has no bytes here; with ``files``, say the same of those it owns."""
        item = Item(
            record["position"], record["holder"], record["parent"], record["family"],
            state=state, message=message, stage="" if state == State.OK else "join",
            relation=RECORD, path=_shown(record), text_chars=len(sent),
        )  # fmt: skip
        if sent:
            item.flags.append("sent_text")
        self._describe(item, record, False, problems or [])
        self._keep(Visit(item, None, sent), top=False)
        for at, _, owned in record["files"] if files else ():
            if owned:
                self._unopened(self._unit.sources[at], state, message)

    def _describe(
        self, item: Item, record: dict[str, Any], native: bool, problems: list[str]
    ) -> None:
        """Put on ``item`` what the load file says, and what is wrong with it."""
        known: dict[str, Any] = record["known"]
        for column, value in known.items():
            if column in ("file_name", "record_type") or not getattr(item, column):
                setattr(item, column, value)
        if "file_name" in known:
            item.ext = extension(known["file_name"])
        elif not item.file_name:
            item.file_name = record["bates_begin"]
        if not item.record_type:
            item.record_type = "eDoc" if item.family == item.position else "Attachment"
        item.flags.append("received")
        item.metadata["received"] = {
            "from": record["party"], "load_file": record["load_file_path"], "line": record["line"],
            "bates_begin": record["bates_begin"], "bates_end": record["bates_end"],
            "page_ids": record["page_ids"], "fields": record["fields"],
        }  # fmt: skip
        if record["message"]:
            worsen(item, record["state"], record["message"])
        for problem in problems:
            worsen(item, State.WARNINGS, clean(problem))
        for column, wanted in record["hashes"].items() if native else ():
            if getattr(item, column) != wanted:
                worsen(
                    item, State.WARNINGS,
                    f"Its native's {_NAMES[column]} is {getattr(item, column)}; "
                    f"the load file says {wanted}.",
                )  # fmt: skip


class _File:
    """A file of a record: where it lies, what it is to the record, its item and its bytes."""

    __slots__ = ("content", "item", "owned", "source", "use")

    def __init__(self, source: Source, use: str, owned: bool) -> None:
        self.source, self.use, self.owned = source, use, owned
        self.content: Content | None = None
        self.item = Item(source.position)


def _name(files: list[_File], use: str) -> str:
    return next((f.item.file_name for f in files if f.use == use and f.content is not None), "")


def _shown(record: dict[str, Any]) -> str:
    name = record["bates_begin"] or f"record {record['line']}"
    return clean(f"{record['load_file_path']}!/{name}")


def _nothing(record: dict[str, Any], files: list[_File], sent: str) -> tuple[str, str]:
    """State and message of a record without native and images."""
    if sent:
        return State.OK, ""
    if record["message"] or files:
        return State.UNREADABLE, "None of its files could be read."
    return State.EMPTY, "The load file names no file for it."


def _without_ocr(context: Context) -> Context:
    return replace(context, profile=replace(context.profile, ocr=False))


def _check(file: _File, kind: str | None, pixels: int) -> None:
    """Raise ``ValueError`` for what is no picture, or a larger one than may be opened."""
    if kind is None:
        raise ValueError(f"{file.item.mime_type} is no image")
    if kind != "pdf" and file.content is not None:
        with file.content.open() as stream:
            picture = opened(stream)
            if isinstance(picture, str):
                raise ValueError(picture)
            width, height = picture.size
        if width * height > pixels:
            raise ValueError(f"it has {width} x {height} pixels, more than {pixels}")
