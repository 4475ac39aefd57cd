"""A running Apache Tika server as reader of last resort: ``PUT /rmeta/text``, bounded.

A server may hang or die on a poisonous file and take others' requests with it. Whoever runs it has
it restarted (Tika's own parent process does within seconds); this client waits for that, then sends
what was under way again, alone: no other request of this machine's parsers is at the server. Only a
file that stops the server each time that it is alone there is blamed. What fails for want of a
server is ``infrastructure``, never the document's fault.

Images are not put through OCR there: that is the business of ``extract/ocr.py``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.tika import Answer, failure
from ediscovery.extract.tika_connection import BrokenOff, Connection, Reply, TooLong, Unreachable
from ediscovery.extract.turns import NoTurn, Turns
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Limits
from ediscovery.model.states import State

_TRIES = 3  # one among others, two alone
_RESTART_SECONDS = 180.0  # how long a server may stay away: its supervisor has to notice, too
_PAUSE = 0.5  # seconds between two looks whether it is back
_HEALTH_SECONDS = 10.0
_QUEUE = 4  # how many files that hang may stand before one that waits for its turn
# The server watches its tasks too, and stops itself when one takes longer than the request allows.
_BOUND, _LEAST_BOUND, _MOST_BOUND = "X-Tika-Timeout-Millis", 30.0, 300.0
_GRACE = 15.0  # seconds that it takes to notice
_ANSWER_FACTOR = 8  # bytes of JSON that a byte of text may take, escapes and metadata counted in
_AWAY = frozenset({429, 502, 503, 504})  # it is there and takes nothing now

_client: Client | None = None


def ask(content: Content, context: Context) -> Answer:
    """The server's answer on ``content``; children's text follows the document's.

    The time that it takes is bounded here, each try by the profile's ``wall_seconds``, and the
    sandbox does not count it. Raises :class:`EvidenceError`: ``infrastructure`` when the server is
    away or answers what no Tika does, ``timeout`` and ``crashed`` when it hangs or dies although
    the file is alone there, ``encrypted`` or ``corrupt`` as its parsers say.
    """
    global _client
    if _client is None or _client.url != context.profile.tika:
        _client = Client(context.profile.tika)
    return _client.ask(content, context.profile.limits)


def join(url: str, lock: Path, allow: Callable[[float], None]) -> None:
    """Have this process ask the server at ``url`` in turns with all others that name ``lock``.

    ``allow`` moves the end of the time that the item under way may take, by seconds.
    """
    global _client
    _client = Client(url, Turns(lock), allow)


class _Away(Exception):
    """The server takes nothing at the moment."""


class Client:
    """One process's connection to a server. Not safe for threads."""

    def __init__(
        self,
        url: str,
        turns: Turns | None = None,
        allow: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self.url = url
        self._connection = Connection(url)
        self._turns, self._allow = turns, allow
        self._bound = True  # the server takes our bound on its time
        self._given_up = False  # it stayed away for all the time that a restart may take

    def ask(self, content: Content, limits: Limits) -> Answer:
        """See :func:`ask`."""
        wait = _QUEUE * (limits.wall_seconds + _RESTART_SECONDS)
        tries = limits.wall_seconds + _GRACE + _RESTART_SECONDS
        most = 2 * wait + _TRIES * tries + _RESTART_SECONDS
        self._allow(most)
        started = time.monotonic()
        try:
            return self._read(content, limits, wait)
        except NoTurn:
            raise EvidenceError(
                State.INFRASTRUCTURE, "Others kept the Tika server busy for too long."
            ) from None
        finally:
            self._allow(time.monotonic() - started - most)

    def _read(self, content: Content, limits: Limits, wait: float) -> Answer:
        try:
            with self._turn(False, wait):
                return self._answer(content, limits)
        except (_Away, Unreachable, BrokenOff, TimeoutError):
            self._connection.close()
        with self._turn(True, wait):
            found = self._alone(content, limits)
            if isinstance(found, EvidenceError) and found.state == State.CRASHED:
                found = self._alone(content, limits)  # it may have been dying already
        if isinstance(found, Answer):
            return found
        raise found

    def _turn(self, alone: bool, wait: float) -> AbstractContextManager[None]:
        if self._turns is None:
            return nullcontext()
        return self._turns.alone(wait) if alone else self._turns.together(wait)

    def _alone(self, content: Content, limits: Limits) -> Answer | EvidenceError:
        """The answer, or what the file did to the server."""
        ends = time.monotonic() + _RESTART_SECONDS
        while True:
            self._wait_for_server()
            started = time.monotonic()
            try:
                return self._answer(content, limits, last=True)
            except (_Away, Unreachable) as error:
                if started > ends:
                    raise _infrastructure(str(error)) from None
                time.sleep(_PAUSE)
            except TimeoutError:
                verdict = _slow(limits)
                break
            except BrokenOff:
                late = time.monotonic() - started >= limits.wall_seconds
                verdict = _slow(limits) if late else _died()
                break
        self._connection.close()
        # A server that does not come back was stopped by someone, not by the document.
        self._wait_for_server()
        return verdict

    def _wait_for_server(self) -> None:
        """Return when the server is healthy; raises ``infrastructure`` when it stays away.

        Once it did, no later document waits for it: each looks once.
        """
        ends = time.monotonic() + (0.0 if self._given_up else _RESTART_SECONDS)
        while not self._healthy():
            if time.monotonic() >= ends:
                self._given_up = True
                raise _infrastructure("it does not answer")
            time.sleep(_PAUSE)
        self._given_up = False

    def _healthy(self) -> bool:
        try:
            reply = self._connection.request(
                "GET", "/version", seconds=_HEALTH_SECONDS, most=1 << 16
            )
        except (Unreachable, BrokenOff, TooLong, TimeoutError):
            return False
        return reply.status == 200 and reply.body.startswith(b"Apache Tika")

    def _answer(self, content: Content, limits: Limits, *, last: bool = False) -> Answer:
        reply = self._put(content, limits, self._bound)
        if self._bound and (reply.status == 400 or _nothing(reply)):
            # So it answers to a bound that its configuration does not allow, too.
            reply = self._put(content, limits, False)
            self._bound = reply.status != 200 or _nothing(reply)
        return _parsed(reply, limits.text_bytes, last=last)

    def _put(self, content: Content, limits: Limits, bound: bool) -> Reply:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/octet-stream",
            "Content-Length": str(content.size),
            "writeLimit": str(limits.text_bytes),
            "maxEmbeddedResources": str(limits.members),
            "X-Tika-OCRskipOcr": "true",
        }
        seconds = limits.wall_seconds
        if bound and _LEAST_BOUND <= seconds <= _MOST_BOUND:
            headers[_BOUND] = str(int(seconds * 1000))
            seconds += _GRACE
        try:
            return self._connection.request(
                "PUT",
                "/rmeta/text",
                body=content.chunks(),
                headers=headers,
                seconds=seconds,
                most=limits.text_bytes * _ANSWER_FACTOR,
            )
        except TooLong:
            raise EvidenceError(f"{State.LIMIT}:text", "Tika's answer is too long.") from None


