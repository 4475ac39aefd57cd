"""``ediscovery protocol``: what the parties agreed on electronic evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ediscovery.cli.common import (
    existing_file,
    in_zone,
    json_option,
    open_matter,
    print_json,
    print_table,
)
from ediscovery.model.errors import Refused


@click.group()
def protocol() -> None:
    """Keep what the parties agreed on electronic evidence, and hold the matter against it.

    \b
    ediscovery protocol set acme protocol.yaml
    ediscovery protocol show acme
    ediscovery protocol diff acme 1 2
    ediscovery protocol check acme --spec production-standard
    """


@protocol.command("set")
@click.argument("matter")
@click.argument("file", type=existing_file())
def set_(matter: str, file: Path) -> None:
    """Store a protocol as the next version; earlier ones are kept.

    \b
    ediscovery protocol set acme protocol.yaml
    """
    from ediscovery.produce.catalogue import catalogue
    from ediscovery.review import protocol as kept

    data = kept.load(str(file))
    for field in data.get("fields", ()):
        catalogue().entry(field, str(file))
    opened = open_matter(matter)
    before = len(kept.versions(opened))
    version = kept.store(opened, data)
    same = version == before
    click.echo(
        f"Version {version} holds already."
        if same
        else f"Stored version {version}: {data['title']}."
    )


@protocol.command()
@click.argument("matter")
@click.option("--version", type=click.IntRange(1), default=None, help="Default: the newest.")
@json_option
def show(matter: str, version: int | None, as_json: bool) -> None:
    """Show the protocol that holds, or an earlier version.

    \b
    ediscovery protocol show acme
    ediscovery protocol show acme --version 1 --json
    """
    from ediscovery.review import protocol as kept

    opened = open_matter(matter)
    found = kept.version(opened, version)
    if as_json:
        print_json(
            {
                "schema": "ediscovery/protocol/1",
                "matter": opened.name,
                "version": found.version,
                "stored_by": found.who,
                "stored_at": found.at,
                "versions": [one.version for one in kept.versions(opened)],
                "protocol": found.data,
            }
        )
        return
    click.echo(
        f"Version {found.version}, stored by {found.who} at {in_zone(found.at, opened.zone)}"
    )
    print_table(("part", "agreed"), list(_flat(found.data)))


@protocol.command()
@click.argument("matter")
@click.argument("old", type=click.IntRange(1))
@click.argument("new", type=click.IntRange(1))
@json_option
def diff(matter: str, old: int, new: int, as_json: bool) -> None:
    """Say where two versions differ.

    \b
    ediscovery protocol diff acme 1 2
    """
    from ediscovery.review import protocol as kept

    opened = open_matter(matter)
    one, other = kept.version(opened, old), kept.version(opened, new)
    found = list(kept.difference(one.data, other.data))
    if as_json:
        print_json([{"part": part, "old": a, "new": b} for part, a, b in found])
        return
    if not found:
        click.echo("The two are the same.")
        return
    rows = [(part, _shown(before), _shown(after)) for part, before, after in found]
    print_table(("part", f"version {old}", f"version {new}"), rows)


@protocol.command()
@click.argument("matter")
@click.option("--spec", default=None, metavar="NAME",
              help="Also a production specification, shipped or a YAML file.")  # fmt: skip
@json_option
def check(matter: str, spec: str | None, as_json: bool) -> None:
    """Say what in the matter, and in a specification, departs from the protocol.

    \b
    ediscovery protocol check acme
    ediscovery protocol check acme --spec production-standard

    Exit code 4 when something departs.
    """
    from ediscovery.cli.choosing import bring_up
    from ediscovery.produce import departures
    from ediscovery.produce.specification import load
    from ediscovery.review import protocol as kept

    opened = open_matter(matter)
    held = kept.version(opened, None)
    if held.protocol.search_terms:
        with opened.locked():
            bring_up(opened, quiet=as_json)
    found = departures.of_matter(opened, held.protocol)
    if spec is not None:
        found += departures.departures(
            held.protocol, load(spec), zone=opened.zone.key, prefix=opened.prefix
        )
    if as_json:
        print_json(
            {
                "schema": "ediscovery/protocol-check/1",
                "matter": opened.name,
                "version": held.version,
                "specification": spec,
                "holds": not found,
                "findings": [
                    {"where": one.where, "agreed": one.agreed, "found": one.found} for one in found
                ],
            }
        )
    else:
        for one in found:
            click.echo(one.sentence)
    if found:
        raise Refused(
            f"{len(found):,} departures from version {held.version} of the protocol.",
            "Change the specification, or agree on it and store the new protocol.",
        )
    if not as_json:
        click.echo(f"Nothing departs from version {held.version} of the protocol.")


def _flat(data: dict[str, Any], above: str = "") -> Any:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}/")
        else:
            yield f"{above}{key}", _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(one)}" for key, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
