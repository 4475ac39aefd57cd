"""Spreadsheets redacted by cell go out as rebuilt natives, never as they are."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path

import openpyxl
import pytest

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.errors import Refused
from ediscovery.produce import plan, specification
from ediscovery.produce import run as runs
from ediscovery.produce.check_volume import verify
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.render import libreoffice
from ediscovery.produce.volume import digests_of, write_manifest
from ediscovery.review import coding, layout, redactions
from ediscovery.store import lookup
from ediscovery.store.workspace import Matter
from tests.engine.matters import ingest, new

LAYOUT = layout.load()
SECRET = "Zanzibarquux"
XLSX, CSV, PLAIN = 1, 2, 3


def workbook() -> bytes:
    """A salary, a name that stands in a hidden sheet as well, and what may be read."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Pay"
    sheet["A1"], sheet["B1"] = "Name", "Salary"
    sheet["A2"], sheet["B2"], sheet["B3"] = f"Jane {SECRET}", 987654, "=B2*2"
    sheet["A4"] = "everybody may read this"
    hidden = book.create_sheet("Notes")
    hidden["A1"], hidden.sheet_state = f"raise for {SECRET}", "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Matter:
    place = tmp_path_factory.mktemp("sheets")
    made = new(place / "home")
    folder = place / "evidence"
    folder.mkdir()
    (folder / "a.xlsx").write_bytes(workbook())
    (folder / "b.csv").write_text(f"name,account\nJane,47114711\n{SECRET},5\n")
    (folder / "c.txt").write_text("nothing to hide")
    ingest(made, folder)
    code(made, [1, 2, 3], "responsive=yes")
    code(made, [1, 2], "privilege=redact")
    redactions.add(made, [XLSX, CSV], [redactions.term(SECRET)], "privacy")
    redactions.add(made, [XLSX], [redactions.cells("Pay!B2:B3")], "trade-secret")
    redactions.add(made, [CSV], [redactions.cells("Sheet1!B2")], "privacy")
    return made


@pytest.fixture
def matter(kept: Matter, tmp_path: Path) -> Matter:
    from ediscovery.store.workspace import Workspace

    shutil.copytree(kept.folder.parent.parent, tmp_path / "home")
    return Workspace(tmp_path / "home").open("acme")


def code(matter: Matter, numbers: list[int], *sets: str) -> None:
    coding.code(matter, LAYOUT, numbers, coding.assignments(LAYOUT, list(sets)))


def produce(
    matter: Matter, out: Path, text: str = "", numbers: tuple[int, ...] = (1, 2, 3)
) -> Path:
    made = runs.run(matter, specified(out, text), numbers, "VOL001", out, SerialPool(), Silent())
    return made.volumes[0].folder


def specified(place: Path, text: str) -> specification.Specification:
    if not text:
        return specification.load("production-standard")
    place.mkdir(parents=True, exist_ok=True)
    path = place / "own.yaml"
    path.write_text(f"extends: production-standard\n{text}\n")
    return specification.load(str(path))


def rows(folder: Path) -> list[dict[str, str]]:
    table = DatFile(folder / "DATA/VOL001.dat", print)
    return [{k: str(v) for k, v in record.fields.items()} for record in table]


def failing(folder: Path, matter: Matter) -> dict[str, list[str]]:
    return {check.name: check.problems for check in verify(folder, matter) if not check.holds}


