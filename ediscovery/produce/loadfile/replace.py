"""Characters of a value that a format can't carry: replaced, counted, told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ediscovery.produce.loadfile.rows import Replaced, ReportReplaced, Written

NO_CHARACTER = "?"  # what stands for a character that the encoding lacks


class Replacer:
    """Replaces characters in values of the row that is being written, never silently."""

    def __init__(self, done: Written, report: ReportReplaced) -> None:
        """Count in ``done``, whose ``rows`` tells the present row, and tell ``report``."""
        self._done, self._report = done, report

    def without(self, text: str, instead: Mapping[str, str], field: str) -> str:
        """``text`` with each character that is a key of ``instead`` replaced by its value."""
        for character, substitute in instead.items():
            if character in text:
                times = text.count(character)
                self._done.replaced[character] += times
                self._report(Replaced(self._done.rows, field, character, substitute, times))
                text = text.replace(character, substitute)
        return text

    def encodable(self, text: str, encoding: str, field: str) -> str:
        """``text`` with ``?`` for what ``encoding`` lacks."""
        if fits(text, encoding):
            return text
        lacking = dict.fromkeys((c for c in text if not fits(c, encoding)), NO_CHARACTER)
        return self.without(text, lacking, field)

    def allowed(self, text: str, fit: Callable[[str], bool], substitute: str, field: str) -> str:
        """``text`` with ``substitute`` for every character that does not ``fit``."""
        lacking = dict.fromkeys((c for c in text if not fit(c)), substitute)
        return self.without(text, lacking, field)


def fits(text: str, encoding: str) -> bool:
    """Whether ``encoding`` has every character of ``text``."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
