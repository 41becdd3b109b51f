"""Following links in the file system."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit


def followed(uri: str) -> str:
    """Return the URI that a file:// URI leads to when all symbolic links are followed; other URIs as they are."""
    if not uri.startswith("file://"):
        return uri
    return Path(os.path.realpath(unquote(urlsplit(uri).path))).as_uri()
