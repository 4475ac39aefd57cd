"""A letter as its writer means it, and its text: greeting to signature, then what it quotes."""

from __future__ import annotations

import hashlib
import html
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from samples.story.people import NOTICES, PEOPLE, Person


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of the story, before anybody's copy of it is made.

    ``when`` is ``2024-03-04 09:12 +0100``; people and ``reply`` are keys. ``files`` and ``inline``
    name papers, ``enclosed`` letters that go along as messages. ``form`` is plain, both (plain and
    HTML) or html; ``coding`` the transfer encoding of its text; ``quoting`` is none, marks (``>``)
    or block; ``wrap`` is nothing, smime, pgp, tnef or broken. A letter that is ``lost`` is
    referred to and quoted by others but lies in no collection. ``stores`` overrides where a
    custodian keeps it (see ``samples.collection``).
    """

    key: str
    when: str
    sender: str
    to: tuple[str, ...]
    subject: str
    body: str
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply: str = ""
    language: str = "en"
    charset: str = "us-ascii"
    coding: str = ""
    form: str = "plain"
    quoting: str = "marks"
    files: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    enclosed: tuple[str, ...] = ()
    wrap: str = ""
    privileged: bool = False
    lost: bool = False
    stores: tuple[tuple[str, str], ...] = ()
    names: str = "2231"  # how attachment names outside ASCII are written
    identified: bool = True  # has a Message-ID

    @property
    def date(self) -> datetime:
        return datetime.strptime(self.when, "%Y-%m-%d %H:%M %z")

    @property
    def utc(self) -> datetime:
        return self.date.astimezone(UTC)

    @property
    def author(self) -> Person:
        return PEOPLE[self.sender]

    @property
    def message_id(self) -> str:
        """Its Message-ID with the brackets; fixed by key and date."""
        mark = hashlib.sha256(self.key.encode()).hexdigest()[:12].upper()
        domain = self.author.address.partition("@")[2]
        return f"<{self.utc:%Y%m%d%H%M}.{mark}@{domain}>"

    def people(self, field: str) -> list[Person]:
        """The correspondents of ``to``, ``cc`` or ``bcc``."""
        return [PEOPLE[key] for key in getattr(self, field)]


class Post:
    """All letters by key, with what depends on the letters that they answer."""

    def __init__(self, letters: Iterable[Letter]) -> None:
        self.letters: dict[str, Letter] = {}
        for letter in letters:
            if letter.key in self.letters:
                raise ValueError(f"two letters are called {letter.key}")
            if letter.reply and letter.reply not in self.letters:
                raise ValueError(f"{letter.key} answers {letter.reply}, which comes later")
            self.letters[letter.key] = letter

    def references(self, letter: Letter) -> tuple[str, ...]:
        """Message-IDs of the letters above ``letter``, the oldest first."""
        out: list[str] = []
        while letter.reply:
            letter = self.letters[letter.reply]
            out.insert(0, letter.message_id)
        return tuple(out)

    def plain(self, letter: Letter) -> str:
        """The whole text of ``letter`` as its writer's program wraps it, with ``\\n`` line ends."""
        out = _flow(letter.body) + _closing(letter)
        if not letter.reply or letter.quoting == "none":
            return out
        above = self.letters[letter.reply]
        quoted = self.plain(above)
        if letter.quoting == "marks":
            lines = [
                f">{line}" if line.startswith(">") else f"> {line}"
                for line in quoted.rstrip("\n").split("\n")
            ]
            return f"{out}\n{_attribution(letter, above)}\n" + "\n".join(lines) + "\n"
        return f"{out}\n{_block(letter, above)}\n\n{quoted}"

    def html(self, letter: Letter) -> str:
        """The same words as HTML; images of ``letter.inline`` stand above the signature."""
        pictures = "".join(
            f'<p><img src="cid:{content_id(letter, name)}" alt="" width="480"></p>\n'
            for name in letter.inline
        )
        return (
            '<html><head><style>p { font-family: sans-serif }</style></head>\n<body lang="'
            f'{letter.language}">\n{self._html(letter, pictures)}</body></html>\n'
        )

    def _html(self, letter: Letter, pictures: str = "") -> str:
        out = "".join(f"<p>{_break(p)}</p>\n" for p in _paragraphs(letter.body)) + pictures
        out += "".join(f"<p><small>{_break(p)}</small></p>\n" for p in _closing_parts(letter))
        if letter.reply and letter.quoting != "none":
            above = self.letters[letter.reply]
            inner = self._html(above)
            if letter.quoting == "marks":
                head = html.escape(_attribution(letter, above), quote=False)
                return f"{out}<p>{head}</p>\n<blockquote>\n{inner}</blockquote>\n"
            return f"{out}<hr>\n<p>{_break(_block(letter, above))}</p>\n{inner}"
        return out


