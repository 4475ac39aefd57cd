"""The synthesised native: valid MIME by the standard library's account, and the same each time."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.extract.mail import eml
from ediscovery.extract.outlook import native, pst
from ediscovery.extract.outlook.native import encoded
from ediscovery.model.profile import Profile
from tests.extract.outlook.conftest import Walked
from tests.extract.outlook.make_pst import TOP, Attachment, Message, Store

SENT = 133_000_000_000_000_000  # 2022-06-18 04:26:40 UTC
JANE = (1, "Jane Roe", "jane@example.com")


def only_message(message: Message, walked: Walked) -> tuple[bytes, list[object]]:
    store = Store()
    store.message(TOP, message)
    visits = walked(store.finish())
    top = next(v for v in visits if v.item.relation == "message")
    assert top.content is not None
    return top.content.read(), [v for v in visits if v.item.parent == top.item.position]


def test_a_message_without_headers_gets_those_that_its_properties_tell(walked: Walked) -> None:
    data, _ = only_message(
        Message(
            "Überweisung, dringend", "Bitte prüfen.", [JANE, (3, "Hidden", "h@example.com")],
            extra={
                (0x0039, 0x40): SENT, (0x0042, 0x1F): "Max Müller", (0x0064, 0x1F): "SMTP",
                (0x0065, 0x1F): "max@example.com", (0x1035, 0x1F): "<1@example.com>",
                (0x0017, 0x03): 2, (0x0071, 0x102): bytes(range(22)), (0x0070, 0x1F): "Überweisung",
            },
        ),
        walked,
    )  # fmt: skip
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert mail["Subject"] == "Überweisung, dringend"
    assert str(mail["From"]) == "Max Müller <max@example.com>"
    assert str(mail["To"]) == "Jane Roe <jane@example.com>"
    assert str(mail["Bcc"]) == "Hidden <h@example.com>"
    assert mail["Date"] == "Sat, 18 Jun 2022 04:26:40 +0000"
    assert mail["Importance"] == "high"
    assert mail["Thread-Index"] == "AAECAwQFBgcICQoLDA0ODxAREhMUFQ=="
    assert mail.get_content().strip() == "Bitte prüfen."


def test_transport_headers_stay_as_they_came_but_for_those_of_the_old_body(
    walked: Walked,
) -> None:
    header = (
        "Microsoft Mail Internet Headers Version 2.0\r\nReceived: from a by b;\r\n\tMon, 1 May 2000"
        "\r\nFrom: Sam <sam@example.com>\r\nContent-Type: multipart/mixed;\r\n\tboundary=old\r\n"
        "MIME-Version: 1.0\r\nX-Odd: kept\r\n\r\n"
    )
    message = Message("Hi", "text", [JANE], extra={(0x007D, 0x1F): header})
    data, _ = only_message(message, walked)
    head = data.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"Received: from a by b;\r\n\tMon, 1 May 2000\r\nFrom: Sam <sam@")
    assert b"X-Odd: kept\r\n" in head
    assert b"boundary=old" not in head
    assert head.count(b"MIME-Version") == 1
    assert b"\r\nTo: Jane Roe <jane@example.com>\r\n" in head


def test_parts_are_the_attachments_in_order_and_an_unreadable_one_is_empty(
    walked: Walked,
) -> None:
    inner = Message("Inner", "inner text", [JANE], [Attachment("deep.bin", bytes(300))])
    data, children = only_message(
        Message(
            "Parts", "see", [JANE],
            [
                Attachment("naïve \"name\".txt", b"one"), Attachment("nothing.dat", None),
                Attachment("inner", inner), Attachment("link.doc", None, 2, r"\\server\link.doc"),
            ],
        ),
        walked,
    )  # fmt: skip
    mail = email.message_from_bytes(data, policy=email.policy.default)
    parts = list(mail.iter_attachments())
    names = [part.get_filename() for part in parts]
    assert names == ['naïve "name".txt', "nothing.dat", "inner.eml", "link.doc"]
    assert parts[0].get_content() == b"one"
    assert parts[1].get_content() == b""
    assert "empty" in parts[1]["X-Unreadable"]
    assert parts[2].get_content()["Subject"] == "Inner"
    states = [(c.item.state, c.item.role) for c in children]  # type: ignore[attr-defined]
    assert states[0] == ("ok", "document")
    assert states[1] == ("empty", "failed")
    assert states[3] == ("unreadable", "failed")
    link = children[3].item  # type: ignore[attr-defined]
    assert link.flags == ["external_reference"]
    assert link.metadata["source_path"] == r"\\server\link.doc"


def test_read_again_as_mail_the_native_says_the_same(tmp_path: Path) -> None:
    html = "<html><body><p>Hello <b>world</b> &amp; all</p></body></html>"
    store = Store()
    for number in range(6):
        store.message(
            TOP,
            Message(
                f"Gruß {number}", "Hello world & all" if number % 2 else "",
                [JANE, (2, "Sam, the Man", "sam@example.com")],
                [Attachment("a.txt", b"text")] if number % 3 else [],
                {(0x1013, 0x102): html.encode(), (0x0039, 0x40): SENT, (0x0042, 0x1F): "Ann",
                 (0x0065, 0x1F): "ann@example.com"},
            ),
        )  # fmt: skip
    context = Context(Profile(), tmp_path, Budget(1 << 31))
    for child in pst.extract(Content(store.finish()), context).children:
        assert child.content is not None
        own = Context(Profile(), tmp_path, Budget(1 << 31), payload=child.payload)
        first = pst.extract_message(child.content, own)
        again = pst.extract_message(child.content, context)
        assert first.text == again.text
        for name in ("from_", "to", "cc", "subject", "sent_at", "from_address", "to_addresses"):
            assert first.fields.get(name) == again.fields.get(name)
        assert [c.name for c in first.children] == [c.name for c in again.children]
        assert ("html_only" in first.flags) == ("html_only" in again.flags)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_encoded_words_decode_to_what_was_encoded(text: str) -> None:
    written = encoded(text)
    assert all(len(line) < 100 for line in written.split("\r\n\t")) or written == text
    parsed = email.message_from_bytes(
        f"Subject: {written}\r\n\r\n".encode(), policy=email.policy.default
    )
    assert "".join(str(parsed["Subject"]).split()) == "".join(text.split())


def test_a_native_larger_than_memory_allows_goes_to_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "SPOOL_BYTES", 4096)
    store = Store()
    store.message(TOP, Message("Big", "x", [], [Attachment("b.bin", bytes(20_000))]))
    context = Context(Profile(), tmp_path, Budget(1 << 31))
    (child,) = pst.extract(Content(store.finish()), context).children
    assert child.content is not None
    assert child.content.path is not None
    (part,) = eml.extract(child.content, context).children
    assert part.content is not None
    assert part.content.size == 20_000
