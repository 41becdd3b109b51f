from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from assay.ranking import Scores, balanced
from assay.ranking.arrays import FloatArray
from builders.score_tables import scores

NAN = np.nan


def test_cells_without_a_score_are_nan_and_other_hypotheses_are_left_aside() -> None:
    table = Scores.build(("a", "b"), (0, 1), {("a", 0): 0.3, ("b", 1): 0.1, ("elsewhere", 0): 9.0})
    assert_allclose(table.values, [[0.3, NAN], [NAN, 0.1]])


def test_an_empty_table_has_no_noise_and_no_means() -> None:
    table = Scores.build((), (), {})
    assert table.values.shape == (0, 0)
    assert table.noise is None
    assert len(table.means) == 0
    assert balanced(table, table)[0].hypotheses == ()


def test_means_and_counts_are_over_the_seeds_that_have_a_score() -> None:
    table = scores([[1.0, 3.0, NAN], [NAN, NAN, NAN], [2.0, 2.0, 5.0]])
    assert_allclose(table.means, [2.0, NAN, 3.0])
    assert table.counts.tolist() == [2, 0, 3]


def test_noise_is_the_residual_variance_of_the_two_way_layout() -> None:
    values = np.random.default_rng(0).standard_normal((7, 4))
    residuals = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    noise = scores(values).noise
    assert noise is not None
    assert noise.degrees_of_freedom == 18
    assert noise.variance == pytest.approx((residuals**2).sum() / 18)


def test_with_missing_cells_noise_is_that_of_the_least_squares_fit() -> None:
    generator = np.random.default_rng(1)
    values = generator.standard_normal((6, 4))
    values[0, 1] = values[3, 2] = values[3, 3] = NAN
    row, column = np.nonzero(~np.isnan(values))
    design = np.hstack([np.eye(6)[row], np.eye(4)[column]])
    _, _, rank, _ = np.linalg.lstsq(design, values[row, column])
    fit = design @ np.linalg.lstsq(design, values[row, column])[0]
    noise = scores(values).noise
    assert noise is not None
    assert noise.degrees_of_freedom == len(row) - rank
    assert noise.variance == pytest.approx(((values[row, column] - fit) ** 2).sum() / (len(row) - rank))


def test_who_lacks_a_hard_seed_gains_nothing_by_it() -> None:
    hard_seed: FloatArray = np.array([0.0, 0.0, -1.0])
    values = np.array([[0.5], [0.6], [0.7]]) + hard_seed
    values[0, 2] = NAN
    table = scores(values)
    assert table.means.argmax() == 0
    assert_allclose(np.diff(table.adjusted_means), [0.1, 0.1])


def test_scores_that_no_seed_changes_have_no_noise() -> None:
    table = scores(np.repeat([[0.1], [0.7], [1e6]], 3, axis=1))
    assert table.noise is not None
    assert table.noise.variance == 0
    assert table.cautious_variances is None


def test_one_seed_has_no_noise_estimate() -> None:
    assert scores([[1.0], [2.0]]).noise is None


@pytest.mark.parametrize(
    ("missing", "want_hypotheses", "want_seeds"),
    [
        pytest.param([], 6, 3, id="nothing missing"),
        pytest.param([(0, 0), (0, 1), (0, 2)], 5, 3, id="a hypothesis that always fails is left out"),
        pytest.param([(4, 2)], 5, 3, id="so is one that failed once, as a seed of all the others is worth more"),
        pytest.param([(row, 2) for row in range(1, 6)], 6, 2, id="a seed that has just begun is left aside"),
        pytest.param([(row, 0) for row in range(6)], 6, 2, id="a seed without any score is left aside"),
        pytest.param([(row, seed) for row in range(6) for seed in range(3)], 0, 0, id="nothing there"),
    ],
)
def test_the_balanced_block_keeps_most_comparisons(
    missing: list[tuple[int, int]], want_hypotheses: int, want_seeds: int
) -> None:
    values = np.random.default_rng(2).standard_normal((6, 3))
    holed = values.copy()
    for cell in missing:
        holed[cell] = NAN
    first, second = balanced(scores(values), scores(holed))
    assert first.hypotheses == second.hypotheses
    assert first.seeds == second.seeds
    assert not np.isnan(second.values).any()
    assert len(first.hypotheses) == want_hypotheses
    assert want_hypotheses == 0 or len(first.seeds) == want_seeds


def test_a_name_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"no hypothesis 'baselin'.*did you mean 'baseline'"):
        scores([[1.0], [2.0]], ("baseline", "other")).row("baselin")


@pytest.mark.parametrize(
    ("hypotheses", "values", "want"),
    [
        (("a",), [[1.0], [2.0]], "shape"),
        (("a", "a"), [[1.0], [2.0]], "once"),
        (("a", "b"), [[1.0], [np.inf]], "finite"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    hypotheses: tuple[str, ...], values: list[list[float]], want: str
) -> None:
    with pytest.raises(ValueError, match=want):
        Scores(hypotheses, (0,), np.array(values))


def test_the_table_is_a_copy_that_cannot_be_written() -> None:
    values = np.ones((2, 2))
    table = scores(values)
    values[0, 0] = 5.0
    assert table.values[0, 0] == 1.0
    assert not table.values.flags.writeable
