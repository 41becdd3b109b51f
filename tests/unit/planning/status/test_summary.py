"""What `kubectl get` shows of a study."""

from __future__ import annotations

import pytest

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import ProxyStudyStatus
from assay.planning.status.conditions import Statement, dated, rejection
from assay.planning.status.summary import summarised

OPEN = Statement(ConditionType.SUCCEEDED, False, Reason.TRIALS_OPEN, "0 of 8 trials succeeded.")
ENDED = Statement(ConditionType.SUCCEEDED, True, Reason.ALL_TRIALS_ENDED, "8 of 8 trials succeeded.")
RUNS = Statement(ConditionType.RECONCILING, True, Reason.PROGRESSING)
RESTS = Statement(ConditionType.RECONCILING, False, Reason.DONE)
WELL = Statement(ConditionType.STALLED, False, Reason.PROGRESSING)


def summary(*statements: Statement) -> tuple[str | None, str | None]:
    status = summarised(ProxyStudyStatus(conditions=dated(statements, None, 1, 0.0)))
    return status.reason, status.message


@pytest.mark.parametrize(
    ("statements", "want"),
    [
        ([], (None, None)),
        ([OPEN, RUNS, WELL], ("TrialsOpen", "0 of 8 trials succeeded.")),
        ([ENDED, RESTS, WELL], ("AllTrialsEnded", "8 of 8 trials succeeded.")),
        (
            [OPEN, Statement(ConditionType.RECONCILING, True, Reason.UNSCHEDULABLE, "2 trials wait"), WELL],
            ("Unschedulable", "2 trials wait"),
        ),
        (
            [OPEN, RESTS, Statement(ConditionType.STALLED, True, Reason.IMAGE_NOT_PULLED, "no such image")],
            ("ImageNotPulled", "no such image"),
        ),
        (
            [ENDED, RESTS, WELL, Statement(ConditionType.VERIFIABLE, False, Reason.STORE_UNREACHABLE, "no answer")],
            ("StoreUnreachable", "no answer"),
        ),
        (rejection(Reason.INVALID, "spec.seeds: …", retried=False), ("Invalid", "spec.seeds: …")),
    ],
)
def test_it_is_what_is_most_worth_knowing(statements: list[Statement], want: tuple[str | None, str | None]) -> None:
    assert summary(*statements) == want


def test_what_was_said_before_is_forgotten() -> None:
    status = summarised(ProxyStudyStatus(conditions=dated([OPEN], None, 1, 0.0)))
    again = summarised(status.model_copy(update={"conditions": ()}))
    assert (again.reason, again.message) == (None, None)
