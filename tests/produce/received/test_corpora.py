"""Relativity's import samples, and a production of our own, as the receiving party takes them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.store.workspace import Workspace
from tests.conftest import call
from tests.produce.home import Home
from tests.produce.received.volumes import Received

RELATIVITY = "relativity-import/SampleDataSources"
DATS = ["load_file_01", "load_file_02", "load_file_04", "load_file_07_0"]


@pytest.mark.parametrize("name", DATS)
def test_relativity_s_samples_are_taken_without_loss(
    corpora: Path, tmp_path: Path, name: str
) -> None:
    source = corpora / RELATIVITY
    folder = tmp_path / "volume"
    shutil.copytree(source / "VOL01", folder / "VOL01")
    shutil.copy(source / f"{name}.dat", folder)
    made = Received(tmp_path, folder)
    assert made.failing() == []
    rows = [dict(r.fields) for r in DatFile(folder / f"{name}.dat", lambda _: None)]
    first = next(iter(rows[0]))
    assert len(made.find("has:received")) == len(rows)
    for row in rows:
        found = made.find(f'bates:"{row[first]}"')
        assert len(found) == sum(other[first] == row[first] for other in rows)
    # Every value that was sent is kept, whatever became of it.
    kept = [
        one["metadata"]["received"]["fields"] for one in map(made.shown, made.find("has:received"))
    ]
    assert sorted(map(json.dumps, kept)) == sorted(map(json.dumps, rows))


def test_relativity_s_page_files(corpora: Path, tmp_path: Path) -> None:
    made = Received(tmp_path, corpora / RELATIVITY)
    found = made.one("bates:SYM-00011001_0003_REV")
    assert found["page_count"] == 5
    assert found == made.one("bates:SYM-00011001_REV")
    text = corpora / RELATIVITY / "VOL01/IMAGES/IMG001/SYM-00011001_REV.txt"
    assert made.text("bates:SYM-00011001_REV").split() == text.read_text("utf-8-sig").split()
    # Dates that are none are told with their line and kept as they were sent.
    load = next(one for one in made.told["load_files"] if "05.dat" in one["path"])
    assert load["findings"]["date"] == 4
    assert any("13/21/2001" in one[3] for one in load["first_findings"])
    # What Relativity calls dynamic objects names no documents.
    assert made.find("filename:rdo_load_file_01") != []
    assert made.failing() == []


# -- our own ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent(went_out: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """The sample matter with a production, and a second matter that received it."""
    made = went_out
    home = tmp_path_factory.mktemp("sent") / "defence"
    call(home, "matter", "create", "defence")
    told = call(
        home, "ingest", str(made.out / "VOL001"), "--matter", "defence", "--received-from",
        "Acme's counsel", "--workers", "1", "--profile", "fast",
    )  # fmt: skip
    assert "VOL001.dat" in told
    return made, home


def documents(home: Path, matter: str, query: str) -> list[dict[str, Any]]:
    """What a search shows, with every field."""
    found = json.loads(call(home, "search", matter, query, "--json"))["documents"]
    return [
        json.loads(call(home, "doc", "show", matter, one["control_number"], "--json"))
        for one in found
    ]


def test_our_own_production_comes_back(sent: tuple[Home, Path]) -> None:
    made, home = sent
    folder = made.out / "VOL001"
    rows = [dict(r.fields) for r in DatFile(folder / "DATA/VOL001.dat", print)]
    theirs = documents(home, "defence", "has:received")
    by_begin = {one["metadata"]["received"]["bates_begin"]: one for one in theirs}
    assert by_begin.keys() == {row["BegBates"] for row in rows}
    matter = Workspace(home).open("defence")
    for row in rows:
        one = by_begin[row["BegBates"]]
        text = (folder / row["TextLink"].replace("\\", "/")).read_text("utf-8-sig")
        shown = call(home, "doc", "text", "defence", one["control_number"])
        assert shown.split() == text.split()
        assert one["subject"] == row["Subject"] or one["category"] == "mail"
        assert one["page_count"] == int(row["PgCount"]) or row["NativeLink"]
        top = by_begin[row["BegAttach"] or row["BegBates"]]
        assert one["family_number"] == top["control_number"]
        parent = by_begin[row["ParentBates"]]["control_number"] if row["ParentBates"] else None
        assert one["parent_number"] == parent
        for number in (row["BegBates"], row["EndBates"]):
            found = json.loads(call(home, "search", "defence", f"bates:{number}", "--json"))
            assert [d["control_number"] for d in found["documents"]] == [one["control_number"]]
    assert matter.name == "defence"


def test_dates_come_back(sent: tuple[Home, Path]) -> None:
    made, home = sent
    ours = {
        line["bates_begin"]: line["control_number"]
        for line in json.loads(made.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
        if line["bates_begin"] and line["reason"] != "withheld"
    }
    theirs = documents(home, "defence", "has:received AND date:*")
    assert theirs
    for one in theirs:
        begin = one["metadata"]["received"]["bates_begin"]
        own = json.loads(made.run("doc", "show", "acme", ours[begin], "--json"))
        if own["sent_at"]:  # load files have no seconds
            assert one["sent_at"][:16] == own["sent_at"][:16]


def test_the_receiving_matter_verifies(sent: tuple[Home, Path]) -> None:
    _, home = sent
    call(home, "verify", "defence")
    told = list(csv.reader(io.StringIO(call(home, "search", "defence", "bates:*"))))
    assert told


def test_the_command_says_what_a_volume_is(sent: tuple[Home, Path], tmp_path: Path) -> None:
    made, home = sent
    volume = str(made.out / "VOL001")
    call(home, "ingest", volume, "--matter", "defence", expect=2)
    call(home, "ingest", volume, "--matter", "defence", "--custodian", "A", "--received-from", "B",
         expect=2)  # fmt: skip
    (tmp_path / "a.txt").write_text("no volume")
    call(home, "ingest", str(tmp_path), "--matter", "defence", "--received-from", "B", expect=4)
