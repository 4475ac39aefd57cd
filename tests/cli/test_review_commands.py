"""`code`, `redact` and `protocol` as people call them, on a small real matter."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ediscovery.engine.stages.index import compare
from ediscovery.store.workspace import Workspace
from tests.cli.conftest import Call

PROTOCOL = """\
title: Stipulated protocol
consents: [{party: Plaintiff, name: Ann Lee, date: 2024-02-29}]
dates: {date: MM/DD/YYYY, time: "HH:MM", zone: UTC}
dedupe: global
redaction_reasons: {pii: Personal data}
"""


@pytest.fixture
def matter(home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(home, tmp_path / "home"))


def count(call: Call, home: Path, query: str) -> int:
    return int(call(home, "search", "acme", query, "--count").out)


def test_code_search_undo(call: Call, matter: Path) -> None:
    hits = count(call, matter, "breach")
    done = call(
        matter, "code", "acme", "--query", "breach", "--set", "responsive=yes", "--set",
        "issue=late delivery", "--reason", "first pass", "--json",
    )  # fmt: skip
    assert (done.code, done.json["documents"], done.json["changed"]) == (0, hits, hits)
    assert count(call, matter, "coding:responsive=yes") == hits
    assert count(call, matter, 'coding:"issue=late delivery"') == hits
    assert count(call, matter, "breach AND NOT coding:responsive") == 0
    again = call(matter, "code", "acme", "--query", "breach", "--set", "responsive=yes")
    assert f"0 documents changed, {hits} had it already" in again.out
    families = call(
        matter, "code", "acme", "--query", "coding:responsive", "--set", "responsive=no",
        "--family", "--json",
    ).json  # fmt: skip
    assert families["documents"] > hits and families["differing_families"] == 0
    assert count(call, matter, "coding:responsive=no") == families["documents"]
    back = call(matter, "code", "acme", "--undo", "3", "--reason", "too many")
    assert f"{families['documents']} documents changed" in back.out
    assert count(call, matter, "coding:responsive=yes") == hits
    looked, problems = compare(Workspace(matter).open("acme"))
    assert looked and problems == []
    assert call(matter, "verify", "acme").code == 0


def test_only_what_changed_is_indexed(call: Call, matter: Path) -> None:
    call(matter, "code", "acme", "1", "3", "--set", "privilege=redact")
    told = call(matter, "audit", "show", "acme", "--json").json
    assert told[-2]["action"] == "coded" and told[-1]["action"] == "indexed"
    assert told[-1]["details"] == {"documents": 2}
    assert told[-2]["details"]["named"] == ["ACME-000000001", "ACME-000000003"]


def test_history_and_fields_of_a_document(call: Call, matter: Path) -> None:
    call(matter, "code", "acme", "1", "--set", "confidentiality=confidential", "--reason", "why")
    call(matter, "redact", "acme", "1", "--box", "1:1,2,3,4", "--reason-code", "privacy")
    found = call(matter, "code", "acme", "ACME-000000001", "--history", "--json").json
    assert [
        (c["field"], c["old_value"], c["new_value"], c["reason"]) for c in found["changes"]
    ] == [("confidentiality", None, "confidential", "why")]
    shown = call(matter, "doc", "show", "acme", "1", "--json").json
    assert shown["coding"] == {"confidentiality": ["confidential"]}
    assert [(r["kind"], r["box"], r["reason_code"]) for r in shown["redactions"]] == [
        ("box", [1, 2, 3, 4], "privacy")
    ]
    plain = call(matter, "doc", "show", "acme", "1").out
    assert "confidentiality" in plain and "page 1, box 1, 2, 3, 4" in plain
    assert "why" in call(matter, "code", "acme", "1", "--history").out
    assert "never coded" in call(matter, "code", "acme", "2", "--history").out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("1", "--set", "responsiv=yes"), 2, "Did you mean 'responsive'"),
        (("1", "--set", "responsive=maybe"), 2, "yes, no"),
        (("1",), 2, "--set"),
        (("--set", "responsive=yes"), 2, "--query"),
        (("1", "--query", "a", "--set", "responsive=yes"), 2, "one of the two"),
        (("999", "--set", "responsive=yes"), 2, "ACME-000000999"),
        (("--undo", "9"), 2, "no coding 9"),
        (("1", "--undo", "1"), 2, "name no documents"),
        (("1", "2", "--history"), 2, "one ID"),
        (("--query", "a w/ 5 b", "--set", "responsive=yes"), 2, "w/5"),
    ],
)
def test_wrong_codings_change_nothing(
    call: Call, matter: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = call(matter, "code", "acme", *arguments)
    assert done.code == code and says in done.err + done.out
    assert count(call, matter, "coding:responsive") == 0


def test_a_misspelt_coding_field_in_a_query_is_told(call: Call, matter: Path) -> None:
    call(matter, "code", "acme", "1", "--set", "responsive=yes")
    done = call(matter, "search", "acme", "coding:respnsive=yes AND NOT coding:resp*", "--count")
    assert done.out == "0\n" and "'respnsive'; fields with codings: responsive" in done.err
    told = call(matter, "search", "acme", "attachment(coding:privilege)", "--json").json["notes"]
    assert any("'privilege'" in note for note in told)


def test_redact_one_and_many(call: Call, matter: Path) -> None:
    text = call(matter, "doc", "text", "acme", "1").out
    word = text.split()[-1]
    done = call(matter, "redact", "acme", "1", "--term", word, "--reason-code", "privacy")
    assert done.code == 0 and "1 redactions in 1 documents" in done.out
    missing = call(matter, "redact", "acme", "1", "--term", "nonesuch", "--reason-code", "privacy")
    assert missing.code == 3 and "not in the text of 1 documents" in missing.err
    rows = call(matter, "redact", "acme", "1", "--list", "--json").json["redactions"]
    assert [(row["term"], row["removed_at"]) for row in rows] == [(word, None), ("nonesuch", None)]
    assert call(matter, "redact", "acme", "--remove", "2").code == 2
    assert call(matter, "redact", "acme", "--remove", "2", "--reason", "typing error").code == 0
    listed = call(matter, "redact", "acme", "1", "--list").out
    assert "typing error" in listed

    hits = count(call, matter, "breach AND contract")
    both = call(
        matter, "redact", "acme", "--query", "contract", "--term", "breach", "--reason-code",
        "privacy", "--json",
    )  # fmt: skip
    assert both.code == 3 and both.json["redactions"] + both.json["already"] == hits
    assert len(both.json["missing"]) == count(call, matter, "contract AND NOT breach") > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("1", "--term", "a", "--reason-code", "nonesuch"), "one of privilege"),
        (("1", "--term", "a"), "needs a reason"),
        (("1", "--term", "a AND b", "--reason-code", "privacy"), "no operators"),
        (("1", "--cells", "Sheet1!A1", "--reason-code", "privacy"), "no spreadsheet"),
        (("1", "--box", "1:5,5,1,1", "--reason-code", "privacy"), "no area"),
        (("--query", "a", "--box", "1:1,1,5,5", "--reason-code", "privacy"), "--term and --regex"),
        (("1",), "--term"),
        (("999", "--list"), "ACME-000000999"),
    ],
)
def test_wrong_redactions(call: Call, matter: Path, arguments: tuple[str, ...], says: str) -> None:
    done = call(matter, "redact", "acme", *arguments)
    assert done.code == 2 and says in done.err + done.out


def test_protocol(call: Call, matter: Path, tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    assert "has no protocol" in call(matter, "protocol", "show", "acme").err
    file.write_text(PROTOCOL)
    assert "Stored version 1" in call(matter, "protocol", "set", "acme", file).out
    assert "holds already" in call(matter, "protocol", "set", "acme", file).out
    assert call(matter, "protocol", "check", "acme", "--spec", "production-standard").code == 0
    file.write_text(PROTOCOL.replace("global", "custodian") + "fields: [Header]\n")
    assert "Stored version 2" in call(matter, "protocol", "set", "acme", file).out
    found = call(matter, "protocol", "diff", "acme", "1", "2", "--json").json
    assert found == [
        {"part": "dedupe", "old": "global", "new": "custodian"},
        {"part": "fields", "old": None, "new": ["Header"]},
    ]
    shown = call(matter, "protocol", "show", "acme", "--version", "1", "--json").json
    assert (shown["version"], shown["versions"]) == (1, [1, 2])
    assert shown["protocol"]["consents"][0]["date"] == "2024-02-29"
    assert "Ann Lee" in call(matter, "protocol", "show", "acme").out
    departs = call(matter, "protocol", "check", "acme", "--spec", "production-standard", "--json")
    assert departs.code == 4 and departs.json["holds"] is False
    assert [one["where"] for one in departs.json["findings"]] == ["dedupe, collection 1", "fields"]
    call(matter, "redact", "acme", "1", "--whole-page", "1", "--reason-code", "pii")
    refused = call(matter, "redact", "acme", "1", "--whole-page", "2", "--reason-code", "privacy")
    assert refused.code == 2 and "one of pii" in refused.err
    file.write_text(PROTOCOL + "fields: [Heder]\n")
    assert "Did you mean 'Header'" in call(matter, "protocol", "set", "acme", file).err
