"""The folder in which this machine keeps what can be had again: blocks of data sets, and how far builds have come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assay_trainer.contract import CACHE_VARIABLE


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder that `ASSAY_CACHE` names, else the user's own for caches; None if it is set to nothing, or the
    user has none."""
    if (named := environment.get(CACHE_VARIABLE)) is not None:
        return Path(named) if named else None
    home = environment.get("XDG_CACHE_HOME") or (environment["HOME"] + "/.cache" if "HOME" in environment else "")
    return Path(home) / "assay" if home.startswith("/") else None
