"""Chats in Relativity's short message format: what the manifest in their ZIP says of all of it.

An RSMF file is a message with ``X-RSMF-Version`` whose attachment ``rsmf.zip`` holds
``rsmf_manifest.json`` and the files that were sent in the chat; see ``docs/mail.md``.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any

NAME = "rsmf.zip"
_MANIFEST = "rsmf_manifest.json"
_MOST_BYTES = 64 << 20  # of a manifest; the format recommends at most 10,000 events
_MOST_NAMES = 10_000


def describe(data: bytes) -> dict[str, Any]:
    """``chat_channel``, ``chat_platform``, ``chat_participants`` and ``chat_message_count`` of the
    ZIP ``data``, those left out that its manifest does not give.

    Raises ``ValueError`` when there is no manifest that can be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file, file.open(_MANIFEST) as member:
            raw = member.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ValueError("it is too large")
        manifest = json.loads(raw.decode("utf-8-sig"))
    except (KeyError, RuntimeError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error
    if not isinstance(manifest, dict):
        raise ValueError("it is no object")
    talks = _objects(manifest.get("conversations"))
    found = {
        "chat_channel": _names(talks, "display", "id"),
        "chat_platform": _names(talks, "platform"),
        "chat_participants": _names(_objects(manifest.get("participants")), "display", "id"),
        "chat_message_count": str(len(_objects(manifest.get("events"))) or ""),
    }
    return {name: value for name, value in found.items() if value}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _names(rows: list[dict[str, Any]], *keys: str) -> str:
    """The first of ``keys`` that each row has, each value once, parted by ``;``."""
    values = [next((str(row[key]) for key in keys if row.get(key)), "") for row in rows]
    return "; ".join(list(dict.fromkeys(filter(None, values)))[:_MOST_NAMES])
