from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import Scores
from assay.ranking.screening.expected_scores import NEAREST, expected_scores
from builders.score_tables import scores, simulated_arms

CALIBRATION = tuple(f"h{index}" for index in range(30))
NEW = tuple(f"h{index}" for index in range(30, 40))


def test_a_proxy_that_is_a_line_of_the_reference_gives_its_scores() -> None:
    truth = np.random.default_rng(0).standard_normal(40)
    proxy = scores((3 * truth - 1)[:, None] + np.zeros(3))
    found = expected_scores(scores(truth[:, None] + np.zeros(3)), proxy, CALIBRATION, NEW)
    assert [each.hypothesis for each in found] == list(NEW)
    assert [each.score for each in found] == pytest.approx(list(truth[30:]))
    assert all(each.half_width(0.05) < 1e-9 for each in found)


def test_what_the_screened_score_at_the_reference_changes_nothing() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(1), 40, true_tau=0.8, noise=0.2)
    known = np.where(np.arange(40)[:, None] < 30, reference.values, np.nan)
    hidden = Scores(reference.hypotheses, reference.seeds, known)
    assert expected_scores(reference, proxy, CALIBRATION, NEW) == expected_scores(hidden, proxy, CALIBRATION, NEW)


def test_the_intervals_hold_the_true_scores() -> None:
    generator, missed, count = np.random.default_rng(2), 0, 0
    for _ in range(100):
        truth = generator.standard_normal(40)
        noise, other = generator.standard_normal((2, 40, 3))
        proxy = scores((0.9 * truth + 0.3 * generator.standard_normal(40))[:, None] + 0.2 * other)
        for each in expected_scores(scores(truth[:, None] + 0.2 * noise), proxy, CALIBRATION, NEW):
            missed += abs(each.score - truth[int(each.hypothesis[1:])]) > each.half_width(0.05)
            count += 1
    assert count == 1000
    assert missed <= 50


def test_where_the_arms_disagree_more_the_interval_is_wider() -> None:
    generator = np.random.default_rng(3)
    truth = np.linspace(0, 1, 40)
    off = np.where(truth > 0.5, 0.2, 0.01) * generator.standard_normal(40)
    order = generator.permutation(40)
    reference, proxy = (scores(values[order][:, None] + np.zeros(2)) for values in (truth + off, truth))
    found = {each.hypothesis: each.deviation for each in expected_scores(reference, proxy, CALIBRATION, NEW)}
    upper = [deviation for name, deviation in found.items() if truth[order][int(name[1:])] > 0.6]
    lower = [deviation for name, deviation in found.items() if truth[order][int(name[1:])] < 0.4]
    assert np.mean(upper) > 1.2 * np.mean(lower)


def test_too_few_hypotheses_or_a_constant_proxy_give_no_expectation() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(4), 40, true_tau=0.8, noise=0.2)
    assert expected_scores(reference, proxy, CALIBRATION[: NEAREST - 1], NEW) == ()
    assert expected_scores(reference, scores(np.ones((40, 3))), CALIBRATION, NEW) == ()


def test_who_has_no_score_on_the_proxy_has_no_expectation() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(5), 40, true_tau=0.8, noise=0.2)
    values = proxy.values.copy()
    values[35] = np.nan
    found = expected_scores(reference, Scores(proxy.hypotheses, proxy.seeds, values), CALIBRATION, NEW)
    assert [each.hypothesis for each in found] == [name for name in NEW if name != "h35"]
