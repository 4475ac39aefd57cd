"""Overlays: the key and what changed, of the documents that changed, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ediscovery.produce.check_volume import verify
from ediscovery.produce.loadfile.dat_read import DatFile
from tests.produce.home import Home, failing, listed_anew

COPIED = 'subject:"what happened to the certificates" AND bates:*'


def overlay(home: Home, *more: str, expect: int = 0) -> dict[str, Any]:
    text = home.run(
        "produce", "overlay", "acme", "VOL001", "--reason", "later copies", "--out", str(home.out),
        "--json", *more, expect=expect,
    )  # fmt: skip
    return json.loads(text) if text else {}


def late_copy(home: Home, query: str, place: Path) -> str:
    """A copy of the document that a query finds comes in with another custodian; its number."""
    (identity,) = home.find(query)
    place.mkdir()
    home.run("doc", "native", "acme", identity, "--out", str(place / "copy.eml"))
    home.run("ingest", str(place), "--matter", "acme", "--custodian", "Late Comer", "--workers",
             "0", expect=3)  # fmt: skip
    shown = json.loads(home.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
    return str(next(one["bates_begin"] for one in shown if one["control_number"] == identity))


def told(folder: Path) -> list[dict[str, Any]]:
    return [dict(one.fields) for one in DatFile(folder / f"DATA/{folder.name}.dat", print)]


def test_only_what_changed_and_only_once(produced: Home, tmp_path: Path) -> None:
    nothing = overlay(produced)
    assert nothing["volume"] is None and not produced.out.exists()
    bates = late_copy(produced, COPIED, tmp_path / "late")
    made = overlay(produced)
    folder = produced.out / "VOL001-OV01"
    assert (made["documents"], made["columns"]) == (1, ["AllCustodians", "DupFilePath"])
    (row,) = told(folder)
    assert list(row) == ["BegBates", "AllCustodians", "DupFilePath"]
    assert row["BegBates"] == bates
    assert "Late Comer" in str(row["AllCustodians"]) and "late/copy.eml" in str(row["DupFilePath"])
    assert failing(folder) == {} and failing(folder, produced.matter) == {}
    assert overlay(produced)["volume"] is None, "that was said by now"
    letter = tmp_path / "logs"
    produced.run("produce", "log", "acme", "VOL001-OV01", "--out", str(letter))
    text = (letter / "VOL001-OV01-transmittal.txt").read_text()
    assert "Documents: 1" in text and "2. AllCustodians" in text


def test_what_pages_show_changes_by_a_replacement_only(produced: Home) -> None:
    produced.code(COPIED, "confidentiality=attorneys-eyes-only")
    made = overlay(produced)
    assert made["volume"] is None and len(made["to_replace"]) == 1
    produced.code(COPIED, "privilege=privileged")
    made = overlay(produced)
    assert made["volume"] is None and len(made["to_call_back"]) == 1


def test_what_was_called_back_is_in_none(produced: Home, tmp_path: Path) -> None:
    bates = late_copy(produced, COPIED, tmp_path / "late")
    produced.run("produce", "clawback", "acme", bates, "--reason", "x", "--basis", "work-product",
                 "--out", str(produced.out), "--workers", "0")  # fmt: skip
    assert overlay(produced)["volume"] is None


def test_what_was_said_is_read_from_what_was_written(
    produced: Home, first: Path, tmp_path: Path
) -> None:
    late_copy(produced, COPIED, tmp_path / "late")
    kept = tmp_path / "kept"
    dat = first / "DATA/VOL001.dat"
    shutil.copy(dat, kept)
    try:
        dat.write_bytes(kept.read_bytes() + b"more")
        overlay(produced, expect=5)
        dat.unlink()
        overlay(produced, expect=2)
    finally:
        shutil.copy(kept, dat)
    assert overlay(produced)["documents"] == 1


@pytest.mark.parametrize("line", ["last", "key"])
def test_damage_is_found_from_the_folder_alone(produced: Home, tmp_path: Path, line: str) -> None:
    late_copy(produced, COPIED, tmp_path / "late")
    overlay(produced)
    folder = produced.out / "VOL001-OV01"
    dat = folder / "DATA/VOL001-OV01.dat"
    rows = dat.read_bytes().split(b"\r\n")
    if line == "last":
        dat.write_bytes(rows[0] + b"\r\n")
    else:
        dat.write_bytes(dat.read_bytes().replace(b"ACME000000", b"ACME000009"))
    listed_anew(folder)
    assert "supplement" in [check.name for check in verify(folder) if not check.holds]
