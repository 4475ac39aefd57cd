"""``ediscovery produce``: from coded documents to a sealed volume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ediscovery.cli import produce_later
from ediscovery.cli.common import (
    existing_file,
    in_zone,
    json_option,
    note,
    open_matter,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from ediscovery.produce.plan import Plan
    from ediscovery.produce.specification import Specification
    from ediscovery.store.workspace import Matter

_NAMED = 10  # control numbers shown of one finding
_F = TypeVar("_F", bound=Callable[..., Any])


@click.group()
def produce() -> None:
    """Produce documents to another party.

    \b
    ediscovery produce plan acme --spec production-standard --query 'coding:responsive=yes'
    ediscovery produce run acme --query 'coding:responsive=yes' --volume VOL001 --out out/
    ediscovery produce verify out/VOL001
    """


def _chosen(command: _F) -> _F:
    """The options by which a production is chosen."""
    for option in (
        click.option("--workers", type=click.IntRange(0, 512), default=None,
                     help="Worker processes; default: one a processor; 0: in this process."),
        click.option("--spec", "specification", default="production-standard", show_default=True,
                     help="A shipped specification or the path of a YAML file."),
        click.option("--supplement", is_flag=True,
                     help="Leave out what went out before, itself or as a copy."),
        click.option("--query", required=True, help="Every document that this query finds."),
    ):  # fmt: skip
        command = option(command)
    return command


@produce.command()
@click.argument("matter")
@_chosen
@json_option
def plan(
    matter: str,
    query: str,
    supplement: bool,
    specification: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Say what a production would hold and what speaks against it; nothing is changed.

    \b
    ediscovery produce plan acme --query 'coding:responsive=yes'

    Exit code 4 when a finding would stop the run.
    """
    from ediscovery.cli.choosing import bring_up
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.model.errors import Refused
    from ediscovery.produce import plan as plans
    from ediscovery.produce import specification as specifications

    loaded = specifications.load(specification)
    opened = open_matter(matter)
    with opened.locked():
        bring_up(opened, quiet=as_json)
        numbers, left_out = _numbers(opened, loaded, query, supplement)
        with (
            stoppable("nothing was changed"),
            pool_for(opened, workers) as pool,
            Display(quiet=as_json) as display,
        ):
            made = plans.make(opened, loaded, numbers, pool, display)
            count = pool.workers
    if as_json:
        print_json(_plan_data(opened, made, count, left_out))
    else:
        _show_plan(opened, made, count, left_out)
    if made.blocking():
        codes = ", ".join(sorted({one.code for one in made.blocking()}))
        raise Refused(f"The gate would stop this: {codes}.", "Code the documents, then plan again.")


def _numbers(
    matter: Matter, specification: Specification, query: str, supplement: bool, volume: str = ""
) -> tuple[list[int], int]:
    """The documents that a query finds, and how many of them were left out as produced before."""
    from ediscovery.cli.choosing import chosen
    from ediscovery.produce.selection import not_yet_out

    numbers = chosen(matter, (), query)
    return not_yet_out(matter, specification, numbers, volume) if supplement else (numbers, 0)


def _plan_data(matter: Matter, made: Plan, workers: int, left_out: int) -> dict[str, Any]:
    return {
        "schema": "ediscovery/production-plan/1",
        "matter": matter.name,
        "specification": made.specification.name,
        "protocol_version": made.protocol_version,
        "documents": _kinds(made),
        "duplicates_left_out": len(made.duplicates),
        "produced_before_left_out": left_out,
        "pages": made.pages,
        "numbers": made.numbers,
        "first": made.specification.bates.number(made.first, matter.prefix),
        "megabytes": round(made.megabytes, 1),
        "volumes": len(made.volumes),
        "seconds": round(made.seconds(workers)),
        "findings": [
            {
                "code": one.code,
                "reaction": one.reaction,
                "sentence": one.sentence,
                "documents": [matter.control_number(number) for number in one.numbers],
            }
            for one in made.findings
        ],
    }


