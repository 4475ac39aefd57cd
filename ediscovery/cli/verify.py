"""``ediscovery verify``."""

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
from ediscovery.model.errors import VerificationFailed


def _share(_context: object, _parameter: object, value: str) -> float:
    try:
        share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise click.BadParameter("Give a share such as 5%, 100% or 0.")
    return share


@click.command()
@click.argument("matter")
@click.option("--sample", default="100%", show_default=True, callback=_share,
              help="Share of the stored documents to hash again.")  # fmt: skip
@click.option("--checkpoint", type=existing_file(), help="One that was kept elsewhere.")
@click.option("--conservation", is_flag=True,
              help="Only follow every document to its one end.")  # fmt: skip
@json_option
def verify(
    matter: str, sample: float, checkpoint: Path | None, conservation: bool, as_json: bool
) -> None:
    """Prove that a matter is complete and unaltered; exit code 5 when it is not.

    \b
    ediscovery verify acme
    ediscovery verify acme --sample 5% --checkpoint /media/safe/acme.checkpoint
    ediscovery verify acme --conservation
    """
    from ediscovery.cli.display import Display
    from ediscovery.engine.verify import verify as prove
    from ediscovery.store.audit import Checkpoint

    opened = open_matter(matter)
    if conservation:
        _conserve(opened, as_json)
        return
    kept = Checkpoint.parse(checkpoint.read_text()) if checkpoint else None
    with Display(quiet=as_json) as display:
        result = prove(opened, display, sample=sample, kept=kept)
    if as_json:
        print_json(result)
    else:
        print_table(
            ("check", "looked at", "result"),
            [
                (
                    c["name"],
                    c["looked_at"],
                    "; ".join(c["problems"] or ["holds", *c["notes"]]),
                )
                for c in result["checks"]
            ],
        )
    if not result["holds"]:
        bad = [c["name"] for c in result["checks"] if not c["holds"]]
        raise VerificationFailed(
            f"Matter {matter!r} does not verify: {', '.join(bad)}.",
            "Keep it as it is, and compare with a backup; an index is mended by: "
            f"ediscovery index rebuild {matter}",
        )
    if not as_json:
        click.echo(f"Matter {matter} verifies.")


def _conserve(matter: Any, as_json: bool) -> None:
    from dataclasses import asdict

    from ediscovery.produce.conservation import conserve

    found = conserve(matter)
    if as_json:
        print_json({"schema": "ediscovery/conservation/1", "matter": matter.name} | asdict(found))
    else:
        click.echo(
            f"{found.seen:,} items seen = {found.documents:,} documents + "
            f"{found.containers:,} containers + {found.suppressed:,} suppressed + "
            f"{found.failed:,} failed"
        )
        print_table(("documents that are", "count"), list(found.ends.items()))
        for remark in found.remarks:
            note(remark)
    if found.problems:
        raise VerificationFailed(
            f"Matter {matter.name!r} does not balance: {found.problems[0]}",
            "\n".join(found.problems),
        )
    if not as_json:
        click.echo("Every document has one end; the sums balance.")
