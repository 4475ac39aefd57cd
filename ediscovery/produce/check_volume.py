"""Verifies a volume as the receiving party does: from its folder alone.

With the matter at hand it is also held against what was written, withheld and redacted.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ediscovery.model.errors import UsageError
from ediscovery.produce import as_written, index_page, ledger, supplement
from ediscovery.produce.documents import candidates
from ediscovery.produce.loadfile import check as loadfiles
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.paths import Outside, inside
from ediscovery.produce.loadfile.roles import roles
from ediscovery.produce.loadfile.rows import Finding, PageRow
from ediscovery.produce.render.verify import (
    pdf_is_clean,
    text_in_the_dark,
    text_is_clean,
    workbook_is_clean,
)
from ediscovery.produce.secrets import cells_of, words_of
from ediscovery.produce.volume import MANIFEST, digests_of
from ediscovery.store.workspace import Matter

_SHOWN = 20
_IMAGES = (".tif", ".tiff", ".jpg", ".jpeg", ".pdf")
_GROUP_4 = "group4"
_LEAST_DPI = 300
_UNREDACTED = frozenset({"no", "n", "false", "0"})
_MOST_PIXELS = 200_000_000  # of an image that is opened


@dataclass(slots=True)
class Check:
    """One thing proved or disproved: how much was looked at, how much failed, what is wrong (at
    most 20 sentences); ``notes`` is no problem."""

    name: str
    looked_at: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.failed

    def fail(self, sentence: str) -> None:
        self.failed += 1
        if len(self.problems) < _SHOWN:
            self.problems.append(sentence)


@dataclass(slots=True)
class _Row:
    """A document as the data file tells of it."""

    first: str
    last: str
    pages: int
    native: str
    text: str
    redacted: bool  # or not told
    stems: tuple[str, ...] = ()  # what its pages are called, where the volume says so


def verify(folder: Path, matter: Matter | None = None) -> list[Check]:
    """Check the volume in ``folder``; nothing outside of it is opened.

    Raises :class:`UsageError` when there is no volume: no manifest, no data file.
    """
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} is no volume: it has no {MANIFEST}.", "Name its folder.")
    data = _data_file(folder)
    digests = dict(digests_of(folder))
    manifest = manifest_of(folder, digests)
    added = Check("supplement")
    try:
        adds = supplement.read(folder)
    except ValueError as error:
        added.fail(f"{supplement.FILE} can't be read: {error}")
        adds = None
    found, rows, pages = _load_files(folder, data, part=adds is not None)
    if adds is not None:
        _adds(folder, adds, added, rows)
    checks = [manifest, *found, _images(folder, pages, rows), _texts(folder, rows)]
    extra = {supplement.FILE, *adds.notice} if adds is not None else set()
    index = index_page.check(folder, [row.first for row in rows])
    if index is not None:
        check = Check("index page", len(index[0]))
        for sentence in index[1]:
            check.fail(sentence)
        checks.append(check)
        extra |= index[0]
    checks.append(_unnamed(folder, digests, rows, pages, data.parent, extra))
    if adds is not None or added.failed:
        checks.append(added)
    if matter is not None:
        checks += _against(matter, folder, data, digests, rows)
    return checks


def _data_file(folder: Path) -> Path:
    for kind in ("dat", "csv"):
        found = sorted(
            path for path in folder.glob(f"*/*.{kind}") if path.is_file() and not path.is_symlink()
        )
        if found:
            return found[0]
    raise UsageError(f"{folder} has no data file (DAT or CSV).", "Name the folder of a volume.")


def manifest_of(folder: Path, digests: dict[str, tuple[int, str]]) -> Check:
    """Every file is listed and is what it was; nothing is missing, added or linked."""
    check = Check("manifest")
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        check.fail(f"{MANIFEST} is not UTF-8.")
        return check
    listed: dict[str, tuple[str, str]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        name = (row.get("Path") or "").replace("\\", "/")
        if not name or name in listed:
            check.fail(f"Line {number} of {MANIFEST} names no file, or one for the second time.")
            continue
        listed[name] = (row.get("SHA256") or "", row.get("Size") or "")
    check.looked_at = len(listed)
    for name, (digest, size) in listed.items():
        have = digests.get(name)
        if have is None:
            check.fail(f"{name} is missing.")
        elif (have[1], str(have[0])) != (digest.lower(), size):
            check.fail(f"{name} is not what the manifest says: it was altered.")
    for name in sorted(digests.keys() - listed.keys()):
        check.fail(f"{name} is not in the manifest: it was added.")
    for path in folder.rglob("*"):
        if path.is_symlink():
            check.fail(f"{path.relative_to(folder)} is a link.")
    return check


def _adds(folder: Path, adds: supplement.Supplement, check: Check, rows: list[_Row]) -> None:
    """What the volume says that it puts in the place of others is what its load files tell."""
    check.notes.append(f"{adds.kind.capitalize()}; adds to {adds.base}.")
    check.looked_at = len(adds.documents)
    told = {one.begin: one for one in adds.documents}
    have = {row.first: row for row in rows}
    for first in sorted(have.keys() ^ told.keys()):
        where = supplement.FILE if first in told else "the data file"
        check.fail(f"{first} stands in {where} only.")
    for first in sorted(have.keys() & told.keys()):
        row, one = have[first], told[first]
        row.stems = one.pages
        if row.last and row.last != one.end:
            check.fail(f"{first} ends with {row.last}, and with {one.end} in {supplement.FILE}.")
        if adds.kind == ledger.CLAWBACK and row.native:
            check.fail(f"{first} was called back, and has the native {row.native}.")
    for name in adds.notice:
        try:
            if not inside(folder, name).is_file():
                check.fail(f"The notice {name} is missing.")
        except Outside as error:
            check.fail(f"The notice {name!r} {error}.")
    if adds.kind == ledger.CLAWBACK and not adds.notice:
        check.fail("It calls documents back, and has no notice.")


def _load_files(
    folder: Path, data: Path, *, part: bool
) -> tuple[list[Check], list[_Row], list[PageRow]]:
    """The checks of load files, one a name, and what data and page file say."""
    said: dict[str, list[str]] = {}
    defects = Check("load files")

    def report(finding: Finding) -> None:
        where = f"Row {finding.record:,}: " if finding.record else ""
        if finding.refused:
            said.setdefault(finding.kind, []).append(where + finding.sentence)
        elif finding.kind in loadfiles.DEFECTS:
            defects.fail(where + finding.sentence)

    beside = loadfiles.pages_beside(data)
    table = DatFile(data, report)
    try:
        results = loadfiles.check(table, beside, folder, report, part=part)
    except UsageError as error:
        defects.fail(error.message)
        return [defects], [], []
    found = [defects]
    for one in results:
        check = Check(one.name, one.looked_at, one.failed, notes=[one.note] if one.note else [])
        check.problems = said.pop(one.name, [])[:_SHOWN]
        found.append(check)
    for kind, sentences in said.items():
        for sentence in sentences:
            defects.fail(f"{kind}: {sentence}")
    quiet: Callable[[Finding], None] = lambda finding: None  # noqa: E731 - told above
    named = roles(table.names)
    rows = []
    for record in DatFile(data, quiet):
        cells = {role: record.fields.get(name, "") for role, name in named.items()}
        text = {k: v if isinstance(v, str) else ";".join(v) for k, v in cells.items()}
        pages = text.get("pages", "")
        rows.append(
            _Row(
                text.get("begin", ""), text.get("end", ""), int(pages) if pages.isdecimal() else 0,
                text.get("native", ""), text.get("text", ""),
                text.get("redacted", "").casefold() not in _UNREDACTED,
            )
        )  # fmt: skip
    defects.looked_at = len(rows)
    return found, rows, list(loadfiles.read_pages(beside, quiet)) if beside else []


def _images(folder: Path, pages: list[PageRow], rows: list[_Row]) -> Check:
    """Every page opens; TIFF is single-page Group IV with its resolution, PDF has all its pages."""
    check = Check("images")
    files: dict[str, int] = {}
    for page in pages:
        files[page.path] = files.get(page.path, 0) + 1
    if not pages:
        by_stem = {path.stem: path for path in _image_files(folder)}
        for row in rows:
            for stem in _stems(row):
                path = by_stem.get(stem)
                if path is None:
                    if row.pages:
                        check.fail(f"{row.first}: page {stem} has no image.")
                    continue
                whole = path.suffix.lower() == ".pdf"
                files[str(path.relative_to(folder))] = row.pages if whole else 1
                if whole:
                    break
    small = 0
    redacted = {stem for row in rows if row.redacted for stem in _stems(row)}
    for name, count in files.items():
        try:
            path = inside(folder, name)
        except Outside:
            continue  # told as a path
        if not path.is_file():
            continue
        check.looked_at += count
        try:
            wrong, dpi = _opened(path, count, path.stem in redacted)
        except Exception as error:  # whatever a library says of a broken file
            wrong, dpi = f"can't be opened ({str(error)[:100] or type(error).__name__})", _LEAST_DPI
        if wrong:
            check.fail(f"{name} {wrong}.")
        small += dpi < _LEAST_DPI
    if small:
        check.notes.append(f"{small:,} images have fewer than {_LEAST_DPI} dpi.")
    return check


def _image_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if folder / index_page.FOLDER in path.parents:
            continue
        if path.suffix.lower() in _IMAGES and path.is_file() and "NATIVE" not in str(path).upper():
            yield path


def _stems(row: _Row) -> Iterator[str]:
    """What a document's pages are called, as far as its numbers tell that."""
    if row.stems:
        yield from row.stems
        return
    yield row.first
    digits = len(row.first) - len(row.first.rstrip("0123456789"))
    if row.last != row.first and digits:
        start = int(row.first[-digits:])
        for page in range(1, row.pages):
            yield f"{row.first[:-digits]}{start + page:0{digits}}"
    else:
        yield from (f"{row.first}_{page:04}" for page in range(2, row.pages + 1))


