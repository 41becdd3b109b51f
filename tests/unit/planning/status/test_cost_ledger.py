from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.api.resources import REFERENCE, CostLedger, ProxyArm, Screening, Subset
from assay.planning.records.records import Records, WorkRecord
from assay.planning.results.costs import costs_of
from assay.planning.status.break_even import BreakEven, break_even
from assay.planning.status.cost_ledger import cost_ledger
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay.planning.trust.screening import Role, ScreeningState, everybody_calibrates
from assay_trainer.contract import FailureReason
from builders.screenings import SHORT, a_screening_study
from builders.studies import a_failure, a_study, records_of_scores, redefined

CORESET = ProxyArm(name="coreset", data_percent=25, subset=Subset.EL2N)


def seconds(trial: PlannedTrial) -> float:
    return 10.0 if trial.arm == REFERENCE else 2.0


def ledger_of(study: Study, records: Records, screened: ScreeningState | None = None) -> CostLedger:
    screened = screened or everybody_calibrates(study)
    return cost_ledger(study, records, costs_of(study, records), screened, finished=True)


def parts(ledger: CostLedger, *names: str) -> float:
    return sum(float(getattr(ledger, f"{name}_accelerator_seconds") or 0) for name in names)


KINDS = ("reference", "proxies", "preparations", "failures")
PURPOSES = ("calibration", "screening", "confirmation", "audits", "stale")


def by_another(records: Records, keys: set[str]) -> Records:
    """The same results, those of the keys made by another study."""
    return {
        key: replace(record, result=record.result.model_copy(update={"study": "another"}))
        if key in keys and record.result
        else record
        for key, record in records.items()
    }


def test_the_parts_add_up_to_the_whole_in_both_ways() -> None:
    study = a_study(hypotheses=5, proxies=[SHORT, CORESET], seeds=2)
    records = dict(records_of_scores(study, lambda trial: 0.5, seconds=seconds))
    failed = study.design.trials[3].key
    records[failed] = WorkRecord(failures=(a_failure(failed, reason=FailureReason.WORKER_DIED, seconds=7.0),))
    earlier = a_study(hypotheses=5, proxies=[SHORT], seeds=2, epochs=77)
    records |= {trial.key: record for trial, record in zip(earlier.design.trials, records_of_scores(
        earlier, lambda trial: 0.4, seconds=seconds).values(), strict=True)}  # fmt: skip
    ledger = ledger_of(study, records)
    whole = float(ledger.accelerator_seconds)
    assert whole == pytest.approx(costs_of(study, records).spent)
    assert parts(ledger, *KINDS) == pytest.approx(whole)
    assert parts(ledger, *PURPOSES) == pytest.approx(parts(ledger, "reference", "proxies"))
    assert float(ledger.failures_accelerator_seconds) == 7.0
    assert parts(ledger, "stale") == 5 * 2 * 10  # the proxy is as before


def test_what_others_have_run_costs_the_study_nothing_and_saves_it_nothing() -> None:
    study = a_study(hypotheses=6, proxies=[SHORT], seeds=2)
    own = records_of_scores(study, lambda trial: 0.5, seconds=seconds)
    reused = {trial.key for trial in study.design.trials if trial.hypothesis in ("h001", "h002")}
    ledger, before = ledger_of(study, by_another(own, reused)), ledger_of(study, own)
    assert parts(ledger, *KINDS) == parts(before, *KINDS) - 2 * 2 * 12
    assert parts(ledger, "reused") == 2 * 2 * 12
    assert before.saved_accelerator_seconds == str(-6 * 2 * 2)
    assert ledger.saved_accelerator_seconds == str(-4 * 2 * 2)


def test_hypotheses_that_run_the_same_thing_are_charged_once() -> None:
    study = a_study(hypotheses=2, proxies=[SHORT], seeds=2)
    twin = study.hypotheses[1].model_copy(
        update={"metadata": study.hypotheses[1].metadata.model_copy(update={"name": "twin"})}
    )
    study = redefined(study, hypotheses=(*study.hypotheses, twin))
    ledger = ledger_of(study, records_of_scores(study, lambda trial: 0.5, seconds=seconds))
    assert float(ledger.accelerator_seconds) == 2 * 2 * 12
    assert ledger.saved_accelerator_seconds == str(-2 * 2 * 2)


def a_screened_study() -> tuple[Study, ScreeningState, Records]:
    """4 calibrated; of 20 others 2 promoted, one of them drawn, and 3 audited."""
    newcomers: dict[str, str | None] = {f"a{index:02d}": "a" for index in range(20)}
    study = a_screening_study(4, newcomers)
    roles = {each.name: Role.SCREENED if each.name in newcomers else Role.CALIBRATION for each in study.hypotheses}
    roles |= dict.fromkeys(("a00", "a01"), Role.PROMOTED) | dict.fromkeys(("a02", "a03", "a04"), Role.AUDITED)
    screened = ScreeningState(roles, arm="short", drawn=("a01", "a02", "a03", "a04"))
    records = records_of_scores(
        study,
        lambda trial: 0.5 if trial.arm == "short" or roles[trial.hypothesis] is not Role.SCREENED else None,
        seconds=seconds,
    )
    return study, screened, records


def test_each_trial_is_charged_to_what_it_was_for() -> None:
    study, screened, records = a_screened_study()
    ledger = ledger_of(study, records, screened)
    assert parts(ledger, "calibration") == 4 * 3 * 12
    assert parts(ledger, "screening") == 20 * 3 * 2
    assert parts(ledger, "confirmation") == 2 * 3 * 10
    assert parts(ledger, "audits") == 3 * 3 * 10
    assert ledger.saved_accelerator_seconds == str(24 * 3 * 10 - parts(ledger, *KINDS)).removesuffix(".0")
    assert float(ledger.saved_accelerator_seconds or 0) == 15 * 3 * 10 - 24 * 3 * 2


