"""What a study's status becomes, and whether to write it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay.api.bounds import bounded_status, shortened
from assay.api.conditions import Condition, ConditionType, Reason
from assay.api.errors import InvalidInput, NotAllowed
from assay.api.resources import ProxyStudyStatus
from assay.planning.status.conditions import Statement, dated, rejection
from assay.planning.status.summary import summarised

SECONDS_BETWEEN_WRITES = 3.0
"""The least time between writes while only numbers change: each is stored in etcd and sent to every watcher."""

_MESSAGE_LENGTH = 512


def rejected(
    earlier: ProxyStudyStatus | None, error: InvalidInput, generation: int, now: float, *, unreadable: bool
) -> ProxyStudyStatus:
    """Return the status of a study that can't be run as it is. What was found before is kept.

    `unreadable`: only its data set can't be read.
    """
    reason = Reason.DATASET_NOT_READABLE if unreadable else rejection_reason(error)
    said = rejection(reason, problems_in_words(error), retried=unreadable)
    return _overlaid(earlier, said, generation, now)


def rejection_reason(error: InvalidInput) -> Reason:
    """Return why a study is not accepted, as one word."""
    return Reason.NOT_ALLOWED if isinstance(error, NotAllowed) else Reason.INVALID


def troubled(
    earlier: ProxyStudyStatus | None, reason: Reason, message: str, generation: int, now: float, *, stalled: bool
) -> ProxyStudyStatus:
    """Return the status of a study that can't be planned now, through no fault of its own. What was found is kept.

    `stalled`: the trouble will not pass by itself, or has had time enough to.
    """
    text = f"{_sentence(message, 440)} It is tried again by itself."
    statements = (
        Statement(ConditionType.RECONCILING, not stalled, reason, "" if stalled else text),
        Statement(ConditionType.STALLED, stalled, reason, text if stalled else ""),
    )
    return _overlaid(earlier, statements, generation, now)


def unverifiable(
    earlier: ProxyStudyStatus, reason: Reason, message: str, generation: int, now: float
) -> ProxyStudyStatus:
    """Return the status of a finished study that can't be checked now. Nothing that it has said is taken back."""
    said = f"What was found stays said, but can't be checked now: {_sentence(message, 380)}"
    statements = [Statement(ConditionType.VERIFIABLE, False, reason, f"{said} It is tried again by itself.")]
    if earlier.holds(ConditionType.SUCCEEDED):
        statements.append(Statement(ConditionType.RECONCILING, False, Reason.DONE))
        statements.append(Statement(ConditionType.STALLED, False, Reason.DONE))
    return _overlaid(earlier, statements, generation, now, finished_for=earlier.finished_for)


def has_stalled(status: ProxyStudyStatus | None, reason: Reason) -> bool:
    """Return whether the status says already that somebody must act on this: it stays said until it is gone."""
    stalled = status.condition(ConditionType.STALLED) if status else None
    return stalled is not None and (stalled.status, stalled.reason) == ("True", reason)


def reading(earlier: ProxyStudyStatus | None, generation: int, now: float) -> ProxyStudyStatus | None:
    """Return the status of a study that has more in the store than one turn could read. None: the earlier one stays."""
    if earlier is not None and earlier.observed_generation == generation:
        return None
    text = "What the store has of the study is being read."
    statements = (
        Statement(ConditionType.RECONCILING, True, Reason.READING_STORE, text),
        Statement(ConditionType.STALLED, False, Reason.READING_STORE),
    )
    return _overlaid(earlier, statements, generation, now)


def seconds_until_write(
    current: Mapping[str, Any] | None, wanted: Mapping[str, Any], written_at: float, now: float
) -> float | None:
    """Return the seconds until a status is to be written over the current one; None: there is nothing to write."""
    if current == wanted:
        return None
    if _states(current or {}) != _states(wanted):
        return 0.0
    return max(0.0, written_at + SECONDS_BETWEEN_WRITES - now)


def _states(status: Mapping[str, Any]) -> set[tuple[str, str, str, int | None]]:
    """Return the part of a status that programs wait for."""
    return {
        (each["type"], each["status"], each["reason"], each.get("observedGeneration"))
        for each in status.get("conditions", ())
    }


def _overlaid(
    earlier: ProxyStudyStatus | None,
    said: Iterable[Statement],
    generation: int,
    now: float,
    finished_for: str | None = None,
) -> ProxyStudyStatus:
    """Return the earlier status with some conditions said anew."""
    status = earlier or ProxyStudyStatus()
    new = {condition.type: condition for condition in dated(said, earlier, generation, now)}
    old = [each for each in status.conditions if each.type != ConditionType.VERIFIABLE or each.type in new]
    kept: list[Condition] = [new.pop(each.type, each) for each in old]
    update = {
        "observed_generation": generation,
        "conditions": (*kept, *new.values()),
        "finished_for": finished_for,
    }
    return bounded_status(summarised(status.model_copy(update=update)))


def _sentence(message: str, length: int) -> str:
    said = shortened(message, length)
    return said if said.endswith((".", "…")) else f"{said}."


def problems_in_words(error: InvalidInput) -> str:
    """Return as many of the problems as fit, and how many more there are."""
    problems = [str(problem) for problem in error.problems]
    for shown in range(len(problems), 0, -1):
        left = len(problems) - shown
        text = "; ".join(problems[:shown]) + (f"; and {left} more" if left else "")
        if len(text) <= _MESSAGE_LENGTH:
            return text
    return shortened(problems[0], _MESSAGE_LENGTH)
