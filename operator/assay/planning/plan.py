"""The one function that decides: what to do now, and what may be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.planning.actions import Action, Plan, RecordLook, RecordLost, RecordTrust, Start, Stop
from assay.planning.allocation.admission import Admission, admission_of, deadline_left
from assay.planning.allocation.trial_prices import arm_prices
from assay.planning.assessment.assessment import assessment_of
from assay.planning.judgement import Judgement, judge
from assay.planning.records.records import UNKNOWN, Obstacle, Records, RunningAttempt
from assay.planning.results.costs import Costs
from assay.planning.results.progress import Progress, State
from assay.planning.status.not_started import not_started
from assay.planning.status.ranking_status import ranking_rows
from assay.planning.status.rules import answer_by_earlier_rules
from assay.planning.status.status import status_of
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.requests import preparation_request, trial_request
from assay.planning.trust.failures_last import with_failures_last
from assay.planning.trust.look_recording import looks_to_record
from assay.planning.trust.proxy_looks import look_at_the_end
from assay.planning.trust.recording import trust_to_record
from assay.ranking.memory import NO_MEMORY, Memory
from assay_trainer.contract import Failure, FailureReason, PreparationRequest, TrialRequest

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study.planned import PlannedPreparation
    from assay.planning.study.study import Study

LOOK_ELSEWHERE_SECONDS = 3.0
"""Seconds between two looks at whether a trial that another study runs has ended."""


def plan(
    study: Study, records: Records, now: float, obstacles: Sequence[Obstacle] = (), memory: Memory = NO_MEMORY
) -> Plan:
    """Decide from the study, what is known of its trials, the time (Unix seconds), and what is in the runner's way.

    Nothing depends on the order in which trials ended, or on earlier calls: the same world gives the same plan.
    `memory` only makes plans quicker that follow one another, since most differ from the last one in the scores of one
    arm, or of none.
    """
    judgement = judge(study, records, now, memory)
    costs, progress = judgement.costs, judgement.progress
    allowed = admission_of(study, records, progress, judgement.agenda, costs, now)
    active = any(record.running for record in records.values())
    awaited = not (allowed.halted or allowed.spent) and any(
        records[key].elsewhere for key, state in progress.states.items() if state is State.WAITING and key in records
    )
    finished = not active and not awaited and not allowed.starts and allowed.resume_at is None
    if finished and not study.spec.suspend and not judgement.trust.certificates and judgement.ladder is None:
        judgement = replace(
            judgement,
            trust=look_at_the_end(study, with_failures_last(study, judgement.tables), judgement.unread, memory),
        )
    obstacles = (*obstacles, *not_started(study, records, progress, now))
    assessment = assessment_of(study, records, judgement, memory)
    rows = ranking_rows(study, records, judgement, assessment)
    actions: tuple[Action, ...] = (
        *_lost(study, records, costs, now),
        *_to_record(study, judgement, now),
        *_stops(study, records, allowed),
        *(Start(_request(study, records, work)) for work in allowed.starts),
    )
    decided = Plan(
        actions=actions,
        status=status_of(study, records, judgement, assessment, rows, allowed, obstacles, finished=finished, now=now),
        finished=finished,
        requeue_after=_requeue_after(study, records, allowed, now, awaited=awaited) if not finished else None,
        seconds_left=None if finished else _seconds_left(study, progress, costs, allowed),
        ranking=rows,
        judgement=judgement,
        assessment=assessment,
    )
    kept = answer_by_earlier_rules(study, records)
    return decided if kept is None else _keeping(decided, kept)


def _keeping(decided: Plan, kept: ProxyStudyStatus) -> Plan:
    """Return the plan of a study that has finished by earlier rules: nothing is said anew, and nothing starts."""
    return replace(
        decided,
        actions=tuple(action for action in decided.actions if isinstance(action, RecordLost | Stop)),
        status=kept,
        finished=True,
        requeue_after=None,
        seconds_left=None,
        ranking=kept.ranking,
        kept=True,
    )


def _to_record(study: Study, judgement: Judgement, now: float) -> Iterator[RecordTrust | RecordLook]:
    """Yield what is to be written down, so that whoever plans later knows it."""
    for record in trust_to_record(
        study, judgement.screened, judgement.trust, judgement.tables, judgement.costs.relatives, now
    ):
        yield RecordTrust(record)
    if judgement.ladder is None:
        calibration = judgement.screened.calibration
        tables = {arm: table.of(calibration) for arm, table in judgement.tables.items()}
        for look in looks_to_record(study, judgement.trust, tables, now):
            yield RecordLook(look)


def _request(
    study: Study, records: Records, work: PlannedTrial | PlannedPreparation
) -> TrialRequest | PreparationRequest:
    record = records.get(work.key, UNKNOWN)
    attempt = record.attempts + 1
    if isinstance(work, PlannedTrial):
        alone = any(failure.reason is FailureReason.OUT_OF_SHARED_MEMORY for failure in record.failures)
        return trial_request(study, work, attempt, alone=alone)
    return preparation_request(study, work, attempt)


def _stops(study: Study, records: Records, allowed: Admission) -> Iterator[Stop]:
    """Yield a stop for work that an edited spec no longer needs and, once a study is halted, for work that has not
    begun. Everything else that runs may end as usual."""
    for key, record in records.items():
        if record.running is not None:
            if key not in study.design.arm_of:
                yield Stop(key, record.running.attempt, "the study no longer needs it")
            elif allowed.withdraws_waiting and not record.running.begun:
                yield Stop(key, record.running.attempt, "it had not begun when the study was halted")


def _lost(study: Study, records: Records, costs: Costs, now: float) -> Iterator[RecordLost]:
    """Yield a failure for each attempt that vanished. What it cost is not known: it is charged what such a trial takes,
    or its age if that is less."""
    expected = arm_prices(study, costs)
    for key, record in records.items():
        for attempt in record.lost:
            arm = study.design.arm_of.get(key)
            age = attempt.accelerator_seconds(study.spec.trainer.devices, now)
            cost = min(age, expected[arm].accelerator_seconds) if expected and arm else 0.0
            yield RecordLost(_stopped(study.name, key, attempt, cost))


def _stopped(study: str, key: str, attempt: RunningAttempt, cost: float) -> Failure:
    return Failure(
        key=key,
        attempt=attempt.attempt,
        reason=FailureReason.STOPPED,
        message="its runner was killed; the cost is what such a trial takes",
        accelerator_seconds=cost,
        study=study,
    )


def _requeue_after(study: Study, records: Records, allowed: Admission, now: float, *, awaited: bool) -> float | None:
    """Return the seconds until the next plan: at the study's deadline, when a failed trial may be tried again, or at
    the next look for what other studies run. Everything else announces itself."""
    left = deadline_left(study, records, now)
    times = [LOOK_ELSEWHERE_SECONDS] if awaited else []
    times += [left] if left is not None and left > 0 else []
    times += [allowed.resume_at - now] if allowed.resume_at is not None else []
    return min(times, default=None)


def _seconds_left(study: Study, progress: Progress, costs: Costs, allowed: Admission) -> float | None:
    expected = arm_prices(study, costs)
    if expected is None or allowed.halted or allowed.spent:
        return None
    open_work = [
        expected[work.arm].wall_seconds
        for work in study.design.work
        if progress.states[work.key] in (State.READY, State.WAITING, State.RUNNING)
    ]
    slots = len(open_work) if study.most_at_a_time is None else min(study.most_at_a_time, len(open_work))
    return sum(open_work) / max(1, slots)
