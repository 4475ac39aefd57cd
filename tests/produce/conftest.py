"""The sample matter, coded and produced once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Sample, once
from tests.produce.home import Home, another, coded_copy


@pytest.fixture(scope="session")
def coded(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the sample matter, a small part coded. Do not change."""
    return once(tmp_path_factory, "coded", lambda place: coded_copy(sample, place))[1]


@pytest.fixture(scope="session")
def went_out(coded: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same, produced as VOL001, with the folder of that volume. Do not change."""

    def produce(place: Path) -> None:
        another(coded, place).produce("VOL001", "--workers", "0")

    place, home = once(tmp_path_factory, "produced", produce)
    return Home(home, place / "out")


@pytest.fixture
def produced(went_out: Home, tmp_path: Path) -> Home:
    """A copy of the matter after VOL001; the volume lies where it was written."""
    return another(went_out.home, tmp_path)


@pytest.fixture
def first(went_out: Home) -> Path:
    """The folder of VOL001. Do not change."""
    return went_out.out / "VOL001"
