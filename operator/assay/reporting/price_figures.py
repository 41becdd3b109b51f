"""Policies side by side, as figures and sentences: what each reaches for a share of the full cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assay.reporting.figures import (
    NOTHING,
    count,
    decimals_for,
    fixed,
    hypotheses_in_words,
    percent,
    seconds_text,
    share,
)

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.ranking.budget.price_curves import PriceCurve, PricedPolicies, Spread

PRICES = (0.05, 0.10, 0.20, 0.50, 1.00)
"""The shares of the full cost that tables show."""

_SMALL = 0.20
"""The share of the full cost at which a policy is judged if it goes on beyond the full cost."""

_FULL = 1.0
_FINENESS = 400
"""The number of shares, from the first purchase on, at which a policy is asked whether it has reached a value."""


class PriceRow(NamedTuple):
    """One policy: its tau and regret at each of `PRICES` with their spreads, where it ends, and with which tau and
    regret."""

    name: str
    explanation: str
    taus: tuple[str, ...]
    tau_spreads: tuple[str, ...]
    regrets: tuple[str, ...]
    regret_spreads: tuple[str, ...]
    last_tau: str
    last_regret: str
    total: str


def price_rows(priced: PricedPolicies) -> tuple[PriceRow, ...]:
    """Return a row per policy; the policy under judgement is first."""
    decimals = regret_decimals(priced)
    return tuple(_row(curve, decimals) for curve in priced.curves)


def regret_decimals(priced: PricedPolicies) -> int:
    """Return the number of decimals that every regret is written with."""
    return decimals_for([], [each.middle for curve in priced.curves for at in PRICES if (each := curve.regret(at))])


def facts(study: Study, priced: PricedPolicies) -> str:
    """Say what was compared."""
    orders = len(priced.curves[0].runs)
    return (
        f"{hypotheses_in_words(priced.hypotheses)}, {count(len(study.design.arms), 'arm')}, "
        f"{count(len(study.design.seeds), 'seed')} in {count(orders, 'order')}. "
        f"The full cost is one run of every hypothesis on the reference: "
        f"{seconds_text(priced.full_cost)} accelerator seconds."
    )


def budget_note(study: Study, priced: PricedPolicies) -> str:
    """Say what the line of a study without a budget shows. Empty for a study that has a budget."""
    if study.spec.budget.accelerator_seconds is not None or len(priced.curves) <= 2:
        return ""
    return (
        f"The study has no spec.budget.acceleratorSeconds, so the {priced.curves[0].name} runs every arm, to find out "
        f"which may be trusted. What it would do for a price is the line of {priced.curves[1].name}."
    )


def price_answer(priced: PricedPolicies) -> str:
    """Say what the first policy reaches for its price, beside the best of the others at that price."""
    judged, others = priced.curves[0], priced.curves[1:]
    at = _price_of(judged)
    best = max(others, key=lambda curve: curve.tau(at).middle)
    return (
        f"For {share(at)} of the full cost the {judged.name} reaches a tau of {_with_spread(judged.tau(at))}. "
        f"The best of the others at that price: {best.name}, {_with_spread(best.tau(at))}."
    )


def same_answer(priced: PricedPolicies) -> str:
    """Say what each policy must spend for an order as good as that of one reference run of every hypothesis."""
    whole = next(curve for curve in priced.curves if curve.name == "equal allocation")
    wanted = whole.tau(_FULL).middle
    reached = {curve.name: _cheapest(curve, wanted) for curve in priced.curves if curve is not whole}
    judged = priced.curves[0].name
    own = reached.pop(judged)
    found = f"The {judged} reaches it for {share(own)}" if own is not None else f"The {judged} does not reach it"
    sooner = sorted((at, name) for name, at in reached.items() if at is not None)
    rest = f"the first of the others is {sooner[0][1]}, for {share(sooner[0][0])}" if sooner else "no other does"
    return f"One run of everybody gives a tau of {fixed(wanted, 2)}. {found}; {rest}."


def regret_answer(priced: PricedPolicies, metric: str) -> str:
    """Say the regret of what the first policy would choose for its price, beside the lowest of the others."""
    judged, others = priced.curves[0], priced.curves[1:]
    at = _price_of(judged)
    own = judged.regret(at)
    known = {curve.name: each for curve in others if (each := curve.regret(at)) is not None}
    decimals = regret_decimals(priced)
    if own is None or not known:
        return f"For {share(at)} of the full cost nothing can be chosen yet."
    best = min(known, key=lambda name: known[name].middle)
    return (
        f"What the {judged.name} chooses for {share(at)} of the full cost lacks on average "
        f"{fixed(own.middle, decimals)} ({_spread(own, decimals)}) in {metric} to the best. "
        f"The least of the others at that price: {best}, {fixed(known[best].middle, decimals)}."
    )


def price_json(study: Study, priced: PricedPolicies, truth: str) -> dict[str, Any]:
    """Return the comparison as JSON, for programs."""
    return {
        "study": study.name,
        "question": study.spec.question.value,
        "truth": truth,
        "hypotheses": priced.hypotheses,
        "orders": len(priced.curves[0].runs),
        "fullCostAcceleratorSeconds": priced.full_cost,
        "policies": [_json(curve) for curve in priced.curves],
    }


def _json(curve: PriceCurve) -> dict[str, Any]:
    return {
        "name": curve.name,
        "explanation": curve.explanation,
        "totalShare": curve.total,
        "prices": [
            {"share": at, "tau": _object("median", curve.tau(at)), "regret": _object("mean", curve.regret(at))}
            for at in PRICES
        ],
    }


def _object(middle: str, spread: Spread | None) -> dict[str, float] | None:
    return {middle: spread.middle, "low": spread.low, "high": spread.high} if spread else None


def _row(curve: PriceCurve, decimals: int) -> PriceRow:
    taus, regrets = [curve.tau(at) for at in PRICES], [curve.regret(at) for at in PRICES]
    last = curve.regret(math.inf)
    return PriceRow(
        name=curve.name,
        explanation=curve.explanation,
        taus=tuple(fixed(each.middle, 2) for each in taus),
        tau_spreads=tuple(_spread(each, 2) for each in taus),
        regrets=tuple(fixed(each.middle, decimals) if each else NOTHING for each in regrets),
        regret_spreads=tuple(_spread(each, decimals) if each else "" for each in regrets),
        last_tau=fixed(curve.tau(math.inf).middle, 2),
        last_regret=fixed(last.middle, decimals) if last else NOTHING,
        total=percent(100 * curve.total),
    )


def _price_of(judged: PriceCurve) -> float:
    """Return the price that a policy is judged at: what it spends, or a small share if that is more than the full
    cost."""
    return judged.total if judged.total <= _FULL else _SMALL


def _cheapest(curve: PriceCurve, wanted: float) -> float | None:
    """Return the lowest share from which the median tau stays at or above `wanted`; None if there is none."""
    shares = np.linspace(curve.first, curve.total, _FINENESS)
    below = [at for at in shares if curve.tau(float(at)).middle < wanted]
    if not below:
        return float(shares[0])
    later = shares[shares > below[-1]]
    return float(later[0]) if len(later) else None


def _with_spread(spread: Spread) -> str:
    return f"{fixed(spread.middle, 2)} ({_spread(spread, 2)})"


def _spread(spread: Spread, decimals: int) -> str:
    return f"{fixed(spread.low, decimals)}–{fixed(spread.high, decimals)}"
