"""Natives that hold what must not go out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.engine.pool import SerialPool
from ediscovery.engine.progress import Silent
from ediscovery.model.errors import Refused
from ediscovery.produce import clawback
from ediscovery.produce.documents import candidates
from ediscovery.review import redactions
from ediscovery.store.workspace import Matter
from tests.engine.matters import mail, new
from tests.produce.making import code, every, filled, named, produce, specification

_ATTACHED = {"advice.txt": b"Counsel advises to settle."}
_NATIVE = {"treatments": {"mail": {"images": "tiff", "native": True}}}


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    """A mail with an attachment that is withheld."""
    files = {"sent.eml": mail(1, "See the advice.", _ATTACHED)}
    made = filled(new(tmp_path / "home"), tmp_path / "evidence", files)
    advice = named(made)["advice.txt"]
    code(made, [advice], "privilege=privileged", "privilege_basis=attorney-client")
    return made


def test_the_native_of_a_mail_with_a_withheld_attachment_stays_here(
    matter: Matter, tmp_path: Path
) -> None:
    wanted = specification(**_NATIVE, gate={"family-differs": "warn"})
    with pytest.raises(Refused) as caught:
        produce(matter, tmp_path / "out", wanted)
    assert "native-of-redacted" in caught.value.next_step
    assert not (tmp_path / "out" / "VOL001").exists()


def test_its_pages_may_go_out(matter: Matter, tmp_path: Path) -> None:
    folder = produce(matter, tmp_path / "out", specification(gate={"family-differs": "warn"}))
    assert not any(path.suffix == ".eml" for path in folder.rglob("*"))
    assert not any(_ATTACHED["advice.txt"] in p.read_bytes() for p in folder.rglob("*.txt"))


@pytest.fixture
def twice(tmp_path: Path) -> Matter:
    """The same file attached to a mail and alone."""
    files = {"sent.eml": mail(1, "See the advice.", _ATTACHED)} | _ATTACHED
    return filled(new(tmp_path / "home"), tmp_path / "evidence", files)


def copies(matter: Matter) -> tuple[int, int]:
    """The file that stands alone, and the mail."""
    with matter.reader.connect() as connection:
        rows = {one.item["path"]: one.number for one in candidates(connection, every(matter))}
    alone = next(number for path, number in rows.items() if path.endswith("/advice.txt")
                 and "eml" not in path)  # fmt: skip
    return alone, named(matter)["sent.eml"]


@pytest.mark.parametrize("what", ["withheld", "redacted", "called back"])
def test_a_native_that_holds_a_copy_stays_here(twice: Matter, tmp_path: Path, what: str) -> None:
    file, sent = copies(twice)
    if what == "withheld":
        code(twice, [file], "privilege=privileged", "privilege_basis=attorney-client")
    elif what == "redacted":
        code(twice, [file], "privilege=redact")
        redactions.add(twice, [file], [redactions.term("counsel")], "privacy")
    else:
        produce(twice, tmp_path / "out", specification(family="alone"), numbers=[file])
        claim = clawback.Claim("by mistake", "attorney-client", "2026-03-01")
        with twice.locked():
            clawback.call_back(twice, [file], claim, tmp_path / "out", SerialPool(), Silent())
    wanted = specification(**_NATIVE, family="alone")
    with pytest.raises(Refused) as caught:
        produce(twice, tmp_path / "out", wanted, "VOL009", numbers=[sent])
    code_ = "clawed-back" if what == "called back" else "native-of-redacted"
    assert code_ in caught.value.next_step
