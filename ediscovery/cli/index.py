"""``ediscovery index``: the index is disposable."""

from __future__ import annotations

import click

from ediscovery.cli.common import json_option, open_matter, print_json
from ediscovery.model.errors import VerificationFailed


@click.group()
def index() -> None:
    """Rebuild the index of a matter, or hold it against the catalog.

    \b
    ediscovery index verify acme
    ediscovery index rebuild acme
    """


@index.command()
@click.argument("matter")
@click.option("--workers", type=click.IntRange(0, 512), default=None, help="As for ingest.")
def rebuild(matter: str, workers: int | None) -> None:
    """Throw the index away and make it anew from catalog and packs.

    \b
    ediscovery index rebuild acme
    """
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.engine.stages.index import rebuild as make

    opened = open_matter(matter)
    with (
        opened.locked(),
        stoppable("run the same command again to start over"),
        pool_for(opened, workers) as pool,
        Display() as display,
    ):
        count = make(opened, pool, display)
    click.echo(f"Indexed {count:,} documents.")


@index.command()
@click.argument("matter")
@json_option
def verify(matter: str, as_json: bool) -> None:
    """Prove that index and catalog agree, to the document and its version.

    \b
    ediscovery index verify acme
    ediscovery index verify acme --json
    """
    from ediscovery.engine.stages.index import compare

    opened = open_matter(matter)
    looked, problems = compare(opened)
    if as_json:
        print_json(
            {
                "schema": "ediscovery/index-verify/1",
                "matter": opened.name,
                "holds": not problems,
                "documents": looked,
                "problems": problems,
            }
        )
    else:
        for problem in problems[:20]:
            click.echo(problem)
    if problems:
        raise VerificationFailed(
            f"{len(problems):,} documents differ.", f"Mend it: ediscovery index rebuild {matter}"
        )
    if not as_json:
        click.echo(f"{looked:,} documents agree.")
