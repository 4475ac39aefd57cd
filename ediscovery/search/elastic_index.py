"""An index in Elasticsearch: one a matter, in generations, behind an alias that searches ask.

Matter ``acme`` is searched as ``ediscovery-acme``, an alias of ``ediscovery-acme@3``, its third
generation. A rebuild fills the next generation while searches go on, then the alias is moved.
(``@`` stands in no matter's name, so the generations of ``acme`` are not another matter's.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ediscovery.model.errors import Refused, TryAgain
from ediscovery.model.resources import resource
from ediscovery.search import words
from ediscovery.search.answers import Searched
from ediscovery.search.elastic_bulk import PATIENCE, Bulk, patiently
from ediscovery.search.elastic_client import connect, failed
from ediscovery.search.elastic_search import Search
from ediscovery.search.index import Begun, IndexDocument, Limits
from ediscovery.search.prepared import prepared

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

FORMAT = 1
_MOST_WRITERS = 64
_SHARD_DOCUMENTS = 5_000_000
_MOST_SHARDS = 64
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Generation:
    """One index of a matter. ``searched``: the alias is on it. ``filling``: without replicas until
    it is filled. ``meta``: who made it and how.
    """

    name: str
    order: int
    searched: bool
    filling: bool
    meta: dict[str, Any]


class ElasticPlace:
    """The index of ``matter`` on the server at ``url``; see :class:`IndexPlace`.

    ``owner`` tells this matter from one of the same name in another workspace: its index is refused
    rather than mixed with ours. All methods raise :class:`TryAgain` when the server does not serve
    and :class:`Refused` for an index that another version or another workspace has made.
    """

    def __init__(
        self,
        url: str,
        matter: str,
        owner: str,
        *,
        limits: Limits | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.url = url
        self.alias = f"ediscovery-{matter}"
        self.owner = owner
        self.limits = limits or Limits()
        self.patience = patience
        self._client: Elasticsearch | None = None

    @property
    def client(self) -> Elasticsearch:
        """The connection, opened when it is first needed."""
        if self._client is None:
            self._client = connect(self.url)
        return self._client

    def open(self) -> ElasticIndex:
        return ElasticIndex(self)

    def begin(self, workers: int, documents: int) -> Begun:
        newest = self.newest()
        if newest is None:
            newest = self.create(1, documents, searched=True)
        with self._said():
            if not self.client.count(index=newest.name)["count"]:
                # What is lost with a node while the first filling runs is filled again.
                self._settings(newest, {_REPLICAS: "false", "index.number_of_replicas": 0})
        return Begun(min(max(1, workers), _MOST_WRITERS), clean=True)

    def write(self, name: str, begun: Begun) -> tuple[ElasticIndex, bool]:
        return ElasticIndex(self), begun.clean

    def finish(self) -> None:
        generations = self.generations()
        if not generations:
            return
        newest = generations[-1]
        self._checked(newest)
        with self._said():
            if newest.filling:
                self._settings(newest, {_REPLICAS: _data()["settings"][_REPLICAS]})
            older = [{"remove_index": {"index": g.name}} for g in generations[:-1]]
            if older or not newest.searched:
                added = {"add": {"index": newest.name, "alias": self.alias}}
                self.client.indices.update_aliases(actions=[added, *older])

    @contextmanager
    def anew(self, documents: int) -> Iterator[None]:
        generations = self.generations()
        for generation in generations:
            self._owned(generation)
        yield
        searched = [g for g in generations if g.searched]
        with self._said():
            for generation in generations:
                if not generation.searched:  # an earlier rebuild was stopped
                    self.client.indices.delete(index=generation.name)
        order = generations[-1].order + 1 if generations else 1
        self.create(order, documents, searched=not searched)

    def damaged(self) -> list[str]:
        searched = self.searched()
        if searched is None:
            return []
        with self._said():
            health = self.client.cluster.health(index=searched.name, timeout="1s")
        if health["status"] != "red":
            return []
        return [f"Parts of {searched.name} are on no running node of Elasticsearch."]

    # -- generations -------------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        """Every generation, the oldest first."""
        with self._said():
            found: Any = self.client.indices.get(
                index=f"{self.alias}@*",
                filter_path=f"*.aliases,*.mappings._meta,*.settings.{_REPLICAS}",
                expand_wildcards="open,closed",
            )
        made = []
        for name, data in found.items():
            order = name.removeprefix(f"{self.alias}@")
            if order.isdigit():
                searched = self.alias in data.get("aliases", {})
                replicas = data.get("settings", {}).get("index", {}).get("auto_expand_replicas")
                meta = data.get("mappings", {}).get("_meta", {})
                made.append(Generation(name, int(order), searched, replicas == "false", meta))
        return sorted(made, key=lambda generation: generation.order)

    def newest(self) -> Generation | None:
        """The generation that is written."""
        generations = self.generations()
        return self._checked(generations[-1]) if generations else None

    def searched(self) -> Generation | None:
        """The generation that is searched."""
        found = [g for g in self.generations() if g.searched]
        return self._checked(found[-1]) if found else None

    def create(self, order: int, documents: int, *, searched: bool) -> Generation:
        """Make a generation for about so many documents."""
        data = _data()
        shards = min(1 + documents // _SHARD_DOCUMENTS, _MOST_SHARDS)
        meta = {"format": FORMAT, "words": words.VERSION, "owner": self.owner}
        made = Generation(f"{self.alias}@{order}", order, searched, False, meta)
        with self._said():
            self.client.indices.create(
                index=made.name,
                settings=data["settings"] | {"index.number_of_shards": shards},
                mappings=data["mappings"] | {"_meta": meta},
                aliases={self.alias: {}} if searched else {},
            )
        return made

    def _owned(self, generation: Generation) -> Generation:
        if generation.meta.get("owner") != self.owner:
            raise Refused(
                f"{generation.name} at {self.url} belongs to a matter of another workspace.",
                "Give the matter another name, or this workspace a server of its own.",
            )
        return generation

    def _checked(self, generation: Generation) -> Generation:
        meta = self._owned(generation).meta
        if (meta.get("format"), meta.get("words")) != (FORMAT, words.VERSION):
            raise Refused(
                f"{generation.name} at {self.url} was built by another version of this program.",
                "It is derived data: build it again (ediscovery index rebuild MATTER).",
            )
        return generation

    def _settings(self, generation: Generation, settings: dict[str, Any]) -> None:
        self.client.indices.put_settings(index=generation.name, settings=settings)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn the client's errors into ours."""
        from elasticsearch import ApiError, TransportError

        try:
            yield
        except (ApiError, TransportError) as error:
            raise failed(error, self.url) from error


