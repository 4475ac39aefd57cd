"""``python -m samples OUT_DIR``: writes the sample collection and says how large it is."""

from __future__ import annotations

import sys
from pathlib import Path

from samples.make import make


def main() -> int:
    """Writes the collection to the folder named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python -m samples OUT_DIR", file=sys.stderr)
        return 2
    counts = make(Path(sys.argv[1])).counts["with_passwords"]
    for owner, row in counts.items():
        print(
            f"{owner}: {row['source_files']} source files, {row['documents']} documents,"
            f" {row['containers']} containers"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
