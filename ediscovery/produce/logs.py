"""What goes with a volume: production log, cross-reference of numbers, transmittal letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ediscovery.model.errors import Refused, UsageError
from ediscovery.produce import ledger, sheets, supplement
from ediscovery.produce.documents import Candidate, candidates
from ediscovery.produce.fields import Fields
from ediscovery.produce.forms import WITHHELD
from ediscovery.produce.rows import family_spans
from ediscovery.produce.specification import Specification, from_dict
from ediscovery.produce.volume import title_of
from ediscovery.store.workspace import Matter

LOG_HEADS = (
    "ControlNumber", "BegBates", "EndBates", "BegAttach", "EndAttach", "Pages", "Kind", "Reason",
    "Remark", "Custodian", "AllCustodians", "Confidentiality", "Redacted", "ImageSHA256",
    "NativeSHA256", "TextSHA256", "Volume", "Specification", "SpecificationSHA256",
    "ProtocolVersion", "NumberedBy", "NumberedAt", "WrittenAt", "Suffix", "AddsTo", "LaterVolumes",
)  # fmt: skip
CROSS_HEADS = ("ControlNumber", "BegBates", "EndBates", "Volume", "LaterVolumes")


def write(matter: Matter, volume: str, folder: Path) -> list[Path]:
    """Write all logs of ``volume`` into ``folder``; returns their paths.

    Raises :class:`Refused` for a volume that is not written: nothing of it went out.
    """
    production = ledger.production(matter, volume)
    if production.state != ledger.WRITTEN:
        raise Refused(f"{volume} is not complete.", "Run its production again to go on.")
    folder.mkdir(parents=True, exist_ok=True)
    log, cross = list(production_log(matter, production)), list(cross_reference(matter, production))
    written = []
    for name, heads, rows in (
        ("production-log", LOG_HEADS, log), ("cross-reference", CROSS_HEADS, cross),
    ):  # fmt: skip
        for ending in ("csv", "xlsx", "pdf"):
            path = folder / f"{volume}-{name}.{ending}"
            sheets.write(path, heads, rows, f"{title_of(matter)}, {volume}: {name}")
            written.append(path)
    letter = folder / f"{volume}-transmittal.txt"
    letter.write_text(transmittal(matter, production), encoding="utf-8")
    return [*written, letter]


def production_log(matter: Matter, production: Any) -> Iterator[tuple[object, ...]]:
    """A row for each document of a production, those that were withheld whole too."""
    with matter.reader.connect() as connection:
        lines = ledger.lines(connection, production.id)
        known = _known(matter, lines)
        later = ledger.later(connection, production.base, production.volume)
        base = ledger.find(connection, production.base)
        relatives = ledger.lines(connection, base.id)
        spans = family_spans(connection, [line for line in relatives if line.bates_begin])
    for line in lines:
        one = known.get(line.number)
        span = spans.get(line.number)
        yield (
            matter.control_number(line.number), line.bates_begin, line.bates_end,
            span.first if span else "", span.last if span else "", line.pages, line.kind,
            line.reason, line.message, one.custodian if one else "",
            "; ".join(one.custodians) if one else "", line.confidentiality,
            "Yes" if line.redacted else "No", line.image_sha256, line.native_sha256,
            line.text_sha256, production.volume, production.specification["name"],
            production.specification_sha256, production.protocol_version, production.who,
            production.at, production.written_at, line.suffix,
            production.base if production.base != production.volume else "",
            "; ".join(later.get(line.number, ())),
        )  # fmt: skip


def cross_reference(matter: Matter, production: Any) -> Iterator[tuple[object, ...]]:
    """Control number and Bates numbers of each document that went out, and the volumes in which
    something was put in its place."""
    with matter.reader.connect() as connection:
        lines = ledger.lines(connection, production.id)
        later = ledger.later(connection, production.base, production.volume)
    for line in lines:
        if line.bates_begin:
            yield (
                matter.control_number(line.number), line.bates_begin, line.bates_end,
                production.volume, "; ".join(later.get(line.number, ())),
            )  # fmt: skip


def transmittal(matter: Matter, production: Any) -> str:
    """The letter that goes with a volume: counts, ranges and gaps by custodian, the fields in their
    order, zone and formats, hashes of manifest and seal."""
    specification: Specification = from_dict(production.specification)
    if production.kind == ledger.OVERLAY:
        return _overlay_letter(matter, production, specification)
    with matter.reader.connect() as connection:
        lines = ledger.lines(connection, production.id)
    known = _known(matter, lines)
    numbered = [line for line in lines if line.bates_begin]
    fields = Fields(specification, matter.zone.key, title_of(matter))
    zone = specification.dates.zone or matter.zone.key
    out = [
        f"{title_of(matter)}",
        f"Production {production.volume}"
        + (f" to {specification.receiver}" if specification.receiver else ""),
        *_adds(production),
        "",
        f"Documents: {len(numbered):,}, pages: {sum(line.pages for line in numbered):,}",
        *(
            [f"Bates numbers: {numbered[0].bates_begin} to {numbered[-1].bates_end}"]
            if numbered
            else []
        ),
        f"Withheld for privilege: {sum(line.reason == 'withheld' for line in lines):,}, "
        f"of these with a slip sheet: "
        f"{sum(line.reason == 'withheld' and line.kind != WITHHELD for line in lines):,}",
        f"Redacted: {sum(line.redacted for line in lines):,}; "
        f"in native format: {sum(bool(line.native_sha256) for line in lines):,}",
        "",
        "By custodian:",
    ]
    for custodian, ranges in _ranges(numbered, known).items():
        count = sum(1 for line in numbered if _custodian(known, line.number) == custodian)
        out.append(f"  {custodian}: {count:,} documents")
        out += [f"    {first} to {last}" for first, last in ranges]
        if len(ranges) > 1:
            out.append(f"    ({len(ranges) - 1:,} gaps, taken by other custodians)")
    formats = ", ".join(file.format.upper() for file in specification.load_files)
    out += [
        "",
        f"Load files: {formats}",
        f"Dates: {specification.dates.date}, times: {specification.dates.time}, zone: {zone}",
        *_tail(production, fields.names),
    ]
    return "\n".join(out) + "\n"


def _tail(production: Any, names: Sequence[str]) -> Iterator[str]:
    """Fields and hashes, with which every letter ends."""
    yield "Fields, in order:"
    yield from (f"  {number}. {name}" for number, name in enumerate(names, 1))
    yield ""
    yield f"SHA-256 of the manifest: {production.manifest_sha256 or 'not written yet'}"
    if production.seal_sha256:
        yield f"SHA-256 of the sealed archive: {production.seal_sha256}"


def _overlay_letter(matter: Matter, production: Any, specification: Specification) -> str:
    """The letter of a volume that holds changed fields only; raises :class:`UsageError` when its
    folder, which alone tells which, is gone."""
    try:
        told = supplement.read(Path(production.folder))
    except ValueError:
        told = None
    if told is None:
        raise UsageError(
            f"{production.folder} is not what was written.", "Put the volume's folder back."
        )
    out = [
        title_of(matter),
        f"Production {production.volume}"
        + (f" to {specification.receiver}" if specification.receiver else ""),
        *_adds(production),
        "",
        f"Documents: {len(told.documents):,}",
        *_tail(production, told.fields),
    ]
    return "\n".join(out) + "\n"


def _adds(production: Any) -> list[str]:
    """What a volume is that adds to another one, and what is to be done with it."""
    said = {
        ledger.CLAWBACK: "Documents called back: slip sheets for the pages, load files to lay over",
        ledger.REPLACEMENT: "Replaced pages, with a suffix: load files to lay over",
        ledger.OVERLAY: "Changed fields: a load file to lay over",
    }
    if production.kind == ledger.PRODUCTION:
        return []
    return [f"{said[production.kind]} {production.base}, by the first Bates number."]


def _known(matter: Matter, lines: list[Any]) -> dict[int, Candidate]:
    with matter.reader.connect() as connection:
        return {one.number: one for one in candidates(connection, [line.number for line in lines])}


def _custodian(known: dict[int, Candidate], number: int) -> str:
    return known[number].custodian if number in known else ""


def _ranges(lines: list[Any], known: dict[int, Candidate]) -> dict[str, list[tuple[str, str]]]:
    """By custodian the runs of numbers without a gap, first and last."""
    found: dict[str, list[tuple[str, str]]] = {}
    before = ""
    for line in lines:
        custodian = _custodian(known, line.number)
        runs = found.setdefault(custodian, [])
        if runs and before == custodian:
            runs[-1] = (runs[-1][0], line.bates_end)
        else:
            runs.append((line.bates_begin, line.bates_end))
        before = custodian
    return found
