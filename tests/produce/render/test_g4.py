"""Group IV as we write it is what libtiff reads."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ediscovery.produce.render import image_files
from ediscovery.produce.render.raster import Raster


def back(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape
    raster = Raster(width, height, 300, False, np.packbits(pixels, axis=1))
    with Image.open(io.BytesIO(image_files.tiff(raster))) as picture:
        return ~np.array(picture)


@given(
    st.integers(1, 200), st.integers(1, 12), st.sampled_from([0, 0.02, 0.2, 0.5, 0.98, 1]),
    st.integers(0, 1 << 30),
)  # fmt: skip
def test_round_trip(width: int, height: int, share: float, seed: int) -> None:
    pixels = np.random.default_rng(seed).random((height, width)) < share
    assert (back(pixels) == pixels).all()


@pytest.mark.parametrize("width", [2550, 2560, 2624, 5120, 20_000])
@pytest.mark.parametrize("share", [0, 0.001, 1])
def test_long_runs(width: int, share: float) -> None:
    pixels = np.random.default_rng(1).random((6, width)) < share
    assert (back(pixels) == pixels).all()


def test_every_run_length_in_both_colours() -> None:
    pixels = np.zeros((2700, 2700), bool)
    for row in range(2700):
        pixels[row, 100 if row % 2 else 0 : row] = True
    assert (back(pixels) == pixels).all()
    assert (back(~pixels) == ~pixels).all()


def test_tags() -> None:
    raster = Raster(20, 10, 300, False, np.zeros((10, 3), np.uint8))
    with Image.open(io.BytesIO(image_files.tiff(raster))) as picture:
        tags = dict(picture.tag_v2)
    assert (tags[259], tags[262], tags[266], tags[278], tags[296]) == (4, 0, 1, 10, 2)
    assert (tags[282], tags[283]) == (300, 300)
    assert not tags.keys() & {305, 306}  # neither program nor date
