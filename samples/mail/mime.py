"""Letters as MIME messages: every custodian's own copy of each, the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from samples.mail import smime, tnef
from samples.mail.headers import fold, parameter, words
from samples.mail.letter import Letter, Post, content_id
from samples.story.people import PEOPLE, Person
from samples.things import MailFacts, Thing

GATEWAY = (
    "CAUTION: this message came from outside Acme. Do not open attachments unless you know the"
    " sender."
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Copy:
    """Whose copy it is. ``owner`` is a key of PEOPLE.

    The sender's own copy keeps Bcc; a recipient's has trace headers instead; ``stamped`` means
    that the recipient's gateway put a warning into subject and text; ``bare`` leaves the trace
    headers out, as an export by an administrator does, so that all such copies are the same bytes.
    """

    owner: str
    stamped: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Entity:
    """A MIME part: its header lines and its body, with ``\\n`` line ends."""

    headers: tuple[str, ...]
    body: bytes

    def render(self) -> bytes:
        return "\n".join(self.headers).encode() + b"\n\n" + self.body


class Renderer:
    """Makes copies of letters; knows all letters and the papers that go with them."""

    def __init__(self, post: Post, papers: Mapping[str, Thing]) -> None:
        self.post = post
        self.papers = papers

    def thing(self, key: str, copy: Copy, name: str = "") -> Thing:
        """``copy`` of the letter ``key`` as an EML with all that is in it; line ends ``\\r\\n``."""
        letter = self.post.letters[key]
        subject = f"[EXTERNAL] {letter.subject}" if copy.stamped else letter.subject
        content = self._content(letter, copy)
        data = self._head(letter, copy, subject) + content.render()
        facts = self.facts(letter, copy, subject)
        body = "" if letter.wrap == "pgp" else self._text(letter, copy)
        return Thing(
            name or f"{letter.key}.eml",
            data.replace(b"\n", b"\r\n"),
            "mail",
            "message/rfc822",
            header_text(facts) + body,
            states=_STATES.get(letter.wrap, ("ok",)),
            children=self._children(letter),
            mail=facts,
            when=letter.utc,
        )

    def facts(self, letter: Letter, copy: Copy, subject: str = "") -> MailFacts:
        """What this copy says of itself; Bcc is known to the sender only."""
        references = self.post.references(letter)

        def full(field: str) -> tuple[str, ...]:
            return tuple(p.full for p in letter.people(field))

        return MailFacts(
            letter.message_id if letter.identified else "",
            letter.author.full,
            full("to"),
            full("cc"),
            full("bcc") if copy.owner == letter.sender and not copy.bare else (),
            subject or letter.subject,
            letter.utc,
            references[-1] if references else "",
            references,
            letter.language,
            letter.charset,
            letter.privileged,
        )

    def _text(self, letter: Letter, copy: Copy) -> str:
        plain = self.post.plain(letter)
        return f"{GATEWAY}\n\n{plain}" if copy.stamped else plain

    def _children(self, letter: Letter) -> tuple[Thing, ...]:
        inline = [self.papers[name].related("inline") for name in letter.inline]
        files = [self.papers[name].related("attachment") for name in letter.files]
        enclosed = [
            self.thing(key, Copy(letter.sender, bare=True)).related("attachment")
            for key in letter.enclosed
        ]
        if letter.wrap == "tnef":
            return (tnef.thing(letter, files).related("attachment"),)
        if letter.wrap == "pgp":
            return _PGP_PARTS
        return (*inline, *files, *enclosed)

    def _head(self, letter: Letter, copy: Copy, subject: str) -> bytes:
        out = ""
        received = copy.owner != letter.sender and not copy.bare
        if received:
            out += _trace(letter, PEOPLE[copy.owner])
        charset = letter.charset
        form = "B" if charset not in ("iso-8859-1", "windows-1252") else "Q"
        out += fold("From", _mailbox(letter.author, charset, form))
        for field in ("to", "cc", "bcc"):
            people = letter.people(field)
            hidden = field == "bcc" and (received or copy.bare)
            if people and not hidden:
                listed = ", ".join(_mailbox(p, charset, form) for p in people)
                out += fold(field.capitalize(), listed)
        out += fold("Subject", words(subject, charset, form))
        out += f"Date: {_date(letter)}\n"
        if letter.identified:
            out += f"Message-ID: {letter.message_id}\n"
        references = self.post.references(letter)
        if references:
            out += f"In-Reply-To: {references[-1]}\n" + fold("References", " ".join(references))
        if letter.privileged:
            out += "Sensitivity: Company-Confidential\n"
        if copy.bare:
            out += "X-Export: Harwick archive\n"
        elif received:
            out += "X-Spam-Score: 0.1\n"
        else:
            out += f"X-Mailer: {letter.author.client}\n"
        return (out + "MIME-Version: 1.0\n").encode("ascii")

    def _content(self, letter: Letter, copy: Copy) -> _Entity:
        if letter.wrap == "pgp":
            return _pgp(letter)
        entity = self._body(letter, copy)
        attached = [
            _attachment(self.papers[name], "attachment", letter.names) for name in letter.files
        ]
        if letter.wrap == "tnef":
            files = [self.papers[name] for name in letter.files]
            attached = [_attachment(tnef.thing(letter, files), "attachment", "2231")]
        for key in letter.enclosed:
            inner = self.thing(key, Copy(letter.sender, bare=True))
            head = ("Content-Type: message/rfc822", "Content-Disposition: attachment")
            attached.append(_Entity(head, inner.data.replace(b"\r\n", b"\n")))
        if attached:
            entity = _multipart("mixed", [entity, *attached], letter, letter.wrap == "broken")
        if letter.wrap == "smime":
            return _signed(entity)
        return entity

    def _body(self, letter: Letter, copy: Copy) -> _Entity:
        plain = _text_part(self._text(letter, copy), "plain", letter)
        if letter.form == "plain":
            return plain
        markup = self.post.html(letter)
        if copy.stamped:
            markup = markup.replace("<p>", f"<p><b>{GATEWAY}</b></p>\n<p>", 1)
        rich = _text_part(markup, "html", letter)
        if letter.inline:
            pictures = [
                _attachment(self.papers[name], "inline", "2231", content_id(letter, name))
                for name in letter.inline
            ]
            rich = _multipart("related", [rich, *pictures], letter)
        return rich if letter.form == "html" else _multipart("alternative", [plain, rich], letter)


_STATES = {"pgp": ("ok", "encrypted"), "broken": ("ok", "warnings")}
_PGP_PARTS = (
    Thing("", b"", "text", "text/plain", "Version: 1", relation="attachment", shifting=True),
    Thing(
        "encrypted.asc",
        b"",
        "unknown",
        "application/pgp-encrypted",
        relation="attachment",
        states=("encrypted",),
        shifting=True,
    ),
)


def header_text(facts: MailFacts) -> str:
    """The words of a message's header as a reader sees them."""
    lines = [f"From: {facts.sender}", f"To: {'; '.join(facts.to)}"]
    if facts.cc:
        lines.append(f"Cc: {'; '.join(facts.cc)}")
    if facts.bcc:
        lines.append(f"Bcc: {'; '.join(facts.bcc)}")
    return "\n".join([*lines, f"Subject: {facts.subject}"]) + "\n\n"


