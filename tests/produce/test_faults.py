"""Documents and machines that fail while a production is made: it goes on, or stops and goes on."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from PIL import Image

from ediscovery.engine.pool import SerialPool
from ediscovery.model.errors import TryAgain
from ediscovery.model.profile import Profile
from ediscovery.produce import renderer
from ediscovery.produce.render import libreoffice
from ediscovery.store.workspace import Matter, Workspace
from tests.conftest import call
from tests.engine.kills import COMMAND
from tests.engine.matters import QUICK, mail, new
from tests.produce.making import (
    bytes_of,
    failing,
    filled,
    lines,
    next_number,
    pdf,
    produce,
    simple,
)


def _locked() -> bytes:
    document = pymupdf.open("pdf", pdf("secret"))
    return bytes(
        document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="o", user_pw="u")
    )


def _endless() -> bytes:
    """Forms within forms: a page that takes a thousand million steps to draw."""
    document = pymupdf.open("pdf", pdf("It says this a thousand million times"))
    page = document[0]
    below = "10 20 m 90 20 l S\n"
    inner = ""
    for level in range(9):
        form = document.get_new_xref()
        used = f"/Resources<</XObject<</F {inner}>>>>" if inner else "/Resources<<>>"
        document.update_object(form, f"<</Type/XObject/Subtype/Form/BBox[0 0 200 120]{used}>>")
        document.update_stream(form, (below if not level else "/F Do\n" * 10).encode())
        inner = f"{form} 0 R"
    document.xref_set_key(page.xref, "Resources", f"<</XObject<</F {inner}>>>>")
    contents = document.get_new_xref()
    document.update_object(contents, "<<>>")
    document.update_stream(contents, b"/F Do")
    document.xref_set_key(page.xref, "Contents", f"{contents} 0 R")
    return bytes(document.tobytes(no_new_id=True))


def _turned() -> bytes:
    """A page with a rotation, a crop box and a layer that its author switched off."""
    document = pymupdf.open("pdf", pdf("inside of the crop", width=400, height=300))
    page = document[0]
    page.insert_text((20, 280), "outside of the crop")
    page.insert_text((20, 70), "on a layer", oc=document.add_ocg("Hidden", on=False))
    page.set_cropbox(pymupdf.Rect(0, 0, 300, 150))
    page.set_rotation(90)
    return bytes(document.tobytes(no_new_id=True))


def _wide(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("1", (width, height), 1).save(made, "PNG", dpi=(300, 300))
    return made.getvalue()


FILES = {
    "crash.eml": mail(1, "It ends its renderer."),
    "endless.pdf": _endless(),
    "encrypted.pdf": _locked(),
    "broken.pdf": b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>\n",
    "wide.png": _wide(40_000, 300),
    "large.pdf": pdf("as large as a sail", width=9_600, height=4_000),
    "turned.pdf": _turned(),
    "plain.txt": b"Nothing is wrong here.\n",
    "last.eml": mail(2, "Nor here."),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Matter, Path]:
    """A production of documents that defeat their renderer, and of others between them."""
    place = tmp_path_factory.mktemp("faults")
    limits = replace(Profile().limits, wall_seconds=4.0)
    matter = filled(
        new(place / "home"), place / "evidence", FILES, profile=replace(QUICK, limits=limits)
    )
    real = renderer.send

    def killing(stream: Any, message: dict[str, Any]) -> None:
        real(stream, message)
        if message.get("name") == "crash.eml":
            renderer._kept[1]._process.kill()  # type: ignore[index,union-attr]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "send", killing)
        patch.setattr(renderer, "Profile", lambda: Profile(limits=limits))
        return matter, produce(matter, place / "out")


@pytest.mark.parametrize(
    ("name", "reason", "said"),
    [
        ("crash.eml", "failed", "crashed 3 times (SIGKILL)"),
        ("endless.pdf", "failed", "took more than 4 s"),
        ("encrypted.pdf", "encrypted", "password"),
        ("broken.pdf", "failed", ""),
    ],
)
def test_what_can_not_be_shown_has_a_slip_sheet_that_says_why(
    made: tuple[Matter, Path], name: str, reason: str, said: str
) -> None:
    matter, folder = made
    line = lines(matter)[name]
    assert (line.kind, line.reason, line.pages) == ("slip-sheet", reason, 1)
    assert line.message and said in line.message
    assert line.bates_begin and next(folder.glob(f"IMAGES/*/{line.bates_begin}.tif"))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_pages_too_large_are_drawn_smaller_and_the_log_says_so(made: tuple[Matter, Path]) -> None:
    matter, folder = made
    found = lines(matter)
    large = found["large.pdf"]
    assert large.kind == "image" and "is large and drawn at" in large.message
    with Image.open(next(folder.glob(f"IMAGES/*/{large.bates_begin}.tif"))) as image:
        assert image.width * image.height <= 100_000_000
        assert image.width / image.height == pytest.approx(2.4, rel=0.01)
    wide = found["wide.png"]
    assert wide.kind == "image"
    with Image.open(next(folder.glob(f"IMAGES/*/{wide.bates_begin}.tif"))) as image:
        assert image.width == 40_000


def test_rotation_crop_box_and_layers(made: tuple[Matter, Path]) -> None:
    matter, folder = made
    line = lines(matter)["turned.pdf"]
    assert line.kind == "image" and "Hidden" in line.message
    with Image.open(next(folder.glob(f"IMAGES/*/{line.bates_begin}.tif"))) as image:
        assert image.size == (round(150 / 72 * 300), round(300 / 72 * 300))


def test_the_production_goes_on_and_verifies(made: tuple[Matter, Path]) -> None:
    matter, folder = made
    found = lines(matter)
    assert {found[name].kind for name in ("plain.txt", "last.eml")} == {"image"}
    assert failing(folder, matter) == {}


# -- two at once, and a full disk ------------------------------------------------------------------


def test_a_second_production_meanwhile_is_turned_away_and_follows_later(tmp_path: Path) -> None:
    matter = filled(new(tmp_path / "home"), tmp_path / "evidence", simple(4))
    done = []

    class Meanwhile(SerialPool):
        """Starts another production of the same matter when the first renders."""

        def run(self, function: Any, tasks: Any) -> Iterator[Any]:
            for result in super().run(function, tasks):
                if next_number(matter) > 1 and not done:
                    done.append(True)
                    call(
                        tmp_path / "home", "produce", "run", "acme", "--query", "type:mail",
                        "--volume", "VOL002", "--out", str(tmp_path / "out"), "--workers", "0",
                        expect=11,
                    )  # fmt: skip
                yield result

    pool = Meanwhile()
    numbers = [1, 2]
    produce(matter, tmp_path / "out", pool=pool, numbers=numbers)
    pool.close()
    assert done
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["VOL001"]
    follows = next_number(matter)
    produce(matter, tmp_path / "out", volume="VOL002", numbers=[3, 4])
    first = min(line.bates_begin for line in lines(matter, "VOL002").values())
    assert first == f"ACME{follows:07}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 160 KiB; left out where nothing may be mounted."""
    with _mounted(tmp_path / "small", "160k") as place:
        yield place


