"""What became of documents over several volumes: log and ends agree with what went out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.errors import Refused, VerificationFailed
from ediscovery.produce import clawback, conservation, files, ledger, privilege_log
from ediscovery.produce.replace import replace
from ediscovery.produce.specification import Specification
from ediscovery.review import coding, redactions
from ediscovery.store.catalog import writing
from ediscovery.store.tables import documents
from ediscovery.store.workspace import Matter
from tests.conftest import call
from tests.engine.matters import mail, new
from tests.produce.making import (
    LAYOUT,
    OUTSIDE,
    code,
    every,
    filled,
    ledger_of,
    lines,
    named,
    pdf,
    produce,
    specification,
)

FILES = {
    "advice.eml": mail(1, "For counsel alone."),
    "plain.eml": mail(2, "Nothing of note."),
    "secret.pdf": pdf("The account is 4711"),
    "note.txt": b"A note.\n",
}
# Another receiver gets the same documents.
AGAIN = specification(
    **OUTSIDE, gate={"produced-before": "warn", "bates-gap": "warn", "unreviewed": "warn"}
)


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    """Four documents, one of them withheld, one redacted."""
    made = filled(new(tmp_path / "home"), tmp_path / "evidence", FILES)
    names = named(made)
    code(made, [names["advice.eml"]], "privilege=privileged")
    code(made, [names["secret.pdf"]], "privilege=redact", "confidentiality=confidential")
    redactions.add(made, [names["secret.pdf"]], [redactions.term("4711")], "privacy")
    return made


def stopped(
    monkeypatch: pytest.MonkeyPatch, matter: Matter, out: Path, volume: str = "VOL001",
    wanted: Specification = AGAIN,
) -> None:  # fmt: skip
    """A production that is numbered and not written."""
    with monkeypatch.context() as patch:
        patch.setattr(files.Writer, "write", _stop)
        with pytest.raises(KeyboardInterrupt):
            produce(matter, out, wanted, volume)


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt


def uncode(matter: Matter, name: str, field: str) -> None:
    coding.code(matter, LAYOUT, [named(matter)[name]], coding.assignments(LAYOUT, [], [field]))


def call_back(matter: Matter, out: Path, *numbers: int) -> clawback.Called:
    claim = clawback.Claim("sent by mistake", "attorney-client", "2026-03-01")
    with matter.locked():
        return clawback.call_back(matter, numbers, claim, out, SerialPool(), Silent())


def logged(matter: Matter, volume: str | None = None) -> set[tuple[str, str, str]]:
    """Treatment, volume and first Bates number of what is in the log."""
    log = privilege_log.make(matter, "traditional", volume)
    rows = [dict(zip(log.heads, row, strict=True)) for row in log.rows]
    assert len(rows) == log.withheld + log.redacted + log.clawed_back
    return {(str(r["Treatment"]), str(r["Volume"]), str(r["BegBates"] or "")) for r in rows}


def ends(matter: Matter) -> dict[str, int]:
    """How many documents have which end, of those that any has."""
    found = conservation.conserve(matter)
    assert sum(found.ends.values()) == found.documents
    return {end: count for end, count in found.ends.items() if count}


def problems(matter: Matter) -> list[str]:
    return conservation.conserve(matter).problems


# -- clawbacks -------------------------------------------------------------------------------------


def test_a_stopped_clawback_writes_every_volume_that_is_left(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, note = tmp_path / "out", named(matter)["note.txt"]
    produce(matter, out, AGAIN, "VOL001")
    produce(matter, out, AGAIN, "VOL002")
    with monkeypatch.context() as patch:
        patch.setattr(files.Writer, "write", _stop)
        with pytest.raises(KeyboardInterrupt):
            call_back(matter, out, note)
    decided = logged(matter)
    done = call_back(matter, out, note)
    assert [one.folder.name for one in done.volumes] == ["VOL001-CB01", "VOL002-CB01"]
    assert done.never_out == []
    assert ("Clawed back", "VOL002-CB01", _bates(matter, "VOL002", "note.txt")) in decided
    for volume in ("VOL001-CB01", "VOL002-CB01"):
        assert (out / volume / f"{volume}-notice.txt").is_file()
        assert ledger.production(matter, volume).state == ledger.WRITTEN
    with pytest.raises(Refused, match="called back before, in VOL001-CB01, VOL002-CB01"):
        call_back(matter, out, note)
    assert ends(matter)["clawed back"] == 1 and problems(matter) == []


def test_a_notice_names_only_volumes_that_were_written(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, note = tmp_path / "out", named(matter)["note.txt"]
    produce(matter, out, AGAIN)
    with monkeypatch.context() as patch, matter.locked():
        patch.setattr(files.Writer, "write", _stop)
        with pytest.raises(KeyboardInterrupt):
            replace(matter, "VOL001", [note], "bad image", out, SerialPool(), Silent())
    assert ledger.production(matter, "VOL001-R01").state == ledger.NUMBERED
    call_back(matter, out, note)
    letter = (out / "VOL001-CB01" / "VOL001-CB01-notice.txt").read_text()
    assert "VOL001" in letter and "VOL001-R01" not in letter


# -- volumes that were never written ---------------------------------------------------------------


def _bates(matter: Matter, volume: str, name: str) -> str:
    return str(lines(matter, volume)[name].bates_begin)


def test_numbers_that_nobody_received_are_not_logged(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    stopped(monkeypatch, matter, out)
    code(matter, [named(matter)["note.txt"]], "confidentiality=confidential")
    with pytest.raises(Refused, match="no longer what VOL001 was numbered for"):
        produce(matter, out, AGAIN)
    produce(matter, out, AGAIN, "VOL002")
    first = _bates(matter, "VOL002", "secret.pdf")
    assert first != _bates(matter, "VOL001", "secret.pdf")
    assert logged(matter) == {("Withheld", "VOL002", ""), ("Redacted", "VOL002", first)}
    assert ends(matter) == {"produced": 3, "withheld": 1}
    assert conservation.conserve(matter).remarks == [], "nothing waits for VOL001 any more"
    with pytest.raises(Refused, match="VOL001 is not complete"):
        privilege_log.make(matter, "traditional", "VOL001")


def test_what_is_only_numbered_awaits_production(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    # Not everything that a run takes is coded: a whole family goes, or a query chose it.
    uncode(matter, "plain.eml", "responsive")
    assert ends(matter) == {"awaiting production": 3, "not reviewed": 1}
    stopped(monkeypatch, matter, out)
    assert logged(matter) == set()
    assert ends(matter) == {"awaiting production": 4}
    found = conservation.conserve(matter)
    assert found.remarks == ["VOL001 is numbered and not written; documents that await it: 4."]
    assert found.problems == []
    told = call(matter.folder.parent.parent, "verify", matter.name, "--conservation", "--json")
    assert json.loads(told)["remarks"] == found.remarks
    produce(matter, out, AGAIN)
    assert ends(matter) == {"produced": 3, "withheld": 1}
    assert conservation.conserve(matter).remarks == []


def test_only_what_a_volume_that_was_given_up_would_hold_waits_for_nothing(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, names = tmp_path / "out", named(matter)
    stopped(monkeypatch, matter, out)
    code(matter, [names["note.txt"]], "responsive=no")
    left = [number for name, number in names.items() if name != "note.txt"]
    produce(matter, out, AGAIN, "VOL002", numbers=left)
    assert ends(matter) == {"produced": 2, "withheld": 1, "not responsive": 1}


def test_what_is_left_of_several_volumes_waits(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real, calls = tmp_path / "out", files.Writer.write, 0
    wanted = specification(**OUTSIDE, volume={"records": 1})

    def second(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(files.Writer, "write", second)
        with pytest.raises(KeyboardInterrupt):
            produce(matter, out, wanted)
    written = len(ledger_of(matter, "VOL001"))
    found = conservation.conserve(matter)
    assert found.ends["awaiting production"] == 4 - written
    assert [remark.split()[0] for remark in found.remarks] == ["VOL002", "VOL003"]
    produce(matter, out, wanted)
    assert ends(matter) == {"produced": 3, "withheld": 1}


# -- the newest volume decides ---------------------------------------------------------------------


def test_what_was_released_is_no_longer_withheld(matter: Matter, tmp_path: Path) -> None:
    out, advice = tmp_path / "out", named(matter)["advice.eml"]
    produce(matter, out, AGAIN)
    before = logged(matter)
    assert ("Withheld", "VOL001", "") in before
    code(matter, [advice], "privilege=none")
    produce(matter, out, AGAIN, "VOL002", numbers=[advice])
    assert logged(matter) == before - {("Withheld", "VOL001", "")}
    assert logged(matter, "VOL001") == before, "that volume did withhold it"
    assert ends(matter) == {"produced": 4} and problems(matter) == []
    # Privileged again, and out: that is still told, until it is called back.
    code(matter, [advice], "privilege=privileged")
    (problem,) = problems(matter)
    first = _bates(matter, "VOL002", "advice.eml")
    assert problem.endswith(f"is coded privileged and went out as {first}.")
    call_back(matter, out, advice)
    assert problems(matter) == []
    assert ("Clawed back", "VOL002-CB01", first) in logged(matter)


def test_what_went_out_can_not_be_withheld_later(matter: Matter, tmp_path: Path) -> None:
    out, note = tmp_path / "out", named(matter)["note.txt"]
    produce(matter, out, AGAIN)
    code(matter, [note], "privilege=privileged")
    produce(matter, out, AGAIN, "VOL002")
    first = _bates(matter, "VOL001", "note.txt")
    assert ("Withheld", "VOL002", "") in logged(matter)
    assert [problem.split(" ", 1)[1] for problem in problems(matter)] == [
        "went out in VOL001 and was withheld in VOL002, later.",
        f"is coded privileged and went out as {first}.",
    ]
    call_back(matter, out, note)
    assert problems(matter) == []
    # Called back is so for ever, whatever withheld it before or after.
    produce(matter, out, AGAIN, "VOL003")
    assert ("Clawed back", "VOL001-CB01", first) in logged(matter)
    assert ends(matter)["clawed back"] == 1 and problems(matter) == []


def test_the_volume_that_was_written_last_decides(
    matter: Matter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, note = tmp_path / "out", named(matter)["note.txt"]
    stopped(monkeypatch, matter, out)
    code(matter, [note], "privilege=privileged")
    produce(matter, out, AGAIN, "VOL002")
    assert ends(matter) == {"produced": 2, "withheld": 2}
    uncode(matter, "note.txt", "privilege")
    monkeypatch.setattr("ediscovery.store.audit.now", lambda: "2999-01-01T00:00:00Z")
    produce(matter, out, AGAIN)
    assert ends(matter) == {"produced": 3, "withheld": 1} and problems(matter) == []


def test_a_document_that_can_not_be_logged_is_told(matter: Matter, tmp_path: Path) -> None:
    produce(matter, tmp_path / "out", AGAIN)
    with writing(matter.engine) as connection:
        connection.execute(
            update(documents)
            .where(documents.c.number == named(matter)["advice.eml"])
            .values(withdrawn=True)
        )
    with pytest.raises(VerificationFailed, match="1 withheld, 1 redacted, 0 called back; but 1"):
        privilege_log.make(matter, "traditional")
    assert len(every(matter)) == 4
