"""Hashes by which copies are recognised: EDRM MIH, e-mail dedupe hash, family hash.

Native hashes (MD5, SHA-1, SHA-256) are taken while an item is read; these are derived from its
fields. The layout is published in ``docs/hashes.md`` with test vectors; any change of a result is a
new version with a new name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from unicodedata import normalize

from ediscovery.model.items import Item
from ediscovery.model.states import Role, State

EMAIL = "ehash-v1"
FAMILY = "fhash-v1"
PARTS = ("subject", "sender", "sent", "recipients", "body", "attachments")


def _netstring(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return b"%d:%b," % (len(data), data)


_EMAIL, _FAMILY = _netstring(EMAIL), _netstring(FAMILY)
_PART = tuple(_netstring(f"{EMAIL}:{name}") for name in PARTS)

# White space as str.isspace() has it: within ASCII, and beyond.
_SPACE = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
_WIDE_SPACE = "\xa0\x85\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_QUOTED_FROM = re.compile(r"^>+From ", re.MULTILINE)
# A mail in another state was not wholly read: only its bytes can say that two are the same.
_WHOLE = frozenset({State.OK, State.WARNINGS})


def mih(message_id: str) -> str:
    """EDRM Message Identification Hash 1.0 of a Message-ID header's value.

    MD5 in lower-case hex of the value up to and including its first ``>``, case kept; a value
    without ``>`` is taken whole; ``""`` when there is none.
    """
    value = message_id.strip()
    if not value:
        return ""
    end = value.find(">") + 1
    return hashlib.md5(
        (value[:end] if end else value).encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()


def dedupe_hash(item: Item, body: str, attachments: Sequence[Item]) -> str:
    """The key under which ``item`` equals its copies, as hex; ``""`` is equal to nothing.

    A mail that was wholly read: ``ehash-v1`` over its fields, ``body`` (its text after the header
    block) and its direct ``attachments``, whose own keys must be set already. Everything else: the
    SHA-256 of the native. Containers, empty files and items without bytes give ``""``.
    """
    if item.role == Role.CONTAINER:
        return ""
    if item.category == "mail" and item.state in _WHOLE and "gap" not in item.flags:
        fields = _fields(item, body, attachments)
        if any(fields):
            parts = [
                _sha256(part, held) if held else nothing
                for part, held, nothing in zip(_PART, fields, _NOTHING, strict=True)
            ]
            return _sha256(_EMAIL, parts)
    return item.sha256 if item.size else ""


def dedupe_parts(item: Item, body: str, attachments: Sequence[Item]) -> dict[str, str]:
    """The SHA-256 of each part of a mail's ``ehash-v1``, by which to see where two mails differ.

    The mail's hash is the hash of these six in the order of :data:`PARTS`.
    """
    fields = _fields(item, body, attachments)
    return dict(zip(PARTS, map(_sha256, _PART, fields), strict=True))


def family_hash(item: Item, children: Iterable[Item]) -> str:
    """The key under which a document with all it holds equals another: ``fhash-v1``, hex.

    Taken over the item's own dedupe hash and, sorted, its direct ``children``: each by its family
    hash when it has one, so that families nest. ``""`` when the item itself equals nothing.
    """
    if not item.dedupe_hash:
        return ""
    held = sorted(f"family:{c.family_hash}" if c.family_hash else _held(c) for c in children)
    return _sha256(_FAMILY, [item.dedupe_hash, *held])


@lru_cache(maxsize=8192)
def address(participant: str) -> str:
    """The address in ``Name <address>``, lower-case; the whole text when it names none.

    An empty group (``undisclosed-recipients:;``) gives ``""``.
    """
    text = participant.strip()
    start = text.rfind("<") + 1
    end = text.find(">", start)
    if start and end > start:
        text = text[start:end]
    elif text.endswith(":;"):
        return ""
    return normalize("NFC", " ".join(text.strip("'\" ").lower().split()))


def _fields(item: Item, body: str, attachments: Sequence[Item]) -> tuple[list[str | bytes], ...]:
    """The fields of each part, in the order of :data:`PARTS`; an empty part has none."""
    subject = " ".join(item.subject.split())
    sender = address(item.from_)
    text = _body(body)
    recipients = {
        f"{kind}:{found}"
        for kind, people in (("to", item.to), ("cc", item.cc), ("bcc", item.bcc))
        for person in people
        if (found := address(person))
    }
    return (
        [normalize("NFC", subject)] if subject else [],
        [sender] if sender else [],
        [item.sent_at] if item.sent_at else [],
        sorted(recipients),
        [text] if text else [],
        sorted(map(_held, attachments)),
    )


def _body(body: str) -> bytes:
    """``body`` without white space, then in NFC, as UTF-8: line wrapping makes no difference.

    Nor does a ``>`` that a mailbox put before a line that begins with ``From ``.
    """
    if ">From " in body:
        body = _QUOTED_FROM.sub("From ", body)
    data = body.encode("utf-8", "replace").translate(None, _SPACE)
    if data.isascii():
        return data
    text = data.decode()
    for space in _WIDE_SPACE:
        if space in text:
            text = text.replace(space, "")
    return normalize("NFC", text).encode()


def _held(child: Item) -> str:
    """How one held item enters a hash: a mail by its key, a file by its bytes, else by its name."""
    if child.category == "mail" and child.dedupe_hash:
        return "mail:" + child.dedupe_hash
    if child.sha256:
        return "file:" + child.sha256
    return f"unread:{child.size}:{normalize('NFC', child.file_name)}"


def _sha256(domain: bytes, fields: Iterable[str | bytes]) -> str:
    """SHA-256, hex, of ``domain`` and each field written as a netstring (``5:hello,``)."""
    whole = bytearray(domain)
    for field in fields:
        data = field if type(field) is bytes else field.encode("utf-8", "replace")  # type: ignore[union-attr]
        whole += b"%d:%b," % (len(data), data)
    return hashlib.sha256(whole).hexdigest()


_NOTHING = tuple(_sha256(part, ()) for part in _PART)
