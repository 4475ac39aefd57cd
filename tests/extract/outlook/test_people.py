"""Where addresses come from: each row one way in which Outlook keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.extract.outlook.conftest import Walked
from tests.extract.outlook.make_pst import TOP, Message, Store

SMTP = "jane@example.com"
DN = "/o=Example/ou=First/cn=Recipients/cn=jroe"
ONE_OFF = bytes.fromhex("00000000812b1fa4bea310199d6e00dd010f540200000080") + (
    "Jane Roe\0SMTP\0jane@example.com\0".encode("utf-16-le")
)
ROWS: list[tuple[str, dict[int, Any], str]] = [
    ("an SMTP address", {0x3002: "SMTP", 0x3003: SMTP}, SMTP),
    ("an address in quotes", {0x3002: "SMTP", 0x3003: f"'{SMTP}'"}, SMTP),
    ("the SMTP property", {0x3002: "EX", 0x3003: DN, 0x39FE: SMTP}, SMTP),
    ("the search key", {0x3002: "EX", 0x3003: DN, 0x300B: b"SMTP:JANE@EXAMPLE.COM\0"}, SMTP),
    ("a one-off entry", {0x3002: "EX", 0x3003: DN, 0x0FFF: ONE_OFF}, SMTP),
    ("the header, by name", {0x3002: "EX", 0x3003: DN}, "header@example.com"),
]


@pytest.mark.parametrize(("properties", "address"), [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])  # fmt: skip
def test_the_best_address_is_found(
    properties: dict[int, Any], address: str, walked: Walked
) -> None:
    store = Store()
    header = 'To: "Other" <o@example.com>, "Jane Roe" <header@example.com>\r\n'
    row = {0x0C15: 1, 0x3001: "Jane Roe", **properties}
    store.message(TOP, Message("x", "y", [row], extra={(0x007D, 0x1F): header}))
    item = walked(store.finish())[0].item
    assert item.to == [f"Jane Roe <{address}>"]
    assert item.metadata["to_addresses"] == [address]
    if properties.get(0x3003) == DN:
        assert item.metadata["x500_addresses"] == {DN: address}


def test_an_exchange_name_that_nothing_resolves_stands_for_itself(walked: Walked) -> None:
    store = Store()
    store.message(TOP, Message("x", "y", [{0x0C15: 2, 0x3001: "Jane", 0x3002: "EX", 0x3003: DN}]))
    item = walked(store.finish())[0].item
    assert item.cc == [f"Jane <{DN}>"]
    assert item.metadata["cc_addresses"] == []
    assert item.metadata["x500_addresses"] == {DN: ""}


def test_an_address_found_once_serves_for_the_same_name_everywhere(walked: Walked) -> None:
    store = Store()
    row = {0x0C15: 1, 0x3001: "Jane", 0x3002: "EX", 0x3003: DN.upper(), 0x39FE: SMTP}
    sender = {(0x0042, 0x1F): "Jane Roe", (0x0064, 0x1F): "EX", (0x0065, 0x1F): DN}
    store.message(TOP, Message("x", "y", [row], extra=sender))
    assert walked(store.finish())[0].item.from_ == f"Jane Roe <{SMTP}>"


def test_who_sends_for_another_is_told_apart(walked: Walked) -> None:
    store = Store()
    extra = {
        (0x0C1A, 0x1F): "Ann Assistant", (0x0C1E, 0x1F): "SMTP", (0x0C1F, 0x1F): "ann@example.com",
        (0x0042, 0x1F): "Bob Boss", (0x0064, 0x1F): "SMTP", (0x0065, 0x1F): "bob@example.com",
    }  # fmt: skip
    store.message(TOP, Message("x", "y", extra=extra))
    visit = walked(store.finish())[0]
    assert visit.item.from_ == "Bob Boss <bob@example.com>"
    assert visit.item.metadata["sender"] == "Ann Assistant <ann@example.com>"
    assert visit.item.metadata["sent_representing"] == "Bob Boss <bob@example.com>"
    assert "Sender: Ann Assistant" in visit.text


def test_without_a_table_the_display_lists_are_used(walked: Walked) -> None:
    store = Store()
    extra = {(0x0E04, 0x1F): "Jane Roe; 'sam@example.com'", (0x0E03, 0x1F): "Accounts"}
    store.message(TOP, Message("x", "y", extra=extra))
    item = walked(store.finish())[0].item
    assert item.to == ["Jane Roe", "sam@example.com"]
    assert item.cc == ["Accounts"]
