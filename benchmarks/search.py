"""Searches on 100,000 documents inside a running process, words drawn from the matter's own."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from benchmarks.mail import ingest, prepare
from benchmarks.measure import Figure, Settings
from ediscovery.search.grammar import parse
from ediscovery.search.index import QueryTooCostly
from ediscovery.search.tantivy_index import TantivyIndex
from ediscovery.search.words import joined
from ediscovery.store.lookup import briefs, text
from ediscovery.store.workspace import Matter, Workspace

QUERIES = 300  # of each kind
PAGE = 50
TEXTS = 1_500  # documents that words are drawn from
MOST_WORDS = 5_000  # of one of them
COLUMNS = ["control_number", "sent_at", "from", "subject", "file_name", "custodian"]
SHORTEST = 4  # letters of a word that a wildcard is made of


def run(settings: Settings) -> None:
    """The line of the table, one figure for each kind of query."""
    count = int(100_000 * settings.scale)
    ingest(settings, prepare(settings, count))
    matter = Workspace(settings.scratch / "home").open("bench")
    with TantivyIndex(matter.index_folder) as index:
        numbers = [number for number, _ in index.versions()]
        drawn = Words([text(matter, n) for n in numbers[:: max(1, len(numbers) // TEXTS)]])
        for what, target, make in KINDS:
            queries = list(islice(make(drawn), QUERIES))
            asked = [ask(matter, index, query) for query in queries]
            settings.figures.append(
                figure(f"search on {len(numbers):,} documents, {what}", target, queries, asked)
            )


class Words:
    """Words as indexed, by how many documents hold them, and passages: the same words in order.

    Every draw follows one fixed seed.
    """

    def __init__(self, texts: list[str]) -> None:
        self.random = random.Random(20010630)
        cut = [joined(text).split()[:MOST_WORDS] for text in texts]
        self.passages = [words for words in cut if len(words) > 20]
        held = Counter(word for words in cut for word in set(words) if word.isalpha())
        ranked = [word for word, _ in held.most_common()]
        self.frequent = ranked[:100]
        self.middling = ranked[100:2_000]
        self.rare = ranked[2_000:]

    def each(self) -> Iterator[str]:
        """A frequent word, one in the middle, a rare one, and again."""
        for group in cycle((self.frequent, self.middling, self.rare)):
            yield self.random.choice(group)

    def passage(self, size: int) -> list[str]:
        """``size`` words that follow each other somewhere."""
        words = self.random.choice(self.passages)
        start = self.random.randrange(max(1, len(words) - size))
        return words[start : start + size]


def terms(words: Words) -> Iterator[str]:
    """One word."""
    return (quoted(word) for word in words.each())


def phrases(words: Words) -> Iterator[str]:
    """Two to five words as they follow each other; every fourth as they probably never do."""
    for n in cycle(range(4)):
        size = 2 + words.random.randrange(4)
        yield quoted(*words.passage(size) if n else islice(words.each(), 2))


def proximities(words: Words) -> Iterator[str]:
    """Proximity inside proximity: words of one passage, and of the whole matter; with OR, phrases,
    order and a wildcard."""
    while True:
        passage = words.passage(18)
        a, b, c, d = (quoted(passage[n]) for n in sorted(words.random.sample(range(18), 4)))
        frequent, other, rare = (quoted(word) for word in islice(words.each(), 3))
        yield f"({a} w/10 {b}) w/20 {c}"
        yield f"({a} w/5 {frequent}) w/20 ({b} OR {other})"
        yield f"(({a} OR {rare}) w/10 {quoted(*passage[5:7])}) w/30 ({c} pre/10 {d})"
        yield f"({frequent} pre/5 {other}) w/15 ({d} OR {c})"
        stem = words.random.choice([w for w in words.middling if len(w) >= SHORTEST])[:-1]
        yield f"({a} w/8 {stem}*) w/25 {b}"


def wildcards(words: Words) -> Iterator[str]:
    """Endings, beginnings and middles left open, and one character."""
    for n, word in enumerate(word for word in words.each() if len(word) >= SHORTEST):
        half = max(3, len(word) // 2)
        yield (
            f"{word[:half]}*",
            f"*{word[-half:]}",
            f"{word[:2]}*{word[-1]}",
            f"{word[:1]}?{word[2:]}",
            f"*{word[1:-1]}*",
        )[n % 5]


KINDS: list[tuple[str, int, Callable[[Words], Iterator[str]]]] = [
    ("a term", 50, terms),
    ("a phrase", 50, phrases),
    ("a nested proximity", 500, proximities),
    ("a wildcard", 200, wildcards),
]


def quoted(*words: str) -> str:
    """Words as a query, never taken for operators."""
    return f'"{" ".join(words)}"'


@dataclass(frozen=True)
class Asked:
    """What one search took, in milliseconds, and found; ``None`` when it met its time limit."""

    wall: float
    cpu: float
    total: int | None


def ask(matter: Matter, index: TantivyIndex, query: str) -> Asked:
    """What ``ediscovery search`` does once it runs: query to total and first page with columns."""
    cpu, wall = time.process_time(), time.perf_counter()
    total = None
    try:
        found = index.search(parse(query, matter.zone).tree, limit=PAGE)
        briefs(matter, found.numbers, COLUMNS)
        total = found.total
    except QueryTooCostly:
        pass  # counted with the time that it took
    taken = time.perf_counter() - wall, time.process_time() - cpu
    return Asked(taken[0] * 1e3, taken[1] * 1e3, total)


def figure(what: str, target: int, queries: list[str], asked: list[Asked]) -> Figure:
    """p95 of the wall clock; median, CPU, the slowest query and how much was found beside it."""
    walls = sorted(one.wall for one in asked)
    totals = sorted(one.total for one in asked if one.total is not None)
    slowest = max(range(len(asked)), key=lambda n: asked[n].wall)
    p95 = percentile(walls, 95)
    return Figure(
        f"{what}, p95", f"{target} ms", f"{p95:.1f} ms", p95 <= target,
        f"{len(asked)} queries, {len(asked) - len(totals)} stopped; "
        f"median {percentile(walls, 50):.1f} ms; CPU p95 "
        f"{percentile(sorted(one.cpu for one in asked), 95):.1f} ms; hits median "
        f"{percentile(totals, 50):,}, most {totals[-1]:,}; slowest {walls[-1]:.0f} ms: "
        f"`{queries[slowest]}`",
    )  # fmt: skip


def percentile(ascending: list[Any], share: int) -> Any:
    """The value that ``share`` per cent of the values do not exceed."""
    return ascending[max(0, -(-len(ascending) * share // 100) - 1)]
