"""One row of a delimited load file, cut into its values."""

from __future__ import annotations

from collections.abc import Callable

from ediscovery.produce.loadfile.rows import Dialect

MOST_COLUMNS = 20_000  # beyond that a file is no table

Cut = Callable[[str], list[str] | None]


def clean_cut(dialect: Dialect, count: int) -> Cut:
    """A quick cut for rows that need no repair.

    It gives the ``count`` values of a row that stands on one line and whose quotes wrap whole
    values and stand nowhere else; ``None`` for every other row. What it gives, :class:`Cutter`
    gives as well.
    """
    column, quote = dialect.column, dialect.quote
    between = f"{quote}{column}{quote}"

    def cut(line: str) -> list[str] | None:
        quotes = line.count(quote) if quote else 0
        if quotes == 2 * count and line[0] == quote and line[-1] == quote:
            values = line[1:-1].split(between)
            # Each separator holds two of the quotes: with this many values none holds one.
            if len(values) == count:
                return values
        if line.count(column) != count - 1:
            return None
        values = line.split(column)
        if quotes:
            for at, value in enumerate(values):
                if quote in value:
                    if len(value) < 2 or value[0] != quote or value[-1] != quote:
                        return None
                    values[at] = value = value[1:-1]
                    if quote in value:
                        return None
        return values

    return cut


class Cutter:
    """The tolerant cut of one row, which may run over several lines.

    A quote that begins a value wraps it up to the next quote before a delimiter or line end. A
    doubled quote inside is one quote. Any other quote is kept as text, and ``stray`` says so.
    ``wrapped`` counts the values whose quotes were closed.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._column, self._quote, self._doubled = dialect.column, dialect.quote, dialect.doubled
        self._parts: list[str] = []
        self._open = False
        self.values: list[str] = []
        self.stray = False
        self.wrapped = 0

    def feed(self, line: str) -> bool:
        """Cut ``line``; returns whether a quote is still open at its end."""
        column, quote, at, length = self._column, self._quote, 0, len(line)
        while True:
            if not self._open:
                if quote and line.startswith(quote, at):
                    end = line.find(quote, at + 1)
                    after = line[end + 1 : end + 2]
                    if end < 0 or (after and after != column):
                        self._open = True
                        at += 1
                        continue
                    # The usual value, wrapped and without a quote inside, in one step.
                    self.values.append(line[at + 1 : end])
                    self.wrapped += 1
                    if not after or self.too_many:
                        return False
                    at = end + 2
                    continue
                end = line.find(column, at)
                value = line[at:] if end < 0 else line[at:end]
                self.stray = self.stray or bool(quote and quote in value)
                self.values.append(value)
                if end < 0 or self.too_many:
                    return False
                at = end + 1
                continue
            end = line.find(quote, at)
            if end < 0:
                self._parts.append(line[at:])
                return True
            self._parts.append(line[at:end])
            at = end
            while at < length and line[at] == quote:
                at += 1
            if self._quotes(at - end, at == length or line[at] == column):
                if at == length or self.too_many:
                    return False
                at += 1

    def _quotes(self, run: int, at_end: bool) -> bool:
        """Take ``run`` quotes in a row inside a value; returns whether they close it."""
        closes = at_end and (run % 2 == 1 or not self._doubled)
        literal = run // 2
        if (run % 2 == 0 and closes) or (run % 2 == 1 and not at_end):
            self.stray = True
            literal = (run + 1) // 2
        self._parts.append(self._quote * literal)
        if closes:
            self._close()
            self.wrapped += 1
        return closes

    @property
    def too_many(self) -> bool:
        """Whether the row has more values than any table; the rest was left uncut."""
        return len(self.values) > MOST_COLUMNS

    def line_break(self, end: str) -> None:
        """The line break ``end`` stands inside the open value."""
        self._parts.append(end)

    def give_up(self) -> None:
        """Close the open value where it is."""
        self._close()

    def _close(self) -> None:
        self.values.append("".join(self._parts))
        self._parts = []
        self._open = False
