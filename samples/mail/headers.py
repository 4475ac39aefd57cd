"""Header values outside ASCII: encoded words (RFC 2047) and parameters (RFC 2231)."""

from __future__ import annotations

import base64
from urllib.parse import quote

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def words(text: str, charset: str, form: str = "Q") -> str:
    """``text`` as it stands if it is ASCII, else as encoded words in form ``Q`` or ``B``.

    No word is longer than 75 characters and none splits a character (RFC 2047, 2 and 5).
    """
    if text.isascii():
        return text
    if charset == "us-ascii":
        charset = "utf-8"
    out: list[str] = []
    piece = ""
    for char in text:
        if len(_word(piece + char, charset, form)) > 75:
            out.append(_word(piece, charset, form))
            piece = ""
        piece += char
    out.append(_word(piece, charset, form))
    return " ".join(out)


def _word(text: str, charset: str, form: str) -> str:
    data = text.encode(charset)
    if form == "B":
        body = base64.b64encode(data).decode()
    else:
        body = "".join(chr(b) if b in _SAFE else "_" if b == 0x20 else f"={b:02X}" for b in data)
    return f"=?{charset}?{form}?{body}?="


def parameter(name: str, value: str, charset: str = "utf-8", form: str = "2231") -> str:
    """``; name=value`` for a MIME header.

    ``form`` says how a value outside ASCII is written: ``2231`` (in one piece, or in numbered
    pieces when it is long), or ``2047``, the encoded word in quotes that many programs write
    although the standard forbids it.
    """
    if value.isascii():
        return f';\n {name}="{value}"'
    if form == "2047":
        return f';\n {name}="{words(value, charset, "B")}"'
    coded = quote(value.encode(charset), safe="")
    if len(coded) <= 60:
        return f";\n {name}*={charset}''{coded}"
    pieces, rest = [], coded
    while rest:
        cut = 50
        while cut < len(rest) and "%" in rest[cut - 2 : cut]:
            cut -= 1
        pieces.append(rest[:cut])
        rest = rest[cut:]
    out = ""
    for n, piece in enumerate(pieces):
        value = f"{charset}''{piece}" if n == 0 else piece
        out += f";\n {name}*{n}*={value}"
    return out


def fold(name: str, value: str) -> str:
    """``Name: value`` folded at blanks so that no line is longer than 78 where it can be."""
    line, out = f"{name}:", ""
    for word in value.split(" "):
        if len(line) + 1 + len(word) > 78 and line.strip():
            out += line + "\n"
            line = ""
        line += " " + word
    return out + line + "\n"
