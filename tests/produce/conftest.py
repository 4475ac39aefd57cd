"""The sample matter, coded and produced once for all tests of what comes later."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Sample
from tests.produce.test_production import Home, coded


@pytest.fixture(scope="session")
def once(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coded, and produced as VOL001. Do not change."""
    place = tmp_path_factory.mktemp("produced")
    coded(sample, place).produce("VOL001", "--workers", "0")
    return place


@pytest.fixture
def produced(once: Path, tmp_path: Path) -> Home:
    """A copy of the matter after VOL001; the volume lies where it was written."""
    return Home(Path(shutil.copytree(once / "home", tmp_path / "home")), tmp_path / "out")


@pytest.fixture
def first(once: Path) -> Path:
    """The folder of VOL001. Do not change."""
    return once / "out" / "VOL001"
