"""Every limit of a profile holds: one file that goes beyond it, and the state that it gets."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from ediscovery.engine.unit import UnitReader
from ediscovery.engine.work import Source, Unit
from ediscovery.model.items import COLUMNS
from ediscovery.model.profile import GIB, MIB, Limits, Profile, load, names
from ediscovery.store.packs import PackWriter
from tests.engine.matters import QUICK, archive, mail
from tests.extract.office.packages import book
from tests.extract.pdf_making import pages
from tests.hostile.test_archive import zipped
from tests.hostile.test_image import png


def nested(levels: int) -> bytes:
    data = b"the last one"
    for n in range(levels):
        data = archive({f"{n}.zip" if n else "last.txt": data})
    return data


def locked() -> bytes:
    file = io.BytesIO()
    with pyzipper.AESZipFile(file, "w", encryption=pyzipper.WZ_AES) as made:
        made.setpassword(b"right")
        made.writestr("a.txt", b"text")
    return file.getvalue()


def mailbox(count: int) -> bytes:
    one = b"From jane@acme.example Fri May  4 11:22:33 2001\n"
    return b"".join(one + mail(n, "body").replace(b"\r\n", b"\n") + b"\n" for n in range(count))


@dataclass(frozen=True)
class Case:
    """Settings under which the file ``name`` with ``data`` must have an item in ``state``."""

    limits: dict[str, Any]
    name: str
    data: bytes
    state: str
    says: str = ""

    def met_by(self, row: dict[str, Any]) -> bool:
        """Whether an item has the state, and a message that says why."""
        return row["state"] == self.state and bool(row["message"]) and self.says in row["message"]


TEXT = b"words and more words " * 50
MANY = {f"{n}.txt": b"%d" % n for n in range(9)}
SPREAD = zipped({f"{n}.txt": TEXT * 2000 for n in range(9)})  # 2 MB each
CASES: dict[str, Case] = {
    "item_bytes": Case({"item_bytes": 500}, "a.txt", TEXT, "limit:item"),
    "text_bytes": Case({"text_bytes": 500}, "a.txt", TEXT, "limit:text"),
    "depth": Case({"depth": 3}, "a.zip", nested(6), "limit:depth"),
    "members": Case({"members": 5}, "a.zip", archive(MANY), "limit:members"),
    "messages": Case({"messages": 5}, "a.mbox", mailbox(9), "limit:messages"),
    "parts": Case({"parts": 5}, "a.eml", mail(1, "x", MANY), "limit:parts"),
    "header_bytes": Case(
        {"header_bytes": 300},
        "a.eml",
        b"X-Long: " + b"x" * 999 + b"\r\n" + mail(1, "x"),
        "limit:header",
    ),
    "headers_bytes": Case(
        {"headers_bytes": 300}, "a.eml", b"X-Some: thing\r\n" * 99 + mail(1, "x"), "limit:header"
    ),
    "expansion_bytes": Case(
        {"expansion_bytes": 5 * MIB, "expansion_ratio": 1}, "a.zip", SPREAD, "limit:expansion"
    ),
    "expansion_ratio": Case(
        {"expansion_bytes": 1, "expansion_ratio": 20}, "a.zip", SPREAD, "limit:expansion"
    ),
    "layer_ratio": Case({"layer_ratio": 10}, "a.zip", SPREAD, "limit:ratio", "10 times"),
    "page_pixels": Case({"page_pixels": 500}, "a.pdf", pages("words"), "warnings", "larger than"),
    "image_pixels": Case({"image_pixels": 99}, "a.png", png(10, 10), "limit:pixels"),
    "pages": Case({"pages": 2}, "a.pdf", pages("one", "two", "three"), "limit:pages"),
    "cells": Case(
        {"cells": 5},
        "a.xlsx",
        book({"One": f"<sheetData><row>{'<c><v>1</v></c>' * 9}</row></sheetData>"}),
        "limit:cells",
    ),
    "password_seconds": Case({"password_seconds": 0.0}, "a.zip", locked(), "encrypted", "time"),
}


def read(tmp_path: Path, case: Case) -> list[dict[str, Any]]:
    profile = replace(QUICK, tika="off", limits=replace(Limits(), **case.limits))
    source = tmp_path / case.name
    source.write_bytes(case.data)
    with open(tmp_path / "pack", "w+b") as out:
        reader = UnitReader(
            Unit(1, "u", "files", [Source(bytes(source), "a0", case.name)]), profile,
            tuple(f"wrong{n}" for n in range(9)), tmp_path, PackWriter(out), "pack",
            lambda *_: None, {},
        )  # fmt: skip
        assert list(reader.read(0)) == [1]
        return [dict(zip(COLUMNS, row, strict=True)) for row in reader.rows]


@pytest.mark.parametrize("limit", CASES)
def test_a_limit_holds(limit: str, tmp_path: Path) -> None:
    case = CASES[limit]
    found = read(tmp_path, case)
    assert any(case.met_by(row) for row in found), found
    assert not any(case.met_by(row) for row in read(tmp_path, replace(case, limits={})))
    # What was seen is counted: the items below each are those that it says it has.
    for row in found:
        below = sum(other["parent"] == row["position"] for other in found)
        assert below == (row["actual_children"] or 0)


# Shown by test_sandbox.test_limits_stop_one_file and test_image.test_case_57: they end a process.
ELSEWHERE = {"wall_seconds", "cpu_seconds", "memory_bytes", "ocr_page_seconds"}


def test_every_limit_is_tested() -> None:
    assert {f.name for f in fields(Limits)} == {*CASES, *ELSEWHERE}


def test_the_defaults() -> None:
    """As the manual states them; to change one is a decision."""
    assert asdict(Profile().limits) == {
        "wall_seconds": 300.0, "cpu_seconds": 120.0, "memory_bytes": 2 * GIB,
        "item_bytes": 4 * GIB, "text_bytes": 100 * MIB, "depth": 50, "members": 100_000,
        "messages": 1_000_000, "parts": 10_000, "header_bytes": 256 << 10,
        "headers_bytes": 10 * MIB, "expansion_bytes": 2 * GIB, "expansion_ratio": 200,
        "layer_ratio": 1032, "page_pixels": 10_000, "image_pixels": 89_478_485, "pages": 20_000,
        "cells": 20_000_000, "password_seconds": 10.0, "ocr_page_seconds": 60.0,
    }  # fmt: skip


@pytest.mark.parametrize("name", names())
def test_shipped_profiles_loosen_no_limit(name: str) -> None:
    assert load(name).limits == Limits()
