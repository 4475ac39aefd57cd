"""Finished pages as image files: single-page Group IV TIFF (TIFF 6.0, Class F) and JPEG."""

from __future__ import annotations

import io
import struct

from ediscovery.produce.render import g4
from ediscovery.produce.render.raster import Raster

_SHORT, _LONG, _RATIONAL = 3, 4, 5


def tiff(raster: Raster) -> bytes:
    """A bitonal page as TIFF: Compression 4, white is zero, high bit first, one strip, its
    resolution; neither date nor name of a program, so that the same page gives the same bytes."""
    return tiff_of(g4.encode(raster.pixels, raster.width), raster)


def tiff_of(data: bytes, raster: Raster) -> bytes:
    """As :func:`tiff`, of a page that is already compressed."""
    entries = [
        (254, _LONG, 0),  # NewSubfileType
        (256, _LONG, raster.width),
        (257, _LONG, raster.height),
        (258, _SHORT, 1),  # BitsPerSample
        (259, _SHORT, 4),  # Compression: Group IV
        (262, _SHORT, 0),  # PhotometricInterpretation: WhiteIsZero
        (266, _SHORT, 1),  # FillOrder: high bit first
        (273, _LONG, None),  # StripOffsets
        (274, _SHORT, 1),  # Orientation
        (277, _SHORT, 1),  # SamplesPerPixel
        (278, _LONG, raster.height),  # RowsPerStrip
        (279, _LONG, len(data)),  # StripByteCounts
        (282, _RATIONAL, None),  # XResolution
        (283, _RATIONAL, None),  # YResolution
        (293, _LONG, 0),  # T6Options
        (296, _SHORT, 2),  # ResolutionUnit: inch
    ]
    after = 8 + 2 + 12 * len(entries) + 4
    places = {282: after, 283: after + 8, 273: after + 16}
    out = bytearray(struct.pack("<2sHLH", b"II", 42, 8, len(entries)))
    for tag, kind, value in entries:
        stored = places[tag] if value is None else value
        out += struct.pack("<HHLL", tag, kind, 1, stored)  # little-endian: a SHORT lies leftmost
    out += struct.pack("<L", 0) + struct.pack("<LLLL", raster.dpi, 1, raster.dpi, 1)
    return bytes(out) + data


def jpeg(raster: Raster, quality: int) -> bytes:
    """A colour page as baseline JPEG with its resolution and nothing else about it."""
    from PIL import Image

    buffer = io.BytesIO()
    picture = Image.fromarray(raster.pixels, "RGB")
    picture.save(buffer, "JPEG", quality=quality, dpi=(raster.dpi, raster.dpi), subsampling="4:2:0")
    return buffer.getvalue()
