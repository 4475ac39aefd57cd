"""What a word is, decided once for the index, the query and the highlights.

The rule, as ``docs/search.md`` states it for litigators:

* Text is compared after Unicode NFKC, case folding and removal of accents.
* A word is a run of letters, digits, combining marks and ``_``; ``&`` belongs to it when it stands
  between two of them (AT&T). Everything else separates. There are no noise words.
* Invisible characters (soft hyphen, joiners, direction marks, variation selectors) are dropped.
* Each Han, Hiragana, Katakana, Thai, Lao, Khmer and Myanmar character is a word of its own.
* A run of more than :data:`LONGEST` characters is cut into words of that length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

VERSION = 2
"""Raised whenever the rule changes: an index built under another version must be rebuilt."""

LONGEST = 200
"""Characters of the longest word; a longer run becomes several words, one after the other.

Counted in code units of UTF-16, of which an index may take no more than 255 in a word, and a word
of an entity bears its label.
"""

# ASCII, and the bytes of UTF-8 beyond it: lower case, separators to spaces, "&" judged later.
_TABLE = bytes(
    byte
    if byte >= 0x80
    else ord(chr(byte).lower())
    if chr(byte).isalnum() or chr(byte) in "_&"
    else 0x20
    for byte in range(256)
)
_ASCII = [chr(byte) for byte in _TABLE[:0x80]]
_LOOSE_AND = re.compile(rb"(?<![a-z0-9\x80-\xff])&|&(?![a-z0-9\x80-\xff])")
_LOOSE_AND_TEXT = re.compile("(?<![a-z0-9\x80-\U0010ffff])&|&(?![a-z0-9\x80-\U0010ffff])")
_LOOSE_AND_PATTERN = re.compile("(?<![a-z0-9*?\x80-\U0010ffff])&|&(?![a-z0-9*?\x80-\U0010ffff])")
_NON_ASCII = re.compile("[^\x00-\x7f]+")
_WORD = re.compile("[^ ]+")
# Not the last ASCII character before another: a mark may follow that belongs to it.
_ASCII_RUN = re.compile("[\x00-\x7f]+(?=[\x00-\x7f]|\\Z)")

# Letters that Unicode does not decompose although readers see an accent or a ligature.
_PLAIN = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ð": "d",
        "đ": "d",
        "ħ": "h",
        "ı": "i",
        "ł": "l",
        "ŧ": "t",
        "þ": "th",
    }
)
# Letters by category that are used as apostrophes.
_APOSTROPHES = frozenset("\u02bb\u02bc\u02bd\u02b9\u02c8")
_ZERO_WIDTH_SPACE = "\u200b"
_ONE_WORD_EACH = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff]"
)


def _is_accent(mark: str) -> bool:
    """Whether a combining mark is an accent or a vowel point, not a letter of its script."""
    order = unicodedata.combining(mark)
    return order == 1 or 10 <= order <= 36 or 200 <= order <= 240


def _is_invisible(char: str) -> bool:
    if char == _ZERO_WIDTH_SPACE:
        return False
    return (
        unicodedata.category(char) == "Cf"
        or char == "\u034f"
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def _without_accents(char: str) -> str:
    """One NFKC character, case-folded and without accents; letters and signs alike."""
    letters = unicodedata.normalize("NFD", char.casefold().translate(_PLAIN))
    kept = "".join(letter for letter in letters if not _is_accent(letter))
    return unicodedata.normalize("NFC", kept).translate(_PLAIN)


class _Folds(dict[str, str]):
    """Character beyond ASCII (after NFKC) to its part of a word; filled as characters are met."""

    def __missing__(self, char: str) -> str:
        if _is_invisible(char):
            folded = ""
        else:
            folded = "".join(
                letter
                if (letter.isalnum() or unicodedata.category(letter)[0] == "M")
                and letter not in _APOSTROPHES
                else " "
                for letter in _without_accents(char)
            )
            if _ONE_WORD_EACH.match(char):
                folded = f" {folded} "
        self[char] = folded
        return folded


_FOLDS = _Folds()


def _fold_run(match: re.Match[str]) -> str:
    return "".join(map(_FOLDS.__getitem__, match[0]))


class _Continues(Exception):
    """A character that NFKC may join to the one before it: the text must be normalised whole."""


class _RawFolds(dict[str, str]):
    """Character beyond ASCII, before NFKC, to its part of a word."""

    def __missing__(self, char: str) -> str:
        if not _starts_segment(char):
            raise _Continues
        folded = self[char] = _fold_segment(char)
        return folded


_RAW_FOLDS = _RawFolds()


def _fold_raw_run(match: re.Match[str]) -> str:
    run = match[0]
    return _RAW_FOLDS[run] if len(run) == 1 else "".join(map(_RAW_FOLDS.__getitem__, run))


def joined(text: str) -> str:
    """The words of ``text`` in order, parted by single spaces: what every index receives.

    ``""`` when there is no word. The hot path: called once for each field of each document.
    """
    if not text.isascii():
        try:
            text = _NON_ASCII.sub(_fold_raw_run, text)
        except _Continues:
            text = _NON_ASCII.sub(_fold_run, unicodedata.normalize("NFKC", text))
    data = text.encode().translate(_TABLE)
    if b"&" in data:
        data = _LOOSE_AND.sub(b" ", data)
    if _may_have_long(data):
        return " ".join(piece for word in data.decode().split() for piece in _pieces(word))
    return b" ".join(data.split()).decode()


def _may_have_long(data: bytes) -> bool:
    """Whether more than ``LONGEST`` bytes stand together: only then may a word be too long."""
    at, size = 0, len(data)
    while size - at > LONGEST:
        space = data.rfind(b" ", at, at + LONGEST + 1)
        if space < 0:
            return True
        at = space + 1
    return False


def _pieces(word: str) -> Iterator[str]:
    if len(word) <= LONGEST // 2:
        yield word
        return
    start = size = 0
    for n, char in enumerate(word):
        units = 1 if char < "\U00010000" else 2
        if size + units > LONGEST:
            yield word[start:n]
            start, size = n, 0
        size += units
    yield word[start:]


def spans(text: str) -> list[tuple[str, int, int]]:
    """Each word of ``text`` with the offsets ``start`` and ``end`` (exclusive) of its original.

    The words are those of :func:`joined`, in the same order, so the n-th word of an index is the
    n-th span. Offsets count code points of ``text`` as given. Where one original character makes
    two words (``½``), both have its offsets.
    """
    if text.isascii():
        data = text.encode().translate(_TABLE)
        data = _LOOSE_AND.sub(b" ", data)
        folded = data.decode()
        if not _may_have_long(data):
            return [(m[0], m.start(), m.end()) for m in _WORD.finditer(folded)]
        starts: list[int] = list(range(len(text)))
        ends: list[int] = [start + 1 for start in starts]
    else:
        folded, starts, ends = _folded_with_offsets(text)
        folded = _LOOSE_AND_TEXT.sub(" ", folded)
    result = []
    for match in _WORD.finditer(folded):
        first = match.start()
        for piece in _pieces(match[0]):
            last = first + len(piece) - 1
            result.append((piece, starts[first], ends[last]))
            first = last + 1
    return result


def patterns(text: str) -> list[str]:
    """The words of a piece of a query, in which ``*`` and ``?`` belong to words.

    >>> patterns("e-Mail* at A?&T")
    ['e', 'mail*', 'at', 'a?&t']
    """
    folded = _folded_with_offsets(text, keep="*?")[0]
    folded = _LOOSE_AND_PATTERN.sub(" ", folded)
    return [piece for word in folded.split() for piece in _pieces(word)]


def keyword(text: str) -> str:
    """``text`` as a value compared whole (a tag, a type): folded, white space collapsed.

    Punctuation stays, and so do ``*`` and ``?``; at most :data:`LONGEST` characters are kept.
    """
    if text.isascii():
        return " ".join(text.lower().split())[:LONGEST]
    kept = (
        "" if _is_invisible(char) else " " if char == _ZERO_WIDTH_SPACE else _without_accents(char)
        for char in unicodedata.normalize("NFKC", text)
    )
    folded = "".join(kept).encode("utf-8", "replace").decode()
    return " ".join(folded.split())[:LONGEST]


@lru_cache(maxsize=10_000)
def _starts_segment(char: str) -> bool:
    """Whether NFKC never joins ``char`` to what stands before it."""
    if char < "\u0300":
        return True
    first = unicodedata.normalize("NFKD", char)[0]
    if unicodedata.category(first)[0] == "M" or unicodedata.combining(first):
        return False
    return not ("\u1161" <= first <= "\u1175" or "\u11a8" <= first <= "\u11c2")


def _folded_with_offsets(text: str, keep: str = "") -> tuple[str, list[int], list[int]]:
    """The folded text before it is cut into words, and each character's original start and end.

    Works on segments that NFKC treats on their own, so that the outcome is that of the whole.
    ASCII characters in ``keep`` stay as they are.
    """
    table = _TABLE if not keep else bytes(b if chr(b) in keep else _TABLE[b] for b in range(256))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at, size = 0, len(text)
    while at < size:
        plain = _ASCII_RUN.match(text, at)
        if plain:
            end = plain.end()
            out.append(plain[0].encode().translate(table).decode())
            starts.extend(range(at, end))
            ends.extend(range(at + 1, end + 1))
        else:
            end = at + 1
            while end < size and not _starts_segment(text[end]):
                end += 1
            segment = text[at:end]
            folded = segment if segment in keep else _fold_segment(segment)
            out.append(folded)
            starts.extend([at] * len(folded))
            ends.extend([end] * len(folded))
        at = end
    return "".join(out), starts, ends


@lru_cache(maxsize=10_000)
def _fold_segment(segment: str) -> str:
    return "".join(
        _ASCII[ord(char)] if char < "\x80" else _FOLDS[char]
        for char in unicodedata.normalize("NFKC", segment)
    )
