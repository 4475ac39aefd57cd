"""RTF: each construct that carries text, and the files of others against Tika."""

from __future__ import annotations

import re
import struct
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.office import rtf
from ediscovery.extract.walk import Visit, walk
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Profile

FONTS = rb"{\fonttbl{\f0\fcharset204 Arial;}{\f1\fcharset128 G;}}"


def text(body: bytes) -> str:
    return rtf.read(b"{\\rtf1\\ansi " + body + b"}").text


def walked(data: bytes, scratch: Path, name: str = "a.rtf") -> list[Visit]:
    context = Context(Profile(), scratch, Budget(1 << 31))
    return list(walk(Child(name, Content(data), "file"), "a0", name, context))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"one\par two\line three\tab four", "one\ntwo\nthree\tfour"),
        (rb"a\{b\}\\c\~d", "a{b}\\c d"),
        (rb"\lquote x\rquote\emdash\bullet", "‘x’—•"),
        (rb"opt\-ional non\_break", "optional non‑break"),
        (rb"caf\'e9", "café"),
        (rb"\u8364 ?\u1055\'cfx", "€Пx"),
        (rb"\uc2\u8364 ??x\uc0\u8364 y", "€x€y"),
        (rb"\u-10179 ?\u-8704 ?", "😀"),
        (FONTS + rb"\f0\'cf\'f0{\f1\'93\'fa}\'e8", "Пр日и"),
        (rb"{\fonttbl{\f0\fcharset0\cpg1250 A;}}\f0\'e8", "č"),
        (rb"{\*\unknown gone}{\*\shppict shown}", "shown"),
        (rb"{\stylesheet{\s1 Heading;}}{\colortbl;\red0;}{\*\listtable{\list}}body", "body"),
        (rb"{\upr{plain}{\*\ud{\u1078 ?}}}", "ж"),
        (rb"\trowd a\cell b\cell\row c\cell d\cell\row", "a\tb\nc\td"),
        (rb'{\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt link}}', "link"),
        (rb"x{\header Top}{\footer Foot}{\footnote Below}y", "xy\nBelow\nTop\nFoot"),
        (rb"{\listtext 1.\tab}item", "1.\titem"),
        (rb"{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv Art}}{\shptxt Box}}}", "Art Box"),
        (b"{\\pict\\wmetafile8 0102\\bin5 }{}{}}x", "x"),
        (b"a\\bin3 }}}b", "ab"),
        (rb"{\object\objemb{\*\objclass X}{\result seen}}", "seen"),
    ],
)  # fmt: skip
def test_text_of_each_construct(body: bytes, expected: str) -> None:
    assert text(body).strip() == expected


def test_hidden_text_comments_and_changes_are_there_and_flagged() -> None:
    document = rtf.read(
        rb"{\rtf1 seen {\v secret}\v0{\deleted gone}{\*\atnauthor Ann}{\*\annotation hmm}}"
    )
    assert document.text == "seen secret [-secretgone-]\nAnn: hmm"
    assert document.flags == {"hidden_text", "comments", "tracked_changes"}
    assert rtf.read(rb"{\rtf1 {\v0 seen}{\b1 bold}}").flags == set()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"pay {\deleted ten}{\revised twelve} pumps", "pay [-ten-]twelve pumps"),
        (rb"a \deleted old \deleted0 b", "a [-old -]b"),
        (rb"a \deleted old \plain b", "a [-old -]b"),
        (rb"x{\footnote a {\deleted \'e9\u8364?} b}", "x\na [-\u00e9\u20ac-] b"),
        (rb"{\header {\deleted Draft}{\revised Final}}x", "x\n[-Draft-]Final"),
    ],
)
def test_deletions_stand_in_their_place(body: bytes, expected: str) -> None:
    assert text(body).strip() == expected


def test_the_info_group_fills_fields() -> None:
    fields = rtf.read(
        rb"{\rtf1{\info{\title T \'e9}{\author A}{\operator O}{\creatim\yr2020\mo2\dy30\hr1}"
        rb"{\revtim\yr2021\mo3\dy4\hr5\min6\sec7}{\printim\yr0}{\nofpages3}{\*\company C}}"
        rb"{\*\userprops{\propname Case No}\proptype30{\staticval 12-345}}x}"
    ).fields
    assert (fields["title"], fields["author"], fields["last_author"]) == ("T é", "A", "O")
    assert fields["modified_at"] == "2021-03-04T05:06:07Z"
    assert "created_at" not in fields  # there is no 30 February
    assert "printed_at" not in fields
    assert (fields["page_count"], fields["company"]) == (3, "C")
    assert fields["custom_case_no"] == "12-345"


