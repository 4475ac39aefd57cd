"""``ediscovery search``."""

from __future__ import annotations

import csv
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click

from ediscovery.cli.common import (
    in_zone,
    is_time,
    json_option,
    note,
    open_matter,
    print_json,
    print_table,
    safe,
)

_ROWS = 50
_FIELDS = "control_number,sent_at,from,subject,file_name,custodian"


@click.command()
@click.argument("matter")
@click.argument("query")
@click.option("--count", is_flag=True, help="Print only the number of documents.")
@click.option("--fields", default=_FIELDS, show_default=True, help="Columns, parted by commas.")
@click.option("--limit", type=click.IntRange(1), default=None,
              help="At most so many rows; default: 50 in a table, else all.")  # fmt: skip
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the hits to this file.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Say how the query was understood, why each hit.")
@json_option
def search(
    matter: str,
    query: str,
    count: bool,
    fields: str,
    limit: int | None,
    csv_file: Path | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Search a matter; the query language is in docs/search.md.

    \b
    ediscovery search acme 'breach w/5 contract AND from:roe'
    ediscovery search acme '"account 4711" OR invoice*' --count
    ediscovery search acme 'attachment(type:spreadsheet) AND date:2001-03..' --csv hits.csv
    ediscovery search acme '(delay OR postpone*) w/10 deliver*' --explain
    """
    from ediscovery.cli.choosing import uncoded, understood
    from ediscovery.search.backends import index_of
    from ediscovery.store.lookup import briefs

    if explain and (count or (csv_file is not None and not as_json)):
        raise click.UsageError("--explain goes with a list of hits or --json.")
    opened = open_matter(matter)
    parsed = understood(query, opened.zone)
    notes = [*parsed.notes, *uncoded(opened, parsed.tree)]
    for remark in notes:
        note(f"Note: {remark}")
    columns = [field.strip() for field in fields.split(",") if field.strip()]
    briefs(opened, [], columns)  # an unknown field is said before the search
    with index_of(opened).open() as target:
        if count:
            click.echo(target.count(parsed.tree))
            return
        if limit is None and (csv_file is not None or as_json):
            numbers = target.matching(parsed.tree).tolist()
            total = len(numbers)
        else:
            found = target.search(parsed.tree, limit=limit or _ROWS)
            numbers, total = found.numbers, found.total
        why = {}
        if explain:
            from ediscovery.store.lookup import text

            why = {n: target.explain(parsed.tree, n, text(opened, n)) for n in numbers}
    rows = briefs(opened, numbers, columns)
    if csv_file is not None:
        _write_csv(csv_file, columns, _local(rows, opened.zone))
        note(f"Wrote {len(rows):,} of {total:,} hits to {csv_file}")
    if as_json:
        for row, number in zip(rows, numbers, strict=True):
            row["control_number"] = opened.control_number(number)
            if explain:
                row["why"] = _clauses(why[number])
        print_json(
            {
                "schema": "ediscovery/search/1",
                "matter": opened.name,
                "query": query,
                "understood": parsed.describe(),
                "notes": notes,
                "total": total,
                "documents": rows,
            }
        )
    if as_json or csv_file is not None:
        return
    if explain:
        click.echo(f"Understood as: {parsed.describe()}")
    if not rows:
        click.echo("No documents.")
        return
    print_table(
        columns,
        [[_joined(row[column]) for column in columns] for row in _local(rows, opened.zone)],
    )
    for number in numbers if explain else ():
        _explain(opened.control_number(number), why[number])
    click.echo(f"Showing {len(rows):,} of {total:,} documents.")


def _local(rows: list[dict[str, Any]], zone: tzinfo) -> list[dict[str, Any]]:
    """The same rows with their times in the matter's zone."""
    return [
        {name: in_zone(value, zone) if is_time(name) else value for name, value in row.items()}
        for row in rows
    ]


def _joined(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def _clauses(explanation: Any) -> list[dict[str, Any]]:
    return [
        {
            "clause": clause.query,
            "holds": clause.holds,
            "places": [
                {"field": place.field, "words": place.words, "snippet": place.snippet}
                for place in clause.places
            ],
        }
        for clause in explanation.clauses
    ]


def _explain(name: str, explanation: Any) -> None:
    click.echo(f"\n{name}")
    for clause in explanation.clauses:
        click.echo(f"  {'yes' if clause.holds else 'no ':3} {clause.query}")
        for place in clause.places[:3]:
            click.echo(f"        {place.field}: {safe(place.snippet)}")
        if len(clause.places) > 3:
            click.echo(f"        and {len(clause.places) - 3} more places")


def _write_csv(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    """A report for people: values that a spreadsheet would run as a formula get an apostrophe."""
    with open(path, "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row[column]) for column in columns])


def _cell(value: Any) -> str:
    text = "" if value is None else str(_joined(value))
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text
