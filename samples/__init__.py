"""A small fictional dispute with planted facts, written by code: see ``samples/README.md``."""

from samples.facts import Facts
from samples.make import make

__all__ = ["Facts", "make"]
