"""``ediscovery exceptions``: list, retry, ignore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ediscovery.cli.common import (
    existing_file,
    json_option,
    note,
    open_matter,
    print_json,
    print_table,
)
from ediscovery.model.errors import FinishedWithExceptions, UsageError


@click.command()
@click.argument("matter")
@click.option("--state", default="", help="Only this state, e.g. encrypted, limit:depth, ignored.")
@click.option("--retry", is_flag=True, help="Read those again that may do better now.")
@click.option("--password-file", type=existing_file(), help="More passwords, one a line.")
@click.option("--profile", default=None, help="Retry with these settings, e.g. higher limits.")
@click.option("--workers", type=click.IntRange(0, 512), default=None, help="As for ingest.")
@click.option("--ignore", metavar="ID", help="Accept one item's exception; needs --reason.")
@click.option("--reason", default="", help="Why it is accepted; kept in the audit log.")
@json_option
def exceptions(
    matter: str,
    state: str,
    retry: bool,
    password_file: Path | None,
    profile: str | None,
    workers: int | None,
    ignore: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """List what could not be read, with the next step; retry it; accept it.

    \b
    ediscovery exceptions acme
    ediscovery exceptions acme --retry --password-file passwords.txt
    ediscovery exceptions acme --state timeout --retry --profile patient.yaml
    ediscovery exceptions acme --ignore ACME-000000123 --reason "blank form, checked by hand"

    With --password-file and no --state, only what is encrypted is read again. What was accepted by
    --ignore leaves the list and is not read again; --state ignored lists it. A retry ends with exit
    code 3 when exceptions remain.
    """
    from ediscovery.store import reports

    _check(state)
    opened = open_matter(matter)
    if ignore and (retry or state):
        raise click.UsageError("--ignore accepts one item; it does not go with --retry or --state.")
    if reason and not ignore:
        raise click.UsageError("--reason goes with --ignore.")
    if ignore:
        from ediscovery.engine.retry import ignore as accept
        from ediscovery.store.lookup import position_of

        accept(opened, *position_of(opened, ignore), reason)
        click.echo(f"Ignored {ignore}: {reason}")
        return
    if retry:
        state = state or ("encrypted" if password_file else "")  # passwords help no others
        _retry(opened, state, profile, password_file, workers, quiet=as_json)
    elif password_file or profile:
        raise click.UsageError("--password-file and --profile go with --retry.")
    found = reports.exceptions(opened, state)
    if as_json:
        print_json(found)
    elif found:
        _show(found)
    else:
        click.echo("No exceptions." if not state else f"No exceptions in state {state}.")
    if retry and found:
        raise FinishedWithExceptions(
            f"Finished; {len(found):,} items still carry exceptions.",
            "Each says its next step; accept one: --ignore ID --reason '…'.",
        )


def _show(found: list[dict[str, Any]]) -> None:
    """The list as a table; what was accepted says why instead of what to do."""
    print_table(
        ("item", "state", "path", "what happened", "next step"),
        [
            (
                e["control_number"] or e["id"], e["state"], e["path"], e["message"],
                f"Accepted: {e['reason']}" if e["ignored"] else e["next_step"],
            )
            for e in found
        ],
    )  # fmt: skip


def _check(state: str) -> None:
    """Refuse a state that does not exist, instead of finding nothing in it."""
    from ediscovery.model.states import State, base

    if state in ("", "ignored"):
        return
    try:
        base(state)
    except ValueError:
        known = ", ".join(sorted([*State, "ignored"]))
        raise UsageError(f"There is no state {state!r}.", f"Known are {known}.") from None


def _retry(
    opened: object,
    state: str,
    profile: str | None,
    password_file: Path | None,
    workers: int | None,
    *,
    quiet: bool,
) -> None:
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.engine.retry import retry
    from ediscovery.model import profile as profiles
    from ediscovery.store import passwords
    from ediscovery.store.workspace import Matter

    assert isinstance(opened, Matter)
    settings = profiles.load(profile) if profile else None
    with opened.locked():
        if password_file is not None:
            note(f"{passwords.add(opened, password_file)} new passwords in the bank.")
        with (
            stoppable("run the same command again to go on"),
            pool_for(opened, workers) as pool,
            Display(quiet=quiet) as display,
        ):
            done = retry(opened, state, settings, pool, display)
    note(
        f"Read {done.items:,} items again; {done.resolved:,} are resolved; "
        f"{done.new_documents:,} new documents came out of them."
    )
