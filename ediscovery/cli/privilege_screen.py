"""``ediscovery privilege-screen``: whose communications need a decision on privilege."""

from __future__ import annotations

from pathlib import Path

import click

from ediscovery.cli.common import (
    existing_file,
    in_zone,
    json_option,
    open_matter,
    print_json,
    print_table,
)
from ediscovery.model.errors import UsageError


@click.group("privilege-screen")
def privilege_screen() -> None:
    """Keep attorneys, firms, domains and queries that need a decision on privilege.

    \b
    ediscovery privilege-screen set acme screen.yaml
    ediscovery privilege-screen show acme
    ediscovery privilege-screen hits acme

    A production stops at documents that hit it and are not coded in privilege.
    """


@privilege_screen.command("set")
@click.argument("matter")
@click.argument("file", type=existing_file())
def set_(matter: str, file: Path) -> None:
    """Store a screen as the next version; earlier ones are kept.

    \b
    ediscovery privilege-screen set acme screen.yaml
    """
    from ediscovery.review import screen

    data = screen.load(str(file))
    opened = open_matter(matter)
    before = len(screen.every(opened))
    version = screen.store(opened, data)
    click.echo(
        f"Version {version} holds already."
        if version == before
        else f"Stored version {version}: {data['title']}."
    )


@privilege_screen.command()
@click.argument("matter")
@json_option
def show(matter: str, as_json: bool) -> None:
    """Show the screen that holds.

    \b
    ediscovery privilege-screen show acme
    """
    from ediscovery.review import screen

    opened = open_matter(matter)
    versions = screen.every(opened)
    if not versions:
        raise _none(matter)
    held = versions[-1]
    if as_json:
        print_json(
            {
                "schema": "ediscovery/privilege-screen/1",
                "matter": opened.name,
                "version": held.version,
                "stored_by": held.who,
                "stored_at": held.at,
                "versions": [one.version for one in versions],
                "screen": held.data,
            }
        )
        return
    click.echo(f"Version {held.version}, stored by {held.who} at {in_zone(held.at, opened.zone)}")
    print_table(("entry", "query"), list(held.screen.queries()))


@privilege_screen.command()
@click.argument("matter")
@json_option
def hits(matter: str, as_json: bool) -> None:
    """Count the documents that each entry finds, and those without a decision on privilege.

    \b
    ediscovery privilege-screen hits acme
    """
    from ediscovery.cli.choosing import bring_up
    from ediscovery.review import screen
    from ediscovery.review.coding import values

    opened = open_matter(matter)
    with opened.locked():
        bring_up(opened, quiet=as_json)
    with opened.reader.connect() as connection:
        held = screen.current(connection)
        if held is None:
            raise _none(matter)
        found = screen.hits(opened, held.screen)
        every = sorted({number for _, numbers in found for number in numbers})
        decided = {n for n, codes in values(connection, every).items() if "privilege" in codes}
    rows = [(label, len(numbers), len(set(numbers) - decided)) for label, numbers in found]
    rows.append(("all together", len(every), len(every) - len(decided)))
    if as_json:
        print_json(
            {
                "schema": "ediscovery/privilege-screen-hits/1",
                "matter": opened.name,
                "version": held.version,
                "entries": [
                    {"entry": label, "documents": count, "undecided": left}
                    for label, count, left in rows[:-1]
                ],
                "documents": rows[-1][1],
                "undecided": rows[-1][2],
            }
        )
        return
    print_table(("entry", "documents", "not coded in privilege"), rows)


def _none(matter: str) -> UsageError:
    return UsageError(
        f"Matter {matter!r} has no privilege screen.",
        f"Store one: ediscovery privilege-screen set {matter} FILE",
    )