def _nothing(reply: Reply) -> bool:
    """Whether it says that it read the file and found not even the file."""
    return reply.status == 200 and reply.body.strip() == b"[]"


def _parsed(reply: Reply, limit: int, *, last: bool) -> Answer:
    """The answer in ``reply``. What another try may mend is blamed on the file only if ``last``."""
    if reply.status in (415, 422):  # no parser, or the parser gave up
        raise failure(reply.body[:10_000].decode("utf-8", "replace"))
    if reply.status in _AWAY:
        raise _Away(f"it answers with status {reply.status}")
    if reply.status == 500 or _nothing(reply):
        if last:
            raise failure("the server gave up on it")
        raise BrokenOff
    if reply.status != 200:
        raise _infrastructure(f"it answers with status {reply.status}")
    try:
        documents: list[dict[str, Any]] = json.loads(reply.body)
        first = documents[0]
        texts = [str(d.get("X-TIKA:content") or "").strip() for d in documents]
    except (ValueError, LookupError, TypeError, AttributeError):
        if last:
            raise _infrastructure("its answer is not Tika's JSON") from None
        raise BrokenOff from None
    broken = str(first.get("X-TIKA:EXCEPTION:container_exception", ""))
    if broken:
        raise failure(broken)
    cut = any(d.get("X-TIKA:EXCEPTION:write_limit_reached") == "true" for d in documents)
    inner = "\n".join(filter(None, texts[1:]))[:limit]
    inside = [str(d.get("resourceName", "")) for d in documents[1:]]
    return Answer(texts[0][:limit], first, inner, list(filter(None, inside)), cut)


def _slow(limits: Limits) -> EvidenceError:
    return EvidenceError(
        State.TIMEOUT,
        f"The Tika server did not answer within {limits.wall_seconds:g} s, alone with it.",
    )


def _died() -> EvidenceError:
    return EvidenceError(
        State.CRASHED, "The Tika server broke off each time that it read this file alone."
    )


def _infrastructure(why: str) -> EvidenceError:
    return EvidenceError(State.INFRASTRUCTURE, f"The Tika server can't be used: {why}.")
