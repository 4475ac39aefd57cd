"""Outlook MSG files (MS-OXMSG): properties in a compound file, attachments and messages inside."""

from __future__ import annotations

import struct

import compressed_rtf

from samples.archives.packers import filetime
from samples.mail.letter import Letter, Post
from samples.mail.mime import Copy, Renderer, header_text
from samples.office import ole2
from samples.story.people import Person
from samples.things import Thing

_INT, _BOOL, _TIME, _TEXT, _BINARY, _OBJECT = 0x03, 0x0B, 0x40, 0x1F, 0x102, 0x0D
_CLSID = "00020D0B-0000-0000-C000-000000000046"


def thing(renderer: Renderer, key: str, owner: str, name: str, body: str = "plain") -> Thing:
    """The letter ``key`` as ``owner``'s Outlook saved it.

    ``body`` says what it carries: plain text, plain and html, or only rtf with the HTML inside.
    Papers go along by value, enclosed letters as messages.
    """
    letter = renderer.post.letters[key]
    facts = renderer.facts(letter, Copy(owner))
    files = [renderer.papers[file].related("attachment") for file in letter.files]
    inner = []
    for other in letter.enclosed:
        below = thing(renderer, other, owner, f"{renderer.post.letters[other].subject}.msg")
        inner.append(below.related("attachment"))
    return Thing(
        name,
        ole2.write(_message(renderer, letter, owner, body, top=True), _CLSID),
        "mail",
        "application/vnd.ms-outlook",
        header_text(facts) + renderer.post.plain(letter),
        children=(*files, *inner),
        mail=facts,
        when=letter.utc,
    )


