"""Dates of mail headers: what RFC 5322 and its older forms allow, and nothing else.

The standard library reads ``Mon, 01 Jan 0000`` as the year 2000 and accepts any offset; a false
date is worse in evidence than none, so whatever can't be exactly right gives no date.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ediscovery.extract.dates import utc

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "september", "sept"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        1,
    )
    for name in names
}
# Minutes east of Greenwich. Names that several countries use for different zones are left out.
_ZONES = {
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "z": 0,
    "wet": 0,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "akst": -540,
    "akdt": -480,
    "hst": -600,
    "bst": 60,
    "west": 60,
    "cet": 60,
    "met": 60,
    "mez": 60,
    "cest": 120,
    "mest": 120,
    "mesz": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "msd": 240,
    "sgt": 480,
    "hkt": 480,
    "awst": 480,
    "jst": 540,
    "kst": 540,
    "aest": 600,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
}
_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?\s*,?\s*)?"  # day of the week
    r"(\d{1,2})(?:\s+|\s*-\s*)([A-Za-z]{3,9})\.?(?:\s*,?\s+|\s*-\s*)(\d{2,5})"
    r"(?:,?\s+|\s*,\s*)(\d{1,2})\s*:\s*(\d{1,2})(?:\s*:\s*(\d{1,2})(?:\.\d+)?)?"
    r"\s*(?:([AaPp][Mm])\b)?\s*(.*)",
    re.DOTALL,
)
_ASCTIME = re.compile(
    r"\s*[A-Za-z]{3,9}\.?,?\s+([A-Za-z]{3,9})\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+"
    r"(?:([A-Za-z]{1,5}|[+-]\d{4})\s+)?(\d{4})\s*([+-]\d{4}|[A-Za-z]{1,5})?\s*",
)
_MONTH_FIRST = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?,?\s+)?([A-Za-z]{3,9})\s+(\d{1,2}),?\s+(\d{4}),?\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm]\b)?\s*(.*)",
    re.DOTALL,
)
_OFFSET = re.compile(r"(?:(?:[Uu][Tt][Cc]?|[Gg][Mm][Tt])\s*)?([+-])(\d{2}):?(\d{2})(?!\d)")
_NAME = re.compile(r"\"?\(?([A-Za-z]{1,5})\b\)?\"?")


def parse(value: str) -> str:
    """The moment that a ``Date`` or ``Received`` date names, in UTC; ``""`` when it is doubtful.

    Doubtful: no such day, year before 1602 or after 9998, no zone, an unknown or ambiguous zone
    name, an offset of more than fourteen hours. Two-digit years follow RFC 5322, section 4.3.
    """
    match = _DATE.match(value[:200])
    if match:
        day, month, year, hour, minute, second, half, zone = match.groups()
    elif match := _ASCTIME.fullmatch(value[:200]):
        month, day, hour, minute, second, before, year, after = match.groups()
        half, zone = None, before or after or ""
    elif match := _MONTH_FIRST.match(value[:200]):
        month, day, year, hour, minute, second, half, zone = match.groups()
    else:
        return ""
    offset = _offset(zone)
    number = _MONTHS.get(month.lower())
    if offset is None or number is None:
        return ""
    when = int(year)
    if len(year) == 2:
        when += 2000 if when < 50 else 1900
    elif len(year) == 3:
        when += 1900
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return ""
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    seconds = int(second or 0)
    try:  # a leap second is shown as the second before it
        moment = datetime(when, number, int(day), hours, int(minute), min(seconds, 59))
        if seconds > 60:
            return ""
        return utc(moment - timedelta(minutes=offset))
    except (ValueError, OverflowError):
        return ""


def _offset(zone: str) -> int | None:
    """Minutes east of Greenwich, or ``None`` when ``zone`` does not tell them."""
    match = _OFFSET.match(zone)
    if match:
        sign, hours, minutes = match.groups()
        total = int(hours) * 60 + int(minutes)
        if total > 14 * 60 or int(minutes) > 59:
            return None
        return -total if sign == "-" else total
    match = _NAME.match(zone)
    return _ZONES.get(match.group(1).lower()) if match else None