def test_rebuilt_natives_go_out_without_what_is_covered(matter: Matter, tmp_path: Path) -> None:
    folder = produce(matter, tmp_path / "out")
    assert failing(folder, matter) == {}
    book_row, csv_row, _ = rows(folder)
    for row in (book_row, csv_row):
        native = folder / row["NativeLink"].replace("\\", "/")
        assert native.suffix == ".xlsx"
        data = native.read_bytes()
        assert row["SHA256Hash"] == hashlib.sha256(data).hexdigest()
        assert (row["FileSize"], row["FileExt"], row["Redacted"]) == (str(len(data)), "xlsx", "Yes")
        text = (folder / row["TextLink"].replace("\\", "/")).read_text()
        for word in (SECRET, "987654", "1975308", "47114711"):
            assert word not in text
            for member in openpyxl.load_workbook(native).worksheets:
                assert all(word not in str(c.value) for line in member for c in line)
    text = (folder / book_row["TextLink"].replace("\\", "/")).read_text()
    assert "everybody may read this" in text and "Redacted: trade-secret" in text
    sheets = openpyxl.load_workbook(folder / book_row["NativeLink"].replace("\\", "/")).worksheets
    assert [sheet.sheet_state for sheet in sheets] == ["visible", "visible"]
    whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in whole
    assert {d for _, d in dict(digests_of(folder)).values()}.isdisjoint(
        hashlib.sha256(lookup.native(matter, number)[1]).hexdigest() for number in (XLSX, CSV)
    )


def test_without_images_too(matter: Matter, tmp_path: Path) -> None:
    text = "treatments: {default: {images: tiff}, spreadsheet: {images: none, native: true}}"
    folder = produce(matter, tmp_path / "out", text)
    assert failing(folder, matter) == {}
    assert rows(folder)[0]["NativeLink"].endswith(".xlsx")


@pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is missing")
@pytest.mark.parametrize("images", ["tiff", "pdf"])
def test_pages_are_made_of_the_rebuilt_file(matter: Matter, images: str, tmp_path: Path) -> None:
    text = f"treatments: {{spreadsheet: {{images: {images}, native: false}}}}"
    folder = produce(matter, tmp_path / "out", text, (XLSX,))
    assert failing(folder, matter) == {}
    (row,) = rows(folder)
    assert not row["NativeLink"] and int(row["PgCount"]) >= 2
    text = (folder / row["TextLink"].replace("\\", "/")).read_text()
    assert "everybody may read this" in text and SECRET not in text and "987654" not in text


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (redactions.cells("Pay!D9"), "nowhere"),
        (redactions.cells("None!A1"), "nowhere"),
        (redactions.term("elsewhere"), "nowhere"),
        (redactions.term('"name salary"'), "nowhere"),
    ],
)
def test_a_mark_that_hits_nothing_is_found(
    matter: Matter, mark: redactions.Mark, said: str, tmp_path: Path
) -> None:
    redactions.add(matter, [XLSX], [mark], "privacy")
    standard = specification.load("production-standard")
    made = plan.make(matter, standard, [XLSX], SerialPool(), Silent())
    found = [one for one in made.findings if one.code == "redaction-missing"]
    assert any(said in one.sentence and one.numbers == (XLSX,) for one in found)
    with pytest.raises(Refused):
        produce(matter, tmp_path / "out")


def test_an_original_slipped_in_is_found(matter: Matter, tmp_path: Path) -> None:
    folder = produce(matter, tmp_path / "out")
    native = folder / rows(folder)[0]["NativeLink"].replace("\\", "/")
    native.write_bytes(lookup.native(matter, XLSX)[1])
    write_manifest(folder, dict(digests_of(folder)))
    assert "redacted words" in failing(folder, matter)


def test_the_same_bytes_twice(kept: Matter, matter: Matter, tmp_path: Path) -> None:
    one = produce(matter, tmp_path / "one")
    from ediscovery.store.workspace import Workspace

    shutil.copytree(kept.folder.parent.parent, tmp_path / "again")
    other = produce(Workspace(tmp_path / "again").open("acme"), tmp_path / "other")
    assert dict(digests_of(one)) == dict(digests_of(other))


def test_what_cannot_be_rebuilt_is_stopped(matter: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    from ediscovery.produce import renderer

    real = renderer._mark

    def broken(one: redactions.Redaction, text: str) -> dict[str, object]:
        return real(one, text) | {"terms": [("(", True)]}

    monkeypatch.setattr(renderer, "_mark", broken)
    standard = specification.load("production-standard")
    made = plan.make(matter, standard, [XLSX], SerialPool(), Silent())
    assert not made.forms[XLSX].native
    found = [one for one in made.findings if one.code == "redaction-missing"]
    assert any("rebuilt" in one.sentence for one in found)
