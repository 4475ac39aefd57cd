"""``ediscovery loadfile``: read, check and convert load files, without a matter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click

from ediscovery.cli.common import existing_file, json_option, note, print_json, print_table, safe
from ediscovery.model.errors import FinishedWithExceptions, UsageError, VerificationFailed

if TYPE_CHECKING:
    from ediscovery.produce.loadfile.dat_read import DatFile
    from ediscovery.produce.loadfile.rows import Finding, Replaced, Report, Written

F = TypeVar("F", bound=Callable[..., Any])
_ROWS = 20  # of a table
_TOLD = 50  # findings on the screen
_WIDE = 8  # columns that a table shows side by side
_LONG = 200  # characters of a value in a table
_CODE = re.compile(r"(?:\\x|0x|u\+)([0-9a-f]{1,6})", re.IGNORECASE)
_WORDS = {"tab": "\t", "none": "", "comma": ",", "pipe": "|"}


def character(_context: object, _parameter: object, value: str | None) -> str | None:
    """A delimiter: one character, its code (``\\x14``, ``U+00FE``), or ``none``."""
    if value is None:
        return None
    found = _CODE.fullmatch(value)
    text = chr(int(found[1], 16)) if found else _WORDS.get(value.lower(), value)
    if len(text) > 1:
        raise click.BadParameter(r"Give one character, its code such as \x14, or: none, tab.")
    return text


def _pairs(_context: object, _parameter: object, values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, equals, content = value.partition("=")
        if not equals or not key or not content:
            raise click.BadParameter(f"{value!r} is not of the form KEY=VALUE.")
        pairs[key] = content
    return pairs


class Reading(TypedDict):
    """How the options say that a delimited file is to be read."""

    column: str | None
    quote: str | None
    newline: str | None
    encoding: str
    header: bool | None
    names: str


def reading_options(command: F) -> F:
    """The options of :class:`Reading`; what is not given is read off the file."""
    for option in (
        click.option("--names", default="", help="Names of the columns, parted by commas."),
        click.option("--header/--no-header", default=None, help="Whether names lead the file."),
        click.option("--encoding", default="", help="Encoding of a file without a mark."),
        click.option("--newline", callback=character, help=r"Line break in values, as \xae."),
        click.option("--quote", callback=character, help=r"Quote, as \xfe, or none."),
        click.option("--column", callback=character, help=r"Column delimiter, as \x14."),
    ):
        command = option(command)
    return command


class Findings:
    """Keeps the first findings to show, and counts all."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def __call__(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        self.refused[finding.kind] += finding.refused
        if len(self.kept) < _TOLD:
            self.kept.append(finding)

    def show(self, checks: Collection[str] = ()) -> None:
        """Print them as notes; ``checks`` are the kinds that are no matter of reading."""
        for one in self.kept:
            where = f"line {one.line:,}: " if one.line else ""
            done = "Fails" if one.kind in checks else "Refused" if one.refused else "Repaired"
            note(safe(f"{done}: {where}{one.sentence}"))
        if (more := self.counts.total() - len(self.kept)) > 0:
            note(f"And {more:,} more: {_counted(self.counts)}.")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in sorted(counts.items()) if number)


def is_page_file(path: Path) -> bool:
    """Whether ``path`` is a page file, by its name."""
    return path.suffix.lower() in (".opt", ".lfp")


def opened(path: Path, report: Report, options: Reading) -> DatFile:
    """The delimited file ``path`` as the options say."""
    from ediscovery.produce.loadfile.dat_read import DatFile
    from ediscovery.produce.loadfile.sniff import sniff

    if path.suffix.lower() in (".dii", ".xml"):
        raise UsageError(
            f"There is no reader for {path.suffix} files.", "Read the DAT, CSV or OPT."
        )
    dialect = sniff(path, options["encoding"], options["column"] or "", options["quote"])
    if options["newline"] is not None:
        dialect = replace(dialect, newline=options["newline"])
    names = [name.strip() for name in options["names"].split(",") if name.strip()]
    return DatFile(path, report, dialect=dialect, header=options["header"], names=names)


@click.group()
def loadfile() -> None:
    """Read, check and convert load files (DAT, CSV, OPT, LFP); see docs/loadfiles.md.

    \b
    ediscovery loadfile read VOL001/DATA/VOL001.dat --limit 5
    ediscovery loadfile check VOL001/DATA/VOL001.dat
    ediscovery loadfile convert VOL001.dat --to csv VOL001.csv
    """


