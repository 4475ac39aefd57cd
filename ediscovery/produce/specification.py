"""Production specifications: what is handed over, and how it looks.

The shipped ones are ``pipelines/production-*.yaml``; a file of one's own, checked against
``schemas/production.json``, may extend one and state only what differs. Where a regulator's rule
could not be confirmed, it is a setting, and the shipped file says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from ediscovery.extract.identify import CATEGORIES
from ediscovery.model.errors import UsageError
from ediscovery.model.settings import Kind, build
from ediscovery.produce.catalogue import Entry, catalogue

KIND = Kind(
    "production specification",
    "pipelines",
    "production.json",
    lambda name: name.startswith("production-"),
)

# What the gate finds, and what follows unless a specification says otherwise.
GATE: dict[str, str] = {
    "not-responsive": "block",
    "unreviewed": "block",
    "privileged": "block",  # coded privileged, and still chosen with its content
    "privilege-screen": "block",  # on the screen and not coded
    "redaction-missing": "block",  # to be redacted, without a redaction
    "redaction-untagged": "block",  # redacted, and not coded so
    "family-differs": "warn",
    "duplicate-differs": "block",
    "produced-before": "block",
    "clawed-back": "block",
    "exception": "warn",
    "text-missing": "warn",
    "page-count": "block",
    "native-of-redacted": "block",
    "field-of-redacted": "block",
    "bates-overlap": "block",
    "bates-gap": "warn",
    "protocol": "block",
    "volume-size": "block",  # a family that fits into no volume
}


@dataclass(frozen=True, slots=True)
class Bates:
    """How numbers look. ``prefix`` ``""``: that of the matter. ``level``: page or document.

    ``replaced``: with a running number, what follows them on pages put in the place of others.
    """

    prefix: str = ""
    separator: str = ""
    digits: int = 7
    start: int = 1
    level: str = "page"
    replaced: str = "_R"

    def number(self, value: int, prefix: str = "") -> str:
        """``ACME0000123`` for 123; ``prefix`` stands in where the specification names none.

        Raises :class:`UsageError` for a number that has more digits.
        """
        if not 1 <= value < 10**self.digits:
            raise UsageError(
                f"Bates number {value:,} does not fit into {self.digits} digits.",
                "Set bates: digits higher before the first production.",
            )
        return f"{self.prefix or prefix}{self.separator}{value:0{self.digits}}"

    def value(self, number: str) -> int:
        """123 for ``ACME0000123``, as :meth:`number` makes it."""
        return int(number[-self.digits :])


@dataclass(frozen=True, slots=True)
class Images:
    """Dots per inch; pages with colour as ``jpeg`` or as ``tiff`` in black and white; quality."""

    dpi: int = 300
    colour: str = "jpeg"
    jpeg_quality: int = 90


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a class of documents is produced.

    ``images``: tiff, pdf, slip-sheet (one page that says why) or none. ``native``: the native goes
    out, too, but never of a redacted document. ``first_pages``: so many as images, 0 for all.
    ``notes``: speaker notes, comments and tracked changes are shown.
    """

    images: str
    native: bool = False
    first_pages: int = 0
    notes: bool = True


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What stands at one of six positions of every page; ``text`` of captions and free text."""

    position: str
    content: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Text files: one a document or a page; of redacted documents by OCR of the image, or from what
    lies outside of the boxes."""

    level: str = "document"
    encoding: str = "utf-8"
    bom: bool = False
    of_redacted: str = "ocr"
    page_breaks: bool = True


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates and times are written, and in which zone; ``""``: the matter's."""

    date: str = "MM/DD/YYYY"
    time: str = "HH:MM"
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A field of ``schemas/production_fields.yaml``, the name it has here, and its form.

    ``form``: ``as-is`` or ``last-first`` for names, ``date-time`` for a date with its time, or
    ``""`` for what the specification says of all.
    """

    field: str
    name: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class LoadFile:
    """One load file and its dialect; ``None`` is what the format has by itself."""

    format: str
    encoding: str | None = None
    bom: bool | None = None
    column: str | None = None
    quote: str | None = None
    newline: str | None = None
    multi: str | None = None
    nested: str | None = None


@dataclass(frozen=True, slots=True)
class Folders:
    """Names of a volume's folders, and how many files one of them holds at most."""

    data: str = "DATA"
    images: str = "IMAGES"
    natives: str = "NATIVES"
    text: str = "TEXT"
    files: int = 500


