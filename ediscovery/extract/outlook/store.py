"""Folders and messages of a PST or OST ([MS-PST] section 2.4), in one fixed order.

The order: folders as their hierarchy tables list them, depth first, each folder's messages by
ascending number; then orphans, messages that the node index holds and no folder lists; then what
was recovered from freed or damaged space. Counts come from the index, not from reading messages.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import MutableSequence
from dataclasses import dataclass, field
from typing import BinaryIO

from ediscovery.extract.outlook import mapi
from ediscovery.extract.outlook.ltp import PropertyContext, Table
from ediscovery.extract.outlook.ndb import Database, Node
from ediscovery.extract.outlook.recover import scan
from ediscovery.extract.outlook.stored import StoredMessage
from ediscovery.model.errors import EvidenceError

_ROOT, _STORE, _NAMES = 0x122, 0x21, 0x61
_FOLDER, _SEARCH, _MESSAGE, _ATTACHMENT, _ASSOCIATED = 0x02, 0x03, 0x04, 0x05, 0x08
_HIERARCHY, _CONTENTS = 0x0D, 0x0E
_PASSWORD, _SUBTREE = 0x67FF, 0x35E0
ORPHAN, RECOVERED, ASSOCIATED = "orphan", "recovered", "associated"

# Settings and views that programs keep as hidden ("associated") messages; nobody wrote or read
# them as mail. Hidden messages of any other class are given as documents.
SETTINGS = (
    "IPM.Configuration.", "IPM.Microsoft.", "IPM.Rule.", "IPM.ExtendedRule.", "IPM.RuleOrganizer",
    "IPM.MessageManager", "IPM.Aggregation", "IPM.Inference", "IPM.WebClient.", "IPM.Sharing.",
    "IPM.Note.Rules.", "IPM.Outlook.", "IPM.ConversationAction", "IPM.Activity.Feed", "IPC.",
    "IPM.Post.Rss.Configuration", "IPM.SMimeSettings", "IPM.Shared.", "IPM.UserConfiguration",
    "IPM.Common.", "IPM.Calendar.",
)  # fmt: skip


@dataclass(slots=True)
class Folder:
    """A folder: its path below the top of the store, and how many messages it says it has."""

    nid: int
    path: str
    announced: int | None
    is_search: bool


@dataclass(slots=True)
class Group:
    """Messages of one folder that are read alike, by number. ``kind``: see the module's text.

    ``nodes`` holds the nodes of recovered messages, which the index lacks.
    """

    folder: str
    kind: str
    numbers: MutableSequence[int]
    nodes: dict[int, Node] = field(default_factory=dict)


@dataclass(slots=True)
class Outline:
    """Everything in a store, in order; ``expected`` counts it, missing messages included."""

    groups: list[Group]
    expected: int
    settings: dict[str, int]  # hidden items left out: class and count
    traces: int  # deleted messages whose data was overwritten
    short: list[str]  # folders that announce more than the index holds
    folders: dict[str, int] = field(
        default_factory=dict
    )  # path and messages listed, empty ones too
    searches: list[str] = field(default_factory=list)  # search folders: they only point elsewhere


class Store:
    """An open store. ``size`` is the file's length in bytes. Closing the file is the caller's."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.database = Database(file, size)
        self.problems: list[str] = []
        self.names = mapi.Names()
        self.truncated = size < self.database.announced
        if self.truncated:
            self.database.salvage = scan(self.database)
        try:
            names = self._context(self.database.node(_NAMES))
            self.names = mapi.read_names(names.data(2), names.data(3), names.data(4))
        except EvidenceError as error:
            self.problems.append(f"Its named properties can't be read: {error.message}")
        self.display_name, self.password, self._top = "", False, 0
        try:
            settings = self._context(self.database.node(_STORE))
            self.display_name = settings.text(mapi.NAME)
            self.password = bool(settings.integer(_PASSWORD))
            self._top = int.from_bytes(settings.data(_SUBTREE)[20:24], "little")
        except EvidenceError as error:
            self.problems.append(f"Its own properties can't be read: {error.message}")

    def _context(self, node: Node) -> PropertyContext:
        return PropertyContext(self.database, node, self.names, self.problems)

    def message(self, number: int, node: Node | None = None) -> StoredMessage:
        """The message ``number``; ``node`` when it was recovered. Raises ``EvidenceError``."""
        if node is not None:
            message = StoredMessage(self.database, node, self.names, strict=True)
            if not node.nid:
                message.problems.append(
                    "Its place in the index is lost: recipients, attachments and long bodies "
                    "that it may have had are not with it."
                )
            return message
        return StoredMessage(self.database, self.database.node(number), self.names)

    def find_freed(self) -> None:
        """Make what lies in freed space readable: deleted messages need it."""
        self.database.salvage = scan(self.database, free_only=True)

    def outline(self) -> Outline:
        """What the store holds, from its index and its folders' tables."""
        index = _Index()
        for node in self.database.nodes():
            index.add(node)
        lost: dict[int, Node] = {}
        if self.database.lost_pages or self.truncated:
            if self.database.salvage is None:
                self.database.salvage = scan(self.database)
            for node in self.database.salvage.nodes(self.database).values():
                if node.nid & 0x1F == _FOLDER and node.nid not in index.folders:
                    index.folders[node.nid] = node.parent
                elif node.nid & 0x1F == _MESSAGE and not index.has_message(node.nid):
                    lost[node.nid] = node
            lost.update(self._carved())
        folders = self._folders(index)
        paths = {folder.nid: folder.path for folder in folders}
        outline = Outline([], 0, {}, 0, [])
        listed = bytearray(len(index.messages))
        for folder in folders:
            if folder.is_search:
                outline.searches.append(folder.path)
            else:
                self._contents(folder, index, listed, outline)
        orphans = [i for i in range(len(listed)) if not listed[i]] if 0 in listed else []
        self._by_parent(
            [(index.messages[i], index.parents[i]) for i in orphans], paths, ORPHAN, outline
        )
        self._associated(index, paths, outline)
        if self.database.salvage is None:
            self.find_freed()
            assert self.database.salvage is not None
            found = self.database.salvage.nodes(self.database)
            lost = {
                nid: node
                for nid, node in found.items()
                if nid & 0x1F == _MESSAGE and not index.has_message(nid)
            }
        self._recovered(lost, paths, outline)
        return outline

    def _carved(self) -> dict[int, Node]:
        """Messages whose node is lost, by the block in which their properties begin.

        What else belonged to them (recipients, attachments, long bodies) can't be told any more.
        """
        database = self.database
        assert database.salvage is not None
        known: set[int] = set()
        for node in (*database.nodes(), *database.salvage.nodes(database).values()):
            known.add(node.data)
            if node.nid & 0x1F == _MESSAGE and node.sub:
                known |= self._embedded(node)
        result = {}
        for bid in database.salvage.blocks(database).properties:
            if bid in known:
                continue
            node = Node(0, bid, 0)
            try:
                found = PropertyContext(database, node, self.names, [], strict=True)
            except EvidenceError:
                continue
            kind = found.text(mapi.MESSAGE_CLASS)
            if kind and not f"{kind}.".startswith(SETTINGS):
                result[bid] = node
        return result

    def _embedded(self, message: Node) -> set[int]:
        """The data blocks of the messages that ``message`` embeds."""
        found: set[int] = set()
        try:
            for attachment in self.database.subnodes(message.sub).values():
                if attachment.nid & 0x1F == _ATTACHMENT:
                    below = self.database.subnodes(attachment.sub).values()
                    found |= {node.data for node in below if node.nid & 0x1F == _MESSAGE}
        except EvidenceError:
            pass
        return found

    def _folders(self, index: _Index) -> list[Folder]:
        """All folders in order, each once, whatever cycles their tables form."""
        below: dict[int, list[int]] = {}
        for nid, parent in index.folders.items():
            if nid != parent:
                below.setdefault(parent, []).append(nid)
        result: list[Folder] = []
        seen: set[int] = set()
        # What hangs below no known folder, or only in a ring, is a root of its own.
        loose = sorted(index.folders, key=lambda nid: index.folders[nid] in index.folders)
        for root in (_ROOT, *loose):
            stack = [(root, "")]
            while stack:
                nid, above = stack.pop()
                if nid in seen:
                    continue
                seen.add(nid)
                folder = self._folder(nid, above)
                result.append(folder)
                children = self._listed_folders(nid)
                children += sorted(set(below.get(nid, ())).difference(children))
                stack.extend((child, folder.path) for child in reversed(children))
        return result

    def _folder(self, nid: int, above: str) -> Folder:
        announced, name = None, ""
        try:
            properties = self._context(self.database.node(nid))
            name = properties.text(mapi.NAME)
            announced = properties.integer(mapi.CONTENT_COUNT)
        except EvidenceError as error:
            self.problems.append(f"The folder 0x{nid:x} can't be read: {error.message}")
            name = f"(folder 0x{nid:x})" if nid != _ROOT else ""
        if nid in (_ROOT, self._top):
            path = ""
        else:
            path = f"{above}/{name.replace('/', '_') or f'(folder 0x{nid:x})'}"
        return Folder(nid, path, announced, nid & 0x1F == _SEARCH)

    def _listed_folders(self, nid: int) -> list[int]:
        try:
            table = Table(
                self.database,
                self.database.node(nid & ~0x1F | _HIERARCHY),
                self.names,
                self.problems,
            )
            return [number for number, _ in table.index() if number & 0x1F in (_FOLDER, _SEARCH)]
        except EvidenceError:
            return []  # the node index tells the same

    def _contents(self, folder: Folder, index: _Index, listed: bytearray, outline: Outline) -> None:
        numbers: list[int] = []
        try:
            node = self.database.node(folder.nid & ~0x1F | _CONTENTS)
            table = Table(self.database, node, self.names, self.problems)
            numbers = sorted(number for number, _ in table.index())
        except EvidenceError as error:
            if folder.announced:
                path = folder.path or "/"
                self.problems.append(f"The list of {path} can't be read: {error.message}")
        mine = []
        own = 0
        for number in numbers:
            at = index.place(number)
            if at is None:
                mine.append(number)  # listed, but the index lacks it: a failed child
            elif not listed[at]:
                listed[at] = 1
                mine.append(number)
                own += index.parents[at] == folder.nid
        # Messages that name this folder but are not in its list come as orphans.
        held = len(mine) + index.count(folder.nid) - own
        if folder.announced is not None and folder.announced > held:
            outline.short.append(
                f"{folder.path or '/'} announces {folder.announced} messages; the index has {held}."
            )
            outline.expected += folder.announced - held
        if folder.path:
            outline.folders[folder.path] = outline.folders.get(folder.path, 0) + len(mine)
        if mine:
            outline.groups.append(Group(folder.path or "/", "", array("I", mine)))
            outline.expected += len(mine)

    def _by_parent(
        self, pairs: list[tuple[int, int]], paths: dict[int, str], kind: str, outline: Outline
    ) -> None:
        grouped: dict[str, list[int]] = {}
        for number, parent in pairs:
            grouped.setdefault(paths.get(parent, "") or "/", []).append(number)
        for path, numbers in sorted(grouped.items()):
            outline.groups.append(Group(path, kind, numbers))
            outline.expected += len(numbers)

    def _associated(self, index: _Index, paths: dict[int, str], outline: Outline) -> None:
        settings: Counter[str] = Counter()
        kept = []
        for number, parent in zip(index.associated, index.associated_parents, strict=True):
            try:
                kind = self._context(self.database.node(number)).text(mapi.MESSAGE_CLASS)
            except EvidenceError:
                kind = ""
            if f"{kind}.".startswith(SETTINGS):
                settings[kind] += 1
            else:
                kept.append((number, parent))
        outline.settings = dict(sorted(settings.items()))
        self._by_parent(kept, paths, ASSOCIATED, outline)

    def _recovered(self, lost: dict[int, Node], paths: dict[int, str], outline: Outline) -> None:
        grouped: dict[str, Group] = {}
        for nid, node in lost.items():
            try:
                PropertyContext(self.database, node, self.names, [], strict=True)
            except EvidenceError:
                outline.traces += 1
                continue
            path = paths.get(node.parent, "") or "/"
            group = grouped.setdefault(path, Group(path, RECOVERED, []))
            group.numbers.append(nid)
            group.nodes[nid] = node
        for path in sorted(grouped):
            outline.groups.append(grouped[path])
            outline.expected += len(grouped[path].numbers)


