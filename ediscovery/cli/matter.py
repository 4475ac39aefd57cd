"""``ediscovery matter``: create, list, show, close."""

from __future__ import annotations

import click

from ediscovery.cli.common import json_option, note, open_matter, print_json, print_table, workspace


@click.group()
def matter() -> None:
    """Create, list, show and close matters.

    \b
    ediscovery matter create acme --title "Roe v. Acme" --zone America/New_York
    ediscovery matter list
    ediscovery matter show acme
    """


@matter.command()
@click.argument("name")
@click.option("--title", default="", help="What people call it.")
@click.option("--prefix", default="", help="Of control numbers; default: the name in capitals.")
@click.option(
    "--zone", default="UTC", show_default=True, help="Time zone in which dates are shown."
)
@json_option
def create(name: str, title: str, prefix: str, zone: str, as_json: bool) -> None:
    """Create a matter.

    \b
    ediscovery matter create acme
    ediscovery matter create acme-2024 --title "Roe v. Acme" --prefix ACME
    """
    made = workspace().create(name, title, prefix, zone)
    if as_json:
        print_json({"name": made.name, "prefix": made.prefix, "folder": str(made.folder)})
        return
    click.echo(f"Created matter {made.name} in {made.folder}")
    note(f'Next: ediscovery ingest FOLDER --matter {made.name} --custodian "Jane Roe"')


@matter.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the matters of the workspace.

    \b
    ediscovery matter list --json
    """
    place = workspace()
    rows = place.list()
    if as_json:
        print_json(rows)
        return
    if not rows:
        note(f"No matters in {place.folder} yet. Create one: ediscovery matter create NAME")
        return
    print_table(
        ("matter", "created", "closed"),
        [(r["name"], r["created_at"], r["closed_at"] or "") for r in rows],
    )


@matter.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a matter: title, custodians, collections, documents.

    \b
    ediscovery matter show acme
    """
    from ediscovery.store.overview import overview

    data = overview(open_matter(name))
    if as_json:
        print_json(data)
        return
    click.echo(f"{data['name']}: {data['title']}  (numbers {data['prefix']}-…, {data['zone']})")
    click.echo(
        f"created {data['created_at']}"
        + (f", closed {data['closed_at']}" * bool(data["closed_at"]))
    )
    if not data["custodians"]:
        click.echo("No custodians yet.")
        return
    print_table(
        ("custodian", "aliases", "collections", "documents"),
        [
            (c["name"], ", ".join(c["aliases"]), c["collections"], c["documents"])
            for c in data["custodians"]
        ],
    )


@matter.command()
@click.argument("name")
@click.option("--confirm", metavar="NAME", help="Repeat the matter's name.")
def close(name: str, confirm: str | None) -> None:
    """Close a matter: it stays readable and takes no more collections.

    \b
    ediscovery matter close acme --confirm acme
    """
    if confirm != name:
        raise click.UsageError(f"Closing is final. Repeat the name: --confirm {name}")
    workspace().close(name)
    click.echo(f"Closed matter {name}.")
