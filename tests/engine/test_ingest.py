"""One matter from one folder, whatever the workers, the units, the order, and how often."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ediscovery.engine.pool import DaskPool
from ediscovery.engine.progress import Silent
from ediscovery.engine.verify import verify
from ediscovery.model.errors import Refused, UsageError
from ediscovery.store import lookup, reports
from ediscovery.store.workspace import Matter
from tests.engine.matters import QUICK, by_path, dump, ingest, make, new, rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("evidence"), 120)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskPool]:
    pool = DaskPool(2, str(tmp_path_factory.mktemp("dask")))
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Matter:
    matter = new(tmp_path_factory.mktemp("expected"))
    ingest(matter, folder)
    return matter


def test_everything_is_there_and_proven(expected: Matter, folder: Path) -> None:
    found = rows(expected)
    assert len(found) > 200
    assert {row.state for row in found} >= {"ok", "empty"}
    assert sum(row.parent is None for row in found) == 120
    proof = verify(expected, Silent())
    assert proof["holds"], proof
    with expected.reader.connect() as connection:
        sums = reports.reconciliation(connection)
    assert sums["difference"] == 0 and sums["seen"] == len(found)


@pytest.mark.parametrize("unit_items", [1, 7, 1000])
def test_unit_size_and_workers_change_nothing(
    expected: Matter, folder: Path, dask: DaskPool, tmp_path: Path, unit_items: int
) -> None:
    profile = replace(QUICK, unit_items=unit_items)
    matter = new(tmp_path)
    ingest(matter, folder, profile=profile, pool=dask)
    assert dump(matter) == dump(expected)
    assert verify(matter, Silent())["holds"]


def test_the_order_in_which_units_come_back_changes_nothing(
    expected: Matter, folder: Path, tmp_path: Path
) -> None:
    from ediscovery.engine.pool import SerialPool

    class Backwards(SerialPool):
        def run(self, function, tasks):  # type: ignore[no-untyped-def]
            yield from reversed(list(super().run(function, tasks)))

    matter = new(tmp_path)
    pool = Backwards()
    ingest(matter, folder, profile=replace(QUICK, unit_items=9), pool=pool)
    pool.close()
    assert dump(matter) == dump(expected)


def test_a_second_call_changes_nothing(folder: Path, tmp_path: Path) -> None:
    matter = new(tmp_path)
    ingest(matter, folder)
    before, audit = dump(matter), matter.audit_path.read_bytes()
    again = ingest(matter, folder)
    assert (again.collection, again.known_files) == (None, 120)
    assert dump(matter) == before
    assert matter.audit_path.read_bytes() == audit


def test_evidence_is_not_touched(tmp_path: Path) -> None:
    folder = make(tmp_path / "e", 30)
    for path in folder.rglob("*"):
        os.utime(path, (10**9, 1_600_000_000))  # read long ago: relatime would renew it
    before = {p: (p.stat().st_atime_ns, p.stat().st_mtime_ns) for p in folder.rglob("*.*")}
    ingest(new(tmp_path / "w"), folder)
    assert {p: (p.stat().st_atime_ns, p.stat().st_mtime_ns) for p in before} == before


def test_later_files_make_a_supplement(tmp_path: Path) -> None:
    folder = make(tmp_path / "e", 20)
    matter = new(tmp_path / "w")
    ingest(matter, folder)
    first = dump(matter)
    (folder / "late.txt").write_text("came late")
    changed = folder / "d0" / "0000.bin"
    changed = sorted(folder.rglob("*.txt"))[0]
    changed.write_text("another version of it")
    again = ingest(matter, folder)
    assert (again.collection, again.known_files) == (2, 19)
    after = dump(matter)
    assert after["document"][: len(first["document"])] == first["document"]
    fresh = [row for row in rows(matter) if row.collection_id == 2]
    assert sorted(os.path.basename(row.path) for row in fresh) == sorted(["late.txt", changed.name])
    assert verify(matter, Silent())["holds"]
    assert ingest(matter, folder).collection is None


def test_a_file_put_back_as_it_was_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "e"
    folder.mkdir()
    file = folder / "a.txt"
    matter = new(tmp_path / "w")
    for text, stamp in (("one", 10**9), ("another", 2 * 10**9)):
        file.write_text(text)
        os.utime(file, (stamp, stamp))
        assert ingest(matter, folder).collection is not None
    file.write_text("one")
    os.utime(file, (10**9, 10**9))
    assert ingest(matter, folder).collection is None


@pytest.mark.parametrize("scope", ["global", "custodian", "none"])
def test_copies_are_grouped_and_every_custodian_and_path_is_kept(
    tmp_path: Path, scope: str
) -> None:
    profile = replace(QUICK, dedupe=scope)
    matter = new(tmp_path / "w")
    for name, files in (("jane", ("a.txt", "b.txt")), ("rick", ("c.txt",))):
        folder = tmp_path / name
        folder.mkdir()
        for file in files:
            (folder / file).write_text("the same words")
            (folder / f"empty-{file}").write_bytes(b"")
        (folder / f"other-{name}.txt").write_text(f"only {name} has this")
        ingest(matter, folder, custodian=name.title(), profile=profile)
    found = {
        os.path.basename(path): lookup.document(matter, number) for number, path in numbered(matter)
    }
    a, b, c = (found[name] for name in ("a.txt", "b.txt", "c.txt"))
    grouped = {"global": [a, b, c], "custodian": [a, b], "none": []}[scope]
    assert [d["is_primary"] for d in grouped] == [True, False, False][: len(grouped)]
    for one in grouped:
        assert one["group_number"] == a["control_number"]
        assert one["all_paths"] == ["jane/a.txt", "jane/b.txt", "rick/c.txt"][: len(grouped)]
        assert one["all_custodians"] == ["Jane", "Rick"][: 2 if scope == "global" else 1]
        assert one["duplicates"] == [d["control_number"] for d in grouped if d is not one]
    alone = [d for d in found.values() if d not in grouped]
    assert len(alone) == 8 - len(grouped)
    assert all(d["group_number"] is None and not d["duplicates"] for d in alone)
    assert all(d["all_custodians"] == [d["custodian"]] for d in alone)


def numbered(matter: Matter) -> list[tuple[int, str]]:
    """Control numbers and paths."""
    from sqlalchemy import and_, select

    from ediscovery.store.tables import documents, items

    same = and_(
        items.c.collection_id == documents.c.collection_id,
        items.c.position == documents.c.position,
    )
    with matter.reader.connect() as connection:
        return [
            (row.number, row.path)
            for row in connection.execute(
                select(documents.c.number, items.c.path)
                .join(items, same)
                .order_by(documents.c.number)
            )
        ]


def test_control_numbers_follow_the_order_of_the_paths(expected: Matter) -> None:
    found = numbered(expected)
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    roots = [path.split("!/")[0] for _, path in found]
    assert roots == sorted(roots)


def test_a_family_is_numbered_together_parent_first(expected: Matter) -> None:
    paths = dict(numbered(expected))
    families = [n for n in paths if len(lookup.family(expected, n)) > 1]
    assert families
    for number in families:
        members = lookup.family(expected, number)
        numbers = [expected.number(m["control_number"]) for m in members]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert members[0]["depth"] == 0
        assert all(m["parent"] for m in members[1:])


def test_other_settings_do_not_continue_a_collection(tmp_path: Path) -> None:
    from ediscovery.engine import collect, run

    folder = make(tmp_path / "e", 3)
    matter = new(tmp_path / "w")
    begun = run.begin(matter, [folder], "Jane Roe", QUICK)
    assert begun.state == "collecting"
    with pytest.raises(Refused, match="other settings"):
        ingest(matter, folder, profile=replace(QUICK, unit_items=3))
    assert ingest(matter, folder).collection == begun.collection
    with matter.reader.connect() as connection:
        assert collect.manifest_digest(connection, 1)


def test_a_wrong_path_registers_nothing(tmp_path: Path) -> None:
    matter = new(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        ingest(matter, tmp_path / "missing")
    from ediscovery.store import custodians

    with matter.reader.connect() as connection:
        assert custodians.listed(connection) == []


def test_roots_inside_roots_and_twice_are_taken_once(tmp_path: Path) -> None:
    folder = make(tmp_path / "e", 10)
    matter = new(tmp_path / "w")
    file = sorted(folder.rglob("*.*"))[0]
    ingest(matter, folder, folder / "d1", folder, file)
    assert len([row for row in rows(matter) if row.parent is None]) == 10
    assert not {row.state for row in rows(matter)} & {"cycle"}


def test_an_empty_folder_is_a_matter_of_record(tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    matter = new(tmp_path / "w")
    done = ingest(matter, tmp_path / "e")
    assert (done.collection, done.known_files) == (None, 0)


def test_a_closed_matter_takes_nothing(tmp_path: Path) -> None:
    from ediscovery.store.workspace import Workspace

    folder = make(tmp_path / "e", 3)
    matter = new(tmp_path / "w")
    Workspace(tmp_path / "w").close("acme")
    with pytest.raises(Refused, match="closed"):
        ingest(matter, folder)


def test_members_of_archives_are_where_they_say(expected: Matter) -> None:
    found = by_path(expected)
    deep = [path for path in found if path.endswith("!/folder/inner.zip!/deep.txt")]
    assert deep
    for path in deep:
        row = found[path]
        assert row.role == "document" and row.parent_document is None
        container = found[path.rsplit("!/", 1)[0]]
        assert container.role == "container" and row.parent == container.position
