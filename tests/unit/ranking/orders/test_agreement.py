from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.ranking import Scores, agreement, decision_accuracy, noise_ceiling
from assay.ranking.arrays import FloatArray
from assay.ranking.orders.agreement import kendall_tau_b, spearman_rho, top_k_overlap, weighted_tau, winner_regret
from builders.score_tables import one_seed, scores

Correlation = Callable[[FloatArray, FloatArray], float | None]

TABLES = st.integers(2, 7).flatmap(
    lambda rows: st.tuples(
        *(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=rows, max_size=rows) for _ in range(2))
    )
)


@pytest.mark.parametrize(
    ("ours", "scipys"),
    [(kendall_tau_b, stats.kendalltau), (spearman_rho, stats.spearmanr), (weighted_tau, stats.weightedtau)],
)
def test_correlations_are_scipys_with_and_without_ties(ours: Correlation, scipys: Callable[..., object]) -> None:
    generator = np.random.default_rng(3)
    for size in (2, 3, 8, 30):
        first, second = generator.permutation(size).astype(float), generator.permutation(size).astype(float)
        assert ours(first, second) == pytest.approx(scipys(first, second).statistic)  # type: ignore[attr-defined]
    first, second = generator.integers(0, 4, (2, 20)).astype(float)
    assert ours(first, second) == pytest.approx(scipys(first, second).statistic)  # type: ignore[attr-defined]


@pytest.mark.parametrize("statistic", [kendall_tau_b, spearman_rho, weighted_tau])
def test_without_an_order_there_is_no_correlation(statistic: Correlation) -> None:
    rising, constant = np.arange(4.0), np.ones(4)
    assert statistic(rising, constant) is None
    assert statistic(constant, rising) is None
    assert statistic(rising[:1], rising[:1]) is None


def test_exchanging_the_best_two_weighs_more_than_the_worst_two() -> None:
    reference = np.array([4.0, 3.0, 2.0, 1.0])
    best_exchanged = weighted_tau(reference, np.array([3.0, 4.0, 2.0, 1.0]))
    worst_exchanged = weighted_tau(reference, np.array([4.0, 3.0, 1.0, 2.0]))
    assert best_exchanged is not None
    assert worst_exchanged is not None
    assert best_exchanged < worst_exchanged


def test_decision_accuracy_counts_pairs_by_hand() -> None:
    # means 0, 1, 3; noise of half a unit: pairs differ by 1, 2, 3
    reference = scores([[0.1, -0.1], [0.6, 1.4], [3.0, 3.0]])
    proxy = scores([[2.0, 2.0], [1.0, 1.0], [3.0, 3.0]])
    noise = reference.noise
    assert noise is not None
    error = np.sqrt(noise.variance)  # of a difference of two means of two seeds
    want_separable = [pair for pair, gap in {(0, 1): 1.0, (0, 2): 3.0, (1, 2): 2.0}.items() if gap > 2 * error]
    accuracy = decision_accuracy(reference, proxy)
    assert accuracy.all == pytest.approx(2 / 3)
    assert accuracy.separable_pairs == len(want_separable)
    assert accuracy.separable == pytest.approx(np.mean([pair != (0, 1) for pair in want_separable]))


def test_a_pair_tied_in_the_reference_is_no_decision_and_one_tied_in_the_proxy_is_half_right() -> None:
    accuracy = decision_accuracy(one_seed([1.0, 1.0, 2.0]), one_seed([5.0, 6.0, 6.0]))
    assert accuracy.all == pytest.approx((1 + 0.5) / 2)
    assert accuracy.separable is None


def test_top_slices_share_tied_places() -> None:
    assert top_k_overlap(np.array([4.0, 3.0, 2.0, 1.0]), np.array([3.0, 4.0, 1.0, 2.0]), 2) == 1
    assert top_k_overlap(np.array([4.0, 3.0, 2.0, 1.0]), np.array([4.0, 1.0, 2.0, 3.0]), 2) == 0.5
    assert top_k_overlap(np.array([4.0, 3.0, 2.0, 1.0]), np.ones(4), 1) == 0.25
    with pytest.raises(ValueError, match="allowed are 1 to 4"):
        top_k_overlap(np.ones(4), np.ones(4), 5)


