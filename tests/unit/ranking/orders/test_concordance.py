"""The means that orders are made from: equal but for rounding is equal, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from assay.ranking.orders.concordance import rounded_means
from assay.ranking.scores import Scores


def an_arm(*rows: list[float]) -> Scores:
    return Scores(tuple(f"h{row}" for row in range(len(rows))), tuple(range(len(rows[0]))), np.array(rows))


@pytest.mark.parametrize("added", [0.0, 0.1, -1e6])
def test_equal_scores_in_another_order_have_equal_means(added: float) -> None:
    values = np.array([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2], [0.2, 0.3, 0.7], [0.4, 0.5, 0.6]]) + added
    first, second, third, fourth = rounded_means(an_arm(*values.tolist()))
    assert first == second == 0 < third < fourth == 1e9


def test_a_run_that_diverged_leaves_the_order_of_the_others() -> None:
    means = rounded_means(an_arm([0.3, 0.3], [0.1, 0.1], [1e12, 0.2], [0.2, 0.2], [0.2, 0.2]))
    assert means.tolist() == [2, 0, 1e9, 1, 1]


def test_a_constant_arm_has_no_order() -> None:
    assert rounded_means(an_arm([0.1, 0.3], [0.3, 0.1])).tolist() == [0, 0]
