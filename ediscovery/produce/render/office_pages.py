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
from typing import Any

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.pdf.library import mupdf
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State
from ediscovery.produce.render import flow, pdf_pages
from ediscovery.produce.render.pages import Page, Pages, Rendering

_SETTINGS = {
    "/org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": "3", "DisableMacrosExecution": "true",
        "DisableActiveContent": "true", "BlockUntrustedRefererLinks": "true",
    },
    "/org.openoffice.Office.Writer/Content/Update": {"Link": "0"},
    "/org.openoffice.Office.Calc/Content/Update": {"Link": "2"},
    "/org.openoffice.Inet/Settings": {"ooInetProxyType": "0"},
    "/org.openoffice.Office.Common/Misc": {"UseLocking": "false"},
}  # fmt: skip
_SPREADSHEETS = ("spreadsheet", "excel")
_PRESENTATIONS = ("presentation", "powerpoint")
_HIDDEN_SHEET = re.compile(rb'\sstate="(?:hidden|veryHidden)"')


@cache
def program() -> str | None:
    """LibreOffice's command, ``None`` when it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


@cache
def _shut_off() -> tuple[str, ...]:
    """What goes before the command so that it has no network, where the system allows it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    for options in (("--net",), ("--user", "--map-root-user", "--net")):
        done = subprocess.run([unshare, *options, "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return (unshare, *options)
    return ()


def open_pages(content: Content, context: Context, rendering: Rendering) -> Pages:
    """The pages of an office file as LibreOffice prints it.

    Raises ``EvidenceError``: ``unsupported`` where LibreOffice is not installed, ``timeout``,
    ``encrypted`` or ``corrupt`` when it makes nothing of the file.
    """
    command = program()
    if command is None:
        raise EvidenceError(State.UNSUPPORTED, "LibreOffice, which shows it, is not installed.")
    with tempfile.TemporaryDirectory(dir=context.scratch, prefix="office-") as name:
        folder = Path(name)
        source, kind, notes = _source(content, folder, context, rendering)
        _profile(folder / "profile")
        made = _convert(command, source, kind, folder, rendering)
        document = mupdf().open(stream=made, filetype="pdf")
    remarks = _comments(document) if "comments" in rendering.shown else []
    pages = pdf_pages.from_document(document)
    pages.notes[:0] = notes
    return _followed(pages, remarks, rendering, context) if remarks else pages


def _comments(document: Any) -> list[str]:
    """The comments in the order of the pages: each with its page, who made it, when, what it says.

    LibreOffice draws none in the margin without a window, so they go on pages of their own.
    """
    found = []
    for page in document:
        for note in page.annots(types=[mupdf().PDF_ANNOT_TEXT]):
            who, said = note.info.get("title", ""), note.info.get("content", "")
            found.append(
                f"Page {page.number + 1}, {who}: {said}"
                if who
                else f"Page {page.number + 1}: {said}"
            )
    return found


def _followed(pages: Pages, remarks: list[str], rendering: Rendering, context: Context) -> Pages:
    """``pages``, after them pages that list ``remarks``."""
    text = "\n\n".join(["Comments", *remarks])
    more = flow.lay([flow.as_text(text)], rendering, context, text)

    def load(number: int) -> Page:
        if number <= len(pages):
            return pages.page(number)
        page = more.page(number - len(pages))
        page.number = number
        return page

    notes = [*pages.notes, f"Its {len(remarks)} comments stand on pages after it.", *more.notes]
    return Pages(len(pages) + len(more), load, notes, pages.close)


def _source(
    content: Content, folder: Path, context: Context, rendering: Rendering
) -> tuple[Path, str, list[str]]:
    """The file for LibreOffice, its kind (writer, calc, impress), and what it will not show."""
    from ediscovery.extract import identify

    mime_type = identify.by_content(content, identify.extension(context.name), "", "")
    kind = "writer"
    if any(word in mime_type for word in _SPREADSHEETS):
        kind = "calc"
    elif any(word in mime_type for word in _PRESENTATIONS):
        kind = "impress"
    source = folder / "source"
    with source.open("wb") as file:
        for piece in content.chunks():
            file.write(piece)
    notes = []
    if kind == "calc" and "hidden_sheets" in rendering.shown:
        if zipfile.is_zipfile(source) and "openxml" in mime_type:
            _unhide(source, context)
        else:
            notes.append("Sheets that are hidden, if there are any, are not shown.")
    if content.head[:8] == bytes.fromhex("d0cf11e0a1b11ae1") and _is_encrypted(content):
        raise EvidenceError(State.ENCRYPTED, "It is encrypted; LibreOffice is given no password.")
    return source, kind, notes


def _is_encrypted(content: Content) -> bool:
    return "EncryptedPackage".encode("utf-16-le") in bytes(content.buffer())


def _unhide(source: Path, context: Context) -> None:
    """Rewrite a workbook so that no sheet of it is hidden."""
    with zipfile.ZipFile(source) as book:
        names = [n for n in book.namelist() if n.lower() == "xl/workbook.xml"]
        if not names or book.getinfo(names[0]).file_size > context.profile.limits.text_bytes:
            return
        plain = book.read(names[0])
        shown = _HIDDEN_SHEET.sub(b"", plain)
        if shown == plain:
            return
        target = source.with_name("shown")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
            for member in book.infolist():
                context.charge(member.file_size)
                copy.writestr(
                    member.filename, shown if member.filename == names[0] else book.read(member)
                )
    target.replace(source)


def _profile(folder: Path) -> None:
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, settings in _SETTINGS.items()
        for name, value in settings.items()
    )
    (folder / "user").mkdir(parents=True)
    (folder / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items '
        'xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>\n'
    )


def _convert(command: str, source: Path, kind: str, folder: Path, rendering: Rendering) -> bytes:
    shown = rendering.shown
    options = {
        "ExportNotes": "comments" in shown,
        "ExportNotesPages": kind == "impress" and "notes" in shown,
        "ExportHiddenSlides": kind == "impress" and "hidden_sheets" in shown,
        "ExportBookmarks": False,
    }
    given = {key: {"type": "boolean", "value": str(on).lower()} for key, on in options.items()}
    target = f"pdf:{kind}_pdf_Export:{json.dumps(given, separators=(',', ':'))}"
    out = folder / "out"
    process = subprocess.Popen(
        [
            *_shut_off(), command, f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck",
            "--convert-to", target, "--outdir", str(out), str(source),
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "TMPDIR": str(folder),
             "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"},
    )  # fmt: skip
    try:
        process.wait(rendering.office_seconds)
    except subprocess.TimeoutExpired as error:
        raise EvidenceError(
            State.TIMEOUT, f"LibreOffice took longer than {rendering.office_seconds:g} seconds."
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError):  # what it may have left running
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    made = out / "source.pdf"
    if not made.is_file():
        raise EvidenceError(State.CORRUPT, "LibreOffice can't open it.")
    return made.read_bytes()
