from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import noisy_hypotheses
from builders.score_tables import noisy_scores, scores


def test_who_varies_four_times_as_much_is_named_with_how_much() -> None:
    values = noisy_scores([0.0] * 12, 1.0)
    values[5] *= 8
    found = noisy_hypotheses(scores(values))
    assert set(found) == {"h5"}
    assert found["h5"].times == pytest.approx(8, rel=0.4)
    assert found["h5"].bad_seed is None


@pytest.mark.parametrize("worse", [True, False])
def test_one_seed_that_stands_apart_is_named_with_its_side(worse: bool) -> None:
    values = noisy_scores([0.0] * 12, 1.0)
    values[5, 7] += -30 if worse else 30
    found = noisy_hypotheses(scores(values))
    assert set(found) == {"h5"}
    assert (found["h5"].bad_seed, found["h5"].is_worse) == (7, worse)


def test_equal_noise_names_hardly_anybody() -> None:
    generator = np.random.default_rng(0)
    named = sum(bool(noisy_hypotheses(scores(generator.standard_normal((19, 5))))) for _ in range(300))
    assert named / 300 < 0.04


def test_little_says_nothing() -> None:
    values = noisy_scores([0.0] * 12, 1.0)
    values[5] *= 20
    assert noisy_hypotheses(scores(values[:4])) == {}
    assert noisy_hypotheses(scores(values[:, :2])) == {}
    assert noisy_hypotheses(scores(np.zeros((12, 10)))) == {}
