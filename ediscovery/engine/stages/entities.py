"""Tags documents with entities and personal data; each distinct paragraph is read once a matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import and_, delete, select, update

from ediscovery.analyze.entities import Finder, Finding, mentions
from ediscovery.analyze.paragraphs import Paragraph, split
from ediscovery.engine.pool import Pool
from ediscovery.engine.progress import Progress
from ediscovery.engine.tasks import opened
from ediscovery.model.profile import Profile
from ediscovery.store import audit, tables
from ediscovery.store.catalog import insert_rows, writing
from ediscovery.store.lookup import with_texts
from ediscovery.store.tables import documents, items, paragraphs
from ediscovery.store.workspace import Identity, Matter

_TASK_DOCUMENTS = 250
_ASKED = 500  # digests in one question to the catalog
_MENTION = ("number", "kind", "label", "start", "end", "text", "confidence")
_MODEL_LANGUAGES = ("en", "")  # of texts that the model is asked about


@dataclass(frozen=True, slots=True)
class TagTask:
    """Untagged documents ``first`` to ``last`` of a matter, and what to look for."""

    matter: Identity
    first: int
    last: int
    model: str
    entities: bool
    personal: bool


@dataclass(slots=True)
class Tagged:
    """Findings of paragraphs that were new (digest, findings as JSON), and rows of mentions."""

    paragraphs: list[tuple[bytes, str]]
    mentions: list[tuple[Any, ...]]
    documents: int


def tag(matter: Matter, profile: Profile, pool: Pool, progress: Progress) -> int:
    """Tag what is not tagged yet; returns how many documents that were.

    Tagged documents get a new version, so that the index shows their entities. Raises
    :class:`UsageError` when entities are wanted and the model is not installed.
    """
    if not (profile.entities or profile.personal_data):
        return 0
    here = and_(documents.c.analyzed.is_(False), documents.c.withdrawn.is_(False))
    with matter.engine.connect() as connection:
        numbers = list(
            connection.execute(
                select(documents.c.number).where(here).order_by(documents.c.number)
            ).scalars()
        )
    if not numbers:
        return 0
    progress.stage("entities", total_items=len(numbers))
    paragraph_count = 0
    for task, result in pool.run(tag_slice, _tasks(matter, profile, numbers)):
        chosen = and_(here, documents.c.number.between(task.first, task.last))
        with writing(matter.engine) as connection:
            connection.execute(
                delete(tables.mentions).where(
                    tables.mentions.c.number.in_(select(documents.c.number).where(chosen))
                )
            )
            paragraph_count += _keep(connection, result)
            connection.execute(
                update(documents)
                .where(chosen)
                .values(analyzed=True, version=documents.c.version + 1)
            )
        progress.advance(items=result.documents)
    with writing(matter.engine) as connection:
        details = {"documents": len(numbers), "distinct_paragraphs": paragraph_count}
        audit.record(connection, "tagged", details)
    matter.mirror_audit()
    return len(numbers)


def _tasks(matter: Matter, profile: Profile, numbers: list[int]) -> Iterator[TagTask]:
    identity = matter.identity
    for start in range(0, len(numbers), _TASK_DOCUMENTS):
        part = numbers[start : start + _TASK_DOCUMENTS]
        yield TagTask(
            identity, part[0], part[-1], profile.entity_model, profile.entities,
            profile.personal_data,
        )  # fmt: skip


def _keep(connection: Any, result: Tagged) -> int:
    """Store findings; a paragraph that another worker found meanwhile stays as it is."""
    known = set()
    digests = [digest for digest, _ in result.paragraphs]
    for start in range(0, len(digests), _ASKED):
        part = digests[start : start + _ASKED]
        known.update(
            connection.execute(
                select(paragraphs.c.digest).where(paragraphs.c.digest.in_(part))
            ).scalars()
        )
    fresh = [row for row in result.paragraphs if row[0] not in known]
    insert_rows(connection, paragraphs, ("digest", "findings"), fresh)
    insert_rows(connection, tables.mentions, _MENTION, result.mentions)
    return len(fresh)


@cache
def _finder(model: str, entities: bool, personal: bool) -> Finder:
    return Finder(model, entities=entities, personal=personal)


def tag_slice(task: TagTask) -> Tagged:
    """Find and place what the documents of one task speak of."""
    matter = opened(task.matter)
    finder = _finder(task.model, task.entities, task.personal)
    texts: dict[int, list[Paragraph]] = {}
    distinct: dict[bytes, Paragraph] = {}
    with matter.reader.connect() as connection:
        rows = connection.execute(
            select(documents.c.number, items)
            .join(
                items,
                and_(
                    items.c.collection_id == documents.c.collection_id,
                    items.c.position == documents.c.position,
                ),
            )
            .where(
                documents.c.number.between(task.first, task.last),
                documents.c.analyzed.is_(False),
                documents.c.withdrawn.is_(False),
            )
            .order_by(documents.c.number)
        )
        for row, text in with_texts(matter, rows):
            prose = row.language in _MODEL_LANGUAGES
            texts[row.number] = split(text, row.body_start, prose=prose, salt=finder.salt)
            for paragraph in texts[row.number]:
                distinct.setdefault(paragraph.digest, paragraph)
        found = _known(connection, list(distinct))
    fresh = [paragraph for digest, paragraph in distinct.items() if digest not in found]
    new = []
    for paragraph, findings in zip(fresh, finder.find(fresh), strict=True):
        found[paragraph.digest] = findings
        new.append((paragraph.digest, orjson.dumps([list(f) for f in findings]).decode()))
    placed = [
        (number, *mention) for number, parts in texts.items() for mention in mentions(parts, found)
    ]
    return Tagged(new, placed, len(texts))


def _known(connection: Any, digests: list[bytes]) -> dict[bytes, list[Finding]]:
    found: dict[bytes, list[Finding]] = {}
    for start in range(0, len(digests), _ASKED):
        part = digests[start : start + _ASKED]
        rows = connection.execute(select(paragraphs).where(paragraphs.c.digest.in_(part)))
        for row in rows:
            found[row.digest] = [Finding(*finding) for finding in row.findings]
    return found
