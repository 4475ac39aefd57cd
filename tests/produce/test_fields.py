"""Values of fields as they are produced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ediscovery.model.items import COLUMNS, Item
from ediscovery.produce import specification as specifications
from ediscovery.produce.catalogue import catalogue
from ediscovery.produce.fields import Family, Fields, Moments, Produced, Span
from ediscovery.produce.names import last_first
from ediscovery.produce.specification import Column, Dates

STANDARD = specifications.load("production-standard")
EVERY = tuple(Column(e.name, e.name) for e in catalogue().entries.values() if e.source)


def item(**values: Any) -> dict[str, Any]:
    return dict(zip(COLUMNS, Item("a0", **values).row(), strict=True))


MAIL = Produced(
    item(
        record_type="Email", category="mail", mime_type="message/rfc822", subject="Budget",
        from_="Jane Roe <jane@acme.example>", to=["Tom Fox <tom@fox.example>", "Ann van Lee"],
        sent_at="2001-05-05T01:22:33Z", size=1234, path="in/1.eml", md5="m" * 32, sha256="s" * 64,
        flags=["ocr"], references=["<1@a>", "<2@a>"], state="limit:depth",
        metadata={"read_flag": True, "header": "From: Jane", "chat_participants": "A; B",
                  "sender": "Sec Retary", "chat_begin": "2001-05-05T01:22:33Z"},
    ),
    "Jane Roe",
    Span("ACME0000001", "ACME0000003"),
    Family(Span("ACME0000001", "ACME0000007"), children=("ACME0000004", "ACME0000006")),
    "VOL001",
    ("Jane Roe", "Tom Fox"),
    ("in/1.eml", "tom/1.eml"),
    {"confidentiality": ("highly-confidential",)},
    pages=3,
    text_path="TEXT/0001/ACME0000001.txt",
)  # fmt: skip


def values(document: Produced, zone: str = "America/New_York", **changes: Any) -> dict[str, Any]:
    made = replace(STANDARD, **{"fields": EVERY} | changes)
    return Fields(made, zone, "Acme Inc.").values(document)


def test_values_of_a_mail() -> None:
    found = values(MAIL)
    assert list(found) == [column.name for column in EVERY]
    wanted: dict[str, Any] = {
        "BegBates": "ACME0000001", "EndBates": "ACME0000003", "BegAttach": "ACME0000001",
        "EndAttach": "ACME0000007", "AttachRange": "ACME0000001 - ACME0000007", "ParentBates": "",
        "AttachBates": ("ACME0000004", "ACME0000006"), "AttachCount": "2", "Volume": "VOL001",
        "Company": "Acme Inc.", "Custodian": "Jane Roe", "AllCustodians": ("Jane Roe", "Tom Fox"),
        "DupCustodian": ("Tom Fox",), "DupFilePath": ("tom/1.eml",), "RecordType": "Email",
        "DocType": "Mail", "From": "Jane Roe <jane@acme.example>",
        "To": ("Tom Fox <tom@fox.example>", "Ann van Lee"), "CC": (), "Subject": "Budget",
        "DateSent": "05/04/2001", "TimeSent": "21:22", "TimeZone": "America/New_York",
        "DateReceived": "", "References": ("<1@a>", "<2@a>"), "ReadFlag": "Yes",
        "SentRepresenting": "Sec Retary", "FileSize": "1234", "PgCount": "3", "Redacted": "No",
        "RedactionReason": (), "Withheld": "No", "HasPlaceholder": "No", "OCRed": "Yes",
        "Confidentiality": "HIGHLY CONFIDENTIAL", "ProcessingException": "limit:depth",
        "NativeLink": "", "TextLink": "TEXT/0001/ACME0000001.txt", "Properties": ("E-mail",),
        "ChatParticipants": ("A", "B"), "ChatBegin": "05/05/2001 01:22", "Header": "From: Jane",
        "MD5Hash": "m" * 32,
    }  # fmt: skip
    assert {name: found[name] for name in wanted} == wanted


def test_an_attachment_names_its_parent_and_the_whole_family() -> None:
    family = Family(Span("A1", "A7"), parent="A1")
    found = values(replace(MAIL, bates=Span("A4", "A5"), family=family))
    assert (found["ParentBates"], found["AttachBates"], found["AttachCount"]) == ("A1", (), "")
    assert (found["BegAttach"], found["EndAttach"], found["GroupIdentifier"]) == ("A1", "A7", "A1")


def test_multi_values_are_tuples_and_others_text() -> None:
    for document in (MAIL, replace(MAIL, item=item(), redaction_reasons=("privacy",))):
        for entry, value in zip(EVERY, values(document).values(), strict=True):
            several = catalogue().entries[entry.field].multi
            assert isinstance(value, tuple if several else str), entry
            assert all(isinstance(one, str) for one in value), entry


def test_redacted_documents_do_not_tell_by_other_fields() -> None:
    found = values(replace(MAIL, redaction_reasons=("privacy", "privilege", "privacy")))
    assert found["Header"] == found["MD5Hash"] == found["SHA256Hash"] == "REDACTED"
    assert found["RedactionReason"] == ("privacy", "privilege")
    assert found["Redacted"] == "Yes" and found["Subject"] == "Budget"
    assert found["Properties"] == ("E-mail", "Redacted")
    assert found["SHA1Hash"] == ""  # there is none
    people = values(replace(MAIL, redaction_reasons=("x",)), redacted_fields=("To", "CC"))
    assert (people["To"], people["CC"]) == (("REDACTED",), ())


def test_withheld_documents_tell_only_what_is_listed() -> None:
    found = values(replace(MAIL, withheld=True, placeholder=True))
    filled = {name for name, value in found.items() if value not in ("", ())}
    assert filled <= set(STANDARD.withheld_fields)
    assert found["BegBates"] and found["Custodian"] == "Jane Roe" and found["Withheld"] == "Yes"
    assert found["Properties"] == ("E-mail", "Document Withheld Based On Privilege")


def test_names_and_times_in_other_forms() -> None:
    columns = (
        Column("Custodian", "a"), Column("To", "b"), Column("From", "c", "as-is"),
        Column("DateSent", "d", "date-time"), Column("TimeSent", "e"),
        Column("DateReceived", "f", "date-time"),
    )  # fmt: skip
    dates = Dates("YYYY-MM-DD", "hh:mm AM/PM zone", "America/New_York")
    found = values(MAIL, fields=columns, names="last-first", dates=dates)
    assert found == {
        "a": "Roe, Jane",
        "b": ("Fox, Tom <tom@fox.example>", "van Lee, Ann"),
        "c": "Jane Roe <jane@acme.example>",
        "d": "2001-05-04 09:22 PM EDT",
        "e": "09:22 PM EDT",
        "f": "",
    }


@pytest.mark.parametrize(
    ("given", "turned"),
    [
        ("Jane Roe", "Roe, Jane"),
        ("Jane Q. Roe", "Roe, Jane Q."),
        ("Ludwig van Beethoven", "van Beethoven, Ludwig"),
        ("Jane van der Roe <j@x.example>", "van der Roe, Jane <j@x.example>"),
        ("Tom Fox Jr.", "Fox Jr., Tom"),
        ("Tom Fox III", "Fox III, Tom"),
        ("Roe, Jane", "Roe, Jane"),
        ("Jane", "Jane"),
        ("", ""),
        ("jane@acme.example", "jane@acme.example"),
        ("<jane@acme.example>", "<jane@acme.example>"),
        ("ABC Dept", "ABC Dept"),
        ("Acme Legal Team", "Acme Legal Team"),
        ("山田 太郎", "山田 太郎"),
        ("Иван Петров", "Петров, Иван"),
        ("von Neumann", "Neumann, von"),
    ],
)
def test_last_names_lead(given: str, turned: str) -> None:
    assert last_first(given) == turned


@given(st.text(max_size=40))
def test_any_name_keeps_its_letters_and_turns_once(name: str) -> None:
    turned = last_first(name)
    assert sorted(turned.replace(",", "").split()) == sorted(name.replace(",", "").split())
    assert last_first(turned) == turned


@pytest.mark.parametrize(
    ("date", "time", "day", "hour"),
    [
        ("MM/DD/YYYY", "HH:MM", "05/04/2001", "00:05"),
        ("DD/MM/YYYY", "HH:MM:SS", "04/05/2001", "00:05:09"),
        ("YYYY-MM-DD", "hh:mm AM/PM", "2001-05-04", "12:05 AM"),
        ("YYYYMMDD", "hh:mm:ss AM/PM", "20010504", "12:05:09 AM"),
    ],
)
def test_formats(date: str, time: str, day: str, hour: str) -> None:
    moments = Moments(Dates(date, time), "UTC")
    assert (moments.date("2001-05-04T00:05:09Z"), moments.time("2001-05-04T00:05:09Z")) == (
        day,
        hour,
    )
    noon = Moments(Dates(date, "hh:mm AM/PM"), "UTC").time("2001-05-04T12:00:00Z")
    assert noon == "12:00 PM"


@pytest.mark.parametrize(
    ("stored", "day", "hour"),
    [
        ("2001-05-04", "05/04/2001", ""),  # a day has no zone
        ("2001-05-04T01:00:00", "05/04/2001", "01:00"),  # nor has this
        ("0850-01-01T12:00:00Z", "01/01/0850", "07:03"),  # before zones: local mean time
        ("0001-01-01T00:00:00Z", "01/01/0001", "00:00"),  # can't be moved
        ("some day", "some day", ""),
        ("Tuesday", "Tuesday", ""),
    ],
)
def test_times_that_are_odd(stored: str, day: str, hour: str) -> None:
    moments = Moments(Dates(), "America/New_York")
    assert (moments.date(stored), moments.time(stored)) == (day, hour)


@given(st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1)))
def test_dates_and_times_read_back(moment: datetime) -> None:
    moments = Moments(Dates("YYYY-MM-DD", "HH:MM:SS"), "Asia/Kolkata")
    stored = moment.replace(microsecond=0, tzinfo=UTC)
    text = stored.isoformat().replace("+00:00", "Z")
    shown = datetime.fromisoformat(f"{moments.date(text)}T{moments.time(text)}")
    if moment.year > 1950:  # India's zone has had no change since
        assert (shown - stored.replace(tzinfo=None)).total_seconds() == 19_800
