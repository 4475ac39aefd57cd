"""Packs on S3, or a server that speaks it: conditional writes, multipart, checksums, Object Lock.

Settings come from the environment, by the names that AWS gave them: ``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ediscovery.model.errors import EdiscoveryError, UsageError, VerificationFailed
from ediscovery.store.pack_store import Probe
from ediscovery.store.packs_remote import RemotePacks

_PART = 16 << 20  # bytes; from two of them on a pack goes up in parts
_MOST_PARTS = 10_000
_AT_ONCE = 4  # parts in memory
_CREDENTIALS = frozenset(
    {
        "403", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken",
        "SignatureDoesNotMatch", "TokenRefreshRequired",
    }
)  # fmt: skip
_REGION = frozenset(
    {
        "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
        "PermanentRedirect",
    }
)  # fmt: skip
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")
_PROBE_LOCK = timedelta(seconds=10)


class S3Packs(RemotePacks):
    """The packs of one matter; ``lock``: ``{"mode": "governance"|"compliance", "days": n}``."""

    def __init__(self, url: str, matter: str, lock: dict[str, Any] | None = None) -> None:
        super().__init__(url, matter)
        self._lock = lock

    @cached_property
    def failures(self) -> tuple[type[Exception], ...]:  # type: ignore[override]
        from aiohttp import ClientError as NetworkError
        from botocore.exceptions import BotoCoreError, ClientError

        return OSError, NetworkError, BotoCoreError, ClientError

    def options(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            # Patience is ours; one quick second try mends a connection that was closed meanwhile.
            "retries": {"mode": "standard", "total_max_attempts": 2},
            "connect_timeout": 10,
            "read_timeout": 30,
        }
        if os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
            # Servers of a firm's own seldom have a host name for each bucket.
            config["s3"] = {"addressing_style": "path"}
        region = os.environ.get("AWS_REGION")
        return {
            "config_kwargs": config,
            "client_kwargs": {"region_name": region} if region else {},
            "max_concurrency": _AT_ONCE,
        }

    def opened(self, files: Any) -> None:
        files.retries = 1

    def settings(self) -> dict[str, Any]:
        if not self._lock:
            return {}
        return _until(self._lock["mode"], timedelta(days=self._lock["days"]))

    def write(self, finished: Path, path: str, **settings: Any) -> None:
        # Looked for first as well: there are servers that take a condition and ignore it.
        if self._there(path):
            return
        put = partial(
            self.files.put_file,
            str(finished), path, chunksize=_part(finished.stat().st_size),
            ContentType="application/zip", **settings,
        )  # fmt: skip
        try:
            put(mode="create")
        except OSError as error:
            if _code(error) == "NotImplemented":
                put()
            elif not _taken(error):
                raise

    def remove(self, path: str) -> None:
        bucket, key = self._names(path)
        version = self.files.info(path).get("VersionId")
        which = {"VersionId": version} if version else {}
        self.files.call_s3("delete_object", Bucket=bucket, Key=key, **which)

    def proven(self, finished: Path, status: dict[str, Any]) -> bool:
        return str(status.get("ETag", "")).strip('"') == _etag(finished)

    def prepare(self) -> None:
        bucket, key = self._names(self.path(""))
        ask = partial(
            self.files.call_s3, "list_objects_v2", Bucket=bucket, Prefix=key, MaxKeys=1
        )  # fmt: skip
        self.patiently(self.url, ask)

    def meaning(self, error: Exception, what: str) -> EdiscoveryError | None:
        from botocore.exceptions import (
            NoCredentialsError,
            ParamValidationError,
            PartialCredentialsError,
        )

        code = _code(error)
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return UsageError(
                f"There are no credentials for {self.url}.",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        if code in _CREDENTIALS:
            return UsageError(
                f"{self.url} refuses our credentials ({code}).",
                "Look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what they may do there.",
            )
        if code in _REGION:
            return UsageError(f"{self.url} lies in another region ({code}).", "Set AWS_REGION.")
        if code == "NoSuchBucket" or isinstance(error, ParamValidationError):
            return UsageError(
                f"There is no bucket for {self.url}.",
                "Create it, or name another: packs, in the deployment's file.",
            )
        if self._lock and code == "InvalidRequest":
            return UsageError(
                f"{self.url} takes no lock: {self.reason(error)}",
                "Make the bucket with Object Lock, or leave packs_lock out of the deployment.",
            )
        if code == "InvalidRange":
            return VerificationFailed(f"{what} ends early.", "Restore it from a backup.")
        return super().meaning(error, what)

    def reason(self, error: Exception) -> str:
        told = super().reason(error)
        for name in _SECRETS:
            if secret := os.environ.get(name):
                told = told.replace(secret, "***")
        return f"{_code(error)}: {told}" if _code(error) else told

    def guarantees(self, draft: Path, path: str) -> Iterator[Probe]:
        yield self._once(path)
        yield self._locks(draft, f"{path}-locked")

    def _once(self, path: str) -> Probe:
        bucket, key = self._names(path)

        def again() -> str:
            try:
                self.files.call_s3(
                    "put_object", Bucket=bucket, Key=key, Body=b"other", IfNoneMatch="*"
                )
            except OSError as error:
                if _code(error) != "NotImplemented" and not _taken(error):
                    raise
                return "" if _taken(error) else "it knows no conditional writes"
            return "it overwrites, whatever the condition"

        what = "object store: write once"
        if wrong := self.patiently(self.url, again):
            return Probe(
                what, "weak", wrong,
                "Two workers that write one name at the same moment may not see each other.",
            )  # fmt: skip
        return Probe(what, "ok", "a second write of a name is refused")

    def _locks(self, draft: Path, path: str) -> Probe:
        bucket, _ = self._names(path)

        def known() -> bool:
            try:
                answer = self.files.call_s3("get_object_lock_configuration", Bucket=bucket)
            except OSError as error:
                code = _code(error)
                if code in ("NotImplemented", "ObjectLockConfigurationNotFoundError"):
                    return False
                raise
            return bool(answer["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled")

        what, without = "object store: lock", "Whoever may delete packs can delete them."
        if not self.patiently(self.url, known):
            state = "broken" if self._lock else "missing"
            return Probe(what, state, "the bucket has no Object Lock", without)
        if not self._lock:
            return Probe(what, "ok", "the bucket has Object Lock; packs_lock does not ask for it")
        settings = _until(self._lock["mode"], _PROBE_LOCK)
        self.patiently(self.url, partial(self.write, draft, path, **settings))
        try:
            self.remove(path)
        except PermissionError:
            pass
        else:
            return Probe(what, "broken", "what is locked can be deleted", without)
        while datetime.now(UTC) <= settings["ObjectLockRetainUntilDate"] + timedelta(seconds=1):
            time.sleep(1)
        self.patiently(self.url, partial(self.remove, path))
        return Probe(what, "ok", f"{self._lock['mode']}: what is locked can't be deleted")

    def _there(self, path: str) -> bool:
        bucket, key = self._names(path)
        try:
            self.files.call_s3("head_object", Bucket=bucket, Key=key)
        except FileNotFoundError:
            return False
        return True

    def _names(self, path: str) -> tuple[str, str]:
        bucket, key, _ = self.files.split_path(path)
        return bucket, key


def _until(mode: str, time_: timedelta) -> dict[str, Any]:
    return {
        "ObjectLockMode": mode.upper(),
        "ObjectLockRetainUntilDate": datetime.now(UTC) + time_,
    }


def _code(error: Exception) -> str:
    """The server's word for an error; ``""`` when it said nothing."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


def _taken(error: Exception) -> bool:
    return isinstance(error, FileExistsError) or _code(error) in ("PreconditionFailed", "412")


def _part(size: int) -> int:
    """Bytes of each part of an upload."""
    return max(_PART, -(-size // _MOST_PARTS))


def _etag(path: Path) -> str:
    """What S3 calls an object that it stored as we send it: the MD5, or that of the parts' MD5s."""
    size = path.stat().st_size
    part = _part(size)
    with open(path, "rb") as file:
        if size < 2 * part:
            return hashlib.file_digest(file, "md5").hexdigest()
        parts = [hashlib.md5(piece).digest() for piece in iter(partial(file.read, part), b"")]
    return f"{hashlib.md5(b''.join(parts)).hexdigest()}-{len(parts)}"
