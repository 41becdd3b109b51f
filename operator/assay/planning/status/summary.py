"""The one reason and message that `kubectl get` shows of a study: what is most worth knowing."""

from __future__ import annotations

from assay.api.conditions import Condition, ConditionType, Reason
from assay.api.resources import ProxyStudyStatus

_NOTHING_WRONG = {Reason.PROGRESSING, Reason.DONE}


def summarised(status: ProxyStudyStatus) -> ProxyStudyStatus:
    """Return the status with its most important reason and message: what somebody must act on; else what is waited for;
    else what can't be read now; else how far the study is."""
    chosen = next(filter(None, _in_order(status)), None)
    update = {"reason": chosen.reason, "message": chosen.message or None} if chosen else {}
    return status.model_copy(update={"reason": None, "message": None, **update})


def _in_order(status: ProxyStudyStatus) -> list[Condition | None]:
    accepted, stalled, reconciling = map(
        status.condition, (ConditionType.ACCEPTED, ConditionType.STALLED, ConditionType.RECONCILING)
    )
    return [
        accepted if accepted and accepted.status == "False" else None,
        stalled if stalled and stalled.status == "True" else None,
        reconciling if reconciling and _is_held_up(reconciling) else None,
        status.condition(ConditionType.VERIFIABLE),
        status.condition(ConditionType.SUCCEEDED),
    ]


def _is_held_up(reconciling: Condition) -> bool:
    return reconciling.status == "True" and reconciling.reason not in _NOTHING_WRONG