class _Index:
    """The message and folder nodes of a store, compact: a store may hold millions."""

    def __init__(self) -> None:
        self.folders: dict[int, int] = {}
        self.messages, self.parents = array("I"), array("I")
        self.associated, self.associated_parents = array("I"), array("I")
        self._of_parent: Counter[int] | None = None

    def add(self, node: Node) -> None:
        kind = node.nid & 0x1F
        if kind == _MESSAGE:
            self.messages.append(node.nid)
            self.parents.append(node.parent & 0xFFFFFFFF)
        elif kind in (_FOLDER, _SEARCH):
            self.folders[node.nid] = node.parent
        elif kind == _ASSOCIATED:
            self.associated.append(node.nid)
            self.associated_parents.append(node.parent & 0xFFFFFFFF)

    def place(self, nid: int) -> int | None:
        """Where message ``nid`` stands in ``messages``."""
        at = bisect_left(self.messages, nid)
        return at if at < len(self.messages) and self.messages[at] == nid else None

    def has_message(self, nid: int) -> bool:
        return self.place(nid) is not None

    def count(self, folder: int) -> int:
        """How many messages name ``folder`` as theirs."""
        if self._of_parent is None:
            self._of_parent = Counter(self.parents)
        return self._of_parent.get(folder, 0)
