"""Families of hypotheses: who is kin, what families explain, and what they are worth."""

from __future__ import annotations

import numpy as np
import pytest

from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.families import Families
from assay.ranking.orders.concordance import rounded_means
from assay.ranking.true_orders.clustered_draws import clustered_draws
from assay.ranking.true_orders.disagreement import observed_disagreement, standing_apart
from assay.ranking.true_orders.kin import Kin, families_among
from assay.ranking.true_orders.shared_noise import independent_hypotheses
from assay.ranking.true_orders.true_correlation import NoiseDraws

COUNT, SIZE = 8, 4
NAMES = tuple(f"h{number}" for number in range(COUNT * SIZE))
BY_FAMILY = tuple((name, str(number // SIZE)) for number, name in enumerate(NAMES))
BY_CHANCE = tuple((name, str(number % COUNT)) for number, name in enumerate(NAMES))


def arm(values: FloatArray) -> Scores:
    return Scores(NAMES[: len(values)], tuple(range(values.shape[1])), values)


def two_arms(of_family: float = 0.0, shared_noise: float = 0.0, seeds: int = 3) -> tuple[Scores, Scores]:
    """Return a reference and a proxy that misjudges families by `of_family`, and hypotheses by .2."""
    generator = np.random.default_rng(5)
    count = len(NAMES)
    own = generator.standard_normal(count)
    wrong = of_family * np.repeat(generator.standard_normal(COUNT), SIZE) + 0.2 * generator.standard_normal(count)
    arms = []
    for true in (own, own + wrong):
        noise = 0.2 * generator.standard_normal((count, seeds))
        shared = shared_noise * np.repeat(generator.standard_normal((COUNT, seeds)), SIZE, axis=0)
        arms.append(arm(true[:, None] + noise + shared))
    return arms[0], arms[1]


def found_among(candidates: list[Kin], arms: tuple[Scores, Scores]) -> Families | None:
    left = observed_disagreement(*map(rounded_means, arms))
    return families_among(candidates, *arms, left)


def test_who_has_no_family_is_one_of_its_own() -> None:
    families = Kin("label", (("a", "x"), ("b", "x"), ("c", "d"))).families(["d", "a", "b", "c", "e"])
    want_of = [0, 1, 1, 2, 3]
    assert families.of.tolist() == want_of


@pytest.mark.parametrize(("of_family", "shared_noise"), [(0.6, 0.0), (0.0, 0.6)])
def test_the_key_that_explains_a_disagreement_or_the_seeds_is_found(of_family: float, shared_noise: float) -> None:
    arms = two_arms(of_family, shared_noise)
    found = found_among([Kin("width", BY_CHANCE), Kin("family", BY_FAMILY)], arms)
    assert found is not None
    assert found.name == "family"


def test_keys_that_explain_nothing_are_left_aside() -> None:
    assert found_among([Kin("width", BY_CHANCE), Kin("family", BY_FAMILY)], two_arms()) is None


def test_a_declared_family_needs_no_evidence_and_comes_before_keys() -> None:
    found = found_among([Kin("family", BY_FAMILY), Kin("team", BY_CHANCE, declared=True)], two_arms(of_family=0.6))
    assert found is not None
    assert found.name == "team"


def test_what_is_sorted_alike_is_tried_once() -> None:
    arms = two_arms(of_family=0.6)
    again = [Kin(f"again{number}", BY_FAMILY) for number in range(10_000)]
    found = found_among([Kin("family", BY_FAMILY), *again], arms)
    assert found is not None
    assert found.name == "family"


def test_families_are_worth_between_their_number_and_that_of_the_hypotheses() -> None:
    families = Kin("family", BY_FAMILY).families(NAMES)
    worth = {
        of_family: families.effective_hypotheses(
            observed_disagreement(*map(rounded_means, two_arms(of_family=of_family)))
        )
        for of_family in (0.0, 0.6)
    }
    assert COUNT <= worth[0.6] < COUNT + 6
    assert 20 < worth[0.0] <= len(NAMES)


def test_simulated_families_share_the_more_of_a_disagreement_the_more_was_observed() -> None:
    arms = two_arms(of_family=0.6)
    families = Kin("family", BY_FAMILY).families(NAMES)
    left = observed_disagreement(*map(rounded_means, arms))
    draws, shared = clustered_draws(rounded_means(arms[0]), left, families, np.random.default_rng(0), 300)
    assert draws.hypotheses == len(NAMES)
    assert 0.5 < np.median(shared) < 0.99
    _, nothing_shared = clustered_draws(
        rounded_means(arms[0]),
        np.random.default_rng(1).standard_normal(len(NAMES)),
        families,
        np.random.default_rng(0),
        300,
    )
    assert np.median(nothing_shared) < 0.6 * np.median(shared)


def test_hundreds_of_hypotheses_are_simulated_by_some_of_them() -> None:
    generator = np.random.default_rng(0)
    families = Families("family", np.arange(600) % 60)
    draws, _ = clustered_draws(generator.standard_normal(600), generator.standard_normal(600), families, generator, 5)
    want_simulated = 150
    assert draws.hypotheses == want_simulated


def test_noise_by_the_sensitivity_of_each_is_worth_one_hypothesis() -> None:
    generator = np.random.default_rng(0)
    noise = generator.standard_normal((30, 1)) * generator.standard_normal((1, 4))
    assert independent_hypotheses(arm_residuals(noise)) == pytest.approx(1.0, abs=0.3)


def test_independent_noise_is_worth_all() -> None:
    noise = np.random.default_rng(0).standard_normal((30, 4))
    want_all = 29
    assert independent_hypotheses(arm_residuals(noise)) == want_all


def test_two_seeds_show_shared_noise_by_families_alone() -> None:
    reference, _ = two_arms(shared_noise=0.6, seeds=2)
    families = Kin("family", BY_FAMILY).families(NAMES)
    want_all = len(NAMES) - 1
    assert independent_hypotheses(reference.residuals) == want_all
    assert independent_hypotheses(reference.residuals, families) < 12


def arm_residuals(noise: FloatArray) -> FloatArray:
    return Scores(tuple(map(str, range(len(noise)))), tuple(range(noise.shape[1])), noise).residuals


def test_realised_noise_of_many_is_what_is_expected_and_of_one_may_be_anything() -> None:
    def spread(independent: float) -> float:
        draws = NoiseDraws.shared((independent, independent), 36, 3, np.random.default_rng(0), 2000)
        assert draws.realised is not None
        first, _, _ = draws.realised.of(np.zeros((2000, 1)))
        assert first.mean() == pytest.approx(1.0, abs=0.15)
        return float(first.std())

    assert spread(34.9) < 0.05
    assert spread(1.0) > 1.0


def blind_for(rows: list[int], noise: float = 0.02) -> tuple[Scores, Scores]:
    generator = np.random.default_rng(3)
    own = np.linspace(-2, 2, 32)
    proxy = own + 0.1 * generator.standard_normal(32)
    proxy[rows] = -proxy[rows]
    return arm(own[:, None] + noise * generator.standard_normal((32, 3))), arm(
        proxy[:, None] + noise * generator.standard_normal((32, 3))
    )


def test_who_is_put_elsewhere_stands_apart_the_farthest_first() -> None:
    want_apart = (1, 28)
    assert standing_apart(*blind_for([28, 1])) == want_apart


def test_nobody_stands_apart_where_all_disagree_alike() -> None:
    assert standing_apart(*two_arms()) == ()


def test_what_seeds_explain_does_not_stand_apart() -> None:
    reference, proxy = blind_for([1])
    noisy = np.array(proxy.values)
    noisy[1] += np.array([-6.0, 0.0, 6.0])
    assert standing_apart(reference, arm(noisy)) == ()


def test_the_disagreement_of_equal_orders_is_that_of_their_scores() -> None:
    scores = np.array([0.0, 1.0, 2.0, 4.0])
    assert observed_disagreement(scores, 2 * scores) == pytest.approx(np.zeros(4), abs=1e-12)
    assert np.abs(observed_disagreement(scores, scores**2)).max() > 0.1