def _mailbox(person: Person, charset: str, form: str) -> str:
    name = words(person.name, _able(person.name, charset), form)
    return f"{name} <{person.address}>"


def _able(text: str, charset: str) -> str:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset


def _date(letter: Letter) -> str:
    d = letter.date
    return f"{_DAYS[d.weekday()]}, {d.day} {_MONTHS[d.month - 1]} {d:%Y %H:%M:%S %z}"


def _trace(letter: Letter, owner: Person) -> str:
    """The lines that relays leave on a received message."""
    own = letter.author.address.partition("@")[2]
    arrived = replace(letter, when=f"{letter.date + timedelta(minutes=1):%Y-%m-%d %H:%M %z}")
    mark = hashlib.sha256(f"{letter.key}>{owner.address}".encode()).hexdigest()[:10]
    return (
        f"Return-Path: <{letter.author.address}>\nDelivered-To: {owner.address}\n"
        f"Received: from mail.{own} (mail.{own} [192.0.2.25])\n\tby mx.acme.example with ESMTPS"
        f" id {mark}\n\tfor <{owner.address}>; {_date(arrived)}\n"
    )


def _text_part(text: str, subtype: str, letter: Letter) -> _Entity:
    data = text.encode(letter.charset)
    coding = letter.coding or ("7bit" if data.isascii() else "quoted-printable")
    if coding == "quoted-printable":
        data = quopri.encodestring(data)
    elif coding == "base64":
        data = base64.encodebytes(data)
    return _Entity(
        (
            f"Content-Type: text/{subtype}; charset={letter.charset}",
            f"Content-Transfer-Encoding: {coding}",
        ),
        data,
    )