def test_objects_and_pictures_are_children(tmp_path: Path) -> None:
    label = b"\x02\0note.txt\0C:\\note.txt\0\0\0\x03\0" + (12).to_bytes(4, "little")
    native = label + b"C:\\note.txt\0" + (6).to_bytes(4, "little") + b"inside"
    ole = struct.pack("<II", 0x501, 2) + struct.pack("<I", 8) + b"Package\0" + bytes(8)
    ole += struct.pack("<I", len(native)) + native
    link = struct.pack("<II", 0x501, 1) + struct.pack("<I", 5) + b"Word\0"
    link += struct.pack("<I", 9) + b"C:\\a.doc\0" + bytes(4)
    png = bytes.fromhex("89504e470d0a1a0a") + bytes(30)
    shown = rb"{\result{\pict\pngblip " + png.hex().encode() + b"}}"
    package = rb"{\object\objemb{\*\objclass Package}{\*\objdata " + ole.hex().encode() + b"}"
    linked = rb"{\object\objlink{\*\objdata " + link.hex().encode() + b"}}"
    picture = b"{\\*\\shppict{\\pict\\pngblip\n" + png.hex().encode() + b"}}"
    old = rb"{\nonshppict{\pict\wmetafile8 00}}"
    data = rb"{\rtf1" + package + shown + b"}" + linked + picture + old + b"}"
    visits = walked(data, tmp_path)
    top, children = visits[-1].item, visits[:-1]
    assert (top.expected_children, top.actual_children) == (3, 3)
    assert [c.item.file_name for c in children] == ["note.txt", "a.doc", "image-1.png"]
    assert children[0].text == "inside"
    assert children[0].item.metadata["source_path"] == "C:\\note.txt"
    assert (children[1].item.state, children[1].item.role) == ("unreadable", "failed")
    assert children[2].item.flags == ["inline"]
    assert children[2].content is not None
    assert children[2].content.read() == png
    assert "external_reference" in top.flags


def test_damage_is_a_state_or_a_warning(tmp_path: Path) -> None:
    assert walked(rb"{\rtf1 {\b open {\i more", tmp_path)[-1].item.state == "truncated"
    top = walked(rb"{\rtf1 whole} and %d bytes of something else" % 30, tmp_path)[-1].item
    assert "bytes follow the end" in top.message
    with pytest.raises(EvidenceError):
        rtf.read(b"no rtf at all")
    deep = b"{\\rtf1 " + b"{" * 200_000
    assert walked(deep, tmp_path)[-1].item.state == "limit:nesting"


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]))


@settings(max_examples=200, deadline=None)
@given(_TEXTS)
def test_whatever_is_escaped_comes_back(words: str) -> None:
    units = struct.iter_unpack("<h", words.encode("utf-16-le"))
    escaped = b"".join(rb"\u%d ?" % unit for unit in units)
    assert text(escaped) == words


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_break_the_reader(junk: bytes) -> None:
    rtf.read(b"{\\rtf1 " + junk)


_WORD = re.compile(r"\w+")
# Where Tika has more words than we: what they are.
EXPLAINED = {
    "testOptionalHyphen.rtf": "Tika parts a word at an optional hyphen",
    "testRTFControls.rtf": "Tika parts a word at an optional hyphen",
    "testBinControlWord.rtf": "the name that Tika makes up for a picture",
    "testComment.rtf": "the initials of a commenter whose name we have",
    "testRTFEmbeddedLink.rtf": "the text and names of embedded files",
    "testRTFRegularImages.rtf": "the names that Tika makes up for pictures",
    "testRTF_annotation_spacing.rtf": "a commenter's initials; a word parted at a comment's anchor",
    "testRTF_npeFromWMFInTikaServer.rtf": "the name that Tika makes up for a picture",
    "test_list_override.rtf": "the internal name of a list template",
}


def test_every_word_that_tika_finds_we_find(corpora: Path) -> None:
    from iscc_tika import Extractor

    tika = Extractor().set_extract_string_max_length(1 << 24)
    files = sorted(corpora.rglob("*.rtf"))
    assert len(files) >= 50
    for path in files:
        theirs = Counter(_WORD.findall(tika.extract_file_to_string(str(path))[0].lower()))
        document = rtf.read(path.read_bytes())
        ours = Counter(_WORD.findall(f"{document.text} {document.fields}".lower()))
        missing = sum((theirs - ours).values())
        if path.name not in EXPLAINED:
            assert missing <= 0.01 * sum(theirs.values()), (path.name, theirs - ours)
