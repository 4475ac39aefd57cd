"""Presentations with speaker notes and hidden slides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from samples.office.package import Package, Properties, R
from samples.things import Hidden, Thing

_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_NS = f'xmlns:a="{_A}" xmlns:r="{R}" xmlns:p="{_P}"'
_MIME = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_KIND = "presentationml."


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide: a title, lines of text, what the speaker has noted; perhaps not shown."""

    title: str
    lines: tuple[str, ...]
    notes: str = ""
    hidden: bool = False


def thing(name: str, properties: Properties, slides: Sequence[Slide]) -> Thing:
    """A PPTX of ``slides`` with one master and one layout."""
    package = Package(properties)
    main = "ppt/presentation.xml"
    package.relate("", main, "officeDocument")
    master = package.relate(main, "slideMasters/slideMaster1.xml", "slideMaster")
    notes_master = package.relate(main, "notesMasters/notesMaster1.xml", "notesMaster")
    _frame(package)
    listed = ""
    for n, slide in enumerate(slides, 1):
        relation = package.relate(main, f"slides/slide{n}.xml", "slide")
        listed += f'<p:sldId id="{255 + n}" r:id="{relation}"/>'
        _slide(package, slide, n)
    package.add(
        main,
        f'<p:presentation {_NS}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="{master}"/>'
        f'</p:sldMasterIdLst><p:notesMasterIdLst><p:notesMasterId r:id="{notes_master}"/>'
        f'</p:notesMasterIdLst><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000"'
        ' cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        f"{_KIND}presentation.main+xml",
    )
    texts: list[str] = []
    hidden = []
    for slide in slides:
        texts += [slide.title, *slide.lines, slide.notes]
        if slide.hidden:
            hidden += [Hidden(t, "hidden slide") for t in (slide.title, *slide.lines)]
        if slide.notes:
            hidden.append(Hidden(slide.notes, "speaker notes"))
    return Thing(
        name,
        package.write(),
        "slides",
        _MIME,
        "\n".join(texts),
        hidden=tuple(hidden),
        when=properties.modified,
    )


def _slide(package: Package, slide: Slide, number: int) -> None:
    name = f"ppt/slides/slide{number}.xml"
    package.relate(name, "../slideLayouts/slideLayout1.xml", "slideLayout")
    show = ' show="0"' if slide.hidden else ""
    shapes = _shape(2, "Title", "title", (slide.title,)) + _shape(3, "Text", "body", slide.lines)
    package.add(
        name, f"<p:sld {_NS}{show}><p:cSld>{_tree(shapes)}</p:cSld></p:sld>", f"{_KIND}slide+xml"
    )
    if slide.notes:
        notes = f"ppt/notesSlides/notesSlide{number}.xml"
        package.relate(name, f"../notesSlides/notesSlide{number}.xml", "notesSlide")
        package.relate(notes, "../notesMasters/notesMaster1.xml", "notesMaster")
        package.relate(notes, f"../slides/slide{number}.xml", "slide")
        shape = _shape(2, "Notes", "body", (slide.notes,))
        package.add(
            notes,
            f"<p:notes {_NS}><p:cSld>{_tree(shape)}</p:cSld></p:notes>",
            f"{_KIND}notesSlide+xml",
        )


def _frame(package: Package) -> None:
    """Master, layout and themes: no words in them, but no program opens slides without."""
    scheme = (
        '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2"'
        ' accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink"'
        ' folHlink="folHlink"/>'
    )
    master = "ppt/slideMasters/slideMaster1.xml"
    layout = package.relate(master, "../slideLayouts/slideLayout1.xml", "slideLayout")
    package.relate(master, "../theme/theme1.xml", "theme")
    package.add(
        master,
        f"<p:sldMaster {_NS}><p:cSld>{_tree('')}</p:cSld>{scheme}<p:sldLayoutIdLst><p:sldLayoutId"
        f' id="2147483649" r:id="{layout}"/></p:sldLayoutIdLst></p:sldMaster>',
        f"{_KIND}slideMaster+xml",
    )
    name = "ppt/slideLayouts/slideLayout1.xml"
    package.relate(name, "../slideMasters/slideMaster1.xml", "slideMaster")
    package.add(
        name,
        f'<p:sldLayout {_NS} type="obj"><p:cSld>{_tree("")}</p:cSld></p:sldLayout>',
        f"{_KIND}slideLayout+xml",
    )
    name = "ppt/notesMasters/notesMaster1.xml"
    package.relate(name, "../theme/theme2.xml", "theme")
    package.add(
        name,
        f"<p:notesMaster {_NS}><p:cSld>{_tree('')}</p:cSld>{scheme}</p:notesMaster>",
        f"{_KIND}notesMaster+xml",
    )
    for n in (1, 2):
        package.add(f"ppt/theme/theme{n}.xml", _theme(), "theme+xml")


def _tree(shapes: str) -> str:
    return (
        '<p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
        f"<p:grpSpPr/>{shapes}</p:spTree>"
    )


def _shape(number: int, name: str, kind: str, lines: Sequence[str]) -> str:
    index = ' idx="1"' if kind == "body" else ""
    paragraphs = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in lines)
    top = 300000 if kind == "title" else 1600000
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr/><p:nvPr><p:ph'
        f' type="{kind}"{index}/></p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off x="457200" y="{top}"/>'
        '<a:ext cx="8229600" cy="1143000"/></a:xfrm></p:spPr><p:txBody><a:bodyPr/>'
        f"{paragraphs or '<a:p/>'}</p:txBody></p:sp>"
    )


def _theme() -> str:
    colours = "".join(
        f'<a:{tag}><a:srgbClr val="{value}"/></a:{tag}>'
        for tag, value in (
            ("dk1", "000000"), ("lt1", "FFFFFF"), ("dk2", "1F3044"), ("lt2", "E8ECF0"),
            ("accent1", "2F6DA3"), ("accent2", "A34F2F"), ("accent3", "5E8A3A"),
            ("accent4", "7A5AA0"), ("accent5", "3A8A86"), ("accent6", "B08A2E"),
            ("hlink", "0000EE"), ("folHlink", "551A8B"),
        )
    )  # fmt: skip
    font = '<a:latin typeface="Sans"/><a:ea typeface=""/><a:cs typeface=""/>'
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
    return (
        f'<a:theme xmlns:a="{_A}" name="Plain"><a:themeElements><a:clrScheme name="Plain">{colours}'
        f'</a:clrScheme><a:fontScheme name="Plain"><a:majorFont>{font}</a:majorFont><a:minorFont>'
        f'{font}</a:minorFont></a:fontScheme><a:fmtScheme name="Plain"><a:fillStyleLst>{fill * 3}'
        f"</a:fillStyleLst><a:lnStyleLst>{f'<a:ln>{fill}</a:ln>' * 3}</a:lnStyleLst>"
        f"<a:effectStyleLst>{'<a:effectStyle><a:effectLst/></a:effectStyle>' * 3}"
        f"</a:effectStyleLst><a:bgFillStyleLst>{fill * 3}</a:bgFillStyleLst></a:fmtScheme>"
        "</a:themeElements></a:theme>"
    )
