"""``ediscovery doc``: one document."""

from __future__ import annotations

import sys
from pathlib import Path

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


@click.group()
def doc() -> None:
    """Show one document: its fields, text, native, family.

    \b
    ediscovery doc show acme ACME-000000123
    ediscovery doc text acme ACME-000000123
    ediscovery doc native acme ACME-000000123 --out contract.docx
    ediscovery doc family acme ACME-000000123
    """


@doc.command()
@click.argument("matter")
@click.argument("number", metavar="ID")
@json_option
def show(matter: str, number: str, as_json: bool) -> None:
    """Show every field kept of a document.

    \b
    ediscovery doc show acme ACME-000000123 --json
    """
    from ediscovery.review import coding, redactions
    from ediscovery.store.lookup import document

    opened = open_matter(matter)
    wanted = opened.number(number)
    data = document(opened, wanted)
    with opened.reader.connect() as connection:
        data["coding"] = coding.values(connection, [wanted]).get(wanted, {})
        standing = redactions.of(connection, [wanted]).get(wanted, [])
    data["redactions"] = [one.as_dict() for one in standing]
    if as_json:
        print_json(data)
        return
    rows: list[tuple[str, str]] = []
    for name, value in data.items():
        if name == "metadata":
            rows.extend((key, _shown(inner)) for key, inner in sorted(value.items()))
        elif name == "mentions" and value:
            rows.append((name, ", ".join(f"{m['label']} {m['text']!r}" for m in value[:20])))
        elif name == "coding":
            rows.extend((key, "; ".join(inner)) for key, inner in value.items())
        elif name == "productions":
            rows.extend(
                (one["volume"], f"{one['bates_begin'] or one['reason']} {one['bates_end'] or ''}")
                for one in value
            )
        elif name == "redactions":
            rows.extend((f"redaction {one.id}", one.mark.describe()) for one in standing)
        elif value not in (None, "", [], {}):
            shown = _shown(value)
            rows.append((name, in_zone(shown, opened.zone) if is_time(name) else shown))
    print_table(("field", "value"), rows)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(str(v) for v in value)
    return str(value)[:2000]


@doc.command()
@click.argument("matter")
@click.argument("number", metavar="ID")
def text(matter: str, number: str) -> None:
    """Print a document's extracted text.

    \b
    ediscovery doc text acme ACME-000000123
    """
    from ediscovery.store.lookup import text as read

    opened = open_matter(matter)
    found = read(opened, opened.number(number))
    if not found:
        note("This document has no text.")
        return
    if sys.stdout.isatty():
        found = "\n".join(safe(line.expandtabs()) for line in found.splitlines())
    click.echo(found, nl=not found.endswith("\n"))


@doc.command()
@click.argument("matter")
@click.argument("number", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write to.")
def native(matter: str, number: str, out: Path | None) -> None:
    """Write a document's native, checked against its hash, to a file or standard output.

    \b
    ediscovery doc native acme ACME-000000123 --out contract.docx
    ediscovery doc native acme 123 > contract.docx
    """
    from ediscovery.model.errors import UsageError
    from ediscovery.store.lookup import native as read

    opened = open_matter(matter)
    name, data = read(opened, opened.number(number))
    if out is not None:
        if out.exists():
            raise UsageError(f"{out} exists.", "Choose another name.")
        out.write_bytes(data)
        note(f"Wrote {len(data):,} bytes of {safe(name)} to {out}")
        return
    if sys.stdout.isatty():
        raise click.UsageError(f"{safe(name)} would go to the terminal; add --out FILE.")
    sys.stdout.buffer.write(data)


@doc.command()
@click.argument("matter")
@click.argument("number", metavar="ID")
@json_option
def family(matter: str, number: str, as_json: bool) -> None:
    """List the family of a document, parent first.

    \b
    ediscovery doc family acme ACME-000000123
    """
    from ediscovery.store.lookup import family as read

    opened = open_matter(matter)
    members = read(opened, opened.number(number))
    if as_json:
        print_json(members)
        return
    print_table(
        ("control number", "name", "type", "size", "state"),
        [
            (
                m["control_number"], "  " * m["depth"] + (m["subject"] or m["file_name"]),
                m["mime_type"], m["size"], m["state"] + (" (inline)" if m["inline"] else ""),
            )
            for m in members
        ],
    )  # fmt: skip
