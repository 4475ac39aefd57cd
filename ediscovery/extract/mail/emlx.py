"""Apple Mail's EMLX: a byte count, the message, and a property list with what Apple Mail knows."""

from __future__ import annotations

import re
from typing import Any

from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.dates import from_timestamp
from ediscovery.extract.mail import eml
from ediscovery.model.states import State

_COUNT = re.compile(rb"\s{0,16}([0-9]{1,12})[ \t]*\r?\n")
_PLIST = re.compile(rb"<\?xml[^>]*\?>\s*<!DOCTYPE plist")
_PLIST_BYTES = 1 << 20
_READ, _DELETED, _ANSWERED, _FLAGGED, _DRAFT, _FORWARDED = 1, 2, 4, 1 << 4, 1 << 6, 1 << 8
_PARTIAL = "Apple Mail keeps the attachments of this message in files of their own."


def extract(content: Content, context: Context) -> Extraction:
    """Reads the message of an EMLX file, with the flags and dates of its property list."""
    data = content.read()
    match = _COUNT.match(data)
    start = match.end() if match else 0
    count = int(match.group(1)) if match else 0
    stop = start + count
    problem = ""
    if not match or stop > len(data):
        plist = _PLIST.search(data, start)
        stop = plist.start() if plist else len(data)
        problem = f"It announces a message of {count} bytes; {stop - start} are there."
    result = eml.extract(Content(data[start:stop]), context)
    if problem:
        result.state = State.TRUNCATED if match else State.WARNINGS
        result.message = problem if match else "The byte count at its beginning is missing."
    _properties(data[stop : stop + _PLIST_BYTES], result)
    if context.name.endswith(".partial.emlx"):
        result.warnings.append(_PARTIAL)
    return result


def _properties(raw: bytes, result: Extraction) -> None:
    """What the property list adds; a damaged one is only a warning."""
    import plistlib
    from xml.parsers.expat import ExpatError

    raw = raw.strip()
    if not raw:
        return
    try:
        values: Any = plistlib.loads(raw, fmt=plistlib.FMT_XML)
    except (ValueError, ExpatError, plistlib.InvalidFileException, LookupError, TypeError):
        result.warnings.append("Its property list could not be read.")
        return
    if not isinstance(values, dict):
        return
    fields = result.fields
    flags = values.get("flags")
    if isinstance(flags, int):
        fields["read_flag"] = bool(flags & _READ)
        for bit, name in (
            (_DELETED, "deleted"),
            (_ANSWERED, "answered"),
            (_FLAGGED, "flagged"),
            (_DRAFT, "draft"),
            (_FORWARDED, "forwarded"),
        ):
            if flags & bit:
                fields[name] = True
    received = values.get("date-received")
    if isinstance(received, int | float) and "received_at" not in fields:
        fields["received_at"] = from_timestamp(received)
        fields["received_at_raw"] = str(received)
    for key in ("original-mailbox", "remote-id", "conversation-id"):
        value = values.get(key)
        if isinstance(value, str | int):
            fields[key.replace("-", "_")] = str(value)[:1000]
