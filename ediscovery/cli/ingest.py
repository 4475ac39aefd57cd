"""``ediscovery ingest``: custody, then processing."""

from __future__ import annotations

from pathlib import Path

import click

from ediscovery.cli.common import (
    existing_file,
    json_option,
    note,
    open_matter,
    print_json,
    print_table,
    size,
)
from ediscovery.model.errors import FinishedWithExceptions


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--matter", "matter_name", required=True, help="The matter that receives it.")
@click.option("--custodian", required=True, help="Whose data it is; an unknown one is registered.")
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
    custodian: str,
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

    Stopped by Ctrl-C, a crash or a power cut: run the same command again and it goes on. Ends with
    exit code 3 when some items carry exceptions.
    """
    from ediscovery.model import profile as profiles

    matter = open_matter(matter_name)
    profile = profiles.load(profile_name)
    if dry_run:
        _dry_run(list(paths), as_json)
        return
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.engine import pipeline
    from ediscovery.store import passwords, reports

    again = "run the same command again to go on"
    with matter.locked():
        if password_file is not None:
            passwords.add(matter, password_file)
        with stoppable(again), pool_for(matter, workers) as pool, Display(quiet=as_json) as display:
            done = pipeline.ingest(matter, list(paths), custodian, profile, pool, display)
    report = reports.processing(matter)
    if as_json:
        print_json(report | {"collection": done.collection, "known_files": done.known_files})
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
            note(f"Next: ediscovery report processing {matter.name}")
    waiting = sum(e["count"] - e["ignored"] for e in report["exceptions"])
    if waiting and (done.collection is not None or done.indexed):
        raise FinishedWithExceptions(
            f"Finished; {waiting:,} items of the matter carry exceptions.",
            f"See them: ediscovery exceptions {matter.name}",
        )


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