def content_id(letter: Letter, name: str) -> str:
    """The Content-ID, without brackets, of an inline paper of ``letter``."""
    return hashlib.sha256(f"{letter.key}/{name}".encode()).hexdigest()[:16] + "@inline.example"


def _paragraphs(body: str) -> list[str]:
    """Paragraphs of a letter's body; single line ends inside one are kept only in lists."""
    out = []
    for raw in body.strip().split("\n\n"):
        lines = [line.strip() for line in raw.strip().split("\n")]
        listed = any(line.startswith(("- ", "* ", "1.")) or line.endswith("|") for line in lines)
        out.append("\n".join(lines) if listed else " ".join(lines))
    return out


def _flow(body: str) -> str:
    return "\n\n".join(_fill(p) for p in _paragraphs(body)) + "\n"


def _fill(paragraph: str) -> str:
    if "\n" in paragraph:
        return paragraph.replace("|\n", "\n").rstrip("|")
    return textwrap.fill(paragraph, 74, break_long_words=False, break_on_hyphens=False)


def _closing_parts(letter: Letter) -> list[str]:
    """Signature and, on mail that leaves a house with one, its notice."""
    parts = [letter.author.signature] if letter.author.signature else []
    own = letter.author.address.partition("@")[2]
    outside = any(
        p.address.partition("@")[2] != own for f in ("to", "cc") for p in letter.people(f)
    )
    notice = NOTICES.get(own, "")
    if outside and notice and letter.language == "en":
        parts.append(notice)
    return parts


def _closing(letter: Letter) -> str:
    parts = _closing_parts(letter)
    if not parts:
        return ""
    rest = "".join("\n" + textwrap.fill(p, 74) + "\n" for p in parts[1:])
    return f"\n-- \n{parts[0]}\n{rest}"


def _break(paragraph: str) -> str:
    text = html.escape(paragraph, quote=False)
    return text.replace("|\n", "\n").rstrip("|").replace("\n", "<br>\n")


def _shown(person: Person, charset: str) -> str:
    """The name if ``charset`` can write it, else the address."""
    try:
        person.name.encode(charset)
    except UnicodeEncodeError:
        return person.address
    return person.name


_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


def _attribution(letter: Letter, above: Letter) -> str:
    name, when = _shown(above.author, letter.charset), above.date
    match letter.language:
        case "de":
            return f"Am {when:%d.%m.%Y} um {when:%H:%M} schrieb {name}:"
        case "fr":
            return f"Le {when.day} {_MONTHS[when.month - 1]} {when.year}, {name} a écrit :"
        case "es":
            return f"El {when:%d/%m/%Y} a las {when:%H:%M}, {name} escribió:"
        case "ja":
            return f"{when.year}年{when.month}月{when.day}日 {name}:"
        case "ru":
            return f"{when:%d.%m.%Y} {when:%H:%M}, {name} пишет:"
        case _:
            return f"On {when:%d %B %Y} at {when:%H:%M}, {name} wrote:"


def _block(letter: Letter, above: Letter) -> str:
    """The header block that some programs set above the text they quote."""
    labels = {
        "de": ("-----Ursprüngliche Nachricht-----", "Von", "Gesendet", "An", "Betreff"),
        "fr": ("-----Message d'origine-----", "De", "Envoyé", "À", "Objet"),
    }.get(letter.language, ("-----Original Message-----", "From", "Sent", "To", "Subject"))
    to = "; ".join(_shown(p, letter.charset) for p in above.people("to"))
    return "\n".join(
        (
            labels[0],
            f"{labels[1]}: {_shown(above.author, letter.charset)}",
            f"{labels[2]}: {above.date:%d.%m.%Y %H:%M}",
            f"{labels[3]}: {to}",
            f"{labels[4]}: {above.subject}",
        )
    )
