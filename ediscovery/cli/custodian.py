"""``ediscovery custodian``: add, list, alias."""

from __future__ import annotations

import click

from ediscovery.cli.common import json_option, note, open_matter, print_json, print_table


@click.group()
def custodian() -> None:
    """Add, list and alias the custodians of a matter.

    \b
    ediscovery custodian add acme "Jane Roe"
    ediscovery custodian alias acme "Jane Roe" jroe
    ediscovery custodian list acme
    """


@custodian.command()
@click.argument("matter")
@click.argument("name")
def add(matter: str, name: str) -> None:
    """Register a custodian.

    \b
    ediscovery custodian add acme "Jane Roe"
    """
    from ediscovery.store.catalog import writing
    from ediscovery.store.custodians import register

    opened = open_matter(matter)
    with writing(opened.engine) as connection:
        register(connection, name)
    opened.mirror_audit()
    click.echo(f"Registered {name}.")


@custodian.command()
@click.argument("matter")
@click.argument("name")
@click.argument("alias_name", metavar="ALIAS")
def alias(matter: str, name: str, alias_name: str) -> None:
    """Let another name mean the same custodian.

    \b
    ediscovery custodian alias acme "Jane Roe" jroe
    """
    from ediscovery.store.catalog import writing
    from ediscovery.store.custodians import add_alias

    opened = open_matter(matter)
    with writing(opened.engine) as connection:
        add_alias(connection, name, alias_name)
    opened.mirror_audit()
    click.echo(f"{alias_name} now means {name}.")


@custodian.command("list")
@click.argument("matter")
@json_option
def list_(matter: str, as_json: bool) -> None:
    """List the custodians of a matter.

    \b
    ediscovery custodian list acme
    """
    from ediscovery.store.overview import overview

    rows = overview(open_matter(matter))["custodians"]
    if as_json:
        print_json(rows)
        return
    if not rows:
        note(f"No custodians in {matter} yet. Add one: ediscovery custodian add {matter} NAME")
        return
    print_table(
        ("custodian", "aliases", "collections", "documents"),
        [(r["name"], ", ".join(r["aliases"]), r["collections"], r["documents"]) for r in rows],
    )
