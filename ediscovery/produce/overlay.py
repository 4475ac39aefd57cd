"""Tells a receiver what is known of produced documents by now: an overlay load file.

New custodians of copies that came in later, corrected metadata: the key and the changed fields, of
the documents that have changed. What was said before is read from the volumes as they were written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ediscovery.engine import place
from ediscovery.model.errors import Refused, UsageError, VerificationFailed
from ediscovery.produce import ledger, supplement
from ediscovery.produce import run as runs
from ediscovery.produce.catalogue import catalogue
from ediscovery.produce.documents import Candidate, candidates
from ediscovery.produce.fields import Fields, Produced
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.dat_write import write_dat, write_overlay
from ediscovery.produce.loadfile.rows import Record, Replaced, Value
from ediscovery.produce.render.verify import text_is_clean
from ediscovery.produce.rows import Files, Rows
from ediscovery.produce.secrets import words_of
from ediscovery.produce.specification import LoadFile, Specification, from_dict
from ediscovery.produce.volume import (
    ENDINGS,
    MANIFEST,
    dialect_of,
    digests_of,
    title_of,
    write_manifest,
)
from ediscovery.store import audit
from ediscovery.store.catalog import writing
from ediscovery.store.workspace import Matter

# Sources of fields that tell of the files as they went out, and of what can be seen on them: these
# change by a replacement only.
_OF_FILES = frozenset({"volume", "pages", "native_path", "text_path", "placeholder", "ocr"})
_OF_PAGES = frozenset(
    {"confidentiality", "redacted", "redaction_reasons", "withheld", "properties"}
)


@dataclass(slots=True)
class Overlaid:
    """What was written: ``folder`` (``None`` when nothing has changed), how many ``documents``, the
    ``columns`` beside the key.

    ``to_replace``: first numbers of documents that are coded or redacted otherwise than their pages
    show; ``to_call_back``: of documents that are coded privileged by now. Neither is in it.
    """

    folder: Path | None = None
    manifest_sha256: str = ""
    documents: int = 0
    columns: list[str] = field(default_factory=list)
    to_replace: list[str] = field(default_factory=list)
    to_call_back: list[str] = field(default_factory=list)


def overlay(
    matter: Matter, base_volume: str, reason: str, out: Path, *, volume: str = ""
) -> Overlaid:
    """Write what changed of the documents of a production since it was said, as a volume in
    ``out``; the caller holds the matter.

    Raises :class:`Refused` when a changed field says what is redacted, or the production has no
    data file; :class:`VerificationFailed` when the folder of an earlier volume is not what was
    written; :class:`UsageError` without a reason.
    """
    if not reason.strip():
        raise UsageError("An overlay needs a reason.", "Add --reason '…'.")
    return _Overlay(matter, supplement.base_of(matter, base_volume)).write(
        reason, out.absolute(), volume
    )


class _Overlay:
    def __init__(self, matter: Matter, base: Any) -> None:
        self._matter, self._base = matter, base
        self._specification: Specification = from_dict(base.specification)
        self._file = _data_file(self._specification)
        self._fields = Fields(self._specification, matter.zone.key, title_of(matter))
        sources = {
            column.name: catalogue().entry(column.field, "fields").source
            for column in self._specification.fields
        }
        self._key = next((n for n, source in sources.items() if source == "bates.first"), "")
        if not self._key:
            raise Refused(
                f"{base.volume} names no first Bates number to find its documents by.",
                "Produce them anew.",
            )
        fixed = [n for n, s in sources.items() if s.partition(".")[0] in ("bates", "family")]
        self._seen = [name for name, source in sources.items() if source in _OF_PAGES]
        self._told = [
            name
            for name, source in sources.items()
            if name not in fixed and source not in _OF_FILES | _OF_PAGES
        ]

    def write(self, reason: str, out: Path, volume: str) -> Overlaid:
        done = Overlaid()
        lines, known = self._lines(done)
        changed = self._changed(lines, done)
        names = set().union(*changed.values()) if changed else set()
        done.columns = [name for name in self._told if name in names]
        records = [
            self._record(values, done.columns)
            for line, values in self._values(
                [line for line in lines if line.bates_begin in changed]
            )
            if self._harmless(known[line.number], values, done.columns)
        ]
        done.documents = len(records)
        if records:
            self._publish(done, records, reason, out, volume)
        return done

    def _lines(self, done: Overlaid) -> tuple[list[Any], dict[int, Candidate]]:
        """The rows that hold, in the order of the production, and what is known of each."""
        with self._matter.reader.connect() as connection:
            self._relatives = ledger.lines(connection, self._base.id)
            self._added = ledger.added(connection, self._base.volume)
            held = {line.number: line for line in self._relatives if line.bates_begin}
            for one in self._added:
                for line in ledger.lines(connection, one.id):
                    if one.kind == ledger.CLAWBACK:
                        held.pop(line.number, None)
                    elif one.state == ledger.WRITTEN and line.number in held:
                        held[line.number] = line
            known = {one.number: one for one in candidates(connection, list(held))}
        lines = []
        for number, line in held.items():
            one = known.get(number)
            if one is None:
                continue
            if one.withheld and line.reason != "withheld":
                done.to_call_back.append(line.bates_begin)
                continue
            if line.reason != "withheld" and bool(one.redactions) != line.redacted:
                done.to_replace.append(line.bates_begin)
            lines.append(line)
        return lines, known

    def _values(self, lines: Sequence[Any]) -> Iterator[tuple[Any, dict[str, Value]]]:
        """The rows with what is known of them now, by column."""
        rows = Rows(self._matter, self._specification, self._base.volume)
        files = {line.number: Files(line.pages, "", "") for line in lines}
        made: Produced
        for line, made in rows.produced(lines, files, self._relatives):
            yield line, self._fields.values(made)

    def _changed(self, lines: Sequence[Any], done: Overlaid) -> dict[str, set[str]]:
        """By first number the columns that say something else now.

        Both sides are read from files of the same dialect: what that could not carry is no change.
        """
        before = self._said_since()
        ignored: list[Replaced] = []
        scratch = place.scratch(self._matter)
        scratch.mkdir(parents=True, exist_ok=True)
        found: dict[str, set[str]] = {}
        with tempfile.TemporaryDirectory(dir=scratch, prefix="overlay-") as folder:
            path = Path(folder) / "now"
            write_dat(
                path, (Record(values) for _, values in self._values(lines)), self._fields.names,
                ignored.append, dialect_of(self._file),
            )  # fmt: skip
            said = self._read(self._trusted(self._base))
            for now in self._read(path):
                first = now[self._key]
                then = next((row for row in said if row[self._key] == first), None)
                if then is None:
                    raise VerificationFailed(
                        f"The data file of {self._base.volume} does not tell of {first}.",
                        f"Run: ediscovery produce verify {self._base.folder}",
                    )
                then |= before.get(first, {})
                if any(now[name] != then[name] for name in self._seen):
                    done.to_replace.append(first)
                names = {name for name in self._told if now[name] != then[name]}
                if names:
                    found[first] = names
        done.to_replace = list(dict.fromkeys(done.to_replace))
        return found

    def _said_since(self) -> dict[str, dict[str, str]]:
        """By first number what volumes that were added said last."""
        found: dict[str, dict[str, str]] = {}
        for one in self._added:
            if one.state == ledger.WRITTEN and one.kind != ledger.CLAWBACK:
                for row in self._read(self._trusted(one)):
                    found.setdefault(row[self._key], {}).update(row)
        return found

    def _read(self, path: Path) -> Iterator[dict[str, str]]:
        table = DatFile(path, lambda finding: None, dialect=dialect_of(self._file), header=True)
        for record in table:
            yield {name: str(value) for name, value in record.fields.items()}

    def _trusted(self, production: Any) -> Path:
        """The data file of a volume, held against what was written."""
        name = (
            f"{self._specification.folders.data}/{production.volume}.{ENDINGS[self._file.format]}"
        )
        folder = Path(production.folder)
        try:
            manifest = (folder / MANIFEST).read_bytes()
            with open(folder / name, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UsageError(
                f"What {production.volume} said can't be read: {error}",
                f"Put its folder back to {folder}.",
            ) from error
        listed = {
            row["Path"].replace("\\", "/"): row["SHA256"]
            for row in csv.DictReader(io.StringIO(manifest.decode("utf-8", "replace")))
            if hashlib.sha256(manifest).hexdigest() == production.manifest_sha256
        }
        if listed.get(name) != digest:
            raise VerificationFailed(
                f"{folder} is not what was written.", f"Run: ediscovery produce verify {folder}"
            )
        return folder / name

    def _record(self, values: dict[str, Value], columns: Sequence[str]) -> Record:
        return Record({name: values[name] for name in (self._key, *columns)})

    def _harmless(self, one: Candidate, values: dict[str, Value], columns: Sequence[str]) -> bool:
        """Raises :class:`Refused` when a field says what is redacted, else true."""
        secrets = words_of(self._matter, one) if one.redactions else []
        for name in columns:
            value = values[name]
            if secrets and text_is_clean(
                value if isinstance(value, str) else "\n".join(value), secrets, name
            ):
                raise Refused(
                    f"The field {name} of {values[self._key]} would say what is redacted.",
                    "Redact the document's field: redacted_fields in the specification.",
                )
        return True

    def _publish(
        self, done: Overlaid, records: list[Record], reason: str, out: Path, volume: str
    ) -> None:
        selection = ledger.digest([record.fields for record in records])
        base = self._base
        firsts = [str(record.fields[self._key]) for record in records]
        with writing(self._matter.engine) as connection:
            production = supplement.unfinished(connection, base.volume, ledger.OVERLAY, selection)
            if production is None:
                production = supplement.register(
                    connection,
                    base,
                    ledger.OVERLAY,
                    volume,
                    grounds=reason,
                    query="",
                    folder=str(out),
                    protocol_version=base.protocol_version,
                    selection_sha256=selection,
                )
                if (out / production.volume).exists():
                    raise UsageError(f"{out / production.volume} exists.", "Choose another --out.")
                audit.record(
                    connection,
                    "overlay",
                    {"volume": production.volume, "base": base.volume, "columns": done.columns,
                     "bates": firsts, "reason": reason},
                )  # fmt: skip
        self._matter.mirror_audit()
        draft = runs.draft_of(self._matter, production.id, out, production.volume)
        data = draft / self._specification.folders.data
        data.mkdir(exist_ok=True)
        ignored: list[Replaced] = []
        write_overlay(
            data / f"{production.volume}.{ENDINGS[self._file.format]}", records, self._key,
            done.columns, ignored.append, dialect_of(self._file),
        )  # fmt: skip
        supplement.Supplement(
            production.volume,
            ledger.OVERLAY,
            base.volume,
            tuple(supplement.Entry(first, first) for first in firsts),
            fields=(self._key, *done.columns),
        ).write(draft)
        done.manifest_sha256 = write_manifest(draft, dict(digests_of(draft)))
        done.folder = out / production.volume
        runs.publish(self._matter, production.id, draft, done.folder, done.manifest_sha256)


def _data_file(specification: Specification) -> LoadFile:
    for file in specification.load_files:
        if file.format in ("dat", "csv"):
            return file
    raise Refused("The production has neither DAT nor CSV.", "An overlay is one of these.")
