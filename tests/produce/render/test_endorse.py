"""Endorsements stand in the margins, cover nothing, and can be read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pymupdf
import pytest

from ediscovery.extract import ocr
from ediscovery.model.errors import EvidenceError, UsageError
from ediscovery.produce.render import endorse, pdf_file
from ediscovery.produce.render.endorse import POSITIONS, Endorsement
from ediscovery.produce.render.finish import finish
from ediscovery.produce.render.pages import Rendering
from tests.produce.render.support import PDF, context, pages_of, pdf_with

NAMES = ["Harbour", "Meadow", "Orchard", "Valley", "Mountain", "River"]
ALL = [Endorsement(*pair) for pair in zip(POSITIONS, NAMES, strict=True)]


def test_six_positions_are_read_back(tmp_path: Path) -> None:
    page = pages_of(pdf_with("content"), PDF, tmp_path).page(1)
    made = finish(page, Rendering(), context(tmp_path), ALL)
    assert not made.notes
    with pymupdf.open(stream=pdf_file.pdf([made])) as document:
        words = {w[4]: w for w in document[0].get_text("words")}
        assert set(NAMES) <= words.keys()
        assert words["Harbour"][1] < 40 and words["Valley"][1] > 740
        assert words["Harbour"][0] < 40 and words["River"][2] > 570
        if ocr.available():
            picture = document[0].get_pixmap(dpi=300).tobytes("png")
            read = ocr.recognise(picture, context(tmp_path), 300).text
            assert all(name in read for name in NAMES)


def test_a_page_without_margin_is_made_smaller(tmp_path: Path) -> None:
    document = pymupdf.open(stream=pdf_with("content"))
    document[0].draw_rect(pymupdf.Rect(100, 750, 610, 790), fill=(0.9, 0.9, 0.9))
    page = pages_of(document.tobytes(), PDF, tmp_path).page(1)
    made = finish(page, Rendering(), context(tmp_path), [Endorsement("foot-right", "ACME-1")])
    assert any("percent" in note for note in made.notes)
    bare = finish(page, Rendering(), context(tmp_path))
    box = made.endorsements[0].box
    rows = np.unpackbits(made.raster.pixels, axis=1)
    top, bottom = int(box[1] * 300 / 72), int(box[3] * 300 / 72)
    # Nothing but the endorsement stands in its rows: the frame ends above.
    assert not rows[top:bottom, : int((box[0] - 3) * 300 / 72)].any()
    assert rows[int((box[1] - 8) * 300 / 72) : top].any()
    assert made.words[0].box[3] < bare.words[0].box[3]
    assert (made.raster.width, made.raster.height) == (bare.raster.width, bare.raster.height)


def test_the_whole_page_stays_visible_when_made_smaller(tmp_path: Path) -> None:
    document = pymupdf.open(stream=pdf_with("content"))
    for x in (0, 592):
        for y in (0, 772):
            document[0].draw_rect(pymupdf.Rect(x, y, x + 20, y + 20), fill=(0, 0, 0))
    page = pages_of(document.tobytes(), PDF, tmp_path).page(1)
    made = finish(page, Rendering(), context(tmp_path), ALL)
    ink = np.unpackbits(made.raster.pixels, axis=1).sum()
    plain = np.unpackbits(finish(page, Rendering(), context(tmp_path)).raster.pixels, axis=1).sum()
    assert ink > 0.8 * plain


def test_wording_shares_its_row(tmp_path: Path) -> None:
    wide = [
        Endorsement(position, "CONFIDENTIAL SUBJECT TO PROTECTIVE ORDER") for position in POSITIONS
    ]
    placed = endorse.place(wide, 612, 792)
    for one in placed:
        for other in placed:
            apart = one.box[2] <= other.box[0] or one.box[0] >= other.box[2]
            assert one is other or apart or one.box[1] != other.box[1]


def test_several_at_one_position_stand_below_each_other() -> None:
    placed = endorse.place(
        [Endorsement("foot-left", "one"), Endorsement("foot-left", "two")], 612, 792
    )
    assert placed[0].box[3] <= placed[1].box[1] + 1e-6


def test_what_can_not_be_placed_is_an_error() -> None:
    with pytest.raises(UsageError):
        endorse.place([Endorsement("middle", "x")], 612, 792)
    with pytest.raises(EvidenceError):
        endorse.place([Endorsement("foot-left", "x" * 400)], 100, 100)
