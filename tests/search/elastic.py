"""Indexes on the real Elasticsearch that tests speak to, each taken away after its test."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ediscovery.search.elastic_client import connect
from ediscovery.search.elastic_index import ElasticPlace
from tests.servers import server

OWNER = "test"
_KEPT = ("content-type", "accept")


@contextmanager
def place(**options: Any) -> Iterator[ElasticPlace]:
    """Where a new matter's index will be."""
    url = server("elasticsearch")
    made = ElasticPlace(url, f"test-{uuid.uuid4().hex}", OWNER, **options)
    try:
        yield made
    finally:
        with connect(url) as client:
            names = [*client.indices.get(index=f"{made.alias}@*", filter_path="*.aliases")]
            if names:
                client.indices.delete(index=names)


@contextmanager
def busy_proxy(url: str, answers: list[int | str], largest: int = 1 << 40) -> Iterator[str]:
    """The same server behind a door that answers bulk requests with ``answers`` first.

    A status is given as it is; 0 breaks the connection; ``item`` lets the request through, and
    says 429 of its first document. Requests of more than ``largest`` bytes are refused.
    """
    left = list(answers)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size) if size else None
            status, data = 0, b"{}"
            answer = left.pop(0) if "/_bulk" in self.path and left else ""
            if size > largest:
                status = 413
            elif answer == 0:
                self.close_connection = True
                self.connection.close()
                return
            elif isinstance(answer, int):
                status = answer
            else:
                status, data = self.passed(body)
            if answer == "item":
                found = json.loads(data)
                found["errors"] = True
                first = next(iter(found["items"][0].values()))
                first |= {"status": 429, "error": {"type": "es_rejected_execution_exception"}}
                data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/vnd.elasticsearch+json")
            self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

        def passed(self, body: bytes | None) -> tuple[int, bytes]:
            kept = {n: v for n, v in self.headers.items() if n.lower() in _KEPT}
            request = urllib.request.Request(  # noqa: S310
                f"{url}{self.path}", data=body, headers=kept, method=self.command
            )
            try:
                with urllib.request.urlopen(request) as answer:  # noqa: S310
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        def log_message(self, *arguments: Any) -> None:
            return

    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{door.server_port}"
    finally:
        door.shutdown()
        door.server_close()
