"""iCalendar and vCalendar files: events, tasks and invitations as text, with their key fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ediscovery.extract.contract import Child, Content, Context, Extraction
from ediscovery.extract.dates import utc
from ediscovery.extract.mail.contentlines import Line, read
from ediscovery.extract.text import declared_charset

_TITLES = {
    "VEVENT": "Event",
    "VTODO": "Task",
    "VJOURNAL": "Journal",
    "VFREEBUSY": "Free/busy",
    "VALARM": "Alarm",
}
_LABELS = {
    "SUMMARY": "Subject",
    "DTSTART": "Start",
    "DTEND": "End",
    "DUE": "Due",
    "DURATION": "Duration",
    "LOCATION": "Location",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee",
    "DESCRIPTION": "Description",
    "CATEGORIES": "Categories",
    "COMMENT": "Comment",
    "CONTACT": "Contact",
    "STATUS": "Status",
    "RRULE": "Recurrence",
    "URL": "URL",
    "CREATED": "Created",
    "LAST-MODIFIED": "Last modified",
    "COMPLETED": "Completed",
    "RECURRENCE-ID": "Recurrence of",
    "METHOD": "Method",
}
_TECHNICAL = frozenset({"BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "DTSTAMP", "SEQUENCE"})
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
_YEARLY = re.compile(r"(-?\d)(SU|MO|TU|WE|TH|FR|SA)")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def extract(content: Content, context: Context) -> Extraction:
    """Reads a calendar; the first event gives subject, people and dates of the document."""
    lines, bad = read(
        content.read()[: context.profile.limits.text_bytes],
        declared_charset(context.declared_type),
    )
    zones = _zones(lines)
    result = Extraction()
    text: list[str] = []
    attached: list[Line] = []
    first: dict[str, Any] = {}
    stack: list[str] = []
    count = 0
    for line in lines:
        if line.name == "BEGIN":
            stack.append(line.value.strip().upper())
            if title := _TITLES.get(stack[-1]):
                text.append(f"\n{title}" if stack[-1] != "VALARM" else title)
                count += stack[-1] != "VALARM"
            continue
        if line.name == "END":
            if stack:
                stack.pop()
            continue
        where = stack[-1] if stack else ""
        if where in ("VTIMEZONE", "STANDARD", "DAYLIGHT"):
            continue
        if line.data is not None:
            attached.append(line)
            text.append(f"Attachment: {_name(line, len(attached))}")
            continue
        if count <= 1 and where in ("VEVENT", "VTODO", "VJOURNAL"):
            _key_field(line, first, zones)
        if said := _said(line):
            text.append(said)
    result.text = "\n".join(text).strip("\n") + "\n"
    result.fields = {**first, "events": count}
    if bad:
        result.warnings.append(f"{bad} of its lines are no properties and were left out.")
    if attached:
        result.expected_children = len(attached)
        result.children = _children(attached)
    return result


def _said(line: Line) -> str:
    """One property as a line for people; ``""`` for what only programs use."""
    name, value = line.name, line.value.strip()
    if name in _TECHNICAL or not value:
        return ""
    if name in ("ORGANIZER", "ATTENDEE"):
        value = _person(line)
        state = line.params.get("PARTSTAT", "").lower()
        if state and state != "needs-action":
            value = f"{value} ({state})"
    elif name == "X-ALT-DESC" and "html" in line.params.get("FMTTYPE", ""):
        from ediscovery.extract.html import text_of

        value = text_of(value)
    elif zone := line.params.get("TZID"):
        value = f"{value} {zone}"
    label = _LABELS.get(name)
    if label is None:
        label = name if not name.startswith("X-") else name[2:].replace("-", " ").title()
    return f"{label}: {value}"


def _person(line: Line) -> str:
    """``Name <address>`` of an organizer or attendee."""
    address = line.value.strip()
    if address[:7].lower() == "mailto:":
        address = address[7:]
    name = line.params.get("CN", "").strip()
    return f"{name} <{address}>" if name and name != address else address


def _key_field(line: Line, first: dict[str, Any], zones: dict[str, list[Line]]) -> None:
    """Put what ``line`` says into the document's fields, when it is one of those."""
    name, value = line.name, " ".join(line.value.split())
    if name == "SUMMARY":
        first.setdefault("subject", value)
        first.setdefault("title", value)
    elif name == "ORGANIZER":
        first.setdefault("from_", _person(line))
    elif name == "ATTENDEE":
        first.setdefault("to", []).append(_person(line))
    elif name in ("LOCATION", "UID", "STATUS"):
        first.setdefault({"UID": "calendar_uid"}.get(name, name.lower()), value)
    elif name in ("DTSTART", "DTEND", "DUE", "CREATED", "LAST-MODIFIED"):
        key = {
            "DTSTART": "start_at",
            "DTEND": "end_at",
            "DUE": "due_at",
            "CREATED": "created_at",
            "LAST-MODIFIED": "modified_at",
        }[name]
        if f"{key}_raw" not in first:
            zone = line.params.get("TZID", "")
            first[f"{key}_raw"] = f"{value} {zone}".strip()
            if moment := _utc(value, zones.get(zone, [])):
                first[key] = moment


