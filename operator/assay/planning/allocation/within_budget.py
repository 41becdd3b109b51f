"""What a study does whose budget does not pay for all hypotheses on all arms: it buys the best order for the money.

The arms are then a ladder, from the cheapest to the reference, which hypotheses climb as far as the budget goes; see
`ladder_policy`. Hypotheses stand on different rungs, so no proxy is certified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, OnFailure
from assay.planning.allocation.agenda import Agenda
from assay.planning.allocation.ladder import Ladder, LadderTrial, Revealed
from assay.planning.allocation.ladder_policy import next_steps
from assay.planning.allocation.trial_prices import arm_prices, price_of_all, relative_price
from assay.planning.records.records import UNKNOWN
from assay.planning.results.progress import Progress, State
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.planning.records.records import Records
    from assay.planning.results.costs import Costs
    from assay.planning.study.planned import PlannedTrial
    from assay.planning.study.study import Study

FARTHEST_GUESS = 2.0
"""A trial whose price is only guessed is tried even if the guess is up to so many times what is left."""


def rungs_of(study: Study, costs: Costs) -> tuple[tuple[str, float], ...]:
    """Return the arms of the study's ladder with their work over the reference's, the cheapest first, the reference
    last.

    An arm that needs a preparation is not among them: what it costs is not in proportion to its trials. Neither is one
    that is ranked by another metric, whose scores say nothing in the unit of the reference's.
    """
    design = study.design
    left_out = {preparation.arm for preparation in design.preparations}
    left_out |= {arm for arm, by in design.metrics.items() if by.name != study.spec.metric.name}
    work = {arm: relative_price(study, costs, arm) for arm in design.arms if arm not in left_out and arm != REFERENCE}
    cheaper = sorted(((arm, each) for arm, each in work.items() if each < 1), key=lambda pair: pair[1])
    return (*cheaper, (REFERENCE, 1.0))


def budget_is_too_small(study: Study, progress: Progress, costs: Costs) -> bool:
    """Tell whether the budget does not pay for the initial seeds of all hypotheses on all arms, as far as that is
    known."""
    limit = study.spec.budget.accelerator_seconds
    if limit is None or study.spec.screening is not None or len(rungs_of(study, costs)) < 2:
        return False
    prices = arm_prices(study, costs)
    if prices is None:
        return True
    still_open = (State.READY, State.WAITING, State.RUNNING)
    initial = study.design.initial_keys
    to_come = [work for work in study.design.work if work.key in initial and progress.states[work.key] in still_open]
    # once all of them have ended it has paid for them, even if they took a little more than it
    return bool(to_come) and costs.spent + price_of_all(to_come, prices).accelerator_seconds > limit


def ladder_of(study: Study, records: Records, progress: Progress, costs: Costs) -> Ladder:
    """Return what the policy may know: the trials that have ended, and which were started and have not."""
    revealed, pending = {}, []
    metric = study.spec.metric
    failed_score = float(metric.failure_score) if metric.failure_score is not None else None
    rungs = rungs_of(study, costs)
    names = {arm for arm, _ in rungs}
    for trial in study.design.trials:
        if trial.arm not in names:
            continue
        place, state = LadderTrial(trial.hypothesis, trial.arm, trial.seed), progress.states[trial.key]
        record, own = records.get(trial.key, UNKNOWN), trial.key in progress.own_failures
        against = own and metric.on_failure is OnFailure.UNSTABLE
        if state is State.SUCCEEDED and isinstance(record.result, TrialResult):
            score = failed_score if own and failed_score is not None else record.result.metrics[metric.name]
            revealed[place] = Revealed(metric.turned(score), record.result.cost.accelerator_seconds, against)
        elif state is State.FAILED:
            cost = sum(failure.accelerator_seconds for failure in record.failures)
            counted = metric.turned(failed_score) if own and failed_score is not None else None
            revealed[place] = Revealed(counted, cost, against)
        elif state is State.RUNNING or record.failures or record.elsewhere:
            pending.append(place)
    return Ladder(
        hypotheses=tuple(hypothesis.name for hypothesis in study.hypotheses),
        rungs=tuple(arm for arm, _ in rungs),
        revealed=revealed,
        pending=frozenset(pending),
        relative_work=dict(rungs),
        seeds=study.spec.seeds.maximum,
    )


def agenda_within_budget(study: Study, ladder: Ladder, costs: Costs, free: int) -> Agenda:
    """Return what to run on the ladder: first the trials that were begun and have not ended, also those whose attempt
    the infrastructure failed; then the policy's next steps, for `free` slots."""
    limit = study.spec.budget.accelerator_seconds
    assert limit is not None
    trials: Mapping[LadderTrial, PlannedTrial] = {
        LadderTrial(trial.hypothesis, trial.arm, trial.seed): study.design.run_of(trial)
        for trial in study.design.trials
    }
    again = [trials[place] for place in sorted(ladder.pending, key=lambda place: (place.seed, *place))]
    count, left = min(max(0, free), len(study.hypotheses)), limit - costs.spent
    steps = next_steps(ladder, study.spec.question, study.baseline, left, count)
    chosen = [(trials[LadderTrial(step.hypothesis, step.rung, step.seed)], step.price) for step in steps]
    if count and not chosen and not ladder.pending and (probe := _probe(study, ladder, costs, left)):
        chosen = [(trials[probe], left)]
    prices = {trial.key: price for trial, price in chosen if price is not None}
    runs = (*again, *(trial for trial, _ in chosen))
    return Agenda(runs, runs, prices=prices, exhausted=count > 0 and not chosen)


def _probe(study: Study, ladder: Ladder, costs: Costs, left: float) -> LadderTrial | None:
    """Return the baseline's trial on the cheapest arm whose price is only guessed, if the guess is not far above what
    is left.

    Guesses are by epochs, data and pixels. Each trial takes some time besides, so dear arms are cheaper than guessed.
    """
    prices = arm_prices(study, costs)
    if prices is None:
        return None
    known = {place.rung for place in ladder.revealed}
    guessed = [rung for rung in ladder.rungs if rung not in known]
    if guessed and prices[guessed[0]].accelerator_seconds <= FARTHEST_GUESS * left:
        return LadderTrial(study.baseline, guessed[0], 0)
    return None
