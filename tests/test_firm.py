"""The whole of a firm's deployment gives the matter of the embedded default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import firm
from tests.servers import server


@pytest.mark.server("elasticsearch")
@pytest.mark.server("postgresql")
@pytest.mark.server("s3")
@pytest.mark.server("tika")
def test_the_sample_on_every_server_and_a_cluster(tmp_path: Path) -> None:
    for name in firm.SERVERS:
        server(name)
    told: list[str] = []
    assert firm.whole(tmp_path, told.append) == []
    assert any("breach w/5 contract" in line for line in told)
