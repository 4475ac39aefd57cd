"""The page of production fields names columns and metadata that exist."""

from __future__ import annotations

import re

from ediscovery.model.items import COLUMNS
from tests.conftest import CHECKOUT

_NAME = re.compile(r"`(\w+)`")


def test_fields_of_a_production_are_kept_as_documented() -> None:
    page = (CHECKOUT / "docs" / "extraction.md").read_text(encoding="utf-8")
    table = page.partition("## Fields of a production")[2]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (CHECKOUT / "ediscovery" / "extract").rglob("*.py")
    )
    for field, column, metadata, _ in rows:
        columns, keys = _NAME.findall(column), _NAME.findall(metadata)
        assert columns or keys, field
        assert set(columns) <= set(COLUMNS), field
        for key in keys:
            assert key not in COLUMNS, field
            made = key.removesuffix("_raw") if key.endswith("_raw") else key
            made = re.sub("^(to|cc|bcc)_addresses$", "_addresses", made)
            assert f'"{made}"' in sources, key
