"""One sample collection a session, made by the script itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from samples import Facts, make


@dataclass(frozen=True)
class Sample:
    """Where it lies and what should be in it."""

    root: Path
    facts: Facts


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    root = tmp_path_factory.mktemp("samples") / "out"
    return Sample(root, make(root))
