"""E-mail addresses, URLs and telephone numbers, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.analyze.contact_points import LABELS, find


def found(text: str) -> list[tuple[str, str]]:
    return [(label, text[start:end]) for label, start, end in find(text)]


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("write to Jane.Roe+x@mail.north.example, or", "EMAIL", "Jane.Roe+x@mail.north.example"),
        ("<mailto:jane@north.example>", "EMAIL", "jane@north.example"),
        ("'jane@north.example'.", "EMAIL", "jane@north.example"),
        ("见jane@north.example。", "EMAIL", "jane@north.example"),
        ("see https://north.example/a?b=c&d=(e), then", "URL", "https://north.example/a?b=c&d=(e)"),
        ("(http://north.example/x).", "URL", "http://north.example/x"),
        ("[text](HTTP://north.example/x)!", "URL", "HTTP://north.example/x"),
        ("at www.north.example...", "URL", "www.north.example"),
        ("ftp://jane@north.example/a", "URL", "ftp://jane@north.example/a"),
        ("+1 512 555 0143", "PHONE", "+1 512 555 0143"),
        ("Call (512) 555-0143 today", "PHONE", "(512) 555-0143"),
        ("512.555.0143.", "PHONE", "512.555.0143"),
        ("+49 (0)421 555 0143-17", "PHONE", "+49 (0)421 555 0143-17"),
        ("Tel.: 0421 555 0143", "PHONE", "0421 555 0143"),
        ("fax no. 5550143", "PHONE", "5550143"),
    ],
)
def test_found(text: str, label: str, expected: str) -> None:
    assert found(text) == [(label, expected)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane@localhost, @jane, jane@, a@b@c.example, jane @ north.example, x@1.2.3.4",
        "http:// and www. and https and www",
        "2001-05-04, 04/05/2001, 10.8.1.4, 192.168.10.144, 11:22:33.444, 20010504112233",
        "order 5125550143, 512-555-01434, 112-555-0143, 0421 555 0143, 1,234,567.89, 512-155-0143",
        "536-22-8145, 4111 1111 1111 1111, 978-3-16-148410-0, +1 2, +123456789012345678",
        "call on 2001-05-04, phone 12345, tel 1.2.3.4, fax 2001-05-04, tel. 04/05/2001, +1 234 567",
        "id=512-555-0143 x512-555-0143",
    ],
)
def test_not_found(text: str) -> None:
    assert found(text) == []


@given(st.text("ab1.@:/w+-() ", max_size=60))
def test_none_overlaps_another(text: str) -> None:
    end = 0
    for label, start, stop in find(text):
        assert label in LABELS
        assert end <= start < stop <= len(text)
        end = stop


UNITS = "a|a@|@a.|a.|a@b.|1|1 |1-|+1 |(1)|http://|www.|tel |.|+|1.1/|a@b.co |+15125550143 "


@pytest.mark.parametrize("unit", UNITS.split("|"))
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """A rule that takes quadratic time would not come back from half a megabyte."""
    text = unit * (500_000 // len(unit))
    assert all(point.end <= len(text) for point in find(text))
