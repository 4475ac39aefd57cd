"""Text files: one a document, or one a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.matters import new
from tests.produce.making import failing, filled, ledger_of, pdf, produce, rows, specification


@pytest.mark.parametrize("level", ["document", "page"])
def test_texts_of_documents_and_pages(level: str, tmp_path: Path) -> None:
    files = {"a.pdf": pdf("one", "two", "three"), "b.txt": b"words"}
    matter = filled(new(tmp_path / "home"), tmp_path / "evidence", files)
    folder = produce(matter, tmp_path / "out", specification(text={"level": level}))
    assert failing(folder, matter) == {}
    texts = sorted(folder.glob("TEXT/*/*.txt"))
    said = [" ".join(path.read_text().replace("\f", " ").split()) for path in texts]
    if level == "document":
        assert said == ["one two three", "words"]
    else:
        assert said == ["one", "two", "three", "words"]
    assert [row["BegBates"] for row in rows(folder)] == [
        line.bates_begin for line in ledger_of(matter)
    ]
    # A page's text that is not what was written is found.
    texts[1].write_text("else")
    assert {"manifest", "as written"} <= failing(folder, matter).keys()
