"""A production of the sample matter, from coding to a sealed volume, and all that must fail."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.produce import gate, ledger
from ediscovery.produce import run as runs
from ediscovery.produce import specification as specifications
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.volume import digests_of
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store import audit, lookup
from ediscovery.store.workspace import Matter
from tests.produce.home import SECRET, Home, another, failing, listed_anew
from tests.produce.making import bytes_of


@pytest.fixture(scope="module")
def base(went_out: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the matter after VOL001, with the folder of that volume."""
    place = tmp_path_factory.mktemp("production")
    return Home(another(went_out.home, place).home, went_out.out)


@pytest.fixture
def volume(base: Home, tmp_path: Path) -> Path:
    """A copy of VOL001 to be broken."""
    return Path(shutil.copytree(base.out / "VOL001", tmp_path / "VOL001"))


def rows(folder: Path) -> list[dict[str, Any]]:
    """The documents as the DAT tells of them."""
    return [dict(record.fields) for record in DatFile(folder / "DATA/VOL001.dat", print)]


# -- what a volume holds ---------------------------------------------------------------------------


def test_the_volume_verifies(base: Home) -> None:
    folder = base.out / "VOL001"
    assert failing(folder, base.matter) == {}
    base.run("produce", "verify", str(folder))
    assert not list(base.out.glob(".*")), "the draft is gone"


