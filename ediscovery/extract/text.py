"""Plain text, CSV and TSV files: their characters as they stand, with ``\\n`` line ends."""

from __future__ import annotations

import re
from typing import Any

from ediscovery.extract.charset import Decoded, codec, decode
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.model.states import State

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\";\s]+)", re.IGNORECASE)


def extract(content: Content, context: Context) -> Extraction:
    """Reads a text file; the declared type's ``charset`` is believed when the bytes bear it out.

    Metadata ``charset`` is what the file was read in, ``charset_declared`` what was claimed.
    Flag ``charset_guessed`` when nothing but letter frequencies or a false claim decided it.
    """
    limit = context.profile.limits.text_bytes
    data = content.read() if content.size <= limit else _first(content, limit)
    declared = declared_charset(context.declared_type)
    found = decode(data, declared)
    result = Extraction(text=lines(found.text), fields=charset_fields(found, declared))
    note(found, declared, result)
    note_armour(result.text, result)
    if content.size > limit:
        result.state = f"{State.LIMIT}:text"
        result.message = f"Only the first {limit} bytes were read."
    return result


def declared_charset(declared_type: str) -> str:
    """The ``charset`` parameter of a declared type such as ``text/plain; charset=utf-8``."""
    match = _CHARSET.search(declared_type)
    return match.group(1) if match else ""


def lines(text: str) -> str:
    """``text`` with every line end written as ``\\n``."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def charset_fields(found: Decoded, declared: str) -> dict[str, Any]:
    """The metadata that tells how bytes became text."""
    fields: dict[str, Any] = {"charset": found.charset}
    if declared:
        fields["charset_declared"] = declared
    return fields


def note(found: Decoded, declared: str, result: Extraction) -> None:
    """Flag a guessed charset, and warn where bytes fitted no character."""
    if found.guessed:
        result.flags.add("charset_guessed")
    if found.damaged:
        claim = f" (declared {declared[:40]})" if declared and codec(declared) else ""
        result.warnings.append(f"Some bytes are no characters of {found.charset}{claim}.")


def note_armour(text: str, result: Extraction) -> None:
    """Flag OpenPGP in ``text``: a signed text, which stays as it is, or an encrypted stretch."""
    if "-----BEGIN PGP " not in text:
        return
    if "-----BEGIN PGP SIGNED MESSAGE-----" in text:
        result.flags.add("signed")
    if "-----BEGIN PGP MESSAGE" in text:
        result.flags.add("encrypted_part")


def _first(content: Content, limit: int) -> bytes:
    with content.open() as file:
        return file.read(limit)
