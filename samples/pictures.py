"""Pictures: pages that look scanned, drawings, a photograph that never was."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from PIL import Image, ImageDraw, ImageFont

from samples.things import Thing

WHEN = datetime(2024, 7, 3, 15, 20, tzinfo=UTC)


def page(lines: Sequence[str], dpi: int = 150) -> Image.Image:
    """A grey A4 page of typed ``lines``, the first one larger, with specks as from a scanner."""
    width, height = round(8.27 * dpi), round(11.69 * dpi)
    image = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(image)
    y = dpi
    for n, line in enumerate(lines):
        font = ImageFont.load_default(size=dpi / 3.6 if n == 0 else dpi / 5.5)
        draw.text((dpi * 0.9, y), line, fill=25, font=font)
        y += round(dpi * (0.55 if n == 0 else 0.34))
    for n in range(120):
        digest = hashlib.sha256(f"{lines[0]}/{n}".encode()).digest()
        x = int.from_bytes(digest[:4], "big") % width
        draw.point((x, int.from_bytes(digest[4:8], "big") % height), fill=120)
    draw.rectangle((0, 0, 5, height), fill=170)
    return image


def jpeg(image: Image.Image, quality: int = 70) -> bytes:
    """``image`` as a JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(image: Image.Image, dpi: int = 150) -> bytes:
    """``image`` as a PNG that states its resolution."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", dpi=(dpi, dpi))
    return buffer.getvalue()


def fax(images: Sequence[Image.Image], dpi: int = 200) -> bytes:
    """Black and white pages as one TIFF in Group 4 compression."""
    pages = [image.point(lambda v: 255 if v > 140 else 0).convert("1") for image in images]
    buffer = io.BytesIO()
    pages[0].save(
        buffer, "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(dpi, dpi)
    )
    return buffer.getvalue()


def scan(name: str, lines: Sequence[str]) -> Thing:
    """A scanned page as PNG; its words can only be had by OCR."""
    data = png(page(lines))
    return Thing(name, data, "image", "image/png", "\n".join(lines), ocr=True, when=WHEN)


def faxed(name: str, pages: Sequence[Sequence[str]]) -> Thing:
    """Several pages as one TIFF; its words can only be had by OCR."""
    data = fax([page(lines, 200) for lines in pages])
    text = "\n".join(line for lines in pages for line in lines)
    return Thing(name, data, "image", "image/tiff", text, ocr=True, when=WHEN)


def micrograph(name: str) -> Thing:
    """A photograph without words: grey rings with dark spots, as pores under a microscope."""
    image = Image.new("L", (320, 240))
    image.putdata([
        int(130 + 60 * math.sin(math.hypot(x - 160, y - 120) / 9) + (x * 7 + y * 13) % 17)
        for y in range(240)
        for x in range(320)
    ])  # fmt: skip
    draw = ImageDraw.Draw(image)
    for n in range(14):
        x, y, r = 20 + n * 21, 30 + n * 53 % 180, 3 + n % 5
        draw.ellipse((x - r, y - r, x + r, y + r), fill=10)
    return Thing(name, jpeg(image, 80), "image", "image/jpeg", when=WHEN)


def logo(name: str) -> Thing:
    """A small drawing for signatures: a wheel with three blades, without words."""
    image = Image.new("RGB", (96, 96), "white")
    draw = ImageDraw.Draw(image)
    for n in range(3):
        angle = math.radians(120 * n - 90)
        tip = (48 + 42 * math.cos(angle), 48 + 42 * math.sin(angle))
        draw.line((48, 48, *tip), fill=(30, 90, 150), width=9)
    draw.ellipse((38, 38, 58, 58), fill=(30, 90, 150))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Thing(name, buffer.getvalue(), "image", "image/png", when=WHEN)
