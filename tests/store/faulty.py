"""A server between a client and the real one that fails as it is told to."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_BUSY = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)


@dataclass
class Faults:
    """What the server at ``url`` does to the next requests of ``method`` (``""``: any).

    Each count goes down. ``busy``: answer 503. ``cut``: break off in the middle of the body.
    ``short``: send half the body and call that all of it. ``flip``: change a byte of the body.
    ``lost``: do as asked and drop the connection instead of answering. ``spoil``: change a byte of
    what was sent, and say nothing of checksums. ``delay``: seconds before every answer.
    ``unconditional``: take ``If-None-Match`` away, as servers do that do not know it; ``refuse``:
    answer it with 501, as others do.
    """

    url: str = ""
    method: str = ""
    busy: int = 0
    cut: int = 0
    short: int = 0
    flip: int = 0
    lost: int = 0
    spoil: int = 0
    delay: float = 0.0
    unconditional: bool = False
    refuse: bool = False
    seen: list[str] = field(default_factory=list)

    def take(self, name: str, method: str) -> bool:
        """Whether this request is one of those to fail in the way called ``name``."""
        left = getattr(self, name)
        if not left or self.method not in ("", method):
            return False
        setattr(self, name, left - 1)
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: str
    faults: Faults

    def _serve(self) -> None:
        faults, method = self.faults, self.command
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        faults.seen.append(f"{method} {self.path}")
        time.sleep(faults.delay)
        if faults.take("busy", method):
            self._answer(503, {"Content-Type": "application/xml"}, _BUSY % b"SlowDown")
            return
        headers = dict(self.headers.items())
        if faults.refuse and "If-None-Match" in headers:
            self._answer(501, {"Content-Type": "application/xml"}, _BUSY % b"NotImplemented")
            return
        changed = faults.unconditional
        if sent and faults.take("spoil", method):
            sent = sent[:-1] + bytes([sent[-1] ^ 1])
            headers = {k: v for k, v in headers.items() if "checksum" not in k.lower()}
            changed = True
        if faults.unconditional:
            headers.pop("If-None-Match", None)
        if changed:
            headers = _signed(method, self.target + self.path, headers, sent)
        there = urlsplit(self.target)
        onward = http.client.HTTPConnection(there.hostname or "", there.port, timeout=60)
        onward.request(method, self.path, sent, headers)
        answer = onward.getresponse()
        body = answer.read()
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
        onward.close()
        if method == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length") or "0"
        if faults.take("lost", method):
            self.close_connection = True
            return
        half = body[: len(body) // 2]
        if body and faults.take("cut", method):
            self._answer(answer.status, kept | {"Content-Length": str(len(body))}, half)
            self.close_connection = True
            return
        if body and faults.take("short", method):
            body = half
        if body and faults.take("flip", method):
            body = half + bytes([body[len(half)] ^ 0x10]) + body[len(half) + 1 :]
        self._answer(answer.status, kept, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is asked stands in ``Faults.seen``."""


def _signed(method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    """``headers`` with a signature anew, as servers refuse what was changed on the way."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import get_session

    old = {"authorization", "x-amz-content-sha256", "x-amz-date"}
    kept = {k: v for k, v in headers.items() if k.lower() not in old}
    request = AWSRequest(method, url, kept, body)
    S3SigV4Auth(get_session().get_credentials(), "s3", "us-east-1").add_auth(request)
    return dict(request.headers.items())


@contextmanager
def faulty(target: str) -> Iterator[Faults]:
    """A server that passes everything on to ``target``, but for the faults."""
    faults = Faults()
    handler = type("Handler", (_Handler,), {"target": target, "faults": faults})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.daemon_threads = True
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        faults.url = f"http://127.0.0.1:{proxy.server_address[1]}"
        yield faults
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
