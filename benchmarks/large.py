"""A matter of ten million generated documents, searched as one of a hundred thousand is.

Records without natives: catalog rows by the product's own bulk path, documents straight into the
index. On the embedded default; on PostgreSQL and Elasticsearch, too, when
``EDISCOVERY_TEST_POSTGRESQL`` and ``EDISCOVERY_TEST_ELASTICSEARCH`` name servers.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy
from sqlalchemy import insert, update

from benchmarks.measure import Figure, Settings
from benchmarks.search import COLUMNS, PAGE, percentile
from ediscovery.engine.stages.read import ITEM_COLUMNS
from ediscovery.engine.tasks import opened
from ediscovery.engine.unit import JSON_COLUMNS
from ediscovery.model import positions
from ediscovery.model.deployment import LOCAL, Deployment
from ediscovery.model.items import Item
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.search.index import Begun, IndexDocument, QueryTooCostly, SearchIndex
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.lookup import briefs, family
from ediscovery.store.tables import collections, custodians, documents, items
from ediscovery.store.workspace import Identity, Matter, Workspace

SMALL, LARGE = 100_000, 10_000_000
QUERIES = 60  # of each kind
FAMILY = 3  # documents: a mail and two attachments
_WORDS = 200_000  # of the vocabulary
_TEXT = 60  # words of a document
_RUNNING = 5_000_000  # words that documents are cut out of
_SLICE = 500_000  # documents between two commits of the index
_COMMIT = 5_000  # rows of one transaction of the catalog
_DOCUMENT_COLUMNS = tuple(column.name for column in documents.c)
_CUSTODIANS = 40


def run(settings: Settings) -> None:
    """The lines of the table: each kind of question at both sizes."""
    large = int(LARGE * settings.scale)
    _both(settings, LOCAL, "embedded", large)
    catalog = os.environ.get("EDISCOVERY_TEST_POSTGRESQL")
    index = os.environ.get("EDISCOVERY_TEST_ELASTICSEARCH")
    if catalog and index:
        deployment = Deployment(name="servers", catalog=catalog, index=index)
        _both(settings, deployment, "PostgreSQL and Elasticsearch", large)


def _both(settings: Settings, deployment: Deployment, name: str, large: int) -> None:
    times = {}
    for count in (min(SMALL, large), large):
        place = settings.scratch / f"large-{name.split()[0].lower()}-{count}"
        matter = _made(settings, place, deployment, name, count)
        times[count] = _asked(matter, count)
    small = times[min(SMALL, large)]
    for what, (now, hits) in times[large].items():
        before = small[what][0]
        ratio = now / before
        settings.figures.append(
            Figure(
                f"{what}, {large:,} documents, {name}", f"twice {min(SMALL, large):,}",
                f"{ratio:.1f} times", ratio <= 2,
                f"p95 {before:.1f} ms, now {now:.1f} ms; hits median {hits:,}",
            )
        )  # fmt: skip


# -- making ----------------------------------------------------------------------------------------


def _made(settings: Settings, place: Path, deployment: Deployment, name: str, count: int) -> Matter:
    """The matter, kept from an earlier run where that was finished."""
    known = place / "made"
    if known.exists():
        return Workspace(place, deployment).open(known.read_text())
    shutil.rmtree(place, ignore_errors=True)
    matter = Workspace(place, deployment).create(f"large-{secrets.token_hex(4)}")
    started = time.perf_counter()
    with ProcessPoolExecutor(2) as pool, matter.locked():
        begun = index_of(matter).begin(2, count)
        waiting = [
            pool.submit(_fill, matter.identity, count, share, begun)
            for share in range(begun.writers)
        ]
        _catalog(matter, count)
        for one in waiting:
            one.result()
        index_of(matter).finish()
        with writing(matter.engine) as connection:
            connection.execute(update(documents).values(indexed_version=documents.c.version))
    seconds = time.perf_counter() - started
    settings.figures.append(
        Figure(
            f"{count:,} records into {name}", "-", f"{count / seconds:,.0f} documents/s", None,
            f"{seconds:,.0f} s; catalog in one process, index in two",
        )
    )  # fmt: skip
    known.write_text(matter.name)
    return matter


def _catalog(matter: Matter, count: int) -> None:
    with writing(matter.engine) as connection:
        for number in range(1, _CUSTODIANS + 1):
            connection.execute(
                insert(custodians).values(id=number, name=f"Custodian {number}", created_at="")
            )
            connection.execute(
                insert(collections).values(
                    id=number, custodian_id=number, roots=[], profile={}, state="done", who="",
                    host="", tool_version="", started_at="",
                )
            )  # fmt: skip
    for start in range(1, count + 1, _COMMIT):
        numbers = range(start, min(start + _COMMIT, count + 1))
        with writing(matter.engine) as connection:
            insert_rows(connection, items, ITEM_COLUMNS, [_item(n) for n in numbers])
            insert_rows(
                connection, documents, _DOCUMENT_COLUMNS,
                [
                    (n, _collection(n), _position(n), _parent(n), _top(n), None, True, 1, 0, True,
                     False)
                    for n in numbers
                ],
            )  # fmt: skip


def _top(number: int) -> int:
    return number - (number - 1) % FAMILY


def _parent(number: int) -> int | None:
    return None if _top(number) == number else _top(number)


def _collection(number: int) -> int:
    return _top(number) // FAMILY % _CUSTODIANS + 1


def _position(number: int) -> str:
    top = positions.ordinal(_top(number))
    return top if _top(number) == number else f"{top}a{number - _top(number)}"


_EMPTY = Item("", mime_type="message/rfc822", category="mail", record_type="Email", language="en")
_TEMPLATE = [
    ("[]" if isinstance(value, list) else "{}") if n in JSON_COLUMNS else value
    for n, value in enumerate(_EMPTY.row())
]
_AT = {name: n for n, name in enumerate(ITEM_COLUMNS[1:])}


def _item(number: int) -> tuple[Any, ...]:
    """The catalog's row of a mail or of one of its attachments."""
    row = list(_TEMPLATE)
    mail = _top(number) == number
    digest = f"{number:064x}"
    fields = {
        "position": _position(number), "family": positions.ordinal(_top(number)),
        "file_name": f"{number}.{'eml' if mail else 'docx'}", "ext": "eml" if mail else "docx",
        "path": f"share/{number % 1000}/{number}", "size": 4000 + number % 1000,
        "sha256": digest, "subject": f"RE: lot {number % 9973}",
        "from_": f"Jane Roe <roe{number % 211}@acme.example>", "sent_at": _date(number).isoformat(),
        "relation": "" if mail else "attachment", "text_chars": 400,
    }  # fmt: skip
    for name, value in fields.items():
        row[_AT[name]] = value
    return (_collection(number), *row)


