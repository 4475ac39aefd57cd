"""Word packages: every place that holds text, what is flagged, what becomes a child."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples.office import ole2
from tests.extract.office.packages import A, archive, par, story, visit, visits, word

BOX = "<w:txbxContent>" + par("in the box") + "</w:txbxContent>"


def text(body: str, scratch: Path) -> str:
    return visit(word(body), "a.docx", scratch).text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (par("one") + par("two"), "one\ntwo\n"),
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", "a\tb\nc\n"),
        ('<w:p><w:r><w:t>a</w:t><w:br w:type="page"/><w:t>b</w:t></w:r></w:p>', "a\fb\n"),
        ("<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>x</w:t></w:r></w:p>", "x\n"),
        ("<w:p><w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r></w:p>", "co-op\n"),
        ('<w:p><w:r><w:sym w:char="00A7"/><w:sym w:char="F0FC"/><w:t>1</w:t></w:r></w:p>', "§ 1\n"),
        ("<w:p><w:smartTag><w:r><w:t>tag</w:t></w:r></w:smartTag></w:p>", "tag\n"),
        ("<w:sdt><w:sdtContent>" + par("control") + "</w:sdtContent></w:sdt>", "control\n"),
        (
            "<w:tbl><w:tr><w:tc>" + par("a") + par("b") + "</w:tc><w:tc>" + par("c")
            + "</w:tc></w:tr><w:tr><w:tc>" + par("d") + "</w:tc></w:tr></w:tbl>",
            "a\nb\tc\nd\n",
        ),
        (
            "<w:p><w:r><w:t>before</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires='wps'>"
            f"<w:drawing>{BOX}</w:drawing></mc:Choice><mc:Fallback><w:pict>{BOX}</w:pict>"
            "</mc:Fallback></mc:AlternateContent></w:r><w:r><w:t> after</w:t></w:r></w:p>",
            "before after\nin the box\n",
        ),
        ("<w:p><w:r><w:pict><v:textpath string='DRAFT'/></w:pict></w:r></w:p>", "\nDRAFT\n"),
        (
            "<w:p><w:r><w:drawing><wp:docPr id='1' name='n' title='Plan' descr='of the site'/>"
            "</w:drawing></w:r></w:p>",
            "\nPlan\nof the site\n",
        ),
        (
            "<w:p><m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r>"
            "</m:sup></m:sSup></m:oMath></w:p>",
            "x 2 \n",
        ),
        (
            "<w:p><w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt><w:rubyBase><w:r>"
            "<w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
            "東京(とうきょう)\n",
        ),
        (
            "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGE</w:instrText>"
            "</w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>7</w:t></w:r>"
            "<w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>",
            "7\n",
        ),
        (
            "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>EQ \\f(1,2)"
            "</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>",
            "EQ \\f(1,2)\n",
        ),
        (
            "<w:p><w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:ddList><w:result w:val='1'/>"
            "<w:listEntry w:val='no'/><w:listEntry w:val='yes'/></w:ddList></w:ffData></w:fldChar>"
            "</w:r></w:p>",
            "yes\n",
        ),
    ],
)  # fmt: skip
def test_body(body: str, expected: str, tmp_path: Path) -> None:
    assert text(body, tmp_path) == expected


def test_strict_documents_are_read_alike(tmp_path: Path) -> None:
    parts = {}
    with zipfile.ZipFile(io.BytesIO(word(par("same words")))) as file:
        for name in file.namelist():
            parts[name] = (
                file.read(name)
                .replace(
                    b"schemas.openxmlformats.org/wordprocessingml/2006/main",
                    b"purl.oclc.org/ooxml/wordprocessingml/main",
                )
                .replace(
                    b"schemas.openxmlformats.org/officeDocument/2006/relationships",
                    b"purl.oclc.org/ooxml/officeDocument/relationships",
                )
            )
    found = visit(archive(parts), "a.docx", tmp_path)
    assert (found.item.state, found.text) == ("ok", "same words\n")


def test_every_story_once(tmp_path: Path) -> None:
    kinds = {
        "footnotes": f"<w:footnote w:id='1'>{par('a footnote')}</w:footnote>",
        "endnotes": f"<w:endnote w:id='1'>{par('an endnote')}</w:endnote>",
        "comments": (
            "<w:comment w:id='0' w:author='Jane Roe' w:initials='JR' w:date='2024-03-04T05:06:07Z'>"
            f"{par('is this so?')}</w:comment>"
        ),
        "hdr": par("a header"),
        "ftr": par("a footer"),
    }
    names = {"hdr": "header1", "ftr": "footer1"}
    parts = {f"word/{names.get(k, k)}.xml": story(k, body) for k, body in kinds.items()}
    types = {
        f"word/{names.get(k, k)}.xml": f"wordprocessingml.{names.get(k, k).rstrip('1')}+xml"
        for k in kinds
    }
    found = visit(word(par("the body"), parts, types=types), "a.docx", tmp_path)
    lines = [line for line in found.text.splitlines() if line]
    assert lines == [
        "the body",
        "a footnote",
        "an endnote",
        "Jane Roe (JR) 2024-03-04T05:06:07Z: is this so?",
        "a header",
        "a footer",
    ]
    assert "comments" in found.item.flags


def test_tracked_changes_are_marked_and_flagged(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t xml:space='preserve'>We </w:t></w:r>"
        "<w:del w:author='Dee'><w:r><w:delText>never</w:delText></w:r></w:del>"
        "<w:ins w:author='Ina'><w:r><w:t>always</w:t></w:r></w:ins>"
        "<w:r><w:t xml:space='preserve'> pay</w:t></w:r></w:p>"
        "<w:p><w:moveFrom w:author='Dee'><w:r><w:t>moved away</w:t></w:r></w:moveFrom></w:p>"
    )
    found = visit(word(body), "a.docx", tmp_path)
    assert found.text == "We [-never-]always pay\n[-moved away-]\n"
    assert "tracked_changes" in found.item.flags
    assert found.item.metadata["revision_authors"] == ["Dee", "Ina"]


@pytest.mark.parametrize(
    ("properties", "hidden"),
    [
        ("<w:vanish/>", True),
        ("<w:vanish w:val='0'/>", False),
        ("<w:rStyle w:val='Secret'/>", True),
        ("<w:rStyle w:val='Plain'/>", False),
        ("<w:rPrChange w:author='x'><w:rPr><w:vanish/></w:rPr></w:rPrChange>", False),
    ],
)
def test_hidden_text_is_kept_and_flagged(properties: str, hidden: bool, tmp_path: Path) -> None:
    styles = story(
        "styles",
        "<w:style w:styleId='Secret'><w:rPr><w:vanish/></w:rPr></w:style>"
        "<w:style w:styleId='Plain'><w:rPr><w:b/></w:rPr></w:style>",
    )
    body = f"<w:p><w:r><w:rPr>{properties}</w:rPr><w:t>whisper</w:t></w:r></w:p>"
    data = word(body, {"word/styles.xml": styles}, [("r1", "styles", "word/styles.xml")])
    found = visit(data, "a.docx", tmp_path)
    assert "whisper" in found.text
    assert ("hidden_text" in found.item.flags) is hidden


def test_references_that_lead_out_are_named_not_followed(tmp_path: Path) -> None:
    relations = [
        ("r1", "attachedTemplate", "http://evil.example/t.dotm"),
        ("r2", "hyperlink", "http://shop.example/a"),
        ("r3", "image", "http://track.example/p.png"),
    ]
    body = "<w:p><w:fldSimple w:instr='DDEAUTO cmd \"/c calc\"'/></w:p>" + par("x")
    found = visit(word(body, relations=relations), "a.docx", tmp_path)
    assert {"external_reference", "launch"} <= set(found.item.flags)
    assert found.item.metadata["external_references"] == [
        "attachedTemplate: http://evil.example/t.dotm",
        "image: http://track.example/p.png",
        'DDEAUTO cmd "/c calc"',
    ]
    assert found.item.metadata["links"] == ["http://shop.example/a"]
    assert "http://shop.example/a" in found.text


def test_charts_diagrams_bound_data_and_variables(tmp_path: Path) -> None:
    chart = (
        f'<c:chartSpace xmlns:c="urn:c" xmlns:a="{A}"><c:title><a:p><a:r><a:t>Sales</a:t></a:r>'
        "</a:p></c:title><c:ser><c:tx><c:v>North</c:v></c:tx><c:cat><c:pt><c:v>2023</c:v></c:pt>"
        "</c:cat><c:val><c:pt><c:v>41</c:v></c:pt></c:val></c:ser></c:chartSpace>"
    )
    diagram = (
        f'<d:dataModel xmlns:d="urn:d" xmlns:a="{A}"><d:t><a:p><a:r><a:t>Step one</a:t></a:r></a:p>'
        "</d:t></d:dataModel>"
    )
    body = "<w:sdt><w:sdtPr><w:dataBinding w:storeItemID='{1}'/></w:sdtPr></w:sdt>" + par("x")
    parts = {
        "word/charts/chart1.xml": chart,
        "word/diagrams/data1.xml": diagram,
        "customXml/item1.xml": "<root><party>Bound Party Ltd</party></root>",
        "word/settings.xml": story(
            "settings",
            "<w:trackRevisions/><w:docVars><w:docVar w:name='Client' w:val='Acme'/></w:docVars>",
        ),
    }
    found = visit(word(body, parts, [("r9", "settings", "word/settings.xml")]), "a.docx", tmp_path)
    assert found.text.split("\n")[:6] == [
        "x", "Sales", "North", "2023", "41", "Step one",
    ]  # fmt: skip
    assert "Bound Party Ltd" in found.text
    assert found.item.metadata["document_variables"] == {"Client": "Acme"}
    assert found.item.metadata["track_changes_on"] is True


def test_embedded_files_become_children_unwrapped(tmp_path: Path) -> None:
    native = _native("offer.txt", "C:\\Users\\jane\\offer.txt", b"final offer: 7 million")
    wrapped = ole2.write({"\x01Ole10Native": native})
    inner = word(par("inner document"))
    parts = {
        "word/media/image1.png": b"\x89PNG\r\n\x1a\n" + bytes(40),
        "word/embeddings/oleObject1.bin": wrapped,
        "word/embeddings/oleObject2.bin": ole2.write({"Package": inner}),
        "word/embeddings/sheet.docx": inner,
        "word/chunk.html": "<p>chunk of mail</p>",
        "word/vbaProject.bin": b"macros",
        "docProps/thumbnail.jpeg": b"preview",
        "word/fonts/font1.odttf": b"font",
    }
    relations = [
        ("r1", "aFChunk", "word/chunk.html"),
        ("r2", "http://schemas.microsoft.com/office/2006/relationships/vbaProject",
         "word/vbaProject.bin"),
    ]  # fmt: skip
    more = {"": [("rId1", "officeDocument", "word/document.xml"),
                 ("rId2", "thumbnail", "docProps/thumbnail.jpeg")]}  # fmt: skip
    found = visits(word(par("outer"), parts, relations, more=more), "a.docx", tmp_path)
    by_name = {v.item.file_name: v for v in found}
    assert list(by_name) == [
        "image1.png", "offer.txt", "oleObject2.docx", "sheet.docx", "chunk.html", "a.docx",
    ]  # fmt: skip
    outer = found[-1].item
    assert (outer.state, outer.expected_children, outer.actual_children) == ("ok", 5, 5)
    assert "macros" in outer.flags
    assert "inline" in by_name["image1.png"].item.flags
    assert by_name["offer.txt"].text.strip() == "final offer: 7 million"
    assert by_name["offer.txt"].item.metadata["source_path"] == "C:\\Users\\jane\\offer.txt"
    assert by_name["oleObject2.docx"].text == "inner document\n"
    assert {v.item.family for v in found} == {"a0"}
    assert {v.item.relation for v in found[:-1]} == {"embedded"}


def _native(label: str, path: str, data: bytes) -> bytes:
    head = b"\x02\0" + label.encode() + b"\0" + path.encode() + b"\0" + b"\0\0\3\0"
    temporary = b"C:\\T\\x.tmp\0"
    body = head + len(temporary).to_bytes(4, "little") + temporary
    body += len(data).to_bytes(4, "little") + data
    return len(body).to_bytes(4, "little") + body


def test_properties(tmp_path: Path) -> None:
    core = (
        '<cp:coreProperties xmlns:cp="urn:cp" xmlns:dc="urn:dc" xmlns:dcterms="urn:t">'
        "<dc:title>Lease</dc:title><dc:creator>Jane Roe</dc:creator>"
        "<cp:lastModifiedBy>Dieter K</cp:lastModifiedBy><cp:revision>7</cp:revision>"
        "<dcterms:created>2024-05-01T10:00:00+02:00</dcterms:created>"
        "<dcterms:modified>not a date</dcterms:modified>"
        "<cp:lastPrinted>2024-05-02T09:00:00Z</cp:lastPrinted></cp:coreProperties>"
    )
    app = "<Properties><Pages>3</Pages><Company>Acme</Company><Words>x</Words></Properties>"
    custom = (
        '<Properties xmlns:vt="urn:vt"><property name="Matter"><vt:lpwstr>M-1</vt:lpwstr>'
        "</property></Properties>"
    )
    parts = {"docProps/core.xml": core, "docProps/app.xml": app, "docProps/custom.xml": custom}
    item = visit(word(par("x"), parts), "a.docx", tmp_path).item
    assert (item.title, item.author, item.last_author) == ("Lease", "Jane Roe", "Dieter K")
    assert (item.created_at, item.printed_at) == ("2024-05-01T08:00:00Z", "2024-05-02T09:00:00Z")
    assert (item.modified_at, item.metadata["modified_at_raw"]) == ("", "not a date")
    assert "date_invalid" in item.flags
    assert item.page_count == 3
    assert (item.metadata["company"], item.metadata["revision"]) == ("Acme", "7")
    assert item.metadata["custom_properties"] == {"Matter": "M-1"}
    assert "words" not in item.metadata


def test_automatic_numbers(tmp_path: Path) -> None:
    numbering = story(
        "numbering",
        "<w:abstractNum w:abstractNumId='0'>"
        "<w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/>"
        "<w:lvlText w:val='Section %1.'/></w:lvl>"
        "<w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='lowerLetter'/>"
        "<w:lvlText w:val='%1(%2)'/></w:lvl></w:abstractNum>"
        "<w:num w:numId='5'><w:abstractNumId w:val='0'/></w:num>",
    )
    styles = story(
        "styles",
        "<w:style w:styleId='Head'><w:pPr><w:numPr><w:numId w:val='5'/></w:numPr></w:pPr></w:style>"
        "<w:style w:styleId='Sub'><w:basedOn w:val='Head'/></w:style>",
    )

    def numbered(words: str, level: int) -> str:
        return (
            f"<w:p><w:pPr><w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='5'/></w:numPr></w:pPr>"
            f"<w:r><w:t>{words}</w:t></w:r></w:p>"
        )

    styled = "<w:p><w:pPr><w:pStyle w:val='Sub'/></w:pPr><w:r><w:t>Law</w:t></w:r></w:p>"
    body = numbered("Term", 0) + numbered("first", 1) + numbered("second", 1) + styled
    body += numbered("only", 1)
    data = word(
        body,
        {"word/numbering.xml": numbering, "word/styles.xml": styles},
        [("r1", "numbering", "word/numbering.xml"), ("r2", "styles", "word/styles.xml")],
    )
    assert visit(data, "a.docx", tmp_path).text.splitlines() == [
        "Section 1. Term", "1(a) first", "1(b) second", "Section 2. Law", "2(a) only",
    ]  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    paragraphs=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1),
        min_size=1,
        max_size=6,
    )
)
def test_what_another_library_wrote_is_all_there(paragraphs: list[str], tmp_path: Path) -> None:
    import docx

    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    table.cell(0, 1).text = "cell text"
    file = io.BytesIO()
    document.save(file)
    found = visit(file.getvalue(), "a.docx", tmp_path)
    assert found.item.state == "ok"
    assert found.text.startswith("\tcell text\n")
    assert found.text == "\tcell text\n" + "".join(p + "\n" for p in paragraphs)
