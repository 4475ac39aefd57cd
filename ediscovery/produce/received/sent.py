"""What the fields of a load file say of a document, in our own terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from ediscovery.extract.dates import utc
from ediscovery.extract.walk import clean
from ediscovery.produce.catalogue import catalogue

# Our column -> the field of the catalogue, whose names at regulators count as well, then other
# names that are met, without case and punctuation.
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "from_": ("From", "emailfrom sender mailfrom"),
    "to": ("To", "emailto recipient recipients mailto"),
    "cc": ("CC", "emailcc mailcc"),
    "bcc": ("BCC", "emailbcc mailbcc"),
    "subject": ("Subject", "emailsubject mailsubject"),
    "file_name": ("FileName", "originalfilename originalname docname documentname"),
    "folder": ("IntFilePath", "folderpath emailfolder mailfolder foldername"),
    "author": ("Author", ""),
    "last_author": ("LastAuthor", "lastsavedby lastmodifiedby"),
    "title": ("Title", "doctitle documenttitle"),
    "record_type": ("RecordType", ""),
    "message_id": ("IntMsgID", "messageid internetmessageid emailmessageid"),
    "in_reply_to": ("InReplyTo", ""),
    "conversation_index": ("ConversationIndex", ""),
    "page_count": ("PgCount", "pagecount pages numpages imagecount prodpgcount"),
}
_SEVERAL = frozenset({"to", "cc", "bcc"})
_PEOPLE: Mapping[str, tuple[str, str]] = {
    "own": ("Custodian", "custodianname custodians"),
    "all": ("AllCustodians", "custodianall dupcustodian dupcustodians othercustodians"),
}
_HASHES: Mapping[str, tuple[str, str]] = {
    "md5": ("MD5Hash", "md5 md5hashvalue hash hashvalue"),
    "sha1": ("SHA1Hash", "sha1"),
    "sha256": ("SHA256Hash", "sha256"),
}
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}
# Date columns, those that hold the time as well first; then the columns of the time alone.
_MOMENTS: Mapping[str, tuple[str, str, str, str]] = {
    "sent_at": ("DateSent", "datetimesent sentdatetime sentdate emaildatesent", "TimeSent",
                "senttime"),
    "received_at": ("DateReceived", "datetimereceived receiveddate emaildatereceived",
                    "TimeReceived", "receivedtime timercvd"),
    "created_at": ("DateCreated", "datetimecreated createddate", "TimeCreated", "createdtime"),
    "modified_at": ("DateMod", "datetimemod datelastmodified datemodified lastmodifieddate "
                    "lastmoddate", "TimeMod", "timemodified lastmodifiedtime"),
    "printed_at": ("DatePrinted", "lastprinted", "TimePrinted", ""),
}  # fmt: skip
_ZONES = "timezone timezoneprocessed processingtimezone"
# Abbreviations that load files use; a summer one means the same clock.
_SHORT = {
    "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York",
    "cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago",
    "mst": "America/Denver", "mdt": "America/Denver", "mt": "America/Denver",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
}  # fmt: skip
_PUNCTUATION = re.compile(r"[\W_]+")
_CLOCK = (
    r"(?:(?:T|[ ,]+|^)\s*(?P<h>\d{1,2}):(?P<n>\d\d)(?::(?P<s>\d\d)(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?\s*(?P<zone>Z|[+-]\d\d:?\d\d|[A-Za-z][A-Za-z_/+-]{1,40})?\s*"
)
_NUMERIC = re.compile(rf"\s*(?P<a>\d{{1,4}})[-/.](?P<b>\d{{1,2}})[-/.](?P<c>\d{{1,4}}){_CLOCK}")
_CLOSED = re.compile(rf"\s*(?P<a>\d{{4}})(?P<b>\d\d)(?P<c>\d\d){_CLOCK}")
_NAMED = re.compile(rf"\s*(?P<c>\d{{1,2}})[- ](?P<b>[A-Za-z]{{3}})[a-z]*[- ](?P<a>\d{{4}}){_CLOCK}")
_TIME = re.compile(_CLOCK)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_LONGEST_DATE = 100


@dataclass(slots=True)
class Said:
    """What one record says: ``known`` by column of ``item``; custodians, its own first; ``hashes``
    in hexadecimal small letters; ``problems``: (column, value) of dates that are none."""

    known: dict[str, Any] = field(default_factory=dict)
    custodians: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


class Sent:
    """Reads the records of one load file with the columns ``names``.

    Dates without a zone are of the file's zone column, else of ``zone``. Whether the day or the
    month comes first is judged by all dates of the file, which :meth:`watch` must see before;
    where they leave it open, the month does, as in the United States.
    """

    def __init__(self, names: Iterable[str], zone: tzinfo) -> None:
        bare = {_bare(name): name for name in reversed(list(names))}
        self._plain = {ours: found for ours, (name, more) in _COLUMNS.items()
                       if (found := _first(bare, name, more))}  # fmt: skip
        self._people = {key: found for key, (name, more) in _PEOPLE.items()
                        if (found := _first(bare, name, more))}  # fmt: skip
        self._hashes = {key: found for key, (name, more) in _HASHES.items()
                        if (found := _first(bare, name, more))}  # fmt: skip
        self._moments = {}
        for ours, (date, dates, time, times) in _MOMENTS.items():
            column = _of(bare, dates) or _first(bare, date, "")
            if column:
                self._moments[ours] = (column, _first(bare, time, times))
        self._zone_column = _of(bare, _ZONES)
        self._zone = zone
        self._above_twelve = [0, 0]

    def watch(self, fields: Mapping[str, str]) -> None:
        """Take the dates of a record as evidence of their order."""
        for column, _ in self._moments.values():
            value = fields.get(column, "")
            found = _NUMERIC.fullmatch(value) if value and len(value) < _LONGEST_DATE else None
            if found and len(found["c"]) == 4:
                self._above_twelve[0] += int(found["a"]) > 12
                self._above_twelve[1] += int(found["b"]) > 12

    @property
    def day_first(self) -> bool:
        """Whether dates are written day before month."""
        return self._above_twelve[0] > 0 and not self._above_twelve[1]

    def said(self, fields: Mapping[str, str]) -> Said:
        """What the record with ``fields`` says."""
        said = Said()
        for ours, column in self._plain.items():
            value = clean(fields.get(column, "")).strip()
            if not value:
                continue
            if ours == "page_count":
                if value.isdecimal() and value.isascii() and len(value) < 10:
                    said.known[ours] = int(value)
            else:
                said.known[ours] = _several(value) if ours in _SEVERAL else value
        zone = zone_of(fields.get(self._zone_column, "")) or self._zone
        for ours, (column, time_column) in self._moments.items():
            value = fields.get(column, "").strip()
            if not value:
                continue
            time = fields.get(time_column, "").strip() if time_column != column else ""
            moment = self._moment(value, time, zone)
            if moment:
                said.known[ours] = moment
            elif value.strip("0/-.: "):
                said.problems.append((column, clean(value[:_LONGEST_DATE])))
        own = _several(clean(fields.get(self._people.get("own", ""), "")))
        rest = _several(clean(fields.get(self._people.get("all", ""), "")))
        said.custodians = list(dict.fromkeys([*own, *rest]))
        for key, column in self._hashes.items():
            digest = re.sub(r"[\s-]", "", fields.get(column, "")).lower()
            if re.fullmatch(rf"[0-9a-f]{{{_DIGITS[key]}}}", digest):
                said.hashes[key] = digest
        return said

    def _moment(self, value: str, time: str, zone: tzinfo) -> str:
        if len(value) + len(time) > _LONGEST_DATE:
            return ""
        found = _NUMERIC.fullmatch(value) or _CLOSED.fullmatch(value) or _NAMED.fullmatch(value)
        if not found:
            return ""
        clock = found
        if found["h"] is None and time:
            clock = _TIME.fullmatch(time) or found
        day = self._day(found["a"], found["b"], found["c"])
        if day is None:
            return ""
        hour, minute, second = (int(clock[part] or 0) for part in ("h", "n", "s"))
        half = (clock["half"] or "").lower()[:1]
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        own = zone_of(clock["zone"] or found["zone"] or "") or zone
        try:
            return utc(datetime(*day, hour, minute, second, tzinfo=own))
        except ValueError:
            return ""

    def _day(self, a: str, b: str, c: str) -> tuple[int, int, int] | None:
        if not b.isdecimal():
            return (int(a), _MONTHS.index(b.lower()) + 1, int(c)) if b.lower() in _MONTHS else None
        if len(a) == 4:
            return int(a), int(b), int(c)
        if len(c) != 4:
            return None
        return (int(c), int(b), int(a)) if self.day_first else (int(c), int(a), int(b))


@cache
def zone_of(text: str) -> tzinfo | None:
    """The time zone that ``text`` names (``Z``, ``+02:00``, ``EST``, ``Europe/Berlin``)."""
    name = text.strip()
    if not name or len(name) > 40:
        return None
    if name.casefold() in ("z", "utc", "gmt"):
        return UTC
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d\d?):?(\d\d)?", name, re.IGNORECASE)
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes >= 24 * 60:
            return None
        return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return ZoneInfo(_SHORT.get(name.casefold(), name))
    except (KeyError, ValueError, OSError):
        return None


def bare_name(name: str) -> str:
    """A column's name without case and punctuation."""
    return _PUNCTUATION.sub("", name).casefold()


_bare = bare_name


@cache
def _catalogued(name: str) -> tuple[str, ...]:
    entry = catalogue().entries.get(name)
    others = [one.name for one in entry.names.values()] if entry else []
    return tuple(_bare(one) for one in (name, *others))


def _first(bare: Mapping[str, str], name: str, more: str) -> str:
    for one in (*_catalogued(name), *more.split()):
        if one in bare:
            return bare[one]
    return ""


def _of(bare: Mapping[str, str], names: str) -> str:
    return next((bare[name] for name in names.split() if name in bare), "")


def _several(value: str) -> list[str]:
    return [part for one in re.split(r"[;\n]", value) if (part := one.strip())]
