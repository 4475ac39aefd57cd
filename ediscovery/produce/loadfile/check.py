"""What a receiving party finds out about a load file and the volume around it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.lfp import read_lfp
from ediscovery.produce.loadfile.opt import read_opt
from ediscovery.produce.loadfile.page_index import PageIndex, stored
from ediscovery.produce.loadfile.paths import Outside, inside
from ediscovery.produce.loadfile.roles import roles
from ediscovery.produce.loadfile.rows import Finding, PageRow, Record, Report

PAGE_FILES = (".opt", ".lfp")
_NUMBER = re.compile(r"(.*?)(\d{1,18})", re.DOTALL)
_LINKS = ("native", "text")
# What readers here repair, and those of other programs may not.
DEFECTS = ("ragged", "quote-not-closed", "stray-quote", "line-break", "encoding", "nul")


@dataclass(slots=True)
class Checked:
    """One check: its name, how much it looked at, how much failed.

    ``note`` says why nothing was looked at.
    """

    name: str
    looked_at: int = 0
    failed: int = 0
    note: str = ""


def volume_of(file: Path) -> Path | None:
    """The volume that the load file ``file`` belongs to: the folder above its ``DATA`` folder."""
    folder = file.resolve().parent
    return folder.parent if folder.name.casefold() == "data" else None


def pages_beside(file: Path) -> Path | None:
    """The page file (OPT, else LFP) that lies beside ``file`` under the same name, or alone."""
    near = sorted(
        (p for p in file.resolve().parent.iterdir() if p.suffix.casefold() in PAGE_FILES),
        key=lambda p: (PAGE_FILES.index(p.suffix.casefold()), p.name),
    )
    same = [p for p in near if p.stem.casefold() == file.stem.casefold()]
    return same[0] if same else near[0] if len(near) == 1 else None


def read_pages(path: Path, report: Report, encoding: str = "") -> Iterator[PageRow]:
    """The pages of ``path``, which is LFP where its name says so, else OPT."""
    reader = read_lfp if path.suffix.casefold() == ".lfp" else read_opt
    return reader(path, report, encoding)


def check(
    data: DatFile | None,
    pages: Path | None,
    volume: Path | None,
    report: Report,
    columns: Mapping[str, str] | None = None,
    *,
    part: bool = False,
) -> list[Checked]:
    """Check a data file, a page file or both, and the files of ``volume`` where it is known.

    Everything that fails goes to ``report`` as a refused finding. Memory is flat: what must be
    compared stands in a temporary database. Nothing is taken from outside of ``volume``.

    Args:
        data: The data file; its own findings must go to ``report`` as well.
        pages: The page file.
        volume: The folder that paths are relative to.
        report: Is called with every finding.
        columns: Role (see ``roles.py``) -> column, for columns of unusual names.
        part: The files tell of some documents of a volume sent before: numbers between them,
            relatives elsewhere and pages beyond a document's numbers are no failure.

    Raises:
        UsageError: ``columns`` names a column that is not there, or no column is an identifier.
    """
    with PageIndex() as index:
        checks = _Checks(index.database, report, volume, part)
        if data is not None:
            checks.read(data, columns or {})
        if pages is not None:
            index.fill(checks.each_page(read_pages(pages, report)))
            checks.first_pages(data is not None)
            checks.told_pages()
        if data is not None:
            checks.identifiers()
            checks.page_counts(pages is not None)
            checks.numbers()
            checks.families()
        return list(checks.done.values())


class _Checks:
    def __init__(
        self, database: Connection, report: Report, volume: Path | None, part: bool
    ) -> None:
        self._part = part
        self._database, self._report, self._volume = database, report, volume
        self.done: dict[str, Checked] = {}
        self._roles: dict[str, str] = {}
        names = ("identifiers", "paths", "first pages", "page counts", "numbers", "families")
        for name in names:
            self.done[name] = Checked(name)
            self.done[name].note = "not told"
        self.done["paths"].note = ""
        if volume is None:
            self.done["paths"].note = "the volume is not known; name it with --volume"
        database.execute(
            "CREATE TABLE document (record INTEGER PRIMARY KEY, line, first, last, "
            "family_first, family_last, parent, pages, prefix, number, last_number)"
        )

    def fail(self, check: str, sentence: str, line: int = 0, record: int = 0) -> None:
        self.done[check].failed += 1
        self._report(Finding(line, record, check, sentence, True))

    def read(self, data: DatFile, columns: Mapping[str, str]) -> None:
        """Put the documents of ``data`` away and look for their files."""
        for role, name in columns.items():
            if name not in data.names:
                raise UsageError(
                    f"There is no column {name!r} for {role}.",
                    f"The columns are: {', '.join(data.names[:40])}.",
                )
        self._roles = roles(data.names, columns)
        self.done["identifiers"].note = ""
        if "begin" not in self._roles:
            raise UsageError(
                "No column looks like the identifier (first Bates number).",
                f"Name it: --role begin={data.names[0] if data.names else 'NAME'}",
            )
        insert = "INSERT INTO document VALUES (?,?,?,?,?,?,?,?,?,?,?)"
        for number, record in enumerate(data, 1):
            first, last = self._cell(record, "begin"), self._cell(record, "end")
            prefix, begin = _numbered(first)
            last_prefix, end = _numbered(last or first)
            row = (
                number, data.line, first, last, self._cell(record, "family_begin"),
                self._cell(record, "family_end"), self._cell(record, "parent"),
                self._cell(record, "pages"), prefix, begin, end if prefix == last_prefix else None,
            )  # fmt: skip
            self._database.execute(insert, [stored(value) for value in row])
            self.done["identifiers"].looked_at += 1
            for role in _LINKS:
                self._path(role, self._cell(record, role), data.line, number)
        self._database.execute("CREATE INDEX document_first ON document (first)")
        self._database.execute("CREATE INDEX document_family ON document (family_first)")

    def _cell(self, record: Record, role: str) -> str:
        value = record.fields.get(self._roles.get(role, ""), "")
        return value.strip() if isinstance(value, str) else ";".join(value)

    def _path(self, role: str, path: str, line: int, record: int) -> None:
        """Whether ``path`` stays in the volume and is a file of it."""
        if not path:
            return
        volume = self._volume or Path(os.devnull)
        self.done["paths"].looked_at += self._volume is not None
        try:
            found = inside(volume, path)
        except Outside as error:
            self.fail("paths", f"The {role} path {path[:300]!r} {error}.", line, record)
            return
        if self._volume is not None and not found.is_file():
            self.fail("paths", f"The {role} {path[:300]!r} is missing.", line, record)

    def each_page(self, pages: Iterator[PageRow]) -> Iterator[PageRow]:
        """``pages``, each with its file looked for."""
        for number, page in enumerate(pages, 1):
            self._path("image", page.path, 0, number)
            yield page

    def identifiers(self) -> None:
        """Every document has one, and no other document has the same."""
        for line, record in self._database.execute(
            "SELECT line, record FROM document WHERE first = '' ORDER BY record"
        ):
            self.fail("identifiers", "The document has no identifier.", line, record)
        for first, times, line, record in self._database.execute(
            "SELECT first, count(*), max(line), max(record) FROM document WHERE first != '' "
            "GROUP BY first HAVING count(*) > 1 ORDER BY min(record)"
        ):
            self.fail("identifiers", f"{first!r} identifies {times:,} documents.", line, record)

    def first_pages(self, with_data: bool) -> None:
        """The id of a document's first page is an identifier, and no page id occurs twice."""
        check = self.done["first pages"]
        check.note = ""
        check.looked_at = self._one("SELECT count(DISTINCT document) FROM page")
        for page, times in self._database.execute(
            "SELECT page_id, count(*) FROM page GROUP BY page_id HAVING count(*) > 1 "
            "ORDER BY min(place)"
        ):
            self.fail("first pages", f"The page id {page!r} occurs {times:,} times.")
        if not with_data:
            return
        for document, place in self._database.execute(
            "SELECT document, min(place) AS place FROM page WHERE document NOT IN "
            "(SELECT first FROM document) GROUP BY document ORDER BY place"
        ):
            self.fail(
                "first pages",
                f"The first page {document!r} (row {place:,}) is no identifier of the data file.",
            )

    def page_counts(self, with_pages: bool) -> None:
        """Data file, page file and number range agree on how many pages a document has."""
        check = self.done["page counts"]
        if "pages" in self._roles:
            check.note = ""
        for line, record, first, told in self._database.execute(
            "SELECT line, record, first, pages FROM document WHERE pages != '' ORDER BY record"
        ):
            check.looked_at += 1
            if not (told.isascii() and told.isdecimal() and len(told) < 10):
                self.fail("page counts", f"{told!r} is no page count ({first}).", line, record)
        for line, record, first, told, begin, end in self._database.execute(
            "SELECT line, record, first, CAST(pages AS INTEGER) AS told, number, last_number "
            "FROM document WHERE last != '' AND last != first AND told > 0 "
            "AND last_number - number + 1 != told ORDER BY record"
        ):
            if self._part and told > end - begin + 1:
                continue
            sentence = f"{first}: page count {told:,}, but {end - begin + 1:,} in its range."
            self.fail("page counts", sentence, line, record)
        if not with_pages:
            return
        for line, record, first, told, pages in self._database.execute(
            "SELECT line, record, first, CAST(document.pages AS INTEGER) AS told, "
            "(SELECT count(*) FROM page WHERE page.document = document.first) AS n FROM document "
            "WHERE document.pages != '' AND told != n ORDER BY record"
        ):
            sentence = f"{first}: page count {told:,}, but {pages:,} listed in the page file."
            self.fail("page counts", sentence, line, record)

    def told_pages(self) -> None:
        """The page file lists as many pages of a document as it tells."""
        self.done["page counts"].note = ""
        for document, pages, told in self._database.execute(
            "SELECT document, count(*) AS n, max(pages) AS told FROM page GROUP BY document "
            "HAVING told > 0 AND told != n ORDER BY min(place)"
        ):
            sentence = f"{document}: page count {told:,} in the page file, but {pages:,} listed."
            self.fail("page counts", sentence)

    def numbers(self) -> None:
        """Each document's range begins where the one before ends."""
        check, before = self.done["numbers"], None
        check.note = "" if "end" in self._roles else "no column holds the last number"
        if check.note:
            return
        for line, record, first, last, prefix, begin, end in self._database.execute(
            "SELECT line, record, first, last, prefix, number, last_number FROM document "
            "WHERE first != '' ORDER BY record"
        ):
            check.looked_at += 1
            if begin is None or end is None or end < begin:
                sentence = f"{first!r} to {last!r} is no range of numbers."
                self.fail("numbers", sentence, line, record)
                before = None
                continue
            if before is not None and before[0] == prefix and begin != before[1] + 1:
                gap = begin - before[1] - 1
                if self._part and gap > 0:
                    before = (prefix, end)
                    continue
                what = f"is a gap of {gap:,}" if gap > 0 else "numbers are used twice"
                self.fail("numbers", f"Before {first!r} {what}.", line, record)
            before = (prefix, end)

    def families(self) -> None:
        """Members stand together behind their parent, and agree on the family's range."""
        check = self.done["families"]
        if "family_begin" not in self._roles and "parent" not in self._roles:
            return
        check.note = ""
        check.looked_at = self._one(
            "SELECT count(*) FROM document WHERE family_first != '' OR parent != ''"
        )
        queries = (
            ("the family's first number {} is no document's",
             "SELECT line, record, first, family_first FROM document WHERE family_first != '' "
             "AND family_first NOT IN (SELECT first FROM document) ORDER BY record"),
            ("the parent {} is no document",
             "SELECT line, record, first, parent FROM document WHERE parent != '' "
             "AND parent NOT IN (SELECT first FROM document) ORDER BY record"),
            ("the parent {} is of another family",
             "SELECT line, record, first, parent FROM document AS d WHERE parent != '' "
             "AND family_first != '' AND EXISTS (SELECT 1 FROM document AS p WHERE "
             "p.first = d.parent AND p.family_first != d.family_first) ORDER BY record"),
        )  # fmt: skip
        for sentence, query in queries[2:] if self._part else queries:
            for line, record, first, other in self._database.execute(query):
                said = f"{first}: {sentence.format(repr(other))}."
                self.fail("families", said, line, record)
        for family, lasts, low, high, members, last in self._database.execute(
            "SELECT family_first, count(DISTINCT family_last), min(record), max(record), count(*), "
            "max(family_last) FROM document WHERE family_first != '' GROUP BY family_first "
            "ORDER BY min(record)"
        ):
            if lasts > 1:
                self.fail("families", f"The family {family!r} has {lasts} last numbers.", 0, low)
            if high - low + 1 != members:
                self.fail("families", f"The family {family!r} does not stand together.", 0, low)
            ends = self._database.execute(
                "SELECT coalesce(nullif(last, ''), first) FROM document WHERE record = ?", (high,)
            ).fetchone()[0]
            if lasts == 1 and last and last != ends and not self._part:
                sentence = f"The family {family!r} should end with {last!r}; it ends with {ends!r}."
                self.fail("families", sentence, 0, high)

    def _one(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])


def _numbered(text: str) -> tuple[str, int | None]:
    """What leads a Bates number, and the number at its end; ``None`` where there is none."""
    found = _NUMBER.fullmatch(text)
    if not found or not found[2].isascii():
        return text, None
    return found[1], int(found[2])
