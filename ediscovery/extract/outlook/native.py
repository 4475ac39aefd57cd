"""The native of a stored message: an RFC 5322 file made of its properties, always the same bytes.

Header fields come as the message was transmitted where it still has them, completed from
properties; then plain and HTML body, the attachments in their order, and last the RTF body where
it says what no other form does. An attachment that can't be read leaves an empty part that says so,
so that parts and attachments can be told by their numbers. The rules: ``docs/outlook.md``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Iterable
from typing import BinaryIO

from ediscovery.extract.contract import SPOOL_BYTES, Content, Context
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.attached import Part
from ediscovery.extract.outlook.message import EMBEDDED, Message
from ediscovery.extract.outlook.people import Person
from ediscovery.extract.outlook.reading import Reading
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_MIME_FIELD = re.compile(r"(?:content-[a-z-]+|mime-version)[ \t]*:", re.I)
_FIELD = re.compile(r"[!-9;-~]+[ \t]*:")
_ENCODED_BYTES = 42  # of UTF-8 in one encoded word: 56 letters, 68 with its marks
_LINE_BYTES = 57 * 1024
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_IMPORTANCE = {0: "low", 1: "normal", 2: "high", None: ""}
_SENSITIVITY = {None: "", 1: "Personal", 2: "Private", 3: "Company-Confidential"}
_LIMIT = f"{State.LIMIT}:expansion"


class Sink:
    """Gathers the native in memory and, once it is large, in a file of scratch."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._file: BinaryIO = io.BytesIO()
        self._path = ""
        self.messages = 0

    def write(self, data: bytes) -> None:
        """Add ``data``; raises ``EvidenceError`` when the source file's budget is spent."""
        self._context.charge(len(data))
        self._file.write(data)
        if not self._path and self._file.tell() > SPOOL_BYTES:
            spool = self._context.spool()
            assert isinstance(self._file, io.BytesIO)
            spool.write(self._file.getbuffer())
            self._path, self._file = spool.name, spool

    def mark(self) -> int:
        """The place to which :meth:`back` returns."""
        return self._file.tell()

    def back(self, mark: int) -> None:
        """Drop everything after ``mark``."""
        self._file.seek(mark)
        self._file.truncate()

    def content(self) -> Content:
        """What was written; to be called once, at the end."""
        if not self._path:
            assert isinstance(self._file, io.BytesIO)
            return Content(self._file.getvalue())
        self._file.close()
        return Content(path=self._path)


def synthesise(reading: Reading, context: Context) -> Content:
    """The native of the message of ``reading``. Problems with parts go to the message."""
    sink = Sink(context)
    try:
        _write(reading, sink, context)
        return sink.content()
    except EvidenceError:
        sink.content()
        raise


def _write(reading: Reading, sink: Sink, context: Context) -> None:
    sink.messages += 1
    if sink.messages > context.profile.limits.parts:
        raise EvidenceError(f"{State.LIMIT}:parts", "It embeds too many messages.")
    head = _header(reading)
    bodies, body = reading.bodies, reading.body
    seed = hashlib.sha256(head)
    seed.update(body.encode("utf-8", "replace"))
    seed.update(bodies.markup.encode("utf-8", "replace"))
    boundary = f"=_{seed.hexdigest()[:32]}_{sink.messages}"
    sink.write(head + b"MIME-Version: 1.0\r\n")
    mixed = bool(reading.parts or bodies.raw_rtf)
    plain = bodies.text if bodies.source == "plain" else "" if bodies.source == "html" else body
    if not reading.is_mail:
        plain = body
    if mixed:
        sink.write(f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode())
        sink.write(f"--{boundary}\r\n".encode())
    _write_bodies(plain, bodies.markup, boundary + "a", sink)
    if not mixed:
        return
    for part in reading.parts:
        sink.write(f"\r\n--{boundary}\r\n".encode())
        _write_part(part, sink, context)
    if bodies.raw_rtf:
        sink.write(f"\r\n--{boundary}\r\n".encode())
        sink.write(
            b'Content-Type: application/rtf; name="body.rtf"\r\n'
            b"Content-Transfer-Encoding: base64\r\n"
            b'Content-Disposition: inline; filename="body.rtf"\r\n\r\n'
        )
        _write_base64([bodies.raw_rtf], sink)
    sink.write(f"\r\n--{boundary}--\r\n".encode())


def _write_bodies(plain: str, markup: str, boundary: str, sink: Sink) -> None:
    if plain and markup:
        sink.write(f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode())
        sink.write(f"--{boundary}\r\n".encode())
        _write_text("plain", plain, sink)
        sink.write(f"\r\n--{boundary}\r\n".encode())
        _write_text("html", markup, sink)
        sink.write(f"\r\n--{boundary}--\r\n".encode())
    else:
        _write_text("html" if markup else "plain", markup or plain, sink)


def _write_text(kind: str, text: str, sink: Sink) -> None:
    data = text.encode("utf-8", "replace")
    simple = data.isascii() and b"\r" not in data and max(map(len, data.split(b"\n"))) < 990
    coding = "7bit" if simple else "quoted-printable"
    if not simple:
        data = binascii.b2a_qp(data.replace(b"\r", b"\n"), istext=True)
    charset = "us-ascii" if simple else "utf-8"
    sink.write(
        f"Content-Type: text/{kind}; charset={charset}\r\n"
        f"Content-Transfer-Encoding: {coding}\r\n\r\n".encode()
    )
    sink.write(data.replace(b"\n", b"\r\n"))


