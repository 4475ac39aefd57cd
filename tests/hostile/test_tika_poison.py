"""A real Tika server fed poison by two processes at once: only what stops it is blamed.

The files are some of Tika's own: one that fills the server's memory or time, all kinds that its
parsers refuse, and files of many formats that are read beside them. All of Tika's files are read by
``python -m benchmarks tika``.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import tika
from tests.servers import server

POISON = "testOneNote-fuzz2.one"
REFUSED = {
    "encrypted": [
        "protected_normal_case.docx", "test7Z_protected_passTika.7z", "testODTEncrypted.odt",
        "testPassword4Spaces.pdf", "testPPT_protected_passtika.ppt", "testWORD_protected_drm.doc",
    ],
    "corrupt": [
        "bad_xml.xml", "testChm_oom.chm", "testDetached.p7s", "testEXCEL.strict.xlsx",
        "testLZMA_oom", "testOCTET_header.dbase3", "testOneNote-fuzz3.one", "testQuattro.wb1",
        "testWORD_truncated.docx", "testZ_oom.Z", "testZIP_corrupted_oom.zip",
        "undeclared_entity.xml",
    ],
}  # fmt: skip
READ = [
    "admin.chm", "headers.mbox", "MANIFEST.XML.TSD", "rsstest_091.rss", "test-columnar.sas7bdat",
    "test-columnar.xlsb", "test-documents.cpio", "test.fb2", "test_mat_text.mat",
    "test_subrip.srt", "testACCESS.mdb", "testAFM.afm", "testASiCE.asice", "testATOM.atom",
    "testBPList.bplist", "testBulletPoints.key", "testCADKEY.prt", "testCOREL.shw", "testDBF.dbf",
    "testDWG-AC1032.dwg", "testEMLX.emlx", "testEPUB.epub", "testHWP-v5-dist.hwp",
    "testIndesign.idml", "testKMZ.kmz", "testMHTMLFirefox.mhtml", "testMP4.m4a",
    "testOneNote2016.one", "testPages.pages", "testPROJECT2003.mpp", "testPUBLISHER.pub",
    "testQUATTRO.qpw", "testStarOffice-6.0-calc.sxc", "testTMX.tmx", "testVCalendar.vcs",
    "testVISIO.vsd", "testVISIO.vsdx", "testVORBIS_coverArt.ogg", "testWEBARCHIVE.webarchive",
    "testWordPerfect.wpd", "testWORKSSpreadsheet7.0.xlr", "testXLIFF12.xlf", "testXLSX.xps",
]  # fmt: skip


@pytest.mark.server("tika")
@pytest.mark.fault
def test_nothing_is_lost_that_the_server_reads_alone(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server("tika")
    monkeypatch.setattr(tika, "SECONDS", 30.0)
    wanted = {name: state for state, names in REFUSED.items() for name in names}
    wanted |= dict.fromkeys(READ, "ok")
    places = {path.name: path for path in sorted((corpora / "tika").rglob("*"))}
    # Poison first, so that it meets others whatever the two are slow at.
    files = [places[name] for name in (POISON, *sorted(wanted))]
    found, _ = tika.read_all(files, url, tmp_path)
    states = {path.name: read.state for path, read in zip(files, found, strict=True)}
    # Which of its limits the server meets first, time or memory, is the machine's; it may live to
    # say that it gave up.
    assert states.pop(POISON) in ("timeout", "crashed", "corrupt")
    assert states == wanted
    for path, read in zip(files, found, strict=True):
        if read.state == "ok":
            assert read.text, path.name
        elif path.name != POISON:
            assert not tika.plain(urlsplit(url).netloc, path), path.name
