"""HTML as text: what a reader sees, line by line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract import html
from ediscovery.extract.contract import Content
from tests.extract.mail.reading import context


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one<p>two", "one\ntwo"),
        ("<div>a<div>b</div>c</div>d", "a\nb\nc\nd"),
        ("w<b>or</b>d <i>x</i>", "word x"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p>  many \n\t blanks&nbsp; here </p>", "many blanks here"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<ol><li>a<li><p>b<p>c</ol>d", "1. a\n2. b\nc\nd"),
        ("<ol start=42><li>a<ol type=a><li>x<li>y</ol><li>b</ol>", "42. a\na. x\nb. y\n43. b"),
        ("<ol reversed><li>a<li value=7>b<li>c</ol>", "3. a\n7. b\n6. c"),
        ("<ol start=x><li><li>b<li> </ol>after", "2. b\nafter"),
        ('<ol style="list-style: none"><li>a</ol><ol type=I><li>b<ul><li>c', "a\nI. b\nc"),
        ("<table><tr><td>1<td>2<tr><td>3</table>after", "1\t2\n3\nafter"),
        ("<pre>x\n  y\n</pre>z", "x\ny\nz"),
        ("<p>caf&eacute; &#8364; &lt;b&gt;", "café € <b>"),
        ("<title>T</title><p>a", "T\na"),
        ("a<script>var secret=1</script><style>p{}</style>b<!-- c -->", "ab"),
        ('<a href="http://x.example/">shown</a>', "shown"),
        ('<img src="a.png" alt="a chart" title="of sales">', "a chart of sales"),
        ('<span title="tip">x</span>', "tip x"),
        ("<textarea>t</textarea><select><option>o<option>p</select>", "t\no\np"),
        ('<input value="typed"><input type=hidden value="token">', "typed"),
        ("<noscript>n</noscript><noframes><b>f</b></noframes>", "n\nf"),
        ('<iframe srcdoc="&lt;b&gt;inner&lt;/b&gt; page"></iframe>', "inner page"),
        ("<p>unclosed <b>tags <td>and </p></i>stray", "unclosed tags and\nstray"),
        ("a\0b", "ab"),
        ("<svg><text>drawn</text></svg>", "drawn"),
    ],
)
def test_text(page: str, text: str) -> None:
    assert html.text_of(page) == text


@pytest.mark.parametrize(
    ("page", "hidden"),
    [
        ('<p style="display:none">x', True),
        ('<p style="DISPLAY : none">x', True),
        ('<div style="visibility:hidden">x</div>', True),
        ("<p hidden>x", True),
        ('<span style="font-size:0px">x</span>', True),
        ('<span style="mso-hide:all">x</span>', True),
        ('<font color="#FFFFFF">x</font>', True),
        ('<span style="color: white">x</span>', True),
        ('<span style="color:rgb(255, 255, 255)">x</span>', True),
        ("<template><p>x</p></template>", True),
        ('<table><td style="background:#003366"><font color=white>x</font>', False),
        ('<table bgcolor="black"><tr><td><font color="#ffffff">x</font></table>', False),
        ('<div style="background:#fff"><font color=white>x</font></div>', True),
        ('<div style="color:white"><span style="color:black">x</span></div>', False),
        ('<div style="overflow:hidden;background-color:#ffffff">x</div>', False),
        ('<p style="display:none"></p>x', False),
        ('<input type="hidden" value="x">y', False),
        ("<p>display:none</p>", False),
    ],
)
def test_hidden_text_is_kept_and_told(page: str, hidden: bool) -> None:
    found = html.read(page)
    assert found.hidden is hidden
    assert "x" in found.text or not hidden


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ('<img src="http://t.example/p.gif">', 1),
        ("<img src=//t.example/p.gif>", 1),
        ('<img src="cid:a@b"><img src="data:image/png;base64,AA"><img src="a.png">', 0),
        ('<a href="http://x.example/">x</a>', 0),
        ('<link rel=stylesheet href="https://x.example/a.css">', 1),
        ('<body background="http://x.example/b.png">', 1),
        ('<table background="http://x.example/b.png"><tr><td>x</table>', 1),
        ('<p style="background:url(http://x.example/b.png)">', 1),
        ("<style>@import 'https://x.example/a.css'; p{background:url(//y.example/z)}</style>", 2),
        ('<img src="\\\\server\\share\\a.png">', 1),
        ('<img src="file://server/a.png">', 1),
        ('<script src="http://x.example/a.js"></script>', 1),
        ('<iframe src="http://x.example/"></iframe><object data="http://x.example/o">', 2),
        ('<img srcset="https://x.example/a 2x">', 1),
        ('<base href="http://x.example/"><p>x', 0),
    ],
)
def test_references_to_elsewhere_are_counted(page: str, count: int) -> None:
    assert html.read(page).remote == count


def test_images_of_the_mail_itself() -> None:
    assert html.read('<img src="cid:a@b"><img src=CID:c>').cids == {"a@b", "c"}


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        ("<p>Größe".encode(), "", "Größe"),
        ("<p>Größe".encode("cp1252"), "iso-8859-1", "Größe"),
        ('<meta charset="koi8-r"><p>договор'.encode("koi8-r"), "", "договор"),
        (
            '<meta http-equiv=Content-Type content="text/html; charset=shift_jis"><p>契約'.encode(
                "shift_jis"
            ),
            "",
            "契約",
        ),
        ('<?xml version="1.0" encoding="cp1251"?><p>договор'.encode("cp1251"), "", "договор"),
        ("<p>Größe".encode("utf-16"), "", "Größe"),
        ('<meta charset="utf-16"><p>Größe'.encode(), "", "Größe"),
        (b'<meta charset="utf-7"><p>+ADw-b+AD4-x', "", "+ADw-b+AD4-x"),
    ],
)
def test_charsets(data: bytes, declared: str, text: str) -> None:
    assert html.text_of(data, declared) == text


def test_a_file_and_its_fields() -> None:
    page = (
        b"<html><head><title>The  title</title><meta name=Author content='Jane Roe'>"
        b"<meta name=keywords content='a, b'></head><body><script>x</script><form><p>words"
    )
    result = html.extract(Content(page), context("a.html"))
    assert result.text == "The title\nwords"
    assert result.fields["title"] == "The title" and result.fields["author"] == "Jane Roe"
    assert result.fields["meta_keywords"] == "a, b" and result.fields["charset"] == "ascii"
    assert result.flags == {"javascript", "form"}


def test_deep_nesting_costs_no_time_and_no_words() -> None:
    found = html.read("<div>" * 200_000 + "the words" + "</div>" * 200_000)
    assert found.text == "the words" and found.too_deep
    result = html.extract(Content(b"<div>" * 50_000 + b"the words"), context("a.html"))
    assert result.text == "the words" and result.warnings
    flat = html.read("<p>a<br>" * 20_000)
    assert not flat.too_deep and flat.text.count("a") == 20_000


@settings(deadline=None)
@given(st.text(st.sampled_from("<>/=\"'!-&;abp \n"), max_size=80))
def test_nothing_breaks_it(page: str) -> None:
    html.read(page)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p", "div", "li", "td", "b", "span", "h1", "pre", "a"]),
            st.text(st.sampled_from("abc äß漢1"), min_size=1).filter(str.strip),
        ),
        max_size=12,
    )
)
def test_every_word_is_there(parts: list[tuple[str, str]]) -> None:
    page = "".join(f"<{tag}>{text} </{tag}>" for tag, text in parts)
    words = " ".join(text for _, text in parts).split()
    assert html.text_of(page).split() == words


TIKA = """
import json, sys
import iscc_tika
reader = iscc_tika.Extractor()
for line in sys.stdin:
    try:
        print(json.dumps(reader.extract_file_to_string(line.strip())[0]), flush=True)
    except Exception:
        print(json.dumps(""), flush=True)
"""
# Files of the corpora where Tika reads another charset than the one the file is in.
MISREAD = ("Issue347.html", "test_ignore_IBM420.html")


def test_every_word_that_tika_finds(corpora: Path) -> None:
    paths = sorted(
        path
        for folder in ("docling", "talon", "freeeed", "poi", "msgreader-net", "tika/tika-parsers")
        for path in (corpora / folder).rglob("*.*htm*")
        if path.suffix in (".html", ".htm", ".xhtml") and path.name not in MISREAD
    )[::3]
    assert len(paths) > 25
    answer = subprocess.run(
        [sys.executable, "-c", TIKA],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    word = re.compile(r"\w+")
    short = []
    for path, line in zip(paths, answer.stdout.splitlines(), strict=True):
        theirs = word.findall(json.loads(line).lower())
        ours = set(word.findall(html.extract(Content(path=path), context(path.name)).text.lower()))
        found = sum(one in ours for one in theirs)
        if found < 0.99 * len(theirs):
            short.append((path.name, found, len(theirs)))
    assert short == []