@contextmanager
def _mounted(place: Path, size: str) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"left out: mounting is not permitted here ({done.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_stops_it_and_the_same_command_goes_on(
    small_disk: Path, tmp_path: Path
) -> None:
    files = simple(9) | {f"noise{n}.jpg": _noise(n) for n in range(4)}
    filled(new(tmp_path / "made"), tmp_path / "evidence", files)
    for name in ("home", "other"):
        shutil.copytree(tmp_path / "made", tmp_path / name)
    matter, other = (Workspace(tmp_path / name).open("acme") for name in ("home", "other"))
    expected = bytes_of(produce(other, tmp_path / "out"))

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *COMMAND, "produce", "run", "acme", "--query", "coding:responsive=yes", "--volume",
                "VOL001", "--out", str(small_disk), "--workers", "0", "--json",
            ],
            env=os.environ | {"EDISCOVERY_HOME": str(tmp_path / "home")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    failed = run()
    assert failed.returncode == 75, failed.stderr
    assert "Traceback" not in failed.stderr and "run the same command again" in failed.stderr
    assert not (small_disk / "VOL001").exists()
    follows = next_number(matter)
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    done = run()
    assert done.returncode == 0, done.stderr
    assert [one["volume"] for one in json.loads(done.stdout)["volumes"]] == ["VOL001"]
    assert bytes_of(small_disk / "VOL001") == expected
    assert next_number(matter) == follows == next_number(other)
    assert failing(small_disk / "VOL001", matter) == {}


@pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is missing")
def test_a_full_scratch_disk_blames_no_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.rtf": rb"{\rtf1 Shown by LibreOffice.}"} | simple(3)
    matter = filled(new(tmp_path / "home"), tmp_path / "evidence", files)
    with _mounted(matter.scratch, "40m") as scratch:
        with pytest.raises(TryAgain, match="MiB free") as full:
            produce(matter, tmp_path / "out")
        assert str(scratch) in full.value.message
        assert next_number(matter) == 1
        subprocess.run(["mount", "-o", "remount,size=100m", str(scratch)], check=True)
        # There is room at first; what shows documents fills it.
        sent = renderer.send

        def filling(stream: Any, message: dict[str, Any]) -> None:
            if message.get("name") == "a.rtf":
                with suppress(OSError):
                    (scratch / "filler").write_bytes(bytes(200 << 20))
            sent(stream, message)

        with monkeypatch.context() as patch:
            patch.setattr(renderer, "send", filling)
            with pytest.raises(TryAgain):
                produce(matter, tmp_path / "out")
        assert next_number(matter) == 1
        (scratch / "filler").unlink()
        folder = produce(matter, tmp_path / "out")
    assert failing(folder, matter) == {}
    assert {name: line.kind for name, line in lines(matter).items()}["a.rtf"] == "image"


def _noise(n: int) -> bytes:
    import random

    pixels = random.Random(n).randbytes(200 * 200 * 3)
    made = io.BytesIO()
    Image.frombytes("RGB", (200, 200), pixels).save(made, "JPEG", dpi=(300, 300))
    return made.getvalue()
