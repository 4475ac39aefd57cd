"""``ediscovery code``: what reviewers decide about documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ediscovery.cli.common import in_zone, json_option, open_matter, print_json, print_table

if TYPE_CHECKING:
    from ediscovery.review.coding import Outcome
    from ediscovery.store.workspace import Matter


@click.command()
@click.argument("matter")
@click.argument("numbers", metavar="[ID]...", nargs=-1)
@click.option("--query", default=None, help="Code every document that this query finds.")
@click.option("--set", "sets", metavar="FIELD=VALUE", multiple=True,
              help="Set a field; of a field of several values, add one.")  # fmt: skip
@click.option("--unset", "unsets", metavar="FIELD[=VALUE]", multiple=True,
              help="Take a value, or all of a field, away.")  # fmt: skip
@click.option("--family", is_flag=True, help="Code the whole families, too.")
@click.option("--reason", default="", help="Why; kept in the history and the audit log.")
@click.option("--history", is_flag=True, help="List every change to one document.")
@click.option("--undo", type=click.IntRange(1), default=None, metavar="N",
              help="Take back what coding N changed.")  # fmt: skip
@click.option("--layout", default=None, metavar="NAME",
              help="Coding layout, shipped or a YAML file; default: production.")  # fmt: skip
@json_option
def code(
    matter: str,
    numbers: tuple[str, ...],
    query: str | None,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    family: bool,
    reason: str,
    history: bool,
    undo: int | None,
    layout: str | None,
    as_json: bool,
) -> None:
    """Code documents, in bulk or one by one; see how they were coded; take it back.

    \b
    ediscovery code acme --query 'subject:budget' --set responsive=yes --reason "first pass"
    ediscovery code acme ACME-000000123 --set privilege=redact --set privilege_basis=attorney-client
    ediscovery code acme --query 'coding:privilege=privileged' --set responsive=yes --family
    ediscovery code acme ACME-000000123 --history
    ediscovery code acme --undo 7 --reason "wrong search"

    Nothing is overwritten: the history keeps every value, who set it, when and why. Fields and
    values are in the coding layout (config/coding/production.yaml). The index follows at once.
    """
    from ediscovery.cli.choosing import chosen, indexing
    from ediscovery.review import coding
    from ediscovery.review.layout import DEFAULT, load

    ways = [history, undo is not None, bool(sets or unsets)]
    if sum(ways) != 1:
        raise click.UsageError("Give --set or --unset, or --history, or --undo N.")
    known = load(layout or DEFAULT)
    asked = coding.assignments(known, sets, unsets)  # before anything is opened
    opened = open_matter(matter)
    if history:
        if len(numbers) != 1 or query is not None:
            raise click.UsageError("--history goes with one ID.")
        _history(opened, numbers[0], as_json)
        return
    with indexing(opened, quiet=as_json):
        if undo is not None:
            if numbers or query is not None or family:
                raise click.UsageError("--undo takes back all of coding N; name no documents.")
            outcome = coding.undo(opened, known, undo, reason=reason)
        else:
            found = chosen(opened, numbers, query)
            if family:
                found = coding.families_of(opened, found)
            outcome = coding.code(
                opened, known, found, asked, reason=reason, query=query or "", family=family
            )
    if as_json:
        print_json(_data(opened, outcome, undo))
    else:
        _say(outcome, undo)


def _data(matter: Matter, outcome: Outcome, undo: int | None) -> dict[str, Any]:
    return {
        "schema": "ediscovery/coding/1",
        "matter": matter.name,
        "coding": outcome.act,
        "undoes": undo,
        "documents": outcome.chosen,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "differing_families": outcome.differing_families,
    }


def _say(outcome: Outcome, undo: int | None) -> None:
    rest = (
        f"{outcome.unchanged:,} had it already."
        if undo is None
        else f"{outcome.unchanged:,} were coded otherwise since then and keep that."
    )
    click.echo(f"Coding {outcome.act}: {outcome.changed:,} documents changed, {rest}")
    if outcome.differing_families:
        click.echo(
            f"Families now coded inconsistently: {outcome.differing_families:,}; "
            "--family codes families whole."
        )


def _history(matter: Matter, identity: str, as_json: bool) -> None:
    from ediscovery.review.coding import history

    number = matter.number(identity)
    rows = history(matter, number)
    if as_json:
        print_json(
            {
                "schema": "ediscovery/coding-history/1",
                "control_number": matter.control_number(number),
                "changes": rows,
            }
        )
        return
    if not rows:
        click.echo(f"{matter.control_number(number)} was never coded.")
        return
    print_table(
        ("coding", "when", "who", "field", "from", "to", "why", "query"),
        [
            (
                str(row["act"]), in_zone(row["at"], matter.zone), row["who"], row["field"],
                row["old_value"], row["new_value"],
                row["reason"] or (f"takes back {row['undoes']}" if row["undoes"] else ""),
                row["query"],
            )
            for row in rows
        ],
    )  # fmt: skip
