"""A running Apache Tika server as reader of last resort: ``PUT /rmeta/text``, bounded.

A server may hang or die on a poisonous file and take others' requests with it. So each request is
tried once more, alone; what fails for want of a server is ``infrastructure``, never blamed on the
document.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.tika import Answer, failure
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_PAUSE = 2.0  # seconds before the second try: a forking server needs about that to come back
_ANSWER_FACTOR = 8  # bytes of JSON that a byte of text may take, escapes and metadata counted in


def ask(content: Content, context: Context) -> Answer:
    """The server's answer on ``content``; children's text follows the document's.

    Raises :class:`EvidenceError`: ``infrastructure`` when it can't be reached or breaks off twice,
    ``timeout`` when it answers neither time within the profile's wall clock, ``encrypted`` or
    ``corrupt`` as its parsers say.
    """
    limits = context.profile.limits
    ends = time.monotonic() + limits.wall_seconds * 0.9  # the sandbox must not be quicker
    problem = EvidenceError(State.INFRASTRUCTURE, "The Tika server did not answer.")
    for attempt in range(2):
        if attempt:
            time.sleep(min(_PAUSE, max(0.0, ends - time.monotonic())))
        left = ends - time.monotonic()
        # The first try leaves the second at least half of the time.
        seconds = max(1.0, left if attempt else left / 2)
        try:
            return _answer(*_put(content, context, seconds), limits.text_bytes)
        except TimeoutError:
            problem = EvidenceError(State.TIMEOUT, "The Tika server did not answer in time.")
        except (OSError, http.client.HTTPException) as error:
            problem = EvidenceError(
                State.INFRASTRUCTURE, f"The Tika server can't be reached or broke off: {error}"
            )
    raise problem


def _put(content: Content, context: Context, seconds: float) -> tuple[int, bytes]:
    parts = urlsplit(context.profile.tika)
    secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=seconds)
    limit = context.profile.limits.text_bytes
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/octet-stream",
        "Content-Length": str(content.size),
        "writeLimit": str(limit),
        "maxEmbeddedResources": str(context.profile.limits.members),
    }
    ends = time.monotonic() + seconds
    try:
        with content.open() as body:
            connection.request("PUT", parts.path.rstrip("/") + "/rmeta/text", body, headers)
            response = connection.getresponse()
            pieces: list[bytes] = []
            room = limit * _ANSWER_FACTOR
            while piece := response.read(1 << 20):
                pieces.append(piece)
                room -= len(piece)
                if room < 0:
                    raise EvidenceError(f"{State.LIMIT}:text", "Tika's answer is too long.")
                if time.monotonic() > ends:
                    raise TimeoutError
            return response.status, b"".join(pieces)
    finally:
        connection.close()


def _answer(status: int, body: bytes, limit: int) -> Answer:
    if status in (415, 422):  # no parser, or the parser gave up
        raise failure(body[:10_000].decode("utf-8", "replace"))
    if status != 200:
        raise http.client.HTTPException(f"status {status}")
    try:
        documents: list[dict[str, Any]] = json.loads(body)
        first = documents[0]
    except (ValueError, IndexError, TypeError) as error:
        raise http.client.HTTPException(f"no JSON list: {error}") from None
    texts, inside = [], []
    for document in documents:
        texts.append(str(document.get("X-TIKA:content") or "").strip())
        if document is not first:
            inside.append(str(document.get("resourceName", "")))
    broken = str(first.get("X-TIKA:EXCEPTION:container_exception", ""))
    if broken:
        raise failure(broken)
    cut = any(d.get("X-TIKA:EXCEPTION:write_limit_reached") == "true" for d in documents)
    inner = "\n".join(filter(None, texts[1:]))[:limit]
    return Answer(texts[0][:limit], first, inner, list(filter(None, inside)), cut)
