"""Open Packaging: relationships, content types and what lies embedded (ECMA-376-2, ISO 29500-2)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from ediscovery.extract.contract import Content, Context
from ediscovery.extract.office.parts import Parts

_LINKS = frozenset({"hyperlink"})


@dataclass(frozen=True, slots=True)
class Relation:
    """``kind`` is the last word of the relationship's type; ``target`` a part name or a URL."""

    id: str
    kind: str
    target: str
    external: bool


class Package(Parts):
    """The parts of an OOXML document and how they are related."""

    def __init__(self, content: Content, context: Context) -> None:
        super().__init__(content, context)
        self._relations: dict[str, list[Relation]] = {}
        self._types: dict[str, str] | None = None

    def relations(self, source: str = "") -> list[Relation]:
        """The relationships of part ``source``, in order; ``""`` is the package itself."""
        known = self._relations.get(source)
        if known is None:
            known = self._relations[source] = self._read_relations(source)
        return known

    def related(self, source: str) -> dict[str, Relation]:
        """The relationships of ``source`` by the id under which its elements name them."""
        return {relation.id: relation for relation in self.relations(source)}

    def targets(self, source: str, kind: str) -> list[str]:
        """Names of the parts that ``source`` relates to as ``kind`` (external ones left out)."""
        return [r.target for r in self.relations(source) if r.kind == kind and not r.external]

    def main(self, fallback: str) -> str:
        """The main part: as the package says, else ``fallback``."""
        found = self.targets("", "officeDocument")
        return found[0] if found and found[0] in self else fallback

    def content_type(self, name: str) -> str:
        """What ``[Content_Types].xml`` says that part ``name`` is; ``""`` when it is silent."""
        if self._types is None:
            self._types = {}
            root = self.xml("[Content_Types].xml")
            for element in root if root is not None else ():
                key = element.get("PartName", "").lstrip("/") or "." + element.get("Extension", "")
                self._types[key.lower()] = element.get("ContentType", "")
        name = name.lower().lstrip("/")
        extension = "." + name.rpartition(".")[2]
        return self._types.get(name) or self._types.get(extension, "")

    def external(self) -> Iterator[tuple[Relation, bool]]:
        """Relationships that lead out of the package, and whether a program would fetch them."""
        for name in self.names:
            if name.lower().endswith(".rels"):
                folder, _, base = name.replace("\\", "/").lstrip("/").rpartition("/")
                source = posixpath.join(folder.rpartition("_rels")[0], base[:-5]).lstrip("/")
                for relation in self.relations(source):
                    if relation.external:
                        yield relation, relation.kind not in _LINKS

    def _read_relations(self, source: str) -> list[Relation]:
        folder, _, base = source.rpartition("/")
        name = posixpath.join(folder, "_rels", base + ".rels")
        root = self.xml(name) if name in self else None
        if root is None:
            return []
        result: list[Relation] = []
        for element in root.iter("{*}Relationship"):
            target = element.get("Target", "")
            external = element.get("TargetMode", "").lower() == "external"
            if not external:
                target = _resolve(folder, target)
            kind = element.get("Type", "").rpartition("/")[2]
            result.append(Relation(element.get("Id", ""), kind, target, external))
        return result


def _resolve(folder: str, target: str) -> str:
    target = unquote(target.replace("\\", "/").partition("#")[0])
    path = posixpath.normpath(posixpath.join("/" + folder, target))
    return path.lstrip("/")
