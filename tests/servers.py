"""Where the real servers are that tests speak to: variables that `make services` sets."""

from __future__ import annotations

import os

import pytest


def server(name: str) -> str:
    """The address in ``EDISCOVERY_TEST_<NAME>``; skips the test when it is not set."""
    found = os.environ.get(f"EDISCOVERY_TEST_{name.upper()}", "")
    if not found:
        pytest.skip(f"needs a server: EDISCOVERY_TEST_{name.upper()} is not set (make services)")
    return found
