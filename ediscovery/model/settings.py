"""Settings that people write as YAML: found by name or path, checked, extended.

Profiles, deployments, coding layouts, protocols and production specifications are such files. Each
kind has a folder of shipped ones and a JSON Schema in ``schemas/``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ediscovery.model.errors import UsageError
from ediscovery.model.resources import resource


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: what a person calls it, the shipped folder, its schema, which names count.

    ``folder`` is ``""`` for a kind of which none is shipped.
    """

    noun: str
    folder: str
    schema: str
    mine: Callable[[str], bool] = lambda name: True

    def names(self) -> list[str]:
        """Names of the shipped ones, sorted."""
        if not self.folder:
            return []
        return sorted(p.stem for p in resource(self.folder).glob("*.yaml") if self.mine(p.stem))

    def load(self, name: str) -> tuple[Path, dict[str, Any]]:
        """The path and the checked data of the file called ``name``, or of the file at that path.

        Raises :class:`UsageError` when there is none or it does not fit the schema.
        """
        path = self._path(name)
        data = read(path)
        self.check(data, str(path))
        return path, data

    def check(self, data: Any, where: str) -> None:
        """Raise :class:`UsageError`, naming ``where`` and the place, when data is not of the kind.

        Of several problems the first by its place is told.
        """
        import json

        import jsonschema

        schema = json.loads(resource("schemas", self.schema).read_text(encoding="utf-8"))
        problems = sorted(
            jsonschema.Draft202012Validator(schema).iter_errors(data),
            key=lambda error: [str(step) for step in error.absolute_path],
        )
        if problems:
            place = "/".join(str(step) for step in problems[0].absolute_path) or "top level"
            raise UsageError(
                f"{where}, {place}: {problems[0].message}",
                f"See schemas/{self.schema} for what fits.",
            )

    def extended(self, name: str) -> dict[str, Any]:
        """The data called ``name``, on top of what it names under ``extends``; its own name in it.

        Mappings are put together key by key, and everything else is replaced whole. Raises
        :class:`UsageError` as :meth:`load` does, also when files extend each other.
        """
        data = self._merged(name, ())
        self.check(data, str(self._path(name)))
        return data

    def _merged(self, name: str, above: tuple[Path, ...]) -> dict[str, Any]:
        path = self._path(name)
        if path in above:
            raise UsageError(f"{path} extends itself.", "Take out one extends.")
        data = read(path)
        if not isinstance(data, dict):
            raise UsageError(f"{path} holds no settings.", f"See schemas/{self.schema}.")
        base = data.get("extends")
        if base is not None and not isinstance(base, str):
            raise UsageError(f"{path}, extends: this is no name.", "Name one file.")
        data = {"name": path.stem} | {key: data[key] for key in data if key != "extends"}
        return data if base is None else merged(self._merged(base, (*above, path)), data)

    def _path(self, name: str) -> Path:
        path = Path(name)
        if path.suffix in {".yaml", ".yml"} and path.is_file():
            return path
        known = self.names()
        if name not in known:
            shipped = f"Known are {', '.join(known)}; or give" if known else "Give"
            raise UsageError(f"No {self.noun} {name!r}.", f"{shipped} the path of a YAML file.")
        return resource(self.folder, f"{name}.yaml")


def read(path: Path) -> Any:
    """The data of a YAML file, dates as the text they were written in.

    An empty file is an empty mapping. Raises :class:`UsageError` when it can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}", "Give a YAML file in UTF-8.") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Any:
    """The data of YAML ``text``, as :func:`read` gives it; ``where`` names it in errors."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows no dates: JSON has none either, and the schemas say how they are written."""

    Loader.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        data = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise UsageError(f"{where} is not valid YAML: {error}", "Mend the file.") from error
    return {} if data is None else data


def merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``own`` on top: mappings key by key, all else replaced."""
    result = dict(base)
    for key, value in own.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


T = TypeVar("T")


def build(kind: type[T], data: dict[str, Any]) -> T:
    """A dataclass, and those inside it, from checked data; lists become tuples.

    What ``data`` lacks has its default.
    """
    hints = get_type_hints(kind)
    return kind(**{name: _built(hints[name], value) for name, value in data.items()})


def _built(hint: Any, value: Any) -> Any:
    options = [option for option in get_args(hint) if option is not NoneType]
    origin = get_origin(hint)
    if origin is UnionType:
        return value if value is None else _built(options[0], value)
    if origin is tuple:
        return tuple(_built(options[0], one) for one in value)
    if origin is dict:
        return {key: _built(options[1], one) for key, one in value.items()}
    return build(hint, value) if is_dataclass(hint) and isinstance(hint, type) else value
