"""Digests, and the one JSON text of a value that they are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces. Raises ValueError for NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes | memoryview) -> str:
    """Return the SHA-256 of `data` as `sha256:<64 hex digits>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def short_digest(data: bytes) -> str:
    """Return the first 32 hex digits of the SHA-256 of `data`: enough for names that nobody has a reason to forge."""
    return hashlib.sha256(data).hexdigest()[:32]


def stamp_digest(stamp: Sequence[str | int]) -> str:
    """Return a digest for an input that is not read, made from the stamp that tells one version of it from another."""
    return digest(canonical_json(list(stamp)))
