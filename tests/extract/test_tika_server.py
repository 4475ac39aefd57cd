"""The client of a Tika server: its protocol, and every way in which a server can fail."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ediscovery.extract import tika, tika_server
from ediscovery.extract.contract import Budget, Content, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.profile import Limits, Profile
from tests.extract.tika_scripted import (
    GOOD,
    Answering,
    Handler,
    breaks_off,
    drips,
    half,
    half_a_chunk,
    hangs,
    pours,
    refuses_early,
    resets,
    says,
    server,
)

RSS = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>Deal news</title>"
    b"<item><title>Merger</title><description>off again</description></item></channel></rss>"
)


@pytest.fixture(autouse=True)
def a_new_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits long for a restart, or goes on with the connection of another."""
    monkeypatch.setattr(tika_server, "_client", None)
    monkeypatch.setattr(tika_server, "_RESTART_SECONDS", 0.3)
    monkeypatch.setattr(tika_server, "_PAUSE", 0.01)


def context(scratch: Path, url: str, **limits: float) -> Context:
    profile = replace(Profile(tika=url), limits=replace(Limits(), **limits))
    return Context(profile, scratch, Budget(1 << 30), name="a.rss")


def ask(url: str, scratch: Path, **limits: float) -> tika.Answer:
    return tika.ask(Content(RSS), context(scratch, url, **limits))


def test_an_answer(tmp_path: Path) -> None:
    with server(says(200, GOOD)) as seen:
        found = tika.extract(Content(RSS), context(tmp_path, seen.url))
    assert seen.bodies == [RSS]
    assert found.text == "the document\ninside"
    assert (found.fields["title"], found.fields["author"]) == ("Deal", "A; B")
    assert found.fields["embedded_in_text"] == ["a.txt"]
    assert "a.txt" in found.warnings[0]


def test_a_file_on_disk_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "big.rss"
    path.write_bytes(b"xx" + RSS)
    with server(says(200, GOOD)) as seen:
        tika.ask(Content(path=path, offset=2), context(tmp_path, seen.url))
    assert seen.bodies == [RSS]


def test_the_connection_is_kept(tmp_path: Path) -> None:
    with server(says(200, GOOD), says(422, b"broken"), says(200, GOOD)) as seen:
        ask(seen.url, tmp_path)
        with pytest.raises(EvidenceError):
            ask(seen.url, tmp_path)
        ask(seen.url, tmp_path)
    assert (len(seen.bodies), seen.connections) == (3, 1)


def test_a_connection_that_the_server_closed_meanwhile_costs_no_try(tmp_path: Path) -> None:
    def last_words(handler: Handler) -> None:
        handler.close_connection = True
        handler.say(200, GOOD)

    with server(last_words, says(200, GOOD)) as seen:
        ask(seen.url, tmp_path)
        client = tika_server._client
        assert client is not None
        # Its end is on the way; the next request would meet it.
        opened = client._connection._open
        assert opened is None or not opened.sock.recv(1, socket.MSG_PEEK)
        ask(seen.url, tmp_path)
    assert (len(seen.bodies), seen.looks, seen.connections) == (2, 0, 2)


@pytest.mark.parametrize(
    "first",
    [
        breaks_off, resets, half, half_a_chunk, says(500, b"oops"), says(503, b"busy"),
        says(200, b"no json"), says(200, b"[]"), says(200, b'{"a": 1}'), says(200, b"[1, 2]"),
    ],
)  # fmt: skip
def test_a_lost_request_is_tried_again(first: Answering, tmp_path: Path) -> None:
    with server(first, says(200, GOOD)) as seen:
        answer = ask(seen.url, tmp_path, wall_seconds=5.0)
    assert answer.text == "the document"
    assert len(seen.bodies) == 2


def test_it_waits_for_a_server_that_starts_again(tmp_path: Path) -> None:
    with server(breaks_off, says(200, GOOD), health=lambda look: look > 3) as seen:
        answer = ask(seen.url, tmp_path)
    assert answer.text == "the document"
    assert (len(seen.bodies), seen.looks) == (2, 4)


@pytest.mark.parametrize(
    ("answer", "state", "requests"),
    [
        (says(422, b"EncryptedDocumentException"), "encrypted", 1),
        (says(422, b"TikaException: broken"), "corrupt", 1),
        (says(415, b""), "corrupt", 1),
        (says(200, b'[{"X-TIKA:EXCEPTION:container_exception": "x"}]'), "corrupt", 1),
        (says(500, b"oops"), "corrupt", 2),
        (says(404, b""), "infrastructure", 1),
        (says(400, b""), "infrastructure", 2),
        (refuses_early, "infrastructure", 1),
        (says(200, b"<html>a proxy</html>"), "infrastructure", 2),
        (breaks_off, "crashed", 3),
        (resets, "crashed", 3),
        (half, "crashed", 3),
        (half_a_chunk, "crashed", 3),
    ],
)
def test_failures(answer: Answering, state: str, requests: int, tmp_path: Path) -> None:
    with server(answer) as seen, pytest.raises(EvidenceError) as raised:
        ask(seen.url, tmp_path)
    assert raised.value.state == state
    assert len(seen.bodies) == requests


