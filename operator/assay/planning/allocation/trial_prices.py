"""What trials that have not ended are expected to take, by those that have. What is started, what has to wait for the
budget, and every forecast goes by these prices.

What the status says of an arm goes by the measured means of `Costs` instead: its saving, its break-even, and the cost
of the trials that would decide about it. It leaves out what was not measured, since a price that is guessed from the
work would look like a finding.

Between hypotheses nothing is told apart, but where a budget is spent trial by trial: see `ladder_prices`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from assay.api.resources import REFERENCE
from assay.planning.records.records import UNKNOWN
from assay.planning.results.costs import relative_work

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.results.costs import Costs
    from assay.planning.study.planned import PlannedPreparation, PlannedTrial
    from assay.planning.study.study import Study


class Price(NamedTuple):
    """What one or more trials are expected to take; wall seconds are of one after another."""

    accelerator_seconds: float
    wall_seconds: float


def arm_prices(study: Study, costs: Costs) -> Mapping[str, Price] | None:
    """Return the price of a trial by arm: the mean of the arm's own trials, else that of the arm with most trials,
    scaled by the work. None: nothing has run yet."""
    known = {arm: cost for arm, cost in costs.arms.items() if cost.trial_seconds is not None}
    if not known:
        return None
    fidelities = study.design.fidelities
    measured = max(known, key=lambda arm: known[arm].trials)
    found: dict[str, Price] = {}
    for arm in study.design.arms:
        source = arm if arm in known else measured
        scale = relative_work(fidelities[arm], fidelities[source]) if source != arm else 1.0
        cost = known[source]
        found[arm] = Price((cost.trial_seconds or 0.0) * scale, (cost.trial_wall_seconds or 0.0) * scale)
    return found


def price_of_all(works: Iterable[PlannedTrial | PlannedPreparation], prices: Mapping[str, Price]) -> Price:
    """Add up the prices of trials and preparations; a preparation counts as a trial of its arm."""
    chosen = [prices[work.arm] for work in works]
    return Price(sum(each.accelerator_seconds for each in chosen), sum(each.wall_seconds for each in chosen))


def relative_price(study: Study, costs: Costs, arm: str) -> float:
    """Return the price of an arm's trial over the reference's: as measured, else guessed from the work."""
    fidelities = study.design.fidelities
    return costs.relative(arm) or relative_work(fidelities[arm], fidelities[REFERENCE])


@dataclass(frozen=True)
class WorkPrices:
    """Accelerator seconds of single pieces of work: their own price where they have one, else their arm's."""

    own: Mapping[str, float]
    """By key; of few."""
    by_arm: Mapping[str, Price] | None
    unknown: float
    """The price of all work, before anything has run that could show it; and of work of an earlier spec."""

    def of(self, work: PlannedTrial | PlannedPreparation) -> float:
        """Return the price of a piece of work that has not started."""
        return self.own.get(work.key, self._usual(work.arm))

    def of_running(self, arm: str | None, elapsed: float) -> float:
        """Return the price of a running piece of work, at least the seconds that it has had. No arm: of an earlier
        spec."""
        return max(self._usual(arm), elapsed)

    def _usual(self, arm: str | None) -> float:
        return self.by_arm[arm].accelerator_seconds if self.by_arm and arm else self.unknown


def reference_prices(study: Study, records: Records, costs: Costs, proxy: str | None) -> Mapping[str, float]:
    """Return the price of a trial at the reference by hypothesis: the mean of its own trials on the proxy, scaled,
    where it has any; else the mean at the reference, 0 if that is not known."""
    relative = costs.relative(proxy) if proxy else None
    seen: dict[str, list[float]] = defaultdict(list)
    if relative:
        for trial in study.design.initial_trials:
            result = records.get(study.design.run_of(trial).key, UNKNOWN).result
            if trial.arm == proxy and result is not None and result.cost.device_model == costs.device_model:
                seen[trial.hypothesis].append(result.cost.accelerator_seconds / relative)
    mean = costs.arms[REFERENCE].trial_seconds or 0.0
    return {each.name: fmean(seen[each.name]) if seen[each.name] else mean for each in study.hypotheses}
