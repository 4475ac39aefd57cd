"""``ediscovery audit``: the log, and checkpoints to keep elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from ediscovery.cli.common import json_option, note, open_matter, print_json, print_table


@click.group()
def audit() -> None:
    """Show the audit log; make a checkpoint to keep outside the matter.

    \b
    ediscovery audit show acme
    ediscovery audit checkpoint acme > acme-2024-06-01.checkpoint
    ediscovery verify acme --checkpoint acme-2024-06-01.checkpoint
    """


@audit.command()
@click.argument("matter")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@json_option
def show(matter: str, last: int, as_json: bool) -> None:
    """Show the last entries of the audit log; --json gives all of them.

    \b
    ediscovery audit show acme --last 10
    """
    from ediscovery.store.audit import entries

    with open_matter(matter).engine.connect() as connection:
        found = list(entries(connection))
    if as_json:
        print_json(found)
        return
    if len(found) > last:
        note(f"Showing the last {last} of {len(found):,} entries.")
    print_table(
        ("no", "at", "who", "action", "details"),
        [
            (
                e["sequence"], e["at"], f"{e['who']}@{e['host']}", e["action"],
                ", ".join(f"{k}={v}" for k, v in e["details"].items()),
            )
            for e in found[-last:]
        ],
    )  # fmt: skip


@audit.command()
@click.argument("matter")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write to.")
def checkpoint(matter: str, out: Path | None) -> None:
    """Print how far the log has come, to be kept where the matter's owner can't reach it.

    \b
    ediscovery audit checkpoint acme --out /media/safe/acme.checkpoint
    """
    from ediscovery.store.audit import checkpoint as make

    opened = open_matter(matter)
    with opened.engine.connect() as connection:
        text = make(connection, opened.name).text()
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text)
        note(f"Wrote {out}")
