from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.ranking import BestSet, Scores, best_candidates, open_for_ranking, rank_intervals
from assay.ranking.sequential.all_pairs import pairs_look_by_look
from assay.ranking.sequential.group_sequential import group_sequential_design
from assay.ranking.sequential.moderated_noise import InitialNoise
from assay.ranking.sequential.paired_looks import PairedLooks
from builders.effort import tries
from builders.score_tables import after_seeds, noisy_scores, scores

NAN = np.nan
TABLES = st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=2, max_size=7)


def order(table: Scores, margin: float = 0.3, maximum: int = 10) -> frozenset[str]:
    return open_for_ranking(table, smallest_effect=margin, confidence=0.95, initial=3, maximum=maximum)


def best(table: Scores, margin: float = 0.3, maximum: int = 10) -> BestSet:
    return best_candidates(table, smallest_effect=margin, confidence=0.95, initial=3, maximum=maximum)


def with_holes(seed: int, hypotheses: int = 7, seeds: int = 8) -> Scores:
    generator = np.random.default_rng(seed)
    values = generator.standard_normal((hypotheses, seeds)) + generator.standard_normal((hypotheses, 1))
    values[generator.random(values.shape) < 0.2] = NAN
    return scores(values)


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_among_all_is_the_same_as_a_pair_alone(seed: int) -> None:
    table, design = with_holes(seed), group_sequential_design(3, 10)
    noise = InitialNoise.of(table, 3)
    assert noise is not None
    found = np.full((7, 7, 8), NAN)
    for pairs in pairs_look_by_look(table, design, noise):
        for i, row in enumerate(pairs.rows):
            for j, other in enumerate(pairs.rows):
                look = np.broadcast_to(pairs.look, pairs.differences.shape)[i, j]
                if row != other and not np.isnan(pairs.differences[i, j]):
                    found[row, other, look] = pairs.differences[i, j]
    for row in range(7):
        alone = PairedLooks.build(table, np.arange(7), row, design, noise).differences
        want = np.where(np.arange(7)[:, None] == row, NAN, alone)
        assert found[row] == pytest.approx(want, nan_ok=True)


def test_a_pairs_noise_lies_between_its_own_and_that_of_the_others() -> None:
    values = noisy_scores([0.0] * 12, 1.0, seeds=5)
    values[3] *= 4
    table, design = scores(values), group_sequential_design(3, 5)
    noise = InitialNoise.of(table, 3)
    assert noise is not None
    pairs = PairedLooks.build(table, np.array([3, 4]), 0, design, noise)
    own = np.var(values[[3, 4]] - values[0], axis=1, ddof=1)
    moderated = pairs.errors[:, -1] ** 2 * 5
    assert 2 * noise.variance < moderated[0] < own[0]
    # the noisier one is known with fewer degrees of freedom; at most those of the two together, and of two more seeds
    assert pairs.known[0, -1] < pairs.known[1, -1] <= (14 + 2) + (4 + 2) + 2


def test_everybody_is_open_before_the_first_look_and_nobody_after_the_last() -> None:
    values = noisy_scores([0.0, 0.1, 0.2, 0.3], 0.3)
    names = {"h0", "h1", "h2", "h3"}
    assert order(after_seeds(values, 2)) == best(after_seeds(values, 2)).open == names
    assert order(scores(values)) == best(scores(values)).open == frozenset()


def test_what_is_clear_needs_no_more_seeds() -> None:
    table = after_seeds(noisy_scores([0.0, 1.0, 2.0, 2.05], 0.02), 3)
    assert order(table) == frozenset()
    assert best(table).open == frozenset()
    assert set(best(table).candidates) <= {"h2", "h3"}


def test_the_whole_order_needs_seeds_of_those_whose_places_are_near() -> None:
    table = after_seeds(noisy_scores([0.0, 0.7, 5.0, 9.0], 0.25, seed=1), 3)
    assert order(table) == {"h0", "h1"}


def test_who_has_fewer_seeds_gets_the_next_one() -> None:
    values = noisy_scores([0.0, 0.7, 5.0, 9.0], 0.25, seed=1)
    assert order(after_seeds(values, [4, 3, 3, 3])) == {"h1"}
    assert order(after_seeds(values, [3, 4, 3, 3])) == {"h0"}


def test_the_best_needs_seeds_of_the_leader_and_of_those_near_it_only() -> None:
    values = noisy_scores([2.0, 1.8, 1.5, -3.0, -3.0, -3.1], 0.6, seed=3)
    found = best(after_seeds(values, 3))
    assert found.open <= {"h0", "h1", "h2"}
    assert len(found.open) >= 2
    assert set(found.candidates) <= {"h0", "h1", "h2"}
    assert set(found.candidates) >= found.open


def test_a_challenger_that_can_win_little_is_left_aside() -> None:
    values = noisy_scores([2.0, 1.99, 1.98, 0.0], 0.1, seed=3)
    assert best(after_seeds(values, 3), margin=0.01).open
    assert best(after_seeds(values, 3), margin=2.0).open == frozenset()
    assert len(best(after_seeds(values, 3), margin=2.0).candidates) > 1


