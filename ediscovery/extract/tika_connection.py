"""One kept-alive HTTP connection whose every request ends in bounded time."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from ediscovery.model.waiting import readable

_CONNECT_SECONDS = 10.0
_PIECE = 1 << 16


class Unreachable(Exception):
    """No connection could be made, so nothing was handed over."""


class BrokenOff(Exception):
    """The server took the request, or some of it, and gave no whole answer."""


class TooLong(Exception):
    """The answer has more bytes than the caller takes."""


class Reply(NamedTuple):
    """What came back: status code and body."""

    status: int
    body: bytes


class Connection:
    """Requests to ``url`` one after the other, over one connection while it lives.

    HTTP/1.1 (RFC 9112). Not safe for threads.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path.rstrip("/")
        self._open: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Drop the connection; the next request makes another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Iterable[bytes] = (),
        headers: Mapping[str, str] | None = None,
        seconds: float,
        most: int,
    ) -> Reply:
        """The answer to one request, within ``seconds`` and of at most ``most`` bytes.

        ``body`` has as many bytes as the header ``Content-Length`` says. Raises
        :class:`Unreachable`, :class:`BrokenOff`, :class:`TooLong`, and ``TimeoutError`` when the
        whole answer is not there in time.
        """
        ends = time.monotonic() + seconds
        connection = self._connected(seconds)
        whole = False
        try:
            reply, whole = _exchange(
                connection, method, self._path + path, body, headers or {}, ends, most
            )
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BrokenOff(f"{type(error).__name__}: {error}") from error
        finally:
            if not whole:
                self.close()
        return reply

    def _connected(self, seconds: float) -> http.client.HTTPConnection:
        """The connection, made anew when there is none or the server has closed it meanwhile."""
        # Between requests nothing is to be read from it but its end.
        if self._open is not None and not readable(self._open.sock, 0.0):
            return self._open
        self.close()
        make = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = make(self._host, self._port, timeout=min(seconds, _CONNECT_SECONDS))
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Unreachable(str(error) or type(error).__name__) from error
        self._open = connection
        return connection


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Iterable[bytes],
    headers: Mapping[str, str],
    ends: float,
    most: int,
) -> tuple[Reply, bool]:
    """The reply, and whether the connection may be used again."""
    sock: socket.socket = connection.sock
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    _bound(sock, ends)
    sent = True
    try:
        connection.endheaders()
        for piece in body:
            _bound(sock, ends)
            connection.send(piece)
    except (BrokenPipeError, ConnectionResetError):
        sent = False  # a server that refuses may say so and not listen to the end
    response = connection.getresponse()
    announced = response.getheader("Content-Length", "")
    pieces: list[bytes] = []
    size = 0
    while True:
        _bound(sock, ends)
        piece = response.read1(_PIECE)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise TooLong
    if announced.isdigit() and size < int(announced):
        raise http.client.IncompleteRead(b"", int(announced) - size)
    reusable = sent and not response.will_close
    with contextlib.suppress(OSError):
        response.close()
    return Reply(response.status, b"".join(pieces)), reusable


def _bound(sock: socket.socket, ends: float) -> None:
    """Give the next system call what time is left."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)
