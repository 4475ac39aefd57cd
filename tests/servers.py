"""Where the real servers are that tests speak to: variables that `make services` sets.

A test that needs one carries ``@pytest.mark.server("elasticsearch")``. Where there is none it is
left out and says so; with ``EDISCOVERY_TEST_SERVERS=required``, as in CI, it fails instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

NO_CORPORA = "left out: no corpora"


def server(name: str) -> str:
    """The address in ``EDISCOVERY_TEST_<NAME>``; skips the test when it is not set."""
    found = os.environ.get(f"EDISCOVERY_TEST_{name.upper()}", "")
    if not found:
        pytest.skip(f"needs a server: EDISCOVERY_TEST_{name.upper()} is not set (make services)")
    return found


def required() -> bool:
    """Whether every test that needs a server must run."""
    return os.environ.get("EDISCOVERY_TEST_SERVERS") == "required"


def insist(item: pytest.Item, report: pytest.TestReport) -> None:
    """Make a failure of it when a test marked ``server`` was skipped, but not for lack of files."""
    if required() and report.skipped and item.get_closest_marker("server"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if NO_CORPORA in reason:
            return
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} needs a server and may not be left out here: {reason}"


@contextmanager
def turns(item: pytest.Item) -> Iterator[None]:
    """Keep a test that makes its servers fail apart from all others that use them meanwhile."""
    mark = item.get_closest_marker("server")
    kind = fcntl.LOCK_EX if item.get_closest_marker("fault") else fcntl.LOCK_SH
    with ExitStack() as held:
        for name in sorted(mark.args) if mark else ():
            address = os.environ.get(f"EDISCOVERY_TEST_{name.upper()}", "")
            digest = hashlib.sha256(address.encode()).hexdigest()[:16]
            lock = Path(tempfile.gettempdir()) / f"ediscovery-tests-{digest}.lock"
            fcntl.flock(held.enter_context(open(lock, "w")), kind)
        yield
