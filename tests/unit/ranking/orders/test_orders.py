"""Ranks are scipy's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.ranking.orders.orders import average_ranks, lowest_ranks


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_ranks_with_ties(scores: list[int]) -> None:
    given_scores = np.array(scores, dtype=float)
    assert average_ranks(given_scores).tolist() == stats.rankdata(scores).tolist()
    assert lowest_ranks(given_scores).tolist() == stats.rankdata(scores, method="min").tolist()
