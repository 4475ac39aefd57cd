"""Content lines of RFC 5545 and RFC 6350, and of the older vCalendar and vCard: one parser."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from ediscovery.extract.charset import decode

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r"(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)((?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(.*)", re.DOTALL
)
_PARAMETER = re.compile(r";([^=;\"]*)(?:=((?:\"[^\"]*\"|[^;\"])*))?")
_ESCAPE = re.compile(r"\\([nN\\,;:\"])")
_BINARY_NAMES = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "ATTACH"})


class Line(NamedTuple):
    """One property: name in capitals, parameters with names in capitals, value unescaped.

    ``raw`` is the value as written; ``data`` the bytes of one that is encoded in base64.
    """

    name: str
    params: dict[str, str]
    value: str
    raw: str
    data: bytes | None = None

    @property
    def parts(self) -> list[str]:
        """The value's fields, parted by semicolons that are not escaped."""
        return [unescaped(p).strip() for p in re.split(r"(?<!\\);", self.raw)]


def unescaped(text: str) -> str:
    """``text`` with the escapes of both formats undone."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: "\n" if m.group(1) in "nN" else m.group(1), text)


def read(data: bytes, declared: str = "") -> tuple[list[Line], int]:
    """The lines of ``data``, and how many could not be understood."""
    text = decode(data, declared).text.replace("\r\n", "\n").replace("\r", "\n")
    found: list[Line] = []
    bad = 0
    for line in _unfolded(text):
        if not line.strip():
            continue
        match = _LINE.match(line)
        if match is None:
            bad += 1
            continue
        found.append(_line(*match.groups()))
    return found, bad


def _unfolded(text: str) -> Iterator[str]:
    """Whole lines: folds undone, soft line breaks of quoted-printable values joined."""
    waiting = ""
    for line in _FOLD.sub("", text).split("\n"):
        if waiting:
            line = waiting + line
            waiting = ""
        head = line.partition(":")[0].upper()
        if "QUOTED-PRINTABLE" in head and line.endswith("=") and len(line) < 1 << 20:
            waiting = line + "\n"
            continue
        yield line
    if waiting:
        yield waiting


def _line(name: str, parameters: str, raw: str) -> Line:
    params: dict[str, str] = {}
    for key, value in _PARAMETER.findall(parameters):
        key = key.strip().upper()
        if value:
            params[key] = f"{params[key]},{value}" if key in params else value.replace('"', "")
        elif key in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"):  # as vCard 2.1 writes it
            params["ENCODING"] = key
        else:
            params.setdefault("TYPE", key)
    name = name.upper()
    encoding = params.get("ENCODING", "").upper()
    if encoding == "QUOTED-PRINTABLE":
        raw = decode(binascii.a2b_qp(raw.encode("utf-8")), params.get("CHARSET", "")).text
        raw = raw.replace("\r\n", "\n")
    elif encoding in ("B", "BASE64") or (name in _BINARY_NAMES and raw[:5].lower() == "data:"):
        payload = raw.partition(",")[2] if raw[:5].lower() == "data:" else raw
        letters = "".join(payload.split()).encode("ascii", "ignore")
        try:
            data = binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
            return Line(name, params, "", "", data)
        except binascii.Error:
            pass
    return Line(name, params, unescaped(raw), raw)