@pytest.mark.parametrize("answer", [hangs, drips])
def test_a_server_that_hangs_is_given_up(answer: Answering, tmp_path: Path) -> None:
    with server(answer) as seen, pytest.raises(EvidenceError) as raised:
        ask(seen.url, tmp_path, wall_seconds=1.0)
    assert raised.value.state == "timeout"
    assert len(seen.bodies) == 2


def test_a_server_that_takes_nothing_is_no_fault_of_the_document(tmp_path: Path) -> None:
    with server(says(503, b"busy")) as seen, pytest.raises(EvidenceError) as raised:
        ask(seen.url, tmp_path)
    assert raised.value.state == "infrastructure"
    assert len(seen.bodies) > 2


@pytest.mark.parametrize("answer", [breaks_off, hangs])
def test_a_server_that_stays_away_is_no_fault_of_the_document(
    answer: Answering, tmp_path: Path
) -> None:
    # It is well until the file is alone with it, and never again.
    with (
        server(answer, health=lambda look: look == 1) as seen,
        pytest.raises(EvidenceError) as raised,
    ):
        ask(seen.url, tmp_path, wall_seconds=1.0)
    assert raised.value.state == "infrastructure"
    assert len(seen.bodies) == 2


def test_no_server_is_waited_for_once(tmp_path: Path) -> None:
    with server(breaks_off, breaks_off, says(200, GOOD), health=lambda look: look > 9999) as seen:
        for _ in range(2):
            before = seen.looks
            with pytest.raises(EvidenceError) as raised:
                ask(seen.url, tmp_path)
            assert raised.value.state == "infrastructure"
        assert seen.looks - before == 1
        # Nothing is to be told when it is there again.
        assert ask(seen.url, tmp_path).text == "the document"


def test_no_server_at_all(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EvidenceError) as raised:
        ask(f"http://127.0.0.1:{port}", tmp_path)
    assert raised.value.state == "infrastructure"


@pytest.mark.parametrize("answer", [pours, says(200, GOOD * 1000)])
def test_an_endless_answer_is_cut(answer: Answering, tmp_path: Path) -> None:
    with server(answer, says(200, GOOD)) as seen:
        with pytest.raises(EvidenceError) as raised:
            ask(seen.url, tmp_path, text_bytes=1000)
        assert raised.value.state == "limit:text"
        # What was left of it is not taken for the next answer.
        assert ask(seen.url, tmp_path).text == "the document"


def test_a_request_bounds_the_servers_time_and_asks_for_no_ocr(tmp_path: Path) -> None:
    with server(says(200, GOOD)) as seen:
        ask(seen.url, tmp_path, wall_seconds=60.0)
        ask(seen.url, tmp_path, wall_seconds=5.0)  # less than a server takes for a bound
    assert [h.get("X-Tika-Timeout-Millis") for h in seen.headers] == ["60000", None]
    assert seen.headers[0]["X-Tika-OCRskipOcr"] == "true"


@pytest.mark.parametrize("refusal", [(400, b""), (200, b"[]")])
def test_a_server_that_takes_no_bound_is_asked_without(
    refusal: tuple[int, bytes], tmp_path: Path
) -> None:
    def by_bound(handler: Handler) -> None:
        handler.say(*refusal if "X-Tika-Timeout-Millis" in handler.headers else (200, GOOD))

    with server(by_bound) as seen:
        for _ in range(2):
            assert ask(seen.url, tmp_path, wall_seconds=60.0).text == "the document"
    assert len(seen.bodies) == 3


def test_a_file_that_the_server_gives_nothing_for_does_not_unlearn_the_bound(
    tmp_path: Path,
) -> None:
    with server(*[says(200, b"[]")] * 4, says(200, GOOD)) as seen:
        with pytest.raises(EvidenceError) as raised:
            ask(seen.url, tmp_path, wall_seconds=60.0)
        assert raised.value.state == "corrupt"
        ask(seen.url, tmp_path, wall_seconds=60.0)
    assert "X-Tika-Timeout-Millis" in seen.headers[-1]


def test_the_sandbox_does_not_count_the_time(tmp_path: Path) -> None:
    allowed: list[float] = []
    with server(breaks_off, says(200, GOOD)) as seen:
        tika_server.join(seen.url, tmp_path / "lock", allowed.append)
        ask(seen.url, tmp_path, wall_seconds=60.0)
    first, last = allowed
    assert first > 3 * 60.0
    assert 0.0 < first + last < 60.0
