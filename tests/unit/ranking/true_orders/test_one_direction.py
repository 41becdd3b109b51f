"""Noise that each hypothesis feels in its own measure."""

from __future__ import annotations

import numpy as np

from assay.ranking import Scores
from assay.ranking.true_orders.one_direction import has_one_direction, noise_of_means

COUNT = 36


def arm(*, luck: float, independent: float = 0.0, seeds: int = 3, seed: int = 0) -> Scores:
    """Return scores whose mean luck over the seeds is `luck`, of which hypotheses feel 0 to 1."""
    generator = np.random.default_rng(seed)
    feels = np.linspace(0, 1, COUNT)[generator.permutation(COUNT), None]
    of_seeds = np.linspace(-2, 2, seeds) + luck
    noise = feels * of_seeds + independent * generator.standard_normal((COUNT, seeds))
    return Scores(tuple(map(str, range(COUNT))), tuple(range(seeds)), generator.standard_normal((COUNT, 1)) + noise)


def test_only_noise_that_all_feel_alike_but_for_a_factor_has_one_direction() -> None:
    assert has_one_direction(arm(luck=0.0))
    assert not has_one_direction(arm(luck=0.0, independent=0.5))
    assert not has_one_direction(arm(luck=0.0, seeds=2))
    unmoved = np.repeat(np.arange(9.0)[:, None], 3, axis=1)
    assert not has_one_direction(Scores(tuple("abcdefghi"), (0, 1, 2), unmoved))


def test_luck_that_the_means_show_is_noise_however_little_the_seeds_say_of_it() -> None:
    lucky, usual = (
        noise_of_means(arm(luck=luck), arm(luck=luck, seed=1), np.random.default_rng(0), 500) for luck in (3.0, 0.0)
    )
    assert np.median(lucky.reference) > 0.2
    assert np.median(usual.reference) < 0.1
    assert all(((each >= 0) & (each < 1)).all() for each in (*lucky[:2], *usual[:2]))


def test_arms_whose_luck_has_the_same_sign_share_it() -> None:
    same = arm(luck=3.0)
    draws = noise_of_means(same, same, np.random.default_rng(0), 500)
    assert (draws.correlation > 0.99).mean() > 0.99


def test_arms_with_the_same_luck_are_drawn_together_and_those_with_luck_of_their_own_are_not() -> None:
    seeds = 12
    feels = np.linspace(0, 1, COUNT)[:, None]
    true = np.random.default_rng(0).standard_normal((2, COUNT, 1))
    of_reference = np.linspace(-2, 2, seeds)
    alike = []
    for of_proxy in (of_reference, of_reference**2 - np.mean(of_reference**2)):
        reference, proxy = (
            Scores(tuple(map(str, range(COUNT))), tuple(range(seeds)), scores + 2 * feels * luck)
            for scores, luck in zip(true, (of_reference, of_proxy), strict=True)
        )
        draws = noise_of_means(reference, proxy, np.random.default_rng(0), 2000)
        alike.append(float((np.sqrt(draws.reference) * np.sqrt(draws.proxy) * draws.correlation).mean()))
    together, apart = alike
    assert together > 0.01
    assert abs(apart) < together / 4
