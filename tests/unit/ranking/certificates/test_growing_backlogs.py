from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from assay.ranking import Certificate, Criterion, Decision, certify
from assay.ranking.certificates.certification import NOTHING_ELSE_TESTED
from assay.ranking.certificates.certification import TestedBefore as Before
from assay.ranking.certificates.growing_backlogs import MOST_WAVES, NO_BACKLOG, Backlog, Wave
from assay.ranking.certificates.holm import holm_adjusted
from assay.ranking.scores import Scores
from assay.ranking.true_orders.precision import TwoArmNoise
from builders.score_tables import simulated_arms

NOISE, NEAR = TwoArmNoise((0.2, 0.2)), 0.95
TAU = Criterion("KendallTau", 0.8, 0.95)


def after(backlog: Backlog, hypotheses: int, planned: Sequence[int] = (3,)) -> Wave:
    return Wave.after(backlog.waves[-1] if backlog.waves else None, hypotheses, planned, NOISE, NEAR)


def grown(sizes: Sequence[int], expected: int | None = None) -> Backlog:
    backlog = Backlog((), expected)
    for size in sizes:
        backlog = backlog.followed_by(after(backlog, size))
    return backlog


def ever_crossed(sizes: Sequence[int], expected: int | None, error: float) -> float:
    """Simulate how often a walk whose steps are hypotheses crosses at any of the looks."""
    walk = np.zeros(100_000)
    ever, backlog, before = np.zeros(len(walk), dtype=bool), Backlog((), expected), 0
    generator = np.random.default_rng(0)
    for size in sizes:
        walk += np.sqrt(size - before) * generator.standard_normal(len(walk))
        before, wave = size, after(backlog, size)
        ever |= walk / np.sqrt(size) > -scipy.special.ndtri(backlog.level(wave, error))
        backlog = backlog.followed_by(wave)
    return float(ever.mean())


@pytest.mark.parametrize(
    ("expected", "want"), [(None, 0.05 * (1 - 0.13 * 12 / 48)), (48, 0.9 * 0.05), (24, 0.05 * (1 - 0.1 * 24 / 48))]
)
def test_looks_at_a_growing_backlog_spend_what_they_may_and_no_more(expected: int | None, want: float) -> None:
    found = ever_crossed((12, 16, 24, 32, 48), expected, 0.05)
    assert want - 0.004 <= found <= want + 0.0015


def test_without_a_number_the_first_look_has_most_of_the_error_and_with_one_hardly_any() -> None:
    first = after(NO_BACKLOG, 12)
    assert NO_BACKLOG.level(first, 0.05) == pytest.approx(0.87 * 0.05)
    assert Backlog((), 48).level(first, 0.05) < 1e-4
    assert Backlog((), 12).level(first, 0.05) == pytest.approx(0.9 * 0.05)


@given(
    sizes=st.lists(st.integers(4, 500), min_size=1, max_size=6, unique=True).map(sorted),
    expected=st.none() | st.integers(2, 600),
    error=st.floats(0.001, 0.5),
)
def test_levels_and_overall_errors_are_inverse_to_each_other_and_no_level_is_above_its_error(
    sizes: list[int], expected: int | None, error: float
) -> None:
    backlog = grown(sizes[:-1], expected)
    spending, level = backlog.spending(after(backlog, sizes[-1])), backlog.level(after(backlog, sizes[-1]), error)
    assert 0 <= level <= error
    assert float(spending.nominal(error)) == pytest.approx(level, rel=0.05, abs=1e-5)
    if level > 1e-4:
        assert float(spending.overall(level)) == pytest.approx(error, rel=0.1)


def test_a_look_that_was_not_taken_spends_nothing() -> None:
    planned = after(NO_BACKLOG, 24, (3, 5, 7, 10))
    all_taken, one_taken = (Backlog((replace(planned, taken=taken),)) for taken in (4, 1))
    further = after(one_taken, 36, (3,))
    at_last = after(all_taken, 36, (10,))
    assert one_taken.level(further, 0.05) > 2 * all_taken.level(at_last, 0.05)


