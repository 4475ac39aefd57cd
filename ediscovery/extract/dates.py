"""Dates of evidence: to UTC in one written form, or nothing rather than a guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache


def utc(moment: datetime | None) -> str:
    """``2001-05-04T11:22:33Z``, or ``""`` for ``None`` and for years that can't be real.

    A naive ``moment`` is taken as UTC. Years outside 1601 (the first of FILETIME; that year itself
    is an unset value) to 9998 give ``""``.
    """
    if moment is None:
        return ""
    if moment.tzinfo not in (None, UTC):
        try:
            moment = moment.astimezone(UTC)
        except (OverflowError, ValueError):
            return ""
    if not 1601 < moment.year < 9999:
        return ""
    return moment.isoformat()[:19] + "Z"


def from_filetime(ticks: int) -> str:
    """A Windows FILETIME (100 ns since 1601) as UTC text; 0 and absurd values give ``""``."""
    if ticks <= 0:
        return ""
    try:
        return utc(datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10))
    except OverflowError:
        return ""


@lru_cache(maxsize=4096)  # files that were copied together have one time
def from_timestamp(seconds: float) -> str:
    """A Unix time as UTC text; what no calendar holds gives ``""``."""
    try:
        return utc(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return ""
