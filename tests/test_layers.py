"""Imports go down the layers, never up, and help stays quick because imports are lazy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ediscovery"
# Each layer with what it may import of ours; from DESIGN's table of folders.
ALLOWED = {
    "model": set(),
    "store": {"model"},
    "extract": {"model"},
    "analyze": {"model", "store"},
    "search": {"model", "store"},
    "engine": {"model", "store", "extract", "analyze", "search"},
    "review": {"model", "store", "search", "engine"},
    "produce": {"model", "store", "extract", "analyze", "search", "engine", "review"},
    "cli": {
        "model",
        "store",
        "extract",
        "analyze",
        "search",
        "engine",
        "review",
        "produce",
    },
}
FILES = sorted(p for layer in ALLOWED for p in (PACKAGE / layer).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Layers that a file imports, at module level or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "ediscovery" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir():
                found.add(parts[1])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    layer = path.relative_to(PACKAGE).parts[0]
    assert imported(path) <= ALLOWED[layer] | {layer}


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom ediscovery.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(set(sys.modules) & {'dask','distributed','spacy','sqlalchemy','lxml',"
        "'tantivy','numpy','rich','orjson'}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "ediscovery ingest" in done.stdout
