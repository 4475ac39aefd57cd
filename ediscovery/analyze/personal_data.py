"""Personal data in a text: social security, card, bank account and passport numbers, birth dates.

Numbers are accepted by their own checks first and by the words around them second; see
``docs/entities.md``. Words, issuers, countries and formats stand in ``config/personal_data.yaml``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from ediscovery.model.resources import resource

LABELS = ("SSN", "CARD", "IBAN", "DATE_OF_BIRTH", "PASSPORT")

_DASH = r"\-\u2010\u2011\u2012\u2013"
# Not inside a word, a decimal, a longer number or a chain of them.
_OPEN = rf"(?<![\w+#=/.,{_DASH}])"
_CLOSE = rf"(?![\w/=]|[.,{_DASH}]\w)"
_DIGIT = re.compile("[0-9]")
_SSN = re.compile(rf"{_OPEN}([0-9]{{3}})([ {_DASH}]?)([0-9]{{2}})\2([0-9]{{4}}){_CLOSE}")
# A look-ahead, so that a number is found beside another one that looks like its beginning.
_CARD = re.compile(
    rf"{_OPEN}(?=([0-9]{{13,19}}{_CLOSE}|[0-9]{{4}}([ {_DASH}])"
    rf"(?:[0-9]{{4}}\2[0-9]{{4}}\2[0-9]{{4}}|[0-9]{{6}}\2[0-9]{{4,5}}){_CLOSE}))"
)
_IBAN = re.compile(r"(?<!\w)([A-Z]{2})[0-9]{2}(?=[ -]?[0-9A-Z])")
_PASSPORT = re.compile(rf"{_OPEN}[A-Z0-9]{{6,12}}{_CLOSE}")
_NUMERIC_DATE = re.compile(
    r"(?<![\w/.-])([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![\w/-])"
)
_ISO_DATE = re.compile(r"(?<![\w/.-])([0-9]{4})([./-])([0-9]{1,2})\2([0-9]{1,2})(?![\w/-])")


class Match(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) of a text hold ``value`` (normalised).

    ``confidence`` is a judgement between 0 and 1: 0.5 a number that fits by form and checksum
    alone, 0.9 and more one that its words confirm.
    """

    label: str
    start: int
    end: int
    value: str
    confidence: float


def find(text: str) -> list[Match]:
    """Personal data in ``text``, in order, none overlapping another; the surest one stays."""
    if not any(map(str.isdigit, text)):
        return []
    rules = _rules()
    found = [*rules.ibans(text), *rules.cards(text), *rules.ssns(text)]
    found += [*rules.birth_dates(text), *rules.passports(text)]
    found.sort(key=lambda m: (-m.confidence, m.start - m.end, m.start))
    kept: list[Match] = []  # by start
    for match in found:
        place = bisect_left(kept, match.start, key=_start)
        before_ends = kept[place - 1].end if place else 0
        after_starts = kept[place].start if place < len(kept) else match.end
        if before_ends <= match.start and match.end <= after_starts:
            kept.insert(place, match)
    return kept


def _start(match: Match) -> int:
    return match.start


