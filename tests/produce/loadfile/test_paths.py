"""No path of a load file leaves its volume; names are found whatever their case."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.produce.loadfile.paths import Outside, inside


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("in") / "VOL001"
    (place / "IMAGES" / "0001").mkdir(parents=True)
    (place / "IMAGES" / "0001" / "A1.TIF").write_bytes(b"x")
    (place / "out").symlink_to("/etc")
    (place / "near").symlink_to("IMAGES")
    (place / "loop").symlink_to("loop")
    return place


@pytest.mark.parametrize(
    "path",
    [
        "IMAGES\\0001\\A1.TIF",
        "images/0001/a1.tif",
        ".\\Images\\0001/a1.TIF",
        "VOL001\\IMAGES\\0001\\A1.TIF",
        ".\\vol001\\images\\0001\\a1.tif",
        "near\\0001\\A1.TIF",
        "IMAGES\\\\0001\\.\\A1.TIF",
    ],
)
def test_what_lies_inside_is_found(volume: Path, path: str) -> None:
    assert inside(volume, path).read_bytes() == b"x"


def test_what_is_missing_keeps_its_name(volume: Path) -> None:
    assert inside(volume, "images\\0001\\B2.tif") == volume / "IMAGES" / "0001" / "B2.tif"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("/etc/passwd", "absolute"),
        ("\\IMAGES\\A1.TIF", "absolute"),
        ("C:\\IMAGES\\A1.TIF", "drive"),
        ("d:A1.TIF", "drive"),
        (" C:\\x", "drive"),
        ("\\\\server\\share\\A1.TIF", "share"),
        ("//server/share", "share"),
        ("..\\..\\etc\\passwd", "climbs"),
        ("IMAGES/../../x", "climbs"),
        ("IMAGES\\.. \\x", "climbs"),
        ("IMAGES/...\\x", "climbs"),
        ("a\0b", "NUL"),
        ("out/passwd", "link"),
        ("OUT\\passwd", "link"),
        ("loop\\x", "can't"),
        ("x" * 5000, "longer"),
        ("a/" * 3000 + "x", "longer"),
        (".", "no file"),
        ("\ud83d", "can't"),
    ],
)
def test_what_leaves_is_refused(volume: Path, path: str, why: str) -> None:
    with pytest.raises(Outside, match=why):
        inside(volume, path)


@given(st.text(st.sampled_from("./\\ :aC\0~"), max_size=10))
def test_whatever_is_asked_stays_inside(
    tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    root.mkdir(exist_ok=True)
    try:
        found = inside(root, path)
    except Outside:
        return
    assert found.resolve().is_relative_to(root.resolve())
    assert found.resolve() != root.resolve()
