"""A message of a PST or OST: its tables of recipients and attachments ([MS-PST] 2.4.5, 2.4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ediscovery.extract.contract import Child, Context
from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.ltp import PropertyContext, Row, Table
from ediscovery.extract.outlook.message import BY_VALUE, EMBEDDED, Attachment, Message
from ediscovery.extract.outlook.ndb import Database, Node
from ediscovery.model.errors import EvidenceError
from ediscovery.model.states import State

_RECIPIENTS, _ATTACHMENTS = 0x692, 0x671
_ATTACHMENT = 0x05
MESSAGE_TYPE = "application/x-mapi-message"


class StoredMessage(Message):
    """A message node. Raises ``EvidenceError`` when its properties can't be read."""

    def __init__(
        self,
        database: Database,
        node: Node,
        names: mapi.Names,
        *,
        strict: bool = False,
        lineage: tuple[int, ...] = (),
    ) -> None:
        if node.data in lineage:
            raise EvidenceError(State.CYCLE, "It embeds the message that embeds it.")
        self.problems: list[str] = []
        self.lineage = (*lineage, node.data)
        self.database, self.node, self.names, self.strict = database, node, names, strict
        damaged = len(database.damaged)
        self.context = PropertyContext(database, node, names, self.problems, strict)
        self.properties = self.context
        if len(database.damaged) > damaged:
            self.problems.append("Blocks of it fail their checksum.")

    def _table(self, nid: int) -> Table | None:
        try:
            subnodes = self.context.heap.subnodes
            if nid not in subnodes:
                return None
            return Table(self.database, subnodes[nid], self.names, self.problems, self.strict)
        except EvidenceError as error:
            which = "recipients" if nid == _RECIPIENTS else "attachments"
            self.problems.append(f"Its list of {which} can't be read: {error.message}")
            return None

    @cached_property
    def recipients(self) -> list[Row]:
        table = self._table(_RECIPIENTS)
        rows: list[Row] = []
        try:
            if table is not None:
                rows.extend(row for _, row in table.rows(self.context.codepages))
        except EvidenceError as error:
            self.problems.append(f"Its list of recipients ends early: {error.message}")
        return rows

    @cached_property
    def _attachment_numbers(self) -> list[int]:
        numbers: list[int] = []
        table = self._table(_ATTACHMENTS)
        try:
            if table is not None:
                numbers = [number for number, _ in table.index()]
        except EvidenceError as error:
            self.problems.append(f"Its list of attachments ends early: {error.message}")
        try:
            nodes = [n for n in self.context.heap.subnodes if n & 0x1F == _ATTACHMENT]
        except EvidenceError:
            nodes = []
        return numbers + sorted(set(nodes).difference(numbers))

    @property
    def announced_attachments(self) -> int:
        return len(self._attachment_numbers)

    @cached_property
    def attachments(self) -> list[Attachment]:
        return [self._attachment(i, nid) for i, nid in enumerate(self._attachment_numbers)]

    def _attachment(self, number: int, nid: int) -> Attachment:
        try:
            node = self.context.heap.subnode(nid)
            context = PropertyContext(self.database, node, self.names, self.problems, self.strict)
        except EvidenceError as error:
            return _StoredAttachment(self, number, None, error.message)
        if not (mapi.MESSAGE_CODEPAGE in context or mapi.INTERNET_CODEPAGE in context):
            context.codepages = self.context.codepages
        return _StoredAttachment(self, number, context)


class _StoredAttachment(Attachment):
    def __init__(
        self, owner: StoredMessage, number: int, context: PropertyContext | None, error: str = ""
    ) -> None:
        super().__init__(number, context, error)
        self._owner, self._context = owner, context
        stored = context.types.get(mapi.ATTACH_DATA) if context is not None else None
        if self.method == EMBEDDED and stored == mapi.BINARY:
            self.method = BY_VALUE

    def _node(self) -> tuple[PropertyContext, Node | None]:
        """Its properties and the subnode of its data; no subnode when it lies in the heap."""
        context = self._context
        if context is None:
            raise EvidenceError(State.CORRUPT, self.error)
        if mapi.ATTACH_DATA not in context:
            raise EvidenceError(State.EMPTY, "The message lists it without any content.")
        reference = context.reference(mapi.ATTACH_DATA)
        if context.types[mapi.ATTACH_DATA] == mapi.OBJECT:
            reference = int.from_bytes(context.heap.value(reference)[:4], "little")
        return context, context.heap.subnode(reference) if reference & 0x1F else None

    def chunks(self) -> Iterator[bytes]:
        context, node = self._node()
        if node is None:
            yield context.heap.value(context.reference(mapi.ATTACH_DATA))
        else:
            yield from self._owner.database.chunks(node.data, self._owner.strict)

    def message(self) -> Message:
        owner = self._owner
        node = self._node()[1]
        if node is None:
            raise EvidenceError(State.CORRUPT, "The message it embeds is missing.")
        return StoredMessage(
            owner.database, node, owner.names, strict=owner.strict, lineage=owner.lineage
        )

    def message_child(self, context: Context) -> Child:
        return message_child(self.message(), context)

    @property
    def message_suffix(self) -> str:
        return ".eml"


def message_child(message: Message, context: Context) -> Child:
    """The child for ``message``, with its synthesised native; name and relation are open."""
    from ediscovery.extract.outlook.native import synthesise
    from ediscovery.extract.outlook.reading import Reading

    reading = Reading(message, context)
    content = synthesise(reading, context)
    return Child("", content, "message", mime_type=MESSAGE_TYPE, payload=reading)
