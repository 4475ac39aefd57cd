"""``ediscovery redact``: decisions on what is covered in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ediscovery.cli.common import in_zone, json_option, open_matter, print_json, print_table
from ediscovery.model.errors import FinishedWithExceptions, UsageError

if TYPE_CHECKING:
    from ediscovery.review.redactions import Mark
    from ediscovery.store.workspace import Matter

_SHOWN = 10


@click.command()
@click.argument("matter")
@click.argument("numbers", metavar="[ID]...", nargs=-1)
@click.option("--query", default=None, help="Every document that this query finds.")
@click.option("--box", "boxes", metavar="PAGE:x0,y0,x1,y1", multiple=True,
              help="A box, in points from the upper left of the page as shown.")  # fmt: skip
@click.option("--whole-page", "pages", metavar="N", type=click.IntRange(1), multiple=True,
              help="A page.")  # fmt: skip
@click.option("--term", "terms", multiple=True, help="A word or phrase, as in a query.")
@click.option("--regex", "regexes", multiple=True, help="A regular expression.")
@click.option("--cells", "cells", metavar="SHEET!B2:C9", multiple=True,
              help="Cells of a spreadsheet.")  # fmt: skip
@click.option("--reason-code", default="", help="Why, from the protocol or the coding layout.")
@click.option("--note", default="", help="A remark, kept with the decision.")
@click.option("--list", "show", is_flag=True, help="List the redactions of one document.")
@click.option("--remove", type=click.IntRange(1), default=None, metavar="N",
              help="Take back redaction N; needs --reason.")  # fmt: skip
@click.option("--reason", default="", help="Why it is taken back.")
@click.option("--layout", default=None, metavar="NAME",
              help="Coding layout, shipped or a YAML file; default: production.")  # fmt: skip
@json_option
def redact(
    matter: str,
    numbers: tuple[str, ...],
    query: str | None,
    boxes: tuple[str, ...],
    pages: tuple[int, ...],
    terms: tuple[str, ...],
    regexes: tuple[str, ...],
    cells: tuple[str, ...],
    reason_code: str,
    note: str,
    show: bool,
    remove: int | None,
    reason: str,
    layout: str | None,
    as_json: bool,
) -> None:
    """Decide what is redacted; a production burns it in.

    \b
    ediscovery redact acme ACME-000000123 --term 'account 4711' --reason-code privacy
    ediscovery redact acme ACME-000000123 --box 1:72,100,300,120 --reason-code privilege
    ediscovery redact acme ACME-000000124 --cells 'Sheet1!B2:C9' --reason-code trade-secret
    ediscovery redact acme --query '"account 4711"' --term 'account 4711' --reason-code privacy
    ediscovery redact acme ACME-000000123 --list
    ediscovery redact acme --remove 7 --reason "not personal"

    Words and patterns are looked up in the text: a document that you name gets them in any case,
    with a warning and exit code 3 when they are not there; one that --query chose only where they
    occur. Decisions are never changed; what was taken back stays in the list.
    """
    from ediscovery.cli.choosing import bring_up, chosen
    from ediscovery.review import redactions

    marks = [
        *map(redactions.box, boxes), *map(redactions.whole_page, pages),
        *map(redactions.term, terms), *map(redactions.regex, regexes),
        *map(redactions.cells, cells),
    ]  # fmt: skip
    if sum((show, remove is not None, bool(marks))) != 1:
        raise click.UsageError(
            "Say what is redacted (--term, --box, …), or give --list, or --remove N."
        )
    opened = open_matter(matter)
    if remove is not None:
        number = redactions.remove(opened, remove, reason)
        click.echo(f"Took back redaction {remove} of {opened.control_number(number)}.")
        return
    if show:
        if len(numbers) != 1 or query is not None:
            raise click.UsageError("--list goes with one ID.")
        _list(opened, numbers[0], as_json)
        return
    _known_reason(opened, reason_code, layout)
    if query is not None:
        if any(mark.kind not in ("term", "regex") for mark in marks):
            raise click.UsageError("--query goes with --term and --regex only.")
        with opened.locked():
            bring_up(opened, quiet=as_json)
    found = chosen(opened, numbers, query)
    done = redactions.add(opened, found, marks, reason_code, note=note, query=query or "")
    if as_json:
        print_json(
            {
                "schema": "ediscovery/redaction/1",
                "matter": opened.name,
                "chosen": len(found),
                "redactions": done.redactions,
                "documents": done.documents,
                "already": done.already,
                "missing": [
                    {"control_number": opened.control_number(n), "mark": mark.describe()}
                    for n, mark in done.missing
                ],
            }
        )
    else:
        stood = f"; {done.already:,} stood already" if done.already else ""
        click.echo(f"{done.redactions:,} redactions in {done.documents:,} documents{stood}.")
    _warn(opened, done.missing, kept=query is None)


def _known_reason(matter: Matter, code: str, layout: str | None) -> None:
    from ediscovery.review.layout import DEFAULT, load
    from ediscovery.review.protocol import redaction_reasons

    known = redaction_reasons(matter, load(layout or DEFAULT))
    if code not in known:
        raise UsageError(
            f"{code!r} is no reason code." if code else "A redaction needs a reason.",
            f"Give --reason-code, one of {', '.join(known)}.",
        )


def _warn(matter: Matter, missing: list[tuple[int, Mark]], *, kept: bool) -> None:
    if not missing:
        return
    shown = [f"{matter.control_number(n)}: {mark.describe()}" for n, mark in missing[:_SHOWN]]
    if len(missing) > _SHOWN:
        shown.append(f"and {len(missing) - _SHOWN:,} more; --json lists them all")
    advice = (
        "Kept as decided; look at the pages: the words may stand in an image only."
        if kept
        else "Nothing was redacted there; an image may still show them."
    )
    raise FinishedWithExceptions(
        f"Warning: not in the text of {len({n for n, _ in missing}):,} documents.",
        "\n".join([*shown, advice]),
    )


def _list(matter: Matter, identity: str, as_json: bool) -> None:
    from ediscovery.review.redactions import history

    number = matter.number(identity)
    rows = history(matter, number)
    if as_json:
        print_json(
            {
                "schema": "ediscovery/redactions/1",
                "control_number": matter.control_number(number),
                "redactions": rows,
            }
        )
        return
    if not rows:
        click.echo(f"{matter.control_number(number)} has no redactions.")
        return
    print_table(
        ("redaction", "what", "page", "box", "reason", "note", "by", "when", "taken back"),
        [
            (
                str(row["id"]), row["term"] or row["kind"], row["page"],
                ", ".join(f"{n:g}" for n in row["box"] or ()), row["reason_code"], row["note"],
                row["author"], in_zone(row["at"], matter.zone),
                f"{row['removed_by']}: {row['removed_reason']}" if row["removed_at"] else "",
            )
            for row in rows
        ],
    )  # fmt: skip
