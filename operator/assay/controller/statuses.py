"""What a study's status becomes, and whether to write it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from assay.api.bounds import bounded, shortened
from assay.api.conditions import ConditionType, Reason
from assay.api.errors import InvalidInput, NotAllowed
from assay.api.resources import ProxyStudyStatus
from assay.planning.conditions import Statement, dated, rejection

if TYPE_CHECKING:
    from assay.api.conditions import Condition

SECONDS_BETWEEN_WRITES = 3.0
"""At least, while only numbers change: each write is stored in etcd and sent to every watcher."""

_MESSAGE_LENGTH = 512


def rejected(
    earlier: ProxyStudyStatus | None, error: InvalidInput, generation: int, now: float, *, unreadable: bool
) -> ProxyStudyStatus:
    """Of a study that can't be run as it is. What was found before is kept; `unreadable`: its data set is."""
    reason = Reason.NOT_ALLOWED if isinstance(error, NotAllowed) else Reason.INVALID
    reason = Reason.DATASET_NOT_READABLE if unreadable else reason
    said = rejection(reason, _in_words(error), retried=unreadable)
    return _overlaid(earlier, said, generation, now)


def troubled(
    earlier: ProxyStudyStatus | None, reason: Reason, message: str, generation: int, now: float
) -> ProxyStudyStatus:
    """Of a study that can't be looked at now, through no fault of its own. All that was found before is kept."""
    said = shortened(message, 440)
    text = f"{said if said.endswith(('.', '…')) else said + '.'} It is tried again by itself."
    statements = (
        Statement(ConditionType.RECONCILING, False, reason),
        Statement(ConditionType.STALLED, True, reason, text),
    )
    return _overlaid(earlier, statements, generation, now)


def seconds_until_write(
    current: Mapping[str, Any] | None, wanted: Mapping[str, Any], written_at: float, now: float
) -> float | None:
    """When to write a status over the current one; None: there is nothing to write."""
    if current == wanted:
        return None
    if _states(current or {}) != _states(wanted):
        return 0.0
    return max(0.0, written_at + SECONDS_BETWEEN_WRITES - now)


def _states(status: Mapping[str, Any]) -> set[tuple[str, str, str, int | None]]:
    """What programs wait for."""
    return {
        (each["type"], each["status"], each["reason"], each.get("observedGeneration"))
        for each in status.get("conditions", ())
    }


def _overlaid(
    earlier: ProxyStudyStatus | None, said: Iterable[Statement], generation: int, now: float
) -> ProxyStudyStatus:
    """The earlier status with some conditions said anew."""
    status = earlier or ProxyStudyStatus()
    new = {condition.type: condition for condition in dated(said, earlier, generation, now)}
    kept: list[Condition] = [new.pop(each.type, each) for each in status.conditions]
    update = {"observed_generation": generation, "conditions": (*kept, *new.values())}
    return bounded(status.model_copy(update=update))


def _in_words(error: InvalidInput) -> str:
    """As many of the problems as fit, and how many more there are."""
    problems = [str(problem) for problem in error.problems]
    for shown in range(len(problems), 0, -1):
        left = len(problems) - shown
        text = "; ".join(problems[:shown]) + (f"; and {left} more" if left else "")
        if len(text) <= _MESSAGE_LENGTH:
            return text
    return shortened(problems[0], _MESSAGE_LENGTH)
