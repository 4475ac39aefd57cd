"""A check finds whatever a receiving party would stumble over, and nothing in a good volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.check import check, pages_beside, volume_of
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.rows import Finding, PageRow, Record
from tests.produce.loadfile import volumes


def checked(data: Path) -> list[str]:
    """The kind and sentence of every finding about ``data`` and what lies around it."""
    found: list[Finding] = []
    done = check(DatFile(data, found.append), pages_beside(data), volume_of(data), found.append)
    assert all(one.refused for one in found)
    assert sum(one.failed for one in done) == len(found)
    return [f"{one.kind}: {one.sentence}" for one in found]


def test_a_good_volume_holds(tmp_path: Path) -> None:
    data = volumes.make(tmp_path / "VOL001")
    assert checked(data) == []
    done = check(DatFile(data, [].append), pages_beside(data), volume_of(data), [].append)
    assert {one.name: one.looked_at for one in done} == {
        "identifiers": 3, "paths": 12, "first pages": 3, "page counts": 3, "numbers": 3,
        "families": 3,
    }  # fmt: skip


Spoil = Callable[[list[Record], list[PageRow]], None]


def _set(at: int, field: str, value: str) -> Spoil:
    return lambda rows, pages: rows[at].fields.__setitem__(field, value)


def _page(at: int, **changed: object) -> Spoil:
    return lambda rows, pages: pages.__setitem__(at, replace(pages[at], **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_set(1, "BegBates", "ABC000001"), "identifiers: 'ABC000001' identifies 2 documents."),
        (_set(1, "BegBates", ""), "identifiers: The document has no identifier."),
        (
            _set(1, "PgCount", "2"),
            "page counts: ABC000003: page count 2, but 1 listed in the page file.",
        ),
        (_set(1, "PgCount", "one"), "page counts: 'one' is no page count (ABC000003)."),
        (
            _set(2, "PgCount", "4"),
            "page counts: ABC000004: page count 4, but 3 in its range.",
        ),
        (_page(0, pages=3), "page counts: ABC000001: page count 3 in the page file, but 2 listed."),
        (
            _page(2, first=False),
            "page counts: ABC000003: page count 1, but 0 listed in the page file.",
        ),
        (
            _page(2, page_id="XYZ1"),
            "first pages: The first page 'XYZ1' (row 3) is no identifier of the data file.",
        ),
        (_page(1, page_id="ABC000001"), "first pages: The page id 'ABC000001' occurs 2 times."),
        (
            _page(1, path="IMAGES\\0001\\gone.tif"),
            "paths: The image 'IMAGES\\\\0001\\\\gone.tif' is missing.",
        ),
        (
            _page(1, path="..\\..\\x.tif"),
            "paths: The image path '..\\\\..\\\\x.tif' climbs out of its folder with '..'.",
        ),
        (_set(0, "NativeLink", "/etc/passwd"), "paths: The native path '/etc/passwd' is absolute."),
        (_set(0, "TextLink", "TEXT"), "paths: The text 'TEXT' is missing."),
        (
            _set(1, "EndBates", "ABC000002"),
            "numbers: 'ABC000003' to 'ABC000002' is no range of numbers.",
        ),
        (_set(0, "EndBates", "ABC000001"), "numbers: Before 'ABC000003' is a gap of 1."),
        (_set(0, "EndBates", "ABC000003"), "numbers: Before 'ABC000003' numbers are used twice."),
        (
            _set(1, "ParentBates", "ABC000009"),
            "families: ABC000003: the parent 'ABC000009' is no document.",
        ),
        (
            _set(1, "ParentBates", "ABC000004"),
            "families: ABC000003: the parent 'ABC000004' is of another family.",
        ),
        (
            _set(2, "BegAttach", "ABC000002"),
            "families: ABC000004: the family's first number 'ABC000002' is no document's.",
        ),
        (_set(1, "EndAttach", "ABC000009"), "families: The family 'ABC000001' has 2 last numbers."),
        (_set(2, "BegAttach", "ABC000001"), "families: The family 'ABC000001' has 2 last numbers."),
        (
            _set(2, "EndAttach", "ABC000007"),
            "families: The family 'ABC000004' should end with 'ABC000007'; "
            "it ends with 'ABC000006'.",
        ),
        (
            lambda rows, pages: rows.append(rows.pop(1)),
            "families: The family 'ABC000001' does not stand together.",
        ),
    ],
)
def test_each_fault_is_found(tmp_path: Path, spoil: Spoil, expected: str) -> None:
    rows, pages = volumes.records(), volumes.pages()
    spoil(rows, pages)
    assert expected in checked(volumes.make(tmp_path / "VOL001", rows, pages))


def test_names_in_another_case_and_with_the_volume_before_them(tmp_path: Path) -> None:
    rows = volumes.records()
    rows[0].fields["NativeLink"] = ".\\vol001\\natives\\0001\\abc000001.DOC"
    assert checked(volumes.make(tmp_path / "VOL001", rows)) == []


def test_without_a_volume_paths_that_leave_are_found_all_the_same(tmp_path: Path) -> None:
    rows = volumes.records()
    rows[0].fields["NativeLink"] = "\\\\server\\share\\x.doc"
    found: list[Finding] = []
    done = check(
        DatFile(volumes.make(tmp_path / "VOL001", rows), found.append), None, None, found.append
    )
    assert [one.sentence for one in found] == [
        "The native path '\\\\\\\\server\\\\share\\\\x.doc' names a network share."
    ]
    assert next(one for one in done if one.name == "paths").looked_at == 0


def test_columns_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Key,Natural\nA1,x\nA2,y\n")
    data = DatFile(tmp_path / "a.csv", [].append, header=True)
    with pytest.raises(UsageError, match="identifier"):
        check(data, None, None, [].append)
    with pytest.raises(UsageError, match="no column 'Kay'"):
        check(data, None, None, [].append, {"begin": "Kay"})
    done = check(data, None, None, [].append, {"begin": "Key"})
    assert done[0].looked_at == 2
