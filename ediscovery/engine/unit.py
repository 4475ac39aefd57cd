"""Reads one work unit, inside the sandbox: items into rows, natives and texts into a pack."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from ediscovery.analyze import hashing, language
from ediscovery.engine.work import Source, Unit
from ediscovery.extract.contract import Budget, Child, Content, Context, Range, quietly
from ediscovery.extract.dates import from_timestamp
from ediscovery.extract.walk import Entered, Poison, Visit, clean, describe, walk
from ediscovery.model.errors import our_disk_failed
from ediscovery.model.items import COLUMNS, Item
from ediscovery.model.profile import Profile
from ediscovery.model.states import Role, State
from ediscovery.store.packs import DEFLATED, PackWriter, native_name, text_name

JSON_COLUMNS = tuple(
    i
    for i, name in enumerate(COLUMNS)
    if name in {"flags", "to", "cc", "bcc", "references", "metadata"}
)
_IN_MEMORY = 64 << 20


class Changed(Exception):
    """A source file is no longer what it was a moment ago."""


class UnitReader:
    """Reads the roots of a unit one after the other, from ``start`` on.

    ``entered`` tells the watchdog what is read now. After each root, or family of a range,
    :attr:`rows` holds complete families only, so that it may be handed over and emptied.
    """

    def __init__(
        self,
        unit: Unit,
        profile: Profile,
        passwords: tuple[str, ...],
        scratch: Path,
        pack: PackWriter,
        pack_name: str,
        entered: Entered,
        poison: Mapping[str, Poison],
    ) -> None:
        self._unit, self._profile, self._passwords = unit, profile, passwords
        self._scratch = scratch
        self._budget = Budget(0, spooled=True)  # by a parser that died, perhaps
        self._pack, self._pack_name = pack, pack_name
        self._entered, self._poison = entered, poison
        self.rows: list[list[Any]] = []
        self.cuts: list[tuple[list[Any], list[tuple[int, int, Any]]]] = []
        self.note: tuple[str, str] | None = None
        self.items = self.bytes = 0

    def read(self, start: int) -> Iterator[int]:
        """Yield, after each root or child of the range, where a restart would go on."""
        if self._unit.kind == "range":
            yield from self._range(start)
            return
        for index in range(start, len(self._unit.sources)):
            self._root(self._unit.sources[index])
            yield index + 1

    def _root(self, source: Source) -> None:
        if source.state != State.OK:
            self._unopened(source, source.state, source.message)
            return
        self._entered(source.position, source.shown, 0)
        bad = self._poison.get(source.position)
        if bad is not None and bad.again:  # its bytes alone stop the parser
            self._unopened(source, bad.state, bad.message)
            return
        mark = self._mark()
        try:
            self._open_root(source)
        except (OSError, Changed) as error:
            if our_disk_failed(error):
                raise
            self._back_to(mark)
            if isinstance(error, Changed):
                self._unopened(source, State.CHANGED, "It changed while it was read.")
            else:
                self._unopened(source, State.UNREADABLE, describe(error))
        self._sweep()

    def _open_root(self, source: Source) -> None:
        content = self._content(source)
        child = Child(source.shown.rsplit("/", 1)[-1], content, "file", fields=_times(source))
        known, above = self._unit.known, None
        if known is not None:
            child.name, child.relation = _named(known, "file_name"), _named(known, "relation")
            child.declared_type = _named(known, "declared_type")
            above = _above(known)
        for visit in walk(
            child,
            source.position,
            source.shown,
            self._context(content.size),
            poison=self._poison,
            entered=self._entered,
            above=above,
            cut=self._unit.kind == "files",
        ):
            top = visit.item.position == source.position
            if top:
                self._settle_root(visit.item, source)
            self._keep(visit, top=top)

    def _settle_root(self, item: Item, source: Source) -> None:
        if source.sha256 and item.sha256 and item.sha256 != source.sha256:
            item.state, item.stage = State.CHANGED, "extract"
            item.message = "Its bytes differ from those in the custody manifest."

    def _range(self, start: int) -> Iterator[int]:
        source = self._unit.sources[0]
        assert self._unit.known is not None
        known = Item(**dict(zip(COLUMNS, self._unit.known, strict=True)))
        known.state, known.message = State.OK, ""
        self._entered(known.position, known.file_name, known.size)
        bad = self._poison.get(known.position)
        if bad is not None:
            self.note = (bad.state, bad.message)
            return
        mark = self._mark()
        try:
            if source.modified_ns not in (None, os.stat(source.path).st_mtime_ns):
                self.note = (State.CHANGED, "It changed after it was taken into custody.")
            for after in self._children(known, source, start):
                yield after
                mark = self._mark()
        except OSError as error:
            if our_disk_failed(error):
                raise
            self._back_to(mark)
            self.note = (State.UNREADABLE, describe(error))
        self._sweep()

    def _children(self, known: Item, source: Source, start: int) -> Iterator[int]:
        """Keep the children of a range; yields the ordinal after each."""
        unit = self._unit
        content = self._content(source)
        context = self._context(content.size)
        first = max(start, unit.start)
        context.only = Range(first, unit.stop, unit.hint if first == unit.start else None)
        level = len(known.position)
        for visit in walk(
            Child(known.file_name, content, known.relation),
            known.position,
            known.path,
            context,
            poison=self._poison,
            entered=self._entered,
            known=known,
        ):
            self._keep(visit, top=False)
            if visit.item.parent == known.position:
                self._note(known)
                yield int(visit.item.position[level + 1 :]) + 1
        self._note(known)

    def _note(self, known: Item) -> None:
        """What went wrong while reading the range, for the container's own record."""
        if known.state != State.OK:
            self.note = (known.state, known.message)

    def _mark(self) -> tuple[Any, ...]:
        return self._pack.mark(), len(self.rows), len(self.cuts), self.items, self.bytes

    def _back_to(self, mark: tuple[Any, ...]) -> None:
        """Take back what was kept since, so that no half family is handed over."""
        pack, rows, cuts, self.items, self.bytes = mark
        self._pack.back_to(pack)
        del self.rows[rows:], self.cuts[cuts:]

    def _keep(self, visit: Visit, *, top: bool) -> None:
        item, content = visit.item, visit.content
        if item.category == "mail" and item.role == Role.DOCUMENT:
            item.mih = hashing.mih(item.message_id)
            body = visit.text[item.body_start :]
            item.dedupe_hash = hashing.dedupe_hash(item, body, visit.children)
        elif item.role == Role.DOCUMENT and item.size:
            item.dedupe_hash = item.sha256
        if item.dedupe_hash:
            item.family_hash = hashing.family_hash(item, visit.children)
        # Containers that lie in the source folder stay there; everything else is kept.
        if content is not None and not (top and item.role == Role.CONTAINER and self._from_source):
            self._keep_native(item, content, top=top, stored=bool(visit.ranges))
        if visit.text:
            if self._profile.language and not item.language:
                item.language = language.detect(visit.text[item.body_start :])
            raw = visit.text.encode()
            item.text_sha256 = hashlib.sha256(raw).hexdigest()
            item.text_size = len(raw)
            place = self._pack.add(text_name(item.text_sha256), raw)
            item.text_offset, item.text_length, item.text_method = place
        item.pack = self._pack_name
        # Readers' fields were cleaned as they were set; these two quote evidence as well.
        item.message, item.declared_type = clean(item.message), clean(item.declared_type)
        row = item.row()
        if visit.ranges:
            self.cuts.append((row, [(r.start, r.stop, r.hint) for r in visit.ranges]))
        row = list(row)
        for i in JSON_COLUMNS:
            row[i] = orjson.dumps(row[i]).decode() if row[i] else _EMPTY[i]
        for i, value in enumerate(row):
            if type(value) is str and "\0" in value:  # not every catalog can hold it
                row[i] = value.replace("\0", " ")
        self.rows.append(row)
        self.items += 1
        self.bytes += item.size

    @property
    def _from_source(self) -> bool:
        """Whether the unit's roots lie in the source folder, not in a pack."""
        return self._unit.sources[0].length is None

    def _keep_native(self, item: Item, content: Content, *, top: bool, stored: bool) -> None:
        """Write the bytes of ``item``; ``stored``: uncompressed, for ranges of it are read."""
        name = native_name(item.sha256)
        pieces: Iterable[bytes] = content.chunks()
        if top and self._from_source and content.path is not None:
            pieces = _unchanged(pieces, item)
        if stored or content.size > _IN_MEMORY:
            place = self._pack.add_chunks(name, pieces, content.size)
        else:
            place = self._pack.add(name, b"".join(pieces))
        item.native_offset, item.native_length, item.native_method = place

    def _unopened(self, source: Source, state: str, message: str) -> None:
        item = Item(
            source.position, role=Role.FAILED, state=state, stage="collect", message=message,
            path=source.shown, file_name=source.shown.rsplit("/", 1)[-1],
        )  # fmt: skip
        if self._unit.known is not None:
            for name in ("parent", "parent_document", "family", "relation", "file_name"):
                setattr(item, name, _named(self._unit.known, name))
        self._keep(Visit(item, None, ""), top=True)

    def _content(self, source: Source) -> Content:
        if source.length is not None:
            content = Content(path=source.path, offset=source.offset, length=source.length)
            if source.method != DEFLATED:
                return content
            from isal import isal_zlib

            return Content(isal_zlib.decompress(content.read(), -15))
        handle = open_source(source.path)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise Changed
            if status.st_size <= _IN_MEMORY // 8:
                return Content(_everything(handle, status.st_size))
        finally:
            os.close(handle)
        return Content(path=source.path)

    def _context(self, size: int) -> Context:
        limits = self._profile.limits
        most = max(limits.expansion_bytes, limits.expansion_ratio * size)
        self._budget = Budget(most, self._budget.spooled)
        return Context(self._profile, self._scratch, self._budget, self._passwords)

    def _sweep(self) -> None:
        """Remove what the root's readers spooled."""
        if self._budget.spooled:
            self._budget.spooled = False
            for left in self._scratch.iterdir():
                if left.name.startswith("spool-"):
                    left.unlink(missing_ok=True)


