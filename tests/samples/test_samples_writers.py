"""Each writer of ours against a reader of somebody else, on any input."""

from __future__ import annotations

import email
import email.header
import email.policy
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import compressed_rtf
import olefile
import py7zr
import pymupdf
import pytest
import pyzipper
from hypothesis import given, settings
from hypothesis import strategies as st
from RTFDE.deencapsulate import DeEncapsulator

from samples.archives import packers, zips
from samples.mail import headers, msg
from samples.office import ole2
from samples.office.package import Properties
from samples.pdf import document as pdf

WHEN = datetime(2024, 3, 4, 5, 6, 8, tzinfo=UTC)
NAMES = st.text("abcxyzäöß納期", min_size=1, max_size=12)
FILES = st.dictionaries(NAMES, st.binary(max_size=9000), min_size=1, max_size=12)


@given(FILES)
@settings(max_examples=40, deadline=None)
def test_zip(files: dict[str, bytes]) -> None:
    archive = zipfile.ZipFile(io.BytesIO(zips.write(files.items(), WHEN)))
    assert {n: archive.read(n) for n in archive.namelist()} == files


@given(FILES)
@settings(max_examples=15, deadline=None)
def test_locked_zips(files: dict[str, bytes]) -> None:
    for writer in (zips.write_zipcrypto, zips.write_aes):
        archive = pyzipper.AESZipFile(io.BytesIO(writer(files.items(), "pass", WHEN)))
        archive.setpassword(b"pass")
        assert {n: archive.read(n) for n in archive.namelist()} == files


@given(st.dictionaries(NAMES, st.binary(min_size=1, max_size=9000), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_seven_zip(files: dict[str, bytes]) -> None:
    factory = py7zr.io.BytesIOFactory(1 << 20)
    with py7zr.SevenZipFile(io.BytesIO(packers.seven_zip(files.items(), WHEN))) as archive:
        assert {f.creationtime for f in archive.list()} == {WHEN}
        archive.extractall(factory=factory)
    assert {n: factory.get(n).read() for n in files} == files


@given(st.dictionaries(st.text("abcXYZ_019", min_size=1, max_size=20).map(str.upper),
                       st.binary(max_size=9000), min_size=1, max_size=40))  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_compound_file(files: dict[str, bytes]) -> None:
    tree: Any = {**files, "inner storage": {"deeper": dict(files)}}
    ole = olefile.OleFileIO(ole2.write(tree))
    assert ole.parsing_issues == []
    for name, data in files.items():
        assert ole.openstream(name).read() == data
        assert ole.openstream(["inner storage", "deeper", name]).read() == data
    assert len(ole.listdir()) == 2 * len(files)


@given(st.text("abc äöüß€納期", min_size=1, max_size=120).map(str.strip).filter(bool),
       st.sampled_from(("Q", "B")))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_encoded_words(text: str, form: str) -> None:
    coded = headers.words(text, "utf-8", form)
    assert all(len(word) <= 75 for word in coded.split(" ")) or text.isascii()
    assert str(email.header.make_header(email.header.decode_header(coded))) == text


@given(st.text("abc äöüß€納期", min_size=1, max_size=60).map(str.strip).filter(bool))
@settings(max_examples=100, deadline=None)
def test_parameters(name: str) -> None:
    raw = f"Content-Disposition: attachment{headers.parameter('filename', name)}\n\n"
    assert email.message_from_string(raw).get_filename() == name
    assert email.message_from_string(raw, policy=email.policy.default).get_filename() == name


@given(st.text("abc {}\\äß€納&< ", min_size=1, max_size=80))
@settings(max_examples=40, deadline=None)
def test_html_in_rtf(text: str) -> None:
    import html

    markup = f"<html><body><p>{html.escape(text, quote=False)}</p></body></html>"
    rtf = msg.encapsulate(markup)
    assert compressed_rtf.decompress(compressed_rtf.compress(rtf, compressed=True)) == rtf
    out = DeEncapsulator(rtf)
    out.deencapsulate()
    got = out.html.decode() if isinstance(out.html, bytes) else out.html
    assert "".join(got.split()) == "".join(markup.split())


@pytest.mark.parametrize("cipher", ["rc4", "aes"])
def test_locked_pdf(cipher: str) -> None:
    properties = Properties("A title, é", "An author", "Another", WHEN, WHEN)
    page = pdf.Page(("Heading", "Words in (brackets) and é €"))
    thing = pdf.thing("x.pdf", properties, [page], lock=("open sesame", cipher, "bank"))
    document = pymupdf.open(stream=thing.data)
    assert not document.authenticate("something else")
    assert document.authenticate("open sesame")
    assert "(brackets) and é €" in document[0].get_text()
    assert document.metadata["title"] == "A title, é"
    assert b"brackets" not in thing.data
