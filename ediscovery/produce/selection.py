"""Which documents a production takes, in which order, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ediscovery.produce import documents, ledger
from ediscovery.produce.documents import Candidate
from ediscovery.produce.specification import Specification
from ediscovery.review import coding
from ediscovery.store.workspace import Matter


@dataclass(slots=True)
class Selection:
    """``candidates`` in the order of the production; ``duplicates``: copies left out, each with
    the number of the copy that is taken."""

    candidates: list[Candidate]
    duplicates: dict[int, int]


def select_documents(
    matter: Matter, specification: Specification, numbers: Sequence[int]
) -> Selection:
    """The documents ``numbers`` with their families (unless ``family: alone``), each family once.

    Of families that are copies of each other the one with the lowest number is taken. Families
    stand in the order of the specification, in each the parent first.
    """
    chosen = set(numbers)
    whole = specification.family == "whole"
    wanted = coding.families_of(matter, chosen) if whole else sorted(chosen)
    with matter.reader.connect() as connection:
        found = list(documents.candidates(connection, wanted))
    kept, duplicates = _without_copies(found)
    keys = {one.number: _key(one, specification.order) for one in kept}
    heads = {one.family: keys[one.number] for one in reversed(kept)}
    kept.sort(key=lambda one: (heads[one.family], one.family, one.number))
    return Selection(kept, duplicates)


def not_yet_out(
    matter: Matter, specification: Specification, numbers: Sequence[int], volume: str = ""
) -> tuple[list[int], int]:
    """The documents ``numbers`` without those that went out in another volume, themselves or as a
    copy; and how many were left out.

    Where families go whole, one member that went out has its family left out.
    """
    with matter.reader.connect() as connection:
        chosen = sorted(set(numbers))
        whole = specification.family == "whole"
        wanted = coding.families_of(matter, chosen) if whole else chosen
        out = {row.number for row in ledger.earlier(connection, wanted, volume)}
    if whole:
        out = set(coding.families_of(matter, out))
    left = [number for number in chosen if number not in out]
    return left, len(chosen) - len(left)


def _without_copies(found: list[Candidate]) -> tuple[list[Candidate], dict[int, int]]:
    """Families without their copies: groups are of whole families, told by their parents."""
    first: dict[int, int] = {}  # group -> the family that stands for it
    for one in found:
        if one.number == one.family and one.group is not None:
            first.setdefault(one.group, one.family)
    gone = {
        one.family: first[one.group]
        for one in found
        if one.number == one.family and one.group is not None and first[one.group] != one.family
    }
    members: dict[int, list[int]] = {}
    for one in found:
        members.setdefault(one.family, []).append(one.number)
    duplicates = {}
    for copy, family in gone.items():
        kept = members[family]
        for place, number in enumerate(members[copy]):
            duplicates[number] = kept[min(place, len(kept) - 1)]
    return [one for one in found if one.family not in gone], duplicates


def _key(one: Candidate, order: Sequence[str]) -> tuple[Any, ...]:
    values = {
        "custodian": one.custodian.casefold(), "date": (not one.date, one.date),
        "path": one.item["path"], "control-number": one.number,
    }  # fmt: skip
    return tuple(values[name] for name in order)
