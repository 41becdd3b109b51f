from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from assay.ranking import Comparison, ExampleErrors, Scores, compare_with_baseline, example_variances
from assay.ranking.sequential.example_errors import last_positions
from assay.ranking.sequential.futility import chance_of_decision
from assay.ranking.sequential.group_sequential import group_sequential_design
from builders.score_tables import after_seeds, noisy_scores, scores

NAMES = ("h1", "h2", "h3", "h4")
VALUES = noisy_scores([0.0, 0.3, -0.3, 0.0, 0.02], 0.02)


def everywhere(variance: float, seeds: int = 10) -> ExampleErrors:
    return ExampleErrors(dict.fromkeys(NAMES, (variance,) * seeds))


def compare(
    table: Scores, fresh: ExampleErrors | None, *, initial: int = 3, maximum: int = 10
) -> dict[str, Comparison]:
    found = compare_with_baseline(
        table, "h0", smallest_effect=0.1, confidence=0.95, initial=initial, maximum=maximum, fresh=fresh
    )
    return {one.hypothesis: one for one in found}


def test_what_seeds_do_not_change_is_the_variance_over_examples_over_their_number() -> None:
    of_examples = np.array([1.0, 0.0, 0.0, -1.0, 0.0])
    found = example_variances(np.tile(of_examples, (3, 1)), 5)
    np.testing.assert_allclose(found, of_examples.var(ddof=1) / 5)
    np.testing.assert_allclose(example_variances(np.tile(of_examples, (3, 1)), 500), found / 100)  # of which 5 are kept


def test_what_seeds_change_is_counted_once_and_as_noise_of_the_seeds() -> None:
    generator = np.random.default_rng(0)
    examples, between, within, studies = 200, 0.2, 0.5, 400
    found = np.mean(
        [
            example_variances(
                generator.normal(0, between, examples)
                + generator.normal(0, 0.1, (4, 1))  # what a seed changes in all examples
                + generator.normal(0, within, (4, examples)),
                examples,
            )
            for _ in range(studies)
        ],
        axis=0,
    )
    want = between**2 / examples
    assert found[0] == pytest.approx(want + within**2 / examples, rel=0.05)  # one seed can't tell the two apart
    assert found[1:] == pytest.approx([want] * 3, rel=0.2)


def test_it_is_never_below_0() -> None:
    generator = np.random.default_rng(1)
    found = [example_variances(generator.normal(0, 1, (3, 30)), 30) for _ in range(50)]
    assert np.min(found) == 0.0


def test_a_seed_counts_with_what_it_and_those_before_it_have_shown() -> None:
    table = scores(np.zeros((3, 4)))
    errors = ExampleErrors({"h0": (math.inf, 2.0, 1.0), "h1": (3.0,)})
    found = errors.at(table, np.array([[0, 1, 2, 3, -1]] * 3))
    assert found.tolist() == [
        [math.inf, 2.0, 1.0, 1.0, math.inf],
        [3.0, 3.0, 3.0, 3.0, math.inf],
        [math.inf] * 5,
    ]
    assert errors.first_seeds(2) == ExampleErrors({"h0": (math.inf, 2.0), "h1": (3.0,)})
    assert hash(errors.first_seeds(3)) == hash(errors)


def test_the_last_of_so_many_seeds_is_found_though_some_are_missing() -> None:
    present = np.array([[True, False, True, True], [False, False, True, False]])
    assert last_positions(present, np.array([[0, 1, 2, 3], [1, 2, 3, 4]])).tolist() == [[-1, 0, 2, 3], [2, -1, -1, -1]]


def test_where_examples_add_nothing_verdicts_are_as_they_are_without() -> None:
    assert compare(scores(VALUES), everywhere(0.0)) == compare(scores(VALUES), None)


def test_what_examples_add_widens_intervals_and_may_take_a_verdict() -> None:
    without, little, much = (compare(scores(VALUES), errors) for errors in (None, everywhere(1e-3), everywhere(0.1)))
    assert [each.verdict for each in without.values()] == ["Better", "Worse", "Equivalent", "Equivalent"]
    assert [each.verdict for each in little.values()] == ["Better", "Worse", "Inconclusive", "Inconclusive"]
    assert {each.verdict for each in much.values()} == {"Inconclusive"}
    for name, one in much.items():
        assert one.low is not None
        assert one.high is not None
        assert one.low < one.high - 4 * math.sqrt(0.1)
        assert one.is_futile, name
        assert not one.is_open
        assert one.limited_by_examples


