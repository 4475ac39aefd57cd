"""``ediscovery index``: the index is disposable."""

from __future__ import annotations

import click

from ediscovery.cli.common import open_matter
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
def verify(matter: str) -> None:
    """Prove that index and catalog agree, to the document and its version.

    \b
    ediscovery index verify acme
    """
    from ediscovery.engine.stages.index import compare

    looked, problems = compare(open_matter(matter))
    for problem in problems[:20]:
        click.echo(problem)
    if problems:
        raise VerificationFailed(
            f"{len(problems):,} documents differ.", f"Mend it: ediscovery index rebuild {matter}"
        )
    click.echo(f"{looked:,} documents agree.")
