"""Coding layouts: the fields that reviewers decide on, with their values, and redaction reasons.

The shipped one is ``config/coding/production.yaml``; a file of one's own, checked against
``schemas/coding_layout.json``, may extend it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ediscovery.model.errors import UsageError
from ediscovery.model.settings import Kind

DEFAULT = "production"
KIND = Kind("coding layout", "config/coding", "coding_layout.json")
_LONGEST = 2_000  # characters of a free value


@dataclass(frozen=True, slots=True)
class Field:
    """One decision. ``free``: other text than ``values`` is taken; ``many``: several at once.

    ``same_in_family``: members of a family that differ in it are worth a look.
    """

    name: str
    title: str = ""
    values: tuple[str, ...] = ()
    free: bool = False
    many: bool = False
    same_in_family: bool = False

    def value(self, text: str) -> str:
        """The value that ``text`` names: a known one whatever its case, else free text as it is.

        Raises :class:`UsageError` with the known values.
        """
        text = " ".join(text.split())
        for known in self.values:
            if known.casefold() == text.casefold():
                return known
        if self.free and 0 < len(text) <= _LONGEST:
            return text
        if self.free:
            raise UsageError(
                f"The value of {self.name!r} has {len(text):,} characters.",
                f"Write 1 to {_LONGEST:,}; to take a value away: --unset {self.name}",
            )
        near = get_close_matches(text, self.values, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(
            f"{text!r} is no value of {self.name!r}.{hint}", f"Known are {', '.join(self.values)}."
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Fields by name, and the reasons for redactions with what they mean."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    redaction_reasons: dict[str, str] = field(default_factory=dict)

    def field(self, name: str) -> Field:
        """The field called ``name``. Raises :class:`UsageError` with the known ones."""
        found = self.fields.get(name)
        if found is None:
            near = get_close_matches(name, self.fields, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"There is no coding field {name!r}.{hint}", f"Known are {', '.join(self.fields)}."
            )
        return found


def load(name: str = DEFAULT) -> Layout:
    """The layout called ``name`` in ``config/coding/``, or the file at that path.

    Raises :class:`UsageError` when there is none or it does not fit its schema.
    """
    data = KIND.extended(name)
    fields = {key: _field(key, value) for key, value in data["fields"].items()}
    return Layout(data["name"], fields, dict(data["redaction_reasons"]))


def _field(name: str, data: dict[str, Any]) -> Field:
    return Field(**{"name": name, **data, "values": tuple(data.get("values", ()))})