def _opened(path: Path, pages: int, redacted: bool) -> tuple[str, int]:
    """What is wrong with an image file, ``""`` for nothing, and its resolution."""
    if path.suffix.lower() == ".pdf":
        from ediscovery.extract.pdf.library import mupdf

        with mupdf().open(path) as document:
            if document.page_count != pages:
                return f"has {document.page_count:,} pages instead of {pages:,}", _LEAST_DPI
            for page in document:
                page.get_displaylist()
                if redacted and text_in_the_dark(page):
                    return f"has text under a box on page {page.number + 1:,}", _LEAST_DPI
        return "", _LEAST_DPI
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # it would warn of pages that may be as large
    with Image.open(path) as image:
        dpi = round(float(image.info.get("dpi", (0, 0))[0]))
        if image.width * image.height > _MOST_PIXELS:
            return f"has {image.width:,} by {image.height:,} pixels", dpi
        if path.suffix.lower() in (".tif", ".tiff"):
            if getattr(image, "n_frames", 1) != 1:
                return "has several pages", dpi
            if image.info.get("compression") != _GROUP_4 or image.mode != "1":
                return "is not Group IV", dpi
            if not dpi:
                return "tells no resolution", dpi
        image.load()
    return "", dpi


def _texts(folder: Path, rows: list[_Row]) -> Check:
    """Every document has its text, which can be read."""
    check = Check("texts")
    empty = 0
    for row in rows:
        if not row.text:
            continue
        try:
            data = inside(folder, row.text).read_bytes()
        except (Outside, OSError):
            continue  # told as a path
        check.looked_at += 1
        empty += not data.strip()
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError:
            if any(byte in data for byte in range(8)):
                check.fail(f"{row.first}: its text file is no text.")
    told = sum(bool(row.text) for row in rows)
    if told and told < len(rows):
        for row in rows:
            if not row.text:
                check.fail(f"{row.first} has no text, unlike others.")
    if empty:
        check.notes.append(f"{empty:,} texts are empty.")
    return check


