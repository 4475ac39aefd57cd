"""Shows a run while it runs: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from ediscovery.cli.common import note, safe, size

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_TITLES = {
    "custody": "Taking custody",
    "read": "Reading",
    "index": "Indexing",
    "entities": "Tagging",
    "measure": "Counting pages",
    "render": "Rendering",
}
_PLAIN_SECONDS = 5.0


class Display:
    """A :class:`~ediscovery.engine.progress.Progress` for a person. Use as a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._stage = ""
        self._started = self._told = time.monotonic()
        self._items = self._size = self._exceptions = 0
        self._total_items = self._total_size = 0
        self._working: list[str] = []
        self._screen: Live | None = None

    def __enter__(self) -> Display:
        if self._live:
            from rich.console import Console
            from rich.live import Live

            self._screen = Live(
                console=Console(stderr=True), refresh_per_second=4, get_renderable=self._panel
            )
            self._screen.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish_stage()
        if self._screen is not None:
            self._screen.stop()

    def stage(self, name: str, *, total_items: int = 0, total_bytes: int = 0) -> None:
        self._finish_stage()
        self._stage = _TITLES.get(name, name.capitalize())
        self._started = self._told = time.monotonic()
        self._items = self._size = 0
        self._total_items, self._total_size = total_items, total_bytes
        self._working = []

    def advance(self, *, items: int = 0, size: int = 0, exceptions: int = 0) -> None:
        self._items += items
        self._size += size
        self._exceptions += exceptions
        if not self._live and time.monotonic() - self._told > _PLAIN_SECONDS:
            self._told = time.monotonic()
            self._say(self._line())

    def working(self, what: list[str]) -> None:
        self._working = what

    def _finish_stage(self) -> None:
        if self._stage and (self._items or self._size):
            self._say(self._line(final=True))
        self._stage = ""

    def _say(self, line: str) -> None:
        if self._quiet:
            return
        if self._screen is not None:
            self._screen.console.print(line, highlight=False, markup=False)
        else:
            note(line)

    def _line(self, *, final: bool = False) -> str:
        spent = max(time.monotonic() - self._started, 0.001)
        parts = [f"{self._stage}:"]
        if self._items:
            parts.append(f"{self._items:,} items, {self._items / spent:,.0f}/s,")
        if self._size:
            parts.append(f"{size(self._size)}, {self._size / spent * 3600 / 1e9:.1f} GB/h,")
        if not final and (left := self._left(spent)):
            parts.append(f"about {left} left,")
        if final:
            parts.append(f"{spent:.1f} s,")
        parts.append(f"{self._exceptions:,} exceptions so far")
        return " ".join(parts)

    def _left(self, spent: float) -> str:
        total, done = self._total_size or self._total_items, self._size or self._items
        if not total or not done or done >= total:
            return ""
        seconds = int(spent * (total - done) / done)
        return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"

    def _panel(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        if not self._stage:
            return Text("")
        rows: list[RenderableType] = [Text(self._line())]
        if self._total_size or self._total_items:
            total = self._total_size or self._total_items
            rows.append(ProgressBar(total, min(self._size or self._items, total), width=60))
        rows.extend(Text(f"  {safe(name)[:110]}", style="dim") for name in self._working[:4])
        return Group(*rows)
