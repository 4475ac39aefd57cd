"""E-mail addresses, web addresses and telephone numbers in a text, by rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LABELS = ("EMAIL", "URL", "PHONE")

_WORD = "A-Za-z0-9_\u00c0-\u024f"  # other scripts put no blank around an address
_EMAIL = re.compile(
    rf"(?<![{_WORD}.+%@-])[A-Za-z0-9][\w.+%'=-]{{0,63}}"
    rf"@(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}(?![{_WORD}-])"
)
_URL = re.compile(
    r"(?<!\w)(?:(?:https?|ftps?)://|www\.)[^\s<>\"{}|\\^`\[\]]{1,2000}", re.IGNORECASE
)
_URL_END = ".,;:!?'\u2019\u201d)*_"
_PHONE = re.compile(
    r"(?<![\w+/.,:=#-])(?:\+[0-9]{1,3}[ .-]?)?(?:\([0-9]{1,5}\)[ .-]?)?[0-9]{1,15}"
    r"(?:[ ./-][0-9]{1,6}){0,6}(?![\w/=]|[.,:-][0-9])"
)
_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d\d\)[ .-]?|[2-9]\d\d[.-])[2-9]\d\d[ .-]\d{4}")
_CALL = re.compile(
    r"(?<!\w)(?:phone|telephone|tel|mobile|cell|fax|call|office|direct|telefon|tél|handy)"
    r"(?: (?:no|number|nr))?[.:)]{0,2} {0,3}$",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})")


class Point(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) are a way to reach somebody."""

    label: str
    start: int
    end: int


def find(text: str) -> list[Point]:
    """Addresses, URLs and telephone numbers in ``text``, in order, none overlapping another.

    A telephone number is written with a country code, in the North American way, or after a word
    such as *phone* or *fax*; a number alone is none.
    """
    found: list[Point] = []
    if "@" in text:
        found += [Point("EMAIL", *m.span()) for m in _EMAIL.finditer(text)]
    found += _urls(text)
    if any(map(str.isdigit, text)):
        found += _phones(text)
    found.sort(key=lambda p: (p.start, -p.end))
    result: list[Point] = []
    for point in found:
        if not result or point.start >= result[-1].end:
            result.append(point)
    return result


def _urls(text: str) -> Iterator[Point]:
    lowered = text.lower()
    if "://" not in lowered and "www." not in lowered:
        return
    for match in _URL.finditer(text):
        url = match[0]
        end = len(url)
        while url[end - 1] in _URL_END and not (
            url[end - 1] == ")" and url.count("(", 0, end) >= url.count(")", 0, end)
        ):
            end -= 1
        if end > len("www."):
            yield Point("URL", match.start(), match.start() + end)


def _phones(text: str) -> Iterator[Point]:
    for match in _PHONE.finditer(text):
        number = match[0]
        digits = sum(map(str.isdigit, number))
        if not 7 <= digits <= 15 or _DATE.fullmatch(number):
            continue
        if (
            (number[0] == "+" and digits >= 8)
            or _AMERICAN.fullmatch(number)
            or _CALL.search(text, max(0, match.start() - 25), match.start())
        ):
            yield Point("PHONE", *match.span())
