"""Tests that need a server: left out without one, failed where they must run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
CASES = """
import pytest
from tests.servers import server

@pytest.mark.server("tika")
def test_asks():
    assert server("tika") == "http://127.0.0.1:1"

@pytest.mark.server("tika")
@pytest.mark.skip(reason="a bad day")
def test_skipped_by_mark(): ...

@pytest.mark.skip(reason="no server needed")
def test_other(): ...
"""


def run(folder: Path, **variables: str) -> tuple[int, str]:
    """pytest's exit code and output for :data:`CASES`, with the project's own conftest."""
    (folder / "test_cases.py").write_text(CASES)
    conftest = f"from tests.conftest import pytest_runtest_makereport  # {CHECKOUT}\n"
    (folder / "conftest.py").write_text(conftest)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EDISCOVERY_TEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-c",
         str(CHECKOUT / "pyproject.toml"), "--rootdir", str(folder), str(folder)],
        env=clean | {"PYTHONPATH": str(CHECKOUT)} | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_without_servers_they_are_left_out_and_say_so(tmp_path: Path) -> None:
    code, said = run(tmp_path)
    assert code == 0, said
    assert "3 skipped" in said
    assert "EDISCOVERY_TEST_TIKA is not set (make services)" in said


@pytest.mark.parametrize(
    ("address", "counts"),
    [("", "1 failed, 1 skipped, 1 error"), ("http://127.0.0.1:1", "1 passed, 1 skipped, 1 error")],
)
def test_where_servers_are_required_none_may_be_left_out(
    tmp_path: Path, address: str, counts: str
) -> None:
    code, said = run(tmp_path, EDISCOVERY_TEST_SERVERS="required", EDISCOVERY_TEST_TIKA=address)
    assert code == 1, said
    assert counts in said
    assert "may not be left out here: Skipped: a bad day" in said
