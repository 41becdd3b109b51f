"""Opens the objects behind a URI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from assay_trainer.objects.errors import StoreError
from assay_trainer.objects.file import FileObjects
from assay_trainer.objects.protocol import Objects


def open_objects(uri: str) -> Objects:
    """Return the objects under a prefix, given as `file:///folder` or `s3://bucket/prefix`. Raises ValueError for any
    other URI; StoreError for s3:// if boto3 is not installed."""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return FileObjects(Path(unquote(parts.path)))
    if uri.startswith("s3://"):
        return _open_s3(uri)
    raise ValueError(f"{uri!r} is not the URI of a store; allowed: file:///absolute/folder, s3://bucket/prefix")


def split_object_uri(uri: str) -> tuple[str, str]:
    """Split the URI of an object into (prefix URI, object name). Raises ValueError if it has no name."""
    prefix, slash, name = uri.rpartition("/")
    if not slash or not name or not urlsplit(prefix + "/").path:
        raise ValueError(f"{uri!r} is not the URI of an object: expected prefix/name")
    return prefix, name


def object_stamp(uri: str) -> Sequence[str | int]:
    """Return a text that tells one version of the object at a URI from another, without reading it. Raises ValueError
    if it can't be an object's URI, ObjectNotFound, StoreError."""
    prefix, name = split_object_uri(uri)
    return open_objects(prefix).stamp(name)


def _open_s3(uri: str) -> Objects:
    try:
        from assay_trainer.objects.s3 import open_s3  # boto3 takes 0.4 s to import, and may not be there
    except ModuleNotFoundError as error:
        raise StoreError(f"{uri}: {error.name} is not installed; with it: pip install 'assay[trainer]'") from error
    return open_s3(uri)
