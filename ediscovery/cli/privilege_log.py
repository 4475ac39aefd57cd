"""``ediscovery privilege-log``: what was withheld or redacted, and why."""

from __future__ import annotations

from pathlib import Path

import click

from ediscovery.cli.common import json_option, open_matter, print_json, print_table


@click.command("privilege-log")
@click.argument("matter")
@click.option("--volume", default=None, help="Of this volume; default: of all.")
@click.option("--form", default=None,
              help="traditional, metadata-only, metadata-plus-topic or categorical; "
              "default: as the protocol says, else traditional.")  # fmt: skip
@click.option("--attorney", "attorneys", multiple=True, metavar="NAME",
              help="Mark names that hold this, as the screen's attorneys.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write: NAME.csv, NAME.xlsx or NAME.pdf.")  # fmt: skip
@json_option
def privilege_log(
    matter: str,
    volume: str | None,
    form: str | None,
    attorneys: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Log what was withheld or redacted in productions.

    \b
    ediscovery privilege-log acme --attorney '@lawfirm.example' --out privilege.xlsx
    ediscovery privilege-log acme --volume VOL001 --form categorical --out privilege.pdf

    What the protocol says need not be logged is left out, and counted.

    Ends with exit code 5 when what is withheld and redacted is not what is logged.
    """
    from ediscovery.produce import privilege_log as logs
    from ediscovery.review.protocol import current

    opened = open_matter(matter)
    with opened.reader.connect() as connection:
        agreed = current(connection)
    wanted = agreed.protocol.privilege_log if agreed else None
    chosen = form or (wanted.form if wanted else "traditional")
    made = logs.make(opened, chosen, volume, attorneys, wanted)
    if out is not None:
        logs.write(made, out)
    if as_json:
        print_json(
            {
                "schema": "ediscovery/privilege-log/1",
                "withheld": made.withheld,
                "redacted": made.redacted,
                "left_out": made.left_out,
                "clawed_back": made.clawed_back,
                "entries": [dict(zip(made.heads, row, strict=True)) for row in made.rows],
            }
        )
        return
    if out is None:
        print_table(made.heads, made.rows)
    less = f"; {made.left_out:,} left out as the protocol says" if made.left_out else ""
    click.echo(
        f"{len(made.rows):,} entries: {made.withheld:,} withheld, {made.redacted:,} redacted, "
        f"{made.clawed_back:,} clawed back{less}."
    )
