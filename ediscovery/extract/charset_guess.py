"""Which charset unmarked bytes are in, by how often each letter occurs in real languages.

Unigrams of the letters above 127 tell the languages of a code page apart; whether such letters
stand among ASCII letters or in runs of their own tells Latin scripts from others. East Asian sets
are told by which blocks their pairs fall into. All of it works on a bounded sample.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from math import log

# Lower-case letters above ASCII, the most frequent first, of languages that mail is written in.
_LATIN = {
    "french": "éàèêçùîôâûëïœ",
    "german": "üäöß",
    "spanish": "óáíñéúü",
    "portuguese": "ãçáéíóêõâúàô",
    "italian": "àèùòìé",
    "dutch": "ëéïöèüá",
    "swedish": "äåöé",
    "danish": "åøæé",
    "icelandic": "ðíáþéóöúæýø",
    "catalan": "àóéíèòçúïü·",
    "english": "éèï",
    "czech": "íáéěýřčžšůúťňóď",
    "slovak": "áíéýčžšťúľôňďäóĺŕ",
    "polish": "ąęłóżśćńź",
    "hungarian": "áéöíóőüúű",
    "slovene": "čšžćđ",
    "romanian": "ăîşţâșț",
    "turkish": "ışüğöçİâî",
    "lithuanian": "ėųšžįąūčę",
    "latvian": "āīēšūņļžģčķ",
    "estonian": "äõüöšž",
}
_OTHER = {
    "russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "ukrainian": "оанивітерсклудмпзяьбгчхйжцюїєщшфґ",
    "bulgarian": "аоиентрсвлдпкмузябъгчцжшщхфйюь",
    "serbian": "аоиенртјсдукмвплзбгчцшжћљхњђфџѓќѕ",
    "greek": "αοιετνσρκπςμυληίγόδάέθήφχώύβξζψϊ",
    "hebrew": "יוהלאתרבםמשנעדחקפטסכגזןצךףץ",
    "arabic": "ايلنمرتوبةعدسفهكقحجشصطخىضغذءثزئظآؤپچژگکیہےں",
    "thai": "านรอกเงมยลวดทสตะปบคหแจพชขใไโผธถณซภฟศฮษฉฝำ่้ัิีื์ุู",
}
_PAGES = {
    "cp1252": "french german spanish portuguese italian dutch swedish danish icelandic catalan "
    "english",
    "mac_roman": "french german spanish portuguese italian swedish danish",
    "cp850": "french german spanish portuguese italian swedish danish",
    "cp1250": "czech slovak polish hungarian slovene romanian",
    "iso8859-2": "czech slovak polish hungarian slovene romanian",
    "cp1254": "turkish",
    "cp1257": "lithuanian latvian estonian",
    "cp1251": "russian ukrainian bulgarian serbian",
    "koi8_r": "russian bulgarian",
    "koi8_u": "ukrainian",
    "iso8859-5": "russian bulgarian serbian",
    "cp866": "russian",
    "mac_cyrillic": "russian",
    "cp1253": "greek",
    "cp1255": "hebrew",
    "cp1256": "arabic",
    "cp874": "thai",
}
_PUNCTUATION = "¢\xa0«»„“”‚‘’–—…§°•€£©®№·´ºª¿¡"
# Page by page a small handicap, so that of two readings that agree the usual one is named.
_PRIOR = {"cp1252": 0.0, "mac_roman": -7.0, "cp850": -7.0, "mac_cyrillic": -7.0, "cp866": -4.0}
_NEXT_TO_ASCII = re.compile(rb"[a-zA-Z](?=[\x80-\xff])|[\x80-\xff](?=[a-zA-Z])")
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_PAIR = re.compile(rb"[\x80-\xff]{2}")


def guess(sample: bytes) -> str:
    """The likeliest charset of ``sample``, which holds bytes above 127 and is not UTF-8."""
    high = _HIGH.findall(sample)
    count = len(high)
    mixed = len(_NEXT_TO_ASCII.findall(sample)) / (2 * count) if count else 1.0
    east = _east_asian(sample, count) if mixed < 0.4 else ""
    if east:
        return east
    if not _HIGH_PAIR.search(sample):
        mixed = 1.0  # other scripts write words, not single letters
    counts = Counter(b"".join(high))
    best, chosen = float("-inf"), "cp1252"
    for page, languages in _PAGES.items():
        latin = languages.split()[0] in _LATIN
        if (latin and mixed < 0.12 and count > 12) or (not latin and mixed > 0.4):
            continue
        prior = _PRIOR.get(page, -1.0)
        for language in languages.split():
            table = _scores(page, language)
            score = prior + sum(n * table[byte - 128] for byte, n in counts.items())
            if score > best:
                best, chosen = score, page
    return chosen


@cache
def _scores(page: str, language: str) -> tuple[float, ...]:
    """Log likelihood of each byte from 128 in text of ``language`` written in ``page``."""
    letters = _LATIN.get(language) or _OTHER[language]
    weights = {letter: 1.0 / (rank + 3) for rank, letter in enumerate(letters)}
    scale = 1.0 / sum(weights.values())
    result = []
    for byte in range(128, 256):
        try:
            char = bytes((byte,)).decode(page)
        except UnicodeDecodeError:
            result.append(-14.0)
            continue
        if char in weights:
            result.append(log(weights[char] * scale))
        elif char.lower() in weights:
            result.append(log(weights[char.lower()] * scale / 12))
        elif char in _PUNCTUATION:
            result.append(-4.0)
        elif char.isalpha():
            result.append(-7.5)
        else:
            result.append(-10.0)
    return tuple(result)


def _east_asian(sample: bytes, count: int) -> str:
    """The East Asian set that ``sample`` is in, or ``""``; told by which pairs occur."""
    if count < 4:
        return ""
    best, chosen = 0.72, ""
    for name in ("euc_jp", "cp932", "cp949", "gb18030", "big5hkscs"):
        text = sample.decode(name, "replace")
        wide = [c for c in text if c > "\x7f"]
        bad = text.count("\ufffd")
        # The sample may begin and end inside a pair.
        if not wide or (bad > 2 and bad * 50 > len(wide)):
            continue
        score = sum(_weight(name, char) for char in wide) / len(wide)
        if score > best:
            best, chosen = score, name
    return chosen


@cache
def _weight(name: str, char: str) -> float:
    """How usual ``char`` is in text that is really written in the set ``name``: 0 to 1."""
    code = ord(char)
    if 0x3000 <= code <= 0x3002 or 0xFF01 <= code <= 0xFF5E or char in "・「」『』、。“”‘’…—《》":
        return 0.9
    if 0x3040 <= code <= 0x30FF:  # kana
        return 1.0 if name in ("euc_jp", "cp932") else 0.6
    if 0xAC00 <= code <= 0xD7A3:  # hangul
        return 1.0 if name == "cp949" and len(char.encode("euc_kr", "ignore")) == 2 else 0.0
    if not 0x4E00 <= code <= 0x9FFF:
        return 0.0
    # Level 1 of each national standard holds the ideographs in daily use.
    pair = char.encode(name, "ignore")
    if len(pair) != 2:
        return 0.0
    lead, trail = pair
    if name == "gb18030":
        return 0.97 if 0xB0 <= lead <= 0xD7 and trail >= 0xA1 else 0.2
    if name == "big5hkscs":
        return 1.0 if 0xA4 <= lead <= 0xC6 else 0.3
    if name == "euc_jp":
        return 0.8 if 0xB0 <= lead <= 0xCF else 0.2
    if name == "cp932":
        return 0.8 if 0x88 <= lead <= 0x97 else 0.2
    return 0.3  # hanja in Korean text
