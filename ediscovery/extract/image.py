"""Pictures: dimensions and frames from the header, EXIF, IPTC and XMP, texts inside, and OCR."""

from __future__ import annotations

import contextlib
import io
import re
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, BinaryIO

from ediscovery.extract.charset import decode
from ediscovery.extract.contract import Content, Context, Extraction
from ediscovery.extract.dates import utc
from ediscovery.extract.ocr import MISSING, OcrFailed, Session
from ediscovery.extract.walk import describe
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
# EXIF tag -> our name; dates and places are handled apart.
_MAIN = {
    0x010E: "description", 0x010F: "camera_make", 0x0110: "camera_model", 0x0131: "application",
    0x013B: "author", 0x8298: "copyright", 0x9C9B: "title", 0x9C9C: "comment", 0x9C9D: "author",
    0x9C9E: "keywords", 0x9C9F: "document_subject",
}  # fmt: skip
_DETAIL = {0xA434: "lens_model", 0x9286: "user_comment", 0xA420: "image_unique_id"}
_WIDE = frozenset(range(0x9C9B, 0x9CA0))  # UTF-16 texts of Windows
_IPTC = {
    (2, 5): "title", (2, 25): "keywords", (2, 80): "author", (2, 105): "headline",
    (2, 116): "copyright", (2, 120): "description",
}  # fmt: skip
_DATES = ((0x9003, 0x9011, "created_at"), (0x0132, 0x9010, "modified_at"))
_EXIF_DATE = re.compile(r"\s*(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_SEARCHED = ("title", "headline", "description", "comment", "user_comment", "keywords")
_TEXT_CHARS = 100_000  # of one text inside a picture
_NOT_TEXT = ("xmp", "xml:", "icc", "exif", "photoshop", "date:", "raw profile", "compression")
_SCAN_SIDE = 600  # pixels; a smaller picture is no page


def extract(content: Content, context: Context) -> Extraction:
    """What a picture says about itself, and with ``profile.ocr`` what tesseract reads in it.

    The header is checked before anything is decoded: ``limit:pixels`` for more pixels than
    ``limits.image_pixels``, ``limit:pages`` for more frames than ``limits.pages``; metadata are
    kept all the same. The text is that of the embedded texts, then that of OCR, frames parted by
    form feeds.
    """
    result = Extraction()
    frames, looped = count_frames(content, context.profile.limits.pages)
    if looped:
        result.warnings.append("Its list of frames runs in a circle.")
    with content.open() as file:
        picture = opened(file)
        if isinstance(picture, str):
            return Extraction(state=State.CORRUPT, message=picture)
        _header(picture, frames, result)
        _describe(picture, result)
        _bound(picture, frames, context, result)
        if result.state == State.OK:
            _recognise(picture, frames, context, result)
    return result


def opened(file: BinaryIO) -> Any:
    """A Pillow image with only its header read, or what is wrong with it."""
    from PIL import Image

    # The limit is ours and checked on the header; Pillow's own would raise before metadata.
    Image.MAX_IMAGE_PIXELS = None
    try:
        return Image.open(file)
    except Exception as error:  # Pillow raises many kinds on broken headers
        return describe(error)


def _header(picture: Any, frames: int | None, result: Extraction) -> None:
    width, height = picture.size
    result.fields.update(width=width, height=height, color_mode=picture.mode)
    if frames is None:
        frames = int(getattr(picture, "n_frames", 1))
    result.fields["frames"] = frames
    if picture.format in ("TIFF", "DCX") or frames == 1:
        result.fields["page_count"] = frames
    dpi = picture.info.get("dpi")
    if dpi and all(0 < float(value) < 100_000 for value in dpi):
        result.fields["dpi"] = round(float(dpi[0]))


def _bound(picture: Any, frames: int | None, context: Context, result: Extraction) -> None:
    limits = context.profile.limits
    width, height = picture.size
    if width * height > limits.image_pixels:
        result.state = f"{State.LIMIT}:pixels"
        result.message = f"It has {width} x {height} pixels, more than {limits.image_pixels}."
    elif (frames or result.fields["frames"]) > limits.pages:
        result.state = f"{State.LIMIT}:pages"
        result.message = f"It has more than {limits.pages} frames."


def _describe(picture: Any, result: Extraction) -> None:
    """EXIF, IPTC, XMP and text chunks into fields; those that say something into the text."""
    for source in (_exif, _iptc, _xmp):
        try:
            for name, value in source(picture):
                if value:
                    result.fields.setdefault(name, value)
        except Exception as error:  # metadata that lie about their own form
            result.warnings.append(f"Some of its metadata are broken: {describe(error)}")
    said = [str(result.fields[name]) for name in _SEARCHED if result.fields.get(name)]
    for name, value in sorted(_chunks(picture)):
        said.append(value)
        result.fields.setdefault(f"text_{name}", value[:2000])
    result.text = "\n".join(dict.fromkeys(said))


def _exif(picture: Any) -> Iterator[tuple[str, Any]]:
    exif = picture.getexif()
    if not exif:
        return
    detail = exif.get_ifd(_EXIF_IFD)
    for table, names in ((exif, _MAIN), (detail, _DETAIL)):
        for tag, name in names.items():
            yield name, _text(table.get(tag), tag)
    for tag, zone, name in _DATES:
        raw = _text(detail.get(tag) or exif.get(tag), tag)
        if raw and not raw.startswith("0000"):
            offset = _text(detail.get(zone), zone)
            yield f"{name}_raw", f"{raw} {offset}".strip()
            yield name, _date(raw, offset)
    place = exif.get_ifd(_GPS_IFD)
    latitude, longitude = _degrees(place, 1), _degrees(place, 3)
    if latitude is not None and longitude is not None:
        yield "gps", f"{latitude:.6f}, {longitude:.6f}"


def _text(value: Any, tag: int) -> str:
    if isinstance(value, str) and not value.isascii():
        with contextlib.suppress(UnicodeEncodeError):  # Pillow reads EXIF texts as Latin-1
            value = decode(value.encode("latin-1")).text
    if isinstance(value, bytes):
        if tag in _WIDE:
            value = value.decode("utf-16-le", "replace")
        elif value[:8] == b"UNICODE\0":
            value = value[8:].decode("utf-16", "replace")
        else:
            value = value.removeprefix(b"ASCII\0\0\0").decode("utf-8", "replace")
    elif isinstance(value, tuple) and tag in _WIDE:
        value = bytes(value).decode("utf-16-le", "replace")
    return str(value or "").replace("\0", " ").strip()[:_TEXT_CHARS]


def _date(raw: str, offset: str) -> str:
    """An EXIF date with its zone, when one is stated, as UTC text; else taken as UTC."""
    match = _EXIF_DATE.match(raw)
    if match is None:
        return ""
    try:
        moment = datetime(*map(int, match.groups()))  # type: ignore[arg-type]
        if re.fullmatch(r"[+-]\d\d:\d\d", offset):
            shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
            moment = moment.replace(tzinfo=timezone(shift if offset[0] == "+" else -shift))
    except ValueError:
        return ""
    return utc(moment)


def _degrees(place: Any, tag: int) -> float | None:
    """Decimal degrees from the reference (N, S, E, W) at ``tag`` and the values behind it."""
    reference, values = place.get(tag), place.get(tag + 1)
    if not reference or not values or len(values) != 3:
        return None
    degrees = float(values[0]) + float(values[1]) / 60 + float(values[2]) / 3600
    if not 0 <= degrees <= 180:
        return None
    return -degrees if str(reference)[:1] in "SW" else degrees


def _iptc(picture: Any) -> Iterator[tuple[str, str]]:
    if picture.format not in ("JPEG", "MPO", "TIFF"):
        return
    from PIL import IptcImagePlugin

    try:
        found = IptcImagePlugin.getiptcinfo(picture) or {}
    except SyntaxError:  # Pillow's word for a block that holds something else
        return
    for key, name in _IPTC.items():
        values = found.get(key)
        if values:
            several = values if isinstance(values, list) else [values]
            yield name, "; ".join(decode(value).text for value in several)[:_TEXT_CHARS]


def _xmp(picture: Any) -> Iterator[tuple[str, str]]:
    raw = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    if raw:
        from ediscovery.extract.pdf.info import date, xmp_fields

        packet = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
        for name, value in xmp_fields(packet).items():
            if name in ("created_at", "modified_at"):
                yield f"{name}_raw", value
                yield name, date(value)
            else:
                yield name, value


def _chunks(picture: Any) -> Iterator[tuple[str, str]]:
    """Comments and text chunks (PNG tEXt, zTXt, iTXt; JPEG and GIF comments)."""
    for name, value in picture.info.items():
        if not isinstance(name, str) or name.lower().startswith(_NOT_TEXT):
            continue
        if isinstance(value, bytes) and name == "comment":
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and value.strip():
            yield re.sub(r"\W+", "_", name)[:40].lower(), value.strip()[:_TEXT_CHARS]


def _recognise(picture: Any, frames: int | None, context: Context, result: Extraction) -> None:
    """OCR of every frame, or the flag that only OCR could tell what stands in it."""
    width, height = picture.size
    session = Session(context, "frame")
    if not context.profile.ocr or session.missing:
        if context.profile.ocr:
            result.warnings.append(MISSING)
        if min(width, height) >= _SCAN_SIDE:
            result.flags.add("needs_ocr")
        return
    texts = [
        session.read(number + 1, partial(_page, picture, number, context))
        for number in range(frames or result.fields["frames"])
    ]
    result.warnings.extend(session.warnings())
    result.flags.add("ocr")
    if session.left_out:
        result.flags.add("needs_ocr")
    if session.fields:
        result.fields.update(session.fields)
        read = "\f".join(texts)
        result.text = "\n".join(filter(None, [result.text, read]))


def _page(picture: Any, number: int, context: Context) -> tuple[bytes, int]:
    """Frame ``number`` upright in grey as PNG, and its resolution."""
    try:
        shown = upright(picture, number, context.profile.limits.image_pixels)
    except EvidenceError as error:
        raise OcrFailed(error.message) from error
    buffer = io.BytesIO()
    shown.convert("L").save(buffer, "PNG", compress_level=1)
    dpi = float((picture.info.get("dpi") or (0, 0))[0])
    return buffer.getvalue(), round(dpi) if 70 <= dpi <= 2400 else 300


def upright(picture: Any, number: int, pixels: int) -> Any:
    """Frame ``number`` (from 0) of a Pillow image as it is to be seen: turned as its EXIF says, on
    white where it is transparent.

    Raises ``EvidenceError``: ``limit:pixels`` for more than ``pixels``, ``corrupt``.
    """
    from PIL import Image, ImageOps

    try:
        picture.seek(number)
        width, height = picture.size
        if width * height > pixels:
            raise EvidenceError(f"{State.LIMIT}:pixels", f"it has {width} x {height} pixels")
        shown = ImageOps.exif_transpose(picture)
    except (EvidenceError, MemoryError):
        raise
    except Exception as error:  # Pillow raises many kinds on broken frames
        raise EvidenceError(State.CORRUPT, describe(error)) from error
    if shown.mode in ("RGBA", "LA", "PA") or "transparency" in shown.info:
        clear = shown.convert("RGBA")
        shown = Image.new("RGBA", clear.size, "white")
        shown.alpha_composite(clear)
    return shown


# -- frames ------------------------------------------------------------------------------------


def count_frames(content: Content, limit: int) -> tuple[int | None, bool]:
    """Frames of a GIF or TIFF by their headers, at most ``limit`` + 1, and whether they loop.

    ``None`` for other formats, which state the number in their first bytes.
    """
    head = content.head
    with content.open() as file:
        if head[:4] == b"GIF8":
            return _gif_frames(file, limit), False
        if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return _tiff_frames(file, content.size, limit)
    return None, False


def _gif_frames(file: BinaryIO, limit: int) -> int:
    header = file.read(13)
    if len(header) < 13:
        return 0
    if header[10] & 0x80:
        file.seek(3 << (header[10] & 7) + 1, 1)
    count = 0
    while count <= limit and (kind := file.read(1)):
        if kind == b",":
            count += 1
            descriptor = file.read(9)
            if len(descriptor) < 9:
                break
            if descriptor[8] & 0x80:
                file.seek(3 << (descriptor[8] & 7) + 1, 1)
            file.seek(1, 1)
        elif kind == b"!":
            file.seek(1, 1)
        else:
            break
        while (length := file.read(1)) and length != b"\0":
            file.seek(length[0], 1)
    return count


def _tiff_frames(file: BinaryIO, size: int, limit: int) -> tuple[int, bool]:
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    count_form, entry, offset_form = (order + "Q", 20, order + "Q") if big else (
        order + "H", 12, order + "L"
    )  # fmt: skip
    try:
        at = struct.unpack_from(offset_form, head, 8 if big else 4)[0]
        seen: set[int] = set()
        while at and len(seen) <= limit:
            if at in seen:
                return len(seen), True
            if at + struct.calcsize(count_form) > size:
                break
            seen.add(at)
            file.seek(at)
            entries = struct.unpack(count_form, file.read(struct.calcsize(count_form)))[0]
            file.seek(at + struct.calcsize(count_form) + entries * entry)
            at = struct.unpack(offset_form, file.read(struct.calcsize(offset_form)))[0]
    except (struct.error, OSError, OverflowError):
        pass
    return len(seen), False
