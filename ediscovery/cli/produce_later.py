"""``ediscovery produce clawback|replace|overlay``: what happens to a volume later on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ediscovery.cli.common import json_option, note, open_matter, print_json

if TYPE_CHECKING:
    from ediscovery.engine.pool import Pool
    from ediscovery.engine.progress import Progress
    from ediscovery.produce.run import Outcome
    from ediscovery.store.workspace import Matter

_F = TypeVar("_F", bound=Callable[..., Any])

_WORKERS = click.option(
    "--workers", type=click.IntRange(0, 512), default=None,
    help="Worker processes; default: one a processor; 0: in this process.",
)  # fmt: skip
_OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False),
    help="Folder in which the volume appears.",
)  # fmt: skip
_VOLUME = click.option("--volume", default="", help="Name of the new volume.")
_QUERY = click.option("--query", default=None, help="Every document that this query finds.")


@click.command()
@click.argument("matter")
@click.argument("numbers", metavar="[ID]...", nargs=-1)
@_QUERY
@click.option("--family", is_flag=True, help="Their whole families, too.")
@click.option("--reason", default="", help="Why; stays here, in history and audit log.")
@click.option("--basis", default="", help="Ground of the privilege, as the notice and the log say.")
@click.option("--date", "day", default="", metavar="DAY", help="Of the notice; default: today.")
@_OUT
@_VOLUME
@click.option("--confirm", default=None, metavar="VOLUME",
              help="Instead: note that what VOLUME called back was destroyed.")  # fmt: skip
@click.option("--by", default="", metavar="NAME", help="Who confirmed it.")
@click.option("--on", default="", metavar="DAY", help="On which day.")
@click.option("--note", "remark", default="", help="What else was confirmed.")
@_WORKERS
@json_option
def clawback(
    matter: str,
    numbers: tuple[str, ...],
    query: str | None,
    family: bool,
    reason: str,
    basis: str,
    day: str,
    out: Path | None,
    volume: str,
    confirm: str | None,
    by: str,
    on: str,
    remark: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Call back documents that went out although they are privileged (FRE 502).

    \b
    ediscovery produce clawback acme ACME0000012 --reason "sent by mistake" \\
        --basis attorney-client --out out/
    ediscovery produce clawback acme --confirm VOL001-CB01 --by "A. Lawyer" --on 2026-03-02

    ID is a control number or the Bates number of any page. The documents are coded privileged, and
    neither they nor a copy can ever go out again. For each production concerned a volume is
    written: the notice, slip sheets under the same numbers, load files to lay over the first.
    """
    from ediscovery.produce import clawback as clawbacks

    opened = open_matter(matter)
    if confirm is not None:
        if numbers or query is not None or out:
            raise click.UsageError("--confirm goes with --by, --on and --note only.")
        with opened.locked():
            clawbacks.confirm(opened, confirm, by, on, remark)
        if as_json:
            print_json({"schema": "ediscovery/destruction/1", "volume": confirm, "by": by,
                        "on": on, "note": remark})  # fmt: skip
        else:
            click.echo(f"{by} confirmed on {on} that what {confirm} called back was destroyed.")
        return
    claim = clawbacks.Claim(reason, basis, day or datetime.now(opened.zone).date().isoformat())
    with _working(opened, workers, as_json) as (pool, display):
        chosen = _chosen(opened, numbers, query)
        if family:
            from ediscovery.review.coding import families_of

            chosen = families_of(opened, chosen)
        done = clawbacks.call_back(
            opened, chosen, claim, _folder(out), pool, display, volume=_name(volume),
            query=query or "",
        )  # fmt: skip
    never = [opened.control_number(number) for number in done.never_out]
    if as_json:
        print_json(
            {
                "schema": "ediscovery/clawback/1",
                "matter": opened.name,
                "volumes": [volume_data(one) for one in done.volumes],
                "never_out": never,
                "still_out": [
                    {"bates_begin": first, "volume": held, "copy": copy}
                    for first, held, copy in done.still_out
                ],
            }
        )
        return
    for one in done.volumes:
        say_volume(opened, one)
    if never:
        click.echo(f"Never went out, and were left as they are: {', '.join(never)}.")
    for first, held, copy in done.still_out:
        what = "a copy of it" if copy else "a native that holds it"
        note(f"Still out: {first} in {held} is {what}. Call it back, too.")


@click.command()
@click.argument("matter")
@click.argument("base", metavar="VOLUME")
@click.argument("numbers", metavar="[ID]...", nargs=-1)
@_QUERY
@click.option("--reason", default="", help="Why; kept in catalog and audit log.")
@_OUT
@click.option("--volume", default="", help="Name of the new volume; default: VOLUME-R01.")
@click.option("--override", "codes", multiple=True, metavar="CODE",
              help="Go on in spite of this; needs --second-person.")  # fmt: skip
