"""Joins the load files of a received production with its custody manifest, into the catalog."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import insert, select, update

from ediscovery.engine import collect
from ediscovery.extract.contract import quietly
from ediscovery.extract.walk import clean
from ediscovery.model import positions
from ediscovery.model.errors import Refused
from ediscovery.model.states import State
from ediscovery.produce.loadfile.paths import Outside
from ediscovery.produce.loadfile.rows import Finding
from ediscovery.produce.received.manifest import Manifest, Named, looks_like_path
from ediscovery.produce.received.recognise import form_of, order
from ediscovery.produce.received.staging import LoadFile, Staged, Staging
from ediscovery.store import audit
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.tables import (
    received_files,
    received_load_files,
    received_productions,
    received_records,
    source_files,
)
from ediscovery.store.workspace import Matter

_TOGETHER = 500
_LONGEST_PATH = 4000
_TOLD = 5  # problems of one record that its message holds; the others are counted
_NATIVE, _TEXT, _PAGE = "native", "text", "page"


def join(matter: Matter, collection: int) -> None:
    """Read the load files of ``collection`` and write which files make which documents.

    One transaction, done once. Load files are read in this process: their readers are plain text
    handling in flat memory, take no number of the file for a size, and open nothing that it names.

    Raises:
        Refused: no file of the collection is a load file, or one changed since custody.
    """
    with matter.engine.connect() as connection:
        done = connection.execute(
            select(received_productions.c.joined).where(
                received_productions.c.collection_id == collection
            )
        ).scalar_one()
        rows = connection.execute(
            select(
                source_files.c.ordinal, source_files.c.shown, source_files.c.size,
                source_files.c.state, source_files.c.path, source_files.c.sha256,
            ).where(source_files.c.collection_id == collection)
        ).all()  # fmt: skip
    if done:
        return
    database = sqlite3.connect("", isolation_level=None)
    try:
        database.execute("BEGIN")
        manifest = Manifest(database, (Named(*row[:4]) for row in rows))
        places = {row.ordinal: (row.path, row.sha256) for row in rows}
        loads = []
        for file in sorted(manifest, key=lambda one: order(one.shown)):
            if file.state != State.OK:
                continue
            path = Path(os.fsdecode(places[file.ordinal][0]))
            form = form_of(path, file.shown)
            if form:
                _unchanged(path, places[file.ordinal][1])
                loads.append(LoadFile(file, path, form))
        if not loads:
            raise none_found()
        staging = Staging(database)
        for place, load in enumerate(loads):
            staging.read(place, load, matter.zone)
        staging.link(loads)
        _Writer(matter, collection, manifest, staging, loads).write(len(rows))
    finally:
        database.close()
    matter.mirror_audit()


def refuse_without(roots: Iterable[Path]) -> None:
    """Raise :class:`Refused` when no file below ``roots`` is a load file that names documents."""
    for entry in collect.scan(roots):
        if entry.note is None and form_of(Path(os.fsdecode(entry.path)), entry.shown):
            return
    raise none_found()


def none_found() -> Refused:
    """What is said of a folder without load files."""
    return Refused(
        "There is no load file (DAT, CSV, OPT or LFP) that names documents.",
        "Give the folder of the volume, unpacked; or take its files as they are with --custodian.",
    )


def _unchanged(path: Path, sha256: str) -> None:
    with open(path, "rb", opener=quietly) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise Refused(
            f"{path} is no longer what was taken into custody.",
            "Put the volume back as it was, then run the same command again.",
        )


class _Writer:
    def __init__(
        self,
        matter: Matter,
        collection: int,
        manifest: Manifest,
        staging: Staging,
        loads: list[LoadFile],
    ) -> None:
        self._matter, self._collection = matter, collection
        self._manifest, self._staging, self._loads = manifest, staging, loads
        self._owned: set[int] = set()
        self._load_files = {load.file.ordinal for load in loads}

    def write(self, files: int) -> None:
        """Fill the tables; ``files``: how many the manifest has."""
        with writing(self._matter.engine) as connection:
            records: list[tuple[Any, ...]] = []
            uses: list[tuple[Any, ...]] = []
            for record, rows in self._rows():
                records.append(record)
                uses += rows
                if len(records) >= _TOGETHER or len(uses) >= 10 * _TOGETHER:
                    insert_rows(connection, received_records, _RECORD, records)
                    insert_rows(connection, received_files, _FILE, uses)
                    records, uses = [], []
            insert_rows(connection, received_records, _RECORD, records)
            insert_rows(connection, received_files, _FILE, uses)
            connection.execute(
                insert(received_load_files), [self._told(one) for one in self._loads]
            )
            unnamed = files - len(self._owned) - len(self._loads)
            connection.execute(
                update(received_productions)
                .where(received_productions.c.collection_id == self._collection)
                .values(joined=True, unnamed=unnamed)
            )
            audit.record(
                connection,
                "production joined",
                {
                    "collection": self._collection,
                    "load_files": {one.file.shown: one.records for one in self._loads},
                    "findings": {one.file.shown: dict(one.found) for one in self._loads},
                    "unnamed_files": unnamed,
                },
            )

    def _told(self, load: LoadFile) -> dict[str, Any]:
        return {
            "collection_id": self._collection,
            "ordinal": load.file.ordinal,
            "format": load.form,
            "announced": load.records + load.lost,
            "records": load.records,
            "found": dict(sorted(load.found.items())),
            "findings": [
                [f.line, f.record, f.kind, clean(f.sentence), f.refused] for f in load.findings
            ],
        }

    def _rows(self) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
        for staged in self._staging.records():
            load = self._loads[staged.load]
            fields: dict[str, str] = orjson.loads(staged.fields)
            files = _Files(self, load, staged, fields)
            files.gather()
            above, top = self._staging.above(staged.id)
            said = load.sent.said(fields) if load.sent is not None else None
            for column, value in said.problems if said else ():
                sentence = f"{staged.begin}: {column} {value!r} is no date that can be read."
                load.tell(Finding(staged.line, staged.child + 1, "date", sentence))
            problems = files.problems
            if staged.doubled:
                sentence = f"The number {staged.begin!r} is used twice in {load.name}."
                problems.insert(0, sentence)
                load.tell(Finding(staged.line, staged.child + 1, "doubled", sentence))
            if not staged.begin:
                problems.insert(0, f"Line {staged.line} of {load.name} gives it no number.")
            for again, line, text in self._staging.told_again(staged.id):
                other = self._loads[again]
                fields |= {
                    f"{name} ({other.name}, line {line})": value
                    for name, value in orjson.loads(text).items()
                    if fields.get(name) != value
                }
            yield (
                (
                    self._collection,
                    load.file.ordinal,
                    staged.child,
                    self._position(staged.id),
                    staged.line,
                    staged.begin,
                    staged.end,
                    _json(files.page_ids),
                    None if above is None else self._position(above),
                    self._position(top),
                    _json(said.custodians if said else []),
                    _json(said.known if said else {}),
                    _json(said.hashes if said else {}),
                    _json(fields),
                    files.text,
                    State.WARNINGS if problems else State.OK,
                    _message(problems),
                ),
                files.rows,
            )

    def _position(self, number: int) -> str:
        load, child = self._staging.place_of(number)
        return positions.child(positions.ordinal(self._loads[load].file.ordinal), child)

    # -- for one record ----------------------------------------------------------------------------

    @property
    def collection(self) -> int:
        return self._collection

    def own(self, ordinal: int) -> bool:
        """Whether a record is the first to name a file."""
        fresh = ordinal not in self._owned
        self._owned.add(ordinal)
        return fresh

    def find(self, load: LoadFile, path: str) -> Named | None:
        """The file called ``path``; load files are not to be had as documents."""
        found = self._manifest.find(load.file.shown, path)
        if found is not None and found.ordinal in self._load_files:
            raise Outside("names a load file")
        return found

    def text_of(self, name: str) -> Named | None:
        """A text that bears the number of a document or page, and that nothing names."""
        found = self._manifest.text_of(name) if name else None
        if found is None or found.ordinal in self._owned or found.ordinal in self._load_files:
            return None
        return found

    def pages(self, number: int) -> list[tuple[str, str, LoadFile]]:
        """Page id, path and load file of each page."""
        return [(name, path, self._loads[at]) for name, path, at in self._staging.pages(number)]


class _Files:
    """The files of one record, and what is wrong with them."""

    def __init__(
        self, writer: _Writer, load: LoadFile, staged: Staged, fields: dict[str, str]
    ) -> None:
        self._writer, self._load, self._staged, self._fields = writer, load, staged, fields
        self.rows: list[tuple[Any, ...]] = []
        self.problems: list[str] = []
        self.page_ids: list[str] = []
        self.text = ""
        self._used: set[int] = set()

    def gather(self) -> None:
        """Find the native, the pages and the text."""
        self._named("native", _NATIVE, self._load)
        pages = self._writer.pages(self._staged.id)
        self.page_ids = [name for name, _, _ in pages]
        for _, path, load in pages:
            self._take(path, _PAGE, load)
        if not pages:
            self._named("image", _PAGE, self._load)
        self._texts()

    def _texts(self) -> None:
        column = self._load.columns.get("text", "")
        value = self._fields.get(column, "")
        if value.strip():
            short = len(value) <= _LONGEST_PATH and "\n" not in value
            found = self._found(value.strip()) if short else None
            if isinstance(found, Named):
                self._use(found, _TEXT)
            elif isinstance(found, str) or looks_like_path(value.strip()):
                self._take(value.strip(), _TEXT, self._load)
            else:  # the text itself
                self.text = value
                self._fields[column] = ""
            return
        for name in dict.fromkeys([self._staged.begin, *self.page_ids]):
            file = self._writer.text_of(name)
            if file is not None and file.ordinal not in self._used:
                self._use(file, _TEXT)

    def _named(self, role: str, use: str, load: LoadFile) -> None:
        value = self._fields.get(load.columns.get(role, ""), "").strip()
        if value:
            self._take(value, use, load)

    def _found(self, path: str) -> Named | str | None:
        try:
            return self._writer.find(self._load, path)
        except Outside as error:
            return str(error) if str(error) == "names a load file" else None

    def _take(self, path: str, use: str, load: LoadFile) -> None:
        what = f"Its {use} {path[:200]!r}"
        try:
            file = self._writer.find(load, path)
        except Outside as error:
            self._tell(load, "paths", f"{what} {error}; it was not opened.", refused=True)
            return
        if file is None:
            self._tell(load, "missing", f"{what} is not in the volume.", refused=True)
        else:
            if file.state != State.OK:
                self._tell(
                    load, "missing", f"{what} could not be read: {file.state}.", refused=True
                )
            self._use(file, use)

    def _use(self, file: Named, use: str) -> None:
        if file.ordinal in self._used:  # pages of one file
            return
        self._used.add(file.ordinal)
        self.rows.append(
            (
                self._writer.collection, self._load.file.ordinal, self._staged.child,
                len(self.rows), use, file.ordinal, self._writer.own(file.ordinal),
            )
        )  # fmt: skip

    def _tell(self, load: LoadFile, kind: str, sentence: str, *, refused: bool) -> None:
        self.problems.append(sentence)
        told = f"{self._staged.begin}: {sentence}"
        load.tell(Finding(self._staged.line, self._staged.child + 1, kind, told, refused))


def _message(problems: list[str]) -> str:
    more = len(problems) - _TOLD
    told = " ".join(problems[:_TOLD])
    return clean(f"{told} And {more:,} more." if more > 0 else told)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


_RECORD = tuple(column.name for column in received_records.c)
_FILE = tuple(column.name for column in received_files.c)
