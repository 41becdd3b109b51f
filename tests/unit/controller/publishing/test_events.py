"""Kubernetes events of a study."""

from __future__ import annotations

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import ProxyStudyStatus
from assay.controller.publishing.events import Occurrence, event_manifest, transitions, trial_failed
from assay.controller.publishing.statuses import troubled, unverifiable
from assay.controller.remembering.token_bucket import BURST, SECONDS_PER_EVENT, TokenBucket
from assay.planning.plan import plan
from assay.planning.status.conditions import Statement, dated, rejection
from builders.manifests import a_proxy
from builders.simulated import simulated_study
from builders.studies import a_failure, a_study

NOW = 1_000_000.0
STUDY = {"metadata": {"name": "digits", "namespace": "team", "uid": "1234"}}


def reasons(before: ProxyStudyStatus | None, after: ProxyStudyStatus) -> list[tuple[str, bool]]:
    return [(occurrence.reason, occurrence.warning) for occurrence in transitions(before, after)]


def started() -> ProxyStudyStatus:
    return plan(a_study(proxies=[a_proxy()]), {}, NOW).status


def with_conditions(*statements: Statement) -> ProxyStudyStatus:
    return ProxyStudyStatus(conditions=dated(statements, None, 1, NOW))


def test_a_study_that_is_accepted_says_that_and_nothing_that_is_yet_to_come() -> None:
    assert reasons(None, started()) == [("Accepted", False)]
    assert reasons(started(), started()) == []


def test_the_end_of_a_study_says_whether_a_proxy_is_trusted() -> None:
    ended = plan(*simulated_study(count=4), NOW).status
    assert reasons(started(), ended) == [("Succeeded", False), ("Undecided", False)]


def test_a_certificate_that_is_revoked_is_a_warning_and_said_once() -> None:
    trusted = with_conditions(Statement(ConditionType.PROXY_TRUSTED, True, Reason.CERTIFIED, "Trusted: short."))
    message = "Audits revoked the certificate of short: …"
    revoked = with_conditions(Statement(ConditionType.PROXY_TRUSTED, False, Reason.REVOKED, message))
    assert transitions(trusted, revoked) == [
        Occurrence("ProxyTrusted/False/Revoked/1970-01-12T13:46:40Z", "Revoked", message, warning=True)
    ]
    assert reasons(revoked, revoked) == []


def test_one_cause_that_several_conditions_have_is_one_event() -> None:
    rejected = with_conditions(*rejection(Reason.INVALID, "spec.seeds: …", retried=False))
    assert reasons(None, rejected) == [("Invalid", True)]


def test_trouble_is_said_when_it_comes_and_when_it_goes() -> None:
    waits = troubled(started(), Reason.STORE_UNREACHABLE, "no answer", 1, NOW, stalled=False)
    stalled = troubled(waits, Reason.STORE_UNREACHABLE, "no answer", 1, NOW, stalled=True)
    assert reasons(started(), waits) == [("StoreUnreachable", True)]
    assert reasons(waits, stalled) == [("StoreUnreachable", True)]
    assert reasons(stalled, started()) == [("GoesOn", False)]
    assert reasons(stalled, waits) == [("StoreUnreachable", True)]  # what was in the way is not gone


def test_a_finished_study_that_can_not_be_checked_says_so_and_when_it_can() -> None:
    ended = plan(*simulated_study(count=4), NOW).status
    away = unverifiable(ended, Reason.STORE_UNREACHABLE, "no answer", 1, NOW)
    assert reasons(ended, away) == [("StoreUnreachable", True)]
    assert reasons(away, ended) == [("VerifiableAgain", False)]
    assert reasons(away, started()) == []


def test_what_keeps_trials_from_running_is_a_warning() -> None:
    held = with_conditions(Statement(ConditionType.RECONCILING, True, Reason.UNSCHEDULABLE, "2 trials: 0/3 nodes"))
    assert transitions(started(), held) == [
        Occurrence(
            "Reconciling/True/Unschedulable/1970-01-12T13:46:40Z", "Unschedulable", "2 trials: 0/3 nodes", warning=True
        )
    ]


def test_a_failed_trial_is_said_with_where_it_was_and_why() -> None:
    trial = a_study().design.trials[0]
    occurrence = trial_failed(trial, a_failure(trial.key, message="boom"))
    assert occurrence.message == "baseline, arm reference, seed 0: TrainFunctionRaised: boom"
    assert occurrence.warning


def test_the_same_occurrence_is_the_same_event_after_a_restart() -> None:
    first, again = (event_manifest(STUDY, Occurrence("a", "Invalid", "why"), at) for at in (NOW, NOW + 60))
    other = event_manifest(STUDY, Occurrence("b", "Invalid", "why"), NOW)
    assert first["metadata"] == again["metadata"]
    assert first["metadata"]["name"] != other["metadata"]["name"]
    assert first["involvedObject"]["uid"] == "1234"


def test_a_study_has_a_burst_of_events_and_then_one_now_and_then() -> None:
    bucket = TokenBucket(NOW)
    assert [bucket.take(NOW) for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert not bucket.take(NOW + SECONDS_PER_EVENT / 2)
    assert bucket.take(NOW + SECONDS_PER_EVENT)
