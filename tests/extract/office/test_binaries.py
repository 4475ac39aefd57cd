"""Word 97, Excel 97 and PowerPoint 97 by others: what their constructs give, and robustness."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ediscovery.extract.office.biff_strings import Reader, shared_strings
from ediscovery.extract.office.word97_properties import operands
from ediscovery.model.profile import Profile
from tests.extract.office.packages import visit, visits


def real(corpora: Path, name: str) -> bytes:
    return next(corpora.rglob(name)).read_bytes()


@pytest.mark.parametrize(
    ("name", "lines", "flags"),
    [
        (
            "testWORD_numbered_list.doc",
            ["1) This\n", "ii) Level\n", "I. yet\n", "(1) baq\n", "6. six\n", "e. seven e\n"],
            set(),
        ),
        ("testComment.doc", ["Michael McCandless: Here is a comment\n"], {"comments"}),
        (
            "testWORD_various.doc",
            ["Row 1 Col 1\tRow 1 Col 2\t", "This is the header text.", "This is a footnote.",
             "Row 2 column 1\n", "http://tika.apache.org/"],
            set(),
        ),
        ("testWORD_phonetic.doc", ["東京", "とうきょう"], set()),
        ("testWORD_macros.doc", [], {"macros"}),
        ("testEXCEL-formats.xls", ["$1,599.99", "2 1/2", "17-May-07", "1.98E+08"], set()),
        ("testEXCEL_headers_footers.xls", ["Header - Corporate Spreadsheet"], set()),
        ("testEXCEL_textbox.xls", ["some autoshape"], set()),
        ("testEXCEL_macro.xls", [], {"macros"}),
        ("testComment.xls", ["Author: Author:\nHere is a comment"], {"comments"}),
        ("testEXCEL_5.xls", ["Sample Excel Worksheet - Numbers and their Squares"], set()),
        (
            "testPPT_various.ppt",
            ["Here is a text box", "This is the header text.", "Gothic text:\n𐌲𐌿𐍄𐌹𐍃𐌺"],
            set(),
        ),
        (
            "testPPT_comment.ppt",
            ["Allison, Timothy B. (ATB): I'm afraid I'm going to have to ask"],
            {"comments"},
        ),
        ("testPPT_masterFooter.ppt", ["Master footer is here"], set()),
        ("testPPT_macros.ppt", [], {"macros"}),
    ],
)  # fmt: skip
def test_real_files(
    name: str, lines: list[str], flags: set[str], corpora: Path, tmp_path: Path
) -> None:
    found = visit(real(corpora, name), name, tmp_path)
    assert found.item.state == "ok"
    for line in lines:
        assert line in found.text, line
    assert flags <= set(found.item.flags)


@pytest.mark.parametrize(
    ("name", "children"),
    [
        ("testPPT_embeded.ppt", 7),
        ("testEXCEL_embeded.xls", 5),
        ("testWORD_embeded.doc", 9),
        ("testPPT_skipBadCompressedObject.ppt", 19),
        ("test_recursive_embedded.doc", 2),
    ],
)
def test_objects_and_pictures_are_children(
    name: str, children: int, corpora: Path, tmp_path: Path
) -> None:
    found = visits(real(corpora, name), name, tmp_path)
    item = found[-1].item
    assert item.actual_children == item.expected_children == children
    assert "gap" not in item.flags


# Text of the recursive one lies four archives deep.
def test_what_lies_deep_is_found(corpora: Path, tmp_path: Path) -> None:
    found = visits(real(corpora, "test_recursive_embedded.doc"), "a.doc", tmp_path)
    assert any("embed_3" in v.text for v in found)


@pytest.mark.parametrize(
    "name",
    [
        "testWORD_various.doc", "testEXCEL-charts.xls", "testPPT_various.ppt", "testEXCEL_5.xls",
        "testWORD_various.docx", "testEXCEL_textbox.xlsx", "testPPT_various.pptx",
        "testOpenOffice2.odt", "testWMF.wmf", "testEMF.emf",
    ],
)  # fmt: skip
def test_no_mutation_escapes(name: str, corpora: Path, tmp_path: Path) -> None:
    data = real(corpora, name)
    chance = random.Random(name)
    known = {"ok", "warnings", "corrupt", "truncated", "encrypted", "unsupported", "limit", "empty"}
    for round_ in range(40):
        mutant = bytearray(data)
        for _ in range(chance.choice((1, 8, 64))):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        if round_ % 4 == 0:
            del mutant[chance.randrange(len(mutant)) :]
        found = visits(bytes(mutant), name, tmp_path, profile=Profile(tika="off"))
        assert {v.item.state.partition(":")[0] for v in found} <= known
        for visited in found:
            # What fails must say so in words, not by the name of a programming error.
            assert not visited.item.message.startswith(
                ("AttributeError", "TypeError", "KeyError", "UnboundLocalError", "AssertionError")
            ), visited.item.message


def test_strings_that_run_on_in_continuations() -> None:
    first = (3).to_bytes(4, "little") * 2
    first += b"\x03\0\0abc" + b"\x06\0\0de"
    second = b"\x01" + "fg".encode("utf-16-le")  # the rest of the second string is wide
    third = b"\0hi" + b"\x02\0\x0d" + b"\x01\0" + b"\0\0\0\0"
    assert shared_strings([first, second, third], 1000)[0][:2] == ["abc", "defghi"]
    assert shared_strings([first], 1000) == (["abc", "de"], False)
    assert Reader([b"\x01a\0b\0"], 0).string(2) == "ab"


def test_modifiers_of_every_length() -> None:
    raw = bytes.fromhex("0008010b460500036a0102030408d6020a0bc168070102")
    found = list(operands(raw))
    assert found[0] == (0x0800, b"\x01")
    assert found[1] == (0x460B, b"\x05\x00")
    assert found[2] == (0x6A03, b"\x01\x02\x03\x04")
    assert found[3] == (0xD608, b"\x0a\x0b")
    for cut in range(len(raw)):
        list(operands(raw[:cut]))
