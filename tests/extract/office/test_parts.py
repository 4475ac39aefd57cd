"""Damaged packages: what can be read is read, and the state says what is missing."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import pytest

from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.extract.office.parts import Parts
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Profile
from tests.extract.office.packages import archive, par, visit, word

TEXT = "".join(par(f"paragraph number {n}") for n in range(3000))


def opened(data: bytes, scratch: Path, budget: int = 1 << 30) -> Parts:
    return Parts(Content(data), Context(Profile(), scratch, Budget(budget)))


def test_look_up_forgives_case_slash_and_backslash(tmp_path: Path) -> None:
    parts = opened(archive({"Word\\Document.xml": b"<a/>"}), tmp_path)
    assert parts.read("/word/document.xml") == b"<a/>"
    assert "word/DOCUMENT.xml" in parts
    assert parts.read("none") is None
    assert parts.xml("none") is None


def test_a_truncated_document_gives_what_was_there(tmp_path: Path) -> None:
    whole = word(TEXT)
    found = visit(whole[: len(whole) * 2 // 3], "a.docx", tmp_path)
    assert found.item.state == "truncated"
    assert found.text.startswith("paragraph number 0\nparagraph number 1\n")
    assert 500 < found.text.count("\n") < 3000


def test_a_lost_directory_is_salvaged_whole(tmp_path: Path) -> None:
    whole = word(par("all of it"))
    start = whole.index(b"PK\x01\x02")
    found = visit(whole[:start], "a.docx", tmp_path)
    assert (found.item.state, found.text) == ("truncated", "all of it\n")
    broken = whole[:start] + b"\0" * (len(whole) - start - 22) + whole[-22:]
    found = visit(broken, "a.docx", tmp_path)
    assert (found.item.state, found.text) == ("corrupt", "all of it\n")
    assert "salvaged" in found.item.message


def test_salvage_does_not_look_into_stored_packages(tmp_path: Path) -> None:
    inner = word(par("inner"))
    outer = archive({"word/embeddings/a.docx": inner, "word/document.xml": b"<outer/>"}, True)
    parts = opened(outer[: outer.rindex(b"PK\x05\x06") - 30], tmp_path)
    assert parts.read("word/document.xml") == b"<outer/>"
    assert parts.names == ["word/embeddings/a.docx", "word/document.xml"]


def test_a_flipped_byte_is_a_warning_with_the_text_kept(tmp_path: Path) -> None:
    whole = bytearray(word(TEXT))
    name = whole.index(b"word/document.xml")
    whole[name + len(b"word/document.xml") + 3000] ^= 0xFF
    found = visit(bytes(whole), "a.docx", tmp_path)
    assert found.item.state == "warnings"
    assert "word/document.xml is damaged" in found.item.message
    assert "paragraph number 1" in found.text


def test_broken_xml_is_read_up_to_the_break(tmp_path: Path) -> None:
    whole = word(par("before") + "<w:p><w:r><w:t>broken</w:q>")
    found = visit(whole, "a.docx", tmp_path)
    assert found.item.state == "warnings"
    assert "before" in found.text


def test_two_parts_of_one_name(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped, pytest.warns(UserWarning, match="Duplicate"):
        zipped.writestr("a.xml", b"<first/>")
        zipped.writestr("a.xml", b"<second/>")
    parts = opened(file.getvalue(), tmp_path)
    assert parts.read("a.xml") == b"<first/>"
    assert parts.warnings == ["Two parts are called a.xml; the first one was read."]


def test_a_part_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    data = bytearray(archive({"a.xml": b"x" * 100_000}))
    for mark, field in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + field
        data[at : at + 4] = (10).to_bytes(4, "little")
    parts = opened(bytes(data), tmp_path)
    assert parts.read("a.xml") == b"x" * 10
    assert parts.warnings == ["Part a.xml is damaged."]


def test_what_is_unfolded_is_charged_before_it_is_kept(tmp_path: Path) -> None:
    data = archive({"a.xml": bytes(50_000_000)})
    assert len(data) < 100_000
    with pytest.raises(EvidenceError) as raised:
        opened(data, tmp_path, budget=1_000_000).read("a.xml")
    assert raised.value.state == "limit:expansion"
    salvage = data[: data.index(b"PK\x01\x02")]
    with pytest.raises(EvidenceError) as raised:
        parts = opened(salvage, tmp_path, budget=1_000_000)
        parts.read("a.xml")
        parts.read("a.xml")
    assert raised.value.state == "limit:expansion"


def test_no_zip_at_all(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as raised:
        opened(b"PK\x03\x04", tmp_path)
    assert raised.value.state == "corrupt"


def test_streams_of_large_parts_end_at_their_damage(tmp_path: Path) -> None:
    body = b"<a>" + b"<b>some words</b>" * 2_400_000 + b"</a>"
    assert len(body) > 32 << 20
    data = bytearray(archive({"a.xml": body}))
    with opened(bytes(data), tmp_path).open("a.xml") as file:  # type: ignore[union-attr]
        assert zlib.crc32(file.read()) == zlib.crc32(body)
    data[len(data) // 2] ^= 0xFF
    parts = opened(bytes(data), tmp_path)
    with parts.open("a.xml") as file:  # type: ignore[union-attr]
        while file.read(1 << 20):
            pass
    assert parts.warnings == ["Part a.xml is damaged."]
