"""The password bank of a matter: one password a line, readable by its owner only, never logged."""

from __future__ import annotations

import os
from pathlib import Path

from ediscovery.model.errors import UsageError
from ediscovery.store.workspace import Matter


def bank(matter: Matter) -> tuple[str, ...]:
    """Every password of the matter, in the order in which they came."""
    path = matter.folder / "passwords.txt"
    if not path.exists():
        return ()
    return tuple(path.read_text(encoding="utf-8").splitlines())


def add(matter: Matter, file: Path) -> int:
    """Add the lines of ``file`` to the bank; returns how many were new."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} can't be read: {error}", "One password a line, UTF-8.") from error
    known = bank(matter)
    fresh = [line for line in dict.fromkeys(lines) if line and line not in known]
    if fresh:
        path = matter.folder / "passwords.txt"
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.writelines(f"{line}\n" for line in (*known, *fresh))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    return len(fresh)
