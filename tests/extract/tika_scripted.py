"""A server that behaves as Tika's does, or as badly as a test wants."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answering = Callable[["Handler"], None]

GOOD = json.dumps(
    [
        {"X-TIKA:content": "\n\nthe document\n", "dc:title": "Deal", "dc:creator": ["A", "B"]},
        {"X-TIKA:content": "inside", "resourceName": "a.txt"},
    ]
).encode()


@dataclass
class Seen:
    """What reached the server: bodies and headers of files, connections, looks at its health."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    looks: int = 0


class Handler(BaseHTTPRequestHandler):
    """One connection; ``body`` is the file under way."""

    protocol_version = "HTTP/1.1"
    body = b""

    def log_message(self, *arguments: object) -> None:
        pass

    def say(self, status: int, body: bytes, *, announced: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def server(
    *answers: Answering, health: Callable[[int], bool] = lambda look: True
) -> Iterator[Seen]:
    """Gives ``answers`` to one file after the other, the last one for ever.

    ``health`` says for each look, counted from 1, whether the server is well.
    """
    seen = Seen()

    class Scripted(Handler):
        def setup(self) -> None:
            seen.connections += 1
            super().setup()

        def do_GET(self) -> None:
            assert self.path == "/version"
            seen.looks += 1
            if health(seen.looks):
                self.say(200, b"Apache Tika 0.0")
            else:
                self.say(503, b"")

        def do_PUT(self) -> None:
            assert self.path == "/rmeta/text"
            self.body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.bodies.append(self.body)
            seen.headers.append(dict(self.headers))
            answers[min(len(seen.bodies), len(answers)) - 1](self)

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: object) -> None:
            pass  # clients that hang up are what these tests are about

    running = Quiet(("127.0.0.1", 0), Scripted)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    seen.url = f"http://127.0.0.1:{running.server_address[1]}"
    try:
        yield seen
    finally:
        running.shutdown()
        running.server_close()


def says(status: int, body: bytes) -> Answering:
    """An answer of that status and body."""
    return lambda handler: handler.say(status, body)


def breaks_off(handler: Handler) -> None:
    """Closes the connection without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def resets(handler: Handler) -> None:
    """Closes the connection as a process that is killed does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def half(handler: Handler) -> None:
    """Breaks off in the middle of the answer."""
    handler.say(200, GOOD[: len(GOOD) // 2], announced=len(GOOD))
    breaks_off(handler)


def half_a_chunk(handler: Handler) -> None:
    """Breaks off in the middle of a piece of a chunked answer."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"fff\r\n" + GOOD)
    handler.wfile.flush()
    breaks_off(handler)


def hangs(handler: Handler) -> None:
    """Says nothing for longer than any test waits."""
    time.sleep(4)


def drips(handler: Handler) -> None:
    """Sends a byte now and then, without end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"1\r\n[\r\n")
        handler.wfile.flush()
        time.sleep(0.1)


def pours(handler: Handler) -> None:
    """Sends JSON without end, as quickly as it can."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    piece = b'{"X-TIKA:content": "word word word"},' * 100
    while True:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


def refuses_early(handler: Handler) -> None:
    """Says no and hangs up."""
    handler.close_connection = True
    handler.say(403, b"no")
