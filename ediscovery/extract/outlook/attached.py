"""Attachments of a message as children, each with a state of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ediscovery.extract.contract import SPOOL_BYTES, Child, Content, Context
from ediscovery.extract.html import Page
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.message import (
    BY_VALUE,
    EMBEDDED,
    OLE,
    REFERENCES,
    WEB,
    Attachment,
    file_stem,
)
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_KEPT_BYTES = 1 << 20  # of one attachment between writing the native and giving the child
_MHTML_REFERENCE = 4
_IMAGE = re.compile(r"image/|(?:.*\.)(?:png|jpe?g|gif|bmp|tiff?|svg|webp|emf|wmf)$", re.I)
_LOCATIONS = ("attachmentoriginalurl", "attachmentproviderendpointurl")  # of cloud attachments


_EXTENSIONS = {
    "multipart/signed": ".eml",
    "message/rfc822": ".eml",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/ms-tnef": ".dat",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "text/html": ".html",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
}


class Part:
    """An attachment, whether the body shows it, and its name for people."""

    def __init__(self, attachment: Attachment, page: Page | None) -> None:
        self.attachment = attachment
        self.inline = self._is_inline(page)
        self._kept: bytes | None = None
        self.failure: EvidenceError | None = None

    @property
    def relation(self) -> str:
        return "inline" if self.inline else "attachment"

    @property
    def declared(self) -> str:
        """The MIME type that the message gives it."""
        properties = self.attachment.properties
        return properties.text(mapi.ATTACH_MIME).strip().lower() if properties else ""

    @property
    def name(self) -> str:
        """Its file name; one made of its number where it has none."""
        name = self.attachment.name
        if self.attachment.method == EMBEDDED:
            suffix = self.suffix
            return (
                name if name.lower().endswith(suffix) else file_stem(name, self._default) + suffix
            )
        if name:
            return name
        properties = self.attachment.properties
        extension = properties.text(mapi.ATTACH_EXTENSION).strip() if properties else ""
        if self.attachment.method == OLE:
            extension = ".ole"
        extension = extension or _EXTENSIONS.get(self.declared, "")
        return self._default + (extension if extension.startswith(".") else ".bin")

    @property
    def _default(self) -> str:
        kind = "message" if self.attachment.method == EMBEDDED else "part"
        return f"{kind}-{self.attachment.number + 1}"

    @property
    def suffix(self) -> str:
        """The extension of embedded messages: what their native is."""
        return self.attachment.message_suffix

    def _is_inline(self, page: Page | None) -> bool:
        attachment, properties = self.attachment, self.attachment.properties
        if properties is None or attachment.method not in (BY_VALUE, OLE):
            return False
        if attachment.method == OLE and not attachment.name:
            return bool(properties.get(mapi.ATTACH_HIDDEN))
        if not _IMAGE.match(self.declared) and not _IMAGE.match(attachment.name):
            return False
        if page is not None and attachment.content_id:
            if attachment.content_id in page.cids:
                return True
            if (properties.integer(mapi.ATTACH_FLAGS) or 0) & _MHTML_REFERENCE:
                return True
        return bool(properties.get(mapi.ATTACH_HIDDEN))

    def chunks(self) -> Iterator[bytes]:
        """Its bytes; small ones are kept for the next time. Raises ``EvidenceError``."""
        self.check()
        if self._kept is not None:
            yield self._kept
            return
        kept: list[bytes] = []
        total = 0
        try:
            for piece in self.attachment.chunks():
                total += len(piece)
                if total <= _KEPT_BYTES:
                    kept.append(piece)
                yield piece
        except EvidenceError as error:
            read = f" {total} bytes of it could be read." if total else ""
            self.failure = EvidenceError(error.state, error.message + read)
            raise self.failure from error
        if total <= _KEPT_BYTES:
            self._kept = b"".join(kept)

    def child(self, context: Context) -> Child:
        """The child that it becomes; what can't be had is a child without content."""
        attachment = self.attachment
        fields = self._fields()
        flags = ("inline",) if self.inline else ()
        try:
            self.check()
            if attachment.method == EMBEDDED:
                child = attachment.message_child(context)
                child.name, child.relation = self.name, "attachment"
                child.fields = {**fields, **child.fields}
                return child
            content = self._content(context)
        except EvidenceError as error:
            if error.state == f"{State.LIMIT}:expansion":
                raise
            if self._is_reference:
                flags = (*flags, "external_reference")
            return Child(
                self.name, None, self.relation, self.declared, state=error.state,
                message=error.message, fields=fields, flags=flags,
            )  # fmt: skip
        if attachment.method == OLE:
            return self._ole(content, fields)
        return Child(self.name, content, self.relation, self.declared, fields=fields, flags=flags)

    def _content(self, context: Context) -> Content:
        kept: list[bytes] = []
        total = 0
        chunks = self.chunks()
        for piece in chunks:
            context.charge(len(piece))
            kept.append(piece)
            total += len(piece)
            if total > SPOOL_BYTES:
                break
        else:
            return Content(b"".join(kept))
        with context.spool() as file:
            file.writelines(kept)
            kept.clear()
            for piece in chunks:
                context.charge(len(piece))
                file.write(piece)
            name = file.name
        return Content(path=name)

    def _ole(self, content: Content, fields: dict[str, Any]) -> Child:
        from ediscovery.extract.office.embedded import from_ole

        child = from_ole(self.name, content, fields)
        child.relation = self.relation
        if self.inline:
            child.flags = (*child.flags, "inline")
        return child

    def _fields(self) -> dict[str, Any]:
        """Metadata of the attachment itself."""
        fields: dict[str, Any] = {}
        properties = self.attachment.properties
        if properties is None:
            return fields
        if self.attachment.content_id:
            fields["content_id"] = self.attachment.content_id
        for number, name in ((mapi.CREATED, "created_at"), (mapi.MODIFIED, "modified_at")):
            moment = properties.time(number)
            if moment:
                fields[name] = moment
        for number in (mapi.ATTACH_LONG_PATHNAME, mapi.ATTACH_PATHNAME):
            path = properties.text(number)
            if path:
                fields.setdefault("source_path", path)
        for name in _LOCATIONS:
            place = properties.named(mapi.STRINGS, name)
            if isinstance(place, str) and place:
                fields.setdefault("source_path", place)
        return fields

    @property
    def _is_reference(self) -> bool:
        """Whether it is only a pointer to a file or a page elsewhere."""
        properties = self.attachment.properties
        points = self.attachment.method in (*REFERENCES, WEB)
        return points and properties is not None and mapi.ATTACH_DATA not in properties

    def check(self) -> None:
        """Raises ``EvidenceError`` when it is known that there are no bytes to be had."""
        properties = self.attachment.properties
        if self.failure is not None:
            raise self.failure
        if properties is None:
            raise EvidenceError(State.CORRUPT, self.attachment.error)
        if self._is_reference:
            where = str(self._fields().get("source_path", ""))[:300]
            to = f" to {where}" if where else ""
            raise EvidenceError(
                State.UNREADABLE,
                f"It is attached by reference{to}; its bytes are not in the message.",
            )
        if self.attachment.method == 0 and mapi.ATTACH_DATA not in properties:
            raise EvidenceError(State.EMPTY, "The message lists it without any content.")
