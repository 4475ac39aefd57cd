"""Tika: the native build on real files; a server has tests of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ediscovery.extract import tika
from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Limits, Profile

RSS = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>Deal news</title>"
    b"<item><title>Merger</title><description>off again</description></item></channel></rss>"
)


def context(scratch: Path, name: str = "", by: str = "embedded", **limits: float) -> Context:
    profile = replace(Profile(tika=by), limits=replace(Limits(), **limits))
    return Context(profile, scratch, Budget(1 << 30), name=name)


def test_text_and_metadata_of_a_type_without_a_reader(corpora: Path, tmp_path: Path) -> None:
    data = next((corpora / "tika").rglob("testEPUB.epub")).read_bytes()
    found = tika.extract(Content(data), context(tmp_path, "a.epub"))
    assert found.state == "ok"
    assert found.text.startswith("Table of Contents\nChapter 1\nChapter 2\n")
    assert (found.fields["author"], found.fields["title"]) == (
        "Bart Hanssens",
        "An ePub  for Tika",
    )
    assert not [name for name in found.fields if name.startswith(("X-TIKA", "Content-"))]


def test_dates_are_utc_with_the_raw_text_kept(corpora: Path, tmp_path: Path) -> None:
    data = next((corpora / "tika").rglob("testVISIO.vsd")).read_bytes()
    fields = tika.extract(Content(data), context(tmp_path, "a.vsd")).fields
    assert fields["modified_at"] == "2006-07-03T21:05:31Z"
    assert fields["modified_at_raw"] == "2006-07-03T21:05:31Z"


def test_files_inside_are_part_of_the_text_and_named(corpora: Path, tmp_path: Path) -> None:
    data = next((corpora / "tika").rglob("test_recursive_embedded.docx")).read_bytes()
    found = tika.extract(Content(data), context(tmp_path, "a.docx"))
    assert "embed_3" in found.text
    assert "embed1/embed1a.txt" in found.fields["embedded_in_text"]
    assert any("embed1/embed1a.txt" in warning for warning in found.warnings)
    own = tika.own(Content(data), context(tmp_path, "a.docx"))
    assert "embed_0" in own.text
    assert "embed_3" not in own.text


def test_control_characters_that_are_no_xml(corpora: Path, tmp_path: Path) -> None:
    data = next((corpora / "tika").rglob("testCADKEY.prt")).read_bytes()
    found = tika.extract(Content(data), context(tmp_path, "a.prt"))
    assert found.state == "ok"
    assert "Text Inside a PRT file" in found.text


def test_text_is_bounded(tmp_path: Path) -> None:
    data = b"word " * 20_000
    found = tika.extract(Content(data), context(tmp_path, "a.txt", text_bytes=5000))
    assert found.state == "limit:text"
    assert len(found.text) <= 5000


@pytest.mark.parametrize(
    ("name", "data", "by", "state"),
    [
        ("a.exe", b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + bytes(400), "embedded", "unsupported"),
        ("a.dat", bytes(range(256)) * 40_000, "embedded", "unsupported"),
        ("a.dat", b"\x01\x02\xfe\xff" + bytes(200), "embedded", "unsupported"),
        ("a.rss", RSS, "off", "unsupported"),
        ("a.sqlite", b"SQLite format 3\0" + bytes(84), "embedded", "unsupported"),
    ],
)
def test_what_is_not_read(name: str, data: bytes, by: str, state: str, tmp_path: Path) -> None:
    found = tika.extract(Content(data), context(tmp_path, name, by))
    assert (found.state, found.text) == (state, "")
    assert found.message


def test_of_sound_the_metadata(corpora: Path, tmp_path: Path) -> None:
    data = next((corpora / "tika").rglob("testMP3id3v1.mp3")).read_bytes()
    found = tika.extract(Content(data), context(tmp_path, "a.mp3"))
    assert (found.state, found.text) == ("unsupported", "")
    assert (found.fields["title"], found.fields["author"]) == ("Test Title", "Test Artist")


@pytest.mark.parametrize(
    ("message", "state"),
    [
        ("org.apache.tika.exception.EncryptedDocumentException: x", "encrypted"),
        ('ParseError("Parse error occurred : InputStream must have > 0 bytes")', "empty"),
        ("Suspected zip bomb: 0 input bytes", "limit:expansion"),
        ('ParseError("Unexpected RuntimeException")', "corrupt"),
    ],
)
def test_what_complaints_mean(message: str, state: str) -> None:
    error = tika.failure(message)
    assert error.state == state
    assert len(error.message) < 400


def test_a_broken_file_is_corrupt_not_a_crash(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 1000
    with pytest.raises(EvidenceError) as raised:
        tika.own(Content(data), context(tmp_path, "a.doc"))
    assert raised.value.state == "corrupt"