def _unnamed(
    folder: Path,
    digests: dict[str, tuple[int, str]],
    rows: list[_Row],
    pages: list[PageRow],
    data: Path,
    extra: set[str],
) -> Check:
    """No file lies in the volume that no load file tells of."""
    check = Check("unnamed files", len(digests))
    named: set[str] = set()
    texts = set()
    told = [*(page.path for page in pages), *(r.native for r in rows), *(r.text for r in rows)]
    told += extra
    named.update(one.replace("\\", "/").casefold() for one in told if one)
    stems = {stem.casefold() for row in rows for stem in _stems(row)}
    for row in rows:
        if row.text:
            texts.add(row.text.replace("\\", "/").rpartition("/")[0].casefold())
    natives = {row.native.replace("\\", "/").rpartition("/")[0].casefold() for row in rows}
    for name in digests:
        path = Path(name)
        low = name.casefold()
        if low in named or (folder / name).parent == data:
            continue
        page = path.stem.casefold() in stems
        if page and path.suffix.lower() in _IMAGES and not pages and not _native(name):
            continue
        place = str(path.parent).casefold()
        if (
            page
            and path.suffix.lower() == ".txt"
            and (place in texts or not (texts or place in natives))
        ):
            continue  # a page's own text, or a receiver's rule finds it by its number
        check.fail(f"{name} is named by no load file.")
    return check


