from __future__ import annotations

import pytest

from assay.planning.records.trust_records import NO_TRUST_RECORDS, AuditsDrawn, CertificateInForce, Revocation
from assay.planning.study.requests import trial_request
from assay.store import Ledger, StartedAttempt
from assay.store.ledger import RELIST_SECONDS
from assay_trainer.contract import Failure, FailureReason, WorkRequest, attempt_name, result_name
from assay_trainer.objects import MemoryObjects, StoreError
from builders.studies import a_result, a_study

KEY = "a" * 32


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def ledger(objects: MemoryObjects) -> Ledger:
    return Ledger(objects)


def a_failure(attempt: int = 1) -> Failure:
    return Failure(key=KEY, attempt=attempt, reason=FailureReason.WORKER_DIED, message="signal 9")


def test_the_first_failure_of_an_attempt_counts(ledger: Ledger) -> None:
    ledger.put_failure(a_failure())
    ledger.put_failure(a_failure().model_copy(update={"message": "again"}))
    assert ledger.failures({KEY}) == {KEY: (a_failure(),)}


def test_failures_are_in_the_order_of_their_attempts(ledger: Ledger) -> None:
    for attempt in (10, 2, 1):
        ledger.put_failure(a_failure(attempt))
    assert [failure.attempt for failure in ledger.failures({KEY})[KEY]] == [1, 2, 10]


def test_a_forgiven_attempt_is_known_and_is_no_failure(ledger: Ledger) -> None:
    ledger.put_failure(a_failure(3))
    ledger.forgive(KEY, 3)
    assert ledger.forgiven({KEY}) == {KEY: 3}
    assert ledger.failures({KEY}) == {KEY: (a_failure(3),)}


def test_a_request_marks_its_attempts_as_started_once(ledger: Ledger, objects: MemoryObjects) -> None:
    study = a_study()
    item = trial_request(study, study.design.trials[0], 1)
    request = WorkRequest(store=ledger.uri, items=(item,))
    first = ledger.put_request(study.name, request, started_at=7.0)
    assert first.is_new
    assert ledger.put_request(study.name, request, started_at=9.0) == first._replace(is_new=False)
    assert not Ledger(objects).put_request(study.name, request, started_at=9.0).is_new
    assert ledger.started(study.name) == {StartedAttempt(item.key, 1): 7.0}
    assert ledger.started("another") == {}


def test_results_are_found_by_key(ledger: Ledger, objects: MemoryObjects) -> None:
    study = a_study()
    result = a_result(study, study.design.trials[0], 0.9)
    objects.put_if_absent(result_name(result.key), result.model_dump_json().encode())
    assert ledger.results({result.key}) == {result.key: result}
    assert ledger.results({KEY}) == {}
    assert ledger.find_result(result.key) == result
    assert ledger.find_result(KEY) is None


def test_what_others_write_is_found_by_key_at_once_and_in_lists_after_a_while(
    ledger: Ledger, objects: MemoryObjects
) -> None:
    ledger.refresh(now=100.0)
    study = a_study()
    early, late = (a_result(study, trial, 0.9) for trial in study.design.trials[:2])
    keys = {early.key, late.key}
    assert ledger.results(keys) == {}
    for result in (early, late):
        objects.put_if_absent(result_name(result.key), result.model_dump_json().encode())
    assert ledger.find_result(early.key) == early
    assert ledger.results(keys) == {early.key: early}
    ledger.refresh(now=100.0 + RELIST_SECONDS)
    assert ledger.results(keys) == {early.key: early, late.key: late}


def test_what_others_have_ended_meanwhile_is_seen_before_a_start(ledger: Ledger, objects: MemoryObjects) -> None:
    ledger.refresh(now=100.0)
    study = a_study()
    done, failed, fresh = (trial_request(study, trial, 1) for trial in study.design.trials[:3])
    keys = {done.key, failed.key, fresh.key}
    assert (ledger.results(keys), ledger.failures(keys)) == ({}, {})
    result = a_result(study, study.design.trials[0], 0.9)
    failure = a_failure().model_copy(update={"key": failed.key})
    objects.put_if_absent(result_name(done.key), result.model_dump_json().encode())
    objects.put_if_absent(attempt_name(failed.key, 1), failure.model_dump_json().encode())
    assert ledger.settled([done, failed, fresh]) == {done.key, failed.key}
    assert ledger.results(keys) == {done.key: result}
    assert ledger.failures(keys) == {failed.key: (failure,)}
    assert ledger.settled([failed.model_copy(update={"attempt": 2})]) == set()


OTHER_VERSION = a_failure().model_dump_json().replace('"version":1', '"version":99').encode()


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b"{", "Invalid JSON"),
        (b"{}", "key"),
        (OTHER_VERSION, "version"),
    ],
)
def test_an_object_that_cannot_be_understood_is_named(
    ledger: Ledger, objects: MemoryObjects, data: bytes, want: str
) -> None:
    objects.put_if_absent(attempt_name(KEY, 1), data)
    with pytest.raises(StoreError, match=f"attempts/{KEY}/0001.json: .*{want}"):
        ledger.failures({KEY})


def test_a_request_to_retry_is_carried_out_once_whoever_asks() -> None:
    objects = MemoryObjects()
    request = "2026-01-31T12:00:00Z"
    ledger = Ledger(objects)
    assert not ledger.is_retried("digits", request)
    ledger.put_retried("digits", request)
    assert ledger.is_retried("digits", request)
    assert Ledger(objects).is_retried("digits", request)
    assert not Ledger(objects).is_retried("digits", "2026-02-01T12:00:00Z")


def a_revocation(made_at: float = 1.0) -> Revocation:
    return Revocation(
        rests_on="a" * 32, made_at=made_at, arm="short", stratum="new", audited=5, message="Audits say so."
    )


def test_what_is_written_down_of_certificates_is_read_by_whoever_comes_later(
    ledger: Ledger, objects: MemoryObjects
) -> None:
    made = CertificateInForce(
        rests_on="a" * 32,
        made_at=0.0,
        arm="short",
        statistic="KendallTau",
        threshold=0.8,
        confidence=0.95,
        value=0.9,
        low=0.81,
        high=None,
        promised_rate=0.93,
        hypotheses={"baseline": "b" * 32},
        seeds=3,
        price=0.2,
    )
    first, second = (
        AuditsDrawn(rests_on="a" * 32, made_at=at, hypotheses={name: "c" * 32}) for at, name in ((2.0, "x"), (1.0, "y"))
    )
    for record in (first, second, a_revocation(), made):
        ledger.put_trust_record("digits", record)
    for reader in (ledger, Ledger(objects)):
        found = reader.trust_records("digits")
        assert found.certificates == {"a" * 32: made}
        assert found.audits == {"a" * 32: (second, first)}
        assert found.revocations == {"a" * 32: a_revocation()}
        assert reader.trust_records("another") == NO_TRUST_RECORDS


def test_the_first_record_of_a_certificate_counts(ledger: Ledger, objects: MemoryObjects) -> None:
    ledger.put_trust_record("digits", a_revocation(1.0))
    Ledger(objects).put_trust_record("digits", a_revocation(2.0))
    assert Ledger(objects).trust_records("digits").revocations["a" * 32].made_at == 1.0


def test_a_record_of_another_version_is_not_understood(ledger: Ledger, objects: MemoryObjects) -> None:
    text = a_revocation().model_dump_json().replace('"version":1', '"version":99')
    objects.put_if_absent("studies/digits/certificates/x.json", text.encode())
    with pytest.raises(StoreError, match="version"):
        ledger.trust_records("digits")
