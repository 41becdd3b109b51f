"""Times as Kubernetes writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def time_string(seconds: float) -> str:
    """Return a Unix time in seconds as RFC 3339 in UTC, to the second: 2026-01-31T12:00:00Z."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_seconds(time: str) -> float:
    """Return the Unix time of a time in RFC 3339. Raises ValueError."""
    return datetime.fromisoformat(time).timestamp()


def unix_seconds_or_none(time: str | None) -> float | None:
    """Return the Unix time of a time in RFC 3339; None where there is none. Raises ValueError."""
    return unix_seconds(time) if time else None
