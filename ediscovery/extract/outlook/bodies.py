"""The body of a message in its three forms: plain text, HTML, RTF that may wrap one of these."""

from __future__ import annotations

from dataclasses import dataclass, field

from ediscovery.extract import codepages, html
from ediscovery.extract.office import rtf
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.message import Message
from ediscovery.extract.outlook.rtfbody import inflate, unwrap, wrapped
from ediscovery.extract.text import lines
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State


@dataclass(slots=True)
class Bodies:
    """What a message says. ``plain`` and ``markup`` are ``""`` and ``raw_rtf`` ``b""`` when absent.

    ``text`` is the form that search and review use; ``source`` tells which it was taken from:
    ``plain``, ``html``, ``rtf`` or ``""``. ``raw_rtf`` is kept only where the RTF is no wrapper.
    """

    plain: str = ""
    markup: str = ""
    raw_rtf: bytes = b""
    text: str = ""
    source: str = ""
    page: html.Page | None = None
    flags: set[str] = field(default_factory=set)


def read(message: Message, limit: int) -> Bodies:
    """The bodies of ``message``, each at most ``limit`` characters; problems go to the message."""
    properties = message.properties
    bodies = Bodies()
    value = properties.get(mapi.BODY)
    if isinstance(value, bytes):
        value = codepages.decode(value, (properties.codepages or (1252,))[0])
    bodies.plain = lines(value[:limit]) if isinstance(value, str) else ""
    bodies.markup = _markup(message, limit, bodies)
    if not bodies.markup and mapi.RTF in properties:
        _from_rtf(message, limit, bodies)
    if bodies.markup:
        bodies.page = html.read(bodies.markup)
    if not bodies.plain.isspace() and bodies.plain:
        bodies.text, bodies.source = bodies.plain, "plain"
    elif bodies.page is not None:
        bodies.text, bodies.source = bodies.page.text, "html"
    elif bodies.raw_rtf:
        _rtf_text(message, bodies)
    return bodies


def _markup(message: Message, limit: int, bodies: Bodies) -> str:
    if message.properties.types.get(mapi.HTML) == mapi.UNICODE:
        return lines(message.properties.text(mapi.HTML)[:limit])
    value = message.properties.stored(mapi.HTML)
    if not value:
        return ""
    page = message.properties.integer(mapi.INTERNET_CODEPAGE) or 0
    found, declared = html.decode_page(value[:limit], codepages.codec(page) if page else "")
    if found.guessed and declared:
        bodies.flags.add("charset_guessed")
    return lines(found.text.rstrip("\0"))


def _from_rtf(message: Message, limit: int, bodies: Bodies) -> None:
    """HTML or plain text out of the RTF body; else the RTF itself."""
    data = message.properties.data(mapi.RTF)
    if not data:
        return
    try:
        inflated = inflate(data, limit)
        if inflated.problem:
            message.problems.append(inflated.problem)
        kind = wrapped(inflated.data)
        if kind == "html":
            bodies.markup = lines(unwrap(inflated.data))
        elif kind == "text" and not bodies.plain:
            bodies.plain = lines(unwrap(inflated.data)).strip("\n")
        elif not kind:
            bodies.raw_rtf = inflated.data
    except EvidenceError as error:
        message.problems.append(error.message)


def _rtf_text(message: Message, bodies: Bodies) -> None:
    try:
        document = rtf.read(bodies.raw_rtf)
    except EvidenceError as error:
        if error.state != State.CORRUPT or bodies.raw_rtf.strip():
            message.problems.append(f"Its RTF body: {error.message}")
        return
    bodies.text, bodies.source = document.text, "rtf"
    bodies.flags |= document.flags & {"hidden_text", "tracked_changes"}
