"""Opens bytes as the pipeline does, and gives what was found in a shape that tests can compare."""

from __future__ import annotations

import binascii
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ediscovery.extract.contract import Budget, Child, Content, Context, Range
from ediscovery.extract.walk import Visit, walk
from ediscovery.model.items import Item
from ediscovery.model.profile import Limits, Profile


@dataclass
class Opened:
    """The root's record and text, and every item below it in reading order."""

    root: Item
    text: str
    visits: list[Visit] = field(default_factory=list)
    data: list[bytes | None] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [v.item.file_name for v in self.visits]

    @property
    def states(self) -> list[str]:
        return [str(v.item.state) for v in self.visits]

    @property
    def contents(self) -> dict[str, bytes | None]:
        return dict(zip(self.names, self.data, strict=True))

    def item(self, name: str) -> Item:
        return next(v.item for v in self.visits if v.item.file_name == name)


def opened(
    data: bytes,
    name: str,
    passwords: tuple[str, ...] = (),
    budget: int = 1 << 28,
    limits: dict[str, Any] | None = None,
    only: Range | None = None,
    on_disk: bool = False,
    **profile: Any,
) -> Opened:
    """Walk ``data`` as a source file called ``name``; nothing else may appear in the scratch."""
    settings = Profile(tika="off", limits=replace(Limits(), **(limits or {})), **profile)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        content = Content(data)
        if on_disk:
            source = scratch / "spool-source"
            source.write_bytes(b"before" + data)
            content = Content(path=source, offset=6)
        context = Context(settings, scratch, Budget(budget), passwords, only)
        child = Child(name, content, "file")
        known = None
        if only is not None:
            known = opened(data, name, passwords, budget, limits).root
        visits, held = [], []
        for visit in walk(child, "a0", name, context, known=known):
            visits.append(visit)
            held.append(None if visit.content is None else visit.content.read())
        strange = [p.name for p in scratch.iterdir() if not p.name.startswith("spool-")]
        assert not strange, f"written from evidence: {strange}"
    if known is not None:
        return Opened(known, "", visits, held)
    return Opened(visits[-1].item, visits[-1].text, visits[:-1], held[:-1])


def decoded(path: Path) -> bytes:
    """The bytes of a uuencoded file, as libarchive keeps its test files."""
    parts: list[bytes] = []
    started = False
    for line in path.read_bytes().splitlines():
        if not started:
            started = line.startswith(b"begin ")
        elif line.strip() == b"end":
            break
        else:
            try:
                parts.append(binascii.a2b_uu(line))
            except binascii.Error:  # trailing blanks that some encoders leave
                count = (((line[0] - 32) & 63) * 4 + 5) // 3
                parts.append(binascii.a2b_uu(line[:count]))
    return b"".join(parts)
