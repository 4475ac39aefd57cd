"""Runs commands as processes that have everything loaded: forks of one that was started for that.

A command spends most of its time on its start; a test calls many. Each fork is a process as
another: its memory, environment, folder and output are its own.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

_LOADED = (
    "distributed", "jsonschema", "ediscovery.engine.collect", "ediscovery.engine.stages.index",
    "ediscovery.produce.check_volume", "ediscovery.produce.clawback", "ediscovery.produce.run",
    "ediscovery.search.grammar", "ediscovery.search.tantivy_place",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(arguments: list[str], environment: dict[str, str]) -> Done:
    """Run ``ediscovery`` with ``arguments`` to its end."""
    process = _ready()
    assert process.stdin is not None and process.stdout is not None
    with tempfile.TemporaryDirectory(prefix="command-") as place:
        out, err = Path(place) / "out", Path(place) / "err"
        request = {"arguments": arguments, "environment": environment, "folder": os.getcwd(),
                   "out": str(out), "err": str(err)}  # fmt: skip
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the process that runs commands has died"
        return Done(int(answer), _text(out), _text(err))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


@cache
def _ready() -> subprocess.Popen[str]:
    # Not with -m: workers that a command starts would load this module, too.
    process = subprocess.Popen(
        [sys.executable, "-c", "from tests.commands import serve; serve()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    atexit.register(process.kill)
    return process


def serve() -> None:
    """Fork a process for each request on standard input; answer its exit code."""
    from ediscovery.cli import COMMANDS, main

    for name in (*_LOADED, *(f"ediscovery.cli.{module}" for module, _ in COMMANDS.values())):
        import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _become(request)
            main(request["arguments"])
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(request: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for number, path in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        file = os.open(path, os.O_RDONLY if not number else os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
