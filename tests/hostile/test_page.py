"""The manual's page of hostile cases names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = (HERE.parent.parent / "docs" / "hostile.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:\w+/)?test_\w+\.py)::(test_\w+)`", PAGE)
    assert len(named) > 50
    for file, test in named:
        source = (HERE.parent / file if "/" in file else HERE / file).read_text(encoding="utf-8")
        assert f"def {test}(" in source, f"{file}::{test}"


def test_every_case_of_the_ingest_is_in_the_table() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE)
    cases = {int(n) for row in rows for n in row.split(",") if len(n.strip()) < 3}
    elsewhere = {28, 29, 33, 55, 56, 60, 61}
    assert set(range(1, 64)) - elsewhere <= cases
