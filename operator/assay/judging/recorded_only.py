"""What a study says, without the trials that nobody recorded: they have not failed, they are not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, TrialCounts, Verdict
from assay.planning.results.progress import State

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, ProxyStudyStatus, RankedHypothesis
    from assay.judging.study import RecordedStudy
    from assay.planning.actions import Plan

_OF_THE_STUDY = re.compile(r"^(NotRecorded: |Of the seeds that have a score, ).*?(?= ?Its seed|$)")
_SEED_NUMBER = re.compile(r"Its seed \d+ is")
_ENDED = re.compile(r"^MetricMissing: it")
_NEXT_LOOK = re.compile(r" ?It rests on \d+; the next look is at \d+ hypotheses\.")
_TAKES_TWO = "A verdict takes two runs or more of it, and of the baseline."


def recorded_only(recorded: RecordedStudy, decided: Plan) -> Plan:
    """Return the plan with what is said of recorded runs alone, and of a baseline and of costs only if there are
    any."""
    counts = _counts(recorded)
    missing = Counter(
        trial.hypothesis
        for trial in recorded.study.design.trials
        if trial.arm == REFERENCE and trial.key in recorded.missing
    )
    ranking = tuple(_row(recorded, row, missing[row.name]) for row in decided.ranking)
    judgement = decided.judgement
    states = {
        key: State.SPARE if key in recorded.missing else state for key, state in judgement.progress.states.items()
    }
    failures = {key: each for key, each in judgement.progress.failures.items() if key not in recorded.missing}
    progress = replace(judgement.progress, states=states, failures=failures)
    return replace(
        decided,
        status=_status(recorded, decided.status, counts, ranking),
        ranking=ranking,
        judgement=replace(judgement, progress=progress),
    )


def _counts(recorded: RecordedStudy) -> Mapping[str, TrialCounts]:
    """Return how many runs each arm has, and how many of them failed."""
    ran: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for trial in recorded.study.design.trials:
        if trial.key not in recorded.missing:
            ran[trial.arm] += 1
            failed[trial.arm] += recorded.records[trial.key].result is None
    return {
        arm: TrialCounts(planned=ran[arm], succeeded=ran[arm] - failed[arm], failed=failed[arm])
        for arm in recorded.study.design.arms
    }


def _status(
    recorded: RecordedStudy,
    status: ProxyStudyStatus,
    counts: Mapping[str, TrialCounts],
    ranking: tuple[RankedHypothesis, ...],
) -> ProxyStudyStatus:
    whole = TrialCounts(
        planned=sum(each.planned for each in counts.values()),
        succeeded=sum(each.succeeded for each in counts.values()),
        failed=sum(each.failed for each in counts.values()),
    )
    shows_noise = any(row.seeds >= 2 for row in ranking)
    return status.model_copy(
        update={
            "trials": whole,
            "arms": tuple(_arm(recorded, arm, counts[arm.name], shows_noise=shows_noise) for arm in status.arms),
            "ranking": ranking[: len(status.ranking)],
        }
    )


def _arm(recorded: RecordedStudy, arm: ArmStatus, counts: TrialCounts, *, shows_noise: bool) -> ArmStatus:
    message = _NEXT_LOOK.sub("", arm.message) if arm.message else arm.message
    update: dict[str, object] = {"trials": counts, "message": message}
    if not recorded.has_costs:
        update |= dict.fromkeys(("cost", "saving_percent", *_BREAK_EVEN))
    if recorded.by_step:
        update |= dict.fromkeys(_BREAK_EVEN)  # they cost nothing that would have to come back
    if arm.certificate is not None and (recorded.by_step or not recorded.has_costs):
        update["certificate"] = arm.certificate.model_copy(update={"needed_accelerator_seconds": None})
    if not shows_noise:
        # it is the same for all of them, and said once
        update |= {"message": None, "certificate": None}
    return arm.model_copy(update=update)


_BREAK_EVEN = ("break_even_hypotheses", "break_even_low", "break_even_high")


def _row(recorded: RecordedStudy, row: RankedHypothesis, missing: int) -> RankedHypothesis:
    failed = (row.failed_seeds or 0) - missing
    said = _ENDED.sub("It", _OF_THE_STUDY.sub("", row.message or ""))
    message = _SEED_NUMBER.sub("One of its seeds is", said) or None
    update: dict[str, object] = {"failed_seeds": failed or None, "message": message}
    if not recorded.has_costs:
        update["relative_cost_percent"] = None
    if not recorded.is_compared:
        update |= dict.fromkeys(("difference", "difference_low", "difference_high"))
        if row.verdict not in (Verdict.FAILED, Verdict.UNSTABLE):
            update["verdict"] = Verdict.FAILED if row.score is None else Verdict.INCONCLUSIVE
    elif row.verdict is Verdict.INCONCLUSIVE and row.difference_low is None and message is None:
        update["message"] = _TAKES_TWO
    return row.model_copy(update=update)
