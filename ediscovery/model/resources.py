"""Finds ``pipelines/``, ``config/`` and ``schemas/`` in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(*parts: str) -> Path:
    """The path of a shipped data file, e.g. ``resource("pipelines", "default.yaml")``.

    In a wheel the folders lie in ``ediscovery/data``; in a checkout beside the package.
    """
    installed = _PACKAGE / "data"
    return (installed if installed.is_dir() else _PACKAGE.parent).joinpath(*parts)
