"""Gather, decide, act: one round of a study, the same on one machine, on Kubernetes and in a replay.

A round can be lost, repeated or interrupted anywhere: the next one reads the world and goes on.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from assay.planning.actions import Plan, RecordLook, RecordLost, RecordTrust, Start, Stop
from assay.planning.plan import plan
from assay.planning.records.records import Records, RunningAttempt, WorkRecord, pause_after
from assay.ranking.memory import NO_MEMORY, Memory
from assay.rounds.earlier import earlier_of, write_programs
from assay.rounds.history import with_edits, with_history, write_seen
from assay.rounds.reported_examples import reported_examples
from assay.store.layout import StartedAttempt
from assay_trainer.contract import Failure, FailureReason, TrialRequest, WorkItem, WorkRequest

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.runners.protocol import ObservedAttempt, Runner
    from assay.store import Ledger


ANSWERS_OF_A_STUDY = 256
"""Answers about scores that are kept while a study is driven to its end."""

RESULT_APPEARS_SECONDS, LOOK_FOR_RESULTS_SECONDS = 30.0, 2.0
"""How long a result that a worker says it wrote is looked for before its trial is run again, and how often: it was paid
for, and a store that has just come back, or keeps copies, may not show at once what it has."""

STARTED_TOGETHER = 16
"""Requests that are written and started before it is asked whether there is room for more: what is written down as
started, and can't be, has to be waited for."""


class Round(NamedTuple):
    """What a round decided, and the records that it was decided from."""

    plan: Plan
    records: Records
    cut_short: bool = False
    """Whether trials are to be started for which there was no time."""


def reconcile(study: Study, ledger: Ledger, runner: Runner, now: float, memory: Memory = NO_MEMORY) -> Round:
    """Go one round at `now` (Unix seconds). `memory` keeps what the same scores have said. Raises StoreError if the
    ledger can't be read or written."""
    ledger.refresh(now)
    observed = runner.observe()
    awaited = record_ended(study.name, ledger, runner, observed, now)
    observed = [replace(each, phase="Running") if each in awaited else each for each in observed]
    study = with_history(study, ledger)
    known_edits = len(study.history.edits)
    obstacles, elsewhere = runner.obstacles(), set(runner.elsewhere())
    while True:
        records = records_of(study, ledger, observed, runner.is_gone, elsewhere)
        study = study.knowing(earlier_of(study, ledger, runner, records), reported_examples(study, ledger, records))
        study = with_edits(study, records, now)
        decided = plan(study, records, now, obstacles, memory)
        items = [action.item for action in decided.actions if isinstance(action, Start)]
        mine = runner.claim([item.key for item in items])
        taken = {item.key for item in items if item.key not in mine}
        if not taken and not ledger.settled(items):
            break
        elsewhere |= taken
    write_seen(study, ledger, known_edits)
    if awaited:
        again = min(LOOK_FOR_RESULTS_SECONDS, decided.requeue_after or LOOK_FOR_RESULTS_SECONDS)
        decided = replace(decided, requeue_after=again)
    all_started = _apply(study, decided, ledger, runner, now)
    return Round(decided, records, cut_short=not all_started)


def drive(
    study: Study, ledger: Ledger, runner: Runner, clock: Callable[[], float], show: Callable[[Round], None]
) -> Round:
    """Go round until the study has finished, and return the last round; `show` gets every one."""
    memory = Memory(ANSWERS_OF_A_STUDY)
    while True:
        latest = reconcile(study, ledger, runner, clock(), memory)
        show(latest)
        if latest.plan.finished:
            return latest
        runner.wait(latest.plan.requeue_after)


def interrupt(study: str, ledger: Ledger, runner: Runner) -> None:
    """Stop everything that runs, and write down what it cost."""
    for attempt in runner.observe():
        if attempt.phase == "Running":
            runner.stop(attempt.key)
    record_ended(study, ledger, runner, wait_for_all(runner))


def wait_for_all(runner: Runner) -> Sequence[ObservedAttempt]:
    """Wait until nothing runs any more, and return what the runner observes then."""
    while True:
        observed = runner.observe()
        if all(attempt.phase == "Ended" for attempt in observed):
            return observed
        runner.wait(None)


def forgive_failures(study: Study, ledger: Ledger) -> None:
    """Write down that the failures of the study's trials no longer count, so that the trials are tried again."""
    for key, failures in ledger.failures(study.design.arm_of).items():
        ledger.forgive(key, failures[-1].attempt)


