"""The privilege screen: whose communications, and which words, need a decision on privilege.

One YAML file a matter, checked against ``schemas/privilege_screen.json``; the catalog keeps every
version, and the newest holds. What it finds is found by the matter's index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ediscovery.model.errors import UsageError
from ediscovery.model.settings import Kind, build
from ediscovery.review import versions
from ediscovery.search.backends import index_of
from ediscovery.search.grammar import parse
from ediscovery.store.catalog import listed
from ediscovery.store.tables import coded, documents, privilege_screens
from ediscovery.store.workspace import Matter

KIND = Kind("privilege screen", "", "privilege_screen.json")


@dataclass(frozen=True, slots=True)
class Attorney:
    """An attorney: the name as mails and texts have it, and any e-mail addresses."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Screen:
    """``terms`` are queries. ``mark``, ``*`` or ``Esq.``, marks attorneys in a privilege log."""

    title: str
    attorneys: tuple[Attorney, ...] = ()
    firms: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    mark: str = "*"

    def queries(self) -> Iterator[tuple[str, str]]:
        """Each entry of the screen as a person names it, and its query.

        Names are looked for in the text and among those who took part, also with the last name
        first.
        """
        for one in self.attorneys:
            yield f"attorney {one.name}", _anywhere(*_known_as(one))
        for name in self.firms:
            yield f"firm {name}", _anywhere(name)
        for name in self.domains:
            yield f"domain {name}", _anywhere(name)
        for query in self.terms:
            yield f"term {query}", query

    def names(self) -> list[str]:
        """How attorneys are told in a list of people: names, also with the last one first, and
        addresses."""
        return [name for one in self.attorneys for name in _known_as(one)]


def _known_as(one: Attorney) -> list[str]:
    first, _, last = one.name.rpartition(" ")
    return [one.name, *([f"{last}, {first}"] if first else []), *one.addresses]


def _anywhere(*names: str) -> str:
    """A query for each of ``names``, in the text or among those who took part."""
    return " OR ".join(part for name in names for part in (f'"{name}"', f'participant:"{name}"'))


@dataclass(frozen=True, slots=True)
class Version(versions.Version):
    """A screen as it was stored."""

    @property
    def screen(self) -> Screen:
        return screen_of(self.data)


def screen_of(data: dict[str, Any]) -> Screen:
    """A screen from checked data; an attorney may be given by the name alone."""
    people = [one if isinstance(one, dict) else {"name": one} for one in data.get("attorneys", ())]
    return build(Screen, {**data, "attorneys": people})


def load(path: str) -> dict[str, Any]:
    """The checked data of the screen in the YAML file at ``path``.

    Raises :class:`UsageError` when it can't be read, does not fit its schema, or holds what is no
    query.
    """
    _, data = KIND.load(path)
    for label, query in screen_of(data).queries():
        try:
            parse(query)
        except UsageError as error:
            raise UsageError(f"{path}, {label}: {error.message}", error.next_step) from None
    return data


def store(matter: Matter, data: dict[str, Any]) -> int:
    """Keep checked ``data`` as the matter's next version, and return that; see ``versions.py``."""
    told = {key: len(value) for key, value in data.items() if isinstance(value, list)}
    return versions.store(
        matter, privilege_screens, data, "privilege screen stored", {"title": data["title"]} | told
    )


def current(connection: Connection) -> Version | None:
    """The version that holds; ``None`` when the matter has no screen."""
    return versions.newest(connection, privilege_screens, Version)


def every(matter: Matter) -> list[Version]:
    """All versions, oldest first."""
    return versions.every(matter, privilege_screens, Version)


def hits(matter: Matter, screen: Screen) -> list[tuple[str, list[int]]]:
    """Each entry of the screen with the documents that it finds, ascending.

    The index must be up to the catalog: the caller sees to that.
    """
    if not any(screen.queries()):
        return []
    with index_of(matter).open() as target:
        return [
            (label, target.matching(parse(query, matter.zone).tree).tolist())
            for label, query in screen.queries()
        ]


def undecided(matter: Matter, connection: Connection, families: Iterable[int]) -> dict[int, int]:
    """The documents of ``families`` that hit the screen and are not coded in ``privilege``, each
    with its family; none where the matter has no screen."""
    held = current(connection)
    if held is None:
        return {}
    found = {number for _, numbers in hits(matter, held.screen) for number in numbers}
    decided = select(coded.c.number).where(coded.c.field == "privilege")
    rows = connection.execute(
        select(documents.c.number, documents.c.family_number).where(
            documents.c.family_number.in_(listed(connection, sorted(set(families)))),
            documents.c.withdrawn.is_(False),
            documents.c.number.not_in(decided),
        )
    )
    return {row.number: row.family_number for row in rows if row.number in found}
