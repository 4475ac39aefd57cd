"""Into which volumes a production goes: as many as it needs, each family in one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ediscovery.model.errors import UsageError
from ediscovery.produce.documents import Candidate
from ediscovery.produce.forms import WITHHELD, Form
from ediscovery.produce.specification import Volume

_PAGE_BYTES = 60_000  # of a page of Group IV, about
_NUMBERED = re.compile(r"(.*?)([0-9]+)")


def bytes_of(one: Candidate, form: Form) -> int:
    """About how large the files of a document become."""
    if form.kind == WITHHELD:
        return 0
    native: int = one.item["size"] if form.native else 0
    text: int = one.item["text_size"] or 0
    return form.pages * _PAGE_BYTES + native + text


def split(
    candidates: Sequence[Candidate], forms: Mapping[int, Form], most: Volume
) -> list[list[Candidate]]:
    """``candidates``, in their order, by volume: a new one begins where a family no longer fits.

    A family that fits into none gets one of its own.
    """
    found: list[list[Candidate]] = [[]]
    records = size = 0
    for family, own_records, own_size in _families(candidates, forms):
        records, size = records + own_records, size + own_size
        if own_records and records > own_records and _full(records, size, most):
            found.append([])
            records, size = own_records, own_size
        found[-1] += family
    return found


def too_large(
    candidates: Sequence[Candidate], forms: Mapping[int, Form], most: Volume
) -> list[int]:
    """The documents of families that do not fit into one volume."""
    return [
        one.number
        for family, records, size in _families(candidates, forms)
        if _full(records, size, most)
        for one in family
    ]


def named(first: str, count: int) -> list[str]:
    """The names of ``count`` volumes: ``VOL001``, ``VOL002`` and so on.

    Raises :class:`UsageError` when there are several and ``first`` does not end with a number.
    """
    if count == 1:
        return [first]
    parts = _NUMBERED.fullmatch(first)
    if parts is None:
        raise UsageError(
            f"The production needs {count:,} volumes, and {first!r} does not end with a number.",
            f"Choose another --volume, as {first}001.",
        )
    head, digits = parts.groups()
    return [f"{head}{int(digits) + number:0{len(digits)}}" for number in range(count)]


def _families(
    candidates: Sequence[Candidate], forms: Mapping[int, Form]
) -> Iterator[tuple[list[Candidate], int, int]]:
    """Each family with the records and about the bytes that it puts into a volume."""
    for _, members in groupby(candidates, key=lambda one: one.family):
        family = list(members)
        yield (
            family,
            sum(forms[one.number].kind != WITHHELD for one in family),
            sum(bytes_of(one, forms[one.number]) for one in family),
        )


def _full(records: int, size: int, most: Volume) -> bool:
    return records > most.records or size > most.megabytes * 1_000_000
