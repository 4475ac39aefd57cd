"""Buckets of the S3 server that tests speak to, each made for one test and emptied after it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.servers import server


def client() -> Any:
    """The server by the client of others, to look at what ours did."""
    import boto3

    return boto3.client("s3", endpoint_url=server("s3"), region_name="us-east-1")


@contextmanager
def bucket(monkeypatch: pytest.MonkeyPatch, *, lock: bool = False) -> Iterator[str]:
    """A new bucket, with the environment that names its server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server("s3"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, os.environ.get(name, "testing"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = f"ediscovery-{secrets.token_hex(6)}"
    s3 = client()
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
    try:
        yield name
    finally:
        if not lock:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
                for found in page.get("Contents", []):
                    s3.delete_object(Bucket=name, Key=found["Key"])
            s3.delete_bucket(Bucket=name)
