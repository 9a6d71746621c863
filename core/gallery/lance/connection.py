"""What keeps the keys of AWS of all galleries: LanceDB's connection, and Arrow's."""

import functools
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from core.gallery.lance.storage import KeysRefused, lance_errors
from core.gallery.lance.table_files import TableFiles
from core.ground.aws_keys import Renewable

if TYPE_CHECKING:
    from lancedb.db import DBConnection

_M = TypeVar("_M")

_CACHE_BYTES: Final = 8 * 1024 * 1024
_CATALOGUE_CLIENT: Final = "lance_namespace_urllib3_client"
_OVERRIDES: Final = "overrides"


@dataclass(frozen=True, kw_only=True)
class LanceConnection:
    """The tables, and the files of each gallery's table; both keep their keys to the end."""

    tables: "DBConnection"
    files: Callable[[str], TableFiles]


class _LateClass(type):
    """A class of the catalogue's client, which is imported when an object of it is made."""

    def __call__(cls, *given: Any, **fields: Any) -> Any:
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        real = getattr(importlib.import_module(f"{cls.__module__}.{module}"), cls.__name__)
        return real(*given, **fields)


class _LateClasses(ModuleType):
    """A package of classes, one a module, each imported late."""

    def __getattr__(self, name: str) -> _LateClass:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _LateClass(name, (), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class _Overrides(ModuleType):
    """The package ``overrides``, which finds every method right."""

    class EnforceOverrides:
        """A class whose methods are not looked at."""

    @staticmethod
    def override(method: _M) -> _M:
        return method


def _lancedb() -> ModuleType:
    """Import LanceDB, when it is first used: that takes over half a second.

    With it comes a client of a catalogue of tables, which nobody here asks. Its functions take
    another second, and the 130 types of its requests and answers a third of one. Both packages
    are put in their places without what they import: of the first one, its types are found, and
    of the types those that are used.

    Before Python 3.12, a package looks at the types of each method of LanceDB's classes, whether it
    is that of the class above: a tenth of a second, for its authors' sake. They get it unchecked.
    """
    packages = ((_CATALOGUE_CLIENT, ModuleType), (f"{_CATALOGUE_CLIENT}.models", _LateClasses))
    for name, kind in packages:
        found = None if name in sys.modules else importlib.util.find_spec(name)
        if found is not None:
            bare = kind(name)
            bare.__spec__, bare.__path__ = found, list(found.submodule_search_locations or ())
            sys.modules[name] = bare
    with _unchecked_overrides():
        return importlib.import_module("lancedb")


@contextmanager
def _unchecked_overrides() -> Iterator[None]:
    former = sys.modules.get(_OVERRIDES)
    sys.modules[_OVERRIDES] = _Overrides(_OVERRIDES)
    try:
        yield
    finally:
        del sys.modules[_OVERRIDES]
        if former is not None:
            sys.modules[_OVERRIDES] = former


def renewable_connection(uri: str, options: Mapping[str, str]) -> Renewable[LanceConnection]:
    """Return a connection that is made when it is first used, and again if S3 refuses its keys."""

    def connect() -> LanceConnection:
        lancedb = _lancedb()
        # A session of its own, or the keys of the last one would be taken over.
        session = lancedb.Session(
            index_cache_size_bytes=_CACHE_BYTES, metadata_cache_size_bytes=_CACHE_BYTES
        )
        with lance_errors(uri):
            tables = lancedb.connect(uri, storage_options=dict(options), session=session)
        return LanceConnection(
            tables=tables, files=functools.cache(functools.partial(TableFiles, uri, options))
        )

    return Renewable(connect, is_refusal=lambda error: isinstance(error, KeysRefused))
