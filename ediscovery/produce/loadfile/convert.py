"""One load file written again as another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ediscovery.model.errors import UsageError
from ediscovery.produce.loadfile.check import read_pages
from ediscovery.produce.loadfile.dat_read import DatFile
from ediscovery.produce.loadfile.dat_write import write_dat
from ediscovery.produce.loadfile.dii import write_dii
from ediscovery.produce.loadfile.edrm_xml import write_edrm_xml
from ediscovery.produce.loadfile.lfp import write_lfp
from ediscovery.produce.loadfile.opt import write_opt
from ediscovery.produce.loadfile.page_index import PageIndex
from ediscovery.produce.loadfile.pages import documents
from ediscovery.produce.loadfile.roles import roles
from ediscovery.produce.loadfile.rows import (
    Dialect,
    Document,
    PageRow,
    Record,
    Report,
    ReportReplaced,
    Written,
)

FORMATS = ("dat", "csv", "opt", "lfp", "dii", "edrm-xml")


def convert_pages(source: Path, to: str, out: Path, report: Report, encoding: str = "") -> Written:
    """Write the page file ``source`` as ``to``, ``"opt"`` or ``"lfp"``.

    Each document's page count is counted. What the other format can't hold (colour and rotation in
    OPT, page counts in LFP) is left out.

    Raises:
        UsageError: ``to`` is no page file, or a page can't be written there.
    """
    if to not in ("opt", "lfp"):
        raise UsageError(
            f"A page file holds no fields, so it can't become {to}.",
            "Convert the data file, and name this one with --pages.",
        )

    def counted() -> Iterator[PageRow]:
        for first, *others in documents(read_pages(source, report, encoding)):
            yield replace(first, pages=len(others) + 1)
            yield from others

    return (write_opt if to == "opt" else write_lfp)(out, counted())


def convert_data(
    source: DatFile,
    to: str,
    out: Path,
    replaced: ReportReplaced,
    *,
    dialect: Dialect,
    pages: Path | None = None,
    report: Report,
    rename: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
) -> Written:
    """Write the data file ``source`` as ``to``: ``"dat"``, ``"csv"``, ``"dii"`` or ``"edrm-xml"``.

    Args:
        source: What to read.
        to: The format.
        out: Where to write.
        replaced: Is called for each value in which something was replaced.
        dialect: How to write DAT and CSV.
        pages: The page file with the images of DII and EDRM XML.
        report: Is called with the findings of the page file.
        rename: Old name -> new name of columns.
        columns: The columns to write, under their old names; all where there are none.

    Raises:
        UsageError: a column is unknown, or the format can't hold the data.
    """
    if to not in ("dat", "csv", "dii", "edrm-xml"):
        raise UsageError(
            f"{source.path} holds no pages, so it can't become {to}.", "Convert its page file."
        )
    # Surplus values of ragged rows are columns too: nothing read is left out.
    known = source.names if columns else source.all_names()
    new = dict(rename or {})
    for name in (*columns, *new):
        if name not in known:
            raise UsageError(f"There is no column {name!r}.", f"There are: {', '.join(known[:40])}")
    chosen = tuple(columns) or tuple(known)
    names = [new.get(name, name) for name in chosen]

    def records() -> Iterator[Record]:
        for record in source:
            held = record.fields
            yield Record({name: held.get(old, "") for old, name in zip(chosen, names, strict=True)})

    if to in ("dat", "csv"):
        return write_dat(out, records(), names, replaced, dialect)
    old = roles(chosen).get("begin") or chosen[0]
    identifier = new.get(old, old)
    with PageIndex() as index:
        if pages is not None:
            index.fill(read_pages(pages, report))

        def joined() -> Iterator[Document]:
            for record in records():
                yield record, index.of(str(record.fields[identifier]))

        if to == "dii":
            others = [name for name in names if name != identifier]
            return write_dii(out, joined(), identifier, others, replaced)
        return write_edrm_xml(out, joined(), identifier, names, replaced)
