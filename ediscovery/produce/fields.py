"""What a load file says of each document: fields of the catalogue, in the specification's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ediscovery.model.states import is_exception
from ediscovery.produce.catalogue import Entry, catalogue
from ediscovery.produce.names import last_first
from ediscovery.produce.specification import Column, Dates, Specification

Value = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last Bates number of a document or a family."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Family:
    """The family as produced: its span, the first number of the parent (``""`` for the top), those
    of the direct attachments."""

    span: Span
    parent: str = ""
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Produced:
    """A document as it is produced.

    ``item`` is its row of the catalog's table ``item`` by column name. ``custodians`` and ``paths``
    are those of every copy in its group, this one's among them. ``coding`` is how it is coded:
    field -> values. ``redaction_reasons`` are the codes of its redactions, empty for none.
    ``pages`` counts images. ``native_path`` and ``text_path`` are relative to the volume, ``""``
    for none. ``placeholder``: its image is a slip sheet. ``withheld``: it is that for privilege.
    ``ocr``: the text produced was read from images. ``rebuilt``: its native was made anew, and
    ``item`` has the hashes of that.
    """

    item: Mapping[str, Any]
    custodian: str
    bates: Span
    family: Family
    volume: str
    custodians: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    coding: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redaction_reasons: tuple[str, ...] = ()
    pages: int = 0
    native_path: str = ""
    text_path: str = ""
    placeholder: bool = False
    withheld: bool = False
    ocr: bool = False
    rebuilt: bool = False


class Fields:
    """The columns of one production.

    ``zone`` is the matter's, for specifications that name none; ``company`` likewise.
    """

    def __init__(self, specification: Specification, zone: str, company: str = "") -> None:
        self._specification = specification
        self._zone = specification.dates.zone or zone
        self._moments = Moments(specification.dates, self._zone)
        self._company = specification.company or company
        known = catalogue()
        self._columns = [(one, known.entry(one.field, "fields")) for one in specification.fields]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column, _ in self._columns]

    def multi(self) -> list[str]:
        """Those columns that hold several values."""
        return [column.name for column, entry in self._columns if entry.multi]

    def values(self, document: Produced) -> dict[str, Value]:
        """Each column's value, in order; a multi-value is a tuple, an unknown one ``""``.

        Fields that would tell what was redacted or withheld say so, or nothing, as specified.
        """
        return {
            column.name: self._value(document, column, entry) for column, entry in self._columns
        }

    def _value(self, document: Produced, column: Column, entry: Entry) -> Value:
        chosen = self._specification
        nothing: Value = () if entry.multi else ""
        if document.withheld and entry.name not in chosen.withheld_fields:
            return nothing
        raw = self._raw(document, entry)
        if raw in (None, "", (), []):
            return nothing
        of_native = document.rebuilt and entry.source in _OF_NATIVE
        if document.redaction_reasons and entry.name in chosen.redacted_fields and not of_native:
            return (chosen.redacted_value,) if entry.multi else chosen.redacted_value
        form = column.form or (chosen.names if entry.name in PEOPLE else "")
        if entry.multi:
            found = [raw] if isinstance(raw, str) else list(raw)
            return tuple(self._text(one, entry, form) for one in found if one not in (None, ""))
        return self._text(raw, entry, form)

    def _text(self, raw: Any, entry: Entry, form: str) -> str:
        if entry.type == "date" and form == "date-time":
            return f"{self._moments.date(raw)} {self._moments.time(raw)}".strip()
        if entry.type == "date":
            return self._moments.date(raw)
        if entry.type == "time":
            return self._moments.time(raw)
        if entry.type == "datetime":
            return self._moments.utc(raw)
        if entry.type == "yes/no":
            return "Yes" if raw is True or str(raw).casefold() in ("yes", "true", "1") else "No"
        if isinstance(raw, list | tuple):
            return "; ".join(map(str, raw))
        return last_first(str(raw)) if form == "last-first" else str(raw)

    def _raw(self, document: Produced, entry: Entry) -> Any:
        if entry.source in SPECIFIED:
            return self._set(document, entry.source)
        return (
            SOURCES[entry.source](document) if entry.source in SOURCES else _kept(document, entry)
        )

    def _set(self, document: Produced, source: str) -> Any:
        """What the specification has a say in."""
        if source == "zone":
            return self._zone
        if source == "company":
            return self._company
        codes = document.coding.get("confidentiality", ())
        return "; ".join(self._specification.confidentiality.get(code, code) for code in codes)


class Moments:
    """Stored times (UTC, ISO 8601) as dates and times of a zone, in a specification's formats.

    A time that was stored without a zone is given as it stands; what is no time is given whole as
    the date.
    """

    def __init__(self, dates: Dates, zone: str) -> None:
        self._dates, self._zone = dates, ZoneInfo(zone)

    def date(self, value: str) -> str:
        """The day, as ``05/04/2001``."""
        moment = self._moment(value)
        return value if moment is None else _DATES[self._dates.date](moment)

    def time(self, value: str) -> str:
        """The time of day, as ``13:22``; ``""`` where only a day is known."""
        moment = self._moment(value) if "T" in value else None
        return "" if moment is None else _TIMES[self._dates.time](moment)

    def utc(self, value: str) -> str:
        """Day and time in UTC."""
        moment = _parsed(value)
        if moment is None:
            return value
        return f"{_DATES[self._dates.date](moment)} {_TIMES[self._dates.time](moment)}"

    def _moment(self, value: str) -> datetime | None:
        moment = _parsed(value)
        if moment is None or moment.tzinfo is None:
            return moment
        try:
            return moment.astimezone(self._zone)
        except OverflowError:  # at either end of the calendar
            return moment


def _parsed(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment


# `strftime` writes the year 850 as 850, and AM as the machine's language has it.
_DATES: dict[str, Callable[[datetime], str]] = {
    "MM/DD/YYYY": lambda m: f"{m.month:02}/{m.day:02}/{m.year:04}",
    "DD/MM/YYYY": lambda m: f"{m.day:02}/{m.month:02}/{m.year:04}",
    "YYYY-MM-DD": lambda m: f"{m.year:04}-{m.month:02}-{m.day:02}",
    "YYYYMMDD": lambda m: f"{m.year:04}{m.month:02}{m.day:02}",
}
_TIMES: dict[str, Callable[[datetime], str]] = {
    "HH:MM": lambda m: f"{m.hour:02}:{m.minute:02}",
    "HH:MM:SS": lambda m: f"{m.hour:02}:{m.minute:02}:{m.second:02}",
    "hh:mm AM/PM": lambda m: f"{_hour(m)}:{m.minute:02} {_half(m)}",
    "hh:mm:ss AM/PM": lambda m: f"{_hour(m)}:{m.minute:02}:{m.second:02} {_half(m)}",
    "hh:mm AM/PM zone": lambda m: f"{_hour(m)}:{m.minute:02} {_half(m)} {m.tzname() or ''}".strip(),
}


def _hour(moment: datetime) -> str:
    return f"{(moment.hour + 11) % 12 + 1:02}"


def _half(moment: datetime) -> str:
    return "AM" if moment.hour < 12 else "PM"


# -- where values come from ------------------------------------------------------------------------

_OF_NATIVE = frozenset({"item.md5", "item.sha1", "item.sha256"})
PEOPLE = frozenset(
    {
        "Custodian", "AllCustodians", "DupCustodian", "From", "SentRepresenting", "To", "CC", "BCC",
        "Author", "LastAuthor",
    }
)  # fmt: skip
"""The fields that hold people's names."""