def _native(name: str) -> bool:
    return "native" in name.casefold()


def _against(
    matter: Matter, folder: Path, data: Path, digests: dict[str, tuple[int, str]], rows: list[_Row]
) -> list[Check]:
    """The volume against the matter: what was written, withheld, redacted."""
    production = ledger.production(matter, data.stem)
    with matter.reader.connect() as connection:
        lines = own = ledger.lines(connection, production.id)
        if production.kind == ledger.OVERLAY:
            firsts = {row.first for row in rows}
            base = ledger.find(connection, production.base)
            lines = [one for one in ledger.lines(connection, base.id) if one.bates_begin in firsts]
        numbers = [line.number for line in lines]
        later = ledger.later(connection, production.base, production.volume)
        known = {one.number: one for one in candidates(connection, numbers)}
        staying = list(as_written.staying(connection))
    written, withheld, redacted = Check("ledger"), Check("withheld"), Check("redacted words")
    have = {row.first: row for row in rows}
    numbered = [line for line in lines if line.bates_begin]
    for line in numbered:
        written.looked_at += 1
        row = have.get(line.bates_begin)
        if row is None or (row.last or line.bates_end) != line.bates_end:
            written.fail(f"{line.bates_begin} to {line.bates_end} was produced and is not in it.")
    for first in sorted(have.keys() - {line.bates_begin for line in numbered}):
        written.fail(f"{first} was never produced.")
    hashes: dict[str, list[str]] = {}
    for name, (_, digest) in digests.items():
        hashes.setdefault(digest, []).append(name)
    pdfs: dict[str, list[str]] = {}
    for name in digests:
        if name.lower().endswith(".pdf"):
            pdfs.setdefault(Path(name).stem, []).append(name)
    texts = Counter[str]()
    told: set[str] = set()
    stays: set[int] = set()
    for line in lines:
        one = known.get(line.number)
        if one is None or line.reason not in ("withheld", ledger.CLAWED_BACK):
            continue
        withheld.looked_at += 1
        stays.add(line.number)
        for name in hashes.get(one.item["sha256"], ()) if one.item["size"] else ():
            withheld.fail(f"{name} is the native of {matter.control_number(line.number)}.")
            told.add(name)
        row = have.get(line.bates_begin or "")
        if row is not None and row.native:
            withheld.fail(f"{row.native} is a native of the withheld {row.first}.")
        texts[one.item["text_sha256"]] += 1
    for digest in texts:
        for name in hashes.get(digest, ()) if digest else ():
            withheld.fail(f"{name} is the text of a withheld document.")
    linked = {row.first: (row.native, row.text) for row in rows}
    files = as_written.AsWritten(folder, production, own, digests, linked)
    others = (one for one in staying if one[0] not in stays)
    _elsewhere(matter, withheld, others, hashes, files.recorded(), told)
    table = DatFile(data, lambda finding: None)
    begin = roles(table.names).get("begin", "")
    records = {str(record.fields.get(begin, "")): record for record in table}
    for line in numbered:
        one = known.get(line.number)
        if one is None or not line.redacted or line.bates_begin not in have:
            continue
        if line.number in later:  # its redactions may have changed since then
            redacted.notes.append(f"{line.bates_begin} was put right in {later[line.number][-1]}.")
            continue
        redacted.looked_at += 1
        if one.item["size"] and one.item["sha256"] in hashes:
            redacted.fail(f"{hashes[one.item['sha256']][0]} is the native of a redacted document.")
        secrets = words_of(matter, one)
        if line.native_sha256:
            row = have[line.bates_begin]
            secrets += cells_of(matter, one)
            for sentence in _rebuilt(folder, row, line, digests, secrets):
                redacted.fail(sentence)
        for where, text in _told(folder, records.get(line.bates_begin), have[line.bates_begin]):
            if text_is_clean(text, secrets, where):
                redacted.fail(f"{where} of {line.bates_begin} holds redacted words.")
        for name in pdfs.get(f"{line.bates_begin}{line.suffix}", ()):
            for wrong in pdf_is_clean((folder / name).read_bytes(), secrets, name):
                redacted.fail(f"{wrong.where}: {wrong.message}")
    return [written, withheld, redacted, _as_written(folder, production, files)]


