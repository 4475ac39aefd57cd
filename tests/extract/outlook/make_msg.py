"""Writes small MSG files for tests; extract-msg and olefile read them too."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from ediscovery.extract.outlook.cfb import Storage, build

_FIXED = {0x03: "<i4x", 0x02: "<h6x", 0x0B: "<?7x", 0x40: "<q", 0x14: "<q", 0x05: "<d"}
_HEADERS = {"top": 32, "embedded": 24, "part": 8}


@dataclass(slots=True)
class Msg:
    """A message: properties by (number, type); recipients and attachments as properties."""

    properties: dict[tuple[int, int], Any] = field(default_factory=dict)
    recipients: list[dict[tuple[int, int], Any]] = field(default_factory=list)
    attachments: list[dict[tuple[int, int], Any]] = field(default_factory=list)
    names: list[tuple[bytes, int | str]] = field(default_factory=list)
    announced: int | None = None  # attachments that the header claims


def mail(subject: str, body: str, **more: Any) -> Msg:
    """A plain mail from Ann to Jane."""
    properties = {
        (0x001A, 0x1F): "IPM.Note", (0x0037, 0x1F): subject, (0x1000, 0x1F): body,
        (0x0039, 0x40): 133_000_000_000_000_000, (0x0042, 0x1F): "Ann", (0x0064, 0x1F): "SMTP",
        (0x0065, 0x1F): "ann@example.com", (0x0E07, 0x03): 1, (0x340D, 0x03): 0x40000,
    }  # fmt: skip
    jane = {(0x0C15, 0x03): 1, (0x3001, 0x1F): "Jane", (0x3002, 0x1F): "SMTP",
            (0x3003, 0x1F): "jane@example.com", (0x39FE, 0x1F): "jane@example.com"}  # fmt: skip
    properties.update(more.pop("extra", {}))
    return Msg(properties, [jane], **more)


def attachment(name: str, content: bytes | Msg | Storage) -> dict[tuple[int, int], Any]:
    """By value, embedded message, or OLE object, by what ``content`` is."""
    method = 1 if isinstance(content, bytes) else 5 if isinstance(content, Msg) else 6
    kind = 0x102 if isinstance(content, bytes) else 0x0D
    return {(0x3705, 0x03): method, (0x3707, 0x1F): name, (0x3701, kind): content}


def write(message: Msg) -> bytes:
    """The file."""
    root = storage(message, "top")
    groups: list[bytes] = []
    entries = strings = b""
    for index, (group, name) in enumerate(message.names):
        if group not in groups:
            groups.append(group)
        which = (groups.index(group) + 3) << 1
        ident = name if isinstance(name, int) else len(strings)
        if isinstance(name, str):
            raw = name.encode("utf-16-le")
            strings += struct.pack("<I", len(raw)) + raw + bytes(-len(raw) % 4)
            which |= 1
        entries += struct.pack("<IHH", ident, which, index)
    root.storages["__nameid_version1.0"] = Storage(
        streams={
            "__substg1.0_00020102": b"".join(groups),
            "__substg1.0_00030102": entries,
            "__substg1.0_00040102": strings,
        }
    )
    return build(root)


def storage(message: Msg, place: str) -> Storage:
    """The storage of a message, at the top of a file or embedded in it."""
    result = Storage()
    count = len(message.attachments)
    announced = count if message.announced is None else message.announced
    head = struct.pack(
        "<8xIIII", len(message.recipients), count, len(message.recipients), announced
    )
    _fill(result, message.properties, head.ljust(_HEADERS[place], b"\0"))
    for prefix, members in (("recip", message.recipients), ("attach", message.attachments)):
        for number, values in enumerate(members):
            inner = result.storages[f"__{prefix}_version1.0_#{number:08X}"] = Storage()
            _fill(inner, values, bytes(_HEADERS["part"]))
    return result


def _fill(target: Storage, values: dict[tuple[int, int], Any], head: bytes) -> None:
    rows = b""
    for (number, kind), value in sorted(values.items(), key=lambda item: item[0]):
        start = struct.pack("<HHI", kind, number, 6)
        name = f"__substg1.0_{number:04X}{kind:04X}"
        if kind in _FIXED:
            rows += start + struct.pack(_FIXED[kind], value)
            continue
        if isinstance(value, Msg):
            target.storages[name] = storage(value, "embedded")
            size = 0xFFFFFFFF
        elif isinstance(value, Storage):
            target.storages[name] = value
            size = 0xFFFFFFFF
        elif isinstance(value, list):
            parts = [v.encode("utf-16-le") + b"\0\0" for v in value]
            target.streams[name] = b"".join(struct.pack("<I", len(p)) for p in parts)
            for index, part in enumerate(parts):
                target.streams[f"{name}-{index:08X}"] = part
            size = 4 * len(parts)
        else:
            raw = value.encode("utf-16-le") if kind == 0x1F else bytes(value)
            target.streams[name] = raw
            size = len(raw) + {0x1F: 2, 0x1E: 1}.get(kind, 0)
        rows += start + struct.pack("<II", size, 0)
    target.streams["__properties_version1.0"] = head + rows
