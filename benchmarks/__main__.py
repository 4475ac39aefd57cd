"""``python -m benchmarks``: every figure in one table, with the machine that it was measured on."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.measure import Figure, Settings, machine

PARTS = (
    "mail", "mbox", "mixed", "scale", "search", "entities", "tika", "packs", "workers", "commits",
    "loading", "large", "loadfile", "render", "produce",
)  # fmt: skip


def main() -> int:
    """Run the chosen parts; exit code 1 when a figure is below its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--corpora", type=Path, default=os.environ.get("EDISCOVERY_CORPORA"))
    parser.add_argument("--scratch", type=Path, default=Path("/tmp/ediscovery-benchmarks"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the documents")
    chosen = parser.parse_args()
    if chosen.corpora is None:
        parser.error("set EDISCOVERY_CORPORA or give --corpora")
    chosen.scratch.mkdir(parents=True, exist_ok=True)
    settings = Settings(Path(chosen.corpora), chosen.scratch, chosen.runs, chosen.scale)
    print(f"{machine()}; medians of {chosen.runs} runs\n", flush=True)
    print("| what | at least | measured | reached | detail |\n|---|---|---|---|---|")
    for part in chosen.parts or PARTS:
        done = len(settings.figures)
        import_module(f"benchmarks.{part}").run(settings)
        for figure in settings.figures[done:]:
            print(row(figure), flush=True)
    return int(any(figure.reached is False for figure in settings.figures))


def row(figure: Figure) -> str:
    """One line of the table."""
    reached = "" if figure.reached is None else "yes" if figure.reached else "**no**"
    return f"| {figure.what} | {figure.target} | {figure.value} | {reached} | {figure.detail} |"


if __name__ == "__main__":
    sys.exit(main())