def test_regret_is_what_the_proxys_winner_loses_in_the_reference() -> None:
    reference = np.array([0.9, 0.8, 0.5])
    assert winner_regret(reference, np.array([1.0, 2.0, 0.0])) == pytest.approx(0.1)
    assert winner_regret(reference, np.array([2.0, 2.0, 0.0])) == pytest.approx(0.05)
    assert winner_regret(np.array([]), np.array([])) is None


def test_hypotheses_without_scores_in_both_arms_are_left_out() -> None:
    reference = scores([[1.0, 1.1], [2.0, 2.1], [4.0, 4.2], [6.0, 6.1], [3.0, np.nan], [5.0, 5.0]])
    proxy = scores([[1.0, 1.2], [2.0, 2.2], [3.0, 3.0], [7.0, 7.0], [3.0, 3.0]])
    found = agreement(reference, proxy, top_k=1)
    assert (found.hypotheses, found.seeds) == (4, 2)
    assert found.kendall_tau == 1
    assert agreement(reference, proxy, top_k=5).top_k_overlap is None


def test_arms_without_a_common_score_agree_in_nothing_and_raise_nothing() -> None:
    found = agreement(scores([[1.0, np.nan], [2.0, np.nan]]), scores([[np.nan, 1.0], [np.nan, 2.0]]), top_k=1)
    assert found.hypotheses == 0
    assert (found.kendall_tau, found.decision_accuracy, found.winner_regret) == (None, None, None)


@given(TABLES)
def test_agreement_depends_neither_on_row_order_nor_on_level_and_scale(tables: tuple[list[list[int]], ...]) -> None:
    reference, proxy = (scores(table) for table in tables)
    want = agreement(reference, proxy, top_k=1)
    turned = [arm.restricted(reversed(arm.hypotheses)) for arm in (reference, proxy)]
    moved = Scores(proxy.hypotheses, proxy.seeds, 4 * proxy.values + 64)
    for found in (agreement(turned[0], turned[1], top_k=1), agreement(reference, moved, top_k=1)):
        assert found.separable_pairs == want.separable_pairs
        for name in ("kendall_tau", "weighted_tau", "spearman_rho", "decision_accuracy", "top_k_overlap"):
            assert getattr(found, name) == pytest.approx(getattr(want, name))
    assert agreement(turned[0], turned[1]).winner_regret == pytest.approx(want.winner_regret)


@given(TABLES)
def test_an_arm_agrees_wholly_with_itself(tables: tuple[list[list[int]], ...]) -> None:
    arm = scores(tables[0])
    found = agreement(arm, arm, top_k=1)
    assert found.kendall_tau in (None, pytest.approx(1.0))
    assert found.spearman_rho in (None, pytest.approx(1.0))
    assert found.decision_accuracy in (None, 1.0)
    assert found.winner_regret == pytest.approx(0.0)


@given(TABLES)
def test_kendall_tau_is_the_count_of_pairs(tables: tuple[list[list[int]], ...]) -> None:
    first, second = (scores(table).means for table in tables)
    found = kendall_tau_b(first, second)
    signs = [
        (np.sign(first[i] - first[j]), np.sign(second[i] - second[j])) for i, j in combinations(range(len(first)), 2)
    ]
    untied = np.sqrt(sum(a != 0 for a, _ in signs) * sum(b != 0 for _, b in signs))
    if untied == 0:
        assert found is None
    else:
        assert found == pytest.approx(sum(a * b for a, b in signs) / untied)


def test_the_ceiling_is_the_tau_of_two_repetitions() -> None:
    generator = np.random.default_rng(4)
    ceilings, taus = [], []
    for _ in range(60):
        signal = generator.exponential(size=(36, 1))
        first, second = (scores(signal + 0.5 * generator.standard_normal((36, 3))) for _ in range(2))
        ceilings.append(noise_ceiling(first))
        taus.append(kendall_tau_b(first.means, second.means))
    assert np.mean(np.array(ceilings, dtype=float)) == pytest.approx(np.mean(np.array(taus, dtype=float)), abs=0.04)


def test_the_ceiling_is_one_without_noise_and_near_zero_without_signal() -> None:
    assert noise_ceiling(scores([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])) == pytest.approx(1.0)
    nothing = noise_ceiling(scores(np.random.default_rng(5).standard_normal((200, 3))))
    assert nothing is not None
    assert nothing < 0.2
    assert noise_ceiling(scores([[1.0], [2.0]])) is None
    assert noise_ceiling(scores([[1.0, 1.0], [1.0, 1.0]])) == 0.0
