"""What all commands share: the workspace, options, safe text, JSON and tables."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click


class Chosen(NamedTuple):
    """What the options before the command name."""

    workspace: Path | None
    config: str


F = TypeVar("F", bound=Callable[..., Any])
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_PIPE_WIDTH = 160

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")


def deployment() -> Any:
    """The deployment of this call."""
    from ediscovery.model.deployment import LOCAL, VARIABLE, load

    chosen: Chosen = click.get_current_context().find_root().obj
    config = chosen.config or os.environ.get(VARIABLE, "")
    return load(config) if config else LOCAL


def workspace() -> Any:
    """The workspace of this call, on the stores of its deployment; made when missing."""
    from ediscovery.store.workspace import Workspace, default_workspace

    chosen: Chosen = click.get_current_context().find_root().obj
    return Workspace(chosen.workspace or default_workspace(), deployment())


def open_matter(name: str) -> Any:
    """The matter called ``name`` in the workspace of this call."""
    return workspace().open(name)


def safe(text: str) -> str:
    """Text from evidence as a terminal may show it: control and direction marks escaped."""
    return _CONTROL.sub(lambda m: m.group().encode("unicode_escape").decode(), text)


def in_zone(value: str, zone: tzinfo) -> str:
    """A stored UTC time as people of a matter in ``zone`` read it: ISO 8601 with its offset.

    What is no such time comes back as it is.
    """
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return value
        return moment.astimezone(zone).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return value


def is_time(field: str) -> bool:
    """Whether ``field`` holds times, by its name."""
    return field.endswith("_at")


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    import orjson

    sys.stdout.buffer.write(
        orjson.dumps(
            data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        )
    )


def print_table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """A table on standard output; numbers right-aligned, evidence escaped.

    A pipe or file gets the same table, without the blanks that end its lines.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column, head in enumerate(heads):
        numeric = bool(body) and all(isinstance(row[column], int | float) for row in body)
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        table.add_row(*(Text(_cell(value)) for value in row))
    if sys.stdout.isatty():
        Console().print(table)
        return
    plain = Console(width=_PIPE_WIDTH)
    with plain.capture() as drawn:
        plain.print(table)
    click.echo("\n".join(line.rstrip() for line in drawn.get().split("\n")), nl=False)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return safe(str(value))


def size(count: int) -> str:
    """A number of bytes for people."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def note(message: str) -> None:
    """A message for the person at the terminal: standard error."""
    click.echo(message, err=True)


def existing_file() -> click.Path:
    return click.Path(exists=True, dir_okay=False, path_type=Path)
