"""The planner and the policies it is compared with, on the same table, with its seeds in several orders."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import REFERENCE
from assay.laboratory import planned
from assay.laboratory.halving import SuccessiveHalving
from assay.laboratory.ladder_climbing import LadderClimbing
from assay.laboratory.one_arm import OneArm
from assay.laboratory.purchases import Trace, nothing_bought, purchases
from assay.ranking.budget.price_curves import PriceCurve, PricedPolicies, PricedRun
from assay.runners.replay.recorded import trial_ending

if TYPE_CHECKING:
    from assay.laboratory.policy import AllocationPolicy
    from assay.laboratory.truth import Truth
    from assay.planning.allocation.ladder import Ladder
    from assay.recorded.table import Table
    from assay.runners.replay.study import Replayed


def compare(
    replayed: Replayed, table: Table, truth: Truth, orders: int, slots: int, show: Callable[[int, int], None]
) -> PricedPolicies:
    """Run every policy with every order of the seeds, and score them only when all of them have ended.

    `show` is called before each order with the number of orders that are done, and with their total number.
    """
    policies = yardsticks(replayed)
    traces: dict[str, list[tuple[Trace, float]]] = defaultdict(list)
    chosen = seed_orders(table.seeds, orders)
    for number, order in enumerate(chosen):
        show(number, len(chosen))
        shuffled, start = table.reordered(order), _shuffled(nothing_bought(replayed.study), number)
        full = full_cost(replayed, shuffled)
        traces[planned.NAME].append((planned.planned(replayed, shuffled, slots), full))
        for policy in policies:
            traces[policy.name].append((purchases(policy, start, replayed, shuffled), full))
    explanations = {planned.NAME: planned.EXPLANATION} | {policy.name: policy.explanation for policy in policies}
    curves = tuple(
        PriceCurve(name, explanations[name], tuple(_scored(trace, truth, full) for trace, full in own))
        for name, own in traces.items()
    )
    full = fmean(full for _, full in traces[planned.NAME])
    return PricedPolicies(curves, full, len(truth.scores))


def yardsticks(replayed: Replayed) -> tuple[AllocationPolicy, ...]:
    """Return the policies that the planner is compared with."""
    study = replayed.study
    *proxies, reference = nothing_bought(study).rungs
    whole = OneArm(
        "equal allocation", "All on the reference, seed after seed: what is done without a proxy.", reference
    )
    if not proxies:
        return (whole,)
    cheapest = OneArm(
        f"{proxies[0]} alone", f"Everything at the cheapest arm, {proxies[0]}, seed after seed.", proxies[0]
    )
    others = [OneArm(f"{arm} alone", f"All on the proxy {arm}, seed after seed.", arm) for arm in proxies[1:]]
    promotion = LadderClimbing(study.spec.question, study.baseline, math.inf)
    budgeted = study.spec.budget.accelerator_seconds is not None
    return (*(() if budgeted else (promotion,)), whole, SuccessiveHalving(), cheapest, *others)


def seed_orders(seeds: int, count: int) -> tuple[tuple[int, ...], ...]:
    """Return `count` orders of the seeds, or as many as there are: the table's own first, then others that are drawn at
    random, always the same ones and each once."""
    found = {tuple(range(seeds)): None}
    generator = np.random.default_rng(0)
    while len(found) < min(count, math.factorial(min(seeds, 20))):
        found.setdefault(tuple(int(seed) for seed in generator.permutation(seeds)))
    return tuple(found)


def _shuffled(view: Ladder, number: int) -> Ladder:
    """Return the view with its hypotheses in another order, except for number 0: else the price curves would mostly
    show the one hypothesis that heads every queue, which may be dear or lucky."""
    order = np.random.default_rng(number).permutation(len(view.hypotheses)) if number else range(len(view.hypotheses))
    return replace(view, hypotheses=tuple(view.hypotheses[place] for place in order))


def full_cost(replayed: Replayed, table: Table) -> float:
    """Return the accelerator seconds of the first seed of every hypothesis on the reference; where a hypothesis lacks
    it, the mean of its other seeds counts."""
    trainer, names = replayed.study.spec.trainer, {hypothesis.name for hypothesis in replayed.study.hypotheses}
    costs: dict[str, dict[int, float]] = defaultdict(dict)
    for (hypothesis, arm, seed), run in table.runs.items():
        if arm == replayed.arms[REFERENCE] and hypothesis in names:
            seconds = trial_ending(run, trainer.devices, trainer.deadline_seconds).seconds
            costs[hypothesis][seed] = trainer.devices * seconds
    return sum(own[0] if 0 in own else fmean(own.values()) for own in costs.values())


def _scored(trace: Trace, truth: Truth, full: float) -> PricedRun:
    def regrets() -> Iterator[float]:
        for each in trace:
            regret = truth.regret(each.placing)
            yield math.nan if regret is None else regret

    return PricedRun(
        shares=np.array([each.spent / full for each in trace]),
        tau=np.array([truth.tau(each.placing) for each in trace]),
        regret=np.fromiter(regrets(), dtype=np.float64, count=len(trace)),
    )
