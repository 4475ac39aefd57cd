"""The sample matter, coded and produced once for all tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Sample
from tests.produce.home import Home, another, coded_copy


@pytest.fixture(scope="session")
def coded(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the sample matter, a small part coded. Do not change."""
    return coded_copy(sample, tmp_path_factory.mktemp("coded")).home


@pytest.fixture(scope="session")
def once(coded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, produced as VOL001: its workspace and the folder of the volume. Do not change."""
    place = tmp_path_factory.mktemp("produced")
    another(coded, place).produce("VOL001", "--workers", "0")
    return place


@pytest.fixture
def produced(once: Path, tmp_path: Path) -> Home:
    """A copy of the matter after VOL001; the volume lies where it was written."""
    return Home(Path(shutil.copytree(once / "home", tmp_path / "home")), tmp_path / "out")


@pytest.fixture
def first(once: Path) -> Path:
    """The folder of VOL001. Do not change."""
    return once / "out" / "VOL001"
