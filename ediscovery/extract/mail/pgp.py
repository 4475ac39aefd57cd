"""OpenPGP: what is encrypted is recorded, what is only signed is read."""

from __future__ import annotations

import re

from ediscovery.extract.charset import decode
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.text import lines
from ediscovery.model.states import State

_MESSAGE = "-----BEGIN PGP MESSAGE"
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_CLEARSIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z]+:[^\n]*\n)*\s*?\n(.*?)"
    r"(?:^-----BEGIN PGP SIGNATURE-----.*?(?:^-----END PGP SIGNATURE-----[ \t]*\n?|\Z)|\Z)",
    re.DOTALL | re.MULTILINE,
)
_ESCAPED_LINE = re.compile(r"^- (?=-|From )", re.MULTILINE)


def mark(text: str, result: Extraction) -> None:
    """Flag a body that holds armoured OpenPGP."""
    if _SIGNED in text:
        result.flags.add("signed")
    if _MESSAGE in text:
        result.flags.add("encrypted_part")


def extract(content: Content, context: Context) -> Extraction:
    """Records an OpenPGP message: state ``encrypted``, or the text of one that is only signed."""
    del context
    head = content.head
    if b"-----BEGIN PGP SIGNED MESSAGE-----" in head:
        text = lines(decode(content.read()).text)
        unwrapped = _CLEARSIGNED.sub(lambda m: _ESCAPED_LINE.sub("", m.group(1)), text)
        return Extraction(text=unwrapped, flags={"signed"})
    if head.lstrip()[:8].lower() == b"version:" and content.size < 200:
        # The control part of multipart/encrypted (RFC 3156); the secret is the part after it.
        return Extraction(text=lines(decode(content.read()).text), flags={"encrypted_part"})
    return Extraction(
        state=State.ENCRYPTED,
        message="It is encrypted with OpenPGP; only the holder of the private key can read it.",
        flags={"encrypted_part"},
    )
