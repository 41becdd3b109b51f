from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.ranking.paired_change import Change, mean_change


def test_the_interval_is_students() -> None:
    differences = np.array([0.1, np.nan, -0.2, 0.4, 0.05])
    found = mean_change(differences)
    want = stats.ttest_1samp(differences, 0.0, nan_policy="omit").confidence_interval(0.95)
    assert found is not None
    assert list(found) == pytest.approx([0.0875, want.low, want.high])


def test_one_pair_has_no_interval_and_none_no_change() -> None:
    assert mean_change(np.array([0.5, np.nan])) == Change(0.5)
    assert mean_change(np.array([np.nan])) is None
