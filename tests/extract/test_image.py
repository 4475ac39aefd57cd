"""Pictures: dimensions, frames, dates, places and texts from their headers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.extract.archive.opening import opened


def saved(form: str, size: tuple[int, int] = (40, 30), **settings: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, form, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "JPEG2000"])
def test_every_registered_form_has_its_dimensions(form: str) -> None:
    ext = {"JPEG": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}.get(form, form.lower())
    item = opened(saved(form), f"a.{ext}").root
    assert (item.metadata["width"], item.metadata["height"]) == (40, 30)
    assert item.metadata["frames"] == item.page_count == 1
    assert (item.state, item.category, item.flags) == ("ok", "image", [])


def test_exif_dates_places_and_makers() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "Example Cameras", "Model 1", "Ada"
    exif[0x010E] = "The broken valve"
    exif[0x9C9B] = "Valve, north side".encode("utf-16-le")
    exif.get_ifd(0x8769).update({0x9003: "2001:05:04 11:22:33", 0x9011: "+02:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 3: "W", 4: (16.0, 22.0, 12.0)})
    found = opened(saved("JPEG", exif=exif), "a.jpg")
    item = found.root
    assert item.created_at == "2001-05-04T09:22:33Z"
    assert item.metadata["created_at_raw"] == "2001:05:04 11:22:33 +02:00"
    assert item.metadata["gps"] == "48.208333, -16.370000"
    assert item.metadata["camera_make"] == "Example Cameras"
    assert (item.author, item.title) == ("Ada", "Valve, north side")
    assert "The broken valve" in found.text
    assert "Valve, north side" in found.text


@pytest.mark.parametrize("written", ["0000:00:00 00:00:00", "2001:02:30 11:22:33", "yesterday"])
def test_impossible_dates_stay_empty(written: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = written
    assert opened(saved("JPEG", exif=exif), "a.jpg").root.created_at == ""


def test_texts_inside_are_searched() -> None:
    chunks = PngInfo()
    chunks.add_text("Comment", "taken before the fire")
    chunks.add_itxt("Author", "Ädä", zip=True)
    found = opened(saved("PNG", pnginfo=chunks), "a.png")
    assert "taken before the fire" in found.text
    assert "Ädä" in found.text
    jpeg = opened(saved("JPEG", comment=b"note in the file"), "a.jpg")
    assert jpeg.text == "note in the file"


def test_frames_are_counted() -> None:
    more = [Image.new("RGB", (40, 30), colour) for colour in ("blue", "green")]
    for form, name in (("GIF", "a.gif"), ("TIFF", "a.tif"), ("WEBP", "a.webp"), ("PNG", "a.png")):
        item = opened(saved(form, save_all=True, append_images=more), name).root
        assert item.metadata["frames"] == 3, form
        assert item.page_count == (3 if form == "TIFF" else None), form


def test_large_pictures_without_ocr_say_so() -> None:
    assert opened(saved("PNG", (700, 900)), "a.png").root.flags == ["needs_ocr"]


def test_a_cut_picture_keeps_what_its_header_says() -> None:
    data = saved("PNG", (700, 900))
    item = opened(data[: len(data) // 2], "a.png").root
    assert item.metadata["width"] == 700
    assert opened(data[:20], "a.png").root.state == "corrupt"


def test_pictures_of_others(corpora: Path) -> None:
    data = next((corpora / "tika").rglob("testJPEG_GEO.jpg")).read_bytes()
    item = opened(data, "a.jpg").root
    assert item.metadata["gps"] == "12.543210, -54.123400"
    assert item.created_at == "2009-08-11T09:09:45Z"
    data = next((corpora / "tika").rglob("testJPEG_commented.jpg")).read_bytes()
    item = opened(data, "a.jpg").root
    assert item.title == "Tosteberga Ängar"
    assert item.author == "Some Tourist"
    data = next((corpora / "tika").rglob("testTIFF_multipage.tif")).read_bytes()
    assert opened(data, "a.tif").root.page_count == 2
