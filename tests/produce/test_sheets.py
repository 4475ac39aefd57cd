"""Tables for people, as PDF too."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from ediscovery.model.errors import UsageError
from ediscovery.produce import sheets

HEADS = ("Number", "Name", "Remark")


def pages(path: Path) -> list[str]:
    with pymupdf.open(path) as document:
        return [page.get_text() for page in document]


def test_pages_repeat_the_heads_and_count(tmp_path: Path) -> None:
    rows = [(number, f"name{number}", "Łódź <b>契約</b> " * (number % 4)) for number in range(200)]
    for name in ("a.pdf", "b.pdf"):
        sheets.write(tmp_path / name, HEADS, rows, "A matter")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    found = pages(tmp_path / "a.pdf")
    assert len(found) > 2
    for number, text in enumerate(found, 1):
        assert all(head in text for head in (*HEADS, "A matter"))
        assert f"Page {number} of {len(found)}" in text
    whole = "".join(found).split()
    assert all(f"name{number}" in whole for number in range(200))
    assert "<b>契約</b>" in "".join(whole)


def test_nothing_of_a_long_cell_or_a_wide_table_is_lost(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(8_000)]
    sheets.write(tmp_path / "long.pdf", HEADS, [("1", "x", " ".join(words)), ("2", "last", "")])
    found = "".join(pages(tmp_path / "long.pdf"))
    assert [word for word in found.split() if word.startswith("word")] == words
    assert "last" in found
    heads = [f"Head{number}" for number in range(22)]
    sheets.write(tmp_path / "wide.pdf", heads, [["unbroken" * 12] * 22])
    with pymupdf.open(tmp_path / "wide.pdf") as document:
        page = document[0]
        assert page.rect.width > page.rect.height
        words_at = page.get_text("words")
        assert max(word[2] for word in words_at) <= page.rect.width
    text = "".join("".join(pages(tmp_path / "wide.pdf")).split())
    assert all(head in text for head in heads)


@pytest.mark.parametrize("above", range(0, 48, 3))
def test_cells_go_on_wherever_their_page_ends(above: int, tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(400)]
    rows = [("", "", "")] * above + [
        ("&nbsp;", "a", "\n".join(words).replace("\n", " x" * 20 + " "))
    ]
    sheets.write(tmp_path / "a.pdf", HEADS, [*rows, ("z", "last", "")])
    found = " ".join(pages(tmp_path / "a.pdf")).split()
    assert [word for word in found if word.startswith("w")] == words
    assert "&nbsp;" in found and "last" in found


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        sheets.write(tmp_path / "a.docx", HEADS, [])
