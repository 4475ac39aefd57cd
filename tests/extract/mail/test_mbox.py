"""Mailboxes: every message, byte for byte, however they are cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.contract import Content, Context, Range
from ediscovery.extract.mail import mbox
from ediscovery.model.states import Role, State
from tests.extract.mail.reading import children, context, visits

LINE = b"From jane@example.com Fri May  4 11:22:33 2001\n"
HEAD = b"From: a@example.com\nTo: b@example.com\n"


def messages(data: bytes, **settings: object) -> list[bytes]:
    found = mbox.extract(Content(data), context("box.mbox", **settings))
    result = [content for _, content in children(found)]
    assert found.expected_children == len(result)
    return result


def test_messages_without_their_separators() -> None:
    one, two = HEAD + b"\nfirst\n", HEAD + b"\nsecond\n"
    assert messages(LINE + one + b"\n" + LINE + two + b"\n") == [one, two]
    assert messages((LINE + one + b"\n" + LINE + two).replace(b"\n", b"\r\n")) == [
        one.replace(b"\n", b"\r\n"),
        two.replace(b"\n", b"\r\n"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"From jane@example.com Fri May  4 11:22:33 2001\n",
        b"From jane@example.com  Fri May  4 11:22:33 2001 +0200\n",
        b"From jane@example.com Fri May 4 11:22 CEST 2001\r\n",
        b"From - Fri May 04 11:22:33 2001\n",
        b"From ???@??? Fri May 04 11:22:33 2001\n",
        b"From MAILER-DAEMON Fri May  4 11:22:33 2001 remote from mx\n",
        b"From 1234567890@xxx Fri May 04 11:22:33 +0000 2001\n",
        b"From jane@example.com\n",
        b"From jane@example.com Fri, 4 May 2001 11:22:33 +0000\n",
    ],
)
def test_lines_that_begin_a_message(line: bytes) -> None:
    assert mbox.is_separator(line + HEAD)
    assert len(messages(LINE + HEAD + b"\nx\n\n" + line + HEAD + b"\ny\n")) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"From what I saw at 10:30 it was late.\n",
        b"From the desk of jane@example.com\n",
        b"From: jane@example.com\n",
        b">From jane@example.com Fri May  4 11:22:33 2001\n",
        b"From jane@example.com Fri May\n",
        b" From jane@example.com Fri May  4 11:22:33 2001\n",
    ],
)
def test_lines_of_text_that_only_look_like_it(line: bytes) -> None:
    body = b"\nHello\n\n" + line + b"and more text\n"
    assert messages(LINE + HEAD + body) == [HEAD + body]


def test_a_separator_stands_after_an_empty_line() -> None:
    data = LINE + HEAD + b"\nquoted:\n" + LINE + HEAD + b"\nx\n"
    assert len(messages(data)) == 1
    assert len(messages(data, mbox_splitting="loose")) == 2


def test_quoting_and_lengths_are_left_as_they_are() -> None:
    one = HEAD + b"Content-Length: 5\n\n>From here\n>>From there\n"
    assert messages(LINE + one + b"\n" + LINE + HEAD + b"\nx\n")[0] == one


def test_text_before_the_first_message_is_an_item() -> None:
    data = b"some junk\n\n" + LINE + HEAD + b"\nfirst\n"
    result = mbox.extract(Content(data), context("box.mbox"))
    first, second = list(result.children)
    assert result.expected_children == 2
    assert first.content is not None and first.content.read() == b"some junk\n"
    assert first.state == State.WARNINGS and first.relation == "member"
    assert second.mime_type == "message/rfc822" and second.state == State.OK


def test_empty_messages_are_items_too() -> None:
    one = LINE + HEAD + b"\nx\n\n"
    found = visits(one + LINE + b"\n" + LINE, "box.mbox")
    states = [v.item.state for v in found]
    assert states[:-1] == [State.OK, State.EMPTY, State.EMPTY]
    assert found[-1].item.actual_children == found[-1].item.expected_children == 3


def test_a_mailbox_is_a_container_of_mails() -> None:
    found = visits(LINE + HEAD + b"\none\n\n" + LINE + HEAD + b"\ntwo\n", "Sent items.mbox")
    assert found[-1].item.role == Role.CONTAINER
    for visit in found[:-1]:
        assert visit.item.record_type == "Email"
        assert visit.item.folder == "Sent items"
        assert visit.item.metadata["mbox_separator"].startswith("From jane@")


BODY = st.lists(
    st.sampled_from([b"words", b"", b"From here on", b"--x", b">From a", b"tail \r"]), max_size=6
).map(b"\n".join)


@settings(deadline=None)
@given(st.lists(BODY, min_size=1, max_size=12), st.integers(1, 300))
def test_joined_messages_come_apart_and_ranges_cover_them(bodies: list[bytes], size: int) -> None:
    wanted = [HEAD + b"X-Number: %d\n\n" % n + body + b"\n" for n, body in enumerate(bodies)]
    data = b"".join(LINE + message + b"\n" for message in wanted)
    assert messages(data) == wanted
    own = context("box.mbox")
    total, ranges = mbox.split(Content(data), own, size)
    assert total == len(wanted)
    assert [r.start for r in ranges] == [0, *(r.stop for r in ranges[:-1])]
    assert ranges[-1].stop == total
    assert [c for r in ranges for c in part(data, own, r)] == list(enumerate(wanted))


def part(data: bytes, whole: Context, only: Range) -> list[tuple[int | None, bytes]]:
    own = context("box.mbox")
    own.only = only
    return [
        (child.ordinal, child.content.read() if child.content else b"")
        for child in mbox.extract(Content(data), own).children
    ]


def test_the_large_mailbox(corpora: Path) -> None:
    path = corpora / "list.mbox"
    content = Content(path=path)
    total, ranges = mbox.split(content, context("list.mbox"), 32 << 20)
    assert total == 10_354 and len(ranges) > 3
    result = mbox.extract(content, context("list.mbox"))
    assert result.expected_children == 10_354
    size = 0
    for number, child in enumerate(result.children):
        assert child.ordinal == number and child.content is not None
        size += child.content.size + len(child.fields["mbox_separator"]) + 2
    # all of the file but the separators and the empty lines after messages
    assert number == 10_353 and size == path.stat().st_size
