"""Presentations: slides in their order, notes, comments, hidden slides, standing text once."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pptx
from pptx.util import Inches

from tests.extract.office.packages import A, P, archive, deck, shape, tree, visit


def test_a_presentation_by_another_library(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    layout = presentation.slide_layouts[5]
    for number in (1, 2):
        slide = presentation.slides.add_slide(layout)
        slide.shapes.title.text = f"Title {number}"
        slide.notes_slide.notes_text_frame.text = f"say this {number}"
    table = slide.shapes.add_table(2, 2, 0, 0, Inches(4), Inches(1)).table
    for at, words in enumerate(("a", "b", "c", "d")):
        table.cell(at // 2, at % 2).text = words
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "grouped"
    slide._element.set("show", "0")
    presentation.core_properties.author = "Jane Roe"
    file = io.BytesIO()
    presentation.save(file)
    found = visit(file.getvalue(), "a.pptx", tmp_path)
    item = found.item
    assert (item.state, item.author, item.page_count) == ("ok", "Jane Roe", 2)
    first, second, *_ = found.text.split("\f")
    assert first.split("\n")[:2] == ["Title 1", "say this 1"]
    lines = second.split("\n")
    assert [line for line in lines if line in ("Title 2", "a\tb", "c\td", "grouped")] == [
        "Title 2", "a\tb", "c\td", "grouped",
    ]  # fmt: skip
    assert "say this 2" in lines
    assert "hidden_slides" in item.flags
    assert item.metadata["hidden_slide_numbers"] == [2]
    assert "Click to edit" not in found.text


def test_standing_text_of_layouts_comes_once_and_prompts_never(tmp_path: Path) -> None:
    layout = tree(
        "sldLayout",
        shape("Click to edit", "title") + shape("Privileged draft") + shape("Acme AG", "ftr"),
    )
    parts = {
        "ppt/slideLayouts/slideLayout1.xml": layout,
        "ppt/slideLayouts/slideLayout2.xml": layout,
        "ppt/slideMasters/slideMaster1.xml": tree("sldMaster", shape("Click here", "body")),
    }
    found = visit(deck([shape("one"), shape("two")], parts), "a.pptx", tmp_path)
    assert found.text.split("\n") == ["one", "\ftwo", "\fPrivileged draft", "Acme AG", ""]


def test_comments_alternative_text_charts_and_fallbacks(tmp_path: Path) -> None:
    comments = (
        f"<p:cmLst xmlns:p='{P}'><p:cm authorId='0' dt='2024-01-02'><p:text>too long</p:text>"
        "</p:cm></p:cmLst>"
    )
    modern = (
        f"<c:cmLst xmlns:c='urn:c' xmlns:a='{A}'><c:cm authorId='{{g}}' created='2024-02-03'>"
        "<c:txBody><a:p><a:r><a:t>newer</a:t></a:r></a:p></c:txBody></c:cm></c:cmLst>"
    )
    chart = (
        f"<c:chartSpace xmlns:c='urn:c' xmlns:a='{A}'><c:ser><c:tx><c:v>Costs</c:v></c:tx>"
        "</c:ser></c:chartSpace>"
    )
    parts = {
        "ppt/commentAuthors.xml": (
            f"<p:l xmlns:p='{P}'><p:cmAuthor id='0' name='Jane Roe' initials='JR'/></p:l>"
        ),
        "ppt/authors.xml": "<l xmlns='u'><author id='{g}' name='Ina Berg'/></l>",
        "ppt/comments/comment1.xml": comments,
        "ppt/comments/modern1.xml": modern,
        "ppt/charts/chart1.xml": chart,
    }
    more = {
        "ppt/slides/slide1.xml": [
            ("r1", "comments", "ppt/comments/comment1.xml"),
            ("r2", "http://schemas.microsoft.com/office/2018/10/relationships/comments",
             "ppt/comments/modern1.xml"),
            ("r3", "chart", "ppt/charts/chart1.xml"),
        ]
    }  # fmt: skip
    alternate = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/'
        f'2006"><mc:Choice>{shape("chosen")}</mc:Choice><mc:Fallback>{shape("left out")}'
        "</mc:Fallback></mc:AlternateContent>"
    )
    slide = shape("shown", alternative="a red door") + alternate
    found = visit(deck([slide], parts, more), "a.pptx", tmp_path)
    assert found.text.split("\f")[0].split("\n") == [
        "a red door", "shown", "chosen", "Jane Roe (JR) 2024-01-02: too long",
        "Ina Berg 2024-02-03: newer", "Costs", "",
    ]  # fmt: skip
    assert found.text.count("Costs") == 1
    assert "comments" in found.item.flags


def test_automatic_numbers(tmp_path: Path) -> None:
    def item(text: str, kind: str = "", level: int = 0, start: str = "") -> str:
        number = f'<a:buAutoNum type="{kind}"{start}/>' if kind else ""
        run = f"<a:r><a:t>{text}</a:t></a:r>" if text else ""
        return f'<a:p><a:pPr lvl="{level}">{number}</a:pPr>{run}</a:p>'

    items = (
        item("a", "arabicPeriod") + item("", "arabicPeriod") + item("b", "arabicPeriod")
        + item("x", "alphaLcParenR", 1) + item("y", "alphaLcParenR", 1) + item("c", "arabicPeriod")
        + item("z", "alphaLcParenR", 1) + item("plain") + item("d", "arabicPeriod")
        + item("e", "romanUcParenBoth", 0, ' startAt="4"') + item("f", "ea1JpnChsDbPeriod")
    )  # fmt: skip
    body = f"<p:sp><p:txBody>{items}</p:txBody></p:sp>"
    cells = f"<a:tc><a:txBody>{item('g', 'arabicPeriod')}</a:txBody></a:tc>" * 2
    table = f"<a:tbl><a:tr>{cells}</a:tr></a:tbl>"
    found = visit(deck([body + table]), "a.pptx", tmp_path)
    assert found.text.split("\f")[0].split("\n")[:-1] == [
        "1. a", "2. b", "a) x", "b) y", "3. c", "a) z", "plain", "1. d", "(IV) e", "1. f",
        "1. g\t1. g",
    ]  # fmt: skip


def test_order_is_the_presentations_and_orphans_come_last(tmp_path: Path) -> None:
    orphan = {"ppt/slides/slide0.xml": tree("sld", shape("orphan"))}
    with zipfile.ZipFile(io.BytesIO(deck([shape("a"), shape("b")], orphan))) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    main = parts["ppt/presentation.xml"]
    parts["ppt/presentation.xml"] = (
        main.replace(b"s1", b"s0").replace(b"s2", b"s1").replace(b"s0", b"s2")
    )
    found = visit(archive(parts), "a.pptx", tmp_path)
    assert [page.strip() for page in found.text.split("\f")][:3] == ["b", "a", "orphan"]
