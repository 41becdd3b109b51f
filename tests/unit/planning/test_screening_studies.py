"""Whole studies that screen: certified first, then with hypotheses added."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

import pytest

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import Hypothesis, ProxyArm, ProxyStudyStatus, Screening, TrustDecision, Verdict
from assay.planning.study.programs import program_of
from assay_trainer.contract import FailureReason, PreparationRequest, TrialRequest
from builders.manifests import a_hypothesis
from builders.studies import CODE, a_study, redefined
from builders.world import PlayedWorld

SHORT = ProxyArm(name="short", epochs=2)
CALIBRATION, ADDED, SEEDS, PROMOTED = 30, 40, 3, 3
Item = TrialRequest | PreparationRequest


def some(first: int, count: int, kind: str) -> list[Hypothesis]:
    return [
        a_hypothesis(f"h{number:03d}" if number else "baseline", recipe={"x": number}, labels={"kind": kind})
        for number in range(first, first + count)
    ]


def true_score(name: str) -> float:
    return random.Random(name).gauss(0, 0.1)


def score(item: Item) -> float:
    """The proxy ranks as the reference does, but for hypotheses of the kind whose numbers are from 500 on."""
    assert isinstance(item, TrialRequest)
    true = true_score(item.hypothesis)
    wrong = item.arm == "short" and item.hypothesis >= "h500"
    return (-true if wrong else true) + random.Random(item.key).gauss(0, 0.01)


@pytest.fixture(scope="module")
def calibrated() -> PlayedWorld:
    """A study that has run with its first hypotheses, and trusts its proxy."""
    study = a_study(
        hypotheses=some(0, CALIBRATION, "known"),
        proxies=[SHORT],
        seeds=SEEDS,
        capacity=100,
        screening=Screening(promote=PROMOTED, audit_percent=10, stratify_by="kind"),
    )
    world = PlayedWorld(study, score, seconds=lambda item: 10.0 if item.arm == "reference" else 1.0)
    status = world.in_waves().status
    assert status.arms[1].decision is TrustDecision.TRUSTED
    return world


def with_added(world: PlayedWorld, added: list[Hypothesis]) -> PlayedWorld:
    """The same study and store, with more hypotheses."""
    study = world.study
    hypotheses = (*study.hypotheses, *added)
    code = {**study.definition.code, **{program_of(study.spec, each): CODE for each in hypotheses}}
    return replace(
        world,
        study=redefined(study, hypotheses=hypotheses, code=code),
        records=dict(world.records),
        items=dict(world.items),
        written=dict(world.written),
        starts=[],
    )


def arms_run(world: PlayedWorld, names: set[str]) -> dict[str, set[str]]:
    """On which arms each of these hypotheses has run."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in world.items.values():
        if isinstance(item, TrialRequest) and item.hypothesis in names:
            found[item.hypothesis].add(item.arm)
    return found


def condition(status: ProxyStudyStatus, kind: ConditionType) -> tuple[str, str, str]:
    return next((each.status, each.reason, each.message) for each in status.conditions if each.type == kind)


def test_what_is_added_is_screened_on_the_proxy_and_the_best_of_it_run_in_full(calibrated: PlayedWorld) -> None:
    added = some(100, ADDED, "known")
    world = with_added(calibrated, added)
    status = world.in_waves().status
    arms = arms_run(world, {each.name for each in added})
    in_full = {name for name, found in arms.items() if "reference" in found}
    best = max((each.name for each in added), key=true_score)
    assert best in in_full
    assert all("short" in found for found in arms.values())
    assert PROMOTED <= len(in_full) < ADDED / 2
    assert condition(status, ConditionType.PROXY_TRUSTED)[:2] == ("True", Reason.CERTIFIED)
    assert condition(status, ConditionType.SUCCEEDED)[0] == "True"
    assert status.trials.planned == status.trials.succeeded


def test_hypotheses_on_which_the_proxy_is_wrong_revoke_it_and_run_in_full(calibrated: PlayedWorld) -> None:
    added = [*some(100, 10, "known"), *some(500, ADDED, "new")]
    world = with_added(calibrated, added)
    status = world.in_waves().status
    holds, reason, message = condition(status, ConditionType.PROXY_TRUSTED)
    assert (holds, reason) == ("False", Reason.REVOKED)
    assert "new" in message
    assert status.arms[1].decision is TrustDecision.NOT_TRUSTED
    assert status.recommended_proxy is None
    arms = arms_run(world, {each.name for each in added})
    assert all("reference" in found for found in arms.values())
    assert all(row.arm is None for row in status.ranking)


def test_a_certificate_rests_on_whom_it_was_made_with_whoever_is_added(calibrated: PlayedWorld) -> None:
    made = {name: record for name, record in calibrated.written.items() if record.kind == "Certificate"}
    world = with_added(calibrated, some(100, 10, "known"))
    status = world.in_waves().status
    assert {name: record for name, record in world.written.items() if record.kind == "Certificate"} == made
    certificate = status.arms[1].certificate
    assert certificate is not None
    assert certificate.hypotheses == CALIBRATION


def test_what_fails_is_neither_promoted_by_its_good_seeds_nor_the_best(calibrated: PlayedWorld) -> None:
    """Of the three that are by far the best: one fails on the proxy, one on all seeds at the reference, one on one."""
    added = some(100, ADDED, "known")
    by_score = sorted((each.name for each in added), key=true_score)
    on_proxy, always, once = by_score[:3]

    def outcome(item: Item) -> float | FailureReason:
        assert isinstance(item, TrialRequest)
        fails = {
            (on_proxy, "short"): item.seed < 2,
            (always, "reference"): True,
            (once, "reference"): item.seed == 1,
        }
        if fails.get((item.hypothesis, item.arm)):
            return FailureReason.SCORE_NOT_FINITE
        return score(item) + 1.0 * (item.hypothesis in (on_proxy, always, once))

    world = replace(with_added(calibrated, added), outcome=outcome)
    decided = world.in_waves()
    rows = {row.name: row for row in decided.ranking}
    assert arms_run(world, {on_proxy})[on_proxy] == {"short"}
    assert {name: rows[name].verdict for name in (on_proxy, always, once)} == {
        on_proxy: Verdict.UNSTABLE,
        always: Verdict.FAILED,
        once: Verdict.UNSTABLE,
    }
    assert not any(rows[name].may_be_best for name in (on_proxy, always, once))
    assert (rows[on_proxy].arm, rows[on_proxy].failed_seeds) == ("short", 2)
    assert (rows[once].arm, rows[once].seeds, rows[once].failed_seeds) == (None, 2, 1)
    assert rows[always].rank is None
    healthy = [row for row in decided.ranking if row.rank is not None and row.name not in (on_proxy, once)]
    assert [row.rank for row in healthy] == list(range(1, len(healthy) + 1))
    assert healthy[0].may_be_best
