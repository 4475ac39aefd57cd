"""``ediscovery loadfile``: what it prints, where, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.cli.conftest import Call
from tests.produce.loadfile import volumes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return volumes.make(tmp_path / "VOL001")


def test_read_prints_a_table_or_json_lines(call: Call, tmp_path: Path, data: Path) -> None:
    said = call(tmp_path, "loadfile", "read", data, "--limit", "1")
    assert (said.code, said.err) == (0, "")
    assert "ABC000001" in said.out and "ABC000003.doc" not in said.out
    said = call(tmp_path, "loadfile", "read", data, "--json")
    rows = [orjson.loads(line) for line in said.out.splitlines()]
    assert [row["BegBates"] for row in rows] == ["ABC000001", "ABC000003", "ABC000004"]
    said = call(tmp_path, "loadfile", "read", data.with_suffix(".opt"))
    assert said.out.count("IMAGES\\0001\\") == 6


def test_read_tells_repairs_beside_the_records(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('BegBates,B\nA1,x\n\nA2,"\x1b[31m"red"\nA3\n')
    said = call(tmp_path, "loadfile", "read", tmp_path / "a.csv")
    assert said.code == 0
    assert "Repaired: line 3: An empty line was skipped." in said.err
    assert "line 5: The row has 1 of 2 values" in said.err
    assert "\x1b" not in said.out + said.err


def test_delimiters_are_given_as_characters_or_codes(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"~A1~\x13~x~\n~A2~\x13~y~\n")
    for column in (r"\x13", "0x13", "U+0013", "\x13"):
        said = call(
            tmp_path, "loadfile", "read", tmp_path / "a.txt", "--json", "--column", column,
            "--quote", "~", "--no-header", "--names", "ID, Note",
        )  # fmt: skip
        assert [orjson.loads(line) for line in said.out.splitlines()] == [
            {"ID": "A1", "Note": "x"}, {"ID": "A2", "Note": "y"},
        ]  # fmt: skip
    assert call(tmp_path, "loadfile", "read", tmp_path / "a.txt", "--column", "ab").code == 2


def test_check_finds_volume_and_pages_by_itself(call: Call, tmp_path: Path, data: Path) -> None:
    said = call(tmp_path, "loadfile", "check", data)
    assert (said.code, said.err) == (0, "")
    (tmp_path / "VOL001" / "IMAGES" / "0001" / "ABC000002.tif").unlink()
    said = call(tmp_path, "loadfile", "check", data)
    assert said.code == 5
    assert "Fails: The image 'IMAGES\\\\0001\\\\ABC000002.tif' is missing." in said.err
    shown = call(tmp_path, "loadfile", "check", data, "--json")
    assert shown.code == 5
    assert shown.json["schema"] == "ediscovery/loadfile-check/1"
    failed = {one["name"]: one["failed"] for one in shown.json["checks"]}
    assert failed == {
        "rows": 0, "identifiers": 0, "paths": 1, "first pages": 0, "page counts": 0, "numbers": 0,
        "families": 0,
    }  # fmt: skip


def test_check_fails_when_a_row_was_refused(call: Call, tmp_path: Path, data: Path) -> None:
    with open(data.with_suffix(".opt"), "ab") as file:
        file.write(b"broken\r\n")
    said = call(tmp_path, "loadfile", "check", data, "--json")
    assert said.code == 5
    assert said.json["checks"][0] == {"name": "rows", "looked_at": 3, "failed": 1, "note": ""}


def test_check_fails_where_other_programs_would_not_repair(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("BegBates,B\nA1,x\nA2\n")
    said = call(tmp_path, "loadfile", "check", tmp_path / "a.csv")
    assert said.code == 5
    assert "Repaired: line 3: The row has 1 of 2 values" in said.err


def test_a_page_file_is_checked_alone(call: Call, tmp_path: Path, data: Path) -> None:
    opt = data.with_suffix(".opt")
    assert call(tmp_path, "loadfile", "check", opt).code == 0
    opt.write_bytes(opt.read_bytes().replace(b",Y,,,2", b",Y,,,3"))
    said = call(tmp_path, "loadfile", "check", opt)
    assert said.code == 5
    assert "ABC000001: page count 3 in the page file, but 2 listed." in said.err


def test_convert_says_what_it_replaced(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("BegBates,Title\nA1,Acme® þing\nA2,ok\n", "utf-8")
    out, log = tmp_path / "a.dat", tmp_path / "log"
    said = call(
        tmp_path, "loadfile", "convert", tmp_path / "a.csv", out, "--to", "dat",
        "--to-encoding", "cp1252", "--replaced", log,
    )  # fmt: skip
    assert (said.code, said.out) == (0, "")
    assert "record 1, Title: 1 × '®' by '(R)'" in said.err
    assert out.read_bytes() == (
        b"\xfeBegBates\xfe\x14\xfeTitle\xfe\r\n\xfeA1\xfe\x14\xfeAcme(R) thing\xfe\r\n"
        b"\xfeA2\xfe\x14\xfeok\xfe\r\n"
    )
    assert [orjson.loads(line)["character"] for line in log.read_bytes().splitlines()] == ["®", "þ"]
    said = call(tmp_path, "loadfile", "convert", tmp_path / "a.csv", out, "--to", "dat", "--json")
    assert said.json["replaced"] == {"®": 1, "þ": 1}


def test_convert_tells_when_rows_were_refused(call: Call, tmp_path: Path, data: Path) -> None:
    opt = data.with_suffix(".opt")
    with open(opt, "ab") as file:
        file.write(b"broken\r\n")
    said = call(tmp_path, "loadfile", "convert", opt, tmp_path / "a.lfp", "--to", "lfp")
    assert said.code == 3
    assert (tmp_path / "a.lfp").read_bytes().count(b"\r\n") == 6


@pytest.mark.parametrize(
    "arguments",
    [("check", "FILE", "--role", "first=x"), ("check", "FILE", "--role", "begin"),
     ("check", "FILE", "--role", "begin=Nothing"), ("convert", "FILE", "FILE", "--to", "csv"),
     ("convert", "FILE", "nowhere/out", "--to", "csv"),
     ("convert", "FILE", "VOL001/DATA/VOL001.dat/x", "--to", "csv"),
     ("convert", "FILE", "x", "--to", "opt"),
     ("convert", "FILE", "x", "--to", "dii"), ("read", "VOL001/x.dii"),
     ("read", "FILE", "--encoding", "martian"),
     ("convert", "FILE", "x", "--to", "dat", "--to-encoding", "martian"),
     ("convert", "FILE", "x", "--to", "csv", "--fields", "Nothing"), ("read", "missing.dat")],
)  # fmt: skip
def test_what_can_not_be_done_is_usage(
    call: Call,
    tmp_path: Path,
    data: Path,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "VOL001" / "x.dii").write_text("@T A1\n")
    said = call(tmp_path, "loadfile", *(data if a == "FILE" else a for a in arguments))
    assert said.code == 2, said.err
    assert said.out == "" and "bug" not in said.err
