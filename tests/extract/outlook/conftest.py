"""Runs the walk over bytes: what every test of this folder looks at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ediscovery.extract.contract import Budget, Child, Content, Context
from ediscovery.extract.walk import Visit, walk
from ediscovery.model.profile import Profile

Walked = Callable[..., list[Visit]]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Profile(), tmp_path, Budget(1 << 31))


@pytest.fixture
def walked(tmp_path: Path) -> Walked:
    """All visits of a file given as bytes or path, the file itself last."""

    def run(
        source: bytes | Path, name: str = "a.pst", profile: Profile | None = None
    ) -> list[Visit]:
        content = Content(source) if isinstance(source, bytes) else Content(path=source)
        context = Context(profile or Profile(), tmp_path, Budget(1 << 31))
        return list(walk(Child(name, content, "file"), "a0", name, context))

    return run
