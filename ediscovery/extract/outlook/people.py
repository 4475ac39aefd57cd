"""Who sent a message and who received it, with the best address that the message itself holds.

Exchange writes X.500 names ("/o=.../cn=...") where others write mail addresses. In order of proof:
the SMTP properties, the address when its type is SMTP, the SIP address, the search key, the
one-off entry, the transport headers by name, then by position, the same X.500 name elsewhere in the
message. What stays unresolved keeps its X.500 name, and every X.500 name is kept besides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ediscovery.extract import codepages
from ediscovery.extract.mail.addresses import Mailbox, parse
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.mapi import Properties
from ediscovery.extract.outlook.message import Message

_ONE_OFF = bytes.fromhex("812b1fa4bea310199d6e00dd010f5402")
_SMTP = re.compile(r"[^\s<>\"(),;:@]+@[^\s<>\"(),;:@]+")
_KINDS = {1: "to", 2: "cc", 3: "bcc"}


class Person(NamedTuple):
    """A correspondent: display name, SMTP address or ``""``, X.500 name or ``""``."""

    name: str
    address: str
    dn: str = ""

    @property
    def text(self) -> str:
        """As other mails have it: ``Name <address>``; the X.500 name where there is no other."""
        return Mailbox("" if self.name == self.address else self.name, self.address or self.dn).text


class _Source(NamedTuple):
    """The properties in which one role of a message is kept."""

    name: int
    kind: int
    address: int
    smtp: tuple[int, ...]
    entry: tuple[int, ...]
    search_key: int


_SENDER = _Source(0x0C1A, 0x0C1E, 0x0C1F, (0x5D01, 0x5D0A), (0x0C19,), 0x0C1D)
_REPRESENTING = _Source(0x0042, 0x0064, 0x0065, (0x5D02, 0x5D0B), (0x0041,), 0x003B)
_RECIPIENT = _Source(0x3001, 0x3002, 0x3003, (0x39FE, 0x5FE5), (0x0FFF, 0x5FF7), 0x300B)
RECEIVED_BY = _Source(0x0040, 0x0075, 0x0076, (0x5D07,), (0x003F,), 0x0051)


@dataclass(slots=True)
class People:
    """Everyone of one message. ``sender`` is who sent it for ``author``, when that is another."""

    author: Person | None = None
    sender: Person | None = None
    to: list[Person] = field(default_factory=list)
    cc: list[Person] = field(default_factory=list)
    bcc: list[Person] = field(default_factory=list)

    @property
    def x500(self) -> dict[str, str]:
        """X.500 names and the addresses found for them (``""`` where none was)."""
        everyone = [self.author, self.sender, *self.to, *self.cc, *self.bcc]
        return {p.dn: p.address for p in everyone if p is not None and p.dn}


def read(message: Message, headers: dict[str, list[str]]) -> People:
    """The people of ``message``; ``headers`` are its parsed transport headers, may be empty."""
    people = People()
    properties = message.properties
    author, sender = person(properties, _REPRESENTING), person(properties, _SENDER)
    named = {
        name: [box for value in headers.get(name, ()) for box in parse(value[:65536])]
        for name in ("from", "sender", "to", "cc", "bcc", "resent-to")
    }
    if author is None or (sender is not None and not author.address and sender.address):
        author, sender = sender or author, None
    stated = named["from"]
    if stated and (author is None or not author.address):
        first = next((box for box in stated if "@" in box.address), stated[0])
        author = Person(first.name or (author.name if author else ""), first.address,
                        author.dn if author else "")  # fmt: skip
    people.author = author
    if sender is not None and author is not None and not _same(author, sender):
        people.sender = sender
    for row in message.recipients:
        who = person(row, _RECIPIENT)
        kind = _KINDS.get((row.integer(mapi.RECIPIENT_TYPE) or 0) & 0x0F, "")
        if who is not None and kind:
            getattr(people, kind).append(who)
        elif who is not None and row.integer(mapi.RECIPIENT_TYPE) not in (0, None):
            people.cc.append(who)
    for kind in ("to", "cc", "bcc"):
        found: list[Person] = getattr(people, kind)
        if not found:
            found = _from_texts(properties, kind, named[kind], message.recipients)
        setattr(people, kind, _resolved(found, named[kind]))
    _share(people)
    return people


def _share(people: People) -> None:
    """Give everyone the address that the message has for the same X.500 name elsewhere."""
    known = {dn.lower(): address for dn, address in people.x500.items() if address}

    def resolved(who: Person | None) -> Person | None:
        if who is None or who.address or not who.dn:
            return who
        return who._replace(address=known.get(who.dn.lower(), ""))

    if known:
        people.author, people.sender = resolved(people.author), resolved(people.sender)
        for found in (people.to, people.cc, people.bcc):
            found[:] = [resolved(who) or who for who in found]


def _same(one: Person, other: Person) -> bool:
    if one.address and other.address:
        return one.address.lower() == other.address.lower()
    return one.dn.lower() == other.dn.lower() if one.dn and other.dn else one.name == other.name


def person(properties: Properties, source: _Source) -> Person | None:
    """The correspondent that ``properties`` keep under ``source``, ``None`` when nobody."""
    if not (source.name in properties or source.address in properties):
        return None
    name = _clean(properties.text(source.name))
    stored = _clean(properties.text(source.address))
    kind = properties.text(source.kind).upper()
    address, dn = "", ""
    if kind == "EX" or stored[:3].lower() in ("/o=", "/ou", "/cn"):
        dn = stored
    elif "@" in stored:
        address = stored
    for number in source.smtp:
        value = _clean(properties.text(number))
        value = value[4:] if value[:4].lower() == "sip:" else value
        if not address and _SMTP.fullmatch(value):
            address = value
    if not address:
        address = _search_key(properties.data(source.search_key))
    for number in source.entry:
        if not address or not name:
            entry = one_off(properties.data(number))
            address, name = address or entry.address, name or entry.name
    if not address and not dn:
        address = stored  # fax numbers and the like
    if not address and _SMTP.fullmatch(name):
        address = name
    if not (name or address or dn):
        return None
    return Person(name or address, address, dn)


def _clean(text: str) -> str:
    text = " ".join(text.replace("\0", " ").split())
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] in "'\"" else text


def _search_key(data: bytes) -> str:
    """The address of a search key ``SMTP:NAME@EXAMPLE.COM``, in small letters."""
    text = data.rstrip(b"\0").decode("cp1252", "replace")
    value = text[5:].strip().lower() if text[:5] == "SMTP:" else ""
    return value if _SMTP.fullmatch(value) else ""


def one_off(data: bytes) -> Person:
    """Name and address out of a one-off entry identifier ([MS-OXCDATA] 2.2.5.1)."""
    if data[4:20] != _ONE_OFF or len(data) < 26:
        return Person("", "")
    if int.from_bytes(data[22:24], "little") & 0x8000:
        texts = data[24 : len(data) & ~1].decode("utf-16-le", "replace").split("\0")
    else:
        texts = codepages.decode(data[24:], 1252).split("\0")
    if len(texts) < 3:
        return Person("", "")
    address = texts[2] if _SMTP.fullmatch(texts[2]) else ""
    return Person(_clean(texts[0]), address)


def _resolved(people: list[Person], stated: list[Mailbox]) -> list[Person]:
    """``people`` with addresses from the header field of the same kind, where they lack one."""
    if not stated or all(who.address for who in people):
        return people
    by_name = {box.name.lower(): box.address for box in stated if box.name and "@" in box.address}
    aligned = len(stated) == len(people)
    result = []
    for at, who in enumerate(people):
        if not who.address:
            address = by_name.get(who.name.lower(), "")
            if not address and aligned and "@" in stated[at].address:
                address = stated[at].address
            who = who._replace(address=address)
        result.append(who)
    return result


_DISPLAY = {"to": mapi.DISPLAY_TO, "cc": mapi.DISPLAY_CC, "bcc": mapi.DISPLAY_BCC}


def _from_texts(
    properties: Properties, kind: str, stated: list[Mailbox], rows: object
) -> list[Person]:
    """People of a message without a recipient table: its headers, else its display lists."""
    if rows and kind != "bcc":
        return []
    if stated:
        return [Person(box.name or box.address, box.address) for box in stated]
    names = properties.text(_DISPLAY[kind]).split(";")
    found = [_clean(name) for name in names]
    return [Person(n, n if _SMTP.fullmatch(n) else "") for n in found if n]
