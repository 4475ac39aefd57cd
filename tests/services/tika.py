"""Apache Tika server."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tests.services import fetch
from tests.services.java import java_home
from tests.services.server import Server

VERSION = "3.2.2"
_ARTIFACT = f"org.apache.tika:tika-server-standard:{VERSION}:jar"
_SHA256 = "04bcb61826403957cfab93cb1e14d4c305fbeb949475f031b0b73dab7e976995"


class Tika(Server):
    """The standard server; it starts a child that parses, and another when that one dies."""

    name = "tika"

    def install(self) -> None:
        fetch.maven(_ARTIFACT, _SHA256)
        java_home()

    def prepare(self) -> None:
        self.data.mkdir()

    def command(self) -> list[str]:
        jar = fetch.maven(_ARTIFACT, _SHA256)
        return ["java", "-jar", str(jar), "-h", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        # The child is started as `java` too, so both come from the path and share the bound.
        path = f"{java_home() / 'bin'}:{os.environ.get('PATH', '')}"
        return {"PATH": path, "JAVA_TOOL_OPTIONS": "-Xmx768m"}

    def healthy(self) -> bool:
        return self.ask(f"{self._url()}/version")

    def variables(self) -> dict[str, str]:
        return {"EDISCOVERY_TEST_TIKA": self._url()}

    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