def test_more_seeds_of_the_same_hypotheses_spend_what_is_left() -> None:
    backlog = grown((24,))
    same, more = (after(backlog, 24, (seeds,)) for seeds in (3, 30))
    assert more.size > same.size == 24
    assert backlog.level(more, 0.05) > backlog.level(same, 0.05)


def test_the_next_look_is_at_a_tenth_more_hypotheses_or_at_the_expected_number() -> None:
    assert NO_BACKLOG.next_hypotheses() is None
    assert [grown((size,)).next_hypotheses() for size in (4, 12, 24, 100)] == [5, 14, 27, 110]
    assert [grown((size,), 48).next_hypotheses() for size in (24, 46, 48)] == [27, 48, 53]
    once = grown((4,)).waves
    assert Backlog(once * MOST_WAVES).next_hypotheses() is None


def judged(
    scores: tuple[Scores, Scores], backlog: Backlog, others: Before = NOTHING_ELSE_TESTED, seeds: int = 3
) -> Certificate:
    reference, proxy = scores
    later = {"a": 3} if backlog.waves else None
    generator = np.random.default_rng(1)
    return certify(
        reference,
        {"a": proxy},
        TAU,
        (3,),
        1,
        generator=generator,
        draws=1999,
        backlogs={"a": backlog},
        later=later,
        others=others,
    )["a"]


def test_the_same_scores_are_harder_to_certify_the_more_was_looked_at_before() -> None:
    arms = simulated_arms(np.random.default_rng(0), 36, true_tau=0.93, noise=0.1)
    at_once, later = judged(arms, NO_BACKLOG), judged(arms, grown((12, 16, 20, 24)))
    assert at_once.p_value is not None
    assert later.p_value is not None
    assert later.p_value > at_once.p_value
    assert (at_once.wave.hypotheses, later.wave.planned) == (36, (3,))


def test_a_certificate_and_its_interval_agree_at_a_later_look() -> None:
    assert set(get_args(Decision)) == {"Trusted", "NotTrusted", "Undecided"}
    decisions = set()
    for seed, tau in enumerate((0.3, 0.8, 0.97)):
        arms = simulated_arms(np.random.default_rng(seed), 48, true_tau=tau, noise=0.1)
        found = judged(arms, grown((12, 24)))
        assert found.low is not None
        assert found.high is not None
        decisions.add(found.decision)
        assert (found.decision == "Trusted") == (found.low >= 0.8)
        assert (found.decision == "NotTrusted") == (found.high < 0.8)
        assert (found.next_hypotheses is None) == (found.decision != "Undecided")
    assert decisions == set(get_args(Decision))


def test_the_advice_counts_on_what_is_left_of_the_error() -> None:
    arms = simulated_arms(np.random.default_rng(3), 24, true_tau=0.9, noise=0.2)
    found = [judged(arms, backlog) for backlog in (Backlog((), 120), NO_BACKLOG, grown((12, 16, 20)))]
    assert {each.decision for each in found} == {"Undecided"}
    needed = [each.needed_hypotheses or 10_000 for each in found]
    assert needed == sorted(needed)
    assert needed[0] < needed[-1]
    for each in found:
        assert each.next_hypotheses is not None
        assert each.needed_hypotheses is None or each.needed_hypotheses >= each.next_hypotheses


def test_proxies_that_were_other_tests_share_the_error() -> None:
    assert holm_adjusted(np.array([0.01, 0.02]), 2).tolist() == [0.04, 0.06]
    arms = simulated_arms(np.random.default_rng(0), 36, true_tau=0.93, noise=0.1)
    alone, beside = judged(arms, NO_BACKLOG), judged(arms, NO_BACKLOG, Before(3, 3))
    assert alone.p_value is not None
    assert beside.p_value is not None
    assert beside.p_value == pytest.approx(min(4 * alone.p_value, 1))
