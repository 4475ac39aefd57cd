"""Reads one work unit, inside the sandbox: items into rows, natives and texts into a pack."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from ediscovery.analyze import hashing, language
from ediscovery.engine.work import Source, Unit
from ediscovery.extract.contract import Budget, Child, Content, Context, Range
from ediscovery.extract.dates import from_timestamp
from ediscovery.extract.walk import Poison, Visit, describe, walk
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
        entered: Callable[[str, str], None],
        poison: Mapping[str, Poison],
    ) -> None:
        self._unit, self._profile, self._passwords = unit, profile, passwords
        self._scratch, self._pack, self._pack_name = scratch, pack, pack_name
        self._entered, self._poison = entered, poison
        self.rows: list[list[Any]] = []
        self.cuts: list[tuple[list[Any], list[tuple[int, int, Any]]]] = []
        self.note: tuple[str, str] | None = None
        self.items = self.bytes = 0
        self._swept = 0

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
        try:
            content = self._content(source)
        except OSError as error:
            self._unopened(source, State.UNREADABLE, describe(error))
            return
        name = source.shown.rsplit("/", 1)[-1]
        child = Child(name, content, "file", fields=_times(source))
        known, above = self._unit.known, None
        if known is not None:
            child.name, child.relation = _named(known, "file_name"), _named(known, "relation")
            child.declared_type = _named(known, "declared_type")
            above = _above(known)
        context = self._context(content.size)
        try:
            for visit in walk(
                child,
                source.position,
                source.shown,
                context,
                poison=self._poison,
                entered=self._entered,
                above=above,
                cut=self._unit.kind == "files",
            ):
                if visit.item.position == source.position:
                    self._settle_root(visit.item, source)
                self._keep(visit, top=visit.item.position == source.position)
        except OSError as error:
            self._unopened(source, State.UNREADABLE, describe(error))
        self._sweep()

    def _settle_root(self, item: Item, source: Source) -> None:
        if source.sha256 and item.sha256 and item.sha256 != source.sha256:
            item.state, item.stage = State.CHANGED, "extract"
            item.message = "Its bytes differ from those in the custody manifest."

    def _range(self, start: int) -> Iterator[int]:
        unit, source = self._unit, self._unit.sources[0]
        assert unit.known is not None
        known = Item(**dict(zip(COLUMNS, unit.known, strict=True)))
        known.state, known.message = State.OK, ""
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
        self._sweep()

    def _note(self, known: Item) -> None:
        """What went wrong while reading the range, for the container's own record."""
        if known.state != State.OK:
            self.note = (known.state, known.message)

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
            self._keep_native(item, content, visit.ranges)
        if visit.text:
            if self._profile.language and not item.language:
                item.language = language.detect(visit.text[item.body_start :])
            raw = visit.text.encode()
            item.text_sha256 = hashlib.sha256(raw).hexdigest()
            item.text_size = len(raw)
            place = self._pack.add(text_name(item.text_sha256), raw)
            item.text_offset, item.text_length, item.text_method = place
        item.pack = self._pack_name
        row = item.row()
        if visit.ranges:
            self.cuts.append((row, [(r.start, r.stop, r.hint) for r in visit.ranges]))
        row = list(row)
        for i in JSON_COLUMNS:
            row[i] = orjson.dumps(row[i]).decode() if row[i] else _EMPTY[i]
        self.rows.append(row)
        self.items += 1
        self.bytes += item.size

    @property
    def _from_source(self) -> bool:
        return self._unit.kind == "files"

    def _keep_native(self, item: Item, content: Content, ranges: list[Range]) -> None:
        name = native_name(item.sha256)
        if ranges or content.size > _IN_MEMORY:
            place = self._pack.add_chunks(name, content.chunks(), content.size)
        else:
            place = self._pack.add(name, content.read())
        item.native_offset, item.native_length, item.native_method = place

    def _unopened(self, source: Source, state: str, message: str) -> None:
        item = Item(
            source.position, role=Role.FAILED, state=state, stage="collect", message=message,
            path=source.shown, file_name=source.shown.rsplit("/", 1)[-1], pack=self._pack_name,
        )  # fmt: skip
        self._keep(Visit(item, None, ""), top=True)

    def _content(self, source: Source) -> Content:
        if source.method == DEFLATED:
            from isal import isal_zlib

            stored = Content(path=source.path, offset=source.offset, length=source.length).read()
            return Content(isal_zlib.decompress(stored, -15))
        if source.length is None and os.path.getsize(source.path) <= _IN_MEMORY // 8:
            with open(source.path, "rb") as file:
                return Content(file.read())
        return Content(path=source.path, offset=source.offset, length=source.length)

    def _context(self, size: int) -> Context:
        limits = self._profile.limits
        budget = max(limits.expansion_bytes, limits.expansion_ratio * size)
        return Context(self._profile, self._scratch, Budget(budget), self._passwords)

    def _sweep(self) -> None:
        """Remove what the root's readers spooled; an unchanged folder holds nothing new."""
        if self._scratch.stat().st_mtime_ns == self._swept:
            return
        for left in self._scratch.iterdir():
            if left.name.startswith("spool-"):
                left.unlink(missing_ok=True)
        self._swept = self._scratch.stat().st_mtime_ns


_EMPTY = {i: "{}" if COLUMNS[i] == "metadata" else "[]" for i in JSON_COLUMNS}


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
    return {name: from_timestamp(ns / 1e9) for name, ns in times.items() if ns is not None}


def _named(row: list[Any], name: str) -> Any:
    return row[COLUMNS.index(name)]
