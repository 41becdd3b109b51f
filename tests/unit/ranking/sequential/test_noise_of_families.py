"""Seed noise that families share, in verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import Scores, compare_with_baseline
from assay.ranking.arrays import FloatArray
from assay.ranking.sequential.noise_of_families import noise_of_families

COUNT, FAMILIES, SEEDS = 36, 3, 10
NAMES = tuple(f"h{number}" for number in range(COUNT))
OF = tuple(str(number % FAMILIES) for number in range(COUNT))


def shared_noise(share: float, seed: int = 0) -> FloatArray:
    generator = np.random.default_rng(seed)
    of_family = generator.standard_normal((FAMILIES, SEEDS))[np.arange(COUNT) % FAMILIES]
    noise: FloatArray = np.sqrt(share) * of_family + np.sqrt(1 - share) * generator.standard_normal((COUNT, SEEDS))
    return noise


def table(share: float, families: tuple[str, ...] | None = OF, seed: int = 0) -> Scores:
    return Scores(NAMES, tuple(range(SEEDS)), shared_noise(share, seed), families)


def test_what_seeds_do_to_whole_families_counts_as_noise_and_is_known_less_well() -> None:
    found = [noise_of_families(table(0.8, seed=seed)) for seed in range(20)]
    times = [each.times for each in found if each]
    # a third of the shared part is lost with the seeds' effects
    assert np.mean(times) == pytest.approx(1 / (1 - 0.8 / 3), rel=0.1)
    assert all(each.degrees_of_freedom < 80 for each in found if each)


def test_families_that_share_nothing_change_little() -> None:
    found = noise_of_families(table(0.0))
    assert found is not None
    assert found.times < 1.05
    assert found.degrees_of_freedom > 200


@pytest.mark.parametrize("families", [None, NAMES, ("all",) * COUNT])
def test_without_families_or_with_a_single_one_noise_is_as_ever(families: tuple[str, ...] | None) -> None:
    assert noise_of_families(table(0.8, families)) is None


def test_intervals_are_wider_where_families_share_noise() -> None:
    def width(families: tuple[str, ...] | None) -> float:
        found = compare_with_baseline(
            table(0.8, families), "h0", smallest_effect=0.0, confidence=0.95, initial=3, maximum=10
        )
        return float(
            np.mean([each.high - each.low for each in found if each.high is not None and each.low is not None])
        )

    assert width(OF) > width(None)


def test_families_stay_with_their_hypotheses_in_parts_of_a_table() -> None:
    part = table(0.8).restricted(["h4", "h0"]).first_seeds(3)
    want = ("1", "0")
    assert part.families == want
    assert part != Scores(part.hypotheses, part.seeds, part.values)


def test_each_hypothesis_has_one_family() -> None:
    with pytest.raises(ValueError, match="families: 1, expected one of each of 36 hypotheses"):
        table(0.8, ("a",))


@pytest.mark.parametrize("unit", [1e-90, 1e100])
def test_the_unit_of_scores_does_not_matter(unit: float) -> None:
    want = table(0.8)
    found = noise_of_families(Scores(want.hypotheses, want.seeds, unit * want.values, want.families))
    assert found is not None
    assert found == pytest.approx(noise_of_families(want), rel=1e-6)
