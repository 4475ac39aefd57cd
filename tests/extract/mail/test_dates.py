"""Dates: exact or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ediscovery.extract.dates import utc
from ediscovery.extract.mail.dates import parse


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Fri, 04 May 2001 11:22:33 +0000", "2001-05-04T11:22:33Z"),
        ("4 May 2001 11:22:33 -0700 (PDT)", "2001-05-04T18:22:33Z"),
        ("Fri, 4 May 2001 11:22 +0530", "2001-05-04T05:52:00Z"),
        ("Fri, 4 May 01 11:22:33 GMT", "2001-05-04T11:22:33Z"),
        ("Fri, 4 May 99 11:22:33 EST", "1999-05-04T16:22:33Z"),
        ("Fri, 4 May 101 11:22:33 UT", "2001-05-04T11:22:33Z"),
        ("Friday, 4-May-2001 11:22:33 CET", "2001-05-04T10:22:33Z"),
        ("Fri May  4 11:22:33 2001 +0200", "2001-05-04T09:22:33Z"),
        ("Fri May  4 11:22:33 EDT 2001", "2001-05-04T15:22:33Z"),
        ("Fri, 4 May 2001 11:22:33 PM -0000", "2001-05-04T23:22:33Z"),
        ("Fri, 4 May 2001 12:22:33 AM -0000", "2001-05-04T00:22:33Z"),
        ("Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59Z"),
        ("Fri, 4 May 2001 11:22:33 GMT+02:00", "2001-05-04T09:22:33Z"),
        ("Fri May 04 2001 11:22:33 GMT+0100", "2001-05-04T10:22:33Z"),
        ("Friday, May 4, 2001 1:22 PM -0700", "2001-05-04T20:22:00Z"),
        ("Fri, 31 Dec 1999 23:00:00 -0200", "2000-01-01T01:00:00Z"),
        ('Fri, 4 May 2001 11:22:33 "GMT"', "2001-05-04T11:22:33Z"),
    ],
)
def test_dates_that_can_be_read(written: str, meant: str) -> None:
    assert parse(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "Mon, 01 Jan 0000 00:00:00 +0000",
        "Sun, 30 Nov 0002 00:00:00 -0800 (PST)",
        "Fri, 30 Feb 2001 11:22:33 +0000",
        "Fri, 31 Apr 2001 11:22:33 +0000",
        "Fri, 04 May 9999 11:22:33 +0000",
        "Fri, 04 May 10000 11:22:33 +0000",
        "Fri, 04 May 1601 11:22:33 +0000",
        "Fri, 04 May 2001 11:22:33 +9999",
        "Fri, 04 May 2001 11:22:33 -1600",
        "Fri, 04 May 2001 11:22:33 +0060",
        "Fri, 04 May 2001 24:00:00 +0000",
        "Fri, 04 May 2001 11:60:33 +0000",
        "Fri, 04 May 2001 11:22:61 +0000",
        "Fri, 04 May 2001 13:22:33 PM +0000",
        "Fri, 04 May 2001 11:22:33",
        "Fri, 04 May 2001 11:22:33 IST",
        "Fri, 04 May 2001 11:22:33 J",
        "Fri, -1 May 2001 11:22:33 +0000",
        "May 4, 2001 1:22 PM",
        "Fri, 04 Mai 2001 11:22:33 +0000",
        "2001-05-04",
        "4" * 100_000,
        "Fri, 04 May 2001 " + " " * 100_000 + "11:22:33 +0000",
    ],
)
def test_doubtful_dates_give_none(written: str) -> None:
    assert parse(written) == ""


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_the_standard_library_writes_is_read_back(moment: datetime, offset: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    assert parse(format_datetime(zoned)) == utc(zoned.astimezone(UTC))