def _kinds(made: Plan) -> dict[str, int]:
    found: dict[str, int] = {}
    for form in made.forms.values():
        found[form.kind] = found.get(form.kind, 0) + 1
    return dict(sorted(found.items()))


def _show_plan(matter: Matter, made: Plan, workers: int, left_out: int) -> None:
    if left_out:
        click.echo(f"{left_out:,} documents went out before and were left out.")
    counts = ", ".join(f"{count:,} {kind}" for kind, count in _kinds(made).items())
    click.echo(
        f"{len(made.candidates):,} documents ({counts}); {len(made.duplicates):,} copies left out."
    )
    first = made.specification.bates.number(made.first, matter.prefix)
    click.echo(
        f"{made.pages:,} pages, {made.numbers:,} numbers from {first} on; about "
        f"{made.megabytes:,.1f} MB and {made.seconds(workers):,.0f} s."
    )
    if len(made.volumes) > 1:
        held = ", ".join(f"{len(part):,}" for part in made.volumes)
        click.echo(f"They need {len(made.volumes):,} volumes, of {held} documents.")
    if made.findings:
        print_table(
            ("finding", "then", "documents", "what", "which"),
            [
                (
                    one.code, one.reaction, len(one.numbers), one.sentence,
                    " ".join(matter.control_number(n) for n in one.numbers[:_NAMED])
                    + (" …" if len(one.numbers) > _NAMED else ""),
                )
                for one in made.findings
            ],
        )  # fmt: skip


@produce.command()
@click.argument("matter")
@_chosen
@click.option("--volume", default="",
              help="Name of the first volume; default: the next free one, as VOL001.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder in which the volume appears.")  # fmt: skip
@click.option("--override", "codes", multiple=True, metavar="CODE",
              help="Go on in spite of this; needs --reason and --second-person.")  # fmt: skip
@click.option("--reason", default="", help="Why a finding is set aside.")
@click.option("--second-person", default="", metavar="NAME", help="Who else releases it.")
@json_option
def run(
    matter: str,
    query: str,
    supplement: bool,
    specification: str,
    workers: int | None,
    volume: str,
    out: Path,
    codes: tuple[str, ...],
    reason: str,
    second_person: str,
    as_json: bool,
) -> None:
    """Number, render and write a volume.

    \b
    ediscovery produce run acme --spec production-standard --query 'coding:responsive=yes' \\
        --volume VOL001 --out out/

    A volume appears under its name when it is complete; what does not fit into one goes on in the
    next, as VOL002. Stopped anywhere: run the same command again and it goes on under the same
    numbers. Exit code 4 when the gate stops it.
    """
    from ediscovery.cli.choosing import bring_up
    from ediscovery.cli.display import Display
    from ediscovery.cli.running import pool_for, stoppable
    from ediscovery.model.errors import UsageError
    from ediscovery.produce import ledger
    from ediscovery.produce import run as runs
    from ediscovery.produce import specification as specifications
    from ediscovery.produce.supplement import checked_name

    if volume:
        checked_name(volume)
    unknown = set(codes) - set(specifications.GATE)
    if unknown:
        raise UsageError(
            f"The gate knows no {min(unknown)!r}.", f"Known: {', '.join(specifications.GATE)}."
        )
    loaded = specifications.load(specification)
    opened = open_matter(matter)
    override = runs.Override(codes, reason, second_person) if codes else None
    with opened.locked():
        bring_up(opened, quiet=as_json)
        if not volume:
            with opened.reader.connect() as connection:
                volume = ledger.next_volume(connection, loaded, query)
        numbers, left_out = _numbers(opened, loaded, query, supplement, volume)
        with (
            stoppable("run the same command again to go on"),
            pool_for(opened, workers) as pool,
            Display(quiet=as_json) as display,
        ):
            done = runs.run(
                opened, loaded, numbers, volume, out, pool, display, query=query, override=override
            )
        bring_up(opened, quiet=as_json)
    if as_json:
        print_json(
            _plan_data(opened, done.plan, 1, left_out)
            | {
                "schema": "ediscovery/production/2",
                "complete_before": done.before,
                "came_later": [opened.control_number(number) for number in done.later],
                "volumes": [
                    produce_later.volume_data(one)
                    | {"replaced": sum(replaced.times for replaced in one.replaced)}
                    for one in done.volumes
                ],
            }
        )
        return
    _show_plan(opened, done.plan, 1, left_out)
    for name in done.before:
        click.echo(f"{name} was complete before.")
    for one in done.volumes:
        for name, written in one.load_files.items():
            changed = sum(written.replaced.values()) - written.replaced["\n"]
            more = f"; {changed:,} characters replaced" if changed else ""
            click.echo(f"{name}: {written.rows:,} rows{more}.")
        produce_later.say_volume(opened, one)
    if done.later:
        note(
            f"{len(done.later):,} documents came after the numbers were given out and are in none "
            f"of these volumes. Next: the same command with --supplement and another --volume."
        )


