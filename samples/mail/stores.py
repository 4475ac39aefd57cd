"""Mail stores: MBOX with its quoted ``From`` lines, and Apple's EMLX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from samples.things import Thing

_FROM = re.compile(rb"^(>*From )", re.M)
# what a naive reader takes for the start of a message: only words follow, no address and no date
_SENTENCE = re.compile(rb"^From (?!\S+@\S+ )[a-z]", re.M)


def mbox(name: str, messages: Sequence[Thing], quote_sentences: bool = True) -> Thing:
    """An MBOX of ``messages`` in order, ``From`` lines in bodies quoted by ``>`` (mboxrd).

    Without ``quote_sentences`` a line that begins with "From" and goes on as a sentence stays as
    it is, which some programs write and a careless reader splits at.
    """
    out = bytearray()
    for message in messages:
        data = message.data.replace(b"\r\n", b"\n")
        if quote_sentences:
            data = _FROM.sub(rb">\1", data)
        else:
            data = _FROM.sub(_quote_unless_sentence, data)
        assert message.mail is not None
        address = re.sub(r".*<|>.*", "", message.mail.sender)
        sent = message.mail.sent
        stamp = f"{sent:%a %b} {sent.day:2} {sent:%H:%M:%S %Y}"
        out += f"From {address} {stamp}\n".encode() + data.rstrip(b"\n") + b"\n\n"
    children = tuple(replace(m, name="", relation="message") for m in messages)
    last = max(m.when for m in messages)
    return Thing(
        name, bytes(out), "mbox", "application/mbox", role="container", children=children, when=last
    )


def _quote_unless_sentence(found: re.Match[bytes]) -> bytes:
    return found[0] if _SENTENCE.match(found.string, found.start()) else b">" + found[0]


def emlx(message: Thing, name: str) -> Thing:
    """``message`` as Apple Mail keeps it: byte count, message, property list."""
    data = message.data.replace(b"\r\n", b"\n")
    assert message.mail is not None
    plist = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">\n<dict>\n'
        f"\t<key>date-sent</key>\n\t<real>{int(message.mail.sent.timestamp())}</real>\n"
        "\t<key>flags</key>\n\t<integer>8590195717</integer>\n</dict>\n</plist>\n"
    )
    whole = f"{len(data)}\n".encode() + data + plist.encode()
    return replace(message, name=name, data=whole, mime="message/x-emlx")
