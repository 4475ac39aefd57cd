"""Opens encrypted Office files with the matter's password bank ([MS-OFFCRYPTO])."""

from __future__ import annotations

import io
import time
from typing import Any

from ediscovery.extract.contract import Content, Context
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

# Excel and PowerPoint seal "read-only" files with passwords that their programs know by heart.
_WELL_KNOWN = ("VelvetSweatshop",)
_RIGHTS = ("drmcontent", "drmencrypteddataspace", "drmencryptedtransform")


def opened(content: Content, context: Context) -> Content | None:
    """What ``content`` holds in clear, or ``None`` when nothing is encrypted.

    Tries ``context.passwords`` within ``limits.password_seconds``. Raises :class:`EvidenceError`
    (``encrypted``) when none fits or the file is sealed by rights management.
    """
    import msoffcrypto
    import olefile

    try:
        with olefile.OleFileIO(content.open()) as ole:
            names = {"/".join(entry).lower() for entry in ole.listdir(storages=True)}
    except Exception:
        return None
    if any(mark in name for name in names for mark in _RIGHTS):
        raise EvidenceError(
            State.ENCRYPTED, "It is sealed by rights management; no password opens it."
        )
    if not names & {"encryptedpackage", "worddocument", "workbook", "powerpoint document"}:
        return None
    try:
        file = msoffcrypto.OfficeFile(content.open())
        if not file.is_encrypted():
            return None
    except Exception as error:
        if "encryptedpackage" in names:
            raise EvidenceError(
                State.ENCRYPTED, f"Its encryption is not understood: {error}"
            ) from None
        return None
    return _try_all(file, context)


def _try_all(file: Any, context: Context) -> Content:
    ends = time.monotonic() + context.profile.limits.password_seconds
    tried = 0
    problem = ""
    passwords = dict.fromkeys((*_WELL_KNOWN, *context.passwords))
    for password in passwords:
        if tried and time.monotonic() > ends:
            break
        tried += 1
        clear = io.BytesIO()
        try:
            file.load_key(password=password)
            file.decrypt(clear)
        except Exception as error:
            problem = str(error)
            continue
        data = clear.getvalue()
        if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
            context.charge(len(data))
            return Content(data)
    message = f"It is encrypted; {tried} of {len(passwords)} passwords were tried."
    if problem and "key" not in problem.lower() and "password" not in problem.lower():
        message += f" Last problem: {problem[:100]}"
    raise EvidenceError(State.ENCRYPTED, message)
