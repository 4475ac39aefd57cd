"""Rich Text Format 1.9: plain paragraphs, a header, an annotation and text marked as hidden."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from samples.office.package import Properties
from samples.things import Hidden, Thing


def thing(
    name: str,
    properties: Properties,
    paragraphs: Sequence[str],
    header: str = "",
    invisible: str = "",
) -> Thing:
    """An RTF of ``paragraphs`` in code page 1252, other characters as ``\\u``."""
    out = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Sans;}}" + "\n"
    out += r"{\info{\title " + _escape(properties.title) + r"}{\author "
    out += _escape(properties.author) + "}" + _time("creatim", properties.created)
    out += _time("revtim", properties.modified) + "}\n"
    if header:
        out += r"{\header \pard " + _escape(header) + r"\par}" + "\n"
    for paragraph in paragraphs:
        out += r"\pard\f0\fs22 " + _escape(paragraph) + r"\par" + "\n"
    hidden: tuple[Hidden, ...] = ()
    if invisible:
        hidden = (Hidden(invisible, "hidden text"),)
        out += r"\pard {\v " + _escape(invisible) + r"}\par" + "\n"
    words = [header, *paragraphs, invisible]
    return Thing(
        name,
        (out + "}").encode("ascii"),
        "word",
        "application/rtf",
        "\n".join(w for w in words if w),
        hidden=hidden,
        when=properties.modified,
    )


def _escape(text: str) -> str:
    out = ""
    for char in text:
        if char in "\\{}":
            out += "\\" + char
        elif char.isascii():
            out += char
        else:
            try:
                out += "".join(rf"\'{byte:02x}" for byte in char.encode("cp1252"))
            except UnicodeEncodeError:
                unit = ord(char)
                out += rf"\u{unit - 65536 if unit > 32767 else unit}?"
    return out


def _time(tag: str, when: datetime) -> str:
    return rf"{{\{tag}\yr{when.year}\mo{when.month}\dy{when.day}\hr{when.hour}\min{when.minute}}}"