def _utc(value: str, zone: list[Line]) -> str:
    """A moment in UTC: stated so, or by the file's own definition of its zone; else ``""``."""
    match = _MOMENT.match(value)
    if not match or match.group(4) is None:
        return ""
    try:
        moment = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]
    except ValueError:
        return ""
    if match.group(7):
        return utc(moment)
    offset = _offset_at(moment, zone)
    return "" if offset is None else utc(moment - offset)


def _zones(lines: list[Line]) -> dict[str, list[Line]]:
    """The lines of each zone that the file defines, by name."""
    zones: dict[str, list[Line]] = {}
    current: list[Line] | None = None
    for line in lines:
        if line.name == "BEGIN" and line.value.strip().upper() == "VTIMEZONE":
            current = []
        elif line.name == "END" and line.value.strip().upper() == "VTIMEZONE":
            current = None
        elif current is not None:
            if line.name == "TZID":
                zones[line.value.strip()] = current
            current.append(line)
    return zones


def _offset_at(moment: datetime, zone: list[Line]) -> timedelta | None:
    """The offset that holds at a local ``moment``: that of the latest change before it."""
    best: tuple[datetime, timedelta] | None = None
    earliest: timedelta | None = None
    current: dict[str, str] = {}
    for line in zone:
        if line.name == "BEGIN":
            current = {}
        elif line.name == "END":
            match = _OFFSET.match(current.get("TZOFFSETTO", ""))
            start = _MOMENT.match(current.get("DTSTART", ""))
            if not match or not start:
                continue
            minutes = int(match.group(2)) * 60 + int(match.group(3))
            offset = timedelta(minutes=-minutes if match.group(1) == "-" else minutes)
            earliest = earliest if earliest is not None else offset
            for change in _changes(start, current.get("RRULE", ""), moment.year):
                if change <= moment and (best is None or change >= best[0]):
                    best = (change, offset)
        else:
            current.setdefault(line.name, line.value.strip())
    return best[1] if best else earliest


def _changes(start: re.Match[str], rule: str, year: int) -> Iterator[datetime]:
    """When an observance begins: first, then by its yearly rule in ``year`` and the one before."""
    try:
        first = datetime(*(int(part or 0) for part in start.groups()[:6]))  # type: ignore[arg-type]
    except ValueError:
        return
    yield first
    by_day = _YEARLY.search(rule)
    month = re.search(r"BYMONTH=(\d{1,2})", rule)
    if not by_day or not month:
        return
    for when in (year - 1, year):
        day = _nth(when, int(month.group(1)), int(by_day.group(1)), _DAYS.index(by_day.group(2)))
        if day is not None and day.replace(hour=first.hour, minute=first.minute) > first:
            yield day.replace(hour=first.hour, minute=first.minute)


def _nth(year: int, month: int, count: int, weekday: int) -> datetime | None:
    """The ``count``-th given weekday of a month, counted from its end when negative."""
    if not 1 <= month <= 12 or not 1 < year < 9999 or not count:
        return None
    if count > 0:
        first = datetime(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
    last = datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7 + 7 * (-count - 1))


def _name(line: Line, number: int) -> str:
    for key in ("FILENAME", "X-FILENAME", "X-APPLE-FILENAME"):
        if line.params.get(key):
            return line.params[key]
    return f"attachment-{number}.bin"


def _children(attached: list[Line]) -> Iterator[Child]:
    for number, line in enumerate(attached, 1):
        declared = line.params.get("FMTTYPE", "")
        yield Child(_name(line, number), Content(line.data or b""), "attachment", declared)
