"""Entities of one mailing list: each distinct paragraph once, against the model on whole texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.measure import Figure, Settings
from ediscovery.analyze.contact_points import LABELS as POINTS
from ediscovery.analyze.entities import LABELS, Finder, Finding, Mention, mentions
from ediscovery.analyze.paragraphs import Paragraph, split
from ediscovery.model.profile import Profile

T = TypeVar("T")
EVERY = 10  # every tenth text is also done paragraph by paragraph, nothing reused


def run(settings: Settings) -> None:
    """The lines of the table; CPU seconds of one run each, since the longest takes ten minutes."""
    texts = list(bodies(settings.corpora / "list.mbox"))
    texts = texts[: int(len(texts) * settings.scale)]
    finder = Finder(Profile().entity_model, personal=False)
    seconds, (cut, found) = timed(lambda: distinct(finder, texts))
    placed = [mentions(paragraphs, found) for paragraphs in cut]
    whole_seconds, whole = timed(lambda: whole_texts(finder, texts))

    again = sum(
        [found[p.digest] for p in paragraphs] != finder.find(paragraphs)
        for paragraphs in cut[::EVERY]
    )
    chars = sum(map(len, texts)) / 1e6
    once = sum({p.digest: len(p.text) for paragraphs in cut for p in paragraphs}.values()) / 1e6
    settings.figures.append(
        Figure(
            f"entities of {len(texts):,} texts of list.mbox, each distinct paragraph once",
            "printed", f"{whole_seconds / seconds:.1f} times as fast as whole texts", None,
            f"one run: {seconds:.0f} s and {whole_seconds:.0f} s of CPU; "
            f"{chars:.1f} million characters, {once:.1f} million in distinct paragraphs",
        )
    )  # fmt: skip
    checked = len(cut[::EVERY])
    settings.figures.append(
        Figure(
            "the same entities as computing each paragraph where it stands", "all",
            f"{checked - again} of {checked} texts", again == 0, "every tenth text",
        )
    )  # fmt: skip
    total, same, touching = agreement(placed, whole)
    settings.figures.append(
        Figure(
            "entities of the whole texts that stand at the same place", "printed",
            f"{same / total:.1%} with the same ends and label, {touching / total:.1%} at all", None,
            f"{total:,} on whole texts, {sum(map(len, placed)):,} mentions in paragraphs with "
            "addresses, URLs and telephone numbers",
        )
    )  # fmt: skip


def bodies(mbox: Path) -> Iterator[str]:
    """The first plain text of each message of ``mbox`` that has one."""
    from fast_mail_parser import parse_email

    data = mbox.read_bytes()
    at = 0
    while at < len(data):
        end = data.find(b"\n\nFrom ", at)
        end = len(data) if end < 0 else end + 2
        plain = parse_email(data[data.index(b"\n", at) + 1 : end]).text_plain
        if plain:
            yield plain[0].replace("\r\n", "\n")
        at = end


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds that ``work`` took, and what it gave."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def distinct(
    finder: Finder, texts: list[str]
) -> tuple[list[list[Paragraph]], dict[bytes, list[Finding]]]:
    """Paragraphs of each text, and what stands in each distinct one: the product's way."""
    cut = [split(text, salt=finder.salt) for text in texts]
    new = {p.digest: p for paragraphs in cut for p in paragraphs}
    return cut, dict(zip(new, finder.find(list(new.values())), strict=True))


def whole_texts(finder: Finder, texts: list[str]) -> list[list[tuple[str, int, int]]]:
    """What the same model names in whole texts, quotes and all."""
    model: Any = finder.model
    return [
        [(e.label_, e.start_char, e.end_char) for e in document.ents if e.label_ in LABELS]
        for document in model.pipe(texts, batch_size=8)
    ]


def agreement(
    placed: list[list[Mention]], whole: list[list[tuple[str, int, int]]]
) -> tuple[int, int, int]:
    """Entities on whole texts; of these, found alike; of these, touched by any of ours.

    Those that lie on an address, URL or telephone number are left out: rules name these.
    """
    total = same = touching = 0
    for mine, theirs in zip(placed, whole, strict=True):
        exact = {(m.label, m.start, m.end) for m in mine}
        for label, start, end in theirs:
            near = [m for m in mine if m.start < end and start < m.end]
            if any(m.label in POINTS for m in near):
                continue
            total += 1
            same += (label, start, end) in exact
            touching += bool(near)
    return total, same, touching
