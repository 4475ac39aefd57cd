"""``ediscovery report``: what a matter holds, for people who answer for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ediscovery.cli.common import json_option, note, open_matter, print_json, print_table, size


@click.group()
def report() -> None:
    """Report on a matter.

    \b
    ediscovery report processing acme
    ediscovery report processing acme --html report.html
    """


@report.command()
@click.argument("matter")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page.")
@json_option
def processing(matter: str, html: Path | None, as_json: bool) -> None:
    """Show that nothing was lost: the sums, states, types, custodians, gaps, exceptions.

    \b
    ediscovery report processing acme
    ediscovery report processing acme --json
    """
    from ediscovery.store.reports import processing as make

    data = make(open_matter(matter))
    if html is not None:
        from ediscovery.store.report_page import page

        html.write_text(page(data), encoding="utf-8")
        note(f"Wrote {html}")
    if as_json:
        print_json(data)
        return
    _show(data)


def _show(data: dict[str, Any]) -> None:
    sums = data["reconciliation"]
    balanced = "balanced" if sums["difference"] == 0 else "DOES NOT BALANCE"
    click.echo(f"Processing report of {data['matter']}, {data['at']}")
    click.echo(
        f"\n{sums['seen']:,} items seen = {sums['documents']:,} documents + "
        f"{sums['containers']:,} containers + {sums['suppressed']:,} suppressed + "
        f"{sums['failed']:,} failed; difference {sums['difference']:,}: {balanced}\n"
    )
    found = data["documents"]
    click.echo(
        f"{data['source']['files']:,} source files, {size(data['source']['bytes'])}; "
        f"{found['families']:,} families; {found['duplicates']:,} duplicates; "
        f"{found['indexed']:,} documents searchable\n"
    )
    print_table(
        ("custodian", "documents", "containers", "suppressed", "failed"),
        [
            (n, c["documents"], c["containers"], c["suppressed"], c["failed"])
            for n, c in data["by_custodian"].items()
        ],
    )
    print_table(("type of document", "count"), data["by_type"].items())
    if data["exceptions"]:
        print_table(
            ("exception", "type", "count", "accepted", "what to do"),
            [
                (e["state"], e["type"], e["count"], e["ignored"], e["next_step"])
                for e in data["exceptions"]
            ],
        )
    else:
        click.echo("No exceptions.")
    if data["gaps"]:
        print_table(
            ("RED FLAG: children missing in", "expected", "found", "why"),
            [
                (g["path"], g["expected_children"], g["actual_children"], g["message"])
                for g in data["gaps"]
            ],
        )
    else:
        click.echo("No container lacks a child that it announces.")