@dataclass(frozen=True, slots=True)
class Volume:
    """Names of volumes (``VOL001``), and how much goes into one."""

    prefix: str = "VOL"
    digits: int = 3
    records: int = 50_000
    megabytes: int = 500_000


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Whether a volume carries ``index.html``; so many documents a page; ``pdf``: with a PDF of
    each document's page files, because browsers don't show TIFF."""

    write: bool = False
    documents: int = 500
    pdf: bool = False


@dataclass(frozen=True, slots=True)
class Specification:
    """One production specification; see ``pipelines/production-standard.yaml``."""

    fields: tuple[Column, ...]
    treatments: dict[str, Treatment]
    load_files: tuple[LoadFile, ...]
    name: str = ""
    description: str = ""
    receiver: str = ""
    company: str = ""
    protocol: str = "if-any"
    bates: Bates = Bates()
    images: Images = Images()
    endorsements: tuple[Endorsement, ...] = ()
    confidentiality: dict[str, str] = field(default_factory=dict)
    slip_sheets: dict[str, str] = field(default_factory=dict)
    text: Text = Text()
    dates: Dates = Dates()
    field_names: str = ""
    names: str = "as-is"
    redacted_fields: tuple[str, ...] = ()
    redacted_value: str = "REDACTED"
    withheld_fields: tuple[str, ...] = ()
    folders: Folders = Folders()
    volume: Volume = Volume()
    index_page: IndexPage = IndexPage()
    family: str = "whole"
    order: tuple[str, ...] = ("custodian", "date")
    gate: dict[str, str] = field(default_factory=dict)

    def treatment(self, category: str) -> Treatment:
        """How documents of ``category`` (a class of ``docs/identification.md``) are produced."""
        return self.treatments.get(category, self.treatments["default"])

    def reaction(self, finding: str) -> str:
        """``block``, ``warn`` or ``ignore`` for what the gate finds."""
        return self.gate.get(finding, GATE[finding])

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as kept with a production; :func:`from_dict` reads it back."""
        return asdict(self)


def load(name: str) -> Specification:
    """The specification called ``name`` in ``pipelines/``, or the file at that path.

    Raises :class:`UsageError` when there is none, it does not fit ``schemas/production.json``, or
    names a field that does not exist or can't be filled.
    """
    return from_dict(KIND.extended(name), name)


def from_dict(data: dict[str, Any], where: str = "specification") -> Specification:
    """A specification from plain data, checked as :func:`load` does; ``where`` is for errors."""
    fields = [{"field": one} if isinstance(one, str) else one for one in data.get("fields", ())]
    # Plain data as `as_dict` gives it holds None for what a load file does not say.
    files = [
        {key: value for key, value in one.items() if value is not None}
        for one in data.get("load_files", ())
    ]
    data = data | {"fields": fields, "load_files": files}
    KIND.check(_lists(data), where)
    made = build(Specification, data)
    known = catalogue()
    columns = tuple(_column(made, known, one, where) for one in made.fields)
    taken: set[str] = set()
    for column in columns:
        if column.name in taken:
            raise UsageError(
                f"{where}: two fields are called {column.name!r}.", "Give one another name."
            )
        taken.add(column.name)
    for name in (*made.redacted_fields, *made.withheld_fields):
        known.entry(name, where)
    _check_zone(made.dates.zone, where)
    for name in made.treatments:
        if name != "default" and name not in CATEGORIES:
            raise UsageError(
                f"{where}: treatments: there is no class {name!r}.",
                f"Known: default, {', '.join(sorted(CATEGORIES))}.",
            )
    return build(Specification, data | {"fields": [asdict(column) for column in columns]})


def names() -> list[str]:
    """Names of the shipped specifications, sorted."""
    return KIND.names()


def _column(made: Specification, known: Any, column: Column, where: str) -> Column:
    entry: Entry = known.entry(column.field, where)
    if not entry.source:
        raise UsageError(
            f"{where}: the field {column.field!r} can't be filled.", "Leave it out of fields."
        )
    if column.form == "date-time" and entry.type != "date":
        raise UsageError(f"{where}: {column.field!r} is no date.", "Take out form: date-time.")
    agency = entry.names.get(made.field_names)
    return Column(column.field, column.name or (agency.name if agency else entry.name), column.form)


def _lists(value: Any) -> Any:
    """Tuples as lists, as JSON Schema knows them."""
    if isinstance(value, dict):
        return {key: _lists(one) for key, one in value.items()}
    return [_lists(one) for one in value] if isinstance(value, list | tuple) else value


def _check_zone(zone: str, where: str) -> None:
    try:
        ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"{where}: {zone!r} is no time zone.", "Name one as in America/New_York."
        ) from None
