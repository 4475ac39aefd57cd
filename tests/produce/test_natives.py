"""Natives that hold what must not go out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.model.errors import Refused
from ediscovery.store.workspace import Matter
from tests.engine.matters import mail, new
from tests.produce.making import code, filled, named, produce, specification

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
