"""Deployments: which stores and which engine serve a workspace, read from one YAML file.

The shipped ones stand in ``config/``; ``--config`` and ``EDISCOVERY_CONFIG`` also take the path of
a file of one's own. The file is checked against ``schemas/deployment.json``. It names hosts and
never holds a secret: those come from the environment, see ``docs/administrator.md``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from ediscovery.model.profile import Profile
from ediscovery.model.settings import Kind

VARIABLE = "EDISCOVERY_CONFIG"
_KIND = Kind("deployment", "config", "deployment.json", lambda name: name != "personal_data")


DASHBOARD_PORT = 8787  # Dask's own


@dataclass(frozen=True, slots=True)
class Workers:
    """How many worker processes of this machine run, as there is work; 0: as the command says."""

    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the parts of a workspace live. The defaults need nothing but its folder.

    ``catalog``: ``sqlite``, or ``postgresql://[user@]host[:port]/database``. ``packs``: ``folder``,
    or a URL that fsspec knows (``s3://bucket/prefix``). ``packs_lock``: for how many ``days`` S3
    locks each pack, in which ``mode``. ``index``: ``tantivy``, or the URL of Elasticsearch.
    ``scheduler``: ``local``, or the address of a Dask scheduler (``tls://host:8786``,
    ``tcp://host:8786``). ``tika``: URL of a Tika server for profiles that say ``embedded``, or
    ``""``. ``shared_sources``: the workers of a cluster see the evidence under the same paths as
    the machine that ingests it. ``dashboard``: where the scheduler's page is, when not on port 8787
    of its host. ``workers``: bounds between which processes of this machine come and go.
    """

    name: str = "local"
    catalog: str = "sqlite"
    packs: str = "folder"
    packs_lock: dict[str, Any] | None = field(default=None, hash=False)
    index: str = "tantivy"
    scheduler: str = "local"
    tika: str = ""
    shared_sources: bool = False
    dashboard: str = ""
    workers: Workers = Workers()

    def __post_init__(self) -> None:
        if isinstance(self.workers, dict):  # as :meth:`as_dict` gives it
            object.__setattr__(self, "workers", Workers(**self.workers))

    @property
    def dashboard_url(self) -> str:
        """The page that Dask's scheduler shows; ``""`` where there is no scheduler of its own."""
        host = urlsplit(self.scheduler).hostname
        if self.dashboard or not host:
            return self.dashboard
        return f"http://{f'[{host}]' if ':' in host else host}:{DASHBOARD_PORT}/status"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as it travels to workers; ``Deployment(**data)`` reads it back."""
        return asdict(self)

    def applied(self, profile: Profile) -> Profile:
        """``profile`` as it works here, and as a collection keeps it: the server reads for Tika."""
        if profile.tika == "embedded" and self.tika:
            return replace(profile, tika=self.tika)
        return profile


LOCAL = Deployment()


def load(name: str) -> Deployment:
    """The deployment called ``name`` in ``config/``, or the file at that path.

    Raises :class:`UsageError` when there is none or it does not fit ``schemas/deployment.json``.
    """
    path, data = _KIND.load(name)
    known = {f.name for f in fields(Deployment)}
    return Deployment(**{"name": path.stem} | {k: v for k, v in data.items() if k in known})