def _kept(document: Produced, entry: Entry) -> Any:
    """``item.<column>`` or ``metadata.<key>`` of the item; a list kept as one text is parted."""
    place, _, name = entry.source.partition(".")
    if place == "item":
        return document.item[name]
    value = (document.item["metadata"] or {}).get(name)
    if entry.multi and isinstance(value, str):
        return [one.strip() for one in value.split(";")]
    return value


def _sent_representing(document: Produced) -> Any:
    metadata = document.item["metadata"] or {}
    return metadata.get("sent_representing") or metadata.get("sender")


def _exception(document: Produced) -> str:
    state: str = document.item["state"]
    return state if is_exception(state) else ""


def _document_type(document: Produced) -> str:
    category: str = document.item["category"]
    return {"pdf": "PDF"}.get(category, category.capitalize())


def _others(document: Produced) -> tuple[str, ...]:
    return tuple(name for name in document.custodians if name != document.custodian)


def _other_paths(document: Produced) -> tuple[str, ...]:
    """Paths of the suppressed copies: one of them is this document's own."""
    left = list(document.paths)
    if document.item["path"] in left:
        left.remove(document.item["path"])
    return tuple(left)


def _properties(document: Produced) -> tuple[str, ...]:
    kind = {"Email": "E-mail", "eDoc": "File"}
    found = [kind.get(document.item["record_type"], document.item["record_type"])]
    if document.redaction_reasons:
        found.append("Redacted")
    if document.withheld:
        found.append("Document Withheld Based On Privilege")
    return tuple(found)


SOURCES: dict[str, Callable[[Produced], Any]] = {
    "bates.first": lambda d: d.bates.first,
    "bates.last": lambda d: d.bates.last,
    "family.first": lambda d: d.family.span.first,
    "family.last": lambda d: d.family.span.last,
    "family.range": lambda d: f"{d.family.span.first} - {d.family.span.last}",
    "family.parent": lambda d: d.family.parent,
    "family.children": lambda d: d.family.children,
    "family.count": lambda d: len(d.family.children) or "",
    "family.identifier": lambda d: d.family.span.first,
    "volume": lambda d: d.volume,
    "custodian": lambda d: d.custodian,
    "group.custodians": lambda d: d.custodians or (d.custodian,),
    "group.others": _others,
    "group.paths": _other_paths,
    "document_type": _document_type,
    "sent_representing": _sent_representing,
    "pages": lambda d: d.pages,
    "native_path": lambda d: d.native_path,
    "text_path": lambda d: d.text_path,
    "redacted": lambda d: bool(d.redaction_reasons),
    "redaction_reasons": lambda d: tuple(dict.fromkeys(d.redaction_reasons)),
    "withheld": lambda d: d.withheld,
    "placeholder": lambda d: d.placeholder,
    "ocr": lambda d: d.ocr or "ocr" in d.item["flags"],
    "exception": _exception,
    "properties": _properties,
}
SPECIFIED: Sequence[str] = ("zone", "company", "confidentiality")
"""Sources that the specification has a say in."""
