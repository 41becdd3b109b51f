from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.ranking import Comparison, Scores, compare_with_baseline, rank_intervals
from assay.ranking.sequential.critical_values import dunnett_critical_value, tukey_critical_value
from builders.score_tables import scores

NAN = np.nan
SMALL_TABLES = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=8)


def compare(table: Scores, smallest_effect: float = 0.0, family_wise: bool = True) -> dict[str, Comparison]:
    found = compare_with_baseline(
        table, "h0", smallest_effect=smallest_effect, confidence=0.95, family_wise=family_wise
    )
    return {comparison.hypothesis: comparison for comparison in found}


def noisy(means: list[float], noise: float, seeds: int = 3, seed: int = 0) -> Scores:
    generator = np.random.default_rng(seed)
    return scores(np.array(means)[:, None] + noise * generator.standard_normal((len(means), seeds)))


@pytest.mark.parametrize("family_wise", [True, False])
def test_clear_differences_get_the_verdict_they_deserve(family_wise: bool) -> None:
    found = compare(noisy([0.5, 0.6, 0.4, 0.5], 0.001), 0.01, family_wise)
    assert [found[name].verdict for name in ("h1", "h2", "h3")] == ["Better", "Worse", "Equivalent"]
    assert found["h1"].difference == pytest.approx(0.1, abs=0.005)
    assert list(found) == ["h1", "h2", "h3"]


def test_equivalent_wins_over_better() -> None:
    table = noisy([0.5, 0.51, 0.49], 0.0005)
    assert [one.verdict for one in compare(table, 0.0).values()] == ["Better", "Worse"]
    assert [one.verdict for one in compare(table, 0.02).values()] == ["Equivalent", "Equivalent"]


def test_noise_leaves_differences_inconclusive() -> None:
    assert {one.verdict for one in compare(noisy([0.5, 0.51, 0.52], 0.1)).values()} == {"Inconclusive"}


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([[1.0], [2.0]], id="one seed"),
        pytest.param([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], id="all equal"),
        pytest.param([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], id="no seed changes anything"),
        pytest.param([[1.0, 1.2, NAN], [NAN, 2.2, 2.0]], id="one seed in common"),
        pytest.param([[1.0, 1.2, NAN], [NAN, NAN, 2.0]], id="none in common"),
        pytest.param([[NAN, NAN], [1.0, 1.1]], id="a baseline that failed"),
    ],
)
def test_where_the_noise_is_not_known_there_is_no_interval(values: list[list[float]]) -> None:
    found = compare(scores(values))["h1"]
    assert (found.low, found.high, found.verdict) == (None, None, "Inconclusive")


def test_a_missing_cell_costs_its_own_hypothesis_only_a_seed() -> None:
    values = noisy([0.5, 0.6, 0.7], 0.01).values.copy()
    values[1, 2] = NAN
    found = compare(scores(values))
    assert (found["h1"].seeds, found["h2"].seeds) == (2, 3)
    assert found["h1"].difference == pytest.approx((values[1, :2] - values[0, :2]).mean())
    assert found["h1"].verdict == found["h2"].verdict == "Better"


def test_a_noisy_hypothesis_has_a_wider_interval_than_the_pooled_noise_gives() -> None:
    values = noisy([0.5] * 8, 0.01, seeds=5).values.copy()
    values[3] += np.array([0.2, -0.2, 0.1, -0.1, 0.0])
    found = compare(scores(values))
    widths = {name: one.high - one.low for name, one in found.items() if one.high is not None and one.low is not None}
    assert widths["h3"] > 1.5 * np.median(list(widths.values()))


def test_a_comparison_of_two_is_the_paired_t_test() -> None:
    values = np.random.default_rng(1).standard_normal((2, 6))
    found = compare(scores(values))["h1"]
    want = stats.ttest_rel(values[1], values[0]).confidence_interval(0.95)
    assert found.low == pytest.approx(want.low)
    assert found.high == pytest.approx(want.high)


def test_false_discovery_finds_what_benjamini_and_hochberg_find() -> None:
    table = noisy([0.0, *np.linspace(0.0, 3.0, 12)], 0.5, seed=4)
    found = compare(table, family_wise=False)
    noise, variances = table.noise, table.cautious_variances
    assert noise is not None
    assert variances is not None
    t = (table.means[1:] - table.means[0]) / np.sqrt((variances[1:] + variances[0]) / 3)
    p_values = 2 * stats.t.sf(np.abs(t), noise.degrees_of_freedom)
    want = stats.false_discovery_control(p_values) <= 0.05
    assert want.any()
    assert not want.all()
    assert [one.verdict != "Inconclusive" for one in found.values()] == want.tolist()


