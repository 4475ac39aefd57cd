"""Address fields of RFC 5322, read as mail programs write them rather than as the standard asks.

One linear scan over tokens: no address list, however long or broken, costs more than its length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ediscovery.extract.mail.headers import plain


class Mailbox(NamedTuple):
    """One correspondent: display name and address as written, either may be empty."""

    name: str
    address: str

    @property
    def text(self) -> str:
        """``Name <address>``, or the one of the two that there is."""
        if self.address:
            return f"{self.name} <{self.address}>" if self.name else self.address
        return self.name


# One mailbox and nothing unusual in it: what nearly every From and many a To looks like.
_SIMPLE = re.compile(
    r"\s*(?:\"([^\"\\=]*)\"|([^\"\\<>(),:;@=]*?))\s*<([^<>\s\",;:()@]+@[^<>\s\",;:()@]+)>\s*"
)
_BARE = re.compile(r"\s*([^<>\s\",;:()@]+@[^<>\s\",;:()@]+)\s*")
_TOKEN = re.compile(
    r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?="  # an encoded word may hold any delimiter
    r"|\"(?:[^\"\\]|\\.)*\"?"
    r"|<[^<>]*>?"
    r"|[(),;:>]"
    r"|[^\"<(),;:>=]+"
    r"|="
)
_QUOTED_LOCAL = re.compile(r"\"(?:[^\"\\]|\\.)*\"@[^\s\"]+")
_COMMENT = re.compile(r"\(([^()]*)\)")
_ESCAPED = re.compile(r"\\(.)")
_CACHED_LENGTH = 400


def parse(value: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an address field, groups flattened; names decoded, quotes dropped.

    A name without an address is kept as a mailbox without one, as is the name of an empty group.
    """
    return _cached(value) if len(value) < _CACHED_LENGTH else _parse(value)


def _parse(value: str) -> tuple[Mailbox, ...]:
    simple = _SIMPLE.fullmatch(value) if len(value) < _CACHED_LENGTH else None
    if simple:
        quoted, bare, address = simple.groups()
        return (_mailbox(quoted or bare or "", address),)
    simple = _BARE.fullmatch(value)
    if simple:
        return (Mailbox("", simple.group(1)),)
    return tuple(box for box in _scan(value) if box.name or box.address)


_cached = lru_cache(maxsize=4096)(_parse)


def _scan(value: str) -> list[Mailbox]:
    found: list[Mailbox] = []
    phrase: list[str] = []
    comment: list[str] = []
    angle: str | None = None
    depth = 0
    group, in_group = "", 0
    for token in (*_TOKEN.findall(value), ","):
        first = token[0]
        if first == "(":
            depth += 1
        elif depth:
            if first == ")":
                depth -= 1
            elif token != ",":
                comment.append(token)
        elif first == "<" and angle is None:
            angle = token[1:-1] if token.endswith(">") else token[1:]
        elif first == ":" and angle is None and not any("@" in part for part in phrase):
            group, in_group = "".join(phrase), len(found) + 1
            phrase.clear()
        elif first in ",;":
            _close(found, phrase, comment, angle)
            phrase, comment, angle = [], [], None
            if first == ";" and in_group:
                if len(found) < in_group and group.strip():
                    found.append(Mailbox(_name(group), ""))
                group, in_group = "", 0
        elif first not in ")>":
            phrase.append(token)
    if depth and (phrase or comment or angle):  # an unclosed comment swallowed the rest
        _close(found, phrase, comment, angle)
    elif in_group and len(found) < in_group and group.strip():
        found.append(Mailbox(_name(group), ""))
    return found


def _close(found: list[Mailbox], phrase: list[str], comment: list[str], angle: str | None) -> None:
    """Add the mailbox that the tokens so far make up, if they do."""
    if angle is not None and "(" in angle:
        comment = [*comment, *_COMMENT.findall(angle)]
        angle = _COMMENT.sub("", angle)
    text, aside = "".join(phrase).strip(), " ".join(" ".join(comment).split())
    if angle is not None and (text or aside or angle.strip()):
        found.append(_mailbox(_both(text, aside), angle.strip()))
        return
    if _QUOTED_LOCAL.fullmatch(text):
        found.append(_mailbox(aside, text))
    elif "@" in text and not text.startswith('"') and "=?" not in text:
        found.extend(_loose(text, aside))
    elif text or aside:
        found.append(_mailbox(_both(text, aside), ""))


def _both(name: str, aside: str) -> str:
    return f"{name} ({aside})" if name and aside else name or aside


def _loose(text: str, aside: str) -> list[Mailbox]:
    """The mailboxes of ``text`` that holds addresses outside of angle brackets."""
    words = text.split()
    whole = [word for word in words if "@" in word[1:-1]]
    if len(whole) > 1 and len(whole) == len(words):  # parted by blanks alone
        return [_mailbox(aside, word) for word in words]
    if len(whole) == 1:
        name = " ".join(word for word in words if word is not whole[0])
        return [_mailbox(_both(name, aside), whole[0])]
    return [_mailbox(aside, "".join(words))]


def _mailbox(name: str, address: str) -> Mailbox:
    name = _name(name)
    if "=?" in address or not address.isprintable():
        address = plain(address)
    if not address and "@" in name and " " not in name:
        return Mailbox("", name)
    return Mailbox("" if name == address else name, address)


def _name(text: str) -> str:
    """A display name: quotes and escapes dropped, encoded words decoded, blanks collapsed."""
    text = text.strip()
    if '"' in text:
        text = text.replace('"', "") if "\\" not in text else _unquoted(text)
    text = plain(text)
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return " ".join(text.split())


def _unquoted(text: str) -> str:
    kept = _ESCAPED.sub(lambda m: m.group(1) if m.group(1) != '"' else "\0", text)
    return kept.replace('"', "").replace("\0", '"')
