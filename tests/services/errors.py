"""What can go wrong with a server of the tests."""

from __future__ import annotations


class ServiceError(Exception):
    """A server could not be installed or started; the message says what to do."""
