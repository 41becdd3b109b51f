from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.ranking import Certificate, Criterion, Scores, certify
from assay.ranking.orders.tau import expected_tau, tau_variance
from assay.ranking.true_orders.tau_draws import TauDraws
from builders.effort import tries
from builders.score_tables import scores, simulated_arms

THRESHOLD = 0.8


def decide(reference: Scores, proxy: Scores, draws: int | None = None, threshold: float = THRESHOLD) -> Certificate:
    generator = np.random.default_rng(11)
    criterion = Criterion("KendallTau", threshold, 0.95)
    looks = (len(reference.seeds),)
    return certify(reference, {"short": proxy}, criterion, looks, 1, generator=generator, draws=draws)["short"]


def test_a_close_proxy_of_many_hypotheses_is_trusted_and_a_distant_one_is_not() -> None:
    generator = np.random.default_rng(0)
    close = decide(*simulated_arms(generator, 60, true_tau=0.97, noise=0.1))
    assert close.decision == "Trusted"
    assert close.low is not None
    assert close.low >= THRESHOLD
    assert close.p_value is not None
    assert close.p_value <= 0.05
    assert close.needed_message == ""
    distant = decide(*simulated_arms(generator, 60, true_tau=0.3, noise=0.1))
    assert distant.decision == "NotTrusted"
    assert distant.high is not None
    assert distant.high < THRESHOLD
    assert "below 0.8" in distant.reason


@given(
    seed=st.integers(0, 10_000),
    hypotheses=st.integers(2, 20),
    noise=st.sampled_from([0.0, 0.2, 1.0]),
    rounding=st.sampled_from([None, 1, 0]),
)
@settings(max_examples=tries(30, quick=10))
def test_the_decision_is_the_intervals_and_the_tests(
    seed: int, hypotheses: int, noise: float, rounding: int | None
) -> None:
    arms = simulated_arms(np.random.default_rng(seed), hypotheses, true_tau=0.8, noise=noise)
    if rounding is not None:
        arms = (scores(arms[0].values.round(rounding)), scores(arms[1].values.round(rounding)))
    found = decide(*arms, draws=199)
    if found.low is None or found.high is None or found.p_value is None:
        assert found.decision != "Trusted"
        return
    assert -1 <= found.low <= found.high <= 1
    assert (found.decision == "Trusted") == (found.low >= THRESHOLD) == (found.p_value <= 0.05)
    assert (found.decision == "NotTrusted") == (found.high < THRESHOLD)


def test_the_certificate_depends_on_order_only_up_to_monotone_changes_without_noise() -> None:
    generator = np.random.default_rng(1)
    reference, proxy = simulated_arms(generator, 16, true_tau=0.9, noise=0.0)
    changed = Scores(proxy.hypotheses, proxy.seeds, np.exp(proxy.values) - 5)
    assert decide(reference, changed, 500) == decide(reference, proxy, 500)


def test_relabelling_and_shifting_change_nothing_but_rounding() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(2), 16, true_tau=0.9, noise=0.3)
    backwards = tuple(reversed(reference.hypotheses))
    want = decide(reference, proxy, 500)
    assert decide(reference.restricted(backwards), proxy, 500).low == pytest.approx(want.low)
    moved = Scores(reference.hypotheses, reference.seeds, reference.values * 2 + np.array([1.0, -7.0, 3.0]))
    assert decide(moved, proxy, 500).low == pytest.approx(want.low)


def test_a_raised_threshold_never_helps() -> None:
    arms = simulated_arms(np.random.default_rng(3), 24, true_tau=0.9, noise=0.2)
    p_values = [decide(*arms, 500, threshold).p_value for threshold in (0.2, 0.5, 0.7, 0.8, 0.9)]
    assert p_values == sorted(p_values, key=float)  # type: ignore[arg-type]


def test_equal_hypotheses_are_never_trusted_more_often_than_stated() -> None:
    generator = np.random.default_rng(4)
    trusted, told, studies = 0, 0, tries(40, quick=15)
    for _ in range(studies):
        noise = generator.standard_normal((16, 3))
        # the same noise in both arms: the observed tau is 1
        found = decide(scores(noise), scores(noise), 200)
        assert found.tau == 1
        trusted += found.decision == "Trusted"
        told += "can't be told apart" in found.reason
    limit = stats.binom.ppf(0.999, studies, 0.05)
    assert trusted <= limit
    assert told >= studies - limit


