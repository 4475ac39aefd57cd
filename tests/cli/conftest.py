"""A small processed matter, copies of it to spoil, and the command called in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from ediscovery.cli import main
from tests.engine.matters import ingest, make, new


@dataclass(frozen=True)
class Called:
    """What one command gave: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Call = Callable[..., Called]


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("cli") / "evidence", 40)


@pytest.fixture(scope="session")
def home(evidence: Path) -> Path:
    """A workspace with the processed matter ``acme``. Never change it; see ``spoiled``."""
    place = evidence.parent / "home"
    ingest(new(place), evidence)
    return place


@pytest.fixture
def spoiled(home: Path, tmp_path: Path) -> Path:
    """A copy of ``home`` that may be damaged."""
    return Path(shutil.copytree(home, tmp_path / "home"))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs ``ediscovery --workspace PLACE …`` here."""

    def run(place: Path, *arguments: object) -> Called:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--workspace", str(place), *map(str, arguments)])
        said = capsys.readouterr()
        code = ended.value.code
        return Called(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run
