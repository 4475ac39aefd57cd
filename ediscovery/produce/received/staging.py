"""The records of all load files of a volume, put away in a temporary database to be joined."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

import orjson

from ediscovery.extract.walk import clean
from ediscovery.produce.loadfile.check import read_pages
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.rows import Finding, PageRow
from ediscovery.produce.received.manifest import Named
from ediscovery.produce.received.recognise import columns_of, identifiers
from ediscovery.produce.received.sent import Sent

_MOST_FINDINGS = 1000  # kept of one load file; all are counted
_RANGE = re.compile(r"\s*(\S.*?)\s+-\s+\S.*")
_MOST_HOPS = 1000
_LOST = frozenset({"too-long", "too-many-values", "ragged"})


@dataclass(slots=True)
class LoadFile:
    """A load file and what came of it.

    ``records``: the documents that it is the first to name; ``lost``: rows that could not be read.
    ``found`` counts findings by kind; the first are kept.
    """

    file: Named
    path: Path
    form: str
    records: int = 0
    lost: int = 0
    found: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    sent: Sent | None = None

    def tell(self, finding: Finding) -> None:
        """Keep a finding of this file."""
        self.found[finding.kind] += 1
        self.lost += finding.refused and finding.kind in _LOST
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)

    @property
    def name(self) -> str:
        """Its file name."""
        return self.file.shown.rpartition("/")[2]


class Staged(NamedTuple):
    """One record. ``load``: place of its load file in the list; ``child``: its place in that;
    ``doubled``: the same file used its number before."""

    id: int
    load: int
    child: int
    line: int
    begin: str
    end: str
    doubled: int
    fields: str


class Staging:
    """Fills ``database`` from load files, one after the other; see :meth:`read`."""

    def __init__(self, database: Connection) -> None:
        self.database = database
        self._count = 0
        for statement in (
            "CREATE TABLE record (id INTEGER PRIMARY KEY, load, child, line, begin, end, doubled, "
            "fields, family, parent, grp)",
            "CREATE TABLE name (folded PRIMARY KEY, record) WITHOUT ROWID",
            "CREATE TABLE grp (folded PRIMARY KEY, record) WITHOUT ROWID",
            "CREATE TABLE again (record, load, line, fields)",
            "CREATE TABLE page (record, place INTEGER PRIMARY KEY, page_id, path, load)",
            "CREATE INDEX page_record ON page (record)",
            "CREATE INDEX again_record ON again (record)",
        ):
            database.execute(statement)

    def read(self, place: int, load: LoadFile, zone: Any) -> None:
        """Put away what ``load``, the file at ``place`` of the list, tells.

        What an earlier file told of the same document stays; what this one tells otherwise is put
        beside it.
        """
        if load.form == "dat":
            self._table(place, load, zone)
        else:
            self._pages(place, load)

    def _table(self, place: int, load: LoadFile, zone: Any) -> None:
        file = DatFile(load.path, load.tell)
        load.columns = columns_of(load.path)
        load.sent = Sent(file.names, zone)
        others = [n for n in identifiers(file.names) if n != load.columns["begin"]]
        known = 0
        for record in file:
            fields = {
                clean(name): clean(value)
                for name, value in record.fields.items()
                if isinstance(value, str)
            }
            load.sent.watch(fields)
            begin = _cell(fields, load.columns, "begin")
            packed = orjson.dumps(fields).decode()
            first = self.record_of(begin)
            if first is not None and self._load_of(first) != place:
                known += 1
                if packed != self._fields_of(first):
                    self.database.execute(
                        "INSERT INTO again VALUES (?,?,?,?)", (first, place, file.line, packed)
                    )
                continue
            number = self._add(
                place, load, file.line, begin, _cell(fields, load.columns, "end") or begin,
                first is not None, packed, _family(fields, load.columns),
                _cell(fields, load.columns, "parent"), _cell(fields, load.columns, "group"),
            )  # fmt: skip
            for name in others:
                if value := fields.get(name, "").strip():
                    self._call(value, number)
        if known:
            load.tell(Finding(0, 0, "told-before", f"{known:,} records stand in an earlier load "
                              "file as well, and are documents of that one."))  # fmt: skip

    def _pages(self, place: int, load: LoadFile) -> None:
        number, skip, known, top = 0, False, 0, ""
        last: tuple[int, str] = (0, "")
        for page in read_pages(load.path, load.tell):
            if page.first or not number:
                self._ended(last)
                found = self.record_of(page.page_id)
                if found is None:
                    found = self._add(
                        place, load, 0, clean(page.page_id), clean(page.page_id), False, "{}",
                        "", top if page.child else "", "",
                    )  # fmt: skip
                    last = (found, "")
                    top = top if page.child else page.page_id
                    skip = False
                else:
                    skip = self._has_pages(found)
                    known += skip
                    last = (0, "")
                number = found
            if not skip:
                self._page(number, place, page)
                if last[0]:
                    last = (last[0], clean(page.page_id))
        self._ended(last)
        if known:
            load.tell(Finding(0, 0, "told-before", f"The pages of {known:,} documents were told "
                              "before; those were taken."))  # fmt: skip

    def _ended(self, last: tuple[int, str]) -> None:
        if last[0]:
            self.database.execute("UPDATE record SET end = ? WHERE id = ?", (last[1], last[0]))

    def _page(self, number: int, place: int, page: PageRow) -> None:
        self.database.execute(
            "INSERT INTO page (record, page_id, path, load) VALUES (?,?,?,?)",
            (number, clean(page.page_id), clean(page.path), place),
        )

    def _add(
        self, place: int, load: LoadFile, line: int, begin: str, end: str, doubled: bool,
        fields: str, family: str, parent: str, group: str,
    ) -> int:  # fmt: skip
        self._count += 1
        self.database.execute(
            "INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (self._count, place, load.records, line, begin, end, int(doubled), fields, family,
             parent, group),
        )  # fmt: skip
        load.records += 1
        if begin:
            self._call(begin, self._count)
        if group:
            self.database.execute(
                "INSERT OR IGNORE INTO grp VALUES (?,?)", (group.casefold(), self._count)
            )
        return self._count

    def _call(self, name: str, number: int) -> None:
        self.database.execute("INSERT OR IGNORE INTO name VALUES (?,?)", (name.casefold(), number))

    def record_of(self, name: str) -> Any:
        """The record that is called ``name``, whatever its case."""
        return self._one("SELECT record FROM name WHERE folded = ?", clean(name).strip().casefold())

    def _load_of(self, number: int) -> Any:
        return self._one("SELECT load FROM record WHERE id = ?", number)

    def _fields_of(self, number: int) -> Any:
        return self._one("SELECT fields FROM record WHERE id = ?", number)

    def _has_pages(self, number: int) -> bool:
        return self._one("SELECT 1 FROM page WHERE record = ? LIMIT 1", number) is not None

    def _one(self, query: str, value: Any) -> Any:
        row = self.database.execute(query, (value,)).fetchone()
        return None if row is None else row[0]

    # -- what is read of it ------------------------------------------------------------------------

    def records(self) -> Iterator[Staged]:
        """Every record, by load file and place."""
        rows = self.database.execute(
            "SELECT id, load, child, line, begin, end, doubled, fields FROM record "
            "ORDER BY load, child"
        )
        yield from map(Staged._make, rows)

    def pages(self, number: int) -> list[tuple[str, str, int]]:
        """Page id, path and load file of each page of a record."""
        return self.database.execute(
            "SELECT page_id, path, load FROM page WHERE record = ? ORDER BY place", (number,)
        ).fetchall()

    def told_again(self, number: int) -> list[tuple[int, int, str]]:
        """Load file, line and fields of what later load files tell otherwise of a record."""
        return self.database.execute(
            "SELECT load, line, fields FROM again WHERE record = ?", (number,)
        ).fetchall()

    def link(self, loads: list[LoadFile]) -> None:
        """Find the record that each one hangs on, and the top of its family, in table ``link``."""
        self.database.execute("CREATE TABLE link (record INTEGER PRIMARY KEY, above, top)")
        rows = self.database.execute(
            "SELECT id, load, line, begin, family, parent, grp FROM record ORDER BY id"
        )
        for number, load, line, begin, family, parent, group in rows:
            above = top = None
            for value, what in ((parent, "parent"), (family, "family's first number")):
                if not value:
                    continue
                found = self.record_of(value)
                if found is None:
                    sentence = f"{begin}: the {what} {value[:80]!r} is no document of the volume."
                    loads[load].tell(Finding(line, 0, "families", sentence))
                elif what == "parent":
                    above = found
                else:
                    top = found
            if top is None and above is None and group:
                top = self.record_of(group) or self._one(
                    "SELECT record FROM grp WHERE folded = ?", group.casefold()
                )
            self.database.execute(
                "INSERT INTO link VALUES (?,?,?)",
                (number, None if above == number else above, None if top == number else top),
            )

    def above(self, number: int) -> tuple[int | None, int]:
        """The record that ``number`` hangs on, and the top of its family (itself: it is that).

        Families that go round in a circle come apart.
        """
        at, seen = number, {number}
        while len(seen) < _MOST_HOPS:
            above, top = self.database.execute(
                "SELECT above, top FROM link WHERE record = ?", (at,)
            ).fetchone()
            following = above if top is None else top
            if following is None:
                break
            if following in seen:
                return None, number
            seen.add(following)
            at = following
        if at == number:
            return None, number
        above = self._one("SELECT above FROM link WHERE record = ?", number)
        return above or at, at

    def place_of(self, number: int) -> tuple[int, int]:
        """Load file and place in it of a record."""
        row = self.database.execute(
            "SELECT load, child FROM record WHERE id = ?", (number,)
        ).fetchone()
        return row[0], row[1]


def _cell(fields: Mapping[str, str], columns: Mapping[str, str], role: str) -> str:
    return fields.get(columns.get(role, ""), "").strip()


def _family(fields: Mapping[str, str], columns: Mapping[str, str]) -> str:
    first = _cell(fields, columns, "family_begin")
    if first:
        return first
    found = _RANGE.fullmatch(_cell(fields, columns, "range")[:1000])
    return found[1] if found else ""