def test_withheld_documents_stay_here(base: Home) -> None:
    lines = json.loads(base.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
    alone = [line for line in lines if line["kind"] == "withheld"]
    sheets = [line for line in lines if line["reason"] == "withheld" and line["bates_begin"]]
    assert alone, "a privileged mail without a family is not in the volume"
    assert all(line["bates_begin"] is None and line["pages"] == 0 for line in alone)
    assert sheets, "a privileged attachment has a slip sheet"
    told = {row["BegBates"]: row for row in rows(base.out / "VOL001")}
    for sheet in sheets:
        row = told[sheet["bates_begin"]]
        assert row["Withheld"] == "Yes"
        assert not row["FileName"] and not row["NativeLink"] and not row["SHA256Hash"]
        text = (base.out / "VOL001" / row["TextLink"].replace("\\", "/")).read_text()
        assert "withheld" in text.casefold()


def test_redacted_words_are_nowhere(base: Home) -> None:
    lines = json.loads(base.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
    redacted = [line for line in lines if line["redacted"]]
    assert redacted
    matter = base.matter
    for line in redacted:
        assert SECRET in lookup.text(matter, matter.number(line["control_number"])).casefold()
        text = (base.out / "VOL001/TEXT/0001" / f"{line['bates_begin']}.txt").read_text()
        assert SECRET not in text.casefold()
        assert "examination" in text.casefold(), "what is not covered is still there"
    told = {row["BegBates"]: row for row in rows(base.out / "VOL001")}
    assert all(told[line["bates_begin"]]["Redacted"] == "Yes" for line in redacted)


def test_numbers_are_searched_and_shown(base: Home) -> None:
    first = rows(base.out / "VOL001")[0]["BegBates"]
    (number,) = base.find(f"bates:{first}")
    assert first in base.run("doc", "show", "acme", number)
    assert base.find("bates:*") == sorted(
        line["control_number"]
        for line in json.loads(base.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
        if line["bates_begin"]
    )


def test_the_same_bytes_with_other_workers(base: Home, coded: Path, tmp_path: Path) -> None:
    again = another(coded, tmp_path)
    again.produce("VOL001", "--workers", "2")
    one, other = base.out / "VOL001", again.out / "VOL001"
    assert dict(digests_of(one)) == dict(digests_of(other))
    assert (one / "MANIFEST.csv").read_bytes() == (other / "MANIFEST.csv").read_bytes()


@pytest.mark.parametrize(
    "name", ["production-sec", "production-doj-antitrust", "production-ftc", "production-pdf"]
)
def test_every_kind_of_production_verifies(coded: Path, name: str, tmp_path: Path) -> None:
    home = another(coded, tmp_path)
    folder = _produced(home.matter, name, home.out, "VOL001")
    assert failing(folder, home.matter) == {}
    if name == "production-pdf":
        _text_left_under_a_box(folder, home)
        found = failing(folder, home.matter)
        assert any("holds a redacted text" in one for one in found["redacted words"])
        # The receiver knows of no redacted word, and sees it, too.
        assert any("has text under a box on page 1" in one for one in failing(folder)["images"])


def test_what_was_produced_goes_out_again_when_somebody_else_releases_it(
    coded: Path, tmp_path: Path
) -> None:
    home = another(coded, tmp_path)
    _produced(home.matter, "production-sec", home.out, "VOL001")
    override = runs.Override(("produced-before",), "another receiver", "Someone Else")
    _produced(home.matter, "production-sec", home.out, "VOL002", override)
    with home.matter.reader.connect() as connection:
        log = json.dumps(list(audit.entries(connection)))
    assert "gate overridden" in log and "Someone Else" in log


def _produced(
    matter: Matter, name: str, out: Path, volume: str, override: runs.Override | None = None
) -> Path:
    """All that is coded responsive, produced in this process."""
    with index_of(matter).open() as target:
        found = target.matching(parse("coding:responsive=yes", matter.zone).tree).tolist()
    pool = SerialPool()
    with matter.locked():
        made = runs.run(
            matter, specifications.load(name), found, volume, out, pool, Silent(),
            override=override,
        )  # fmt: skip
    pool.close()
    return made.volumes[0].folder


def _text_left_under_a_box(folder: Path, home: Home) -> None:
    with home.matter.reader.connect() as connection:
        every = ledger.lines(connection, ledger.production(home.matter, folder.name).id)
    first = next(line.bates_begin for line in every if line.redacted)
    (path,) = folder.glob(f"IMAGES/*/{first}.pdf")
    with pymupdf.open(path) as document:
        document[0].insert_text(_in_a_box(document[0]), SECRET, fontsize=4, render_mode=3)
        data = document.tobytes()
    path.write_bytes(data)
    listed_anew(folder)


def _in_a_box(page: Any) -> tuple[float, float]:
    """The place of a short line of small text on something black, beside its label."""
    shot = page.get_pixmap(dpi=72, colorspace=pymupdf.csGRAY)
    for y in range(8, shot.height):
        for x in range(shot.width - 30):
            if all(
                shot.pixel(right, row)[0] < 32
                for right in range(x, x + 30)
                for row in range(y - 7, y + 1)
            ):
                return x + 1.0, y - 2.0
    raise AssertionError("no box")


# -- what must fail --------------------------------------------------------------------------------


def _page_removed(folder: Path, _: Home) -> None:
    next(folder.glob("IMAGES/*/*")).unlink()


def _byte_changed(folder: Path, _: Home) -> None:
    path = next(folder.glob("TEXT/*/*.txt"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _image_broken(folder: Path, _: Home) -> None:
    path = next(folder.glob("IMAGES/*/*.tif"))
    path.write_bytes(path.read_bytes()[:200])
    listed_anew(folder)


def _privileged_native(folder: Path, home: Home) -> None:
    matter = home.matter
    number = matter.number(home.find("coding:privilege=privileged AND type:mail")[0])
    (folder / "NATIVES/0001").mkdir(parents=True, exist_ok=True)
    (folder / "NATIVES/0001/ACME0000001.eml").write_bytes(lookup.native(matter, number)[1])
    listed_anew(folder)


def _number_doubled(folder: Path, _: Home) -> None:
    dat = folder / "DATA/VOL001.dat"
    lines = dat.read_bytes().split(b"\r\n")
    dat.write_bytes(b"\r\n".join([*lines[:2], *lines[1:]]))
    listed_anew(folder)


def _words_left(folder: Path, home: Home) -> None:
    line = next(
        line
        for line in json.loads(home.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
        if line["redacted"]
    )
    path = folder / "TEXT/0001" / f"{line['bates_begin']}.txt"
    path.write_text(path.read_text() + f"\n{SECRET}\n")
    listed_anew(folder)


def _file_added(folder: Path, _: Home) -> None:
    (folder / "TEXT/0001/notes.txt").write_text("ours")


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (_page_removed, ["manifest", "paths"]),
        (_byte_changed, ["manifest"]),
        (_image_broken, ["images"]),
        (_privileged_native, ["unnamed files", "withheld"]),
        (_number_doubled, ["identifiers", "numbers"]),
        (_words_left, ["redacted words"]),
        (_file_added, ["manifest", "unnamed files"]),
    ],
)
def test_a_broken_volume_fails(
    base: Home, volume: Path, harm: Callable[[Path, Home], None], named: list[str]
) -> None:
    harm(volume, base)
    assert set(named) <= failing(volume, base.matter).keys()
    base.run("produce", "verify", str(volume), "--matter", "acme", expect=5)


def test_a_written_volume_is_never_changed(base: Home) -> None:
    before = bytes_of(base.out / "VOL001")
    base.produce("VOL001", "--workers", "0", expect=4)
    assert bytes_of(base.out / "VOL001") == before


def test_what_went_out_is_stopped_without_a_second_person(base: Home) -> None:
    plan = json.loads(
        base.run("produce", "plan", "acme", "--query", "coding:responsive=yes", "--json",
                 "--workers", "0", expect=4)
    )  # fmt: skip
    found = {one["code"]: one for one in plan["findings"]}
    assert found["produced-before"]["reaction"] == "block"
    assert found["produced-before"]["documents"]
    base.produce("VOL009", "--workers", "0", "--override", "produced-before", "--reason", "x",
                 expect=2)  # fmt: skip


# -- logs, seal, conservation ----------------------------------------------------------------------


def test_logs_and_letter(base: Home, tmp_path: Path) -> None:
    base.run("produce", "log", "acme", "VOL001", "--out", str(tmp_path))
    told = rows(base.out / "VOL001")
    with open(tmp_path / "VOL001-cross-reference.csv", encoding="utf-8-sig", newline="") as file:
        assert [row["BegBates"] for row in csv.DictReader(file)] == [r["BegBates"] for r in told]
    letter = (tmp_path / "VOL001-transmittal.txt").read_text()
    assert f"Bates numbers: {told[0]['BegBates']} to {told[-1]['EndBates']}" in letter
    assert (tmp_path / "VOL001-production-log.xlsx").stat().st_size
    assert (tmp_path / "VOL001-production-log.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("form", ["traditional", "metadata-only", "metadata-plus-topic"])
def test_the_privilege_log_holds_all_that_was_withheld_or_redacted(
    base: Home, form: str, tmp_path: Path
) -> None:
    out = tmp_path / "log.csv"
    made = json.loads(
        base.run("privilege-log", "acme", "--form", form, "--attorney", "lawfirm.example",
                 "--out", str(out), "--json")
    )  # fmt: skip
    assert len(made["entries"]) == made["withheld"] + made["redacted"]
    logged = {entry["ControlNumber"] for entry in made["entries"]}
    lines = json.loads(base.run("produce", "show", "acme", "VOL001", "--json"))["documents"]
    assert logged == {
        line["control_number"] for line in lines if line["reason"] == "withheld" or line["redacted"]
    }
    assert any("*" in f"{entry['Author']}{entry['To']}" for entry in made["entries"])
    assert SECRET not in out.read_text(encoding="utf-8-sig").casefold()


def test_the_categorical_log_counts_what_it_groups(base: Home, tmp_path: Path) -> None:
    home = Home(another(base.home, tmp_path).home, base.out)
    whole = json.loads(home.run("privilege-log", "acme", "--form", "metadata-plus-topic", "--json"))
    people = [entry["Author"] for entry in whole["entries"] if entry["Author"]]
    screen = tmp_path / "screen.yaml"
    name = people[0].partition(" <")[0].strip('"')
    screen.write_text(f'title: Counsel\nmark: Esq.\nattorneys: ["{name}"]\n')
    home.run("privilege-screen", "set", "acme", str(screen))
    out = tmp_path / "log.pdf"
    made = json.loads(
        home.run("privilege-log", "acme", "--form", "categorical", "--out", str(out), "--json")
    )
    entries = made["entries"]
    assert sum(one["Documents"] for one in entries) == made["withheld"] + made["redacted"]
    assert len(entries) < sum(one["Documents"] for one in entries)
    assert any(one["Basis"] == "attorney-client" and one["Topic"] == "options" for one in entries)
    assert any(f"{people[0]}, Esq. (" in one["Authors"] for one in entries)
    logged = [name for one in entries for name in one["ControlNumbers"].split("; ")]
    assert sorted(logged) == sorted(one["ControlNumber"] for one in whole["entries"])
    assert out.read_bytes().startswith(b"%PDF")


def test_the_protocol_says_what_is_not_logged(base: Home, tmp_path: Path) -> None:
    home = Home(another(base.home, tmp_path).home, base.out)
    protocol = tmp_path / "protocol.yaml"
    protocol.write_text(
        "title: P\nconsents: [{party: A, name: B, date: '2024-01-02'}]\n"
        "privilege_log: {form: traditional, redacted_logged: false}\n"
    )
    home.run("protocol", "set", "acme", str(protocol))
    made = json.loads(home.run("privilege-log", "acme", "--json"))
    assert made["redacted"] == made["left_out"] > 0
    assert len(made["entries"]) == made["withheld"]
    protocol.write_text(
        protocol.read_text().replace("redacted_logged: false", "not_after: '1990-01-01'")
    )
    home.run("protocol", "set", "acme", str(protocol))
    assert json.loads(home.run("privilege-log", "acme", "--json"))["left_out"] > made["left_out"]


@pytest.mark.parametrize("kind", ["7z", "zip"])
def test_a_seal_opens_with_its_passphrase_only(base: Home, tmp_path: Path, kind: str) -> None:
    home = Home(another(base.home, tmp_path).home, base.out)
    key = tmp_path / "key.txt"
    key.write_text("short\n")
    archive = tmp_path / f"VOL001.{kind}"
    arguments = ("produce", "seal", "acme", "VOL001", "--passphrase-file", str(key), "--out")
    home.run(*arguments, str(archive), expect=2)
    key.write_text("correct horse battery staple\n")
    home.run(*arguments, str(archive))
    home.run(*arguments, str(tmp_path / f"again.{kind}"), expect=4)
    data = archive.read_bytes()
    assert b"correct horse" not in data
    assert (b"MANIFEST" in data) == (kind == "zip"), "7z hides the names, too"
    program = next(filter(None, map(shutil.which, ("7z", "7zz", "7za"))), None)
    if program:
        done = subprocess.run(
            [program, "t", "-pcorrect horse battery staple", str(archive)],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        wrong = subprocess.run(
            [program, "t", "-pwrong", str(archive)], capture_output=True, check=False
        )
        assert wrong.returncode != 0


def test_every_document_has_one_end(base: Home) -> None:
    found = json.loads(base.run("verify", "acme", "--conservation", "--json"))
    assert found["problems"] == []
    assert sum(found["ends"].values()) == found["documents"]
    assert found["ends"]["produced"] and found["ends"]["withheld"]


def test_the_gate_knows_every_finding_that_it_makes() -> None:
    from ediscovery.produce.specification import GATE

    assert gate.CHECKS.keys() <= GATE.keys()


# -- the privilege screen --------------------------------------------------------------------------


def test_the_screen_stops_what_nobody_decided_on(base: Home, tmp_path: Path) -> None:
    home = another(base.home, tmp_path)
    screen = tmp_path / "screen.yaml"
    screen.write_text('title: Counsel\nterms: ["los 1"]\n')
    home.run("privilege-screen", "show", "acme", expect=2)
    home.run("privilege-screen", "set", "acme", str(screen))
    assert "los 1" in home.run("privilege-screen", "show", "acme")
    told = json.loads(home.run("privilege-screen", "hits", "acme", "--json"))
    hits = home.find('"los 1"')
    assert told["documents"] == len(hits) and told["undecided"]

    def stopped() -> dict[str, list[str]]:
        text = home.run("produce", "plan", "acme", "--query", "coding:responsive=yes", "--json",
                        "--workers", "0", expect=4)  # fmt: skip
        found = json.loads(text)["findings"]
        return {one["sentence"]: one["documents"] for one in found
                if one["code"] == "privilege-screen"}  # fmt: skip

    direct = home.find('"los 1" AND coding:responsive=yes AND NOT coding:privilege=*')
    found = stopped()
    named = found.pop("hits the privilege screen and is not coded in privilege")
    assert named and set(named) <= set(direct), "copies are left out"
    home.produce("VOL005", "--workers", "0", "--override", "produced-before", "--reason", "x",
                 "--second-person", "Someone", expect=4)  # fmt: skip
    home.run("code", "acme", "--query", '"los 1"', "--set", "privilege=none")
    assert stopped() == {}