_REPLICAS = "index.auto_expand_replicas"


def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        resource("schemas", "elasticsearch.json").read_text(encoding="utf-8")
    )
    return found


class ElasticIndex(Searched):
    """A matter's index; see :class:`ediscovery.search.index.SearchIndex`.

    Searches ask the generation that the alias is on, as of the last :meth:`refresh`; documents go
    into the newest one. A commit is visible at once as a whole on each shard of the index; what was
    added and not committed may have reached the server, and a later commit shows it.
    """

    def __init__(self, place: ElasticPlace) -> None:
        self.place = place
        self._bulk: Bulk | None = None
        self._target: Generation | None = None
        self._snapshot: Search | None = None

    # -- writing -----------------------------------------------------------------------------------

    def _writer(self) -> Bulk:
        if self._bulk is None:
            place = self.place
            newest = patiently(place.newest, place.patience)
            self._target = newest or place.create(1, 0, searched=True)
            self._bulk = Bulk(place.client, place.url, self._target.name, patience=place.patience)
        return self._bulk

    def add(self, documents: Iterable[IndexDocument], *, new: bool = False) -> int:
        """Take documents, each replacing what has its number, and say how many they were.

        A document whose newer version is in the index is left as it is. ``new`` saves nothing here.
        Raises :class:`TryAgain` when the server does not take them.
        """
        count = 0
        for document in documents:
            self._writer().index(prepared(document))
            count += 1
        return count

    def delete(self, numbers: Iterable[int]) -> None:
        """Forget these documents; numbers not in the index are no error."""
        for number in numbers:
            self._writer().delete(number)

    def commit(self) -> None:
        """Make everything since the last commit durable and visible.

        Raises :class:`TryAgain` when the index was taken away meanwhile.
        """
        if self._bulk is not None and self._target is not None:
            self._bulk.flush()
            patiently(self._show, self.place.patience)
            generations = patiently(self.place.generations, self.place.patience)
            if self._target.name not in {g.name for g in generations if g.meta}:
                raise TryAgain(
                    f"{self._target.name} was deleted while it was filled.",
                    "Build it again: ediscovery index rebuild MATTER",
                )
        self.refresh()

    def _show(self) -> None:
        """Have the server show what it was sent."""
        assert self._target is not None
        with self.place._said():
            self.place.client.indices.refresh(index=self._target.name)

    def close(self) -> None:
        """Let the server forget what it kept for us; what was not committed is lost."""
        self._bulk = None
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None

    # -- reading -----------------------------------------------------------------------------------

    def snapshot(self) -> Search:
        if self._snapshot is None:
            place = self.place
            # The alias, not what it is on: where a rebuild was finished meanwhile, that is gone.
            index = place.alias if place.searched() else ""
            self._snapshot = Search(place.client, place.url, index, place.limits)
            self._snapshot.open()
        return self._snapshot

    def refresh(self) -> None:
        """See what other processes have committed."""
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None

    def versions(self) -> Iterator[tuple[int, int]]:
        """Number and version of every document, by number."""
        return iter(sorted(self.snapshot().versions()))
