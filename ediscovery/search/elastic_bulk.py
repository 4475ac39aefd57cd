"""Loading Elasticsearch in bulk: bounded requests, waiting when it has too much, nothing lost.

A document's ``_id`` is its number and its version is ours, so a request that is sent again, by us
or by a worker that does a killed worker's slice over, changes nothing, and an older version never
takes the place of a newer one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from ediscovery.model.errors import EdiscoveryError, TryAgain
from ediscovery.search.elastic_client import busy, failed

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_BYTES = 8 << 20
REQUEST_ACTIONS = 1_000
PATIENCE = 180.0
"""Seconds that a server may be away or overloaded: a restart takes less."""

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 15.0
_SECONDS = 120.0  # for one request
_FILTER = "errors,items.*._id,items.*.status,items.*.error.type,items.*.error.reason"
_CONFLICT, _NOT_FOUND, _TOO_LARGE = 409, 404, 413

_T = TypeVar("_T")
Action = tuple[int, bytes]
"""A document's number, and the lines that say what to do with it."""


def patiently(ask: Callable[[], _T], patience: float) -> _T:
    """The answer of ``ask``, asked again for ``patience`` seconds while it raises TryAgain."""
    deadline, wait = time.monotonic() + patience, _FIRST_WAIT
    while True:
        try:
            return ask()
        except TryAgain:
            if time.monotonic() + wait > deadline:
                raise
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


class Bulk:
    """Writes to one index. What :meth:`flush` has not sent is lost with this object."""

    def __init__(
        self, client: Elasticsearch, url: str, index: str, *, patience: float = PATIENCE
    ) -> None:
        self._client = client
        self._url = url
        self._index = index
        self._patience = patience
        self._waiting: list[Action] = []
        self._size = 0

    def index(self, fields: dict[str, Any]) -> None:
        """Put a prepared document in the place of what has its number, unless that is newer."""
        number = fields["number"]
        self._take(number, _lines(fields, {"version": fields["version"]}))

    def delete(self, number: int) -> None:
        """Forget a document; one that is not there is no error."""
        self._take(number, orjson.dumps({"delete": {"_id": str(number)}}) + b"\n")

    def flush(self) -> None:
        """Send what is waiting; raises when any of it can't be written."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting:
            self._send(waiting)

    def _take(self, number: int, lines: bytes) -> None:
        if self._waiting and self._size + len(lines) > REQUEST_BYTES:
            self.flush()
        self._waiting.append((number, lines))
        self._size += len(lines)
        if len(self._waiting) >= REQUEST_ACTIONS:
            self.flush()

    def _send(self, actions: list[Action]) -> None:
        """Send until the server has taken everything or :data:`PATIENCE` is over."""
        deadline = time.monotonic() + self._patience
        wait = _FIRST_WAIT
        while actions:
            left, why = self._once(actions)
            if len(left) < len(actions):
                wait, deadline = _FIRST_WAIT, time.monotonic() + self._patience
            if not left:
                return
            actions = left
            if time.monotonic() + wait > deadline:
                raise why
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _once(self, actions: list[Action]) -> tuple[list[Action], EdiscoveryError]:
        """One request: the actions that must be sent again, and why."""
        operations: Any = [lines for _, lines in actions]
        try:
            answer: Any = self._client.options(request_timeout=_SECONDS).bulk(
                index=self._index,
                operations=operations,
                filter_path=_FILTER,
            )
        except Exception as error:
            if busy(error):
                return actions, failed(error, self._url)
            if getattr(error, "status_code", 0) == _TOO_LARGE:
                return self._halves(actions)
            raise failed(error, self._url) from error
        again, late = [], ""
        if not answer["errors"]:
            return [], TryAgain("")
        conflicts: list[Action] = []
        for action, outcome in zip(actions, _outcomes(answer), strict=True):
            status = outcome["status"]
            if status < 300 or (status == _NOT_FOUND and action[1].startswith(b'{"delete"')):
                continue
            cause = outcome.get("error", {})
            said = f"{cause.get('type', status)}: {cause.get('reason', '')}"
            if status == _CONFLICT:
                conflicts.append(action)
            elif status == 429 or status >= 500:
                again.append(action)
                late = said
            else:
                raise EdiscoveryError(
                    f"Elasticsearch does not take document number {action[0]}: {said[:300]}",
                    "Report this with the sentence above; the index lacks the document.",
                )
        self._settle(conflicts)
        why = f"Elasticsearch at {self._url} has too much to do: {late[:300]}"
        return again, TryAgain(why, "Wait a little, then run the same command again.")

    def _halves(self, actions: list[Action]) -> tuple[list[Action], EdiscoveryError]:
        """A request that is too large for this server, in two; one document can't be cut."""
        if len(actions) == 1:
            number, lines = actions[0]
            raise EdiscoveryError(
                f"Document number {number} has {len(lines) >> 20} MB of text, more than "
                f"Elasticsearch at {self._url} takes.",
                "Raise http.max_content_length there, then run the same command again.",
            )
        middle = len(actions) // 2
        self._send(actions[:middle])
        self._send(actions[middle:])
        return [], TryAgain("")

    def _settle(self, conflicts: list[Action]) -> None:
        """Documents refused because the index has seen a newer version of them.

        That is as it should be, unless the newer one was deleted meanwhile: Elasticsearch remembers
        a deleted version for a minute. Then this one is what there is to index.
        """
        if not conflicts:
            return
        try:
            found: Any = self._client.mget(
                index=self._index,
                ids=[str(number) for number, _ in conflicts],
                source=False,
                filter_path="docs._id,docs.found",
            )
        except Exception as error:
            raise failed(error, self._url) from error
        there = {document["_id"] for document in found["docs"] if document["found"]}
        gone = [action for action in conflicts if str(action[0]) not in there]
        if gone:
            self._send([(number, _unversioned(lines)) for number, lines in gone])


def _lines(fields: dict[str, Any], version: dict[str, Any]) -> bytes:
    head: dict[str, Any] = {"_id": str(fields["number"])}
    if version:
        head |= version | {"version_type": "external_gte"}
    return orjson.dumps({"index": head}) + b"\n" + orjson.dumps(fields) + b"\n"


def _unversioned(lines: bytes) -> bytes:
    return _lines(orjson.loads(lines.split(b"\n")[1]), {})


def _outcomes(answer: Any) -> Iterator[dict[str, Any]]:
    for item in answer["items"]:
        yield from item.values()
