"""Opens evidence the way the product does, for tests: through the walk."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ediscovery.extract.contract import Budget, Child, Content, Context, Extraction
from ediscovery.extract.walk import Visit, walk
from ediscovery.model.profile import Limits, Profile

SCRATCH = Path(tempfile.mkdtemp(prefix="mail-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)


def context(name: str = "", **settings: Any) -> Context:
    """A context as an extractor gets it; ``limits`` may be a dict of those that differ."""
    limits = Limits(**settings.pop("limits", {}))
    profile = Profile(limits=limits, tika="off", **settings)
    return Context(profile, SCRATCH, Budget(limits.expansion_bytes), name=name)


def visits(data: bytes, name: str = "a.eml", **settings: Any) -> list[Visit]:
    """Every item inside of ``data``, its root last."""
    return list(walk(Child(name, Content(data), "file"), "a0", name, context(**settings)))


def root(data: bytes, name: str = "a.eml", **settings: Any) -> Visit:
    """The item that ``data`` itself becomes."""
    return visits(data, name, **settings)[-1]


def children(result: Extraction) -> list[tuple[str, bytes]]:
    """Names and bytes of the children of an extraction."""
    return [(c.name, c.content.read() if c.content else b"") for c in result.children]


def crlf(text: str) -> bytes:
    """``text`` as mail travels."""
    return text.replace("\n", "\r\n").encode()