def test_any_false_verdict_is_as_rare_as_stated() -> None:
    generator = np.random.default_rng(2)
    studies, false = 300, 0
    for _ in range(studies):
        # seed effects are common to all and must cancel
        values = 0.01 * generator.standard_normal((16, 3)) + generator.standard_normal(3)
        false += any(one.verdict != "Inconclusive" for one in compare(scores(values)).values())
    assert false / studies <= stats.binom.ppf(0.999, studies, 0.05) / studies


@given(SMALL_TABLES)
def test_mirrored_scores_have_mirrored_verdicts(values: list[list[int]]) -> None:
    table = scores(values)
    mirrored = compare(scores(-table.values))
    opposite = {"Better": "Worse", "Worse": "Better"}
    for name, one in compare(table, 0.5).items():
        other = mirrored[name] if one.verdict != "Equivalent" else compare(scores(-table.values), 0.5)[name]
        if one.verdict in opposite:
            assert other.verdict == opposite[one.verdict]
        if one.low is not None and other.high is not None:
            assert one.low == pytest.approx(-other.high)


def test_an_unknown_baseline_and_values_out_of_range_are_refused() -> None:
    table = noisy([0.0, 1.0], 0.1)
    with pytest.raises(KeyError, match="did you mean"):
        compare_with_baseline(table, "h00", smallest_effect=0.0, confidence=0.95)
    with pytest.raises(ValueError, match="smallest_effect: -1"):
        compare_with_baseline(table, "h0", smallest_effect=-1, confidence=0.95)
    with pytest.raises(ValueError, match="confidence: 95"):
        compare_with_baseline(table, "h0", smallest_effect=0, confidence=95)
    with pytest.raises(ValueError, match="confidence: 95"):
        rank_intervals(table, 95)


@pytest.mark.parametrize(("groups", "degrees_of_freedom"), [(2, 3), (3, 10), (16, 30), (36, 70)])
def test_tukeys_value_is_scipys_studentized_range(groups: int, degrees_of_freedom: int) -> None:
    found = tukey_critical_value(groups, degrees_of_freedom, 0.95)
    assert stats.studentized_range.cdf(found * np.sqrt(2), groups, degrees_of_freedom) == pytest.approx(0.95, abs=1e-5)


def test_dunnetts_value_is_the_one_of_the_tables() -> None:
    # Dunnett 1964, two-sided, 95 %
    assert dunnett_critical_value(4, 20, 0.95) == pytest.approx(2.65, abs=0.005)
    assert dunnett_critical_value(9, 60, 0.95) == pytest.approx(2.77, abs=0.005)
    assert dunnett_critical_value(1, 7, 0.99) == pytest.approx(stats.t.ppf(0.995, 7), abs=1e-5)


def test_ranks_are_certain_where_the_noise_is_small_and_open_where_it_is_not() -> None:
    certain = rank_intervals(noisy([0.1, 0.3, 0.2], 0.001), 0.95)
    assert [(one.rank, one.low, one.high) for one in certain] == [(3, 3, 3), (1, 1, 1), (2, 2, 2)]
    open_ranks = rank_intervals(noisy([0.1, 0.3, 0.2], 1.0), 0.95)
    assert {(one.low, one.high) for one in open_ranks} == {(1, 3)}


def test_a_hypothesis_without_scores_has_no_rank_and_one_seed_leaves_every_rank_open() -> None:
    found = rank_intervals(scores([[1.0], [NAN], [2.0], [2.0]]), 0.95)
    assert [one.rank for one in found] == [3, None, 1, 1]
    assert [(one.low, one.high) for one in found] == [(1, 3), (None, None), (1, 3), (1, 3)]
    assert found[0].score == 1.0
    assert found[0].score_low is None
    assert rank_intervals(scores(np.empty((0, 2))), 0.95) == ()


@given(SMALL_TABLES)
def test_rank_intervals_hold_the_rank_and_do_not_depend_on_order_or_level(values: list[list[int]]) -> None:
    table = scores(values)
    found = rank_intervals(table, 0.9)
    for one in found:
        assert one.low is not None
        assert one.rank is not None
        assert one.high is not None
        assert 1 <= one.low <= one.rank <= one.high <= len(values)
    moved = rank_intervals(scores(table.values + np.array([64.0, 0.0, 32.0])), 0.9)
    turned = rank_intervals(table.restricted(reversed(table.hypotheses)), 0.9)
    for other in (moved, tuple(reversed(turned))):
        assert [(one.low, one.high) for one in other] == [(one.low, one.high) for one in found]


def test_places_are_excluded_falsely_as_rarely_as_stated() -> None:
    generator = np.random.default_rng(3)
    studies, false = 300, 0
    for _ in range(studies):
        found = rank_intervals(scores(generator.standard_normal((12, 3))), 0.95)
        false += any((one.low, one.high) != (1, 12) for one in found)
    assert false / studies <= stats.binom.ppf(0.999, studies, 0.05) / studies
