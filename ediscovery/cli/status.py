"""``ediscovery status``."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from ediscovery.cli.common import json_option, open_matter, print_json, print_table, size

_SECONDS = 2


@click.command()
@click.argument("matter")
@click.option("--watch", is_flag=True, help="Show it again every two seconds; Ctrl-C ends.")
@json_option
def status(matter: str, watch: bool, as_json: bool) -> None:
    """Show how far a matter's collections are, also while another process works on it.

    \b
    ediscovery status acme --watch
    """
    from ediscovery.store.overview import status as look

    opened = open_matter(matter)
    try:
        while True:
            data = look(opened)
            if watch:
                click.clear()
            if as_json:
                print_json(data)
            else:
                _show(data)
            if not watch:
                return
            sys.stdout.flush()
            time.sleep(_SECONDS)
    except KeyboardInterrupt:
        if not watch:
            raise


def _show(data: dict[str, Any]) -> None:
    if not data["collections"]:
        click.echo("No collections yet.")
        return
    print_table(
        ("collection", "custodian", "state", "files", "size", "units", "items", "exceptions",
         "restarts"),
        [
            (
                c["id"], c["custodian"], c["state"], c["files"] or 0, size(c["bytes"] or 0),
                f"{c['units_done']}/{c['units']}", c["items"], c["exceptions"],
                c["parser_restarts"],
            )
            for c in data["collections"]
        ],
    )  # fmt: skip
    found = data["documents"]
    click.echo(
        f"{found['numbered']:,} documents, {found['indexed']:,} searchable, "
        f"{found['tagged']:,} tagged."
    )
    if data["dashboard"]:
        click.echo(f"Dashboard: {data['dashboard']}")