@loadfile.command()
@click.argument("file", type=existing_file())
@click.option("--limit", type=click.IntRange(1), help=f"Records; default: {_ROWS}, or all as JSON.")
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, one a record.")
def read(file: Path, limit: int | None, as_json: bool, **options: Unpack[Reading]) -> None:
    """Print the records of a load file; what had to be repaired is told beside them.

    \b
    ediscovery loadfile read VOL001.dat --limit 5
    ediscovery loadfile read VOL001.opt --json
    ediscovery loadfile read export.txt --column '|' --quote '^' --no-header
    """
    import sys
    from itertools import islice

    import orjson

    from ediscovery.produce.loadfile.check import read_pages

    findings = Findings()
    rows: Any
    if is_page_file(file):
        rows = (asdict(page) for page in read_pages(file, findings, options["encoding"]))
    else:
        rows = (record.fields for record in opened(file, findings, options))
    if as_json:
        for row in islice(rows, limit):
            sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
    else:
        _table(islice(rows, limit or _ROWS))
    findings.show()


def _table(rows: Any) -> None:
    shown = list(rows)
    if shown and len(shown[0]) <= _WIDE:
        print_table(
            list(shown[0]), [[_cut(row.get(name, "")) for name in shown[0]] for row in shown]
        )
        return
    print_table(
        ("record", "field", "value"),
        [
            (number if at == 0 else None, name, _cut(value))
            for number, row in enumerate(shown, 1)
            for at, (name, value) in enumerate((n, v) for n, v in row.items() if v)
        ],
    )


def _cut(value: Any) -> Any:
    return f"{value[:_LONG]}…" if isinstance(value, str) and len(value) > _LONG else value


@loadfile.command()
@click.argument("file", type=existing_file())
@click.option("--volume", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of the volume. Default: the one above FILE's folder DATA.")  # fmt: skip
@click.option("--pages", type=existing_file(),
              help="Page file (OPT, LFP). Default: the one beside FILE.")  # fmt: skip
@click.option("--role", "columns", multiple=True, callback=_pairs, metavar="ROLE=COLUMN",
              help="Column for begin, end, family_begin, family_end, parent, pages, native, text.",
              )  # fmt: skip
@reading_options
@json_option
def check(
    file: Path,
    volume: Path | None,
    pages: Path | None,
    columns: dict[str, str],
    as_json: bool,
    **options: Unpack[Reading],
) -> None:
    """Check a load file, and its volume where it lies beside it; exit code 5 when something fails.

    \b
    ediscovery loadfile check VOL001/DATA/VOL001.dat
    ediscovery loadfile check VOL001.dat --volume VOL001 --pages VOL001.opt
    ediscovery loadfile check export.csv --role begin="Control Number"
    """
    from ediscovery.produce.loadfile import check as checks
    from ediscovery.produce.loadfile.roles import ROLES

    for role in columns:
        if role not in ROLES:
            raise click.BadParameter(f"{role!r} is none of: {', '.join(ROLES)}.")
    findings = Findings()
    data = None if is_page_file(file) else opened(file, findings, options)
    if data is None:
        pages = file
    elif pages is None:
        pages = checks.pages_beside(file)
    done = checks.check(data, pages, volume or checks.volume_of(file), findings, columns)
    names = {one.name for one in done}
    bad = Counter(
        {kind: n for kind, n in findings.counts.items() if kind in checks.DEFECTS or kind in names}
    )
    bad |= findings.refused
    records = max((one.looked_at for one in done if one.name == "identifiers"), default=0)
    rows = [("rows", records, sum(n for kind, n in bad.items() if kind not in names), "")]
    rows += [(one.name, one.looked_at, one.failed, one.note) for one in done]
    if as_json:
        print_json(
            {
                "schema": "ediscovery/loadfile-check/1",
                "holds": not bad.total(),
                "checks": [
                    {"name": name, "looked_at": looked_at, "failed": failed, "note": why}
                    for name, looked_at, failed, why in rows
                ],
                "counts": dict(findings.counts),
                "findings": [asdict(one) for one in findings.kept],
            }
        )
    else:
        print_table(
            ("check", "looked at", "failed", "result"),
            [
                (name, looked_at or None, failed or None, "fails" if failed else why or "holds")
                for name, looked_at, failed, why in rows
            ],
        )
        findings.show(names)
    if failed := bad.total():
        raise VerificationFailed(
            f"{file} fails: {_counted(bad)}.",
            f"{failed:,} findings; ask the producing party, or see docs/loadfiles.md.",
        )


@loadfile.command()
@click.argument("file", type=existing_file())
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--to", required=True, help="What to write.",
              type=click.Choice(["dat", "csv", "opt", "lfp", "dii", "edrm-xml"]))  # fmt: skip
