"""Pages put in the place of others, and productions that leave out what went out before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ediscovery.produce.layout import page_ids
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.specification import Bates
from tests.produce.home import Home, failing

REDACTED = 'subject:"joint examination" AND coding:privilege=redact AND type:mail AND bates:*'
WITHHELD = "coding:privilege=privileged AND type:pdf AND bates:*"


def lines(home: Home, volume: str = "VOL001") -> dict[str, dict[str, Any]]:
    show = json.loads(home.run("produce", "show", "acme", volume, "--json"))
    return {line["control_number"]: line for line in show["documents"]}


def replace(home: Home, *more: str, expect: int = 0) -> dict[str, Any]:
    text = home.run(
        "produce", "replace", "acme", "VOL001", *more, "--reason", "put right", "--out",
        str(home.out), "--workers", "0", "--json", expect=expect,
    )  # fmt: skip
    return json.loads(text) if text else {}


def row(folder: Path) -> dict[str, Any]:
    (found,) = [dict(one.fields) for one in DatFile(folder / f"DATA/{folder.name}.dat", print)]
    return found


def test_other_redactions(produced: Home, first: Path) -> None:
    (identity,) = produced.find(REDACTED)
    bates = lines(produced)[identity]["bates_begin"]
    produced.run("redact", "acme", identity, "--term", "shaken", "--reason-code", "privacy")
    made = replace(produced, bates)
    folder = produced.out / "VOL001-R01"
    assert made["volume"] == "VOL001-R01"
    assert failing(folder) == {} and failing(folder, produced.matter) == {}
    assert failing(first, produced.matter) == {}, "what it says of the old pages is in the past"
    told = row(folder)
    assert told["BegBates"] == bates and told["Redacted"] == "Yes"
    assert "privacy" in str(told["RedactionReason"])
    assert [path.stem for path in folder.glob("IMAGES/*/*")] == [f"{bates}_R1"]
    opt = (folder / "DATA/VOL001-R01.opt").read_text()
    assert opt.startswith(f"{bates},VOL001-R01,"), "the key of the first page stays"
    text = (folder / str(told["TextLink"]).replace("\\", "/")).read_text()
    assert "shaken" not in text and "porosity" not in text and "examination" in text.casefold()
    # A second one has another suffix, and the old and the new are tied.
    replace(produced, identity)
    assert [p.stem for p in (produced.out / "VOL001-R02").glob("IMAGES/*/*")] == [f"{bates}_R2"]
    assert lines(produced)[identity]["later"] == ["VOL001-R01", "VOL001-R02"]


def test_no_longer_privileged(produced: Home) -> None:
    identity = produced.find(WITHHELD)[0]
    before = lines(produced)[identity]
    assert before["reason"] == "withheld"
    replace(produced, identity, expect=4)  # still coded privileged
    produced.run("code", "acme", "--query", "coding:privilege=privileged AND type:pdf", "--unset",
                 "privilege")  # fmt: skip
    replace(produced, identity)
    folder = produced.out / "VOL001-R01"
    assert failing(folder) == {} and failing(folder, produced.matter) == {}
    told = row(folder)
    assert told["BegBates"] == before["bates_begin"] and told["Withheld"] == "No"
    assert told["FileName"] and told["ParentBates"]
    pages = int(told["PgCount"])
    assert len(list(folder.glob("IMAGES/*/*"))) == pages
    log = json.loads(produced.run("privilege-log", "acme", "--json"))
    assert identity not in {entry["ControlNumber"] for entry in log["entries"]}
    ends = json.loads(produced.run("verify", "acme", "--conservation", "--json"))
    assert ends["problems"] == []


def test_what_can_not_be_replaced_is_refused(produced: Home) -> None:
    (identity,) = produced.find(REDACTED)
    replace(produced, "--query", 'subject:"privileged and confidential" AND NOT bates:*', expect=4)
    produced.run("code", "acme", identity, "--unset", "privilege")  # redacted and not coded so
    replace(produced, identity, expect=4)
    produced.run(
        "produce", "replace", "acme", "VOL001", identity, "--out", str(produced.out), expect=2
    )
    assert not produced.out.exists() or not list(produced.out.iterdir())


def test_in_a_production_of_pdf(produced: Home) -> None:
    produced.produce(
        "VOL002", "--workers", "0", "--spec", "production-pdf", "--override", "produced-before",
        "--reason", "other receiver", "--second-person", "Someone Else",
    )  # fmt: skip
    (identity,) = produced.find(REDACTED)
    bates = lines(produced, "VOL002")[identity]["bates_begin"]
    produced.run("produce", "replace", "acme", "VOL002", bates, "--reason", "x", "--out",
                 str(produced.out), "--workers", "0")  # fmt: skip
    folder = produced.out / "VOL002-R01"
    assert [path.name for path in folder.glob("IMAGES/*/*")] == [f"{bates}_R1.pdf"]
    assert failing(folder) == {} and failing(folder, produced.matter) == {}


@pytest.mark.parametrize(
    ("level", "pages", "last", "wanted"),
    [
        ("page", 2, "A0002", ("A0001", "A0002")),
        ("page", 4, "A0002", ("A0001", "A0002", "A0002_0002", "A0002_0003")),
        ("document", 3, "A0001", ("A0001", "A0001_0002", "A0001_0003")),
    ],
)
def test_pages_beyond_the_numbers(
    level: str, pages: int, last: str, wanted: tuple[str, ...]
) -> None:
    assert page_ids("A0001", last, pages, Bates("A", digits=4, level=level)) == wanted


def test_a_supplement_leaves_out_what_went_out(produced: Home) -> None:
    produced.produce("VOL002", "--workers", "0", "--supplement", expect=4)  # nothing is left
    query = 'subject:"freight forecast" AND type:mail AND NOT has:attachment AND NOT bates:*'
    found = produced.find(query)
    assert found
    produced.code(query, "responsive=yes")
    made = produced.produce("VOL002", "--workers", "0", "--supplement")
    went = lines(produced)
    taken = sum(made["documents"].values()) + made["duplicates_left_out"]
    left = made["produced_before_left_out"]
    assert left and left == len(produced.find("coding:responsive=yes")) - taken
    new = lines(produced, "VOL002")
    assert not {one for one, line in new.items() if line["bates_begin"]} & {
        one for one, line in went.items() if line["bates_begin"]
    }
    assert failing(produced.out / "VOL002", produced.matter) == {}
