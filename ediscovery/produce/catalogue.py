"""The field catalogue: what a production can say of a document.

It stands in ``schemas/production_fields.yaml``. Each field has a type, a meaning, its names at
regulators, and the ``source`` that :mod:`ediscovery.produce.fields` fills it from; a field without
one can't be produced yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

from ediscovery.model.errors import UsageError
from ediscovery.model.resources import resource
from ediscovery.model.settings import build, read


@dataclass(frozen=True, slots=True)
class AgencyName:
    """A field's name at a regulator; ``unconfirmed``: no source of theirs was read for it."""

    name: str
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One field. ``type``: text, longtext, choice, int, date, time, datetime, yes/no or path.

    ``multi``: it has several values. ``applies_to``: the documents that have it.
    """

    name: str
    type: str
    meaning: str
    applies_to: str
    source: str = ""
    multi: bool = False
    names: dict[str, AgencyName] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every field by its name."""

    entries: dict[str, Entry]

    def entry(self, name: str, where: str) -> Entry:
        """The field called ``name``; raises :class:`UsageError`, naming ``where``, for none."""
        found = self.entries.get(name)
        if found is None:
            near = get_close_matches(name, self.entries, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"{where}: there is no field {name!r}.{hint}",
                "The fields are in schemas/production_fields.yaml.",
            )
        return found


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    data = read(resource("schemas", "production_fields.yaml"))
    return Catalogue({name: build(Entry, {"name": name} | one) for name, one in data.items()})