def _date(number: int) -> datetime:
    return datetime(2001, 1, 1, tzinfo=UTC) + timedelta(minutes=number % 2_000_000)


def _fill(identity: Identity, count: int, share: int, begun: Begun) -> None:
    """Index one share of all documents, a slice at a time."""
    place = index_of(opened(identity))
    for start in range(1, count + 1, _SLICE):
        target, clean = place.write(f"{share}-{start}", begun)
        with target:
            stop = min(start + _SLICE, count + 1)
            target.add(_documents(start, stop, share, begun.writers), new=clean)
            target.commit()


def _word(rank: int) -> str:
    return f"w{rank:x}"


@cache
def _running() -> list[str]:
    """Text without end: words as often as in real text (Zipf). Documents are cut out of it."""
    weights = numpy.cumsum(1.0 / numpy.arange(1, _WORDS + 1))
    draws = numpy.random.default_rng(1).random(_RUNNING) * weights[-1]
    words = [_word(rank) for rank in range(_WORDS)]
    return [words[rank] for rank in weights.searchsorted(draws).tolist()]


def _documents(start: int, stop: int, share: int, shares: int) -> Iterator[IndexDocument]:
    running = _running()
    for number in range(start, stop):
        if number % shares == share:
            mail = _top(number) == number
            cut = number * 7919 % (_RUNNING - _TEXT)
            yield IndexDocument(
                number=number, parent=_parent(number), text=" ".join(running[cut : cut + _TEXT]),
                subject=f"RE: lot {number % 9973}", from_=f"roe{number % 211}@acme.example",
                custodian=f"Custodian {_collection(number)}",
                all_custodians=[f"Custodian {_collection(number)}"],
                file_name=f"{number}.{'eml' if mail else 'docx'}",
                types=["mail" if mail else "document"], ext="eml" if mail else "docx",
                date=_date(number), has=["text"], state="ok", language="en",
                family=str(_top(number)), dup=["unique"], control_number=str(number),
            )  # fmt: skip


