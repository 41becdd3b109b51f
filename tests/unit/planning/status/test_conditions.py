from __future__ import annotations

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import ArmStatus, TrialCounts, TrustDecision
from assay.planning.allocation.admission import Admission
from assay.planning.status.conditions import statements
from builders.manifests import a_proxy
from builders.studies import a_study


def test_what_an_undecided_proxy_would_take_is_said_of_that_proxy_and_not_of_the_first_one() -> None:
    study = a_study(proxies=[a_proxy("small"), a_proxy("short")])
    arms = [
        ArmStatus(name="small", decision=TrustDecision.NOT_TRUSTED, message="It is below the threshold."),
        ArmStatus(name="short", decision=TrustDecision.UNDECIDED, message="About 40 hypotheses would decide it."),
    ]
    said = statements(study, Admission(), TrialCounts(), arms, [], told_apart=False, finished=True)
    (trusted,) = [each for each in said if each.type == ConditionType.PROXY_TRUSTED]
    assert (trusted.holds, trusted.reason) == (False, Reason.UNDECIDED)
    assert trusted.message == "Undecided: short. About 40 hypotheses would decide it."
