"""Elasticsearch: one plain over HTTP, and one with HTTPS, a CA of its own and basic sign-in."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.services import fetch, place
from tests.services.java import java_home
from tests.services.server import Server

VERSION = "9.2.0"
# The real server with its core modules only: what runs on it runs everywhere.
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_SHA256 = "bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b"


class Elasticsearch(Server):
    """A node without security, as most tests use it."""

    name = "elasticsearch"
    heap = "1g"

    def install(self) -> None:
        archive = fetch.maven(_ARTIFACT, _SHA256)
        fetch.unpack(archive, archive.with_suffix(""))
        java_home()

    @property
    def program(self) -> Path:
        """The folder of the unpacked server."""
        return fetch.cache() / f"elasticsearch-{VERSION}" / f"elasticsearch-{VERSION}"

    def prepare(self) -> None:
        # A node writes its keystore, and with security its certificates, beside its settings.
        place.clear(self.folder / "config")
        shutil.copytree(self.program / "config", self.folder / "config")
        if "jdk.incubator.vector" not in (java_home() / "release").read_text():
            # Makes vectors quick and is not there in a reduced runtime; nothing depends on it.
            options = self.folder / "config" / "jvm.options"
            kept = [line for line in options.read_text().splitlines() if "incubator" not in line]
            options.write_text("\n".join(kept) + "\n")
        place.give(self.folder / "config")
        place.owned(self.data)
        place.owned(self.folder / "logs")

    def settings(self) -> dict[str, str]:
        """Settings of this node."""
        return {
            "discovery.type": "single-node",
            "http.host": "127.0.0.1",
            "http.port": str(self.port),
            "transport.host": "127.0.0.1",
            "path.data": str(self.data),
            "path.logs": str(self.folder / "logs"),
            # A full disk of the developer's is no matter of the tests'.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "xpack.security.enabled": "false",
        }

    def command(self) -> list[str]:
        options = [part for k, v in self.settings().items() for part in ("-E", f"{k}={v}")]
        return [str(self.program / "bin" / "elasticsearch"), *options]

    def environment(self) -> Mapping[str, str]:
        return {
            "ES_JAVA_HOME": str(java_home()),
            "ES_JAVA_OPTS": f"-Xms{self.heap} -Xmx{self.heap}",
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            # The start script and the tools are Java programs of their own; small ones will do.
            "CLI_JAVA_OPTS": "-Xmx64m -XX:+UseSerialGC",
        }

    def healthy(self) -> bool:
        return self.ask(f"{self._url()}/_cluster/health?wait_for_status=yellow&timeout=2s")

    def variables(self) -> dict[str, str]:
        return {"EDISCOVERY_TEST_ELASTICSEARCH": self._url()}

    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class ElasticsearchTLS(Elasticsearch):
    """A small node as it installs itself: HTTPS with its own CA, and one user with a password."""

    name = "elasticsearch_tls"
    heap = "512m"
    user = "ediscovery"

    def prepare(self) -> None:
        super().prepare()
        users = str(self.program / "bin" / "elasticsearch-users")
        self.run([users, "useradd", self.user, "-p", self.password, "-r", "superuser"])

    def settings(self) -> dict[str, str]:
        # It makes its certificates only where nothing is said about security.
        return {k: v for k, v in super().settings().items() if not k.startswith("xpack.security")}

    @property
    def ca(self) -> Path:
        """The certificate to trust, made at the first start."""
        return self.folder / "config" / "certs" / "http_ca.crt"

    def healthy(self) -> bool:
        if not self.ca.is_file():
            return False
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        url = f"{self._url()}/_cluster/health?wait_for_status=yellow&timeout=2s"
        return self.ask(url, ca=self.ca, authorization=f"Basic {token}")

    def variables(self) -> dict[str, str]:
        return {
            "EDISCOVERY_TEST_ELASTICSEARCH_TLS": self._url(),
            "EDISCOVERY_TEST_ELASTICSEARCH_TLS_CA": str(self.ca),
            "EDISCOVERY_TEST_ELASTICSEARCH_TLS_USER": self.user,
            "EDISCOVERY_TEST_ELASTICSEARCH_TLS_PASSWORD": self.password,
        }

    def _url(self) -> str:
        return f"https://127.0.0.1:{self.port}"