@click.option("--pages", type=existing_file(), help="Page file with the images, for dii, edrm-xml.")
@click.option("--fields", default="", help="Columns to write, parted by commas; default: all.")
@click.option("--rename", multiple=True, callback=_pairs, metavar="OLD=NEW", help="Rename columns.")
@click.option("--to-encoding", default="", help="Encoding of DAT; cp1252 is written without mark.")
@click.option("--to-column", callback=character, help="Column delimiter to write.")
@click.option("--to-quote", callback=character, help="Quote to write.")
@click.option("--to-newline", callback=character, help="Line break in values to write.")
@click.option("--replaced", type=click.Path(path_type=Path, dir_okay=False),
              help="Write every replaced character to this file, as JSON lines.")  # fmt: skip
@reading_options
@json_option
def convert(
    file: Path,
    out: Path,
    to: str,
    pages: Path | None,
    fields: str,
    rename: dict[str, str],
    to_encoding: str,
    to_column: str | None,
    to_quote: str | None,
    to_newline: str | None,
    replaced: Path | None,
    as_json: bool,
    **options: Unpack[Reading],
) -> None:
    """Write a load file again in another format; exit code 3 when rows of FILE were refused.

    \b
    ediscovery loadfile convert VOL001.dat --to csv VOL001.csv
    ediscovery loadfile convert VOL001.dat --to dat old.dat --to-encoding cp1252
    ediscovery loadfile convert VOL001.opt --to lfp VOL001.lfp
    ediscovery loadfile convert VOL001.dat --to dii VOL001.dii --pages VOL001.opt
    """
    from contextlib import ExitStack

    import orjson

    from ediscovery.produce.loadfile.convert import convert_data, convert_pages
    from ediscovery.produce.loadfile.rows import CONCORDANCE, CSV

    if out.exists() and out.samefile(file):
        raise click.BadParameter("OUT is FILE itself.")
    findings = Findings()
    first: list[Replaced] = []
    with ExitStack() as stack:
        log = stack.enter_context(open(replaced, "wb")) if replaced else None

        def tell(one: Replaced) -> None:
            if len(first) < _TOLD:
                first.append(one)
            if log is not None:
                log.write(orjson.dumps(asdict(one)) + b"\n")

        if is_page_file(file):
            done = convert_pages(file, to, out, findings, options["encoding"])
        else:
            given = {"column": to_column, "quote": to_quote, "newline": to_newline}
            dialect = replace(
                CSV if to == "csv" else CONCORDANCE,
                **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
            )
            if to_encoding:
                mark = to_encoding.lower().startswith("utf")
                dialect = replace(dialect, encoding=to_encoding, bom=mark)
            chosen = [name.strip() for name in fields.split(",") if name.strip()]
            done = convert_data(
                opened(file, findings, options), to, out, tell, dialect=dialect, pages=pages,
                report=findings, rename=rename, columns=chosen,
            )  # fmt: skip
    if as_json:
        print_json(
            {
                "schema": "ediscovery/loadfile-convert/1",
                "rows": done.rows,
                "replaced": dict(done.replaced),
                "counts": dict(findings.counts),
                "findings": [asdict(one) for one in findings.kept],
            }
        )
    else:
        _tell_converted(out, done, first, findings)
    if refused := findings.refused.total():
        raise FinishedWithExceptions(
            f"{out} is written; {refused:,} rows or values of {file} were refused.",
            "They are named above.",
        )


def _tell_converted(out: Path, done: Written, first: list[Replaced], findings: Findings) -> None:
    findings.show()
    for one in first:
        what = f"{one.times:,} × {one.character!r} by {one.substitute!r}"
        note(safe(f"Replaced: record {one.record:,}, {one.field}: {what}"))
    counted = _counted(Counter({repr(c): n for c, n in done.replaced.items()}))
    note(f"Wrote {done.rows:,} rows to {out}" + (f"; replaced: {counted}" if counted else ""))