def test_hypotheses_that_all_score_alike_are_undecided() -> None:
    found = decide(scores(np.ones((20, 3))), scores(np.random.default_rng(5).standard_normal((20, 3))))
    assert found.decision == "Undecided"
    assert "can't be told apart" in found.reason
    assert found.needed_message


def test_a_constant_proxy_is_not_trusted() -> None:
    reference, _ = simulated_arms(np.random.default_rng(6), 20, true_tau=0.9, noise=0.1)
    found = decide(reference, scores(np.ones((20, 3))))
    assert (found.decision, found.tau) == ("NotTrusted", None)
    assert "same score" in found.reason


@pytest.mark.parametrize("hypotheses", [2, 3])
@pytest.mark.parametrize("noise", [0.0, 0.2, 3.0])
def test_two_or_three_hypotheses_are_undecided_and_told_how_many_it_takes(hypotheses: int, noise: float) -> None:
    for seed in range(5):
        found = decide(*simulated_arms(np.random.default_rng(seed), hypotheses, true_tau=0.9, noise=noise), draws=500)
        assert found.decision == "Undecided"
        assert f"{hypotheses} hypotheses can't certify a tau of 0.8" in found.needed_message
        if found.needed_hypotheses is None:
            assert "Even 2000 hypotheses" in found.needed_message
        else:
            assert found.needed_hypotheses > 20
            assert f"about {found.needed_hypotheses} hypotheses" in found.needed_message


def test_an_estimate_below_the_threshold_is_not_promised_to_rise_with_more() -> None:
    generator = np.random.default_rng(7)
    for _ in range(100):
        found = decide(*simulated_arms(generator, 16, true_tau=0.75, noise=0.2), draws=300)
        if found.decision == "Undecided" and found.corrected is not None and found.corrected < THRESHOLD:
            assert found.needed_hypotheses is None
            assert "is not above the threshold" in found.needed_message
            return
    pytest.fail("no such study in a hundred")


def test_one_seed_or_no_common_hypothesis_is_undecided() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(8), 30, true_tau=0.99, noise=0.1, seeds=1)
    assert "single seed" in decide(reference, proxy).reason
    other = Scores(tuple(f"x{row}" for row in range(30)), proxy.seeds, proxy.values)
    assert "nothing to order" in decide(reference, other).reason
    assert "nothing to order" in decide(reference.restricted(["h0"]), proxy).reason


def test_missing_scores_leave_their_hypotheses_out() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(9), 24, true_tau=0.95, noise=0.1)
    holed = proxy.values.copy()
    holed[3, 1] = holed[7] = np.nan
    found = decide(reference, scores(holed), 500)
    kept = [name for name in reference.hypotheses if name not in ("h3", "h7")]
    assert (found.hypotheses, found.seeds) == (22, 3)
    assert found == decide(reference.restricted(kept), proxy.restricted(kept), 500)


def test_the_same_generator_state_gives_the_same_certificate() -> None:
    arms = simulated_arms(np.random.default_rng(10), 12, true_tau=0.9, noise=0.2)
    assert decide(*arms) == decide(*arms)


@pytest.mark.parametrize(
    ("threshold", "confidence", "want"), [(1.0, 0.95, "threshold: 1.0"), (0.8, 0.4, "confidence: 0.4")]
)
def test_values_out_of_range_are_refused(threshold: float, confidence: float, want: str) -> None:
    with pytest.raises(ValueError, match=want):
        Criterion("KendallTau", threshold, confidence)


def errors(shared: float, noise: float, studies: int) -> tuple[float, float]:
    """Shares Trusted and NotTrusted of studies at the boundary, 16 hypotheses."""
    generator = np.random.default_rng(12)
    decisions = [
        decide(*simulated_arms(generator, 16, true_tau=THRESHOLD, noise=noise, shared=shared), draws=199).decision
        for _ in range(studies)
    ]
    return decisions.count("Trusted") / studies, decisions.count("NotTrusted") / studies


