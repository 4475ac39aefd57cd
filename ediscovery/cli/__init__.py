"""The ``ediscovery`` command: one module a noun, loaded when its command is called."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ediscovery import __version__
from ediscovery.cli.common import Chosen
from ediscovery.model.errors import EdiscoveryError, Interrupted

# Name -> module of this package and the line that help shows without loading it.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("setup", "Make a workspace."),
    "doctor": ("setup", "Say what is installed and what each missing tool costs."),
    "matter": ("matter", "Create, list, show and close matters."),
    "custodian": ("custodian", "Add, list and alias custodians of a matter."),
    "ingest": ("ingest", "Take a collection into custody and process it."),
    "status": ("status", "Show how far a matter is."),
    "exceptions": ("exceptions", "List, retry and resolve what could not be read."),
    "search": ("search", "Search a matter."),
    "doc": ("doc", "Show a document, its text, native and family."),
    "code": ("code", "Code documents for review; show and undo codings."),
    "redact": ("redact", "Decide what is redacted in documents."),
    "protocol": ("protocol", "Keep what the parties agreed on electronic evidence."),
    "produce": ("produce", "Produce documents; verify and seal volumes."),
    "privilege-screen": ("privilege_screen", "Keep whose communications may be privileged."),
    "privilege-log": ("privilege_log", "Log what was withheld or redacted, and why."),
    "report": ("report", "Report on a matter."),
    "verify": ("verify", "Prove that a matter is complete and unaltered."),
    "loadfile": ("loadfile", "Read, check and convert load files."),
    "audit": ("audit", "Show the audit log; make a checkpoint to keep elsewhere."),
    "index": ("index", "Rebuild the index from catalog and packs."),
    "scheduler": ("cluster", "Run the scheduler of a Dask cluster."),
    "worker": ("cluster", "Run worker processes of a Dask cluster."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"ediscovery.cli.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


EXIT_CODES = """\b
Exit codes:
  0 done                          5 verification failed
  1 a bug; see the log            10 no such matter
  2 usage                         11 the matter is locked
  3 finished with exceptions      75 try again (disk full, store down)
  4 refused by a gate             130 interrupted"""


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="ediscovery")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of all matters. Default: $EDISCOVERY_HOME, else ~/ediscovery.",
)
@click.option(
    "--config",
    default="",
    help="Deployment: a shipped one (local, cluster) or a YAML file. Default: $EDISCOVERY_CONFIG.",
)
@click.pass_context
def cli(ctx: click.Context, workspace: Path | None, config: str) -> None:
    """From a folder of evidence to a searchable matter, with nothing lost.

    \b
    ediscovery matter create acme
    ediscovery ingest evidence/jane --matter acme --custodian "Jane Roe"
    ediscovery report processing acme
    ediscovery search acme 'breach w/5 contract AND from:roe'
    ediscovery doc text acme ACME-000000123
    ediscovery verify acme
    """
    ctx.obj = Chosen(workspace, config)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: run the command, leave with the exit code of what came of it."""
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    """Run the command and translate what it raises into message and exit code."""
    output = sys.stdout
    try:
        code = cli.main(arguments, prog_name="ediscovery", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _told(
            Interrupted("Interrupted. What was committed stays;", "the same command goes on.")
        )
    except EdiscoveryError as error:
        return _told(error)
    except (BrokenPipeError, SystemExit) as error:
        # On a closed pipe click puts something mute in the place of standard output and exits.
        if isinstance(error, SystemExit) and sys.stdout is output:
            raise
        _discard_output()
        return 0
    except Exception as error:
        from ediscovery.cli.failure import infrastructure, report_bug

        known = infrastructure(error)
        if known is not None:
            return _told(known)
        report_bug(error, _workspace_of(arguments))
        return 1


def _discard_output() -> None:
    """Whoever read standard output has read enough: what is left to write goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _told(error: EdiscoveryError) -> int:
    """The exit code of ``error``, after it was told."""
    from ediscovery.cli.failure import say

    if isinstance(error, Interrupted):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left to do is short and quiet
    say(error)
    return error.exit_code


def _workspace_of(arguments: list[str] | None) -> Any:
    words = sys.argv[1:] if arguments is None else arguments
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--workspace":
            return Path(following)
        if word.startswith("--workspace="):
            return Path(word.partition("=")[2])
    return None
