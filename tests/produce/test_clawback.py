"""Documents called back: what goes out for it, and that they never go out again."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ediscovery.produce import renderer
from ediscovery.produce.check_volume import verify
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.volume import digests_of
from tests.produce.home import Home, another, failing, listed_anew

CALLED = 'subject:"what happened to the certificates" AND bates:*'

LATE = 'custodian:"Late Comer" AND type:mail'


def number(home: Home, query: str = CALLED) -> str:
    """The first Bates number of the document that a query finds."""
    (found,) = home.find(query)
    show = json.loads(home.run("produce", "show", "acme", "VOL001", "--json"))
    return next(
        line["bates_begin"] for line in show["documents"] if line["control_number"] == found
    )


def call_back(home: Home, *more: str, expect: int = 0) -> dict[str, Any]:
    text = home.run(
        "produce", "clawback", "acme", *more, "--reason", "sent by mistake", "--basis",
        "attorney-client", "--date", "2026-03-01", "--out", str(home.out), "--workers", "0",
        "--json", expect=expect,
    )  # fmt: skip
    return json.loads(text) if text else {}


def late_copy(home: Home, bates: str, evidence: Path) -> str:
    """A copy comes in from another custodian; its control number."""
    (identity,) = home.find(f"bates:{bates}")
    evidence.mkdir()
    home.run("doc", "native", "acme", identity, "--out", str(evidence / "copy.eml"))
    home.run("ingest", str(evidence), "--matter", "acme", "--custodian", "Late Comer",
             "--workers", "0", expect=3)  # fmt: skip
    home.code(LATE, "responsive=yes")
    (copy,) = home.find(LATE)
    return copy


@pytest.fixture
def called(produced: Home) -> tuple[Home, str]:
    """One document called back by its Bates number; that."""
    first = number(produced)
    made = call_back(produced, first)
    assert [one["volume"] for one in made["volumes"]] == ["VOL001-CB01"]
    return produced, first


def test_a_volume_takes_the_place_of_what_was_called_back(
    called: tuple[Home, str], first: Path
) -> None:
    home, bates = called
    folder = home.out / "VOL001-CB01"
    assert failing(folder) == {}
    assert failing(folder, home.matter) == {}
    assert failing(first, home.matter) == {}, "the first volume is as it was"
    (row,) = [dict(one.fields) for one in DatFile(folder / "DATA/VOL001-CB01.dat", print)]
    assert row["BegBates"] == bates
    assert row["Withheld"] == "Yes"
    assert not row["Subject"] and not row["NativeLink"] and not row["SHA256Hash"]
    text = (folder / str(row["TextLink"]).replace("\\", "/")).read_text()
    assert text.strip() == "Document withdrawn under the clawback order"
    before = [dict(one.fields) for one in DatFile(first / "DATA/VOL001.dat", print)]
    assert list(row) == list(before[0])
    old = {path.name: path.read_bytes() for path in first.glob(f"IMAGES/*/{bates}*")}
    new = {path.name: path.read_bytes() for path in folder.glob("IMAGES/*/*")}
    assert old.keys() == new.keys() and old != new, "the same names, other pages"


def test_the_notice_cites_the_order_and_says_nothing_of_why(produced: Home, tmp_path: Path) -> None:
    protocol = tmp_path / "protocol.yaml"
    protocol.write_text(
        "title: ESI order\n"
        "consents: [{party: Acme, name: A. Lawyer, date: 2026-01-02}]\n"
        "clawback: {order: Stipulated 502(d) Order, date: 2026-01-05, days: 7}\n"
    )
    produced.run("protocol", "set", "acme", str(protocol))
    bates = number(produced)
    call_back(produced, bates)
    folder = produced.out / "VOL001-CB01"
    letter = (folder / "VOL001-CB01-notice.txt").read_text()
    assert "Stipulated 502(d) Order of 2026-01-05" in letter
    assert "By 2026-03-08" in letter
    assert bates in letter and "attorney-client" in letter
    assert "mistake" not in letter and "certificates" not in letter
    import pymupdf

    with pymupdf.open(folder / "VOL001-CB01-notice.pdf") as document:
        said = " ".join(page.get_text() for page in document)
    assert bates in said.split(), said
    listed = json.loads(produced.run("produce", "list", "acme", "--json"))["productions"]
    assert [one["due"] for one in listed] == [None, "2026-03-08"]


def test_it_never_goes_out_again(called: tuple[Home, str]) -> None:
    home, bates = called
    (identity,) = home.find(f"bates:{bates}")
    history = home.run("code", "acme", identity, "--history", "--json")
    assert "sent by mistake" in history and "privileged" in history
    # Somebody takes the coding back: the block stays, and no second person lifts it.
    home.run("code", "acme", identity, "--set", "privilege=none")
    query = f"bates:{bates}"
    arguments = ("--query", query, "--volume", "VOL002", "--out", str(home.out), "--workers", "0")
    home.run("produce", "run", "acme", *arguments, expect=4)
    home.run(
        "produce", "run", "acme", *arguments, "--override", "produced-before", "--override",
        "clawed-back", "--reason", "x", "--second-person", "Someone Else", expect=2,
    )  # fmt: skip
    plan = json.loads(
        home.run("produce", "plan", "acme", "--query", query, "--workers", "0", "--json", expect=4)
    )
    codes = {one["code"]: one for one in plan["findings"]}
    assert codes["clawed-back"]["documents"] == [identity]
    home.run("produce", "replace", "acme", "VOL001", bates, "--reason", "x", "--out",
             str(home.out), "--workers", "0", expect=4)  # fmt: skip


def test_neither_does_a_copy(called: tuple[Home, str], tmp_path: Path) -> None:
    home, bates = called
    (identity,) = home.find(f"bates:{bates}")
    copy = late_copy(home, bates, tmp_path / "later")
    assert copy != identity
    plan = json.loads(
        home.run("produce", "plan", "acme", "--query", LATE, "--workers", "0", "--json", expect=4)
    )
    codes = {one["code"]: one for one in plan["findings"]}
    assert codes["clawed-back"]["documents"] == [copy]


def test_log_ends_and_cross_reference_know_it(called: tuple[Home, str], tmp_path: Path) -> None:
    home, bates = called
    log = json.loads(home.run("privilege-log", "acme", "--json"))
    entry = next(one for one in log["entries"] if one["BegBates"] == bates)
    assert entry["Treatment"] == "Clawed back" and "attorney-client" in entry["Basis"]
    assert log["clawed_back"] == 1
    assert len(log["entries"]) == log["withheld"] + log["redacted"] + log["clawed_back"]
    ends = json.loads(home.run("verify", "acme", "--conservation", "--json"))
    assert ends["ends"]["clawed back"] == 1
    assert sum(ends["ends"].values()) == ends["documents"] and not ends["problems"]
    home.run("produce", "log", "acme", "VOL001", "--out", str(tmp_path))
    with open(tmp_path / "VOL001-cross-reference.csv", encoding="utf-8-sig", newline="") as file:
        later = {row["BegBates"]: row["LaterVolumes"] for row in csv.DictReader(file)}
    assert later[bates] == "VOL001-CB01"
    assert sum(bool(one) for one in later.values()) == 1


def test_destruction_is_confirmed_and_kept(called: tuple[Home, str]) -> None:
    home, _ = called
    confirm = ("produce", "clawback", "acme", "--confirm")
    assert "not confirmed" in home.run("produce", "list", "acme")
    home.run(*confirm, "VOL001", "--by", "A. Lawyer", "--on", "2026-03-05", expect=2)
    home.run(*confirm, "VOL001-CB01", "--by", "A. Lawyer", "--on", "yesterday", expect=2)
    home.run(*confirm, "VOL001-CB01", "--on", "2026-03-05", expect=2)
    home.run(*confirm, "VOL001-CB01", "--by", "A. Lawyer", "--on", "2026-03-05")
    home.run(*confirm, "VOL001-CB01", "--by", "B. Expert", "--on", "2026-03-09")
    show = json.loads(home.run("produce", "show", "acme", "VOL001-CB01", "--json"))
    assert [(one["name"], one["date"]) for one in show["destroyed"]] == [
        ("A. Lawyer", "2026-03-05"), ("B. Expert", "2026-03-09"),
    ]  # fmt: skip
    assert show["grounds"] == "sent by mistake"
    listed = json.loads(home.run("produce", "list", "acme", "--json"))["productions"]
    assert [one["confirmed"] for one in listed] == [None, "2026-03-05"]
    assert "destruction confirmed" in home.run("audit", "show", "acme", "--json")


def test_what_says_too_little_or_was_done_is_refused(called: tuple[Home, str]) -> None:
    home, bates = called
    call_back(home, bates, expect=4)
    call_back(home, "ACME9999999", expect=2)
    call_back(home, "--query", "coding:privilege=privileged AND NOT bates:*", expect=4)
    home.run("produce", "clawback", "acme", bates, "--out", str(home.out), expect=2)
    assert not (home.out / "VOL001-CB02").exists()


def test_every_production_concerned_gets_a_volume(produced: Home) -> None:
    produced.produce(
        "VOL002", "--workers", "0", "--spec", "production-pdf", "--override", "produced-before",
        "--reason", "other receiver", "--second-person", "Someone Else",
    )  # fmt: skip
    made = call_back(produced, number(produced))
    assert [one["volume"] for one in made["volumes"]] == ["VOL001-CB01", "VOL002-CB01"]
    assert made["still_out"] == []
    for one in made["volumes"]:
        assert failing(Path(one["folder"]), produced.matter) == {}


def test_what_is_still_out_is_named(produced: Home, tmp_path: Path) -> None:
    bates = number(produced)
    copy = late_copy(produced, bates, tmp_path / "later")
    produced.code(f"bates:{bates} OR {LATE}", "confidentiality=confidential")
    produced.produce(
        "VOL002", "--workers", "0", "--override", "produced-before", "--override", "bates-gap",
        "--reason", "copy", "--second-person", "Someone Else", query=LATE,
    )  # fmt: skip
    made = call_back(produced, bates)
    show = json.loads(produced.run("produce", "show", "acme", "VOL002", "--json"))
    (line,) = show["documents"]
    assert line["control_number"] == copy
    assert made["still_out"] == [
        {"bates_begin": line["bates_begin"], "volume": "VOL002", "copy": True}
    ]
    assert call_back(produced, copy)["still_out"] == []


def test_a_stopped_clawback_goes_on(
    produced: Home, called: tuple[Home, str], went_out: Home, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip

    from ediscovery.engine.pool import SerialPool
    from ediscovery.engine.progress import Silent
    from ediscovery.produce import clawback, ledger

    whole, bates = called
    home = another(went_out.home, tmp_path / "again")
    matter = home.matter
    claim = clawback.Claim("sent by mistake", "attorney-client", "2026-03-01")
    real = renderer.render

    def call() -> Any:
        numbers = [ledger.number_of(matter, bates)]
        return clawback.call_back(matter, numbers, claim, home.out, SerialPool(), Silent())

    def stopping(task: renderer.Task) -> list[renderer.Made]:
        raise KeyboardInterrupt

    monkeypatch.setattr(renderer, "render", stopping)
    with pytest.raises(KeyboardInterrupt):
        call()
    assert not (home.out / "VOL001-CB01").exists(), "no half volume looks whole"
    codes = home.run("produce", "plan", "acme", "--query", f"bates:{bates}", "--workers", "0",
                     "--json", expect=0)  # fmt: skip
    assert json.loads(codes)["documents"] == {"withheld": 1}, "blocked from the first moment"
    monkeypatch.setattr(renderer, "render", real)
    call()
    assert not list(home.out.glob(".*")), "the draft is gone"
    assert dict(digests_of(home.out / "VOL001-CB01")) == dict(digests_of(whole.out / "VOL001-CB01"))


def _notice_gone(folder: Path) -> None:
    next(folder.glob("*-notice.pdf")).unlink()
    listed_anew(folder)


def _document_more(folder: Path) -> None:
    path = folder / "SUPPLEMENT.json"
    data = json.loads(path.read_text())
    data["documents"].append(data["documents"][0] | {"begin": "ACME0000099"})
    path.write_text(json.dumps(data))
    listed_anew(folder)


def _unreadable(folder: Path) -> None:
    (folder / "SUPPLEMENT.json").write_text('{"schema": 1}')
    listed_anew(folder)


def _page_changed(folder: Path) -> None:
    path = next(folder.glob("IMAGES/*/*.tif"))
    path.write_bytes(path.read_bytes()[:-3] + b"abc")


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (_notice_gone, "supplement"),
        (_document_more, "supplement"),
        (_unreadable, "supplement"),
        (_page_changed, "manifest"),
    ],
)
def test_damage_is_found_from_the_folder_alone(
    called: tuple[Home, str], harm: Callable[[Path], None], named: str
) -> None:
    folder = called[0].out / "VOL001-CB01"
    harm(folder)
    assert named in [check.name for check in verify(folder) if not check.holds]
