"""Cell values as a spreadsheet shows them: number formats of SpreadsheetML and BIFF.

Follows ECMA-376-1 18.8.30 and 18.8.31 with English names of months and days. What a format can't
show (a date before 1900, a broken code) or hides is given as the plain number, never left out.
Whole numbers under the format General are written in full, however long: account numbers must be
found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from math import isfinite

BUILT_IN: dict[int, str] = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0_);("$"#,##0)',
    6: '"$"#,##0_);("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)',
    8: '"$"#,##0.00_);("$"#,##0.00)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "m/d/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yyyy h:mm",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);(#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    # Dates of East Asian editions; their look depends on the edition, so the neutral one is used.
    **dict.fromkeys([*range(27, 32), 36, *range(50, 55), 57, 58], "yyyy-mm-dd"),
    **dict.fromkeys([32, 33, 34, 35, 55, 56], "h:mm:ss"),
}
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?'
    r"|\\(?P<escaped>.)"
    r"|_(?P<space>.)"
    r"|\*(?P<fill>.)"
    r"|\[(?P<bracket>[^\]]*)\]"
    r"|(?P<half>AM/PM|A/P|上午/下午)"
    r"|(?P<general>General)"
    r"|(?P<exponent>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+|e+|aaaa?|b+(?=[^a-z]|$))"
    r"|(?P<digit>[0#?])"
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[\d.]+)$")
_ELAPSED = re.compile(r"(h+|m+|s+)$", re.IGNORECASE)
_LONGEST_CODE = 255
_LAST_DAY = 2958466  # after 31 December 9999


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[tuple[str, str], ...]
    kind: str  # general | text | date | number
    condition: tuple[str, float] | None


def show(value: float, code: str, date1904: bool = False) -> str:
    """``value`` under the number format ``code``; ``date1904``: days count from that year."""
    if not isfinite(value):
        return str(value)
    shown = _show(value, code, date1904)
    return shown if shown.strip() else general(value)


def _show(value: float, code: str, date1904: bool) -> str:
    sections = _compile(code[:_LONGEST_CODE])
    section, negative = _choose(sections, value)
    if section is None:
        return general(value)
    if section.kind == "date":
        return _date(value, section.tokens, date1904)
    if section.kind in ("general", "text"):
        written = general(abs(value) if negative else value)
        return "".join(
            written if kind in ("general", "text") else text for kind, text in section.tokens
        )
    try:
        return _number(value, section.tokens, negative)
    except (InvalidOperation, OverflowError, ZeroDivisionError):
        return general(value)


def is_date(code: str) -> bool:
    """Whether ``code`` shows numbers as dates or times."""
    return any(section.kind == "date" for section in _compile(code[:_LONGEST_CODE]))


def general(value: float) -> str:
    """``value`` as the format General has it, whole numbers in full."""
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    if 1e-5 <= abs(value) < 1e11:
        return f"{value:.10f}".rstrip("0").rstrip(".")
    mantissa, _, exponent = f"{value:.5E}".partition("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{exponent[0]}{exponent[1:].zfill(2)}"


@lru_cache(maxsize=2048)
def _compile(code: str) -> tuple[_Section, ...]:
    sections: list[list[tuple[str, str]]] = [[]]
    conditions: list[tuple[str, float] | None] = [None]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "other"
        text = match.group(kind) or ""
        if kind == "other" and text == ";":
            sections.append([])
            conditions.append(None)
        elif kind == "bracket":
            condition = _CONDITION.match(text)
            if condition:
                conditions[-1] = (condition.group(1), float(condition.group(2)))
            elif _ELAPSED.match(text):
                sections[-1].append(("elapsed", text.lower()))
            elif text.startswith("$"):
                sections[-1].append(("literal", text[1:].partition("-")[0]))
                if text.upper().endswith("-F800"):
                    sections[-1].append(("system", "dddd, mmmm d, yyyy"))
                elif text.upper().endswith("-F400"):
                    sections[-1].append(("system", "h:mm:ss AM/PM"))
        elif kind in ("quoted", "escaped"):
            sections[-1].append(("literal", text))
        elif kind == "space":
            sections[-1].append(("literal", " "))
        elif kind == "other":
            sections[-1].append(("text" if text == "@" else "mark", text))
        elif kind != "fill":
            sections[-1].append((kind, text))
    return tuple(
        _section(tokens, condition) for tokens, condition in zip(sections, conditions, strict=True)
    )


def _section(tokens: list[tuple[str, str]], condition: tuple[str, float] | None) -> _Section:
    for kind, text in tokens:
        if kind == "system":
            return _Section(_compile(text)[0].tokens, "date", condition)
    kinds = {kind for kind, _ in tokens}
    if kinds & {"date", "elapsed", "half"} and "general" not in kinds:
        return _Section(_dated(tokens), "date", condition)
    if "general" in kinds:
        return _Section(tuple(tokens), "general", condition)
    if "digit" in kinds:
        return _Section(tuple(tokens), "number", condition)
    if "text" in kinds:
        return _Section(tuple(tokens), "text", condition)
    return _Section(tuple(tokens), "number", condition)


def _dated(tokens: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Date tokens with minutes told from months: ``m`` beside hours or seconds is a minute."""
    result: list[tuple[str, str]] = []
    clock = [index for index, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    for index, (kind, text) in enumerate(tokens):
        lowered = text.lower()
        if kind == "date" and lowered[0] == "m" and len(lowered) < 3:
            at = clock.index(index)
            before = tokens[clock[at - 1]][1].lower() if at else ""
            after = tokens[clock[at + 1]][1].lower() if at + 1 < len(clock) else ""
            if before.startswith("h") or after.startswith("s"):
                lowered = "n" * len(lowered)
        result.append((kind, lowered if kind in ("date", "elapsed") else text))
    return tuple(result)


def _choose(sections: tuple[_Section, ...], value: float) -> tuple[_Section | None, bool]:
    """The section for ``value``, and whether it shows the absolute value."""
    conditional = [s for s in sections[:3] if s.condition]
    if conditional:
        for section in sections[:3]:
            if section.condition is None or _holds(section.condition, value):
                return section, False
        return None, False
    numeric = [s for s in sections[:3] if s.kind != "text"] or list(sections[:1])
    if value < 0 and len(numeric) > 1:
        return numeric[1], True
    if value == 0 and len(numeric) > 2:
        return numeric[2], False
    return numeric[0], False


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, bound = condition
    return {
        "<": value < bound,
        ">": value > bound,
        "=": value == bound,
        "<=": value <= bound,
        ">=": value >= bound,
        "<>": value != bound,
    }[sign]


def _date(value: float, tokens: tuple[tuple[str, str], ...], date1904: bool) -> str:
    if not 0 <= value < _LAST_DAY:
        return general(value)
    fraction = 0
    for index, (kind, text) in enumerate(tokens):
        if kind == "mark" and text == "." and tokens[index + 1 : index + 2] == (("digit", "0"),):
            fraction = 3
    seconds = value * 86400
    seconds = round(seconds, fraction) if fraction else float(round(seconds))
    moment = _moment(seconds, date1904)
    if moment is None:
        return general(value)
    half = any(kind == "half" for kind, _ in tokens)
    out: list[str] = []
    after_point = False
    for kind, text in tokens:
        if kind == "date":
            out.append(_date_part(moment, text, half))
        elif kind == "elapsed":
            per = {"h": 3600, "m": 60, "s": 1}[text[0]]
            out.append(str(int(seconds // per)).zfill(len(text)))
        elif kind == "half":
            names = text.split("/")
            out.append(names[moment.hour >= 12])
        elif kind == "digit" and after_point:
            digits = f"{moment.microsecond:06}"
            place = len(out[-1]) if out and out[-1].isdigit() else 0
            out.append(digits[min(place, 5)] if not place else "")
            continue
        elif kind in ("literal", "mark", "digit"):
            out.append(text)
        after_point = kind == "mark" and text == "."
    return "".join(out)


def _moment(seconds: float, date1904: bool) -> datetime | None:
    days = seconds / 86400
    if not 0 <= days < _LAST_DAY:
        return None
    if date1904:
        start = datetime(1904, 1, 1)
    else:
        # The 1900 system counts a 29 February that never was.
        start = datetime(1899, 12, 31) if days < 60 else datetime(1899, 12, 30)
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _date_part(moment: datetime, text: str, half: bool) -> str:
    letter, count = text[0], len(text)
    if letter in "ye":
        return f"{moment.year % 100:02}" if letter == "y" and count < 3 else f"{moment.year:04}"
    if letter == "b":
        return f"{(moment.year + 543) % 100:02}" if count < 3 else str(moment.year + 543)
    if letter == "m":
        if count < 3:
            return str(moment.month).zfill(count)
        name = _MONTHS[moment.month - 1]
        return name[0] if count == 5 else name[:3] if count == 3 else name
    if letter == "d" and count < 3:
        return str(moment.day).zfill(count)
    if letter in "da":
        name = _DAYS[moment.weekday()]
        return name[:3] if count == 3 else name
    if letter == "h":
        hour = moment.hour % 12 or 12 if half else moment.hour
        return str(hour).zfill(min(count, 2))
    number = moment.minute if letter == "n" else moment.second
    return str(number).zfill(min(count, 2))


def _number(value: float, tokens: tuple[tuple[str, str], ...], negative: bool) -> str:
    digits = [index for index, (kind, _) in enumerate(tokens) if kind == "digit"]
    amount = abs(Decimal(repr(value)))
    sign = "-" if value < 0 and not negative else ""
    if not digits:
        return sign * bool(tokens) + "".join(text for _, text in tokens)
    amount *= Decimal(100) ** sum(1 for kind, text in tokens if (kind, text) == ("mark", "%"))
    if ("mark", "/") in tokens:
        return sign + _fraction(amount, tokens)
    if any(kind == "exponent" for kind, _ in tokens):
        return sign + _scientific(amount, tokens)
    first, last = digits[0], digits[-1]
    point = tokens.index(("mark", ".")) if ("mark", ".") in tokens else last + 1
    has_point = point <= last or tokens[point : point + 1] == (("mark", "."),)
    after = max(last, point if has_point else last) + 1
    while tokens[after : after + 1] == (("mark", ","),):
        amount /= 1000
        after += 1
    whole_tokens = tokens[first:point]
    grouped = ("mark", ",") in whole_tokens
    decimals = tokens[point + 1 : last + 1]
    places = sum(1 for kind, _ in decimals if kind == "digit")
    amount = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    whole, _, rest = f"{amount:f}".partition(".")
    body = _whole(whole.lstrip("0"), [t for t in whole_tokens if t[1] != ","], grouped)
    if has_point:
        body += "." + _decimals(rest, decimals)
    prefix = "".join(text for _, text in tokens[: min(first, point)])
    suffix = "".join(text for _, text in tokens[after:])
    if not any(c in "123456789" for c in body):
        sign = ""
    return prefix + sign + body + suffix


def _whole(digits: str, tokens: list[tuple[str, str]], grouped: bool) -> str:
    """Whole digits poured into their placeholders from the right, the rest before the first."""
    out: list[str] = []
    left = list(digits)
    count = 0

    def put(digit: str) -> None:
        nonlocal count
        if grouped and count and count % 3 == 0:
            out.append(",")
        out.append(digit)
        count += 1

    placeholders = sum(1 for kind, _ in tokens if kind == "digit")
    for kind, text in reversed(tokens):
        if kind != "digit":
            out.append(text)
            continue
        placeholders -= 1
        if left:
            put(left.pop())
        elif text == "0":
            put("0")
        elif text == "?":
            out.append(" ")
        while not placeholders and left:
            put(left.pop())
    return "".join(reversed(out)) if out else digits


def _decimals(digits: str, tokens: tuple[tuple[str, str], ...]) -> str:
    out: list[str] = []
    at = 0
    for kind, text in tokens:
        if kind != "digit":
            out.append(text)
            continue
        digit = digits[at] if at < len(digits) else "0"
        if text != "0" and not digits[at:].strip("0"):
            digit = " " if text == "?" else ""
        out.append(digit)
        at += 1
    return "".join(out)


def _scientific(amount: Decimal, tokens: tuple[tuple[str, str], ...]) -> str:
    at = next(i for i, (kind, _) in enumerate(tokens) if kind == "exponent")
    mantissa = [text for kind, text in tokens[:at] if kind == "digit" or text == "."]
    places = len("".join(mantissa).partition(".")[2])
    wide = max(1, len("".join(mantissa).partition(".")[0]))
    exponent = amount.adjusted() if amount else 0
    exponent -= exponent % wide if wide > 1 else 0
    scaled = amount.scaleb(-exponent).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if scaled >= 10**wide:
        exponent += wide
        scaled = amount.scaleb(-exponent).quantize(Decimal(1).scaleb(-places))
    width = sum(1 for kind, _ in tokens[at:] if kind == "digit")
    mark = "-" if exponent < 0 else "+" if tokens[at][1].endswith("+") else ""
    return f"{scaled:f}E{mark}{str(abs(exponent)).zfill(width)}"


def _fraction(amount: Decimal, tokens: tuple[tuple[str, str], ...]) -> str:
    slash = tokens.index(("mark", "/"))
    below = "".join(t for k, t in tokens[slash + 1 :] if k == "digit" or t.isdigit())
    mixed = any(
        kind == "digit" and ("mark", " ") in tokens[i:slash]
        for i, (kind, _) in enumerate(tokens[:slash])
    )
    whole = int(amount) if mixed else 0
    rest = Fraction(amount) - whole
    if below.strip("0#?"):
        base = int(re.sub(r"\D", "", below) or "1")
        part = (round(rest * base), base)
    else:
        near = rest.limit_denominator(10 ** min(max(len(below), 1), 7) - 1)
        part = (near.numerator, near.denominator)
    if mixed and part[0] == 0:
        return str(whole)
    if mixed and part[0] == part[1]:
        return str(whole + 1)
    return (f"{whole} " if whole else "") + f"{part[0]}/{part[1]}"
