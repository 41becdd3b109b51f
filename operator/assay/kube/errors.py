"""What the API server may answer instead of what was asked for."""

from __future__ import annotations

import json
from typing import Any


class KubeError(Exception):
    """A request that was not carried out. `code` is the HTTP status; 0: no answer came."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


class NotFound(KubeError):
    """There is no such object; or no such kind, or no such namespace."""


class AlreadyExists(KubeError):
    """An object of that name is there."""


class Conflict(KubeError):
    """The object has changed meanwhile, or is another one than was meant: look again."""


class Refused(KubeError):
    """The server refuses, however often it is asked: it is not allowed, over the quota, or invalid."""


class Unreachable(KubeError):
    """No answer, or one that says to try again later."""


class NoCluster(KubeError):
    """There is no configuration that says where a cluster is, or it can't be read."""

    def __init__(self, message: str) -> None:
        super().__init__(0, "NoCluster", message)


def error_of(code: int, body: bytes) -> KubeError:
    """Return the error that an answer means, by its HTTP status and its `Status` object, if it has one."""
    status = _status_object(body)
    reason = str(status.get("reason") or "")
    message = str(status.get("message") or body[:500].decode(errors="replace").strip() or f"HTTP status {code}")
    return _class_of(code, reason)(code, reason, message)


def no_answer(error: Exception) -> Unreachable:
    """Return the error for a request that a transport error ended."""
    return Unreachable(0, type(error).__name__, str(error) or type(error).__name__)


def _class_of(code: int, reason: str) -> type[KubeError]:
    if code == 409:
        return AlreadyExists if reason == "AlreadyExists" else Conflict
    if code == 404:
        return NotFound
    return Unreachable if code in (408, 429) or code >= 500 else Refused


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