def _write_part(part: Part, sink: Sink, context: Context) -> None:
    """One attachment; what fails leaves no trace but an empty part with the reason."""
    mark = sink.mark()
    try:
        part.check()
        if part.attachment.method == EMBEDDED:
            _write_message(part, part.attachment.message(), sink, context)
            return
        declared = part.declared
        if not _TYPE.fullmatch(declared) or declared.startswith(("message/", "multipart/")):
            declared = "application/octet-stream"
        sink.write(_part_head(part, declared, "base64"))
        _write_base64(part.chunks(), sink)
    except EvidenceError as error:
        if error.state == _LIMIT:
            raise
        sink.back(mark)
        reason = encoded(f"{error.state}: {error.message}"[:500])
        sink.write(_part_head(part, "application/octet-stream", "7bit", f"X-Unreadable: {reason}"))


def _write_message(part: Part, message: Message, sink: Sink, context: Context) -> None:
    if len(message.lineage) > context.profile.limits.depth:
        raise EvidenceError(f"{State.LIMIT}:depth", "Messages are embedded too deeply.")
    sink.write(_part_head(part, "message/rfc822", "8bit"))
    _write(Reading(message, context), sink, context)


def _part_head(part: Part, kind: str, coding: str, extra: str = "") -> bytes:
    disposition = "inline" if part.inline else "attachment"
    lines = [
        f"Content-Type: {kind}",
        f"Content-Transfer-Encoding: {coding}",
        f"Content-Disposition: {disposition};{_parameter('filename', part.name)}",
    ]
    content_id = part.attachment.content_id
    if content_id and content_id.isascii() and content_id.isprintable():
        lines.append(f"Content-ID: <{content_id}>")
    if extra:
        lines.append(extra)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _parameter(name: str, value: str) -> str:
    """A parameter of RFC 2231 on a line of its own."""
    if value.isascii() and value.isprintable() and len(value) < 200:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'\r\n\t{name}="{escaped}"'
    from urllib.parse import quote

    return f"\r\n\t{name}*=utf-8''{quote(value[:250], safe='', errors='replace')}"


def _write_base64(pieces: Iterable[bytes], sink: Sink) -> None:
    rest = b""
    for piece in pieces:
        rest += piece
        cut = len(rest) // _LINE_BYTES * _LINE_BYTES
        if cut:
            sink.write(_lines(rest[:cut]))
            rest = rest[cut:]
    if rest:
        sink.write(_lines(rest))


def _lines(data: bytes) -> bytes:
    """``data`` in base64, 76 letters a line; several times faster than the standard library's."""
    letters = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([letters[i : i + 76] for i in range(0, len(letters), 76)]) + b"\r\n"


# -- header ----------------------------------------------------------------------------------


def _header(reading: Reading) -> bytes:
    """The header fields, each line ended; without those that describe the body."""
    lines: list[str] = []
    dropped = False
    for line in reading.header.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip():
            continue
        if line[0] in " \t":
            if not dropped and lines:
                lines.append(line)
        elif _FIELD.match(line):
            dropped = bool(_MIME_FIELD.match(line))
            if not dropped:
                lines.append(line)
        elif lines and not dropped:
            lines.append(f" {line}")
    present = {line.partition(":")[0].strip().lower() for line in lines}
    lines += [
        f"{name}: {value}"
        for name, value in _stated(reading)
        if value and name.lower() not in present
    ]
    text = "\r\n".join(lines) + "\r\n" if lines else ""
    return text.encode("utf-8", "replace").replace(b"\0", b" ")


def _stated(reading: Reading) -> list[tuple[str, str]]:
    """The fields that properties give, in the order in which they are written."""
    message, found = reading.message, reading.people
    properties = message.properties
    index = properties.data(mapi.CONVERSATION_INDEX)
    return [
        ("From", _people([found.author] if found.author else [])),
        ("Sender", _people([found.sender] if found.sender else [])),
        ("To", _people(found.to)),
        ("Cc", _people(found.cc)),
        ("Bcc", _people(found.bcc)),
        ("Subject", encoded(message.subject)),
        ("Date", reading.date),
        ("Message-ID", _line(properties.text(mapi.MESSAGE_ID))),
        ("In-Reply-To", _line(properties.text(mapi.IN_REPLY_TO))),
        ("References", "\r\n\t".join(properties.text(mapi.REFERENCES).split())),
        ("Thread-Topic", encoded(_line(properties.text(mapi.CONVERSATION_TOPIC)))),
        ("Thread-Index", base64.b64encode(index).decode() if index else ""),
        ("Importance", _IMPORTANCE.get(properties.integer(mapi.IMPORTANCE), "")),
        ("Sensitivity", _SENSITIVITY.get(properties.integer(mapi.SENSITIVITY), "")),
        ("X-Message-Class", _line(message.message_class)),
    ]


def _line(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())


def _people(people: list[Person]) -> str:
    written = []
    for who in people:
        address = "".join((who.address or who.dn).split()) if who.address else ""
        name = "" if who.name == who.address else who.name
        if not name and not address:
            name = who.dn
        if name and not re.fullmatch(r"[\w .'-]+", name, re.ASCII):
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            name = encoded(name) if not name.isascii() else f'"{quoted}"'
        written.append(f"{name} <{address}>" if name and address else name or address)
    return ",\r\n\t".join(written)


def encoded(text: str) -> str:
    """``text`` as a header value: encoded words of RFC 2047 where it is not ASCII."""
    if text.isascii() and text.isprintable() and "=?" not in text:
        return text
    words, piece = [], b""
    for character in text:
        raw = character.encode("utf-8", "replace")
        if len(piece) + len(raw) > _ENCODED_BYTES:
            words.append(piece)
            piece = b""
        piece += raw
    words.append(piece)
    return "\r\n\t".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)
