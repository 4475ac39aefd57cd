"""Volumes that are broken, wrong or made to do harm: nothing leaves the volume, nothing is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.engine import pipeline
from ediscovery.model.errors import Refused
from ediscovery.produce.loadfile.paths import Outside
from ediscovery.produce.received import join as joining
from ediscovery.produce.received.manifest import Manifest, Named
from ediscovery.produce.received.recognise import near
from ediscovery.store import reports
from ediscovery.store.tables import received_records
from tests.engine import matters
from tests.produce.received.volumes import PARTY, Received, tiff, volume

SECRET = b"the secret of the other matter"


def accounted(made: Received) -> bool:
    """Whether the matter verifies and every file of the manifest has one end."""
    sums = reports.processing(made.matter)["collections"][0]["reconciliation"]
    return made.failing() == [] and sums["difference"] == 0


@pytest.mark.parametrize(
    "path",
    [
        r"..\outside.txt", "../outside.txt", r"NATIVES\..\..\outside.txt", "{outside}",
        r"\\server\share\outside.txt", r"C:\outside.txt", "link.txt", r"linked\outside.txt",
        ".. \\outside.txt", "NATIVES/./.. /../outside.txt",
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["NativeLink", "TextLink", "opt"])
def test_nothing_is_taken_from_outside(tmp_path: Path, path: str, column: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(SECRET)
    path = path.replace("{outside}", str(outside))
    rows = [{"BegBates": "A1"} | ({} if column == "opt" else {column: path})]
    opt = [f"A1,V,{path},Y,,,1"] if column == "opt" else []
    folder = volume(tmp_path, {"NATIVES/a.txt": b"inside"}, rows, opt)
    (folder / "link.txt").symlink_to(outside)
    (folder / "linked").symlink_to(tmp_path)
    made = Received(tmp_path, folder)
    assert made.find("secret") == []
    found = made.one("bates:A1")
    assert found["state"] == "unreadable"
    assert "not opened" in found["message"] or "could not be read" in found["message"] or (
        "not in the volume" in found["message"]
    )  # fmt: skip
    assert accounted(made)


def test_missing_files_are_exceptions_of_their_records(tmp_path: Path) -> None:
    rows = [
        {"BegBates": "A1", "NativeLink": r"NATIVES\A1.doc", "TextLink": r"TEXT\A1.txt"},
        {"BegBates": "A2", "EndBates": "A3", "Subject": "all pages but one"},
        {"BegBates": "A4", "Subject": "nothing but fields"},
    ]
    opt = [r"A2,V,IMAGES\A2.tif,Y,,,2", r"A3,V,IMAGES\A3.tif,,,,"]
    files = {"TEXT/A1.txt": b"what it said", "IMAGES/A2.tif": tiff()}
    made = Received(tmp_path, volume(tmp_path, files, rows, opt))
    first = made.one("bates:A1")
    assert first["state"] == "warnings"
    assert "'NATIVES\\\\A1.doc' is not in the volume" in first["message"]
    assert made.text("bates:A1") == "what it said"
    second = made.one("bates:A3")
    assert second["state"] == "warnings"
    assert "A3.tif" in second["message"]
    assert made.one("bates:A4")["state"] == "empty"
    assert made.find('subject:"nothing but fields"') == made.find("bates:A4")
    listed = {one["control_number"]: one for one in reports.exceptions(made.matter)}
    assert {first["control_number"], second["control_number"]} <= listed.keys()
    assert made.findings["missing"] == 2
    assert made.told["records_with_problems"] == 2
    assert accounted(made)


def test_a_ragged_dat_is_repaired_with_its_lines(tmp_path: Path) -> None:
    folder = volume(tmp_path, {"N/1.txt": b"one", "N/2.txt": b"two", "N/3.txt": b"three"})
    (folder / "DATA" / "VOL001.dat").write_bytes(
        "þBegBatesþ\x14þSubjectþ\x14þNativeLinkþ\r\n"
        "þR1þ\x14þfirstþ\x14þN\\1.txtþ\r\n"
        "þR2þ\x14þshortþ\r\n"
        "\r\n"
        "þR3þ\x14þthirdþ\x14þN\\3.txtþ\x14þtoo muchþ\r\n".encode("cp1252")
    )
    made = Received(tmp_path, folder)
    assert len(made.find("bates:*")) == 3
    assert made.findings == {"blank-line": 1, "ragged": 2}
    (load,) = made.told["load_files"]
    assert [line for line, _, kind, _, _ in load["first_findings"] if kind == "ragged"] == [3, 5]
    (row,) = [r for r in matters.rows(made.matter) if r.path.endswith(".dat")]
    assert row.state == "warnings"
    assert "Line 3: " in row.message
    assert made.one("bates:R3")["metadata"]["received"]["fields"]["Field 4"] == "too much"
    assert made.told["unnamed_files"] == 1, "the native of the short row"
    assert accounted(made)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8", "utf-8-sig"])
def test_any_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    folder = volume(tmp_path, {"N/Größe.txt": b"one"})
    text = "þBegBatesþ\x14þSubjectþ\x14þNativeLinkþ\r\nþE1þ\x14þGrößeþ\x14þN\\Größe.txtþ\r\n"
    (folder / "DATA" / "VOL001.dat").write_bytes(text.encode(encoding))
    made = Received(tmp_path, folder)
    assert made.find("subject:größe") == made.find("bates:E1") != []
    assert made.text("bates:E1") == "one"


def test_a_wrong_encoding_is_told(tmp_path: Path) -> None:
    folder = volume(tmp_path, {})
    (folder / "DATA" / "VOL001.dat").write_bytes(
        b"\xef\xbb\xbf" + "þBegBatesþ\x14þSubjectþ\r\nþE1þ\x14þGr".encode() + b"\xf6\xdfe"
        + "þ\r\n".encode()
    )  # fmt: skip
    made = Received(tmp_path, folder)
    assert made.findings["encoding"] == 1
    assert made.find("subject:größe") == made.find("bates:E1") != []


def test_numbers_used_twice_are_two_documents(tmp_path: Path) -> None:
    rows = [
        {"BegBates": "D1", "NativeLink": "N/1.txt"},
        {"BegBates": "d1", "NativeLink": "N/2.txt"},
        {"BegBates": "", "NativeLink": "N/1.txt"},
    ]
    made = Received(tmp_path, volume(tmp_path, {"N/1.txt": b"one", "N/2.txt": b"two"}, rows))
    assert len(made.find("bates:D1")) == 2
    assert made.findings["doubled"] == 1
    assert len(made.find('"one"')) == 2, "one file may be two documents"
    assert sum("used twice" in row.message for row in matters.rows(made.matter)) == 2
    assert accounted(made)


def test_absurd_ranges_are_two_numbers(tmp_path: Path) -> None:
    rows = [
        {"BegBates": "A1", "EndBates": "A999999999999"},
        {"BegBates": "B9", "EndBates": "B1"},
        {"BegBates": "C" + "9" * 400, "EndBates": "²"},
        {"BegBates": "D-1.001", "EndBates": "D-1.003"},
    ]
    made = Received(tmp_path, volume(tmp_path, {}, rows))
    assert made.find("bates:A1") == made.find("bates:A999999999999")
    assert made.find("bates:A2") == []
    assert made.find("bates:B1") == made.find("bates:B9") != []
    assert made.find("bates:D-1.002") == made.find("bates:D-1.001") != []


def test_families_that_lead_nowhere(tmp_path: Path) -> None:
    rows = [
        {"BegBates": "F1", "BegAttach": "F2"},
        {"BegBates": "F2", "BegAttach": "F1"},
        {"BegBates": "F3", "ParentBates": "F3"},
        {"BegBates": "F4", "ParentBates": "X9"},
        {"BegBates": "F5", "ParentBates": "F6"},
        {"BegBates": "F6"},
        {"BegBates": "F7", "ParentBates": "F5"},
    ]
    made = Received(tmp_path, volume(tmp_path, {}, rows))
    family = {n: made.one(f"bates:F{n}")["family_number"] for n in range(1, 8)}
    assert len(set(family.values())) == 5
    assert family[5] == family[6] == family[7] == made.one("bates:F6")["control_number"]
    assert made.one("bates:F7")["parent_number"] == made.one("bates:F5")["control_number"]
    assert made.findings["families"] == 1
    assert accounted(made)


def test_a_load_file_is_no_document(tmp_path: Path) -> None:
    rows = [{"BegBates": "L1", "NativeLink": r"DATA\VOL001.dat"}]
    made = Received(tmp_path, volume(tmp_path, {}, rows))
    assert "names a load file" in made.one("bates:L1")["message"]
    assert accounted(made)


def test_images_that_are_none(tmp_path: Path) -> None:
    files = {"I/1.tif": b"no image at all", "I/2.tif": tiff(), "I/3.tif": b"", "I/4.tif": bomb()}
    opt = [f"{n},V,I\\{n}.tif,{'Y' if n == 1 else ''},,,{4 if n == 1 else ''}" for n in range(1, 5)]
    made = Received(tmp_path, volume(tmp_path, files, opt=opt))
    found = made.one("bates:3")
    assert found["state"] == "warnings"
    assert all(f"{n}.tif' can't be shown" in found["message"] for n in (1, 3, 4))
    assert found["page_count"] == 1
    assert accounted(made)


def bomb() -> bytes:
    """A TIFF of a few bytes that says it has a million times a million pixels."""
    data = bytearray(tiff())
    at = int.from_bytes(data[4:8], "little")
    for entry in range(int.from_bytes(data[at : at + 2], "little")):
        field = at + 2 + 12 * entry
        if int.from_bytes(data[field : field + 2], "little") in (256, 257):
            data[field + 2 : field + 4] = (4).to_bytes(2, "little")
            data[field + 8 : field + 12] = (1_000_000).to_bytes(4, "little")
    return bytes(data)


def test_rows_that_can_not_be_read_are_counted(tmp_path: Path) -> None:
    folder = volume(tmp_path, {"I/1.tif": tiff()}, opt=[r"P1,V,I\1.tif,Y,,,1"])
    with open(folder / "DATA" / "VOL001.opt", "ab") as file:
        file.write(b"P2\r\n" + b"P3,V," + b"x" * 70_000 + b",Y,,,1\r\n")
    made = Received(tmp_path, folder)
    (load,) = made.told["load_files"]
    assert (load["records"], load["lost_rows"]) == (1, 2)
    (row,) = [r for r in matters.rows(made.matter) if r.path.endswith(".opt")]
    assert (row.expected_children, row.actual_children, row.state) == (3, 1, "warnings")
    assert accounted(made)


def test_two_load_files_of_one_volume(tmp_path: Path) -> None:
    rows = [{"BegBates": "T1", "Subject": "as the DAT says", "NativeLink": "N/1.txt"}]
    folder = volume(tmp_path, {"N/1.txt": b"one"}, rows)
    (folder / "DATA" / "VOL001.csv").write_text(
        '"BegBates","Subject","NativeLink"\n"T1","as the CSV says","N/1.txt"\n"T2","more",""\n'
    )
    made = Received(tmp_path, folder)
    assert len(made.find("bates:T1")) == 1
    fields = made.one("bates:T1")["metadata"]["received"]["fields"]
    assert fields["Subject"] == "as the DAT says"
    assert fields["Subject (VOL001.csv, line 2)"] == "as the CSV says"
    assert made.find("bates:T2") != []
    assert accounted(made)


def test_a_load_file_that_changed_since_custody_is_refused(tmp_path: Path) -> None:
    folder = volume(tmp_path, {}, [{"BegBates": "A1", "Subject": "as it was"}])
    made = Received(tmp_path)

    def changed(matter: matters.Matter, collection: int) -> None:
        with open(folder / "DATA" / "VOL001.dat", "ab") as file:
            file.write(b"more")
        joining.join(matter, collection)

    with pytest.raises(Refused, match="no longer what was taken into custody"):
        matters.ingest(made.matter, folder, custodian=PARTY, join=changed)


@pytest.mark.parametrize("after", ["custody", "join", "read"])
def test_stopped_anywhere_the_same_call_goes_on(
    tmp_path: Path, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"N/{n}.txt": f"text {n}".encode() for n in range(5)}
    rows = [{"BegBates": f"K{n}", "NativeLink": f"N/{n}.txt"} for n in range(5)]
    folder = volume(tmp_path, files, rows)
    whole = Received(tmp_path / "whole", folder)
    made = Received(tmp_path / "stopped")
    place = {
        "custody": (pipeline.run, "job"),
        "join": (pipeline.read, "plan"),
        "read": (pipeline.settle, "settle"),
    }[after]

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def join(matter: matters.Matter, collection: int) -> None:
        if after == "custody":
            stop()
        joining.join(matter, collection)

    with monkeypatch.context() as patched:
        if after != "custody":
            patched.setattr(*place, stop)
        with pytest.raises(KeyboardInterrupt):
            matters.ingest(made.matter, folder, custodian=PARTY, join=join)
    assert made.take(folder) == 1
    assert matters.dump(made.matter)["item"] == matters.dump(whole.matter)["item"]
    with made.matter.reader.connect() as connection:
        assert len(connection.execute(received_records.select()).all()) == 5
    assert made.failing() == []


def test_what_was_begun_otherwise_is_not_mixed_up(tmp_path: Path) -> None:
    folder = volume(tmp_path, {}, [{"BegBates": "A1"}])
    made = Received(tmp_path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        matters.ingest(made.matter, folder, custodian=PARTY, join=stop)
    with pytest.raises(Refused, match="as a received production"):
        matters.ingest(made.matter, folder, custodian=PARTY)


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    rows = [{"BegBates": "A1", "NativeLink": "N/1.txt"}]
    folder = volume(tmp_path, {"N/1.txt": b"one"}, rows)
    shutil.rmtree(folder / "N")
    os.makedirs(folder / "N")
    os.mkfifo(folder / "N" / "1.txt")
    made = Received(tmp_path, folder)
    assert made.one("bates:A1")["state"] == "unreadable"
    assert accounted(made)


def test_looking_for_load_files_waits_for_no_pipe_and_follows_no_link(tmp_path: Path) -> None:
    folder = volume(tmp_path, {}, [{"BegBates": "A1"}])
    assert [path.name for path in near([folder])] == ["VOL001.dat"]
    other = tmp_path / "other"
    other.mkdir()
    os.mkfifo(other / "a.dat")
    (other / "b.dat").symlink_to(folder / "DATA" / "VOL001.dat")
    (other / "DATA").symlink_to(folder / "DATA")
    assert list(near([other])) == []


def test_load_files_keep_their_times_of_access(tmp_path: Path) -> None:
    folder = volume(tmp_path, {"README.txt": b"looked at, too"}, [{"BegBates": "A1"}])
    files = [folder / "README.txt", folder / "DATA" / "VOL001.dat"]
    before = [path.stat().st_atime_ns for path in files]
    joining.refuse_without([folder])
    Received(tmp_path, folder)
    assert [path.stat().st_atime_ns for path in files] == before


# -- paths -----------------------------------------------------------------------------------------

NAMES = st.lists(st.text("aB.\\/ \0ß~:", min_size=1, max_size=6), min_size=1, max_size=4)


@given(names=NAMES, slash=st.sampled_from("\\/"))
def test_a_path_leads_to_a_file_of_the_manifest_or_nowhere(names: list[str], slash: str) -> None:
    import sqlite3

    database = sqlite3.connect("", isolation_level=None)
    files = [Named(n, shown, 1, "ok") for n, shown in enumerate(("V/DATA/V.dat", "V/a/B", "V/ß"))]
    manifest = Manifest(database, files)
    try:
        found = manifest.find("V/DATA/V.dat", slash.join(names))
    except Outside:
        return
    finally:
        database.close()
    assert found is None or found in files


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (r"NATIVES\a.doc", "VOL1/NATIVES/a.doc"),
        (r"natives/A.DOC", "VOL1/NATIVES/a.doc"),
        (r".\VOL1\NATIVES\a.doc", "VOL1/NATIVES/a.doc"),
        (r"vol1\natives\a.doc", "VOL1/NATIVES/a.doc"),
        ("a.doc", None),
        ("V.dat", "VOL1/DATA/V.dat"),
    ],
)
def test_paths_are_found_as_windows_would(path: str, shown: str | None) -> None:
    import sqlite3

    database = sqlite3.connect("", isolation_level=None)
    names = ("VOL1/DATA/V.dat", "VOL1/NATIVES/a.doc")
    manifest = Manifest(database, [Named(n, name, 1, "ok") for n, name in enumerate(names)])
    found = manifest.find("VOL1/DATA/V.dat", path)
    assert (found.shown if found else None) == shown