def test_hypotheses_without_scores_are_open_and_no_candidates() -> None:
    values = noisy_scores([2.0, 1.0, 0.0, 1.0], 0.05)
    values[3] = NAN
    assert best(scores(values)) == BestSet(("h0",), frozenset({"h3"}))
    assert order(scores(values)) == {"h3"}


def test_without_known_noise_all_may_be_the_best() -> None:
    constant = after_seeds(np.tile([[0.1], [0.2], [0.3]], 10), 3)
    assert best(constant) == BestSet(("h0", "h1", "h2"), frozenset())
    assert order(constant) == frozenset()
    assert best(scores(np.empty((0, 3)))) == BestSet((), frozenset())


@given(values=TABLES, counts=st.lists(st.integers(3, 5), min_size=7, max_size=7), shift=st.sampled_from([-64.0, 32.0]))
@settings(max_examples=tries(30, quick=10))
def test_names_order_and_level_do_not_matter(values: list[list[int]], counts: list[int], shift: float) -> None:
    table = after_seeds(np.array(values, dtype=float), counts[: len(values)])
    turned, moved = table.restricted(reversed(table.hypotheses)), scores(table.values + shift)
    assert order(table, 1.0, 5) == order(turned, 1.0, 5) == order(moved, 1.0, 5)
    found = best(table, 1.0, 5)
    for other in (best(turned, 1.0, 5), best(moved, 1.0, 5)):
        assert set(other.candidates) == set(found.candidates)
        assert other.open == found.open
    # mirrored scores have the same pairs
    assert order(scores(-table.values), 1.0, 5) == order(table, 1.0, 5)


@given(values=TABLES)
@settings(max_examples=tries(30, quick=10))
def test_who_was_surely_better_stays_so(values: list[list[int]]) -> None:
    table = np.array(values, dtype=float)
    low, high = np.ones(len(table)), np.full(len(table), len(table))
    for seeds in range(1, 6):
        found = rank_intervals(after_seeds(table, seeds), 0.9, initial=3, maximum=5)
        now = np.array([[one.low, one.high] for one in found], dtype=float).T
        assert (now[0] >= low).all()
        assert (now[1] <= high).all()
        low, high = now
        for one in found:
            assert one.low == 1 or not one.may_be_best


def test_places_hold_although_seeds_went_where_they_seemed_to_be_needed() -> None:
    generator = np.random.default_rng(3)
    studies, excluded, beaten = 120, 0, 0
    for _ in range(studies):
        values = generator.standard_normal((10, 6))
        counts = np.full(10, 3)
        for _ in range(3):
            wanted = best(after_seeds(values, list(counts)), maximum=6).open
            counts += [f"h{row}" in wanted for row in range(10)]
        found = rank_intervals(after_seeds(values, list(counts)), 0.95, initial=3, maximum=6)
        excluded += any((one.low, one.high) != (1, 10) for one in found)
        beaten += not found[0].may_be_best
    assert excluded / studies <= stats.binom.ppf(0.999, studies, 0.05) / studies
    assert beaten / studies <= stats.binom.ppf(0.999, studies, 0.05) / studies


def test_a_score_has_the_interval_that_holds_at_all_looks() -> None:
    values = noisy_scores([0.0, 1.0, 2.0, 3.0], 0.5)
    fixed = rank_intervals(after_seeds(values, 5), 0.95)
    looking = rank_intervals(after_seeds(values, 5), 0.95, initial=3, maximum=10)
    early = rank_intervals(after_seeds(values, 2), 0.95, initial=3, maximum=10)
    for one, other in zip(fixed, looking, strict=True):
        assert one.score == other.score
        assert one.score_low is not None
        assert other.score_low is not None
    assert np.mean([(one.score or 0) - (one.score_low or 0) for one in looking]) > np.mean(
        [(one.score or 0) - (one.score_low or 0) for one in fixed]
    )
    assert {one.score_low for one in early} == {None}
    assert {(one.low, one.high, one.may_be_best) for one in early} == {(1, 4, True)}


def test_one_look_tells_who_may_be_the_best() -> None:
    table = scores(noisy_scores([0.0, 3.0, 2.98, 1.0], 0.1, seeds=4, seed=2))
    found = rank_intervals(table, 0.95)
    assert [one.may_be_best for one in found] == [False, True, True, False]
    assert best_candidates(table, smallest_effect=0.3, confidence=0.95, initial=4, maximum=4) == BestSet(
        ("h1", "h2"), frozenset()
    )


@pytest.mark.parametrize("question", [open_for_ranking, best_candidates])
def test_values_out_of_range_are_refused(question: Callable[..., object]) -> None:
    table = scores(noisy_scores([0.0, 1.0], 0.1))
    with pytest.raises(ValueError, match="confidence: 95"):
        question(table, smallest_effect=0.1, confidence=95, initial=3, maximum=10)
    with pytest.raises(ValueError, match="smallest_effect: -1"):
        question(table, smallest_effect=-1, confidence=0.95, initial=3, maximum=10)
    with pytest.raises(ValueError, match="initial, maximum: 3, 2"):
        question(table, smallest_effect=0.1, confidence=0.95, initial=3, maximum=2)
