"""Header blocks of RFC 5322, encoded words of RFC 2047 and parameters of RFC 2045 and 2231.

All of it is linear in the size of the header and bounded by the profile's header limits.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from ediscovery.extract.charset import decode
from ediscovery.model.profile import Limits

Headers = dict[str, list[str]]  # lower-case name -> values in order, unfolded, not yet decoded

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_LATER_FIELD = re.compile(
    rb"\n(?:from|to|cc|subject|date|received|message-id|mime-version|content-[a-z-]+|x-[a-z-]+)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BLANK_BETWEEN = re.compile(r"\?=\s+=\?")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))")
_CONTINUED = re.compile(r"(.+?)\*(\d{1,4})(\*?)$")
_ESCAPED = re.compile(r"\\(.)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def header_end(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header block that begins at ``start`` ends, and where the body after it begins.

    The block ends at the first empty line; at the end of the data when there is none; or at a line
    that is neither a field nor a continuation, which then is the first line of the body.
    """
    if data.startswith(b"\n", start):
        return start, start + 1
    if data.startswith(b"\r\n", start):
        return start, start + 2
    plain = data.find(b"\n\n", start, end)
    dos = data.find(b"\n\r\n", start, end if plain < 0 else plain + 1)
    if dos >= 0:
        return dos + 1, dos + 3
    if plain >= 0:
        return plain + 1, plain + 2
    return end, end


def parse(text: str) -> tuple[Headers, str]:
    """The fields of a header block, and the first line that is no field (``""`` when all are)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\n " in text:
        text = text.replace("\n ", " ")
    if "\n\t" in text:
        text = text.replace("\n\t", "\t")
    headers: Headers = {}
    odd = ""
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if not colon or " " in name or "\t" in name or not name:
            if not line or line.isspace() or line.startswith(("From ", ">From ")):
                continue
            bare = name.rstrip(" \t")
            if not colon or not bare or " " in bare or "\t" in bare:
                odd = odd or line
                continue
            name = bare
        name = name.lower()
        if name in headers:
            headers[name].append(value)
        else:
            headers[name] = [value]
    return headers, odd


def body_after_odd_line(data: bytes, start: int, end: int) -> int:
    """Where the body begins when a header block holds a line that is no field.

    That is the odd line itself, unless more of the usual fields follow it: then it was only a
    damaged line and ``end`` is returned.
    """
    at = start
    while at < end:
        stop = data.find(b"\n", at, end)
        stop = end if stop < 0 else stop
        line = data[at:stop]
        folded = line[:1] in (b" ", b"\t") and at > start
        if not (folded or _FIELD.match(line) or line.startswith((b"From ", b">From "))):
            return end if _LATER_FIELD.search(data, stop, end) else at
        at = stop + 1
    return end


def block_text(block: bytes) -> tuple[str, bool]:
    """A raw header block as text, and whether its charset had to be guessed."""
    if block.isascii():
        return block.decode("ascii"), False
    found = decode(block)
    return found.text, found.guessed or found.damaged


def read(data: bytes, start: int, end: int, limits: Limits) -> tuple[Headers, str, int, bool, str]:
    """The header block at ``start``: fields, raw text (bounded), start of the body, guessed, cut.

    The last says what of the fields was left out by a limit; it is empty when nothing was.
    """
    stop, body = header_end(data, start, end)
    block = data[start : min(stop, start + limits.headers_bytes)]
    text, guessed = block_text(block)
    headers, odd = parse(text)
    if odd:
        found = body_after_odd_line(data, start, stop)
        if found < stop:
            stop = body = found
            text, guessed = block_text(data[start : min(stop, start + limits.headers_bytes)])
            headers, odd = parse(text)
    headers, cut = bounded(headers, stop - start, limits)
    return headers, text[: limits.header_bytes], body, guessed, cut


def bounded(headers: Headers, size: int, limits: Limits) -> tuple[Headers, str]:
    """The fields of a header of ``size`` bytes within the limits, and what of them was left out."""
    cut = ""
    if size > limits.header_bytes:
        if any(len(v) > limits.header_bytes for values in headers.values() for v in values):
            cut = f"A field of its header was cut after {limits.header_bytes} bytes."
        headers = {n: [v[: limits.header_bytes] for v in values] for n, values in headers.items()}
    if size > limits.headers_bytes:
        cut = f"Only the first {limits.headers_bytes} bytes of its header were read."
    return headers, cut


def plain(value: str) -> str:
    """``value`` with encoded words decoded and white space and controls made single blanks.

    Words next to each other in one charset are joined before decoding, since writers split them
    inside of characters. What can't be decoded stays as it is written.
    """
    if "=?" in value:
        value = _WORD.sub(_Words(), _BLANK_BETWEEN.sub("?==?", value))
    if not value.isprintable():
        value = _CONTROLS.sub(" ", value)
    return value.strip()


class _Words:
    """Replaces each run of encoded words; see :func:`plain`."""

    __slots__ = ("skip_to",)

    def __init__(self) -> None:
        self.skip_to = -1

    def __call__(self, match: re.Match[str]) -> str:
        if match.start() < self.skip_to:
            return ""
        charset = match.group(1)
        raw = _word_bytes(match)
        if raw is None:
            return match.group()
        following: re.Match[str] | None = match
        end = match.end()
        while (following := _WORD.match(match.string, end)) is not None:
            more = _word_bytes(following)
            if more is None or following.group(1).lower() != charset.lower():
                break
            raw += more
            end = following.end()
        self.skip_to = end
        return decode(raw, charset).text


def _word_bytes(match: re.Match[str]) -> bytes | None:
    text = match.group(3)
    if match.group(2) in "bB":
        letters = text.encode("ascii", "replace")
        try:
            raw = binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
            return raw if raw or not text.strip() else None
        except binascii.Error:
            return None
    return binascii.a2b_qp(text.encode("utf-8", "surrogateescape"), header=True)


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """The first token of a field such as ``Content-Type``, lower case, and its parameters.

    RFC 2231 continuations are joined in the order of their numbers and percent-decoded; an extended
    value wins over a plain one of the same name.
    """
    if len(value) < 200 and "boundary" not in value:
        return _cached_parameters(value)
    return _parameters(value)


def _parameters(value: str) -> tuple[str, dict[str, str]]:
    token, _, rest = value.partition(";")
    token = "".join(token.split()).lower()
    found: dict[str, str] = {}
    if not rest:
        return token, found
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(value):
        name, quoted, bare = match.groups()
        name = name.lower()
        if quoted is not None:
            text = _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted
        else:
            text = bare.strip()
        if "*" not in name:
            found.setdefault(name, text)
            continue
        continued = _CONTINUED.match(name)
        if continued:
            base, number, star = continued.groups()
            pieces.setdefault(base, []).append((int(number), bool(star), text))
        elif name.endswith("*"):
            pieces.setdefault(name[:-1], []).append((0, True, text))
    for name, parts in pieces.items():
        found[name] = _joined(parts)
    return token, found


_cached_parameters = lru_cache(maxsize=1024)(_parameters)


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    """One value out of the numbered pieces of RFC 2231; of two with one number the first counts."""
    parts.sort(key=lambda piece: piece[0])
    parts = [p for n, p in enumerate(parts) if not n or p[0] != parts[n - 1][0]]
    charset = ""
    raw = b""
    for index, (_, extended, text) in enumerate(parts):
        if extended and index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        encoded = text.encode("utf-8", "surrogateescape")
        raw += unquote_to_bytes(encoded) if extended else encoded
    return decode(raw, charset).text
