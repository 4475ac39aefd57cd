"""What a run tells about itself while it runs. The engine only calls; who shows it is elsewhere."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives counts as they are committed. Sizes are bytes of source or of items."""

    def stage(self, name: str, *, total_items: int = 0, total_bytes: int = 0) -> None:
        """A stage begins; totals are 0 when unknown."""
        ...

    def advance(self, *, items: int = 0, size: int = 0, exceptions: int = 0) -> None:
        """So much more is done and committed."""
        ...

    def working(self, what: list[str]) -> None:
        """What is being read at this moment."""
        ...


class Silent:
    """Progress for nobody."""

    def stage(self, name: str, *, total_items: int = 0, total_bytes: int = 0) -> None:
        return

    def advance(self, *, items: int = 0, size: int = 0, exceptions: int = 0) -> None:
        return

    def working(self, what: list[str]) -> None:
        return
