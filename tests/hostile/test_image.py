"""Image bombs: the header is checked before anything is decoded (case 41), OCR bombs (case 57)."""

from __future__ import annotations

import io
import random
import struct
import time
import tracemalloc
import zlib

import pytest
from PIL import Image

from ediscovery.extract import ocr
from tests.extract.archive.opening import Opened, opened


def bounded(data: bytes, name: str, **settings: object) -> Opened:
    """Open ``data``; it may take a few seconds and some tens of megabytes, no more."""
    began = time.process_time()
    tracemalloc.start()
    found = opened(data, name, **settings)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - began < 30
    assert peak < 200 << 20
    return found


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    header = struct.pack(">2L5B", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def gif(frames: int) -> bytes:
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return b"GIF89a\1\0\1\0\0\0\0" + frame * frames + b";"


def tiff(pages: int, loop: bool = False, big: bool = False) -> bytes:
    """A chain of ``pages`` directories, each with a width and a height; looped at will."""
    head, entry, link = (16, 20, "<Q") if big else (8, 12, "<L")
    count = struct.pack("<Q" if big else "<H", 2)
    size = len(count) + 2 * entry + struct.calcsize(link)
    out = bytearray(b"II+\0\x08\0\0\0" if big else b"II*\0")
    out += struct.pack(link, head)
    for number in range(pages):
        out += count
        for tag in (256, 257):
            row = struct.pack("<HH", tag, 4) + struct.pack(link, 1) + struct.pack("<L", 8)
            out += row.ljust(entry, b"\0")
        last = number == pages - 1
        target = 0 if last and not loop else head if last else head + (number + 1) * size
        out += struct.pack(link, target)
    return bytes(out)


@pytest.mark.parametrize("reading", [False, True])
def test_case_41_a_huge_picture_is_never_decoded(reading: bool) -> None:
    found = bounded(png(65_000, 65_000), "a.png", ocr=reading)
    assert found.root.state == "limit:pixels"
    assert found.root.metadata["width"] == 65_000
    assert "4225000000" in str(65_000 * 65_000)
    assert "65000 x 65000" in found.root.message


def test_case_41_a_million_frames_are_not_decoded() -> None:
    found = bounded(gif(200_000), "a.gif", limits={"pages": 1000})
    assert found.root.state == "limit:pages"


def test_case_41_a_tiff_of_many_pages() -> None:
    found = bounded(tiff(100_000), "a.tif", limits={"pages": 1000})
    assert found.root.state in ("limit:pages", "corrupt")


@pytest.mark.parametrize("big", [False, True])
def test_case_41_a_circle_of_directories_ends(big: bool) -> None:
    found = bounded(tiff(3, loop=True, big=big), "a.tif")
    assert found.root.state in ("warnings", "corrupt")
    if found.root.state == "warnings":
        assert "circle" in found.root.message


def test_case_41_text_chunks_that_unfold_without_end() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "PNG")
    data = buffer.getvalue()
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 << 20)))
    found = bounded(data[:33] + bomb + data[33:], "a.png")
    assert found.root.state in ("ok", "warnings", "corrupt")
    assert len(found.text) < 1 << 20


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_every_flipped_byte_ends_in_a_state(form: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, form)
    data = buffer.getvalue()
    for at in range(0, len(data), max(1, len(data) // 120)):
        for case in (data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :], data[:at]):
            assert opened(case, "a.bin").root.state


@pytest.mark.skipif(not ocr.available(), reason="left out: tesseract is not installed")
def test_case_57_a_page_of_noise_is_stopped() -> None:
    dice = random.Random(1)
    noise = Image.frombytes("L", (2000, 2000), dice.randbytes(4_000_000))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG", compress_level=1)
    began = time.monotonic()
    found = opened(buffer.getvalue(), "a.png", ocr=True, limits={"ocr_page_seconds": 2.0})
    assert time.monotonic() - began < 30
    assert found.root.state in ("ok", "warnings")
