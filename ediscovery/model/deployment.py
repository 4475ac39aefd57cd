"""Deployments: which stores and which engine serve a workspace, read from one YAML file.

The shipped ones stand in ``config/``; ``--config`` and ``EDISCOVERY_CONFIG`` also take the path of
a file of one's own. The file is checked against ``schemas/deployment.json``. It names hosts and
never holds a secret: those come from the environment, see ``docs/administrator.md``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ediscovery.model.errors import UsageError
from ediscovery.model.profile import Profile
from ediscovery.model.resources import resource

VARIABLE = "EDISCOVERY_CONFIG"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the parts of a workspace live. The defaults need nothing but its folder.

    ``catalog``: ``sqlite``, or ``postgresql://[user@]host[:port]/database``. ``packs``: ``folder``,
    or a URL that fsspec knows (``s3://bucket/prefix``). ``packs_lock``: for how many ``days`` S3
    locks each pack, in which ``mode``. ``index``: ``tantivy``, or the URL of Elasticsearch.
    ``scheduler``: ``local``, or the address of a Dask scheduler (``tls://host:8786``,
    ``tcp://host:8786``). ``tika``: URL of a Tika server for profiles that say ``embedded``, or
    ``""``.
    """

    name: str = "local"
    catalog: str = "sqlite"
    packs: str = "folder"
    packs_lock: dict[str, Any] | None = field(default=None, hash=False)
    index: str = "tantivy"
    scheduler: str = "local"
    tika: str = ""

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
    import json

    import jsonschema
    import yaml

    path = Path(name)
    if not (path.suffix in {".yaml", ".yml"} and path.is_file()):
        path = resource("config", f"{name}.yaml")
    if not path.is_file():
        raise UsageError(
            f"No deployment {name!r}.", "Known are local and cluster; or give the path of a file."
        )
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not valid YAML: {error}", "Mend the file.") from error
    schema = json.loads(resource("schemas", "deployment.json").read_text(encoding="utf-8"))
    problems = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(data), key=lambda e: list(e.path)
    )
    if problems:
        where = "/".join(str(p) for p in problems[0].path) or "top level"
        raise UsageError(
            f"{path}, {where}: {problems[0].message}", "See schemas/deployment.json for what fits."
        )
    known = {f.name for f in fields(Deployment)}
    return Deployment(**{"name": path.stem} | {k: v for k, v in data.items() if k in known})
