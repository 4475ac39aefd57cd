"""Fixtures shared by all tests: the corpora by others and the sample collection by us."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked corpora; tests that need them are left out, and say so, where there are none."""
    named = os.environ.get("EDISCOVERY_CORPORA")
    place = Path(named) if named else CHECKOUT.parent / "shared" / "corpora"
    if (place / "spamassassin").is_dir():
        return place
    unpack = place / "unpack"
    if not unpack.is_file():
        pytest.skip("left out: no corpora (set EDISCOVERY_CORPORA)")
    target = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ediscovery-corpora"
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(unpack), str(target)], check=True)
    return target