def _attachment(paper: Thing, disposition: str, names: str, content: str = "") -> _Entity:
    head = [
        f"Content-Type: {paper.mime}" + parameter("name", paper.name, form="2047"),
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {disposition}" + parameter("filename", paper.name, form=names),
    ]
    if content:
        head.append(f"Content-ID: <{content}>")
    return _Entity(tuple(head), base64.encodebytes(paper.data))


def _multipart(subtype: str, parts: list[_Entity], letter: Letter, cut: bool = False) -> _Entity:
    """The ``parts`` as one; ``cut`` leaves out the closing boundary, as a lost connection does."""
    mark = hashlib.sha256(f"{letter.key}/{subtype}".encode()).hexdigest()[:20]
    boundary = f"=_{subtype}_{mark}"
    body = b"" if cut else b"This is a message in MIME format.\n"
    for part in parts:
        body += f"\n--{boundary}\n".encode() + part.render()
    if not cut:
        body += f"\n--{boundary}--\n".encode()
    return _Entity((f'Content-Type: multipart/{subtype};\n boundary="{boundary}"',), body)


def _signed(entity: _Entity) -> _Entity:
    """``entity`` inside an opaque S/MIME signature (RFC 8551, 3.5.2)."""
    data = smime.sign(entity.render().replace(b"\n", b"\r\n"))
    return _Entity(
        (
            'Content-Type: application/pkcs7-mime; smime-type=signed-data;\n name="smime.p7m"',
            "Content-Transfer-Encoding: base64",
            'Content-Disposition: attachment; filename="smime.p7m"',
        ),
        base64.encodebytes(data),
    )


def _pgp(letter: Letter) -> _Entity:
    """A PGP/MIME envelope (RFC 3156, 4) around bytes that no key opens."""
    seed, noise = letter.key.encode(), b""
    while len(noise) < 900:
        seed = hashlib.sha256(seed).digest()
        noise += seed
    # an old-format packet header, tag 1 (session key), so that it looks right to a PGP program
    armoured = base64.encodebytes(b"\x85\x02\x0c\x03" + noise).decode()
    block = f"-----BEGIN PGP MESSAGE-----\n\n{armoured}-----END PGP MESSAGE-----\n"
    boundary = "=_pgp_" + hashlib.sha256(letter.key.encode()).hexdigest()[:20]
    body = (
        f"\n--{boundary}\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
        f"\n--{boundary}\nContent-Type: application/octet-stream; name=encrypted.asc\n\n{block}"
        f"\n--{boundary}--\n"
    )
    kind = 'multipart/encrypted; protocol="application/pgp-encrypted"'
    return _Entity((f'Content-Type: {kind};\n boundary="{boundary}"',), body.encode())
