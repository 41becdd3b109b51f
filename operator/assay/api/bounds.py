"""A status is small whatever the study's size, since etcd holds it and every watcher is sent it."""

from __future__ import annotations

from assay.api.resources import ProxyStudyStatus

STATUS_BYTES = 32 * 1024
"""What a study's status may have as JSON."""


def bounded(status: ProxyStudyStatus) -> ProxyStudyStatus:
    """The status with so many of the ranking's last rows left out that its JSON has at most `STATUS_BYTES` bytes; if
    that is not enough, with so many of the levers."""
    for rows in ("ranking", "levers"):
        while getattr(status, rows) and json_bytes(status) > STATUS_BYTES:
            status = status.model_copy(update={rows: getattr(status, rows)[:-1]})
    return status


def json_bytes(status: ProxyStudyStatus) -> int:
    """Length of the status as JSON, in bytes of UTF-8."""
    return len(status.model_dump_json(by_alias=True, exclude_none=True).encode())


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` characters with an ellipsis at the end if it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
