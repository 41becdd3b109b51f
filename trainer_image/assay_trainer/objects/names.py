"""Object names that are safe as file paths and as S3 keys alike."""

from __future__ import annotations

import re

from assay_trainer.contract import CHECKPOINTS

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def is_name(name: str) -> bool:
    """Return whether the text is an object name."""
    return _NAME.fullmatch(name) is not None


def checked_name(name: str) -> str:
    """Return `name`. Raises ValueError if it is not an object name."""
    if not is_name(name):
        raise ValueError(f"object name {name!r}: parts of letters, digits, '.', '_', '-', none beginning with '.'")
    return name


def checked_prefix(prefix: str) -> str:
    """Return `prefix`. Raises ValueError unless it is empty or an object name followed by a slash."""
    if prefix:
        if not prefix.endswith("/"):
            raise ValueError(f"prefix {prefix!r} must be empty or end with '/'")
        checked_name(prefix[:-1])
    return prefix


def checked_removable(name: str) -> str:
    """Return `name`. Raises ValueError unless it is the name of a checkpoint: nothing else is ever removed."""
    if not checked_name(name).startswith(CHECKPOINTS):
        raise ValueError(f"object name {name!r}: only what is below {CHECKPOINTS} may be removed")
    return name
