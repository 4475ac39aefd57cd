"""Which index serves a matter: the backends by the scheme of the deployment's ``index``.

Each backend is one line here; nothing else asks which one it is.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from ediscovery.model.errors import UsageError
from ediscovery.search.index import IndexPlace
from ediscovery.store.tables import matter as matter_table
from ediscovery.store.workspace import Matter


def index_of(matter: Matter) -> IndexPlace:
    """Where the index of ``matter`` lives; nothing is opened or asked yet.

    Raises :class:`UsageError` when the deployment names a backend that is not known.
    """
    scheme = matter.deployment.index.partition("://")[0]
    backend = _BACKENDS.get(scheme)
    if backend is None:
        raise UsageError(
            f"Unknown index {matter.deployment.index!r}.", f"Known are {', '.join(_BACKENDS)}."
        )
    return backend(matter)


def _tantivy(matter: Matter) -> IndexPlace:
    from ediscovery.search.tantivy_place import TantivyPlace

    return TantivyPlace(matter.index_folder)


def _elasticsearch(matter: Matter) -> IndexPlace:
    from ediscovery.search.elastic_index import ElasticPlace

    with matter.reader.connect() as connection:
        created = connection.execute(select(matter_table.c.created_at)).scalar_one()
    owner = f"{matter.prefix} {created}"
    return ElasticPlace(matter.deployment.index.rstrip("/"), matter.name, owner)


_BACKENDS: dict[str, Callable[[Matter], IndexPlace]] = {
    "tantivy": _tantivy,
    "https": _elasticsearch,
    "http": _elasticsearch,
}
