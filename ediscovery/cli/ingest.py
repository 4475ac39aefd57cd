"""``ediscovery ingest``: custody, then processing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ediscovery.cli.common import (
    existing_file,
    json_option,
    note,
    open_matter,
    print_json,
    print_table,
    safe,
    size,
)
from ediscovery.model.errors import FinishedWithExceptions

if TYPE_CHECKING:
    from ediscovery.store.workspace import Matter

_FINDINGS = 10


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--matter", "matter_name", required=True, help="The matter that receives it.")
@click.option("--custodian", help="Whose data it is; an unknown one is registered.")
@click.option("--received-from", metavar="PARTY",
              help="Not --custodian: PATH is the volume of a production by PARTY.")  # fmt: skip
@click.option("--profile", "profile_name", default="default", show_default=True,
              help="A shipped profile or the path of a YAML file.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 512), default=None,
              help="Worker processes; default: one a processor; 0: in this process.")  # fmt: skip
@click.option("--password-file", type=existing_file(),
              help="Passwords for the matter's bank, one a line.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count what would be taken, and change nothing.")
@json_option
def ingest(
    paths: tuple[Path, ...],
    matter_name: str,
    custodian: str | None,
    received_from: str | None,
    profile_name: str,
    workers: int | None,
    password_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take a collection into custody and process it until it is searchable.

    \b
    ediscovery ingest evidence/jane --matter acme --custodian "Jane Roe"
    ediscovery ingest jane.pst share/ --matter acme --custodian "Jane Roe" --profile ocr
    ediscovery ingest evidence/jane --matter acme --custodian "Jane Roe" --dry-run
    ediscovery ingest VOL001 --matter acme --received-from "Bolt Inc"

    Stopped by Ctrl-C, a crash or a power cut: run the same command again and it goes on. Ends with
    exit code 3 when some items carry exceptions.
    """
    from ediscovery.model import profile as profiles

    if (custodian is None) == (received_from is None):
        raise click.UsageError("Say either --custodian or --received-from.")
    matter = open_matter(matter_name)
    profile = profiles.load(profile_name)
    if dry_run:
        _dry_run(list(paths), as_json)
        return
    join = None
    if received_from is not None:
        join = _joining(list(paths))
    elif custodian is not None:
        _note_volumes(list(paths))
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.engine import pipeline
    from ediscovery.store import passwords, received, reports

    again = "run the same command again to go on"
    with matter.locked():
        if password_file is not None:
            passwords.add(matter, password_file)
        with stoppable(again), pool_for(matter, workers) as pool, Display(quiet=as_json) as display:
            done = pipeline.ingest(
                matter, list(paths), received_from or custodian or "", profile, pool, display, join
            )
    report = reports.processing(matter)
    told = None
    if join is not None and done.collection is not None:
        told = received.summary(matter, done.collection)
    if as_json:
        more = {} if told is None else {"received": told}
        print_json(report | {"collection": done.collection, "known_files": done.known_files} | more)
    else:
        if done.known_files:
            note(f"{done.known_files:,} files are in the matter already and were left out.")
        if done.collection is None and done.indexed:
            click.echo(
                f"No new files; index and tags of {done.indexed:,} documents were completed."
            )
        elif done.collection is None:
            click.echo("Nothing new: every file is in the matter already.")
        else:
            sums = next(
                c["reconciliation"] for c in report["collections"] if c["id"] == done.collection
            )
            click.echo(
                f"Collection {done.collection}: {sums['seen']:,} items seen = "
                f"{sums['documents']:,} documents + {sums['containers']:,} containers + "
                f"{sums['suppressed']:,} suppressed + {sums['failed']:,} failed "
                f"(difference {sums['difference']})."
            )
            if told is not None:
                _say_received(told)
            note(f"Next: ediscovery report processing {matter.name}")
    waiting = sum(e["count"] - e["ignored"] for e in report["exceptions"])
    if waiting and (done.collection is not None or done.indexed):
        raise FinishedWithExceptions(
            f"Finished; {waiting:,} items of the matter carry exceptions.",
            f"See them: ediscovery exceptions {matter.name}",
        )


def _joining(paths: list[Path]) -> Callable[[Matter, int], None]:
    """What joins a received volume; a folder without load files is refused before custody."""
    from ediscovery.engine.collect import outermost
    from ediscovery.produce.received.join import join, refuse_without

    refuse_without(outermost(paths))
    return join


def _note_volumes(paths: list[Path]) -> None:
    from ediscovery.produce.received.recognise import near

    found = next(near(path for path in paths if path.is_dir()), None)
    if found is not None:
        note(
            f"{found} looks like the load file of a production. Its files are taken one by one; to "
            "take them as documents with their Bates numbers: --received-from PARTY"
        )


def _say_received(told: dict[str, Any]) -> None:
    for load in told["load_files"]:
        line = f"{load['path']}: {load['records']:,} documents"
        if load["lost_rows"]:
            line += f", {load['lost_rows']:,} rows could not be read"
        click.echo(safe(f"{line}."))
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in load["findings"].items())
        if kinds:
            click.echo(f"  found: {kinds}")
        for at, _, kind, sentence, _ in load["first_findings"][:_FINDINGS]:
            click.echo(safe(f"  {f'line {at}: ' if at else ''}{kind}: {sentence}"))
        if sum(load["findings"].values()) > _FINDINGS:
            click.echo("  … all of them: ediscovery loadfile check FILE")
    if told["records_with_problems"]:
        click.echo(f"{told['records_with_problems']:,} documents lack a file or share a number.")
    if told["unnamed_files"]:
        count = told["unnamed_files"]
        click.echo(f"{count:,} files are named by no load file; each is an item of its own.")


def _dry_run(paths: list[Path], as_json: bool) -> None:
    from collections import Counter

    from ediscovery.engine.collect import outermost, scan
    from ediscovery.extract.identify import extension
    from ediscovery.model.errors import UsageError

    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist.", "Give the path of a file or folder.")
    entries = scan(outermost(paths))
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for entry in entries:
        kind = entry.note[0] if entry.note else extension(entry.shown.rsplit("/", 1)[-1])
        counts[kind or "no extension"] += 1
        sizes[kind or "no extension"] += entry.size
    if as_json:
        by_kind = {k: {"files": n, "bytes": sizes[k]} for k, n in counts.most_common()}
        print_json({"files": len(entries), "bytes": sizes.total(), "by_extension": by_kind})
        return
    print_table(
        ("extension", "files", "size"), [(k, n, size(sizes[k])) for k, n in counts.most_common()]
    )
    click.echo(f"{len(entries):,} files, {size(sizes.total())}. Nothing was changed.")
