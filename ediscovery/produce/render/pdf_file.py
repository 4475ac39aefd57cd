"""Searchable PDF made from finished pages: an image a page under invisible words, nothing else.

Written here from the first byte, so that nothing of an original can be in it: no layer, annotation,
form, attachment, bookmark, metadata, font or stream but those below. ISO 32000-1, PDF 1.7.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ediscovery.produce.render import g4, image_files
from ediscovery.produce.render.finish import Finished
from ediscovery.produce.render.pages import Word

_FONT_CODES = 256
_CATALOGUE, _TREE, _FIRST = 1, 2, 3
_STRIP, _STRIP_LENGTH = 273, 279  # tags of TIFF


class _Writer:
    """Numbered objects, one behind the other."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._offsets: dict[int, int] = {}
        self._next = _FIRST

    def number(self) -> int:
        self._next += 1
        return self._next - 1

    def write(self, number: int, body: str) -> None:
        self._offsets[number] = self._out.tell()
        self._out.write(f"{number} 0 obj\n{body}\nendobj\n".encode("ascii"))

    def stream(self, number: int, head: str, data: bytes) -> None:
        self._offsets[number] = self._out.tell()
        self._out.write(f"{number} 0 obj\n<<{head}/Length {len(data)}>>\nstream\n".encode("ascii"))
        self._out.write(data)
        self._out.write(b"\nendstream\nendobj\n")

    def close(self) -> bytes:
        start = self._out.tell()
        seal = hashlib.sha256(self._out.getvalue()).hexdigest()[:32]
        self._out.write(f"xref\n0 {self._next}\n0000000000 65535 f \n".encode("ascii"))
        for number in range(1, self._next):
            self._out.write(f"{self._offsets[number]:010d} 00000 n \n".encode("ascii"))
        self._out.write(
            f"trailer\n<</Size {self._next}/Root {_CATALOGUE} 0 R/ID[<{seal}><{seal}>]>>\n"
            f"startxref\n{start}\n%%EOF\n".encode("ascii")
        )
        return self._out.getvalue()


def pdf(pages: Iterable[Finished], quality: int = 85) -> bytes:
    """A PDF of ``pages`` in their order; the same pages give the same bytes.

    It carries no dates and no information, and its ID follows from its content. ``quality`` is that
    of the JPEG of colour pages.
    """
    writer = _Writer()
    kids = []
    for page in pages:
        kids.append(writer.number())
        _page(writer, kids[-1], page, quality)
    _close(writer, kids)
    return writer.close()


def of_files(paths: Iterable[Path]) -> bytes:
    """A PDF of page files as they are, one page each, without text: TIFF as
    :func:`~ediscovery.produce.render.image_files.tiff` writes it, and JPEG.

    Raises ``OSError`` or ``ValueError`` for another file.
    """
    from PIL import Image, TiffImagePlugin

    writer = _Writer()
    kids = []
    for path in paths:
        with Image.open(path) as image:
            width, height = image.size
            dpi = float(image.info["dpi"][0])
            head = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}"
            data = path.read_bytes()
            if image.format == "JPEG" and image.mode == "RGB":
                head += "/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/DCTDecode"
            elif isinstance(image, TiffImagePlugin.TiffImageFile):
                (start,), (length,) = image.tag_v2[_STRIP], image.tag_v2[_STRIP_LENGTH]
                data = data[start : start + length]
                head += (
                    "/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode"
                    f"/DecodeParms<</K -1/Columns {width}/Rows {height}>>"
                )
            else:
                raise ValueError(f"{path.name} is no page file.")
        kid, picture, content = writer.number(), writer.number(), writer.number()
        kids.append(kid)
        writer.stream(picture, head, data)
        size = f"{_figure(72 * width / dpi)} 0 0 {_figure(72 * height / dpi)}"
        writer.stream(content, "", f"q {size} 0 0 cm /I Do Q\n".encode("ascii"))
        box = f"0 0 {_figure(72 * width / dpi)} {_figure(72 * height / dpi)}"
        writer.write(
            kid,
            f"<</Type/Page/Parent {_TREE} 0 R/MediaBox[{box}]/Contents {content} 0 R"
            f"/Resources<</XObject<</I {picture} 0 R>>>>>>",
        )
    _close(writer, kids)
    return writer.close()


def _close(writer: _Writer, kids: Sequence[int]) -> None:
    """The catalogue and the tree of pages."""
    writer.write(_CATALOGUE, f"<</Type/Catalog/Pages {_TREE} 0 R>>")
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    writer.write(_TREE, f"<</Type/Pages/Count {len(kids)}/Kids[{listed}]>>")


