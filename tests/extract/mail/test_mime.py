"""The structure of messages: every part, whole, in order."""

from __future__ import annotations

import base64
import binascii
import hashlib
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.mail import headers, mime
from ediscovery.model.profile import Limits


def leaves(data: bytes, **limits: int) -> tuple[list[tuple[str, bytes]], mime.Structure]:
    found, _, body, *_ = headers.read(data, 0, len(data), Limits(**limits))
    parts = mime.structure(data, found, body, Limits(**limits))
    return [(leaf.type, mime.content(data, leaf)) for leaf in parts.leaves], parts


MIXED = b'Content-Type: multipart/mixed; boundary="x"\n\n'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--x\n\none\n--x\n\ntwo\n--x--\n", [b"one", b"two"]),
        (b"--x\r\n\r\none\r\n--x\r\n\r\ntwo\r\n--x--", [b"one", b"two"]),
        (b"--x \t\n\none\n\n--x\t\n\ntwo", [b"one\n", b"two"]),
        (b"--x\n\none\n--x\n--x--", [b"one"]),
        (b"--x\n\none\n--xy\n--x\n\ntwo\n--x--", [b"one\n--xy", b"two"]),
        (b"--x\n\none --x\n--x\n\ntwo\n--x--", [b"one --x", b"two"]),
        (b"--x\nContent-Type: a/b\n--x\n\ntwo\n--x--", [b"", b"two"]),
    ],
)
def test_delimiters(body: bytes, expected: list[bytes]) -> None:
    assert [content for _, content in leaves(MIXED + body)[0]] == expected


def test_a_boundary_that_begins_like_the_one_around_it() -> None:
    inner = b'Content-Type: multipart/mixed; boundary="xy"\n\n--xy\n\ninner\n--xy--\n'
    found, parts = leaves(MIXED + b"--x\n" + inner + b"--x\n\nouter\n--x--\n")
    assert [content for _, content in found] == [b"inner", b"outer"]
    assert not parts.stray and not parts.warnings


def test_text_outside_of_the_parts_is_remembered() -> None:
    data = MIXED + b"This is a multi-part message in MIME format.\n--x\n\none\n--x--\nfooter\n"
    found, parts = leaves(data)
    assert found == [("text/plain", b"one")]
    assert [data[a:b] for a, b in parts.stray] == [b"footer\n"]
    secret = MIXED + b"This is a multipart secret\nwith a second line\n--x\n\none\n--x--\n"
    assert len(leaves(secret)[1].stray) == 1


def test_missing_and_wrong_boundaries() -> None:
    body = b"--x\nContent-Type: text/plain\n\none\n--x\nContent-Type: text/html\n\ntwo\n--x--\n"
    for head in (b"Content-Type: multipart/mixed\n\n", MIXED.replace(b'"x"', b'"y"')):
        found, parts = leaves(head + body)
        assert found == [("text/plain", b"one"), ("text/html", b"two")]
        assert "boundary" in parts.warnings[0]
    found, parts = leaves(b"Content-Type: multipart/mixed; boundary=q\n\nno parts at all\n")
    assert found == [("text/plain", b"no parts at all\n")]
    assert parts.warnings


def test_a_message_that_ends_before_its_last_boundary_says_so() -> None:
    nested = b'--x\nContent-Type: multipart/mixed; boundary="y"\n\n--y\n\none\n'
    for body in (b"--x\n\none\n--x\n\nto be conti", b"--x\n\none\n--x\n", nested + b"--x--\n"):
        assert "cut short" in leaves(MIXED + body)[1].warnings[0]
    assert len(leaves(MIXED + nested)[1].warnings) == 1
    assert not leaves(MIXED + b"--x\n\none\n--x--")[1].warnings


def test_messages_inside_keep_their_bytes() -> None:
    inner = b"Subject: in\nContent-Transfer-Encoding: 8bit\n\nb\xf6dy  \n"
    found, _ = leaves(MIXED + b"--x\nContent-Type: message/rfc822\n\n" + inner + b"\n--x--\n")
    assert found == [("message/rfc822", inner)]
    digest = MIXED.replace(b"mixed", b"digest") + b"--x\n\n" + inner + b"\n--x--\n"
    assert leaves(digest)[0] == [("message/rfc822", inner)]


def test_nesting_is_cut_and_nothing_is_dropped() -> None:
    data = b"deepest words"
    for number in range(300):
        mark = b"b%d" % number
        data = (
            b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n%s\n--%s--\n"
            % (mark, mark, data if number else b"\n" + data, mark)
        )  # fmt: skip
    found, parts = leaves(data)
    assert len(found) == 1
    assert found[0][0] == "message/rfc822" and b"deepest words" in found[0][1]
    assert "nest deeper" in parts.warnings[0]


