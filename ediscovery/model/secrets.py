"""Secrets come from the environment, or from a file that it names, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from ediscovery.model.errors import UsageError


def secret(variable: str) -> str:
    """The value of ``variable``, else the text of the file named by ``<variable>_FILE``.

    ``""`` when neither is set. White space around it is dropped, so that a file may end with a
    line break. Raises :class:`UsageError` when the file can't be read.
    """
    value = os.environ.get(variable, "").strip()
    if value:
        return value
    named = os.environ.get(f"{variable}_FILE", "")
    if not named:
        return ""
    try:
        return Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The file named by {variable}_FILE can't be read: {error}",
            f"Name a file that holds the secret alone, or set {variable}.",
        ) from error