@pytest.mark.parametrize(("noise", "shared"), [(0.2, 0.0), (0.8, 0.8)])
def test_at_the_boundary_either_decision_is_as_rare_as_stated(noise: float, shared: float) -> None:
    studies = tries(100, quick=30)
    limit = stats.binom.ppf(0.999, studies, 0.05) / studies
    trusted, not_trusted = errors(shared, noise, studies)
    assert trusted <= limit
    assert not_trusted <= limit


def test_the_inversion_is_that_of_simulated_orders() -> None:
    draws = TauDraws.simulate(10, np.random.default_rng(14), 4000)
    for correlation in (-0.3, 0.5, 0.9):
        taus = 2 * draws.concordant_at(correlation) / draws.pairs - 1
        error = float(np.sqrt(tau_variance(np.array([10]), correlation)[0]))
        assert taus.mean() == pytest.approx(float(expected_tau(correlation)), abs=4 * error / np.sqrt(4000))
        assert taus.std() == pytest.approx(error, rel=0.06)
        # a study has at least this many concordant pairs just from the correlation on at which it reaches them
        reached = draws.correlations_reaching(np.array([30]))[:, 0]
        assert ((draws.concordant_at(correlation) >= 30) == (reached < correlation)).mean() > 0.999


def test_beyond_a_hundred_hypotheses_the_shrunk_studies_have_the_right_spread() -> None:
    draws = TauDraws.simulate(300, np.random.default_rng(15), 1000)
    taus = 2 * draws.concordant_at(0.9) / draws.pairs - 1
    assert taus.mean() == pytest.approx(float(expected_tau(0.9)), abs=0.005)
    assert taus.std() == pytest.approx(float(np.sqrt(tau_variance(np.array([300]), 0.9)[0])), rel=0.1)
    asked = np.array([round(0.85 * draws.pairs)])
    reached = draws.correlations_reaching(asked)[:, 0]
    assert np.median(reached) == pytest.approx(np.sin(np.pi / 2 * 0.7), abs=0.005)
    assert draws.sample_variances(reached[:, None])[1].std() == pytest.approx(np.sqrt(2 / 299), rel=0.1)


@pytest.mark.parametrize(("hypotheses", "true_tau", "noise"), [(20, 0.9, 0.6), (6, 0.9, 0.3), (12, 0.9, 0.3)])
def test_what_nobody_will_pay_for_is_not_affordable_and_a_lower_threshold_is_named(
    hypotheses: int, true_tau: float, noise: float
) -> None:
    arms = simulated_arms(np.random.default_rng(0), hypotheses, true_tau=true_tau, noise=noise)
    found = decide(*arms, draws=500)
    assert found.needed_hypotheses is not None
    assert found.needed_hypotheses > max(10 * hypotheses, 50)
    said = found.needed_message
    assert f"is not affordable: it would take about {found.needed_hypotheses} hypotheses" in said
    lower = re.search(r"A lower threshold would be: (0\.\d+) with about (\d+) hypotheses", said)
    assert lower is not None, said
    assert float(lower[1]) < THRESHOLD
    assert int(lower[2]) <= max(10 * hypotheses, 50)


@pytest.mark.parametrize(("shared", "want"), [(0.97, True), (0.0, False)])
def test_who_can_not_be_told_since_noise_is_shared_reads_so_and_that_more_seeds_help(shared: float, want: bool) -> None:
    generator = np.random.default_rng(2)
    found = decide(*simulated_arms(generator, 60, true_tau=0.9, noise=2.0, shared=shared), draws=1000)
    assert found.decision == "Undecided"
    assert ("most of what the two orders have in common may be noise that they share" in found.reason) == want
    assert ("More seeds average away the noise that both share." in found.needed_message) == want


def test_shared_noise_is_no_matter_once_more_seeds_have_averaged_it_away() -> None:
    arms = simulated_arms(np.random.default_rng(2), 60, true_tau=0.8, noise=2.0, shared=0.97, seeds=60)
    found = decide(*arms, draws=1000)
    assert found.decision == "Undecided"
    assert "noise that they share" not in found.reason