def _page(writer: _Writer, number: int, page: Finished, quality: int) -> None:
    raster = page.raster
    picture, content = writer.number(), writer.number()
    head = (
        f"/Type/XObject/Subtype/Image/Width {raster.width}/Height {raster.height}"
        f"/BitsPerComponent {8 if raster.colour else 1}"
    )
    if raster.colour:
        data = image_files.jpeg(raster, quality)
        writer.stream(picture, head + "/ColorSpace/DeviceRGB/Filter/DCTDecode", data)
    else:
        data = g4.encode(raster.pixels, raster.width)
        parameters = f"<</K -1/Columns {raster.width}/Rows {raster.height}>>"
        head += f"/ColorSpace/DeviceGray/Filter/CCITTFaxDecode/DecodeParms{parameters}"
        writer.stream(picture, head, data)
    fonts, text = _text(writer, [*page.words, *page.endorsements], page.height)
    size = f"{_figure(page.width)} 0 0 {_figure(page.height)}"
    drawn = f"q {size} 0 0 cm /I Do Q\n".encode("ascii") + text
    packed = zlib.compress(drawn, 6)
    writer.stream(content, "/Filter/FlateDecode", packed)
    named = "".join(f"/F{i} {font} 0 R" for i, font in enumerate(fonts))
    writer.write(
        number,
        f"<</Type/Page/Parent {_TREE} 0 R"
        f"/MediaBox[0 0 {_figure(page.width)} {_figure(page.height)}]/Contents {content} 0 R"
        f"/Resources<</XObject<</I {picture} 0 R>>/Font<<{named}>>>>>>",
    )


def _text(writer: _Writer, words: Sequence[Word], height: float) -> tuple[list[int], bytes]:
    """The fonts and the content stream of invisible words, each as wide as its box.

    Characters of Latin-1 have their own codes, so that a search through the bytes finds words; all
    others are numbered as they come, 256 to a font.
    """
    codes: dict[str, tuple[int, int]] = {}
    for word in words:
        for char in word.text:
            if char not in codes and not " " < char <= "\xff":
                others = len(codes)
                codes[char] = (1 + others // _FONT_CODES, others % _FONT_CODES)
    out = []
    for word in words:
        left, top, right, bottom = word.box
        size = max(1.0, bottom - top)
        letters = [codes.get(char, (0, ord(char) & 255)) for char in _as_seen(word.text)]
        if not letters:
            continue
        # Every glyph is as wide as it is high.
        stretch = 100 * max(0.1, right - left) / (len(letters) * size)
        place = f"{_figure(left)} {_figure(height - bottom + size * 0.2)}"
        out.append(f"1 0 0 1 {place} Tm {_figure(stretch)} Tz")
        begin = 0
        for end in range(1, len(letters) + 1):
            if end == len(letters) or letters[end][0] != letters[begin][0]:
                shown = "".join(_byte(code) for _, code in letters[begin:end])
                out.append(f"/F{letters[begin][0]} {_figure(size)} Tf ({shown}) Tj")
                begin = end
        out.append(f"/F0 {_figure(size)} Tf ( ) Tj")
    if not out:
        return [], b""
    fonts = [_font(writer, {code: chr(code) for code in range(32, 256)})]
    count = max((font for font, _ in codes.values()), default=0)
    for font in range(1, count + 1):
        table = {code: char for char, (other, code) in codes.items() if other == font}
        fonts.append(_font(writer, table))
    return fonts, ("BT 3 Tr\n" + "\n".join(out) + "\nET\n").encode("latin-1")


def _as_seen(text: str) -> str:
    """A word from left to right, as readers of PDF expect also what is written the other way."""
    strong = {unicodedata.bidirectional(char) for char in text} & {"L", "R", "AL"}
    return text[::-1] if strong and "L" not in strong else text


def _byte(code: int) -> str:
    char = chr(code)
    if char in "()\\":
        return "\\" + char
    return char if " " <= char <= "~" or char >= "\xa0" else f"\\{code:03o}"


def _font(writer: _Writer, table: dict[int, str]) -> int:
    """A font whose glyphs are empty: it only says which character each code stands for."""
    number, blank, meaning = writer.number(), writer.number(), writer.number()
    first, last = min(table), max(table)
    writer.stream(blank, "", b"1000 0 d0")
    names = " ".join("/g" for _ in range(first, last + 1))
    widths = " ".join("1000" for _ in range(first, last + 1))
    writer.write(
        number,
        "<</Type/Font/Subtype/Type3/FontBBox[0 -200 1000 800]/FontMatrix[.001 0 0 .001 0 0]"
        f"/CharProcs<</g {blank} 0 R>>/Encoding<</Type/Encoding/Differences[{first} {names}]>>"
        f"/FirstChar {first}/LastChar {last}/Widths[{widths}]/Resources<<>>"
        f"/ToUnicode {meaning} 0 R>>",
    )
    lines = [
        f"<{code:02x}> <{char.encode('utf-16-be', 'surrogatepass').hex()}>"
        for code, char in sorted(table.items())
    ]
    groups = [lines[at : at + 100] for at in range(0, len(lines), 100)]
    ranges = "\n".join(
        f"{len(group)} beginbfchar\n" + "\n".join(group) + "\nendbfchar" for group in groups
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CMapName /Words def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<00> <ff>\nendcodespacerange\n"
        f"{ranges}\nendcmap\nend\nend\n"
    )
    writer.stream(meaning, "/Filter/FlateDecode", zlib.compress(cmap.encode("ascii"), 6))
    return number


def _figure(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
