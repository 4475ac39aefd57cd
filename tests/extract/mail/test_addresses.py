"""Address fields as mail programs write them."""

from __future__ import annotations

from email.utils import formataddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.mail.addresses import Mailbox, parse


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a@example.com", [("", "a@example.com")]),
        (" <a@example.com> ", [("", "a@example.com")]),
        ("Jane Roe <a@example.com>", [("Jane Roe", "a@example.com")]),
        ('"Roe, Jane" <a@example.com>', [("Roe, Jane", "a@example.com")]),
        (
            '"Roe, Jane" <a@example.com>,"Doe, John" <b@example.com>',
            [("Roe, Jane", "a@example.com"), ("Doe, John", "b@example.com")],
        ),
        ("a@example.com (Jane Roe)", [("Jane Roe", "a@example.com")]),
        ("a@example.com (Jane (the (first)) Roe)", [("Jane the first Roe", "a@example.com")]),
        ("a@example.com; b@example.com", [("", "a@example.com"), ("", "b@example.com")]),
        ("Team: a@example.com, b@example.com;", [("", "a@example.com"), ("", "b@example.com")]),
        ("undisclosed-recipients:;", [("undisclosed-recipients", "")]),
        ("\"'a@example.com'\" <a@example.com>", [("", "a@example.com")]),
        (r'"a \"b\" c" <a@example.com>', [('a "b" c', "a@example.com")]),
        ("=?utf-8?Q?J=C3=BCrgen?= <a@example.com>", [("Jürgen", "a@example.com")]),
        # delimiters inside of an encoded word delimit nothing
        ("=?utf-8?Q?Roe,_Jane_<x>?= <a@example.com>", [("Roe, Jane <x>", "a@example.com")]),
        ('"=?utf-8?B?w6k=?=" <a@example.com>', [("é", "a@example.com")]),
        ('"john doe"@example.com', [("", '"john doe"@example.com')]),
        ("Jane Roe", [("Jane Roe", "")]),
        ("Roe Jane </O=ACME/CN=JROE>", [("Roe Jane", "/O=ACME/CN=JROE")]),
        ('<Roe>,"Jane" </O=ACME/CN=JROE>', [("", "Roe"), ("Jane", "/O=ACME/CN=JROE")]),
        ("Big Bug bug@example.com", [("Big Bug", "bug@example.com")]),
        ("a@example.com b@example.com", [("", "a@example.com"), ("", "b@example.com")]),
        ("Jane <j(hers)@example.com>", [("Jane (hers)", "j@example.com")]),
        ("Jane (Sales) <a@example.com>", [("Jane (Sales)", "a@example.com")]),
        ("a @ example.com", [("", "a@example.com")]),
        ("Jane <a@example.com", [("Jane", "a@example.com")]),
        ("a@example.com (open, b@example.com", [("open b@example.com", "a@example.com")]),
        ("", []),
        (" , ,; ", []),
        ("<>", []),
    ],
)
def test_mailboxes(written: str, meant: list[tuple[str, str]]) -> None:
    assert list(parse(written)) == [Mailbox(*pair) for pair in meant]


NAME = st.text(st.sampled_from("abc XYZ,.;:()<>@\"'-äß漢"), max_size=20).map(
    lambda name: " ".join(name.split())
)
ADDRESS = st.from_regex(r"\A[a-z0-9._+-]{1,12}@[a-z0-9-]{1,10}\.example\Z")


@settings(deadline=None)
@given(st.lists(st.tuples(NAME, ADDRESS), min_size=1, max_size=8))
def test_what_the_standard_library_writes_is_read_back(pairs: list[tuple[str, str]]) -> None:
    written = ", ".join(formataddr(pair) for pair in pairs)
    found = parse(written)
    assert [box.address for box in found] == [address for _, address in pairs]
    for box, (name, _) in zip(found, pairs, strict=True):
        if not (len(name) > 1 and name[0] == name[-1] == "'"):
            assert box.name == name


JUNK = st.text(st.sampled_from('ab@.,;<>()"\\=? \t'), max_size=30)


@settings(deadline=None)
@given(JUNK, JUNK)
def test_nothing_breaks_it_and_no_word_is_lost(left: str, right: str) -> None:
    boxes = parse(f"{left}Q{right}")
    assert all(box.name or box.address for box in boxes)
    assert any("Q" in box.name + box.address for box in boxes)


def test_text_of_a_mailbox() -> None:
    assert Mailbox("Jane", "a@example.com").text == "Jane <a@example.com>"
    assert Mailbox("", "a@example.com").text == "a@example.com"
    assert Mailbox("Jane", "").text == "Jane"
