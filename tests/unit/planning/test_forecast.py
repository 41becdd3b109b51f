"""What a study is told before it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.api.resources import Budget, ProxyArm, Screening, Trust, TrustStatistic
from assay.planning import forecast
from assay.planning.forecast import BudgetForecast
from assay.planning.records.look_records import looks_before
from assay.planning.study.history import History
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay.planning.trust.proxy_looks import criterion_of
from assay.ranking.certificates.growing_backlogs import Backlog
from assay.reporting.forecast import forecast_table
from builders.effort import tries
from builders.looks import a_look
from builders.manifests import a_proxy
from builders.studies import a_study, records_of_scores
from builders.terminal import shown

PROXIES = [ProxyArm(name="half", epochs=5), ProxyArm(name="short", epochs=2)]


SECONDS = {"reference": 10.0, "half": 5.0, "short": 2.0}


@pytest.fixture
def _no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "certification_power", lambda *_, **__: 0.5)


def in_words(study: Study) -> str:
    return " ".join(shown(forecast_table(study, forecast.forecast(study, {})), 200).split())


def test_more_hypotheses_never_seem_to_certify_less(monkeypatch: pytest.MonkeyPatch) -> None:
    others = (8, 10)[: tries(2, quick=1)]
    monkeypatch.setattr(forecast, "COUNTS", others)
    found = forecast.trusting(a_study(hypotheses=9, proxies=[a_proxy()], seeds=3, threshold="0.6"))
    assert found.true_value == 0.8
    assert [power.hypotheses for power in found.powers] == sorted([*others, 9])
    probabilities = [power.probability for power in found.powers]
    assert probabilities == sorted(probabilities)


def test_power_is_of_the_studys_own_statistic_looks_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def power(count: int, criterion: object, looks: object, *, proxies: int, **others: object) -> float:
        asked.append((count, criterion, looks, proxies))
        return 0.5

    monkeypatch.setattr(forecast, "certification_power", power)
    trust = Trust(statistic=TrustStatistic.DECISION_ACCURACY, threshold="0.9", confidence_percent=90)
    study = a_study(hypotheses=9, proxies=PROXIES, seeds=3, maximum=10, trust=trust)
    found = forecast.trusting(study)
    (count, criterion, looks, proxies), *_ = asked
    assert (count, looks, proxies) == (9, (3, 5, 7, 10), 2)
    assert criterion == criterion_of(study)
    assert (found.looks, found.proxies, found.true_value) == ((3, 5, 7, 10), 2, 0.95)
    text = in_words(study)
    assert "A proxy is trusted if the true decision accuracy is at least 0.9, with 90 % confidence; " in text
    assert "4 looks, at 3, 5, 7 and 10 seeds, 2 proxies judged at once" in text
    assert "0.50 with 9 hypotheses <- this study" in text


@pytest.mark.usefixtures("_no_simulation")
def test_trials_are_counted_at_the_initial_seeds_and_at_most() -> None:
    study = a_study(hypotheses=4, proxies=PROXIES, seeds=2, maximum=5)
    found = forecast.forecast(study, {})
    assert [(arm.trials, arm.most_trials, arm.open_trials) for arm in found.arms] == [(8, 20, 8)] * 3
    assert found.open_trials == 24
    text = in_words(study)
    assert "4 hypotheses × 3 arms × 2 seeds = 24 trials; then up to 5 seeds where they can decide something" in text
    assert "at most 60 trials in all" in text
    assert "at most" not in in_words(a_study(hypotheses=4, proxies=PROXIES, seeds=2))


@pytest.mark.usefixtures("_no_simulation")
def test_what_all_further_seeds_would_cost_is_said_once_trials_show_their_price() -> None:
    study = a_study(hypotheses=4, proxies=PROXIES, seeds=2, maximum=5)

    def score(trial: PlannedTrial) -> float | None:
        return 0.5 if trial.seed == 0 else None

    found = forecast.forecast(study, records_of_scores(study, score, seconds=lambda trial: 10.0))
    assert found.accelerator_seconds == pytest.approx(12 * 10)
    assert found.most_accelerator_seconds == pytest.approx(48 * 10)


def a_budgeted_study(seconds: int | None, **spec: object) -> Study:
    fields = {"proxies": PROXIES, "seeds": 2, **spec}
    return a_study(hypotheses=6, budget=Budget(accelerator_seconds=seconds), **fields)  # type: ignore[arg-type]


@pytest.mark.usefixtures("_no_simulation")
@pytest.mark.parametrize(
    ("seconds", "spec", "ran", "want"),
    [
        (None, {}, True, BudgetForecast.NO_LIMIT),
        (100, {}, False, BudgetForecast.NOT_KNOWN),
        (150, {}, True, BudgetForecast.TOO_SMALL),
        (10_000, {}, True, BudgetForecast.PAYS),
        (100, {"proxies": []}, True, BudgetForecast.ENDS),
        (100, {"screening": Screening()}, True, BudgetForecast.ENDS),
    ],
)
def test_what_a_budget_will_do_is_said(
    seconds: int | None, spec: dict[str, object], ran: bool, want: BudgetForecast
) -> None:
    study = a_budgeted_study(seconds, **spec)
    records = records_of_scores(
        study, lambda trial: 0.5 if trial.seed == 0 and ran else None, seconds=lambda trial: SECONDS[trial.arm]
    )
    found = forecast.forecast(study, records)
    assert found.budget is want
    text = " ".join(shown(forecast_table(study, found), 200).split())
    assert ("spec.budget.acceleratorSeconds" in text) == (want is not BudgetForecast.NO_LIMIT)
    assert ("best order" in text) == (want in (BudgetForecast.TOO_SMALL, BudgetForecast.NOT_KNOWN))
    if want is BudgetForecast.TOO_SMALL:
        assert found.trusting is None
        assert "would be certified" not in text


def test_both_ways_to_spend_the_error_on_a_backlog_that_grows_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, tuple[int, ...], Backlog]] = []

    def power(count: int, _: object, looks: tuple[int, ...], *, backlog: Backlog, **others: object) -> float:
        asked.append((count, looks, backlog))
        return 0.25 if backlog.expected is None else 0.75

    monkeypatch.setattr(forecast, "certification_power", power)
    said = Trust(threshold="0.8", expected_hypotheses=48)
    study = a_study(hypotheses=9, proxies=PROXIES, seeds=3, maximum=10, trust=said)
    found = forecast.trusting(study)
    assert found.grown == 48
    assert found.growing == ((None, 0.25, 0.25), (48, 0.75, 0.75))
    later = [each for each in asked if each[2].waves]
    assert [(count, looks, backlog.expected) for count, looks, backlog in later] == [(48, (10,), None), (48, (10,), 48)]
    assert [wave.taken for _, _, backlog in later for wave in backlog.waves] == [4, 4]
    text = in_words(study)
    assert "If it is first looked at now, and again at 48 hypotheses: 0.25 now and 0.25 at 48 hypotheses if no" in text
    assert "0.75 now and 0.75 at 48 hypotheses with trust.expectedHypotheses 48 <- this study" in text
    assert "looked at already" not in text


@pytest.mark.usefixtures("_no_simulation")
def test_a_study_that_was_looked_at_before_is_told_so() -> None:
    study = a_study(hypotheses=9, proxies=PROXIES, seeds=3)
    before = replace(study, history=History(looks=looks_before([a_look(study, "short")])))
    assert "Trust was looked at already: this is about a first look." in in_words(before)


@pytest.mark.usefixtures("_no_simulation")
def test_as_many_hypotheses_as_are_expected_do_not_grow() -> None:
    trust = Trust(threshold="0.8", expected_hypotheses=9)
    found = forecast.trusting(a_study(hypotheses=9, proxies=PROXIES, seeds=3, trust=trust))
    assert (found.grown, found.growing) == (None, ())
