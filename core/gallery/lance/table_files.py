"""What LanceDB does not say about a table, read off the table's files.

LanceDB 0.40 neither lists the fragments that still hold deleted rows nor
removes what a killed writer left behind before seven days are over. It keeps
the condition of a deletion in the version that came of it.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from core.errors import StorageUnavailable

_ABANDONED_AFTER: Final = timedelta(minutes=15)
"""Far longer than any write takes before it is given up."""
_FACES_NAMED: Final = b"face_id IN ("
"""As conditions of deletions begin (`core.gallery.lance.rows.any_of`)."""
_DELETION_FILE: Final = re.compile(r"(\d+)-\d+-\d+\.\w+")


class TableFiles:
    """The files of one table, in a bucket or in a folder."""

    def __init__(self, uri: str, options: Mapping[str, str], gallery_id: str) -> None:
        self._files, root = _file_system(uri, options)
        self._root = f"{root}/{gallery_id}.lance"
        self._kept: dict[str, int] = {}
        self.is_in_folder = isinstance(self._files, pafs.LocalFileSystem)

    def fragments_with_deletions(self) -> set[int]:
        """Return the fragments with deleted rows, of all versions that are kept."""
        names = (file.base_name for file in self._list("_deletions"))
        return {int(found[1]) for name in names if (found := _DELETION_FILE.fullmatch(name))}

    def name_faces(self) -> bool:
        """Tell whether a version that is kept, or how it came about, names faces by their ids."""
        files = (*self._list("_versions"), *self._list("_transactions"))
        return any(_FACES_NAMED in self._read(file) for file in files)

    def remove_abandoned(self, *, fragments: int) -> int:
        """Remove files of rows and transactions that no version or writer can still mean to.

        Does nothing unless the versions name at least as many files as the
        table has fragments: else they are not written as this code reads them.
        """
        data, transactions = self._list("data"), self._list("_transactions")
        versions = [self._read(file) for file in self._list("_versions")]

        def unnamed(files: list[pafs.FileInfo]) -> list[pafs.FileInfo]:
            return [
                file
                for file in files
                if not any(file.base_name.encode() in text for text in versions)
            ]

        of_rows = unnamed(data)
        if len(data) - len(of_rows) < fragments:
            return 0
        too_old = datetime.now(UTC) - _ABANDONED_AFTER
        candidates = (*of_rows, *unnamed(transactions))
        abandoned = [file for file in candidates if file.mtime < too_old]
        for file in abandoned:
            self._remove(file)
        return len(abandoned)

    def keep(self) -> None:
        """Bring a table in a folder to the disk; LanceDB leaves it to the kernel's leisure.

        Each is brought there once, unless it was written again.
        """
        if not self.is_in_folder:
            return
        there: dict[str, int] = {}
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = f"{folder}/{name}"
                written_ns = _written_ns(path)
                if self._kept.get(path) == written_ns or _synced(path):
                    there[path] = written_ns
            _synced(folder)
        self._kept = there
        _synced(str(Path(self._root).parent))

    def _list(self, folder: str) -> list[pafs.FileInfo]:
        selector = pafs.FileSelector(f"{self._root}/{folder}", allow_not_found=True)
        try:
            return list(self._files.get_file_info(selector))
        except OSError as error:
            raise StorageUnavailable(f"{self._root}: {error}") from error

    def _read(self, file: pafs.FileInfo) -> bytes:
        try:
            with self._files.open_input_stream(file.path) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StorageUnavailable(f"{self._root}: {error}") from error

    def _remove(self, file: pafs.FileInfo) -> None:
        try:
            self._files.delete_file(file.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageUnavailable(f"{self._root}: {error}") from error


def _written_ns(path: str) -> int:
    """Return when a file was written last; 0 if it is gone."""
    with suppress(FileNotFoundError):
        return Path(path).stat().st_mtime_ns
    return 0


def _synced(path: str) -> bool:
    """Bring a file or the names in a folder to the disk; tell whether it was there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # tidied away
        return False
    try:
        os.fsync(handle)
    except OSError as error:
        raise StorageUnavailable(f"{path}: {error}") from error
    finally:
        os.close(handle)
    return True


def _file_system(uri: str, options: Mapping[str, str]) -> tuple[pafs.FileSystem, str]:
    parts = urlsplit(uri)
    if parts.scheme != "s3":
        return pafs.LocalFileSystem(), str(Path(uri).absolute())
    endpoint = urlsplit(options.get("aws_endpoint", ""))
    bucket = pafs.S3FileSystem(
        access_key=options.get("aws_access_key_id"),
        secret_key=options.get("aws_secret_access_key"),
        session_token=options.get("aws_session_token"),
        region=options.get("aws_region"),
        endpoint_override=endpoint.netloc or None,
        scheme=endpoint.scheme or "https",
        connect_timeout=2,
        request_timeout=4,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=2),
    )
    return bucket, f"{parts.netloc}{parts.path}"
