"""What keeps the keys of AWS of all galleries: LanceDB's connection, and Arrow's."""

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final

from core.gallery.lance.storage import KeysRefused, lance_errors
from core.gallery.lance.table_files import TableFiles
from core.ground.aws_keys import Renewable

if TYPE_CHECKING:
    from lancedb.db import DBConnection

_CACHE_BYTES: Final = 8 * 1024 * 1024
_CATALOGUE_CLIENT: Final = "lance_namespace_urllib3_client"


@dataclass(frozen=True, kw_only=True)
class LanceConnection:
    """The tables, and the files of each gallery's table; both keep their keys to the end."""

    tables: "DBConnection"
    files: Callable[[str], TableFiles]


def _lancedb() -> ModuleType:
    """Import LanceDB, when it is first used: that takes over a second.

    With it comes a client of a catalogue of tables, whose functions nobody here calls. Their
    module takes another second, 40 % of all, and is left out: the client's package is put in
    its place without it, so that its types are found.
    """
    client = importlib.util.find_spec(_CATALOGUE_CLIENT)
    if client is not None and _CATALOGUE_CLIENT not in sys.modules:
        bare = ModuleType(_CATALOGUE_CLIENT)
        bare.__spec__, bare.__path__ = client, list(client.submodule_search_locations or ())
        sys.modules[_CATALOGUE_CLIENT] = bare
    return importlib.import_module("lancedb")


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
