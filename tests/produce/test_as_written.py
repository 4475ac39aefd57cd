"""A volume that was altered, with its manifest written anew, is not what the ledger keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ediscovery.produce.check_volume import verify
from ediscovery.store.workspace import Matter
from tests.engine.matters import mail, new
from tests.produce.home import listed_anew
from tests.produce.making import code, failing, filled, lines, named, pdf, produce, specification

FILES = {
    "a.eml": mail(1, "See you there."),
    "b.pdf": pdf("Page one", "Page two"),
    "c.csv": b"a,b\r\n1,2\r\n",
    "d.csv": b"advice,settle\r\n1,2\r\n",
}
NATIVE = specification(
    treatments={"spreadsheet": {"images": "slip-sheet", "native": True}},
    gate={"produced-before": "warn"},
)
CHANGED = "MANIFEST.csv is not the one that was written."


@pytest.fixture
def matter(tmp_path: Path) -> Matter:
    return filled(new(tmp_path / "home"), tmp_path / "evidence", FILES)


@pytest.fixture
def volume(matter: Matter, tmp_path: Path) -> Path:
    """What is not ``d.csv``, as VOL001."""
    names = named(matter)
    numbers = [number for name, number in names.items() if name != "d.csv"]
    folder = produce(matter, tmp_path / "out", NATIVE, numbers=numbers)
    assert failing(folder, matter) == {}
    return folder


def _text(folder: Path, lines: dict[str, Any]) -> str:
    (path,) = folder.glob(f"TEXT/*/{lines['a.eml'].bates_begin}.txt")
    path.write_bytes(path.read_bytes().replace(b"there", b"elsewhere"))
    return f"The text of {lines['a.eml'].bates_begin} is not what was written."


def _page(folder: Path, lines: dict[str, Any], at: str) -> str:
    (path,) = folder.glob(f"IMAGES/*/{at}.tif")
    with Image.open(path) as image:
        dpi = image.info["dpi"]
        other = image.convert("1").transpose(Image.Transpose.ROTATE_180)
    other.save(path, compression="group4", dpi=dpi)
    return f"The images of {lines['b.pdf'].bates_begin} are not what was written."


def _first_page(folder: Path, lines: dict[str, Any]) -> str:
    return _page(folder, lines, lines["b.pdf"].bates_begin)


def _last_page(folder: Path, lines: dict[str, Any]) -> str:
    return _page(folder, lines, lines["b.pdf"].bates_end)


def _native(folder: Path, lines: dict[str, Any]) -> str:
    (path,) = folder.glob(f"NATIVES/*/{lines['c.csv'].bates_begin}.csv")
    path.write_bytes(b"a,b\r\n1,3\r\n")
    return f"The native of {lines['c.csv'].bates_begin} is not what was written."


def _native_gone(folder: Path, lines: dict[str, Any]) -> str:
    next(folder.glob("NATIVES/*/*.csv")).unlink()
    return f"The native of {lines['c.csv'].bates_begin} is not what was written."


@pytest.mark.parametrize("harm", [_text, _first_page, _last_page, _native, _native_gone])
def test_a_file_altered_under_a_new_manifest(
    matter: Matter, volume: Path, harm: Callable[[Path, dict[str, Any]], str]
) -> None:
    sentence = harm(volume, lines(matter))
    listed_anew(volume)
    assert "manifest" not in failing(volume)
    assert failing(volume, matter)["as written"] == [CHANGED, sentence]


def test_a_manifest_alone(matter: Matter, volume: Path) -> None:
    path = volume / "MANIFEST.csv"
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    assert failing(volume) == {}
    assert failing(volume, matter) == {"as written": [CHANGED]}


@pytest.mark.parametrize("how", ["withheld in another volume", "coded privileged"])
def test_a_native_that_stays_here_slipped_in(
    matter: Matter, volume: Path, tmp_path: Path, how: str
) -> None:
    names = named(matter)
    secret = names["d.csv"]
    code(matter, [secret], "privilege=privileged")
    if how.startswith("withheld"):
        numbers = [names["a.eml"], secret]
        produce(matter, tmp_path / "out", NATIVE, "VOL002", numbers=numbers)
        code(matter, [secret], "privilege=none")
    (kept,) = volume.glob("NATIVES/*/*.csv")
    kept.write_bytes(FILES["d.csv"])
    listed_anew(volume)
    place = kept.relative_to(volume)
    found = failing(volume, matter)
    assert found["withheld"] == [f"{place} is the native of {matter.control_number(secret)}."]


def test_what_went_out_and_is_privileged_by_now_is_noted(matter: Matter, volume: Path) -> None:
    code(matter, [named(matter)["c.csv"]], "privilege=privileged")
    assert failing(volume, matter) == {}
    (check,) = [one for one in verify(volume, matter) if one.name == "withheld"]
    assert check.looked_at == 1
    (path,) = volume.glob("NATIVES/*/*.csv")
    assert f"as {path.relative_to(volume)}" in check.notes[0]
