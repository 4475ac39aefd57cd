"""Office files in clear: opened with the matter's passwords, for programs that are given none."""

from __future__ import annotations

import io
import re
import zipfile

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.office import odf_encryption, ole_encryption
from ediscovery.extract.office.parts import Parts

_SEALED = re.compile(
    rb"<(?:\w+:)?encryption-data\b.*?</(?:\w+:)?encryption-data\s*>", re.DOTALL
)  # in META-INF/manifest.xml
_EPOCH = (1980, 1, 1, 0, 0, 0)


def in_clear(content: Content, context: Context) -> Content:
    """``content`` itself when nothing in it is encrypted, else the same file in clear.

    Office 97 to 2003, encrypted OOXML and OpenDocument packages; tries ``context.passwords`` within
    ``limits.password_seconds``. Raises :class:`~ediscovery.model.errors.EvidenceError`
    (``encrypted``) when none fits.
    """
    if content.head.startswith(b"\xd0\xcf\x11\xe0"):
        return ole_encryption.opened(content, context) or content
    if not content.head.startswith(b"PK") or b"opendocument" not in content.head[:128]:
        return content
    found = odf_encryption.decrypted(Parts(content, context), context)
    if found is None or isinstance(found, Content):
        return found or content
    return Content(_packed(found))


def _packed(parts: Parts) -> bytes:
    """The parts of an OpenDocument package as a new one, with a manifest that calls none sealed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name in parts.names:
            data = parts.read(name)
            if data is None or name.endswith("/"):
                continue
            if name == "META-INF/manifest.xml":
                data = _SEALED.sub(b"", data)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            package.writestr(entry, data)
    return out.getvalue()
