"""Apple Mail's messages."""

from __future__ import annotations

from ediscovery.model.states import State
from tests.extract.mail.reading import root

MAIL = b"From: a@example.com\nTo: b@example.com\nSubject: apple\n\nwords\n"
PLIST = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://apple.example/p.dtd">
<plist version="1.0"><dict>
<key>date-received</key><integer>988975353</integer>
<key>flags</key><integer>8590195729</integer>
<key>original-mailbox</key><string>imap://jane@mail.example/INBOX</string>
</dict></plist>
"""


def emlx(mail: bytes = MAIL, plist: bytes = PLIST, count: int | None = None) -> bytes:
    return b"%-10d\n" % (len(mail) if count is None else count) + mail + plist


def test_message_and_property_list() -> None:
    visit = root(emlx(), "1.emlx")
    item = visit.item
    assert item.mime_type == "message/x-emlx" and item.state == State.OK and item.category == "mail"
    assert item.subject == "apple" and visit.text.endswith("\n\nwords\n")
    assert item.received_at == "2001-05-04T11:22:33Z"
    assert item.metadata["read_flag"] is True and item.metadata["flagged"] is True
    assert "deleted" not in item.metadata
    assert item.metadata["original_mailbox"] == "imap://jane@mail.example/INBOX"


def test_a_count_beyond_the_end() -> None:
    item = root(emlx(count=10_000), "1.emlx").item
    assert item.state == State.TRUNCATED and item.subject == "apple"
    assert "10000" in item.message
    assert item.metadata["read_flag"] is True


def test_a_damaged_or_hostile_property_list() -> None:
    bomb = PLIST.replace(
        b"<plist ", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><plist '
    )
    for plist in (b"<?xml version='1.0'?><!DOCTYPE plist><plist><dict>", bomb, b"junk"):
        item = root(emlx(plist=plist), "1.emlx").item
        assert item.state == State.WARNINGS and item.subject == "apple"
    assert root(emlx(plist=b""), "1.emlx").item.state == State.OK


def test_partial_messages_say_so() -> None:
    item = root(emlx(), "1.partial.emlx").item
    assert item.state == State.WARNINGS and "attachments" in item.message