def test_where_seeds_are_the_noise_more_examples_are_not_advised() -> None:
    noisy = scores(noisy_scores([0.0, 0.2, -0.2, 0.0, 0.1], 0.6))
    assert not any(each.limited_by_examples for each in compare(noisy, everywhere(1e-4)).values())


def test_a_hypothesis_whose_examples_are_not_known_has_no_interval_and_gets_no_seeds() -> None:
    known = everywhere(1e-4).variances
    partly = ExampleErrors({name: known[name] for name in NAMES if name != "h1"})
    found, without = compare(scores(VALUES), partly), compare(scores(VALUES), None)
    lost = found["h1"]
    assert (lost.verdict, lost.low, lost.high, lost.is_open) == ("Inconclusive", None, None, False)
    assert lost.difference is not None
    assert found["h2"].verdict == without["h2"].verdict == "Worse"


def test_where_what_lasts_is_not_known_nothing_is_ever_decided() -> None:
    design = group_sequential_design(3, 10)
    lasting = np.array([[1e-6], [np.inf]])
    errors, differences = np.sqrt(1e-4 + lasting), np.zeros((2, 8))
    chances = chance_of_decision(differences, errors, design.seeds, design, np.full(8, 3.0), 0.1, lasting=lasting)
    assert (chances[0, :-1] > 0.9).all()
    assert (chances[1] == 0).all()


def test_later_seeds_change_no_verdict_that_was_reached() -> None:
    variances = {name: tuple(1e-4 / (1 + seed) for seed in range(10)) for name in NAMES}
    for name, one in compare(scores(VALUES), ExampleErrors(variances)).items():
        if one.decided_at is not None:
            early = ExampleErrors({each: of_seeds[: one.decided_at] for each, of_seeds in variances.items()})
            assert compare(after_seeds(VALUES, one.decided_at), early)[name] == one


def test_one_look_that_was_fixed_beforehand_counts_them_too() -> None:
    table = scores(VALUES[:, :3])
    without, much = (compare(table, errors, maximum=3) for errors in (None, everywhere(0.1)))
    assert without["h1"].verdict == "Better"
    assert much["h1"].verdict == "Inconclusive"
    nothing = compare(table, ExampleErrors(), maximum=3)
    assert {(each.verdict, each.low) for each in nothing.values()} == {("Inconclusive", None)}


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_a_difference_on_fresh_examples_lies_in_its_interval_where_without_it_often_does_not(spread: float) -> None:
    generator, studies = np.random.default_rng(3), 60
    missed = {"with": 0, "without": 0}
    for _ in range(studies):
        truth = np.array([0.0, spread, -spread])
        ease = generator.normal(0, 1, (3, 100)) + 2 * generator.normal(0, 1, 100)
        correct = (ease[:, None, :] + generator.normal(0, 0.3, (3, 6, 100)) > -8 * truth[:, None, None]).astype(float)
        deviation = math.sqrt(1 + 4 + 0.09)
        true = np.array([0.5 * (1 + math.erf(8 * each / deviation / math.sqrt(2))) for each in truth])
        fresh = ExampleErrors(
            {f"h{row}": tuple(example_variances(correct[row] - correct[0], 100).tolist()) for row in (1, 2)}
        )
        for name, errors in (("with", fresh), ("without", None)):
            found = compare(scores(correct.mean(axis=2)), errors, maximum=6).values()
            missed[name] += any(
                each.low is not None and each.high is not None and not each.low <= want <= each.high
                for each, want in zip(found, true[1:] - true[0], strict=True)
            )
    assert missed["with"] <= 0.1 * studies
    assert missed["without"] >= 0.2 * studies


def test_comparisons_say_so_only_where_it_is_asked() -> None:
    assert all(replace(each, limited_by_examples=False) == each for each in compare(scores(VALUES), None).values())
