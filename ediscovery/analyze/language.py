"""The language a text is written in, as an ISO 639-1 code."""

from __future__ import annotations

from ediscovery.analyze.language_model import NO_LANGUAGE, identifier

SAMPLE_CHARS = 600
SAMPLE_BYTES = 900  # the classifier walks bytes, and other scripts take three a character
MIN_LETTERS = 20
MIN_CONFIDENCE = 0.5

# Words that make up a fifth of English and hardly any of another language: they settle most mail
# without the model.
_WORDS = """the and of that with this have from are you would which your it not be been they their
    there our if but any please were is to i what when because could should these those about"""
_ENGLISH = frozenset(_WORDS.split())
_ENGLISH_SHARE = 0.06
_ENGLISH_DISTINCT = 4


def detect(text: str) -> str:
    """The main language of ``text``, judged by its first 600 characters; ``""`` when uncertain.

    Give a mail's body without its header block. URLs and addresses are left out of account.
    ``""`` also stands for texts with fewer than 20 letters and for what is no language.
    """
    sample = text[:SAMPLE_CHARS]
    if _is_english(_words(sample.lower())):
        return "en"
    sample = " ".join(_words(sample))
    if sum(map(str.isalpha, sample)) < MIN_LETTERS:
        return ""
    language, confidence = identifier().classify(sample.encode("utf-8", "replace")[:SAMPLE_BYTES])
    return "" if language == NO_LANGUAGE or confidence < MIN_CONFIDENCE else str(language)


def _words(sample: str) -> list[str]:
    words = sample.split()
    if "@" in sample or "//" in sample:
        words = [word for word in words if "@" not in word and "//" not in word]
    return words


def _is_english(words: list[str]) -> bool:
    """Whether English words fill both halves, so that a footer in English settles nothing."""
    half = len(words) // 2
    found = list(map(_ENGLISH.__contains__, words))
    least = _ENGLISH_SHARE * half
    return (
        found[:half].count(True) > least
        and found[half:].count(True) > least
        and len(_ENGLISH.intersection(words)) >= _ENGLISH_DISTINCT
    )