class _Bag:
    """Properties of one object: the fixed ones in a stream of their own, the long ones beside."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes] = {}
        self.streams: dict[str, bytes | ole2.Storage] = {}

    def integer(self, tag: int, value: int) -> None:
        self._row(tag, _INT, struct.pack("<iI", value, 0))

    def flag(self, tag: int, value: bool) -> None:
        self._row(tag, _BOOL, struct.pack("<II", value, 0))

    def time(self, tag: int, ticks: int) -> None:
        self._row(tag, _TIME, struct.pack("<Q", ticks))

    def text(self, tag: int, value: str) -> None:
        data = value.encode("utf-16-le")
        self._row(tag, _TEXT, struct.pack("<II", len(data) + 2, 0))
        self.streams[f"__substg1.0_{tag:04X}{_TEXT:04X}"] = data

    def binary(self, tag: int, data: bytes) -> None:
        self._row(tag, _BINARY, struct.pack("<II", len(data), 0))
        self.streams[f"__substg1.0_{tag:04X}{_BINARY:04X}"] = data

    def nested(self, tag: int, storage: ole2.Storage) -> None:
        self._row(tag, _OBJECT, struct.pack("<II", 0xFFFFFFFF, 1))
        self.streams[f"__substg1.0_{tag:04X}{_OBJECT:04X}"] = storage

    def storage(self, head: bytes) -> dict[str, bytes | ole2.Storage]:
        rows = b"".join(self.rows[tag] for tag in sorted(self.rows))
        return {"__properties_version1.0": head + rows, **self.streams}

    def _row(self, tag: int, kind: int, value: bytes) -> None:
        self.rows[tag] = struct.pack("<HHI", kind, tag, 6) + value


def _message(
    renderer: Renderer, letter: Letter, owner: str, body: str, top: bool
) -> dict[str, bytes | ole2.Storage]:
    post = renderer.post
    files = [renderer.papers[name] for name in letter.files]
    bag = _Bag()
    bag.text(0x001A, "IPM.Note")
    bag.text(0x0037, letter.subject)
    bag.text(0x0070, letter.subject)
    bag.text(0x1035, letter.message_id)
    references = post.references(letter)
    if references:
        bag.text(0x1042, references[-1])
        bag.text(0x1039, " ".join(references))
    ticks = filetime(letter.utc)
    for tag in (0x0039, 0x0E06, 0x3007, 0x3008):
        bag.time(tag, ticks)
    bag.integer(0x0E07, 1)
    bag.integer(0x0017, 1)
    bag.integer(0x3FDE, 65001)
    bag.integer(0x340D, 0x00040000)  # its strings are Unicode
    for name, kind, address, smtp in (
        (0x0C1A, 0x0C1E, 0x0C1F, 0x5D01),
        (0x0042, 0x0064, 0x0065, 0x5D02),
    ):
        bag.text(name, letter.author.name)
        bag.text(kind, "SMTP")
        bag.text(address, letter.author.address)
        bag.text(smtp, letter.author.address)
    bag.text(0x0E04, "; ".join(p.name for p in letter.people("to")))
    bag.text(0x0E03, "; ".join(p.name for p in letter.people("cc")))
    _bodies(bag, post, letter, body)
    recipients = _recipients(letter, owner)
    attached = len(files) + len(letter.enclosed)
    bag.flag(0x0E1B, attached > 0)
    head = struct.pack("<8xIIII", len(recipients), attached, len(recipients), attached)
    out = bag.storage(head + bytes(8) if top else head)
    for n, (kind, person) in enumerate(recipients):
        out[f"__recip_version1.0_#{n:08X}"] = _recipient(kind, person, n)
    for n, file in enumerate(files):
        out[f"__attach_version1.0_#{n:08X}"] = _file(file, n)
    for n, key in enumerate(letter.enclosed, len(files)):
        below = post.letters[key]
        storage = _message(renderer, below, owner, "plain", top=False)
        out[f"__attach_version1.0_#{n:08X}"] = _enclosure(below, storage, n)
    if top:
        names = ("00020102", "00030102", "00040102")
        out["__nameid_version1.0"] = {f"__substg1.0_{name}": b"" for name in names}
    return out


def _bodies(bag: _Bag, post: Post, letter: Letter, body: str) -> None:
    if body != "rtf":
        bag.text(0x1000, post.plain(letter).replace("\n", "\r\n"))
    if body == "html":
        bag.binary(0x1013, post.html(letter).replace("\n", "\r\n").encode())
    elif body == "rtf":
        rtf = encapsulate(post.html(letter))
        bag.binary(0x1009, compressed_rtf.compress(rtf, compressed=True))
        bag.flag(0x0E1F, True)
        bag.integer(0x1016, 2)


def encapsulate(markup: str) -> bytes:
    """HTML inside RTF as Outlook writes it (MS-OXRTFEX): tags in groups, text between them."""
    out = r"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Sans;}}" + "\n"
    inside = 0
    for piece in markup.replace("\n", " \n").split("<"):
        if inside:
            tag, _, text = piece.partition(">")
            out += r"{\*\htmltag64 <" + _escape(tag) + ">}"
        else:
            text = piece
        inside = 1
        if text.strip():
            out += r"\htmlrtf \f0 \htmlrtf0 " + _escape(text.replace("\n", " "))
        elif text:
            out += "\n"
    return (out + "}").encode("ascii")


def _escape(text: str) -> str:
    out = ""
    for char in text:
        if char in "\\{}":
            out += "\\" + char
        elif char.isascii():
            out += char
        else:
            out += "".join(
                rf"\u{int.from_bytes(unit, 'little', signed=True)}?"
                for unit in _units(char.encode("utf-16-le"))
            )
    # entities stand in groups of their own, with the plain character for readers of the RTF
    for name, shown in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        out = out.replace(name, rf"{{\*\htmltag84 {name}}}\htmlrtf {shown}\htmlrtf0 ")
    return out


def _units(data: bytes) -> list[bytes]:
    return [data[n : n + 2] for n in range(0, len(data), 2)]


def _recipients(letter: Letter, owner: str) -> list[tuple[int, Person]]:
    out = [(1, p) for p in letter.people("to")] + [(2, p) for p in letter.people("cc")]
    if owner == letter.sender:
        out += [(3, p) for p in letter.people("bcc")]
    return out


def _recipient(kind: int, person: Person, row: int) -> ole2.Storage:
    bag = _Bag()
    bag.integer(0x0C15, kind)
    bag.integer(0x3000, row)
    bag.integer(0x0FFE, 6)
    bag.text(0x3001, person.name)
    bag.text(0x3002, "SMTP")
    bag.text(0x3003, person.address)
    bag.text(0x39FE, person.address)
    return bag.storage(bytes(8))


def _file(file: Thing, number: int) -> ole2.Storage:
    bag = _Bag()
    bag.integer(0x0E21, number)
    bag.integer(0x3705, 1)
    bag.integer(0x370B, -1)
    bag.text(0x3001, file.name)
    bag.text(0x3707, file.name)
    stem, _, ext = file.name.rpartition(".")
    bag.text(0x3704, f"{stem[:6].upper()}~1.{ext[:3].upper()}" if len(stem) > 8 else file.name)
    bag.text(0x3703, f".{ext}")
    bag.text(0x370E, file.mime)
    bag.binary(0x3701, file.data)
    return bag.storage(bytes(8))


def _enclosure(letter: Letter, storage: ole2.Storage, number: int) -> ole2.Storage:
    bag = _Bag()
    bag.integer(0x0E21, number)
    bag.integer(0x3705, 5)
    bag.integer(0x370B, -1)
    bag.text(0x3001, letter.subject)
    bag.nested(0x3701, storage)
    return bag.storage(bytes(8))
