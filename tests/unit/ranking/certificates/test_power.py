from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import Criterion, certification_power, certify, hypotheses_for_power
from builders.effort import tries
from builders.score_tables import simulated_arms

TAU = Criterion("KendallTau", 0.8, 0.95)


def power(hypotheses: int, looks: tuple[int, ...] = (3,), criterion: Criterion = TAU, **more: float) -> float:
    values = {
        "true_value": (1 + criterion.threshold) / 2,
        "noise_to_signal": 0.2,
        "draws": tries(600, quick=200),
        **more,
    }
    return certification_power(hypotheses, criterion, looks, generator=np.random.default_rng(5), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("hypotheses", "want"), [(8, 0.14), (12, 0.22), (24, 0.48), (36, 0.70)])
def test_power_is_as_known(hypotheses: int, want: float) -> None:
    assert power(hypotheses) == pytest.approx(want, abs=0.08)


def test_power_is_that_of_the_decisions_themselves_over_looks_and_several_proxies() -> None:
    generator, looks = np.random.default_rng(13), (2, 3, 5)
    trusted, studies = 0, tries(30, quick=12)
    for _ in range(studies):
        reference, proxy = simulated_arms(generator, 20, true_tau=0.95, noise=0.4, seeds=5)
        poor = simulated_arms(generator, 20, true_tau=0.5, noise=0.4, seeds=5)[1]
        found = certify(reference, {"a": proxy, "b": poor}, TAU, looks, 3, generator=generator, draws=199)
        trusted += found["a"].decision == "Trusted"
    promised = power(20, looks, true_value=0.95, noise_to_signal=0.4, proxies=2)
    assert trusted / studies == pytest.approx(promised, abs=3 * 0.5 / np.sqrt(studies))


def test_many_hypotheses_certify_nearly_surely_what_is_good_and_hardly_what_is_not() -> None:
    assert power(120, (3, 10), proxies=3, draws=100) >= 0.97
    assert power(120, (3, 10), true_value=0.8, proxies=3, draws=100) <= 0.06


def test_more_seeds_bring_power_more_looks_and_more_proxies_cost_some() -> None:
    last = power(30, (10,), noise_to_signal=0.5)
    by_looks = power(30, (3, 5, 7, 10), noise_to_signal=0.5)
    assert power(30, (3,), noise_to_signal=0.5) < by_looks < last + 0.05
    assert power(30, (10,), noise_to_signal=0.5, proxies=5) < last


@pytest.mark.parametrize(
    "criterion", [Criterion("DecisionAccuracy", 0.9, 0.95), Criterion("WinnerRegret", 0.8, 0.95, promote=2)]
)
def test_the_other_statistics_have_power_that_grows_with_the_hypotheses_and_none_at_the_threshold(
    criterion: Criterion,
) -> None:
    assert power(10, criterion=criterion) < power(40, criterion=criterion)
    assert power(30, criterion=criterion, true_value=criterion.threshold) <= 0.1


def test_nothing_is_certified_with_one_seed_or_one_hypothesis() -> None:
    assert power(50, (1,)) == 0.0
    assert power(1) == 0.0
    assert power(2, (1,), Criterion("DecisionAccuracy", 0.9, 0.95)) == 0.0


def test_a_proxy_whose_first_are_all_hypotheses_is_sure_to_hold_the_best() -> None:
    assert power(3, criterion=Criterion("WinnerRegret", 0.8, 0.95, promote=3)) == 1.0


def test_the_hypotheses_asked_for_bring_the_power() -> None:
    needed = hypotheses_for_power(0.8, TAU, (3,), true_value=0.9, noise_to_signal=0.2)
    assert needed is not None
    assert 42 <= needed <= 54
    more = hypotheses_for_power(0.8, TAU, (3,), true_value=0.9, noise_to_signal=0.2, proxies=5)
    assert more is not None
    assert more > needed
    for true_tau, seeds in ((0.8, 3), (0.7, 3), (0.9, 1), (0.8001, 3)):
        assert hypotheses_for_power(0.8, TAU, (seeds,), true_value=true_tau, noise_to_signal=0.2) is None


def test_for_another_statistic_they_bring_about_that_power_too() -> None:
    criterion = Criterion("DecisionAccuracy", 0.9, 0.95)
    needed = hypotheses_for_power(0.8, criterion, (3,), true_value=0.95, noise_to_signal=0.2)
    assert needed is not None
    assert power(needed, criterion=criterion) == pytest.approx(0.8, abs=0.12)
