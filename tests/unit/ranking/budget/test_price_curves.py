"""What a policy reaches for its price: steps of single runs, and their spread."""

from __future__ import annotations

import math

import numpy as np

from assay.ranking.budget.price_curves import PriceCurve, PricedRun


def a_run(*purchases: tuple[float, float, float]) -> PricedRun:
    """A run from its purchases: (share, tau, regret)."""
    shares, taus, regrets = (np.array(column) for column in zip(*purchases, strict=True))
    return PricedRun(shares, taus, regrets)


def test_a_run_has_what_it_had_paid_for_by_then() -> None:
    run = a_run((0.1, 0.3, 0.5), (0.1, 0.4, 0.2), (0.5, 0.9, 0.0))
    assert [run.at(share)[0] for share in (0.05, 0.1, 0.49, 0.5, 7.0)] == [0, 0.4, 0.4, 0.9, 0.9]
    assert run.at(0.2) == (0.4, 0.2)
    assert math.isnan(run.at(0.01)[1])


def test_a_share_that_only_rounding_keeps_from_a_purchase_has_paid_for_it() -> None:
    assert a_run((0.1 + 0.2, 0.7, 0.0)).at(0.3) == (0.7, 0.0)


def test_agreement_is_the_median_over_the_runs_and_regret_the_mean_of_those_that_can_choose() -> None:
    runs = [a_run((0.1, tau, regret)) for tau, regret in ((0.1, 0.0), (0.2, 0.0), (0.9, 0.6))]
    curve = PriceCurve("one", "", (*runs, a_run((0.8, 0.3, 0.0))))
    assert math.isclose(curve.tau(0.1).middle, 0.15)
    spread = curve.regret(0.1)
    assert spread is not None
    assert math.isclose(spread.middle, 0.2)
    assert spread.low == 0
    assert math.isclose(spread.high, 0.48)
    assert curve.regret(0.05) is None


def test_a_curve_ends_where_half_of_its_runs_do() -> None:
    curve = PriceCurve("one", "", tuple(a_run((0.1, 0, 0), (end, 1, 0)) for end in (0.3, 0.5, 0.9)))
    assert (curve.first, curve.total) == (0.1, 0.5)
    assert curve.tau(math.inf).middle == 1


def test_a_policy_that_buys_nothing_knows_nothing() -> None:
    empty = PricedRun(np.array([]), np.array([]), np.array([]))
    curve = PriceCurve("none", "", (empty, empty))
    assert (curve.first, curve.total, curve.tau(1.0).middle, curve.regret(1.0)) == (0, 0, 0, None)