_EMPTY = {i: "{}" if COLUMNS[i] == "metadata" else "[]" for i in JSON_COLUMNS}


def open_source(path: bytes) -> int:
    """A source file opened for reading; neither a link nor a pipe put in its place is waited for.

    Raises :class:`Changed` for a link: custody was taken of a regular file.
    """
    try:
        return quietly(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise Changed from error
        raise


def _everything(handle: int, size: int) -> bytes:
    """All bytes of an open file that had ``size`` a moment ago."""
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data
    pieces = [data]
    while piece := os.read(handle, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _unchanged(pieces: Iterable[bytes], item: Item) -> Iterator[bytes]:
    """``pieces`` as they are read once more; raises :class:`Changed` when they are others."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != item.sha256:
        raise Changed


def most_written(unit: Unit, profile: Profile) -> int:
    """A bound in bytes on any one file written for ``unit``, its pack being the largest.

    What sources may unfold into is charged as they are read; this only stops a library that runs
    wild. Several sources are each below the size at which a file has a unit of its own, but for
    records of a received production, whose files stay together.
    """
    if unit.is_received:
        sizes = [max(profile.cut_bytes, _size(source)) for source in unit.sources]
    elif len(unit.sources) > 1:
        sizes = [profile.cut_bytes] * len(unit.sources)
    else:
        sizes = [_size(unit.sources[0])]
    limits = profile.limits
    budgets = (max(limits.expansion_bytes, limits.expansion_ratio * size) for size in sizes)
    return 2 * (sum(sizes) + sum(budgets)) + 4 * limits.text_bytes


def _size(source: Source) -> int:
    try:
        return source.length or os.stat(source.path).st_size
    except OSError:
        return 0


def _above(known: list[Any]) -> Item | None:
    """A stand-in for the item that holds a known one."""
    parent = _named(known, "parent")
    if parent is None:
        return None
    document = _named(known, "parent_document")
    return Item(
        parent,
        parent_document=document,
        family=_named(known, "family"),
        role=Role.DOCUMENT if document == parent else Role.CONTAINER,
    )


def _times(source: Source) -> dict[str, Any]:
    times = {"modified_at": source.modified_ns, "accessed_at": source.accessed_ns}
    return {
        name: from_timestamp(ns // 1_000_000_000) for name, ns in times.items() if ns is not None
    }


def _named(row: list[Any], name: str) -> Any:
    return row[COLUMNS.index(name)]
