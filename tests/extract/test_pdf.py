"""PDF: text by page, hidden text, notes, forms, files inside, metadata, passwords."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.extract.pdf.info import date
from ediscovery.extract.pdf.objects import Name, Ref, parse, text
from tests.extract.archive.opening import opened
from tests.extract.pdf_making import encrypted, line, one_page, pages, raw, stream


def test_pages_are_parted_by_form_feeds() -> None:
    found = opened(pages("first page", "second page", "third page"), "a.pdf")
    assert found.text == "first page\fsecond page\fthird page"
    assert found.root.page_count == 3
    assert (found.root.state, found.root.category) == ("ok", "pdf")
    assert found.root.flags == []


def test_metadata_and_dates() -> None:
    data = raw(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>",
            4: b"<</Title(A \\(small\\) title)/Author<FEFF00C4006400610020>/Producer(Maker 1.0)"
            b"/CreationDate(D:20010504112233+02'00')/ModDate(D:20010505)/Company(Example)"
            b"/Words 5 0 R/Marks 6 0 R/Tree 7 0 R>>",
            5: b"[(first) 6 0 R]",
            6: b"(second)",
            7: b"<</Kids[]>>",
        },
        trailer=b"/Info 4 0 R",
    )
    item = opened(data, "a.pdf").root
    assert (item.title, item.author) == ("A (small) title", "Äda")
    assert item.created_at == "2001-05-04T09:22:33Z"
    assert item.modified_at == "2001-05-05T00:00:00Z"
    assert item.metadata["created_at_raw"] == "D:20010504112233+02'00'"
    assert item.metadata["producer"] == "Maker 1.0"
    assert item.metadata["info_Company"] == "Example"
    assert item.metadata["info_Words"] == "first; second"
    assert item.metadata["info_Marks"] == "second"
    assert "info_Tree" not in item.metadata


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("D:20010504112233Z", "2001-05-04T11:22:33Z"),
        ("D:20010504112233-05'30'", "2001-05-04T16:52:33Z"),
        ("D:20010504", "2001-05-04T00:00:00Z"),
        ("D:2001", "2001-01-01T00:00:00Z"),
        ("2001-05-04T11:22:33+02:00", "2001-05-04T09:22:33Z"),
        ("D:20010230", ""),
        ("D:00000000000000Z", ""),
        ("yesterday", ""),
    ],
)
def test_dates(written: str, expected: str) -> None:
    assert date(written) == expected


HIDDEN = {
    "invisible": line("hidden words", setting="3 Tr"),
    "white": b"1 g " + line("hidden words") + b"0 g\n",
    "white in rgb": b"1 1 1 rg " + line("hidden words") + b"0 g\n",
    "off the page": line("hidden words", x=5000),
    "tiny": b"BT /F1 0.4 Tf 72 700 Td (hidden words) Tj ET\n",
    "under a black box": line("hidden words") + b"0 g 60 690 120 25 re f\n",
    "black on black": b"0 g 60 690 120 25 re f\n" + line("hidden words"),
    "transparent": b"/G0 gs " + line("hidden words") + b"/G1 gs\n",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_case_17_hidden_text_is_read_and_flagged(how: str) -> None:
    content = line("seen by all", y=500) + HIDDEN[how]
    states = b"/ExtGState<</G0<</ca 0>>/G1<</ca 1>>>>"
    data = one_page(content).replace(b"/Resources<<", b"/Resources<<" + states)
    found = opened(data, "a.pdf")
    assert "hidden words" in found.text
    assert "seen by all" in found.text
    assert "hidden_text" in found.root.flags
    assert found.root.metadata["hidden_text"] == "1: hidden words"


@pytest.mark.parametrize(
    "content",
    [
        line("plain words"),
        b"0.2 0.2 0.6 rg 60 690 200 25 re f 1 g " + line("white on blue"),
        b"0.9 g 60 690 200 25 re f 0 g " + line("black on grey"),
        b"0.5 g " + line("grey words"),
        b"0 0 1 rg 60 690 200 25 re f 0.3 0 0 rg " + line("dark red on blue, the same grey"),
    ],
)
def test_what_can_be_read_is_not_called_hidden(content: bytes) -> None:
    assert "hidden_text" not in opened(one_page(content), "a.pdf").root.flags


def test_a_turned_page_hides_nothing() -> None:
    data = one_page(line("words on a turned page", x=500, y=780), page=b"/Rotate 90")
    assert opened(data, "a.pdf").root.flags == []


def test_a_layer_that_is_switched_off_is_read_and_flagged() -> None:
    data = one_page(
        line("shown", y=600) + b"/OC /L1 BDC\n" + line("in the layer") + b"EMC\n",
        catalog=b"/OCProperties<</OCGs[10 0 R]/D<</OFF[10 0 R]/Order[10 0 R]>>>>",
        more={10: b"<</Type/OCG/Name(Draft)>>"},
    ).replace(b"/Resources<<", b"/Resources<</Properties<</L1 10 0 R>>")
    found = opened(data, "a.pdf")
    assert "in the layer" in found.text
    assert "hidden_text" in found.root.flags
    assert found.root.metadata["hidden_layers"] == ["Draft"]


def test_notes_forms_links_and_bookmarks_are_in_the_text() -> None:
    data = one_page(
        line("the page"),
        page=b"/Annots[10 0 R 11 0 R 12 0 R 13 0 R]",
        catalog=b"/AcroForm<</Fields[11 0 R 12 0 R]>>/Outlines 14 0 R",
        more={
            10: b"<</Type/Annot/Subtype/Text/Rect[1 1 9 9]/T(Ada)/Contents(please check this)>>",
            11: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(amount)/V(1,250 EUR)/Rect[1 50 90 70]>>",
            12: b"<</Type/Annot/Subtype/Widget/FT/Btn/T(agreed)/V/Yes/AS/Yes/Rect[1 90 9 99]>>",
            13: b"<</Type/Annot/Subtype/Link/Rect[1 1 9 9]"
            b"/A<</S/URI/URI(https://docs.example.com/x)>>>>",
            14: b"<</Type/Outlines/First 15 0 R/Last 15 0 R/Count 1>>",
            15: b"<</Title(Chapter of the outline)/Parent 14 0 R/Dest[3 0 R/Fit]>>",
        },
    )
    found = opened(data, "a.pdf")
    for said in (
        "Ada please check this", "amount: 1,250 EUR", "agreed: Yes", "https://docs.example.com/x",
        "Chapter of the outline",
    ):  # fmt: skip
        assert said in found.text, said
    assert {"annotations", "form"} <= set(found.root.flags)
    assert found.root.metadata["links"] == ["https://docs.example.com/x"]


def _file(name: bytes, number: int) -> bytes:
    return b"<</Type/Filespec/F(%s)/UF(%s)/EF<</F %d 0 R>>/Desc(about it)>>" % (name, name, number)


def test_case_13_embedded_files_of_all_kinds_are_children() -> None:
    packed = zlib.compress(b"packed words")
    data = one_page(
        line("cover"),
        page=b"/Annots[10 0 R]",
        catalog=b"/Names<</EmbeddedFiles<</Kids[11 0 R]>>>>/AF[12 0 R]",
        more={
            10: b"<</Type/Annot/Subtype/FileAttachment/Rect[1 1 9 9]/FS 16 0 R>>",
            11: b"<</Names[(x) %s]/Limits[(x)(x)]>>" % _file(b"../in tree.txt", 13),
            12: _file(b"associated.txt", 14),
            13: stream(b"tree words", b"/Type/EmbeddedFile"),
            14: stream(packed, b"/Type/EmbeddedFile/Filter/FlateDecode"),
            15: stream(b"note words", b"/Type/EmbeddedFile"),
            16: _file(b"note.txt", 15),
            17: stream(b"orphan words", b"/Type/EmbeddedFile"),
        },
    )
    found = opened(data, "a.pdf")
    assert found.contents == {
        "in tree.txt": b"tree words",
        "associated.txt": b"packed words",
        "note.txt": b"note words",
        "attachment 4": b"orphan words",
    }
    assert found.root.expected_children == found.root.actual_children == 4
    assert {v.item.relation for v in found.visits} == {"embedded"}
    assert {v.item.family for v in found.visits} == {"a0"}
    assert found.item("in tree.txt").metadata["path_raw"] == "../in tree.txt"
    assert found.item("note.txt").metadata["description"] == "about it"


def test_case_18_passwords() -> None:
    data = encrypted(pages("the secret"), user="Geheim")
    found = opened(data, "a.pdf", passwords=("wrong", "Geheim"))
    assert found.text == "the secret"
    assert "restricted" in found.root.flags
    shut = opened(data, "a.pdf", passwords=("wrong",))
    assert (shut.root.state, shut.text) == ("encrypted", "")
    assert "Geheim" not in shut.root.message

    owner = opened(encrypted(pages("open to read")), "a.pdf")
    assert (owner.root.state, owner.text) == ("ok", "open to read")
    assert "restricted" in owner.root.flags
    assert "AES" in owner.root.metadata["encryption"]


def test_case_18_an_unknown_handler_is_encrypted_not_corrupt() -> None:
    data = raw(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Count 0/Kids[]>>",
            3: b"<</Filter/Example.Handler/V 1>>",
        },
        trailer=b"/Encrypt 3 0 R/ID[(a)(b)]",
    )
    found = opened(data, "a.pdf")
    assert found.root.state == "encrypted"
    assert "handler" in found.root.message


def test_earlier_revisions_are_flagged() -> None:
    first = pages("the final wording")
    added = b"3 0 obj\n<</Added true>>\nendobj\n"
    at = len(first)
    second = (
        added
        + b"xref\n3 1\n%010d 00000 n \n" % at
        + b"trailer\n<</Size 14/Root 1 0 R/Prev %d>>\n" % first.rindex(b"xref\n0")
        + b"startxref\n%d\n%%%%EOF\n" % (at + len(added))
    )
    found = opened(first + second, "a.pdf")
    assert "prior_revisions" in found.root.flags
    assert found.root.metadata["revisions"] == 2
    assert "prior_revisions" not in opened(first, "a.pdf").root.flags


def test_damage_is_mended_and_said() -> None:
    data = bytearray(pages("still here"))
    at = data.index(b"startxref")
    data[at : at + 20] = b"startxref\n9999999999"
    found = opened(bytes(data), "a.pdf")
    assert found.text == "still here"
    assert found.root.state == "warnings"
    assert "mended" in found.root.message


def test_xfa_forms_are_read() -> None:
    template = (
        b'<template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"><subform>'
        b"<draw><value><text>Caption of the field</text></value></draw>"
        b"<field><event><script>var x = 'never shown';</script></event></field>"
        b"</subform></template>"
    )
    filled = (
        b'<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form>'
        b"<amount>1,250 EUR</amount></form></xfa:data></xfa:datasets>"
    )
    data = one_page(
        line("Please wait"),
        catalog=b"/AcroForm<</Fields[]/XFA[(preamble)10 0 R(template)11 0 R(datasets)12 0 R"
        b"(postamble)13 0 R]>>",
        more={
            10: stream(b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">'),
            11: stream(template),
            12: stream(filled),
            13: stream(b"</xdp:xdp>"),
        },
    )
    found = opened(data, "a.pdf")
    assert "Caption of the field" in found.text
    assert "amount: 1,250 EUR" in found.text
    assert "never shown" not in found.text


def test_pages_that_need_ocr_are_named() -> None:
    picture = stream(
        bytes(300 * 400), b"/Type/XObject/Subtype/Image/Width 300/Height 400/ColorSpace/DeviceGray"
        b"/BitsPerComponent 8"
    )  # fmt: skip
    scan = b"q 600 0 0 800 0 0 cm /I1 Do Q\n"
    objects = {10: picture}
    for content, wanted in (
        (scan, [1]),
        (scan + line("ACME-000001"), [1]),  # a stamp is not the text of a scan
        (scan + line("words of the page, read by a scanner's program " * 3, setting="3 Tr"), None),
        (line("words"), None),
        (b"", None),  # an empty page has nothing to read
    ):
        data = one_page(content, more=objects).replace(
            b"/Resources<<", b"/Resources<</XObject<</I1 10 0 R>>"
        )
        item = opened(data, "a.pdf").root
        assert item.metadata.get("needs_ocr_pages") == wanted, content
        assert ("needs_ocr" in item.flags) is bool(wanted)
        assert "hidden_text" not in item.flags


@given(st.binary(max_size=120))
def test_any_string_of_a_pdf_is_text(raw_string: bytes) -> None:
    assert isinstance(text(raw_string), str)


@given(st.text(st.characters(codec="latin-1"), max_size=200))
def test_any_source_is_parsed_or_ended(source: str) -> None:
    parse(source)


def test_objects_are_parsed() -> None:
    found = parse("<</A/Name#20x/B[1 2.5 true(a\\(b\\)\\101)<4142>]/C 12 0 R/D<</E null>>>>")
    assert found == {
        "A": Name("Name x"),
        "B": ["1", "2.5", "true", b"a(b)A", b"AB"],
        "C": Ref(12),
        "D": {"E": "null"},
    }
    assert parse("[" * 100_000) is not None
    assert text(b"\xfe\xff\x00\xc4") == "Ä"
    assert text(b"\xa0 5") == "€ 5"


def test_bad_redactions_of_real_filings_are_seen(corpora: Path) -> None:
    for name in ("bad_cross_hatched_redactions.pdf", "rectangles_yes_2.pdf"):
        data = next((corpora / "x-ray").rglob(name)).read_bytes()
        assert "hidden_text" in opened(data, name).root.flags, name


def test_words_under_a_frame_are_seen_and_a_white_stamp_is_not(corpora: Path) -> None:
    data = next((corpora / "x-ray").rglob("unfilled_rect.pdf")).read_bytes()
    item = opened(data, "unfilled_rect.pdf").root
    # Beside the frame, white on white in one point: the stamp of the transcript's program.
    assert item.metadata["hidden_text"] == "1: YVer1f"


def test_every_pdf_of_the_corpora_ends_in_a_state(corpora: Path) -> None:
    seen: dict[str, int] = {}
    for folder in ("pypdf", "x-ray", "ocrmypdf"):
        for path in sorted((corpora / folder).rglob("*.pdf")):
            found = opened(path.read_bytes(), path.name)
            seen[str(found.root.state)] = seen.get(str(found.root.state), 0) + 1
            assert found.root.actual_children == found.root.expected_children, path.name
            if found.root.state in ("ok", "warnings"):
                assert found.text.count("\f") == (found.root.page_count or 0) - 1, path.name
    assert seen["encrypted"] == 10
    assert seen["corrupt"] == 1
    assert set(seen) == {"ok", "warnings", "encrypted", "corrupt"}
