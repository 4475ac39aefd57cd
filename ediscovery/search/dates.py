"""Dates in queries: ``date:2001``, ``date:2001-06-30``, ``date:2001-01..2001-06``, open ranges."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from ediscovery.search.tree import DateRange

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def date_range(text: str, zone: tzinfo) -> DateRange:
    """The range that the value of ``date:`` names; days begin at midnight in ``zone``.

    Both ends belong to it: ``2001-01..2001-06`` is from the first moment of January to the last of
    June. ``*`` is any date. Raises ``ValueError`` with a sentence that says what is wrong.
    """
    if text == "*":
        return DateRange(None, None, text)
    first, dots, last = text.partition("..")
    if not dots:
        return DateRange(*_period(text, zone), text)
    if not first and not last:
        raise ValueError("the range has neither start nor end")
    start = _period(first, zone)[0] if first else None
    end = _period(last, zone)[1] if last else None
    if start and end and start >= end:
        raise ValueError("the range ends before it starts")
    return DateRange(start, end, text)


def _period(text: str, zone: tzinfo) -> tuple[datetime, datetime | None]:
    """First instant of a year, month or day, and the first after it (``None`` after year 9999)."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:40]}' is not a date")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        first = datetime(year, month or 1, day or 1)
    except ValueError:
        raise ValueError(f"there is no such date as {text}") from None
    try:
        if day:
            after = first + timedelta(days=1)
        elif month:
            after = datetime(year + month // 12, month % 12 + 1, 1)
        else:
            after = datetime(year + 1, 1, 1)
    except (ValueError, OverflowError):
        return _utc(first, zone), None
    return _utc(first, zone), _utc(after, zone)


def _utc(local: datetime, zone: tzinfo) -> datetime:
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return local.replace(tzinfo=UTC)
