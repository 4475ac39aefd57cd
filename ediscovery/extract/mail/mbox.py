"""Mailboxes in the mbox family: where one message ends and the next begins.

The splitting rules stand in ``docs/mail.md``. Messages come out byte for byte as they are stored:
``>From`` quoting is not undone and ``Content-Length`` is not believed.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from typing import cast

from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context, Extraction, Range
from ediscovery.model.states import State

Data = bytes | mmap.mmap

_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
# As the tools write it: sender, asctime date, perhaps a zone.
_EXACT = re.compile(
    rb"From [^\r\n]*?" + _DAY + rb" " + _MONTH + rb" +[0-9]{1,2} +[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
    rb"(?: +[A-Za-z0-9+-]{1,9})? +[0-9]{4}(?: +[+-]?[A-Za-z0-9]{1,9})?(?: remote from [^\r\n]*)?"
    rb"[ \t]*\r?(?:\n|\Z)"
)
# Anything like it counts only when a header field follows.
_PLAUSIBLE = re.compile(
    rb"From (?:-|\?\?\?@\?\?\?|\S*@\S*|\S+ +" + _DAY + rb"\b|[^\r\n]*[0-9]{1,2}:[0-9]{2})"
    rb"[^\r\n]*\r?\n(?:>From [^\r\n]*\r?\n)*[!-9;-~]{1,76}[ \t]*:"
)
_LINE_BYTES = 2000  # what a separator and the field after it may take


def extract(content: Content, context: Context) -> Extraction:
    """Gives the messages of a mailbox in order; text before the first one is an item as well."""
    data = _data(content)
    expected: int | None = None
    if context.only is None:
        expected = sum(1 for _ in _starts(data, context))
    return Extraction(
        container=True,
        expected_children=expected,
        children=_children(content, data, context),
    )


def split(content: Content, context: Context, target_bytes: int) -> tuple[int | None, list[Range]]:
    """Ranges of whole messages of about ``target_bytes``; the hint is the first one's offset."""
    ranges: list[Range] = []
    first = offset = total = 0
    for at in _starts(_data(content), context):
        if at - offset >= target_bytes:
            ranges.append(Range(first, total, offset))
            first, offset = total, at
        total += 1
    if total > first:
        ranges.append(Range(first, total, offset))
    return total, ranges


def _data(content: Content) -> Data:
    """The mailbox as something that can be searched: mapped when it is a whole file."""
    if content.path is None or content.offset or not content.size:
        return content.read()
    with open(cast(str, content.path), "rb") as file:
        return mmap.mmap(file.fileno(), content.size, access=mmap.ACCESS_READ)


def _starts(data: Data, context: Context, start: int = 0) -> Iterator[int]:
    """Offsets at which an item of the mailbox begins, from the item at ``start`` on.

    That is each separator line, and the beginning of the data when it holds something else.
    """
    strict = context.profile.mbox_splitting != "loose"
    end = len(data)
    if start == 0:
        first = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        while data[first : first + 1] in (b"\r", b"\n"):
            first += 1
        if first < end:
            yield 0
        at = first
    else:
        yield start
        at = start
    while (at := data.find(b"\nFrom ", at, end)) >= 0:
        at += 1
        if strict and not _after_blank_line(data, at):
            continue
        if is_separator(data[at : at + _LINE_BYTES]):
            yield at


def _after_blank_line(data: Data, at: int) -> bool:
    """Whether the line before the one at ``at`` is empty, or there is none."""
    before = data[max(0, at - 4) : at]
    return before.endswith((b"\n\n", b"\n\r\n")) or before in (b"\n", b"\r\n")


def is_separator(line: bytes) -> bool:
    """Whether ``line``, with what follows it, begins a message of a mailbox."""
    return _EXACT.match(line) is not None or _PLAUSIBLE.match(line) is not None


def _children(content: Content, data: Data, context: Context) -> Iterator[Child]:
    only = context.only
    number = only.start if only else 0
    folder = context.name.removesuffix(".mbox").removesuffix(".mbx")
    starts = _starts(data, context, only.hint if only else 0)
    start = next(starts, None)
    while start is not None and (only is None or number < only.stop):
        following = next(starts, None)
        end = len(data) if following is None else following
        yield _child(content, data, start, end, number, folder)
        start = following
        number += 1


def _child(content: Content, data: Data, start: int, end: int, number: int, folder: str) -> Child:
    """The item between ``start`` and ``end``, without its separator line and the blank line that
    the format adds after each message."""
    line = data[start : start + _LINE_BYTES]
    lead = len(line) - len(line.lstrip(b"\xef\xbb\xbf\r\n")) if start == 0 else 0
    line = line[lead:]
    fields = {"folder": folder}
    separated = line.startswith(b"From ") and (start > 0 or is_separator(line))
    if separated:
        first_line = line.split(b"\n", 1)[0]
        fields["mbox_separator"] = first_line.decode("utf-8", "replace").strip()
        stop = data.find(b"\n", start + lead, end)
        start = end if stop < 0 else stop + 1
    stop = end
    if data[stop - 2 : stop] == b"\n\n" or data[stop - 4 : stop] == b"\r\n\r\n":
        stop -= 1 if data[stop - 2 : stop - 1] == b"\n" else 2
    elif stop - start == 1 and data[start:stop] == b"\n":
        stop = start
    length = max(0, stop - start)
    if length > SPOOL_BYTES and content.path is not None:
        message = Content(path=content.path, offset=content.offset + start, length=length)
    else:
        message = Content(data[start : start + length])
    if separated:
        name, mime_type, relation = f"{number + 1:05}.eml", "message/rfc822", "message"
    else:
        name, mime_type, relation = f"{number + 1:05}", "", "member"
    return Child(
        name,
        message,
        relation,
        "message/rfc822",
        mime_type,
        State.OK if separated else State.WARNINGS,
        "" if separated else "It stands in a mailbox without a line that begins a message.",
        fields=fields,
        ordinal=number,
    )
