"""Compressed RTF and HTML wrapped in RTF, against the libraries that others use for them."""

from __future__ import annotations

import logging
from pathlib import Path

import compressed_rtf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from RTFDE.deencapsulate import DeEncapsulator

from ediscovery.extract import html
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.cfb import CompoundFile
from ediscovery.extract.outlook.msg import MsgMessage
from ediscovery.extract.outlook.rtfbody import inflate, unwrap, wrapped
from ediscovery.model.errors import EvidenceError

_PIECES = st.sampled_from(
    [b"{\\rtf1", b"\\par ", b"abc", b"\\b ", b" ", b"}", b"\xe4", b"aaaaaaaa"]
)


@given(st.lists(_PIECES, max_size=300).map(b"".join), st.booleans())
def test_what_the_library_compresses_is_inflated(raw: bytes, squeeze: bool) -> None:
    assert inflate(compressed_rtf.compress(raw, compressed=squeeze), 1 << 20) == (raw, "")


def test_a_cut_or_changed_stream_gives_what_is_left_and_says_so() -> None:
    whole = compressed_rtf.compress(b"{\\rtf1 " + b"the quick brown fox " * 40, compressed=True)
    short = inflate(whole[: len(whole) // 2], 1 << 20)
    assert short.data.startswith(b"{\\rtf1 the quick")
    assert short.problem
    changed = bytearray(whole)
    changed[40] ^= 0xFF
    assert "checksum" in inflate(bytes(changed), 1 << 20).problem
    with pytest.raises(EvidenceError):
        inflate(b"\0" * 40, 1 << 20)


def test_no_more_is_inflated_than_allowed() -> None:
    # One letter, then only references to the letter before, each seventeen long.
    tokens, at = b"", 215
    for _ in range(20_000):
        tokens += ((at - 1) % 4096 << 4 | 15).to_bytes(2, "big")
        at += 17
    runs = [tokens[i : i + 16] for i in range(0, len(tokens), 16)]
    body = b"\0AAAAAAAA" + b"".join(b"\xff" + run for run in runs)
    head = (len(body) + 12).to_bytes(4, "little") + (340_000).to_bytes(4, "little")
    result = inflate(head + b"LZFu\0\0\0\0" + body, 1000)
    assert result.data == b"A" * 1000
    assert "Only the first 1000 bytes" in result.problem


WRAPPED = rb"""{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0
{\fonttbl {\f0\fswiss Arial;}{\f1\fmodern\fcharset128 MS Gothic;}}
{\*\htmltag18 <html>}{\*\htmltag50 <body title="a\{b\}">}\htmlrtf {\b \htmlrtf0
{\*\htmltag64 <p>}\htmlrtf {\pard \htmlrtf0 \'cf\'f0\'e8\'e2\'e5\'f2 \htmlrtf drop me\htmlrtf0
{\f1 \'93\'fa\'96\'7b}{\*\htmltag84 &nbsp;}\u8364 ?{\*\mhtmltag84 <img src="x">}\line
{\*\htmltag72 </p>}\htmlrtf }\htmlrtf0 \htmlrtf }\htmlrtf0 {\*\htmltag58 </body>}}"""


def test_html_comes_out_as_it_went_in() -> None:
    assert wrapped(WRAPPED) == "html"
    text = unwrap(WRAPPED)
    assert text.startswith('<html><body title="a{b}"><p>Привет 日本&nbsp;€')
    assert "drop me" not in text
    assert "<img" not in text
    assert text.endswith("</p></body>")


def test_plain_text_comes_out_with_its_lines() -> None:
    raw = rb"{\rtf1\ansi\fromtext {\fonttbl{\f0 Arial;}} \pard one\par two\{\}\tab x\par}"
    assert wrapped(raw) == "text"
    assert unwrap(raw).split() == ["one", "two{}", "x"]


def test_the_corpora_unwrap_as_rtfde_does_it(corpora: Path) -> None:
    logging.getLogger("RTFDE").setLevel(logging.CRITICAL)
    compared = 0
    for path in sorted((corpora / "poi/test-data/hsmf").glob("*.msg")):
        if path.name.startswith("clusterfuzz") or path.stat().st_size > 60_000:
            continue
        file = CompoundFile(path.read_bytes())
        properties = MsgMessage(file, file.root, file.root, 32).properties
        raw = properties.data(mapi.RTF)
        rtf = inflate(raw, 1 << 24).data if raw else b""
        if wrapped(rtf) != "html" or len(rtf) > 12_000:
            continue  # theirs takes seconds for longer ones
        theirs = DeEncapsulator(rtf)
        theirs.deencapsulate()
        their_html = theirs.html if isinstance(theirs.html, str) else theirs.html.decode()
        assert html.read(unwrap(rtf)).text.split() == html.read(their_html).text.split()
        compared += 1
    assert compared > 8