def records_of(
    study: Study,
    ledger: Ledger,
    observed: Sequence[ObservedAttempt],
    is_gone: Callable[[str, int, float], bool] = lambda *_: True,
    elsewhere: Container[str] = (),
) -> Records:
    """Return what is known of every key of the study's design, and of every key that the study ever started.

    An attempt that was started, left nothing and is not observed is lost if `is_gone` says so, else it counts as
    running. `elsewhere` holds the keys that other studies run.
    """
    started = ledger.started(study.name)
    keys = {*study.design.arm_of, *(attempt.key for attempt in started)}
    results, failures, forgiven = ledger.results(keys), ledger.failures(keys), ledger.forgiven(keys)
    running = {
        attempt.key: RunningAttempt(attempt.attempt, attempt.started_at, attempt.begun)
        for attempt in observed
        if attempt.phase == "Running"
    }
    known = {(failure.key, failure.attempt) for list_ in failures.values() for failure in list_}
    known |= {(attempt.key, attempt.attempt) for attempt in observed}
    lost: dict[str, list[RunningAttempt]] = defaultdict(list)
    for (key, attempt), started_at in started.items():
        if (key, attempt) in known or key in results:
            continue
        if is_gone(key, attempt, started_at):
            lost[key].append(RunningAttempt(attempt, started_at))
        else:
            running.setdefault(key, RunningAttempt(attempt, started_at, begun=False))
    return {
        key: WorkRecord(
            result=results.get(key),
            failures=failures.get(key, ()),
            running=running.get(key),
            lost=tuple(lost.get(key, ())),
            forgiven=forgiven.get(key, 0),
            elsewhere=key in elsewhere,
            resume_at=_resume_at(key, failures.get(key, ()), forgiven.get(key, 0), started),
        )
        for key in keys
        if key in results or key in failures or key in running or key in lost or key in elsewhere
    }


def _resume_at(key: str, failures: Sequence[Failure], forgiven: int, started: Mapping[StartedAttempt, float]) -> float:
    """Return when the work may be tried again (see `WorkRecord`): at once where another study started the last attempt,
    since it is not known when."""
    if not failures:
        return -math.inf
    at = started.get(StartedAttempt(key, failures[-1].attempt))
    return -math.inf if at is None else at + pause_after(failures, forgiven)


def record_ended(
    study: str, ledger: Ledger, runner: Runner, observed: Sequence[ObservedAttempt], now: float = math.inf
) -> Sequence[ObservedAttempt]:
    """Write down the attempts that left no result, then let the runner forget what has ended.

    Returns the attempts that are neither written down nor forgotten: at `now` (Unix seconds) they have only just said
    that they left a result, which is not to be seen yet.
    """
    ended = [attempt for attempt in observed if attempt.phase == "Ended"]
    found = ledger.find_results({attempt.key for attempt in ended})
    awaited = []
    for attempt in ended:
        if attempt.key not in found:
            if _may_still_appear(attempt, now):
                awaited.append(attempt)
                continue
            ledger.put_failure(_failure(study, attempt))  # unless the worker has written it itself
        runner.forget(attempt.key, attempt.attempt)
    return awaited


def _may_still_appear(attempt: ObservedAttempt, now: float) -> bool:
    """Return whether an attempt said so lately that it left a result, that the store may only not show it yet."""
    said_so = attempt.termination is not None and attempt.termination.reason == "Succeeded"
    return said_so and attempt.ended_at is not None and now < attempt.ended_at + RESULT_APPEARS_SECONDS


def _failure(study: str, attempt: ObservedAttempt) -> Failure:
    last_words = attempt.termination
    if last_words is None:
        reason, message = FailureReason.WORKER_DIED, "the worker left no word"
    elif last_words.reason == "Succeeded":
        reason, message = FailureReason.STORE_FAILED, "the worker reported a result that is not in the store"
    else:
        reason, message = last_words.reason, last_words.message
    return Failure(
        key=attempt.key,
        attempt=attempt.attempt,
        reason=reason,
        message=message,
        accelerator_seconds=attempt.accelerator_seconds,
        memory_limit_bytes=last_words.memory_limit_bytes if last_words else None,
        study=study,
    )


def _apply(study: Study, decided: Plan, ledger: Ledger, runner: Runner, now: float) -> bool:
    """Do what the plan says, and return whether there was time for all of it."""
    starts = []
    for action in decided.actions:
        match action:
            case RecordLost(failure):
                ledger.put_failure(failure)
            case RecordTrust(record):
                ledger.put_trust_record(study.name, record)
            case RecordLook(look):
                ledger.put_look_record(look)
            case Stop(key, _, _):
                runner.stop(key)
            case Start(item):
                starts.append(item)
    write_programs(study, ledger, runner, (item.code for item in starts))
    at_once = study.spec.trainer.packing.at_once
    requests = [
        WorkRequest(store=ledger.uri, items=items, at_once=min(at_once, len(items)))
        for items in packed(starts, runner.packing())
    ]
    requests = requests[: runner.room_for(len(requests))]
    for first in range(0, len(requests), STARTED_TOGETHER):
        if first and ledger.turn_is_over:
            return False
        some = requests[first : first + STARTED_TOGETHER]
        stored = ledger.put_requests(study.name, some, now)
        if not runner.start_all([(request, put.uri) for request, put in zip(some, stored, strict=True) if put.is_new]):
            break
    return True


def packed(items: Iterable[WorkItem], most: int) -> Iterator[tuple[WorkItem, ...]]:
    """Return the items in groups of up to `most`, whose first items are in the order given.

    Those of a group are of one arm, so that they take about as long, and run in the same image. One that is to run
    alone is a group of its own.
    """
    groups: list[list[WorkItem]] = []
    open_groups: dict[Hashable, list[WorkItem]] = {}
    for item in items:
        alike = (item.kind, item.arm, item.image, item.devices)
        alone = isinstance(item, TrialRequest) and item.alone
        if not alone and alike in open_groups:
            group = open_groups[alike]
        else:
            groups.append(group := [])
        group.append(item)
        if alone:
            continue
        open_groups[alike] = group
        if len(group) >= most:
            del open_groups[alike]
    return (tuple(group) for group in groups)