def test_what_would_have_run_at_the_reference_is_priced_by_what_the_hypothesis_cost_on_the_proxy() -> None:
    study, screened, _ = a_screened_study()
    dear = "a19"
    records = records_of_scores(
        study,
        lambda trial: 0.5 if trial.arm == "short" or screened.roles[trial.hypothesis] is not Role.SCREENED else None,
        seconds=lambda trial: seconds(trial) * (3 if trial.hypothesis == dear else 1),
    )
    saved = float(ledger_of(study, records, screened).saved_accelerator_seconds or 0)
    assert saved == (14 * 10 + 30) * 3 - (23 * 2 + 6) * 3


def test_once_a_certificate_is_revoked_audits_stay_audits() -> None:
    study, screened, records = a_screened_study()
    roles = {name: Role.FALLEN_BACK if role is not Role.CALIBRATION else role for name, role in screened.roles.items()}
    ledger = ledger_of(study, records, replace(screened, roles=roles))
    assert parts(ledger, "audits") == 4 * 3 * 10
    assert parts(ledger, "confirmation") == 1 * 3 * 10


def test_a_study_without_proxies_or_that_has_not_ended_says_nothing_of_savings() -> None:
    study = a_study(hypotheses=3)
    records = records_of_scores(study, lambda trial: 0.5)
    assert ledger_of(study, records).saved_accelerator_seconds is None
    with_proxy = a_study(hypotheses=3, proxies=[SHORT])
    records = records_of_scores(with_proxy, lambda trial: 0.5)
    costs = costs_of(with_proxy, records)
    open_ledger = cost_ledger(with_proxy, records, costs, everybody_calibrates(with_proxy), finished=False)
    assert open_ledger.saved_accelerator_seconds is None


def pays(spread: float, *, hypotheses: int = 12, screening: Screening | None = None, price: float = 2.0) -> BreakEven:
    study = a_study(hypotheses=hypotheses, proxies=[SHORT], seeds=2, screening=screening)
    factors = np.random.default_rng(5).normal(1, spread, hypotheses)
    at = {each.name: float(factor) for each, factor in zip(study.hypotheses, factors - factors.mean() + 1, strict=True)}
    records = records_of_scores(
        study,
        lambda trial: 0.5,
        seconds=lambda trial: (10.0 if trial.arm == REFERENCE else price) * at[trial.hypothesis],
    )
    return break_even(study, "short", costs_of(study, records))


def test_a_proxy_is_paid_for_once_further_hypotheses_have_saved_what_it_has_cost() -> None:
    assert pays(0.0) == BreakEven(3, 3, 3)  # 12 hypotheses at 2 of 10 seconds: 24 are saved by 3 at 8


def test_the_more_hypotheses_differ_in_cost_the_less_sure_it_is_when_a_proxy_has_paid() -> None:
    little, much = pays(0.1), pays(0.3)
    assert little.hypotheses == much.hypotheses == 3
    ends = (much.low, little.low, little.high, much.high)
    assert None not in ends
    assert list(ends) == sorted(ends, key=lambda end: end or 0)
    assert little.high != much.high


def test_a_proxy_that_saves_nothing_never_pays() -> None:
    assert pays(0.0, price=10.0) == BreakEven(None, None, None)
    assert pays(0.1, price=11.0).hypotheses is None
    assert pays(0.1, price=11.0).high is None


def test_a_screening_pays_for_the_promoted_and_the_audited_too() -> None:
    none, few, many = (
        pays(0.0, screening=Screening(promote=promote, audit_percent=audits)).hypotheses
        for promote, audits in ((1, 0), (5, 0), (5, 10))
    )
    assert none == 5  # 24 for its own trials, 10 for one promoted, at 8 each
    assert few == 10  # 74 at 8 each
    assert many == 13  # and three audits more


def test_what_others_spent_on_a_proxy_need_not_be_paid_back() -> None:
    study = a_study(hypotheses=12, proxies=[SHORT], seeds=2)
    records = records_of_scores(study, lambda trial: 0.5, seconds=seconds)
    reused = {trial.key for trial in study.design.trials if trial.arm == "short"}
    assert break_even(study, "short", costs_of(study, by_another(records, reused))).hypotheses == 0


def test_seconds_that_a_trial_has_gone_on_from_are_charged_once_and_priced_with_it() -> None:
    study = a_study(hypotheses=5, seeds=2)
    records = dict(records_of_scores(study, lambda trial: 0.5, seconds=lambda _: 10.0))
    want_price = costs_of(study, records).arms[REFERENCE].trial_seconds
    resumed = study.design.trials[3].key
    result = records[resumed].result
    assert result is not None
    cost = result.cost.model_copy(update={"resumed_seconds": 6.0})
    records[resumed] = WorkRecord(
        result=result.model_copy(update={"cost": cost}),
        failures=(a_failure(resumed, reason=FailureReason.DISRUPTED, seconds=7.0),),
    )

    costs, ledger = costs_of(study, records), ledger_of(study, records)

    want_spent = 10.0 * len(study.design.trials) - 6.0 + 7.0
    assert costs.spent == pytest.approx(want_spent)
    assert float(ledger.accelerator_seconds) == pytest.approx(want_spent)
    assert ledger.resumed_accelerator_seconds == "6"
    assert ledger_of(study, by_another(records, {resumed})).resumed_accelerator_seconds is None
    assert costs.arms[REFERENCE].trial_seconds == want_price == 10.0