@click.option("--second-person", default="", metavar="NAME", help="Who else releases it.")
@_WORKERS
@json_option
def replace(
    matter: str,
    base: str,
    numbers: tuple[str, ...],
    query: str | None,
    reason: str,
    out: Path | None,
    volume: str,
    codes: tuple[str, ...],
    second_person: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Put new pages in the place of documents of VOLUME, as they are coded and redacted now.

    \b
    ediscovery produce replace acme VOL001 ACME0000012 --reason "redaction lifted" --out out/

    ID is a control number or the Bates number of any page. The numbers stay; files and pages get a
    suffix, as ACME0000012_R1. The gate looks at the documents as in every run; a --reason is that
    of an --override, too. A document coded privileged is called back instead.
    """
    from ediscovery.produce import replace as replacements
    from ediscovery.produce.run import Override

    opened = open_matter(matter)
    override = Override(codes, reason, second_person) if codes else None
    with _working(opened, workers, as_json) as (pool, display):
        done = replacements.replace(
            opened, base, _chosen(opened, numbers, query), reason, _folder(out), pool, display,
            volume=_name(volume), query=query or "", override=override,
        )  # fmt: skip
    if as_json:
        print_json({"schema": "ediscovery/replacement/1", "matter": opened.name, "base": base}
                   | volume_data(done))  # fmt: skip
    else:
        say_volume(opened, done)


@click.command()
@click.argument("matter")
@click.argument("base", metavar="VOLUME")
@click.option("--reason", default="", help="Why; kept in catalog and audit log.")
@_OUT
@click.option("--volume", default="", help="Name of the new volume; default: VOLUME-OV01.")
@json_option
def overlay(
    matter: str, base: str, reason: str, out: Path | None, volume: str, as_json: bool
) -> None:
    """Tell what changed of the documents of VOLUME since it was said: an overlay load file.

    \b
    ediscovery produce overlay acme VOL001 --reason "custodians of later copies" --out out/

    New custodians and paths of copies, corrected metadata: the first Bates number and the changed
    fields, of the documents that changed. The folders of VOLUME and of what was added to it must
    lie where they were written.
    """
    from ediscovery.produce import overlay as overlays

    opened = open_matter(matter)
    with opened.locked():
        done = overlays.overlay(opened, base, reason, _folder(out), volume=_name(volume))
    if as_json:
        print_json(
            {
                "schema": "ediscovery/overlay/1",
                "matter": opened.name,
                "base": base,
                "volume": done.folder.name if done.folder else None,
                "folder": str(done.folder) if done.folder else None,
                "manifest_sha256": done.manifest_sha256,
                "documents": done.documents,
                "columns": done.columns,
                "to_replace": done.to_replace,
                "to_call_back": done.to_call_back,
            }
        )
        return
    if done.folder is None:
        click.echo(f"Nothing changed since {base} was produced; no volume was written.")
    else:
        click.echo(
            f"{done.folder} is complete: {done.documents:,} documents, {', '.join(done.columns)}."
        )
    for firsts, what in (
        (done.to_replace, "coded or redacted otherwise by now: ediscovery produce replace"),
        (done.to_call_back, "coded privileged by now: ediscovery produce clawback"),
    ):
        if firsts:
            note(f"{len(firsts):,} documents ({firsts[0]} …) are {what}")


@contextmanager
def _working(matter: Matter, workers: int | None, quiet: bool) -> Iterator[tuple[Pool, Progress]]:
    """Hold the matter, with its index up to the catalog before and after."""
    from ediscovery.cli.choosing import bring_up
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable

    with matter.locked():
        bring_up(matter, quiet=quiet)
        with (
            stoppable("run the same command again to go on"),
            pool_for(matter, workers) as pool,
            Display(quiet=quiet) as display,
        ):
            yield pool, display
        bring_up(matter, quiet=quiet)


def _chosen(matter: Matter, identities: tuple[str, ...], query: str | None) -> list[int]:
    """The documents named by control or Bates number, or found by a query, ascending."""
    from ediscovery.cli.choosing import chosen
    from ediscovery.produce import ledger

    if identities and query is None:
        return sorted({ledger.number_of(matter, identity) for identity in identities})
    return chosen(matter, identities, query)


def _folder(out: Path | None) -> Path:
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    return out


def _name(volume: str) -> str:
    from ediscovery.produce.supplement import checked_name

    return checked_name(volume) if volume else ""


def volume_data(done: Outcome) -> dict[str, Any]:
    """A volume that was written, as ``--json`` tells of it."""
    return {
        "volume": done.folder.name,
        "folder": str(done.folder),
        "manifest_sha256": done.manifest_sha256,
        "documents": done.documents,
        "pages": done.pages,
        "load_files": {name: written.rows for name, written in done.load_files.items()},
    }


def say_volume(matter: Matter, done: Outcome) -> None:
    """Tell of a volume that was written, and what to do next."""
    click.echo(f"{done.folder} is complete: {done.documents:,} documents, {done.pages:,} pages.")
    note(f"Next: ediscovery produce verify {done.folder} --matter {matter.name}")
