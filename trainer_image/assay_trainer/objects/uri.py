"""From a URI to the objects behind it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from assay_trainer.objects.file import FileObjects
from assay_trainer.objects.protocol import Objects


def open_objects(uri: str) -> Objects:
    """The objects under a prefix, given as `file:///folder`. Raises ValueError for any other scheme."""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return FileObjects(Path(unquote(parts.path)))
    raise ValueError(f"{uri!r} is not the URI of a store; allowed: file:///absolute/folder")


def split_object_uri(uri: str) -> tuple[str, str]:
    """(prefix URI, object name) of the URI of an object. Raises ValueError if it has no name."""
    prefix, slash, name = uri.rpartition("/")
    if not slash or not name or not urlsplit(prefix + "/").path:
        raise ValueError(f"{uri!r} is not the URI of an object: expected prefix/name")
    return prefix, name
