"""The MIME structure of a message: its leaves, as spans of the message's own bytes.

One pass, without recursion, over the raw bytes: nothing is decoded or copied until a leaf's content
is asked for, so nested messages and 7-bit parts come out byte for byte. RFC 2045, 2046 and 2183,
read leniently: whatever can't be placed in a part is kept as ``stray`` text.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ediscovery.extract.mail import headers as fields
from ediscovery.extract.mail.headers import Headers
from ediscovery.extract.mail.uuencode import uudecode
from ediscovery.model.profile import Limits

MAX_NESTING = 100  # multiparts within multiparts; what lies deeper is kept as one raw leaf

# What mail programs put before the first part; one line, and one continuation that is usual.
_NOTICE = re.compile(
    rb">?\s*this (?:is an? |message is )[^\r\n]{0,40}(?:multi-? ?part|mime)[^\r\n]{0,60}"
    rb"(?:does not understand\s+this format, some or all of\s+this message may not be legible\.)?",
    re.IGNORECASE,
)
_DELIMITER_GUESS = re.compile(
    rb"^--(?!-*\s*$)([!-~](?:[ -~]{0,68}[!-~])?)[ \t]*\r?\n(?:content-[a-z-]+:|\r?\n)",
    re.IGNORECASE | re.MULTILINE,
)
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\Z")
_RAW = frozenset({"7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none", "plain"})
_UUENCODED = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


@dataclass(slots=True)
class Leaf:
    """One part without parts of its own: bytes ``start`` to ``end`` of the message.

    ``within`` is the subtype of the multipart around it, ``alternative`` the number of the nearest
    ``multipart/alternative`` around it (0 for none). ``encoding`` is its transfer encoding.
    """

    type: str
    params: dict[str, str]
    encoding: str
    start: int
    end: int
    disposition: str = ""
    filename: str = ""
    content_id: str = ""
    description: str = ""
    location: str = ""
    within: str = ""
    alternative: int = 0


@dataclass(slots=True)
class Structure:
    """What a message is made of. ``stray`` are spans that lie in no part and hold text;
    ``found`` counts the leaves, those beyond the limit of parts included."""

    leaves: list[Leaf] = field(default_factory=list)
    stray: list[tuple[int, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    containers: set[str] = field(default_factory=set)
    found: int = 0
    alternatives: int = 0
    too_many: bool = False


_UNCLOSED = "The last part of a multipart has no mark of its end; the message may be cut short."


class _Part(NamedTuple):
    """A part on the way to being taken apart: its header, and where it and its body lie."""

    headers: Headers
    type: str
    params: dict[str, str]
    start: int
    body: int
    end: int
    within: str = ""
    alternative: int = 0
    depth: int = 0


def structure(data: bytes, headers: Headers, body: int, limits: Limits) -> Structure:
    """The leaves of a message with the given ``headers`` whose body begins at ``body``."""
    result = Structure()
    kind, params = _type(headers, "text/plain")
    stack = [_Part(headers, kind, params, 0, body, len(data))]
    while stack:
        part = stack.pop()
        if not part.type.startswith("multipart/"):
            result.found += 1
            if len(result.leaves) < limits.parts:
                result.leaves.append(_leaf(part))
            else:
                result.too_many = True
        elif part.depth >= MAX_NESTING:
            result.found += 1
            result.leaves.append(Leaf("message/rfc822", {}, "", part.start, part.end, "attachment"))
            result.warnings.append(
                f"Its parts nest deeper than {MAX_NESTING} levels; the rest was kept as one part."
            )
        else:
            stack.extend(reversed(_parts(data, part, limits, result)))
    return result


def _parts(data: bytes, part: _Part, limits: Limits, result: Structure) -> list[_Part]:
    """The parts of the multipart ``part``; itself as a text when it has no boundary that occurs."""
    start, end = part.body, part.end
    boundary = part.params.get("boundary", "").encode("utf-8", "replace").rstrip()
    split = _split(data, boundary, start, end) if boundary else _Split([], start, start, True)
    if not split.spans:
        split = _split_by_guess(data, start, end, result)
    spans, before, after, closed = split
    if not closed and _UNCLOSED not in result.warnings:
        result.warnings.append(_UNCLOSED)
    subtype = part.type[10:]
    result.containers.add(subtype)
    if not spans:
        if not data[start:end].strip():
            return []
        result.warnings.append("A multipart has no boundary that occurs; read as one text.")
        return [part._replace(type="text/plain")]
    _keep_stray(data, start, before, result, notice=True)
    _keep_stray(data, after, end, result)
    alternative = part.alternative
    if subtype == "alternative":
        result.alternatives += 1
        alternative = result.alternatives
    default = "message/rfc822" if subtype == "digest" else "text/plain"
    found: list[_Part] = []
    for first, last in spans:
        if first >= last:
            continue
        if len(found) >= limits.parts:
            result.found += 1
            result.too_many = True
            continue
        headers, _, inside, *_ = fields.read(data, first, last, limits)
        kind, params = _type(headers, default)
        found.append(
            _Part(headers, kind, params, first, inside, last, subtype, alternative, part.depth + 1)
        )
    return found


def _type(headers: Headers, default: str) -> tuple[str, dict[str, str]]:
    """Media type and parameters of a part; a type that is none counts as ``default``."""
    values = headers.get("content-type")
    if not values:
        return default, {}
    kind, params = fields.parameters(values[0])
    if "/" not in kind:
        return ("text/plain" if kind in ("text", "") else "application/octet-stream"), params
    return kind, params


def _leaf(part: _Part) -> Leaf:
    headers, params = part.headers, part.params
    encoding = headers.get("content-transfer-encoding")
    leaf = Leaf(
        part.type,
        params,
        encoding[0].strip().lower() if encoding else "",
        part.body,
        part.end,
        within=part.within,
        alternative=part.alternative,
    )
    if "content-disposition" in headers:
        leaf.disposition, extra = fields.parameters(headers["content-disposition"][0])
        name = extra.get("filename")
        if name:
            leaf.filename = fields.plain(name)
    if not leaf.filename and "name" in params:
        leaf.filename = fields.plain(params["name"])
    if "content-id" in headers:
        leaf.content_id = headers["content-id"][0].strip().strip("<>")
    if "content-description" in headers:
        leaf.description = fields.plain(headers["content-description"][0])
    if "content-location" in headers:
        leaf.location = fields.plain(headers["content-location"][0])
    return leaf


class _Split(NamedTuple):
    """The parts between delimiter lines, where the first delimiter begins and the last one ends,
    and whether that was the mark of the end."""

    spans: list[tuple[int, int]]
    before: int
    after: int
    closed: bool


def _split(data: bytes, boundary: bytes, start: int, end: int) -> _Split:
    mark = b"--" + boundary
    size = len(mark)
    spans: list[tuple[int, int]] = []
    at, first, opened = start, -1, -1
    while True:
        found = data.find(mark, at, end)
        if found < 0:
            break
        line_end = data.find(b"\n", found + size, end)
        after = end if line_end < 0 else line_end + 1
        if found > start and data[found - 1] not in b"\n\r":
            at = found + size
            continue
        tail = data[found + size : after].strip()
        if tail and tail != b"--":
            at = found + size
            continue
        at = after
        if opened >= 0:
            spans.append((opened, _before_line_end(data, opened, found)))
        else:
            first = found
        opened = after
        if tail:
            return _Split(spans, first, after, True)
    if opened >= 0:
        spans.append((opened, end))
    return _Split(spans, first, end, not spans)


def _before_line_end(data: bytes, start: int, at: int) -> int:
    """``at`` less the line end before it, which belongs to the delimiter that follows."""
    if at > start and data[at - 1] == 10:
        at -= 1
        if at > start and data[at - 1] == 13:
            at -= 1
    return at


def _split_by_guess(data: bytes, start: int, end: int, result: Structure) -> _Split:
    """Parts by the first line that looks like a delimiter and comes back."""
    for match in _DELIMITER_GUESS.finditer(data, start, end):
        boundary = match.group(1)
        if data.count(b"\n--" + boundary, start, end) + (match.start() == start) > 1:
            result.warnings.append(
                "The boundary of a multipart is not as declared; it was guessed."
            )
            return _split(data, boundary, start, end)
        break
    return _Split([], start, start, True)


def _keep_stray(data: bytes, start: int, end: int, result: Structure, notice: bool = False) -> None:
    """Remember what stands outside the parts, unless it is blank or the usual MIME notice."""
    if start < end:
        text = data[start:end].strip()
        if text and not (notice and _NOTICE.fullmatch(text)):
            result.stray.append((start, end))


def content(data: bytes, leaf: Leaf, warnings: list[str] | None = None) -> bytes:
    """The bytes of ``leaf`` with its transfer encoding undone; problems go to ``warnings``."""
    raw = data[leaf.start : leaf.end]
    encoding = leaf.encoding
    if encoding in ("", "7bit", "8bit", "binary"):
        return raw
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw)
    problems: list[str] = [] if warnings is None else warnings
    if encoding == "base64":
        try:
            return binascii.a2b_base64(raw.translate(None, b" \t\r\n"), strict_mode=True)
        except binascii.Error:
            return _damaged_base64(raw, problems)
    if encoding in _UUENCODED:
        return uudecode(raw, problems)
    token = encoding.partition(";")[0].strip(" \"'").replace(" ", "-")
    if token in _RAW:
        return raw
    if token in ("quoted-printable", "base64") and token != encoding:
        return content(data, _encoded_as(leaf, token), warnings)
    problems.append(
        f"A part has the unknown transfer encoding {token[:40]!r}; its bytes were kept."
    )
    return raw


def _encoded_as(leaf: Leaf, encoding: str) -> Leaf:
    return Leaf(leaf.type, leaf.params, encoding, leaf.start, leaf.end)


def _damaged_base64(raw: bytes, problems: list[str]) -> bytes:
    """Base64 with faults: each whole stretch is decoded, text around it is kept as it stands.

    Mail gateways append plain footers to encoded bodies, and some programs only claim to encode.
    """
    result = bytearray()
    pending = bytearray()
    good = other = 0
    for line in raw.splitlines():
        line = line.strip()
        if not line:
            continue
        # A word of a footer may be made of the same letters; real lines are long or in sequence.
        if _BASE64_LINE.match(line) and (len(line) % 4 == 0 or len(line) >= 16 or pending):
            good += len(line)
            pending += line
            if line.endswith(b"="):
                result += _flushed(pending)
        else:
            result += _flushed(pending)
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", line)
            if b" " not in line and len(letters) >= 40 and len(letters) * 10 >= len(line) * 9:
                good += len(line)
                pending += letters  # a long line with a few damaged bytes
            else:
                other += len(line)
                result += b"\n" + line + b"\n"
    result += _flushed(pending)
    if good < other:
        problems.append("A part claims to be in base64 and is not; its bytes were kept.")
        return raw
    problems.append("The base64 of a part is damaged; what could be decoded was.")
    return bytes(result)


def _flushed(pending: bytearray) -> bytes:
    """``pending`` base64 decoded and emptied; an incomplete last group gives what it holds."""
    letters = bytes(pending).rstrip(b"=")
    pending.clear()
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
