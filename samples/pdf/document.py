"""PDF documents of text or pictures, with what can hide in them."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from samples.office.package import Properties
from samples.pdf.objects import File, Lock, Name, Ref
from samples.things import Hidden, Thing

_WIDTH, _HEIGHT, _LEFT, _TOP, _LEADING = 595, 842, 64, 780, 15


@dataclass(frozen=True, slots=True)
class Page:
    """Paragraphs (the first one larger), or a JPEG that fills the page.

    ``invisible`` is drawn in no colour at all (rendering mode 3), ``white`` in white on white;
    ``remark`` is a note stuck to the page; ``fields`` are form fields ``(label, value)``.
    """

    paragraphs: tuple[str, ...] = ()
    picture: tuple[bytes, int, int] | None = None  # JPEG, width, height in pixels
    invisible: str = ""
    white: str = ""
    remark: str = ""
    fields: tuple[tuple[str, str], ...] = ()


def thing(
    name: str,
    properties: Properties,
    pages: Sequence[Page],
    attached: Sequence[Thing] = (),
    portfolio: bool = False,
    lock: tuple[str, str, str] | None = None,
) -> Thing:
    """A PDF of ``pages``. ``attached`` files become children, shown first if it is a portfolio.

    ``lock`` is password, cipher (``rc4`` or ``aes``) and ``bank`` or ``lost``.
    """
    writer = _Writer(properties)
    for page in pages:
        writer.page(page)
    identity = hashlib.md5(name.encode()).digest()
    handler = Lock(lock[0], "owner of " + name, identity, lock[1]) if lock else None
    hidden = [Hidden(p.invisible, "invisible text") for p in pages if p.invisible]
    hidden += [Hidden(p.white, "white text") for p in pages if p.white]
    hidden += [Hidden(p.remark, "annotation") for p in pages if p.remark]
    hidden += [Hidden(value, "form field") for p in pages for _, value in p.fields]
    words = [t for p in pages for t in (*p.paragraphs, p.invisible, p.white, p.remark)]
    words += [f"{label} {value}" for p in pages for label, value in p.fields]
    pictured = any(p.picture for p in pages)
    lost = lock is not None and lock[2] == "lost"
    return Thing(
        name,
        writer.finish(attached, portfolio, identity, handler),
        "pdf",
        "application/pdf",
        "" if lost else "\n".join(w for w in words if w),
        states=("encrypted",) if lost else ("ok", "warnings") if pictured else ("ok",),
        children=tuple(file.related("embedded") for file in attached),
        hidden=() if lost else tuple(hidden),
        lock=lock[2] if lock else "",
        when=properties.modified,
    )


class _Writer:
    def __init__(self, properties: Properties) -> None:
        self.properties = properties
        self.file = File()
        self.root, self.tree = self.file.add({}), self.file.add({})
        encoding = Name("WinAnsiEncoding")
        self.font = self.file.add(
            {
                "Type": Name("Font"),
                "Subtype": Name("Type1"),
                "BaseFont": Name("Helvetica"),
                "Encoding": encoding,
            }
        )
        self.pages: list[Ref] = []
        self.fields: list[Ref] = []

    def page(self, page: Page) -> None:
        """Adds one page; text that does not fit flows on to further ones."""
        resources: dict[str, object] = {"Font": {"F1": self.font}}
        if page.picture:
            data, width, height = page.picture
            image = self.file.add(
                {"Type": Name("XObject"), "Subtype": Name("Image"), "Width": width,
                 "Height": height, "ColorSpace": Name("DeviceGray"), "BitsPerComponent": 8,
                 "Filter": Name("DCTDecode")}, data, packed=False)  # fmt: skip
            resources["XObject"] = {"Im1": image}
            self._lay(f"q {_WIDTH} 0 0 {_HEIGHT} 0 0 cm /Im1 Do Q", resources, page)
            return
        lines: list[tuple[int, str]] = []
        for n, paragraph in enumerate(page.paragraphs):
            size = 16 if n == 0 else 11
            lines += [(size, t) for t in textwrap.wrap(paragraph, 60 if n == 0 else 84)]
            lines.append((11, ""))
        room = 44
        for start in range(0, max(len(lines), 1), room):
            last = start + room >= len(lines)
            self._lay(
                _draw(lines[start : start + room], page if last else Page()),
                resources,
                page if last else Page(),
            )

    def _lay(self, content: str, resources: dict[str, object], page: Page) -> None:
        stream = self.file.add({}, content.encode("cp1252"))
        marks: list[Ref] = []
        if page.remark:
            marks.append(self.file.add(
                {"Type": Name("Annot"), "Subtype": Name("Text"), "Rect": [500, 760, 520, 780],
                 "Contents": page.remark, "T": self.properties.author, "Name": Name("Comment")}
            ))  # fmt: skip
        for n, (label, value) in enumerate(page.fields):
            marks.append(self._field(label, value, 600 - 40 * n))
        body = {
            "Type": Name("Page"),
            "Parent": self.tree,
            "MediaBox": [0, 0, _WIDTH, _HEIGHT],
            "Resources": resources,
            "Contents": stream,
        }
        self.pages.append(self.file.add({**body, "Annots": marks} if marks else body))

    def _field(self, label: str, value: str, y: int) -> Ref:
        """A text field that shows its value."""
        resources = {"Font": {"F1": self.font}}
        show = f"/Tx BMC BT /F1 11 Tf 2 5 Td ({_string(value)}) Tj ET EMC"
        appearance = self.file.add(
            {"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, 300, 20],
             "Resources": resources}, show.encode("cp1252"))  # fmt: skip
        field = self.file.add(
            {"Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Tx"), "T": label,
             "V": value, "Rect": [200, y, 500, y + 20], "DA": "/F1 11 Tf 0 g", "F": 4,
             "AP": {"N": appearance}})  # fmt: skip
        self.fields.append(field)
        return field

    def finish(
        self, attached: Sequence[Thing], portfolio: bool, identity: bytes, lock: Lock | None
    ) -> bytes:
        """Closes the page tree and the catalog and writes the file."""
        self.file.put(
            self.tree, {"Type": Name("Pages"), "Kids": list(self.pages), "Count": len(self.pages)}
        )
        root: dict[str, object] = {"Type": Name("Catalog"), "Pages": self.tree}
        if self.fields:
            root["AcroForm"] = {
                "Fields": list(self.fields),
                "DR": {"Font": {"F1": self.font}},
                "DA": "/F1 11 Tf 0 g",
            }
        if attached:
            names: list[object] = []
            for file in sorted(attached, key=lambda f: f.name):
                names += [file.name, self._attach(file)]
            root["Names"] = {"EmbeddedFiles": {"Names": names}}
        if portfolio:
            root["Collection"] = {"Type": Name("Collection"), "View": Name("D")}
        self.file.put(self.root, root)
        p = self.properties
        info = self.file.add(
            {"Title": p.title, "Author": p.author, "Creator": "Quayside Writer 3",
             "Producer": "Quayside PDF 1.2", "CreationDate": f"D:{p.created:%Y%m%d%H%M%S}Z",
             "ModDate": f"D:{p.modified:%Y%m%d%H%M%S}Z"})  # fmt: skip
        return self.file.write(self.root, info, identity, lock)

    def _attach(self, file: Thing) -> Ref:
        mime = Name(file.mime.replace("/", "#2F"))
        stamp = f"D:{file.when:%Y%m%d%H%M%S}Z"
        stream = self.file.add(
            {"Type": Name("EmbeddedFile"), "Subtype": mime,
             "Params": {"Size": len(file.data), "ModDate": stamp}}, file.data)  # fmt: skip
        return self.file.add(
            {"Type": Name("Filespec"), "F": file.name, "UF": file.name, "EF": {"F": stream}}
        )


def _draw(lines: list[tuple[int, str]], page: Page) -> str:
    out, y = "BT\n", _TOP
    for size, text in lines:
        if text:
            out += f"/F1 {size} Tf 1 0 0 1 {_LEFT} {y} Tm ({_string(text)}) Tj\n"
        y -= _LEADING if size == 11 else 22
    for n, (label, _) in enumerate(page.fields):
        out += f"/F1 11 Tf 1 0 0 1 {_LEFT} {605 - 40 * n} Tm ({_string(label)}) Tj\n"
    if page.invisible:
        out += f"3 Tr /F1 11 Tf 1 0 0 1 {_LEFT} 60 Tm ({_string(page.invisible)}) Tj 0 Tr\n"
    if page.white:
        out += f"1 g /F1 11 Tf 1 0 0 1 {_LEFT} 40 Tm ({_string(page.white)}) Tj 0 g\n"
    return out + "ET"


def _string(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