# -- asking ----------------------------------------------------------------------------------------


def _asked(matter: Matter, count: int) -> dict[str, tuple[float, int]]:
    """p95 in milliseconds and median hits of each kind of question."""
    made = random.Random(20010630)
    found: dict[str, tuple[float, int]] = {}
    with index_of(matter).open() as index:
        for what, queries in _kinds(made):
            found[what] = _timed(lambda q: _search(matter, index, q), list(queries))
        frequent = [_word(made.randrange(20, 2_000)) for _ in range(QUERIES)]
        fields = ("type", "ext", "language")
        found["facets"] = _timed(
            lambda q: sum(index.facets(parse(q).tree, fields)["type"].values()), frequent
        )
        found["the last page"] = _timed(lambda q: _last(matter, index, q), frequent)
    numbers = [str(made.randrange(1, count + 1)) for _ in range(QUERIES)]
    found["a family"] = _timed(lambda n: len(family(matter, int(n))), numbers)
    return found


def _kinds(made: random.Random) -> Iterator[tuple[str, Iterator[str]]]:
    def draw(low: int, high: int) -> str:
        return _word(made.randrange(low, high))

    def many(one: Callable[[], str]) -> Iterator[str]:
        return islice(iter(one, None), QUERIES)

    yield "a rare term", many(lambda: draw(20_000, _WORDS))
    yield "a frequent term", many(lambda: draw(20, 2_000))
    yield "a phrase", many(lambda: f'"{draw(0, 50)} {draw(0, 50)}"')
    yield (
        "a nested proximity",
        many(lambda: f"({draw(0, 200)} w/10 {draw(0, 200)}) w/20 {draw(200, 5_000)}"),
    )
    yield "a wildcard", many(lambda: f"{draw(4_096, _WORDS)[:4]}*")
    yield (
        "a term of one custodian",
        many(
            lambda: (
                f'{draw(20, 2_000)} AND custodian:"Custodian {made.randrange(1, _CUSTODIANS + 1)}"'
            )
        ),
    )


def _timed(ask: Callable[[str], int], queries: list[str]) -> tuple[float, int]:
    walls, hits = [], []
    for query in queries:
        started = time.perf_counter()
        try:
            hits.append(ask(query))
        except QueryTooCostly:
            hits.append(0)
        walls.append((time.perf_counter() - started) * 1e3)
    return percentile(sorted(walls), 95), int(statistics.median(hits))


def _search(matter: Matter, index: SearchIndex, query: str) -> int:
    found = index.search(parse(query).tree, limit=PAGE)
    briefs(matter, found.numbers, COLUMNS)
    return found.total


def _last(matter: Matter, index: SearchIndex, query: str) -> int:
    tree = parse(query).tree
    total = index.search(tree, limit=PAGE).total
    found = index.search(tree, limit=PAGE, offset=max(0, total - PAGE))
    assert len(found.numbers) == min(PAGE, total)
    briefs(matter, found.numbers, COLUMNS)
    return total
