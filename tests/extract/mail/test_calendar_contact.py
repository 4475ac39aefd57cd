"""Calendars and contacts: every word, and the key fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from ediscovery.extract.contract import Content
from ediscovery.extract.mail import calendar, contact
from ediscovery.model.states import State
from tests.extract.mail.reading import children, context, crlf, root, visits

INVITATION = crlf("""BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Central
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.com
ORGANIZER;CN="Roe, Jane":mailto:jane@example.com
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.com
ATTENDEE:mailto:eve@example.com
SUMMARY:Contract\\, second
  reading
DTSTART;TZID=Central:20190701T100000
DTEND;TZID=Central:20191201T110000
CREATED:20190601T080000Z
LOCATION:Room 1
DESCRIPTION:First line\\nSecond line\\; and more
X-ALT-DESC;FMTTYPE=text/html:<html><body><b>Only in HTML</b></body></html>
ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/plain;FILENAME=note.txt:bm90ZQ==
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Reminder words
END:VALARM
END:VEVENT
BEGIN:VEVENT
SUMMARY:Another meeting
DTSTART;VALUE=DATE:20190702
END:VEVENT
END:VCALENDAR
""")


def test_an_invitation() -> None:
    found = visits(INVITATION, "invite.ics")
    item, text = found[-1].item, found[-1].text
    assert item.mime_type == "text/calendar" and item.state == State.OK
    assert item.subject == item.title == "Contract, second reading"
    assert item.from_ == "Roe, Jane <jane@example.com>"
    assert item.to == ["Bob <bob@example.com>", "eve@example.com"]
    assert item.metadata["start_at"] == "2019-07-01T08:00:00Z"  # summer time
    assert item.metadata["end_at"] == "2019-12-01T10:00:00Z"  # winter time
    assert item.metadata["start_at_raw"] == "20190701T100000 Central"
    assert item.created_at == "2019-06-01T08:00:00Z"
    assert item.metadata["events"] == 2
    for words in (
        "Subject: Contract, second reading",
        "Organizer: Roe, Jane <jane@example.com>",
        "Attendee: Bob <bob@example.com> (accepted)",
        "Location: Room 1",
        "First line\nSecond line; and more",
        "Only in HTML",
        "Reminder words",
        "Another meeting",
        "Method: REQUEST",
    ):
        assert words in text
    assert [(v.item.file_name, v.content.read()) for v in found[:-1] if v.content] == [
        ("note.txt", b"note")
    ]
    assert item.expected_children == item.actual_children == 1


def test_the_old_form_with_quoted_printable() -> None:
    data = crlf(
        "BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\n"
        "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Caf=C3=A9 mit =\nJ=C3=BCrgen\n"
        "DTSTART:20190701T100000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    result = calendar.extract(Content(data), context())
    assert result.fields["subject"] == "Café mit Jürgen"
    assert result.fields["start_at"] == "2019-07-01T10:00:00Z"


def test_calendars_of_others(corpora: Path) -> None:
    paths = sorted((corpora / "icalendar").rglob("*.ics"))
    assert len(paths) > 100
    for path in paths:
        result = calendar.extract(Content(path.read_bytes()), context())
        assert result.state == State.OK, path
        for line in path.read_text("utf-8", "replace").splitlines():
            if line.startswith("SUMMARY:") and "\\" not in line and len(line) < 70:
                assert line[8:].strip() in result.text, path


CARDS = crlf("""BEGIN:VCARD
VERSION:3.0
FN:Jane Roe
N:Roe;Jane;;Dr.;
ORG:Example Ltd;Legal
TITLE:Counsel
TEL;TYPE=WORK,VOICE:+1 555 0100
EMAIL;TYPE=INTERNET:jane@example.com
item1.EMAIL:jane@home.example
ADR;TYPE=WORK:;;1 High Street;Springfield;;12345;USA
NOTE:line one\\nline two
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A==
X-NICKNAME-SOURCE:badge
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg
FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:J=F6rg M=FCller
TEL;HOME;VOICE:12345
END:VCARD
""")


def test_contacts() -> None:
    result = contact.extract(Content(CARDS), context())
    assert result.fields["title"] == "Jane Roe" and result.fields["contacts"] == 2
    assert result.fields["contact_addresses"] == ["jane@example.com", "jane@home.example"]
    assert result.fields["telephones"] == ["+1 555 0100", "12345"]
    for words in (
        "Full name: Roe, Jane, Dr.",
        "Organisation: Example Ltd, Legal",
        "Telephone (work, voice): +1 555 0100",
        "1 High Street, Springfield, 12345, USA",
        "line one\nline two",
        "badge",
        "Name: Jörg Müller",
    ):
        assert words in result.text
    assert children(result) == [("photo-1.jpg", b"\xff\xd8\xff\xe0")]


@pytest.mark.parametrize("name", ["a.vcf", "a.ics"])
def test_nonsense(name: str) -> None:
    begin = b"BEGIN:VCARD\n" if name.endswith("vcf") else b"BEGIN:VCALENDAR\n"
    for rest in (
        b"",
        b"no property\n",
        b"END:\n" * 1000,
        b";:;:\n",
        b"A" * 100_000,
        b"\xff\xfe:\n",
    ):
        visit = root(begin + rest, name)
        assert visit.item.state in (State.OK, State.WARNINGS)
