"""Tells files apart, and from themselves once they are changed, without reading them."""

from __future__ import annotations

import json
from pathlib import Path


def stamp_of(folder: Path, name: str) -> str:
    """Return the name of a file below a folder with its size and the time of its last change, as one line of text."""
    try:
        status = (folder / name).stat()
    except OSError:
        return json.dumps([name])
    return json.dumps([name, status.st_size, status.st_mtime_ns])
