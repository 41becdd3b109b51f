from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.ranking import Criterion, certify
from assay.ranking.scores import Scores
from assay.ranking.true_orders.tau_spread import widenings
from assay.ranking.true_orders.tie_breaking import LEAST_SHARE, TiedStudies, count_concordant, tie_shares
from builders.effort import tries
from builders.score_tables import simulated_arms

BOUNDARY = float(np.sin(np.pi / 2 * 0.8))


def arm(scores: np.ndarray) -> Scores:
    names = tuple(f"h{row:02d}" for row in range(len(scores)))
    return Scores(names, (0,), np.asarray(scores, dtype=np.float64)[:, None])


def share(reference: np.ndarray, proxy: np.ndarray) -> float:
    count = int(count_concordant(reference[None], proxy[None])[0])
    ties = TiedStudies.simulate(len(reference), np.random.default_rng(0))
    return ties.share(arm(reference), arm(proxy), count, BOUNDARY)


def test_concordant_pairs_are_counted_as_tau_counts_them() -> None:
    first, second = np.random.default_rng(1).standard_normal((2, 300, 9))
    taus = [stats.kendalltau(one, other).statistic for one, other in zip(first, second, strict=True)]
    assert count_concordant(first, second) / 36 * 2 - 1 == pytest.approx(np.array(taus))


def test_where_all_pairs_agree_the_closer_scores_count_as_closer() -> None:
    scores = np.array([-1.5, -0.9, -0.4, -0.1, 0.2, 0.6, 1.0, 1.6])
    apart = scores.copy()
    apart[-1] = 9.0
    assert share(scores, scores) == LEAST_SHARE
    assert share(scores, apart) == 1.0


def test_where_some_do_not_only_their_places_count() -> None:
    scores = np.linspace(-2, 2, 10)
    middle, end = scores.copy(), scores.copy()
    middle[[4, 5]], end[[0, 1]] = middle[[5, 4]], end[[1, 0]]
    # neighbours in the middle are closer than at the end
    assert share(scores, middle) < share(scores, end)
    assert share(scores, np.exp(middle)) == share(scores, middle)


def test_ties_are_left_alone_where_there_are_hardly_any_like_them() -> None:
    scores = np.arange(12.0)
    assert share(scores, scores[::-1].copy()) == 1.0


def test_of_the_tied_studies_each_share_is_as_frequent() -> None:
    simulated = np.random.default_rng(2).standard_normal(2000)
    counts = np.full(2000, 7)
    shares = tie_shares(counts, np.random.default_rng(3).standard_normal(2000), counts, simulated)
    assert shares.min() >= LEAST_SHARE
    assert (shares <= 0.6).mean() == pytest.approx(0.6, abs=0.05)


def test_few_hypotheses_can_be_certified_and_seldom_falsely() -> None:
    """Perfect agreement of eight has a probability just above the error: unbroken, hardly any would be."""
    generator, criterion = np.random.default_rng(4), Criterion("KendallTau", 0.8, 0.95)

    def trusted(true_tau: float, studies: int) -> int:
        found = 0
        for _ in range(studies):
            reference, proxy = simulated_arms(generator, 8, true_tau=true_tau, noise=0.2)
            certificate = certify(reference, {"p": proxy}, criterion, (3,), 1, generator=generator, draws=500)["p"]
            found += certificate.decision == "Trusted"
        return found

    at_the_threshold, above = tries(150, quick=40), tries(100, quick=40)
    assert trusted(0.8, at_the_threshold) <= stats.binom.ppf(0.999, at_the_threshold, 0.05)
    assert trusted(0.95, above) >= 0.15 * above  # .3 are expected


def test_tau_of_normal_scores_is_widened_little_and_that_of_a_mixture_more() -> None:
    generator = np.random.default_rng(5)
    normal, mixture = [], []
    for _ in range(tries(200, quick=50)):
        reference, rest = generator.standard_normal((2, 60))
        normal.append(widenings(reference, 0.95 * reference + 0.3 * rest))
        # a sixth of the hypotheses have nothing in common
        stray = np.where(np.arange(60) < 10, rest, reference + 0.02 * rest)
        mixture.append(widenings(reference, stray))
    low, high = np.mean(normal, axis=0)
    assert 1 <= low < high < 1.1
    assert np.mean(mixture, axis=0)[0] > 1.5
    assert np.min(normal + mixture) >= 1


def test_perfect_agreement_is_not_widened() -> None:
    scores = np.arange(20.0)
    for count in (20, 3):
        assert np.array_equal(widenings(scores[:count], scores[:count]), [1.0, 1.0])


def test_of_several_studies_each_is_widened_by_itself() -> None:
    first, second = np.random.default_rng(3).standard_normal((2, 7, 25))
    together = np.array(widenings(first, first + second))
    assert together.shape == (2, 7)
    for at in range(7):
        assert np.allclose(together[:, at], widenings(first[at], first[at] + second[at]))
