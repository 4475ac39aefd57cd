"""The categorical privilege log: one entry for all documents withheld or redacted alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

HEADS = (
    "LogNumber", "Basis", "Topic", "Treatment", "Type", "Documents", "Families", "FirstDate",
    "LastDate", "Authors", "Recipients", "Custodians", "BatesNumbers", "ControlNumbers",
    "Description",
)  # fmt: skip
_GROUP = ("Basis", "Topic", "Treatment", "Type")
_NO_BASIS = "not stated"


def rows(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The categories of ``entries``, in the order of basis, topic, treatment and type.

    An entry has the values of a traditional log under the names of its heads, ``Day`` (ISO 8601,
    ``""`` for none) and ``People`` (all recipients, one each).
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for entry in entries:
        key = tuple(str(entry[name]) for name in _GROUP)
        groups.setdefault(key, []).append(entry)
    found: list[dict[str, object]] = []
    for number, (key, members) in enumerate(sorted(groups.items()), 1):
        basis, topic, treatment, kind = key
        days = sorted((one["Day"], one["Date"]) for one in members if one["Day"])
        about = f" regarding {topic}" if topic else ""
        found.append(
            {
                "LogNumber": number,
                "Basis": basis or _NO_BASIS,
                "Topic": topic,
                "Treatment": treatment,
                "Type": kind,
                "Documents": len(members),
                "Families": len({one["Family"] for one in members}),
                "FirstDate": days[0][1] if days else "",
                "LastDate": days[-1][1] if days else "",
                "Authors": _counted(one["Author"] for one in members),
                "Recipients": _counted(name for one in members for name in one["People"]),
                "Custodians": _counted(one["Custodian"] for one in members),
                "BatesNumbers": "; ".join(_span(one) for one in members if one["BegBates"]),
                "ControlNumbers": "; ".join(one["ControlNumber"] for one in members),
                "Description": f"{kind}{about} ({basis or _NO_BASIS}), {treatment.lower()}",
            }
        )
    return found


def _counted(names: Iterable[str]) -> str:
    """Each name once with how often it occurs, the most frequent first."""
    counts = Counter(name for name in names if name)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return "; ".join(f"{name} ({count:,})" for name, count in ordered)


def _span(entry: Mapping[str, Any]) -> str:
    first, last = entry["BegBates"], entry["EndBates"]
    return str(first) if first == last else f"{first} - {last}"
