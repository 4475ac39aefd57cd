"""A production that does not fit into one volume goes on in the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce import files, ledger, logs, volumes
from ediscovery.produce import run as runs
from ediscovery.produce.forms import WITHHELD
from ediscovery.produce.selection import not_yet_out
from ediscovery.produce.specification import Specification, Volume
from ediscovery.store.workspace import Matter
from tests.conftest import call
from tests.engine.matters import ingest, mail, new
from tests.produce.making import (
    code,
    every,
    failing,
    filled,
    ledger_of,
    next_number,
    produce,
    rows,
    simple,
    specification,
)

PAGE = 60_000


def documents(shape: Sequence[tuple[int, int, bool]]) -> tuple[list[Any], dict[int, Any]]:
    """Candidates and their forms: families of so many documents of so many pages, withheld or
    not."""
    candidates: list[Any] = []
    forms: dict[int, Any] = {}
    for count, pages, held in shape:
        family = len(candidates) + 1
        for _ in range(count):
            number = len(candidates) + 1
            item = {"size": 0, "text_size": 0}
            candidates.append(SimpleNamespace(number=number, family=family, item=item))
            kind = WITHHELD if held else "image"
            forms[number] = SimpleNamespace(kind=kind, native=False, pages=0 if held else pages)
    return candidates, forms


FAMILIES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 40), st.booleans()), max_size=12)


@given(FAMILIES, st.integers(1, 8), st.integers(1, 4))
def test_every_document_goes_into_one_volume_and_families_stay_together(
    shape: list[tuple[int, int, bool]], records: int, megabytes: int
) -> None:
    candidates, forms = documents(shape)
    most = Volume(records=records, megabytes=megabytes)
    parts = volumes.split(candidates, forms, most)
    assert [one for part in parts for one in part] == candidates
    families = [{one.family for one in part} for part in parts]
    assert sum(map(len, families)) == len({one.family for one in candidates})
    too_large = set(volumes.too_large(candidates, forms, most))
    for at, part in enumerate(parts):
        going = [one for one in part if forms[one.number].kind != WITHHELD]
        assert going or not at, "no volume of nothing"
        size = sum(forms[one.number].pages * PAGE for one in part)
        if len(going) > records or size > megabytes * 1e6:
            assert {one.number for one in going} <= too_large
        if at:  # and none was begun that the one before had room for
            before = [one for one in parts[at - 1] if forms[one.number].kind != WITHHELD]
            head = [one for one in candidates if one.family == going[0].family]
            both = [*before, *(one for one in head if forms[one.number].kind != WITHHELD)]
            pages = sum(forms[one.number].pages for one in both)
            assert len(both) > records or pages * PAGE > megabytes * 1e6


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("VOL001", ["VOL001", "VOL002", "VOL003"]),
        ("A-2024_9", ["A-2024_9", "A-2024_10", "A-2024_11"]),
        ("VOL999", ["VOL999", "VOL1000", "VOL1001"]),
    ],
)
def test_names_of_volumes_count_on(first: str, names: list[str]) -> None:
    assert volumes.named(first, 3) == names
    assert volumes.named("FIRST", 1) == ["FIRST"]
    with pytest.raises(UsageError, match="does not end with a number"):
        volumes.named("FIRST", 2)


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    """Three families of two, and five documents without any."""
    attached = {
        f"f{n}.eml": mail(100 + n, f"Body {n}", {"a.txt": f"Attached to {n}".encode()})
        for n in range(3)
    }
    return filled(new(tmp_path / "home"), tmp_path / "evidence", simple(5) | attached)


def small(records: int = 4) -> Specification:
    return specification(volume={"records": records})


def test_a_production_fills_several_volumes(matter: Matter, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert produce(matter, out, small()) == out / "VOL001"
    folders = sorted(out.iterdir())
    assert [folder.name for folder in folders] == ["VOL001", "VOL002", "VOL003"]
    firsts: list[str] = []
    for folder in folders:
        assert failing(folder, matter) == {}
        told = rows(folder)
        assert 0 < len(told) <= 4
        held = {row["BegBates"] for row in told}
        assert all(row["BegAttach"] in held for row in told if row["BegAttach"]), "whole families"
        firsts += [row["BegBates"] for row in told]
    assert len(firsts) == len(every(matter)) == 11
    assert firsts == sorted(firsts)
    lines = [line for folder in folders for line in ledger_of(matter, folder.name)]
    used = sum(line.pages for line in lines)
    assert next_number(matter) == used + 1, "numbers go on from volume to volume, without a gap"
    with pytest.raises(Refused, match="VOL001 was written"):
        produce(matter, out, small())
    with pytest.raises(Refused, match="VOL002 follows VOL001"):
        produce(matter, out, small(), "VOL002")
    # What went out in any of them went out before.
    assert not_yet_out(matter, small(), every(matter), "VOL004") == ([], 11)


def test_it_goes_on_where_it_stopped(matter: Matter, out: Path, tmp_path: Path) -> None:
    assert (out / "VOL001").exists() and not (out / "VOL002").exists()
    with pytest.raises(Refused, match="VOL002 is not complete"):
        logs.write(matter, "VOL002", tmp_path / "logs")
    assert not (tmp_path / "logs").exists()
    follows = next_number(matter)
    # What the first volume holds was not produced before: it belongs to the same run.
    assert not_yet_out(matter, small(), every(matter), "VOL001") == (every(matter), 0)
    before = (out / "VOL001" / "MANIFEST.csv").read_bytes()
    with matter.reader.connect() as connection:
        assert ledger.next_volume(connection, small(), "") == "VOL001"
    assert produce(matter, out, small()) == out / "VOL002", "the first of those that were left"
    assert sorted(path.name for path in out.iterdir()) == ["VOL001", "VOL002", "VOL003"]
    assert (out / "VOL001" / "MANIFEST.csv").read_bytes() == before
    assert next_number(matter) == follows
    assert all(failing(folder, matter) == {} for folder in out.iterdir())
    with matter.reader.connect() as connection:
        assert ledger.next_volume(connection, small(), "") == "VOL004"


def test_a_name_that_is_taken_uses_no_number(matter: Matter, tmp_path: Path) -> None:
    (tmp_path / "out" / "VOL002").mkdir(parents=True)
    with pytest.raises(UsageError, match="VOL002 exists"):
        produce(matter, tmp_path / "out", small())
    assert next_number(matter) == 1
    produce(matter, tmp_path / "other", small(), "VOL003", numbers=every(matter)[:1])
    follows = next_number(matter)
    code(matter, every(matter), "responsive=yes")
    with pytest.raises(Refused, match="There is a production 'VOL003'"):
        produce(matter, tmp_path / "third", small(), numbers=every(matter)[1:])
    assert next_number(matter) == follows


def test_a_family_larger_than_a_volume_is_found_before(matter: Matter, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        produce(matter, tmp_path / "out", small(1))
    assert "volume-size: its family does not fit into one volume (6)" in refused.value.next_step
    assert next_number(matter) == 1


def test_the_command_names_them(matter: Matter, tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    wanted = tmp_path / "small.yaml"
    wanted.write_text("extends: production-standard\nvolume: {records: 6}\n")
    chosen = ("acme", "--query", "coding:responsive=yes", "--spec", str(wanted), "--workers", "0")
    assert "They need 2 volumes, of 6, 5 documents." in call(home, "produce", "plan", *chosen)
    made = json.loads(call(home, "produce", "run", *chosen, "--out", str(out), "--json"))
    assert made["volumes"] and [one["volume"] for one in made["volumes"]] == ["VOL001", "VOL002"]
    assert [one["documents"] for one in made["volumes"]] == [6, 5]
    assert sum(one["pages"] for one in made["volumes"]) == made["pages"]
    listed = json.loads(call(home, "produce", "list", "acme", "--json"))["productions"]
    assert {one["first_volume"] for one in listed} == {"VOL001"}
    assert call(home, "verify", "acme", "--conservation").count("produced") >= 1
    # Called back from the second, a document has its notice there.
    back = json.loads(
        call(home, "produce", "clawback", "acme", listed[1]["first"], "--reason", "by mistake",
             "--basis", "attorney-client", "--out", str(out), "--json", "--workers", "0")
    )  # fmt: skip
    assert [one["volume"] for one in back["volumes"]] == ["VOL002-CB01"]


@pytest.fixture
def out(matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run of three volumes ended before its second was written."""
    real, calls, place = files.Writer.write, [], tmp_path / "out"

    def stop(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(files.Writer, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            produce(matter, place, small())
    return place


def test_what_changes_in_a_volume_that_is_written_holds_up_no_other(
    matter: Matter, out: Path, tmp_path: Path
) -> None:
    follows = next_number(matter)
    code(matter, [ledger_of(matter)[0].number], "confidentiality=confidential")
    # A new document that the query finds too belongs to none of them.
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "new.txt").write_text("It came later.")
    ingest(matter, tmp_path / "more")
    new_one = max(every(matter))
    code(matter, [new_one], "responsive=yes")
    with matter.locked():
        done = runs.run(matter, small(), every(matter), "VOL001", out, SerialPool(), Silent())
    assert [one.folder.name for one in done.volumes] == ["VOL002", "VOL003"]
    assert (done.before, done.later) == (["VOL001"], [new_one])
    first = ledger_of(matter, "VOL002")[0].bates_begin
    assert small().bates.number(done.plan.first, matter.prefix) == first
    assert next_number(matter) == follows
    assert sorted(path.name for path in out.iterdir()) == ["VOL001", "VOL002", "VOL003"]


def test_what_changes_in_one_that_is_not_is_refused(matter: Matter, out: Path) -> None:
    code(matter, [ledger_of(matter, "VOL003")[0].number], "confidentiality=confidential")
    with pytest.raises(Refused, match="no longer what VOL003 was numbered for"):
        produce(matter, out, small())


def test_names_that_are_taken_meanwhile_are_told_before_the_work(matter: Matter, out: Path) -> None:
    (out / "VOL003").mkdir()
    with pytest.raises(UsageError, match="VOL003 exists"):
        produce(matter, out, small())
    assert not (out / "VOL002").exists()


def test_a_draft_of_another_production_is_neither_taken_nor_removed(
    matter: Matter, out: Path, tmp_path: Path
) -> None:
    (out / "VOL001").rename(tmp_path / "moved")
    theirs = sorted(path.name for path in (out / ".VOL002.draft").rglob("*"))
    other = filled(new(tmp_path / "elsewhere"), tmp_path / "e2", simple(2))
    assert other.name == matter.name
    with pytest.raises(Refused, match="draft of another production"):
        produce(other, out, small(), "VOL002")
    assert sorted(path.name for path in (out / ".VOL002.draft").rglob("*")) == theirs


def test_drafts_of_written_volumes_do_not_stay(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = tmp_path / "out", ledger.finish

    def stop(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            produce(matter, out, small())
    assert (out / ".VOL001.draft").exists()
    produce(matter, out, small())
    assert sorted(path.name for path in out.iterdir()) == ["VOL001", "VOL002", "VOL003"]


def test_a_volume_that_got_its_name_elsewhere_is_not_made_twice(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            produce(matter, tmp_path / "out")
    with pytest.raises(Refused, match="was begun in"):
        produce(matter, tmp_path / "elsewhere")
    produce(matter, tmp_path / "out")


def test_replaced_characters_are_counted_whatever_load_file_is_last(tmp_path: Path) -> None:
    matter = filled(new(tmp_path / "home"), tmp_path / "evidence", {"a\u00feb.txt": b"text"})
    with matter.locked():
        done = runs.run(
            matter, specification(), every(matter), "VOL001", tmp_path / "out", SerialPool(),
            Silent(),
        )  # fmt: skip
    (made,) = done.volumes
    told = sum(one.times for one in made.replaced)
    assert told and told == made.load_files["VOL001.dat"].replaced["\u00fe"]
