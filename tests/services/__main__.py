"""``python -m tests.services up|down|env|status``: the servers of the tests."""

from __future__ import annotations

import argparse
import fcntl
import shlex
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services import place
from tests.services.elasticsearch import Elasticsearch, ElasticsearchTLS
from tests.services.errors import ServiceError
from tests.services.postgresql import Postgresql
from tests.services.s3 import S3
from tests.services.server import Server
from tests.services.tika import Tika

SERVERS: tuple[type[Server], ...] = (Elasticsearch, ElasticsearchTLS, Postgresql, S3, Tika)


def up(servers: list[Server]) -> int:
    """Install and start all; progress on standard error, variables on standard output."""

    def one(server: Server) -> str:
        if server.running() and server.healthy():
            return "runs already"
        tell(server, "installing")
        server.install()
        tell(server, "starting")
        server.start()
        return f"answers on port {server.port}"

    done = _each(servers, one)
    return max(done, env(servers))


def down(servers: list[Server]) -> int:
    """Stop all and remove their data. Downloads and logs are kept."""

    def one(server: Server) -> str:
        if not server.folder.exists():
            return "was never started"
        server.stop()
        server.forget()
        return "stopped"

    return _each(servers, one)


def env(servers: list[Server]) -> int:
    """Print the variables of what runs, for ``eval``; exit code 1 when nothing does."""
    running = [server for server in servers if server.running()]
    for server in running:
        for name, value in server.variables().items():
            print(f"export {name}={shlex.quote(value)}")
    return 0 if running else 1


def status(servers: list[Server]) -> int:
    """Say of each whether it runs and answers; exit code 1 when one does not."""
    print(f"Folder: {place.home()}")
    bad = 0
    for server in servers:
        answers = server.running() and server.healthy()
        bad += not answers
        word = "answers" if answers else "runs, no answer" if server.running() else "stopped"
        print(f"{server.name:<18} {word:<16} {server.log if server.log.exists() else ''}")
    return 1 if bad else 0


def tell(server: Server, text: str) -> None:
    """One line of progress."""
    print(f"{server.name}: {text}", file=sys.stderr, flush=True)


def _each(servers: list[Server], work: Callable[[Server], str]) -> int:
    """Do ``work`` for all servers at once, one command at a time; 1 when one failed."""
    place.home().mkdir(parents=True, exist_ok=True)

    def tried(server: Server) -> int:
        try:
            tell(server, work(server))
        except ServiceError as error:
            tell(server, f"FAILED: {error}")
            return 1
        return 0

    with Path(place.home(), "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place.runner()
        with ThreadPoolExecutor(len(servers)) as pool:
            return max(pool.map(tried, servers))


ACTIONS = {"up": up, "down": down, "env": env, "status": status}


def main() -> int:
    """Run one action; the exit code is 0 when it did all that it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    parser.add_argument("action", choices=ACTIONS)
    names = [server.name for server in SERVERS]
    parser.add_argument("server", nargs="*", choices=[*names, []], help="only these")
    given = parser.parse_args()
    servers = [made() for made in SERVERS if not given.server or made.name in given.server]
    return ACTIONS[given.action](servers)


if __name__ == "__main__":
    sys.exit(main())
