"""Keeping a status small, whatever the study's size: etcd holds it, and every watcher is sent it."""

from __future__ import annotations

from collections.abc import Sequence

from assay.api.resources import ArmStatus, ProxyStudyStatus

STATUS_BYTES = 32 * 1024
"""The most bytes that a study's status may have as JSON."""


_RANKED_AT_LEAST = 20
"""Rows of the ranking that are left out only when nothing else can be."""

_SHORT_MESSAGE = 120

GIVEN_CHARACTERS, ALLOWED_CHARACTERS = 120, 160
"""The most characters of what was given, and of what is allowed, in a refusal: a condition has room for both."""


def bounded_status(status: ProxyStudyStatus) -> ProxyStudyStatus:
    """Return the status with so much left out that its JSON has at most `STATUS_BYTES` bytes.

    First go the last rows of the ranking, down to 20; then the ends of the arms' messages, the levers, and more rows.
    The report has it all.
    """
    status = _without_last(status, "ranking", _RANKED_AT_LEAST)
    if json_bytes(status) > STATUS_BYTES:
        status = status.model_copy(update={"arms": tuple(_said_shortly(arm) for arm in status.arms)})
    return _without_last(_without_last(status, "levers", 0), "ranking", 0)


def _without_last(status: ProxyStudyStatus, rows: str, least: int) -> ProxyStudyStatus:
    while len(getattr(status, rows)) > least and json_bytes(status) > STATUS_BYTES:
        status = status.model_copy(update={rows: getattr(status, rows)[:-1]})
    return status


def _said_shortly(arm: ArmStatus) -> ArmStatus:
    return arm.model_copy(update={"message": shortened(arm.message, _SHORT_MESSAGE)}) if arm.message else arm


def json_bytes(status: ProxyStudyStatus) -> int:
    """Return the length of the status as JSON, in bytes of UTF-8."""
    return len(status.model_dump_json(by_alias=True, exclude_none=True).encode())


def shortened(text: str, limit: int) -> str:
    """Return the text on one line, cut to `limit` characters with an ellipsis at the end if it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def first_of(names: Sequence[str], most: int) -> str:
    """Return `a, b, c`; if there are more than `most` names, the first of them and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
