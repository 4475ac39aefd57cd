"""Pages of office files, drawn by LibreOffice where it is installed.

A child process with a profile of its own that is thrown away: macros off, links not followed, no
network where the system allows that; the caller's sandbox bounds its memory and time as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.identify import identify
from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render import pdf_pages
from ediscovery.produce.render.pages import Pages, Rendering

_SETTINGS = {
    "/org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": ("int", "3"), "DisableMacrosExecution": ("boolean", "true"),
        "DisableActiveContent": ("boolean", "true"), "BlockUntrustedRefererLinks": ("boolean", "true"),
    },
    "/org.openoffice.Office.Writer/Content/Update": {"Link": ("int", "0")},
    "/org.openoffice.Office.Calc/Content/Update": {"Link": ("int", "2")},
    "/org.openoffice.Inet/Settings": {"ooInetProxyType": ("int", "0")},
    "/org.openoffice.Office.Common/Misc": {"UseLocking": ("boolean", "false")},
}  # fmt: skip
_SPREADSHEETS = ("spreadsheet", "excel")
_PRESENTATIONS = ("presentation", "powerpoint")
_HIDDEN_SHEET = re.compile(rb'\sstate="(?:hidden|veryHidden)"')


@cache
def program() -> str | None:
    """LibreOffice's command, ``None`` when it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")
