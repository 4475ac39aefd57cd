"""``ediscovery init`` and ``ediscovery doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from ediscovery.cli.common import json_option, note, print_json, print_table, workspace


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path | None) -> None:
    """Make a workspace: the folder that will hold all matters.

    \b
    ediscovery init ~/cases
    EDISCOVERY_HOME=~/cases ediscovery matter create acme
    """
    from ediscovery.store.workspace import Workspace

    place = workspace()
    if folder:
        place = Workspace(folder, place.deployment)
    place.make()
    click.echo(f"Workspace {place.folder} is ready.")
    if folder:
        note(f"Use it by: export EDISCOVERY_HOME={place.folder}")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what is installed, what each missing tool costs, whether sandbox and stores work.

    \b
    ediscovery doctor
    """
    from ediscovery.engine.doctor import examine
    from ediscovery.model.errors import VerificationFailed

    place = workspace()
    findings = examine(place.folder, place.deployment)
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print_table(
            ("what", "state", "detail", "without it"),
            [(f.what, f.state, f.detail, "" if f.state == "ok" else f.cost) for f in findings],
        )
    broken = [f.what for f in findings if f.state == "broken"]
    if broken:
        raise VerificationFailed(
            f"Not working: {', '.join(broken)}.", "See the column 'without it' and docs/install.md."
        )