def luhn(digits: str) -> bool:
    """Whether the last of ``digits`` is their check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban_valid(compact: str) -> bool:
    """Whether an IBAN without blanks has the check digits of ISO 7064 MOD 97-10."""
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


class _Rules:
    """The rules of a configuration, compiled."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._before, self._after = int(config["before"]), int(config["after"])
        self._ssn_words = _words(config["ssn"]["context"])
        self._never = frozenset(config["ssn"]["never"])
        self._card_words = _words(config["card"]["context"])
        self._issuers = [
            (low, high, frozenset(issuer["lengths"]))
            for issuer in config["card"]["issuers"]
            for low, high in [issuer["first"]]
        ]
        self._iban_lengths: dict[str, int] = config["iban"]["lengths"]
        birth = config["date_of_birth"]
        self._birth_words = _words(birth["context"])
        self._years = range(birth["years"][0], birth["years"][1] + 1)
        self._months = {n: i for i, names in enumerate(birth["months"], 1) for n in names}
        names = "|".join(sorted(map(re.escape, self._months), key=len, reverse=True))
        ordinal = r"(?:st|nd|rd|th|\.|er)?"
        self._day_month = re.compile(
            rf"(?<![\w.])([0-9]{{1,2}}){ordinal} (?:of |de )?({names})\.?,?"
            r" (?:de )?([0-9]{4})(?!\w)",
            re.IGNORECASE,
        )
        self._month_day = re.compile(
            rf"(?<!\w)({names})\.? ([0-9]{{1,2}}){ordinal},? ([0-9]{{4}})(?!\w)", re.IGNORECASE
        )
        self._passport_words = _words(config["passport"]["context"])
        kinds = {"N": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]"}
        formats = {f for country in config["passport"]["formats"].values() for f in country}
        self._passport = re.compile("|".join("".join(kinds[c] for c in f) for f in sorted(formats)))

    def ssns(self, text: str) -> Iterator[Match]:
        """US social security numbers by the ranges that were ever given out."""
        for match in _SSN.finditer(text):
            area, mark, group, serial = match.groups()
            digits = area + group + serial
            if area in ("000", "666") or area >= "900" or group == "00" or serial == "0000":
                continue
            if digits in self._never:
                continue
            named = self._named(self._ssn_words, text, *match.span())
            if named or (mark and mark != " "):
                confidence = (0.95 if mark else 0.85) if named else 0.6
                yield Match("SSN", *match.span(), f"{area}-{group}-{serial}", confidence)

    def cards(self, text: str) -> Iterator[Match]:
        """Payment cards by length and issuer, Luhn check digit and grouping."""
        for match in _CARD.finditer(text):
            start, end = match.span(1)
            digits = re.sub("[^0-9]", "", match[1])
            if len(set(digits)) == 1 or not self._issued(digits) or not luhn(digits):
                continue
            named = self._named(self._card_words, text, start, end)
            if named or match[2] or len(digits) in (15, 16):
                confidence = 0.95 if named else 0.8 if match[2] else 0.5
                yield Match("CARD", start, end, digits, confidence)

    def ibans(self, text: str) -> Iterator[Match]:
        """Bank accounts by the length of their country and the checksum."""
        for match in _IBAN.finditer(text):
            length = self._iban_lengths.get(match[1])
            if length is None:
                continue
            compact, end = match[0], match.end()
            while len(compact) < length and end < len(text):
                if text[end] in " -" and text[end - 1] not in " -":
                    end += 1
                elif text[end].isascii() and text[end].isalnum() and text[end].upper() == text[end]:
                    compact += text[end]
                    end += 1
                else:
                    break
            whole = len(compact) == length and not text[end : end + 1].isalnum()
            if whole and iban_valid(compact):
                yield Match("IBAN", match.start(), end, compact, 0.99)

    def birth_dates(self, text: str) -> Iterator[Match]:
        """Dates that a word says are somebody's birth."""
        if self._birth_words.search(text) is None:
            return
        for start, end, value in self._dates(text):
            if self._introduced(self._birth_words, text, start):
                yield Match("DATE_OF_BIRTH", start, end, value, 0.9)

    def passports(self, text: str) -> Iterator[Match]:
        """Numbers in a country's format that a word says are a passport's."""
        if self._passport_words.search(text) is None:
            return
        for match in _PASSPORT.finditer(text):
            digits = sum(map(str.isdigit, match[0]))
            if digits < 3 or not self._passport.fullmatch(match[0]):
                continue
            if self._introduced(self._passport_words, text, match.start()):
                yield Match("PASSPORT", *match.span(), match[0], 0.8)

    def _dates(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every date of the calendar in ``text``, in ISO 8601 where it can be read in one way."""
        for match in _ISO_DATE.finditer(text):
            if value := self._date(match[1], match[3], match[4]):
                yield *match.span(), value
        for match in _NUMERIC_DATE.finditer(text):
            one, two, year = match[1], match[3], match[4]
            values = {v for v in (self._date(year, two, one), self._date(year, one, two)) if v}
            if values:
                yield *match.span(), values.pop() if len(values) == 1 else match[0]
        for match in self._day_month.finditer(text):
            if value := self._date(match[3], str(self._months[match[2].lower()]), match[1]):
                yield *match.span(), value
        for match in self._month_day.finditer(text):
            if value := self._date(match[3], str(self._months[match[1].lower()]), match[2]):
                yield *match.span(), value

    def _date(self, year: str, month: str, day: str) -> str:
        """``1961-05-04``; a year of two digits stays one; ``""`` when there is no such day."""
        full = int(year) if len(year) == 4 else 1904  # a leap year, for the day alone
        try:
            date(full, int(month), int(day))
        except ValueError:
            return ""
        if len(year) == 4 and full not in self._years:
            return ""
        return f"{year}-{int(month):02}-{int(day):02}"

    def _issued(self, digits: str) -> bool:
        return any(
            len(digits) in lengths and low <= digits[: len(low)] <= high
            for low, high, lengths in self._issuers
        )

    def _named(self, words: re.Pattern[str], text: str, start: int, end: int) -> bool:
        """Whether one of ``words`` stands near the characters from ``start`` to ``end``."""
        first, last = max(0, start - self._before), end + self._after
        if words.search(text, first, start):
            return True
        behind = words.search(text, end, last + 1)  # one more, to see that the word ends
        return behind is not None and behind.end() <= last

    def _introduced(self, words: re.Pattern[str], text: str, start: int) -> bool:
        """Whether one of ``words`` stands before ``start`` with no number in between."""
        named = words.finditer(text, max(0, start - self._before), start)
        return any(_DIGIT.search(text, word.end(), start) is None for word in named)


def _words(words: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted(map(re.escape, words), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)", re.IGNORECASE)


@cache
def _rules() -> _Rules:
    import yaml

    return _Rules(yaml.safe_load(resource("config", "personal_data.yaml").read_text("utf-8")))
