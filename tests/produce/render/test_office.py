"""Office files at rendering: passwords, hidden sheets of older formats, the end of LibreOffice."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from ediscovery.extract.contract import Content
from ediscovery.model.errors import EvidenceError
from ediscovery.produce.render import libreoffice
from ediscovery.produce.render.documents import open_pages
from ediscovery.produce.render.pages import Rendering
from ediscovery.produce.render.rebuilt import rebuild
from tests.produce.render.support import PDF, context, pages_of, said

pytestmark = pytest.mark.skipif(libreoffice.program() is None, reason="LibreOffice is missing")

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
XLS = "application/vnd.ms-excel"


def workbook() -> bytes:
    """Two sheets, one of them hidden."""
    book = openpyxl.Workbook()
    book.active["A1"] = "plainly"
    sheet = book.create_sheet("H")
    sheet["A1"], sheet.sheet_state = "hiddenly", "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def converted(data: bytes, target: str, place: Path) -> bytes:
    (place / "convert").mkdir()
    source = place / "convert" / "book.xlsx"
    source.write_bytes(data)
    return libreoffice.converted(source, target, place / "convert", 120)


@pytest.mark.parametrize(("ending", "kind"), [("ods", ODS), ("xls", XLS)])
def test_hidden_sheets_of_other_formats_are_shown(ending: str, kind: str, tmp_path: Path) -> None:
    data = converted(workbook(), ending, tmp_path)
    text = said(pages_of(data, kind, tmp_path))
    assert "plainly" in text and "hiddenly" in text
    bare = Rendering(shown=frozenset())
    assert "hiddenly" not in said(pages_of(data, kind, tmp_path, bare))


def test_encrypted_files_are_opened_with_a_password(tmp_path: Path) -> None:
    from msoffcrypto.format.ooxml import OOXMLFile

    sealed = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook())).encrypt("open sesame", sealed)
    content = Content(sealed.getvalue())
    known = context(tmp_path, passwords=("no", "open sesame"))
    with open_pages(content, XLSX, known, Rendering()) as pages:
        assert "plainly" in said(pages)
    with pytest.raises(EvidenceError) as caught:
        open_pages(content, XLSX, context(tmp_path, passwords=("no",)), Rendering())
    assert caught.value.state == "encrypted"


@pytest.mark.parametrize(
    ("path", "kind", "password"),
    [
        ("tika/**/testODTEncrypted.odt", "application/vnd.oasis.opendocument.text", "tika"),
        ("msoffcrypto/tests/inputs/rc4cryptoapi_password.xls", XLS, "Password1234_"),
        ("msoffcrypto/tests/inputs/example_password.xlsx", XLSX, "Password1234_"),
        ("pypdf/resources/encryption/r6-user-password.pdf", PDF, "asdfzxcv"),
    ],
)
def test_real_encrypted_files(
    corpora: Path, path: str, kind: str, password: str, tmp_path: Path
) -> None:
    content = Content(next(corpora.glob(path)).read_bytes())
    passwords = ("no", password, "password", "1234", "test")
    with open_pages(content, kind, context(tmp_path, passwords=passwords), Rendering()) as pages:
        assert len(pages) > 0
    with pytest.raises(EvidenceError) as caught:
        open_pages(content, kind, context(tmp_path, passwords=("no",)), Rendering())
    assert caught.value.state == "encrypted"


def processes(mark: str) -> list[int]:
    """The processes whose command line holds ``mark``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in line and int(entry.name) != os.getpid() and "soffice" in line:
            found.append(int(entry.name))
    return found


def until(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within 20 seconds."""
    for _ in range(400):
        if true():
            return True
        time.sleep(0.05)
    return False


def test_libreoffice_dies_with_the_process_that_renders(tmp_path: Path) -> None:
    source = tmp_path / "book.xlsx"
    source.write_bytes(workbook())
    code = (
        "from pathlib import Path; from ediscovery.produce.render import libreoffice; "
        f"libreoffice.converted(Path({str(source)!r}), 'pdf', Path({str(tmp_path)!r}), 600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code])
    assert until(lambda: bool(processes(str(source)))), "LibreOffice never started"
    found = processes(str(source))
    for process in found:
        os.kill(process, signal.SIGSTOP)  # else it might end by itself
    child.kill()
    child.wait()
    try:
        assert until(lambda: not processes(str(source)))
    finally:
        for process in processes(str(source)):
            os.kill(process, signal.SIGKILL)


@pytest.mark.parametrize(("ending", "kind"), [("ods", ODS), ("xls", XLS)])
def test_other_formats_are_redacted_as_xlsx(ending: str, kind: str, tmp_path: Path) -> None:
    content = Content(converted(workbook(), ending, tmp_path))
    mark = {"kind": "cells", "term": "H!A1:A1", "terms": [], "reason": "privacy",
            "author": "jd", "label": "GONE"}  # fmt: skip
    made = rebuild(content, kind, context(tmp_path), Rendering(), [mark])
    assert (made.hits, made.secrets, made.wrong) == ([1], ["hiddenly"], [])
    assert "plainly" in made.text and "GONE" in made.text and "hiddenly" not in made.text
    assert any("rebuilt as XLSX" in note for note in made.notes)
    openpyxl.load_workbook(io.BytesIO(made.data))


def test_what_libreoffice_does_not_draw_is_counted(corpora: Path, tmp_path: Path) -> None:
    def notes(name: str) -> list[str]:
        path = next((corpora / "tika").rglob(name))
        content = Content(path=path)
        with open_pages(content, DOCX, context(tmp_path), Rendering()) as pages:
            return [note for note in pages.notes if "words of its text" in note]

    assert notes("testWORD_missing_text.docx") == [
        "43 of the 52 words of its text are on none of its pages."
    ]
    assert notes("testWORD.docx") == []
