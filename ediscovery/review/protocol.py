"""The ESI protocol: what the parties of a matter agreed, as data.

One YAML file, checked against ``schemas/esi_protocol.json``. The catalog keeps every version; the
newest holds. What is left out was not agreed, and nothing departs from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ediscovery.model.errors import UsageError
from ediscovery.model.settings import Kind, build
from ediscovery.review import versions as versioned
from ediscovery.review.layout import Layout
from ediscovery.store.tables import protocols
from ediscovery.store.workspace import Matter

KIND = Kind("protocol", "", "esi_protocol.json")


@dataclass(frozen=True, slots=True)
class Consent:
    """Who consented for which party, and when (ISO 8601)."""

    party: str
    name: str
    date: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates and times are written, and in which zone; ``""`` where that was not agreed."""

    date: str = ""
    time: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """Formats of images by class of document, ``default`` for all others; dots per inch, or 0."""

    formats: dict[str, str] = field(default_factory=dict)
    dpi: int = 0
    colour: str = ""


@dataclass(frozen=True, slots=True)
class TAR:
    """Whether technology-assisted review is used, to which recall (0 to 1), what is disclosed."""

    used: bool
    recall: float = 0.0
    disclosure: str = ""


@dataclass(frozen=True, slots=True)
class PrivilegeLog:
    """Form of the log, days after each production, and what it may leave out."""

    form: str
    days: int | None = None
    not_after: str = ""
    redacted_logged: bool = True


@dataclass(frozen=True, slots=True)
class Clawback:
    """The order (FRE 502(d)) or agreement, its date, days to return or destroy after a notice."""

    order: str
    date: str = ""
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Numbering:
    """Bates numbers as agreed; ``None`` where that was not."""

    prefix: str | None = None
    separator: str | None = None
    digits: int | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class ESIProtocol:
    """One protocol; see ``schemas/esi_protocol.json`` for what each part may hold."""

    title: str
    consents: tuple[Consent, ...]
    dates: Dates = Dates()
    fields: tuple[str, ...] = ()
    images: Images = field(default_factory=Images)
    natives: tuple[str, ...] | None = None
    load_files: tuple[str, ...] = ()
    dedupe: str = ""
    threading: str = ""
    tar: TAR | None = None
    search_terms: tuple[str, ...] = ()
    redaction_reasons: dict[str, str] = field(default_factory=dict)
    privilege_log: PrivilegeLog | None = None
    clawback: Clawback | None = None
    numbering: Numbering = Numbering()


@dataclass(frozen=True, slots=True)
class Version(versioned.Version):
    """A protocol as it was stored."""

    @property
    def protocol(self) -> ESIProtocol:
        return build(ESIProtocol, self.data)


def load(path: str) -> dict[str, Any]:
    """The checked data of the protocol in the YAML file at ``path``.

    Raises :class:`UsageError` when it can't be read, does not fit its schema, names a day or a zone
    that does not exist, or a search term that is no query.
    """
    _, data = KIND.load(path)
    days = [consent["date"] for consent in data["consents"]]
    days += [data.get("clawback", {}).get("date"), data.get("privilege_log", {}).get("not_after")]
    for day in filter(None, days):
        try:
            date.fromisoformat(day)
        except ValueError:
            raise UsageError(f"{path}: {day} is no day.", "Write it as 2024-02-29.") from None
    zone = data.get("dates", {}).get("zone", "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"{path}: {zone!r} is no time zone.", "Name one as in America/New_York."
        ) from None
    from ediscovery.search.grammar import parse

    for term in data.get("search_terms", ()):
        try:
            parse(term)
        except UsageError as error:
            raise UsageError(
                f"{path}, search term {term!r}: {error.message}", error.next_step
            ) from None
    return data


def store(matter: Matter, data: dict[str, Any]) -> int:
    """Keep checked ``data`` as the matter's next version, and return that.

    The same as the newest is not stored again.
    """
    told = {"title": data["title"], "consents": data["consents"]}
    return versioned.store(matter, protocols, data, "protocol stored", told)


def current(connection: Connection) -> Version | None:
    """The version that holds; ``None`` when nothing was agreed."""
    return versioned.newest(connection, protocols, Version)


def versions(matter: Matter) -> list[Version]:
    """All versions, oldest first."""
    return versioned.every(matter, protocols, Version)


def version(matter: Matter, number: int | None) -> Version:
    """Version ``number`` of the matter's protocol, the newest for ``None``.

    Raises :class:`UsageError` when there is none.
    """
    kept = versions(matter)
    found = kept[-1:] if number is None else [one for one in kept if one.version == number]
    if not found:
        what = "no protocol" if number is None else f"no version {number} of the protocol"
        raise UsageError(
            f"Matter {matter.name!r} has {what}.",
            f"Store one: ediscovery protocol set {matter.name} FILE",
        )
    return found[0]


def difference(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Where two protocols' data differ: path (``dates/zone``), old and new value, None for none."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            for path, one, other in difference(before, after):
                yield f"{key}/{path}", one, other
        else:
            yield key, before, after


def redaction_reasons(matter: Matter, layout: Layout) -> dict[str, str]:
    """Reason codes with their meaning: the protocol's, where it names any, else the layout's."""
    with matter.reader.connect() as connection:
        held = current(connection)
    agreed: dict[str, str] = held.data.get("redaction_reasons", {}) if held else {}
    return agreed or layout.redaction_reasons