@produce.command("list")
@click.argument("matter")
@json_option
def list_productions(matter: str, as_json: bool) -> None:
    """List the productions of a matter.

    \b
    ediscovery produce list acme
    """
    from ediscovery.produce import ledger

    opened = open_matter(matter)
    rows = ledger.every(opened)
    if as_json:
        print_json({"schema": "ediscovery/productions/1", "productions": rows})
        return
    if not rows:
        click.echo("Nothing was produced yet.")
        return
    print_table(
        ("volume", "kind", "adds to", "state", "documents", "pages", "from", "to", "withheld", "by",
         "when", "remark"),
        [
            (
                row["volume"], row["kind"], row["base"] if row["base"] != row["volume"] else "",
                "sealed" if row["sealed_at"] else row["state"], row["documents"],
                row["pages"], row["first"], row["last"], row["withheld"], row["who"],
                in_zone(row["at"], opened.zone), _destroyed(row),
            )
            for row in rows
        ],
    )  # fmt: skip


def _destroyed(row: dict[str, Any]) -> str:
    """What is known of the destruction of what a volume called back."""
    if row["confirmed"]:
        return f"destruction confirmed {row['confirmed']}"
    if row["kind"] != "clawback":
        return ""
    return f"to be confirmed by {row['due']}" if row["due"] else "not confirmed"


@produce.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--matter", default=None, help="Hold it against this matter as well.")
@json_option
def verify(folder: Path, matter: str | None, as_json: bool) -> None:
    """Verify a volume as its receiver does, from its folder alone; exit code 5 when it fails.

    \b
    ediscovery produce verify out/VOL001
    ediscovery produce verify out/VOL001 --matter acme
    """
    from dataclasses import asdict

    from ediscovery.model.errors import VerificationFailed
    from ediscovery.produce.check_volume import verify as prove

    checks = prove(folder, open_matter(matter) if matter else None)
    failed = [check for check in checks if not check.holds]
    if as_json:
        print_json(
            {
                "schema": "ediscovery/volume-verify/1",
                "folder": str(folder),
                "holds": not failed,
                "checks": [asdict(check) | {"holds": check.holds} for check in checks],
            }
        )
    else:
        print_table(
            ("check", "looked at", "failed", "remark"),
            [(c.name, c.looked_at, c.failed, "; ".join(c.notes)) for c in checks],
        )
    if failed:
        raise VerificationFailed(
            f"{folder} does not hold: {failed[0].problems[0]}",
            "\n".join(f"{c.name}: {line}" for c in failed for line in c.problems),
        )
    if not as_json:
        click.echo(f"{folder} holds.")