def _elsewhere(
    matter: Matter,
    check: Check,
    others: Iterable[tuple[int, str]],
    hashes: Mapping[str, list[str]],
    recorded: set[str],
    told: set[str],
) -> None:
    """No native of what stays here, whichever production that is of; what went out by a decision
    and is in the ledger is only noted. ``told``: files of which the check has spoken."""
    out: list[str] = []
    for number, digest in others:
        check.looked_at += 1
        for name in hashes.get(digest, ()):
            if name in told:
                continue
            told.add(name)
            if name in recorded:
                out.append(name)
            else:
                check.fail(f"{name} is the native of {matter.control_number(number)}.")
    if out:
        check.notes.append(
            f"{len(out):,} files went out, as {out[0]}, whose like is coded privileged, withheld "
            "or called back."
        )


def _as_written(folder: Path, production: Any, files: as_written.AsWritten) -> Check:
    """Manifest, images, natives and texts are those that were written."""
    check = Check("as written", len(files))
    if production.manifest_sha256:
        check.looked_at += 1
        if as_written.manifest_differs(folder, production):
            check.fail(f"{MANIFEST} is not the one that was written.")
    for sentence in files.problems():
        check.fail(sentence)
    return check


def _rebuilt(
    folder: Path, row: _Row, line: Any, digests: dict[str, tuple[int, str]], secrets: list[str]
) -> Iterator[str]:
    """What is wrong with the rebuilt native of a redacted spreadsheet."""
    name = row.native.replace("\\", "/")
    if digests.get(name, (0, ""))[1] != line.native_sha256:
        yield f"The native of the redacted {row.first} is not the rebuilt one."
        return
    try:
        found = workbook_is_clean(inside(folder, name).read_bytes(), secrets, name)
    except (Outside, OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        yield f"The native of the redacted {row.first} can't be looked through: {error}"
        return
    yield from (f"{wrong.where}: {wrong.message}" for wrong in found)


def _told(folder: Path, record: Any, row: _Row) -> Iterator[tuple[str, str]]:
    """What the volume says of one document: each field, and its text."""
    for name, value in (record.fields if record is not None else {}).items():
        yield f"Field {name}", value if isinstance(value, str) else "\n".join(value)
    try:
        if row.text:
            yield "The text", inside(folder, row.text).read_bytes().decode("utf-8", "replace")
    except (Outside, OSError):
        return
