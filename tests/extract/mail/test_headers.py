"""Header blocks, encoded words, parameters."""

from __future__ import annotations

from email.header import Header
from email.utils import encode_rfc2231

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.mail import headers
from ediscovery.model.profile import Limits

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40)


def read(data: bytes) -> tuple[headers.Headers, bytes]:
    found, _, body, *_ = headers.read(data, 0, len(data), Limits())
    return found, data[body:]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?caf=C3=A9?=", "café"),
        ("=?iso-8859-1?q?a_b=5Fc?=", "a b_c"),
        ("=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=", "éé"),
        ("=?utf-8?B?w6k=?= x =?utf-8?B?w6k=?=", "é x é"),
        # a character cut in two by the writer
        ("=?utf-8?B?ww==?= =?UTF-8?B?qQ==?=", "é"),
        ("=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=A9?=", "é"),
        # two sets can't be joined
        ("=?iso-8859-1?Q?=E9?= =?koi8-r?Q?=C1?=", "éа"),
        ("=?utf-8*en?Q?x?=", "x"),
        ("a=?utf-8?Q?b?=c", "abc"),
        ("=?utf-8?B?!?=", "=?utf-8?B?!?="),
        ("=?no-such-set?Q?a=E9b?=", "aéb"),
        ("=?utf-7?Q?+ADw-script+AD4-?=", "+ADw-script+AD4-"),
        ("=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("a\0b\tc", "a b c"),
    ],
)
def test_encoded_words(written: str, meant: str) -> None:
    assert headers.plain(written) == meant


@settings(deadline=None)
@given(TEXT, st.sampled_from(["utf-8", "iso-2022-jp", "koi8-r", "big5"]))
def test_what_the_standard_library_encodes_is_read_back(text: str, charset: str) -> None:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    assert headers.plain(Header(text, charset, maxlinelen=60).encode()) == text.strip()


@pytest.mark.parametrize(
    ("written", "token", "found"),
    [
        ("text/plain", "text/plain", {}),
        ("TEXT / Plain; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('a/b; name="x; y"; z=1', "a/b", {"name": "x; y", "z": "1"}),
        (r'a/b; name="a\"b"', "a/b", {"name": 'a"b'}),
        ("a/b; name*=utf-8''%C3%A9.txt", "a/b", {"name": "é.txt"}),
        ("a/b; name*0*=utf-8''%C3; name*1*=%A9; name*2=.txt", "a/b", {"name": "é.txt"}),
        ('a/b; name*1="b"; name*0="a"', "a/b", {"name": "ab"}),
        ("a/b; name=old; name*=utf-8''new", "a/b", {"name": "new"}),
        ("a/b; name=first; name=second", "a/b", {"name": "first"}),
        ('a/b; name="unclosed', "a/b", {"name": "unclosed"}),
        ("a/b;;; ; =x; y", "a/b", {}),
    ],
)
def test_parameters(written: str, token: str, found: dict[str, str]) -> None:
    assert headers.parameters(written) == (token, found)


@settings(deadline=None)
@given(TEXT)
def test_extended_parameters_are_read_back(name: str) -> None:
    value = f"attachment; filename*={encode_rfc2231(name, 'utf-8', '')}"
    assert headers.parameters(value)[1]["filename"] == name


def test_folding_keeps_the_words_apart() -> None:
    found, body = read(b"Subject: a\r\n b\r\n\tc\r\nTo: x\r\n\r\nbody")
    assert headers.plain(found["subject"][0]) == "a b c"
    assert body == b"body"


@pytest.mark.parametrize(
    ("data", "names", "body"),
    [
        (b"A: 1\nB: 2\n\nbody", ["a", "b"], b"body"),
        (b"A: 1\r\nB: 2\r\n\r\nbody", ["a", "b"], b"body"),
        (b"A: 1\nB: 2\r\n\r\nbody\n\nmore", ["a", "b"], b"body\n\nmore"),
        (b"A: 1\nB: 2", ["a", "b"], b""),
        (b"\nbody", [], b"body"),
        (b"only text\nand more\n\nlast", [], b"only text\nand more\n\nlast"),
        # the empty line is missing
        (b"A: 1\nHello Bob\nhow are you\n\nBye", ["a"], b"Hello Bob\nhow are you\n\nBye"),
        # a damaged line among fields
        (b"A: 1\n__\nSubject: x\n\nbody", ["a", "subject"], b"body"),
        (b"From a@example.com Mon\nA: 1\n>From b\nB: 2\n\nbody", ["a", "b"], b"body"),
        (b"Subject : x\n\nbody", ["subject"], b"body"),
    ],
)
def test_where_the_body_begins(data: bytes, names: list[str], body: bytes) -> None:
    found, rest = read(data)
    assert list(found) == names
    assert rest == body


def test_repeated_fields_are_all_kept_in_order() -> None:
    found, _ = read(b"Received: one\nX: y\nReceived: two\n\n")
    assert [value.strip() for value in found["received"]] == ["one", "two"]


def test_raw_letters_above_ascii() -> None:
    for charset in ("utf-8", "cp1252"):
        found, _ = read("Subject: Übergrößen für Jürgen\n\n".encode(charset))
        assert headers.plain(found["subject"][0]) == "Übergrößen für Jürgen"


def test_limits_bound_fields_and_block() -> None:
    limits = Limits(header_bytes=1000, headers_bytes=5000)
    data = b"Subject: " + b"x" * 4000 + b"\nTo: a\n" + b"Y: z\n" * 2000 + b"\nbody"
    found, text, body, *_ = headers.read(data, 0, len(data), limits)
    assert data[body:] == b"body"
    assert len(found["subject"][0]) == 1000
    assert len(text) == 1000