@produce.command()
@click.argument("matter")
@click.argument("volume")
@json_option
def show(matter: str, volume: str, as_json: bool) -> None:
    """Show what went out in a volume, document by document, and what was done about it later.

    \b
    ediscovery produce show acme VOL001
    """
    from ediscovery.produce import ledger
    from ediscovery.produce.clawback import told

    opened = open_matter(matter)
    production = ledger.production(opened, volume)
    with opened.reader.connect() as connection:
        lines = ledger.lines(connection, production.id)
        later = ledger.later(connection, production.base, production.volume)
        claim, confirmed = told(connection, production.id)
    if as_json:
        hidden = ("production_id", "number")
        print_json(
            {
                "schema": "ediscovery/production-show/1",
                **production._mapping,
                "clawback": _shown(claim) if claim else None,
                "destroyed": [_shown(one) for one in confirmed],
                "documents": [
                    {
                        "control_number": opened.control_number(line.number),
                        "later": later.get(line.number, []),
                    }
                    | {key: value for key, value in line._mapping.items() if key not in hidden}
                    for line in lines
                ],
            }
        )
        return
    print_table(
        ("control number", "from", "to", "pages", "as", "reason", "redacted", "later", "remark"),
        [
            (
                opened.control_number(line.number), line.bates_begin, line.bates_end, line.pages,
                line.kind, line.reason, line.redacted, " ".join(later.get(line.number, ())),
                line.message,
            )
            for line in lines
        ],
    )  # fmt: skip
    if claim:
        until = f", by {claim.due}" if claim.due else ""
        click.echo(
            f"Called back on {claim.date} under {claim.authority}{until}: {claim.basis} "
            f"({production.grounds})."
        )
        for one in confirmed:
            click.echo(f"Destruction confirmed by {one.name} on {one.date}. {one.note}".rstrip())
        if not confirmed:
            note(
                f"Nobody confirmed yet: ediscovery produce clawback {opened.name} "
                f"--confirm {volume} --by NAME --on DAY"
            )


def _shown(row: Any) -> dict[str, Any]:
    hidden = ("id", "production_id", "number")
    return {key: value for key, value in row._mapping.items() if key not in hidden}


@produce.command()
@click.argument("matter")
@click.argument("volume")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the files; never the volume itself.")  # fmt: skip
@json_option
def log(matter: str, volume: str, out: Path, as_json: bool) -> None:
    """Write production log, cross-reference of numbers (CSV, XLSX) and transmittal letter.

    \b
    ediscovery produce log acme VOL001 --out logs/

    They name control numbers and what was withheld: look before you send them.
    """
    from ediscovery.produce import logs

    written = [str(path) for path in logs.write(open_matter(matter), volume, out)]
    if as_json:
        print_json({"schema": "ediscovery/production-logs/1", "volume": volume, "files": written})
        return
    for path in written:
        click.echo(path)


@produce.command()
@click.argument("matter")
@click.argument("volume")
@click.option("--passphrase-file", required=True, type=existing_file(),
              help="Its first line is the passphrase; send it by another way.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The archive: NAME.7z or NAME.zip.")  # fmt: skip
@json_option
def seal(matter: str, volume: str, passphrase_file: Path, out: Path, as_json: bool) -> None:
    """Pack a volume into an archive with AES-256 and test it; then it is never altered.

    \b
    ediscovery produce seal acme VOL001 --passphrase-file key.txt --out out/VOL001.7z

    In 7z the names of the files are encrypted, too; in ZIP they are not.
    """
    from ediscovery.produce import seal as seals

    opened = open_matter(matter)
    key = seals.passphrase(passphrase_file)
    with opened.locked():
        digest = seals.seal(opened, volume, key, out)
    if as_json:
        print_json(
            {
                "schema": "ediscovery/production-seal/1",
                "volume": volume,
                "archive": str(out),
                "sha256": digest,
            }
        )
        return
    click.echo(f"{out} holds {volume}; SHA-256 {digest}")


for _later in (produce_later.clawback, produce_later.replace, produce_later.overlay):
    produce.add_command(_later)