def test_more_parts_than_allowed_are_counted() -> None:
    data = MIXED + b"--x\n\np\n" * 50 + b"--x--\n"
    found, parts = leaves(data, parts=10)
    assert len(found) == 10 and parts.found == 50 and parts.too_many
    inner = b'Content-Type: multipart/mixed; boundary="i"\n\n' + b"--i\n\np\n" * 6 + b"--i--\n"
    found, parts = leaves(MIXED + (b"--x\n" + inner) * 3 + b"--x--\n", parts=10)
    assert len(found) == 10 and parts.found == 18 and parts.too_many


def encoded(encoding: str, body: bytes) -> bytes:
    head = f"Content-Type: application/x-test\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + body


def decoded(encoding: str, body: bytes) -> tuple[bytes, list[str]]:
    data = encoded(encoding, body)
    found, _, start, *_ = headers.read(data, 0, len(data), Limits())
    warnings: list[str] = []
    leaf = mime.structure(data, found, start, Limits()).leaves[0]
    return mime.content(data, leaf, warnings), warnings


BYTES = bytes(range(256)) * 3


@pytest.mark.parametrize("encoding", ["base64", "BASE64", "base64 ", '"base64"', "base64; x=y"])
def test_base64(encoding: str) -> None:
    assert decoded(encoding, base64.encodebytes(BYTES)) == (BYTES, [])


def test_damaged_base64_gives_what_it_holds() -> None:
    whole = base64.encodebytes(BYTES)
    content, warnings = decoded("base64", whole[:-7])
    assert BYTES.startswith(content) and len(content) > 750 and warnings
    content, warnings = decoded("base64", whole + b"\n________\nA footer, in plain words\n")
    assert content.startswith(BYTES) and b"A footer, in plain words" in content and warnings
    twice = base64.encodebytes(b"first") + base64.encodebytes(b"second")
    assert decoded("base64", twice)[0] == b"firstsecond"
    lines = whole.splitlines(keepends=True)
    lines[4] = lines[4][:20] + b"\x00!" + lines[4][20:]
    assert decoded("base64", b"".join(lines))[0] == BYTES


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 600), st.binary(max_size=3), st.booleans())
def test_base64_may_be_damaged_anywhere(
    content: bytes, at: int, junk: bytes, replace: bool
) -> None:
    body = base64.encodebytes(content)
    at %= len(body) + 1
    found, warnings = decoded("base64", body[:at] + junk + body[at + replace :])
    if not junk and not replace:
        assert (found, warnings) == (content, [])
    elif not warnings:  # what was put in is part of the alphabet, or blank
        assert abs(len(found) - len(content)) <= 6


def test_false_transfer_encodings() -> None:
    text = b"Dear Bob,\nthis was never encoded.\nJane\n"
    assert decoded("base64", text)[0] == text
    assert decoded("x-unheard-of", text) == (
        text,
        ["A part has the unknown transfer encoding 'x-unheard-of'; its bytes were kept."],
    )
    for harmless in ("7bit", "8bit", "binary", "8bits", "none", "7-bit"):
        assert decoded(harmless, text) == (text, [])
    assert decoded("quoted-printable", b"a=\nb=3D=ZZ=C3=A9\n")[0] == b"ab==ZZ\xc3\xa9\n"


def test_uuencoded_parts() -> None:
    lines = b"".join(binascii.b2a_uu(BYTES[i : i + 45]) for i in range(0, len(BYTES), 45))
    body = b"begin 644 a.bin\n" + lines + b"`\nend\n"
    assert decoded("x-uuencode", body) == (BYTES, [])
    stripped = b"\n".join(line.rstrip() for line in body.split(b"\n"))
    assert decoded("uuencode", stripped) == (BYTES, [])


PARTS = st.lists(
    st.tuples(
        st.binary(max_size=300),
        st.sampled_from(["base64", "quoted-printable"]),
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(PARTS, st.booleans(), st.booleans())
def test_what_the_standard_library_builds_is_taken_apart(
    parts: list[tuple[bytes, str, str]], nested: bool, dos: bool
) -> None:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("plain words")
    if nested:
        message.add_alternative("<p>plain words</p>", subtype="html")
    for content, encoding, name in parts:
        message.add_attachment(
            content, maintype="application", subtype="x-test", cte=encoding, filename=name
        )
    data = message.as_bytes()
    if dos:
        data = data.replace(b"\n", b"\r\n")
    found, structure = leaves(data)
    attached = [content for kind, content in found if kind == "application/x-test"]
    assert [hashlib.sha256(c).digest() for c in attached] == [
        hashlib.sha256(content).digest() for content, _, _ in parts
    ]
    names = [leaf.filename for leaf in structure.leaves if leaf.type == "application/x-test"]
    assert names == [name for _, _, name in parts]
    assert structure.found == len(found) == len(parts) + 1 + nested
    assert not structure.stray and not structure.warnings
