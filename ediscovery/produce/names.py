"""Names of people as regulators ask for them: ``Last, First``."""

from __future__ import annotations

import re

_ADDRESSED = re.compile(r"(.*?)\s*(<[^<>]*>)")
_SUFFIX = re.compile(r"(jr|sr|esq|ph\.?d|m\.?d|ii|iii|iv)\.?", re.I)
# A unit of a company is no person; its name stays as it is ("ABC Dept").
_UNITS = frozenset(
    {
        "dept", "department", "team", "group", "office", "desk", "division", "board", "committee",
        "support", "service", "services", "sales", "legal", "accounting", "inc", "llc", "llp",
        "ltd", "corp", "corporation", "company", "co", "gmbh", "ag", "sa", "plc", "list", "mailbox",
    }
)  # fmt: skip


def last_first(name: str) -> str:
    """``Jane van der Roe <jane@x.example>`` as ``van der Roe, Jane <jane@x.example>``.

    Left as it is: what holds a comma already, one word, an address, a unit of a company, and a name
    in a script without capital letters, where the family name usually leads.
    """
    addressed = _ADDRESSED.fullmatch(name.strip())
    person, address = addressed.groups() if addressed else (name.strip(), "")
    turned = _turned(person)
    return f"{turned} {address}".strip()


def _turned(person: str) -> str:
    words = person.split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    if len(words) < 2 or "," in person or "@" in person or person.lower() == person.upper():
        return person
    if words[-1].strip(".").casefold() in _UNITS:
        return person
    start = len(words) - 1
    while start > 1 and words[start - 1].islower():  # van der, de, von
        start -= 1
    last = " ".join([*words[start:], *([suffix] if suffix else [])])
    return f"{last}, {' '.join(words[:start])}"
