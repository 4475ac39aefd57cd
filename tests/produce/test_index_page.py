"""``index.html``: opens from the folder, harmless whatever the evidence says, complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from ediscovery.produce import index_page
from ediscovery.produce.check_volume import verify
from ediscovery.produce.fields import Family, Fields, Produced, Span
from ediscovery.produce.loadfile.rows import PageRow
from ediscovery.produce.specification import IndexPage, Specification, from_dict, load
from ediscovery.produce.volume import digests_of
from tests.engine.matters import new
from tests.produce.home import Home, another, failing, listed_anew
from tests.produce.making import filled, produce, simple, specification
from tests.produce.test_fields import item

SPECIFICATION = """
extends: production-standard
index_page: {write: true, documents: 2, pdf: true}
"""


@pytest.fixture(scope="module")
def folder(went_out: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume with pages of two documents each. Do not change."""

    place = tmp_path_factory.mktemp("index")
    home = another(went_out.home, place)
    file = place / "mine.yaml"
    file.write_text(SPECIFICATION)
    home.produce(
        "VOL002", "--spec", str(file), "--workers", "0", "--override", "produced-before",
        "--reason", "for a small firm", "--second-person", "Someone Else",
    )  # fmt: skip
    assert failing(home.out / "VOL002", home.matter) == {}
    return home.out / "VOL002"


def test_every_document_is_listed_and_marked(folder: Path) -> None:
    pages = [folder / "index.html", *sorted(folder.glob("INDEX/page-*.html"))]
    assert len(pages) > 1
    text = "\n".join(path.read_text() for path in pages)
    rows = re.findall(r'<b id="(ACME\d+)">', text)
    assert rows == sorted(rows) and len(rows) == len(list(folder.glob("TEXT/*/*.txt")))
    assert "WITHHELD" in text and "REDACTED" in text and "attached to ACME" in text
    assert "porosity" not in text.casefold()


def test_a_pdf_of_each_document_shows_what_the_pages_do(folder: Path) -> None:
    made = sorted(folder.glob("INDEX/PDF/*/*.pdf"))
    assert len(made) == len(list(folder.glob("TEXT/*/*.txt")))
    for path in made:
        with pymupdf.open(path) as document:
            assert document.page_count == 1
            (page,) = document
            shown = page.get_pixmap(dpi=72, colorspace=pymupdf.csGRAY)
            assert not page.get_text().strip()
        picture = next(folder.glob(f"IMAGES/*/{path.stem}.*"))
        with pymupdf.open(picture) as image:
            (one,) = image
            zoom = pymupdf.Matrix(shown.width / one.rect.width, shown.height / one.rect.height)
            wanted = one.get_pixmap(matrix=zoom, colorspace=pymupdf.csGRAY)
        ours, theirs = sum(shown.samples), sum(wanted.samples)
        assert abs(ours - theirs) < 0.02 * theirs, "neither black nor turned round"


def test_it_is_in_the_manifest(folder: Path) -> None:
    manifest = (folder / "MANIFEST.csv").read_text()
    assert "index.html" in manifest and "INDEX\\PDF\\" in manifest
    assert "index.html" in dict(digests_of(folder))


def _script(folder: Path) -> None:
    _changed(folder, "</body>", "<script>1</script></body>")


def _event(folder: Path) -> None:
    _changed(folder, "<table>", '<table onclick="x()">')


def _away(folder: Path) -> None:
    _changed(folder, 'href="TEXT', 'href="https://x.example/TEXT')


def _climbing(folder: Path) -> None:
    _changed(folder, 'href="TEXT/0001', 'href="../../TEXT/0001')


def _dead(folder: Path) -> None:
    _changed(folder, 'href="TEXT/0001', 'href="TEXT/0009')


def _document_gone(folder: Path) -> None:
    _changed(folder, '<b id="ACME', '<b class="ACME')


def _changed(folder: Path, old: str, new: str) -> None:
    path = folder / "index.html"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    listed_anew(folder)


@pytest.mark.parametrize("harm", [_script, _event, _away, _climbing, _dead, _document_gone])
def test_damage_is_found(folder: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "VOL002"))
    harm(copy)
    assert "index page" in [check.name for check in verify(copy) if not check.holds]


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</td></table><h1>x",
    "\u202egnp.exe", "a\0b", "javascript:alert(1)", "&lt;b&gt;", "'; DROP", "%UP%", "\x1b[2J",
]  # fmt: skip


def _document(number: int, subject: str, parent: str = "") -> tuple[Produced, list[PageRow]]:
    bates = f"A{number:04}"
    made = Produced(
        item=item(subject=subject, from_=subject, file_name=subject),
        custodian=subject,
        bates=Span(bates, bates),
        family=Family(Span(bates, bates), parent),
        volume="V",
        pages=1,
        text_path=f"TEXT\\0001\\{bates}.txt",
    )
    return made, [PageRow(bates, "V", f"IMAGES/0001/{bates}.tif", first=True, pages=1)]


def _written(place: Path, documents: list[Any], most: int = 500) -> Path:
    made: Specification = from_dict(
        load("production-standard").as_dict()
        | {"index_page": {"write": True, "documents": most, "pdf": False}}
    )
    assert made.index_page == IndexPage(True, most, False)
    for one, pages in documents:
        for name in (one.text_path.replace("\\", "/"), pages[0].path):
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    index_page.write(place, made, Fields(made, "UTC"), "V", documents)
    return place


@given(st.lists(st.text(max_size=30) | st.sampled_from(HOSTILE), min_size=1, max_size=5))
def test_evidence_stays_text(tmp_path_factory: pytest.TempPathFactory, subjects: list[str]) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    documents = [_document(number, subject) for number, subject in enumerate(subjects, 1)]
    _written(folder, documents)
    firsts = [made.bates.first for made, _ in documents]
    found = index_page.check(folder, firsts)
    assert found is not None and found[1] == []
    tree = LexborHTMLParser((folder / "index.html").read_bytes())
    cells = [node.text() for node in tree.css("tr td:nth-child(5)")]
    plain = ["".join(c if c.isprintable() else " " for c in subject) for subject in subjects]
    assert [cell.split() for cell in cells] == [subject.split() for subject in plain]


def test_a_page_ends_with_a_family(tmp_path: Path) -> None:
    documents = [_document(1, "a"), _document(2, "b"), _document(3, "c", "A0002"),
                 _document(4, "d")]  # fmt: skip
    _written(tmp_path, documents, most=2)
    first = (tmp_path / "index.html").read_text()
    second = (tmp_path / "INDEX/page-0002.html").read_text()
    assert [f'id="A000{n}"' in first for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert 'id="A0004"' in second and 'href="../TEXT/0001/A0004.txt"' in second
    found = index_page.check(tmp_path, ["A0001", "A0002", "A0003", "A0004"])
    assert found is not None and found[1] == []


def test_a_picture_viewer_is_spoken_of_where_one_is_needed(folder: Path, tmp_path: Path) -> None:
    assert "picture viewer" in (folder / "index.html").read_text()
    matter = filled(new(tmp_path / "home"), tmp_path / "evidence", simple(2))
    only_pdf = specification(treatments={"default": {"images": "pdf"}}, index_page={"write": True})
    assert (
        "picture viewer"
        not in (produce(matter, tmp_path / "out", only_pdf) / "index.html").read_text()
    )
