"""Does one work item in this process, from the request to the result in the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Required, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.arrays import Labels
from assay_trainer.attempts.cost import Meter
from assay_trainer.attempts.failures import (
    HELPERS_MAY_BE_MISSED,
    InvalidRequest,
    lacks_host_memory,
    message_of,
    reason_of,
)
from assay_trainer.attempts.preparation_run import Prepared, run_preparation
from assay_trainer.attempts.trial_run import TrialRun, Tried
from assay_trainer.checkpoints import ToldToEnd
from assay_trainer.chosen import copy_of_chosen
from assay_trainer.contract import (
    FailureReason,
    PreparationRequest,
    PreparationResult,
    TerminationMessage,
    TrialRequest,
    TrialResult,
)
from assay_trainer.data import Copy
from assay_trainer.described import bounded
from assay_trainer.device import share_device
from assay_trainer.objects import ObjectNotFound, Objects, StoreError
from assay_trainer.processes.children import RECORD_SECONDS, begin_to_record
from assay_trainer.processes.deadline import Deadline
from assay_trainer.processes.linux import out_of_memory_kills
from assay_trainer.ranks.place import ALONE, Place
from assay_trainer.returned import FAILURE_CURVE_BYTES, KeptExamples
from assay_trainer.subsets import choose

Item = TrialRequest | PreparationRequest
Result = TrialResult | PreparationResult

LAST_WORDS_CHARACTERS = 500
"""The most characters of a message in the termination message; the whole message is in the store."""

FIRST_DELAY_SECONDS, LAST_DELAY_SECONDS = 1.0, 30.0
"""The pauses between tries to write a result grow from the first to the second of these."""


class Options(TypedDict, total=False):
    """What `attempt` is told besides the item and its store."""

    device: Required[str]
    threads: Required[int]
    check_code: bool
    elsewhere: Mapping[str, str]
    stamps: Mapping[str, str]
    shares_memory: bool
    memory_limit_bytes: int | None
    beside: int
    device_time: Callable[[], float]
    place: Place
    family: int | None


class Failed(NamedTuple):
    """An item that failed, and by which error."""

    failure: contract.Failure
    error: BaseException


def perform(item: Item, store: Objects, **options: Unpack[Options]) -> TerminationMessage:
    """Run a trial or a preparation as `attempt` does, write down how it failed if it did, and say in short how it
    ended."""
    failed = attempt(item, store, **options)
    if failed is None:
        return succeeded(item)
    if isinstance(failed.error, ToldToEnd):  # whoever told it writes that down, with all that it has cost
        return last_words(failed.failure)
    return record_failure(item, store, failed.failure)


@dataclass(frozen=True)
class _Told:
    """The same, with what holds where nothing is said."""

    device: str
    threads: int
    check_code: bool = False
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    shares_memory: bool = False
    memory_limit_bytes: int | None = None
    beside: int = 1
    device_time: Callable[[], float] = time.perf_counter
    place: Place = ALONE
    family: int | None = None


def attempt(item: Item, store: Objects, **options: Unpack[Options]) -> Failed | None:
    """Run a trial or a preparation and put its result into the store; return how it failed, if it did.

    `device` is "cpu", "cuda" or "cuda:<n>"; `threads` is the number of CPU threads that the item may use. With
    `check_code`, the item fails if its sources on this machine, with the files `elsewhere`, no longer have its
    digest, or if an input that has a stamp in `stamps` (by URI) was edited. If the result is there already, nothing
    is run. Never raises for what the trial, its code or the store does wrong. The deadline needs the main thread (see
    `Deadline`), and only another process can end a hang within C code. With `shares_memory`, others run beside it: then
    it is not its own fault if the machine's memory is too little. `memory_limit_bytes` is the limit of that memory, if
    somebody has set one. `beside` is how many items share its devices with it, itself among them, and `device_time`
    the clock by which the time of devices is charged. `place` is this process's among those of the trial, which are
    charged together: all descendants of the process `family`. Only the first of them leaves a result.
    """
    told = _Told(**options)
    meter = Meter(told.device, item.devices, told.device_time, told.family)
    deadline = Deadline(item.deadline_seconds)
    kills = out_of_memory_kills()
    work = _work_of(item, store, told, meter, deadline)
    run = work if isinstance(work, TrialRun) else None
    try:
        share_device(told.device, told.beside)
        outcome = _done_in_time(item, store, deadline, work, run)
        if outcome is not None:  # written outside the deadline: what was computed in time is not thrown away
            _record_patiently(outcome, store)
            if run is not None and run.checkpoints is not None:
                run.checkpoints.tidy(None)
    except BaseException as error:  # noqa: BLE001 - the team's code may raise anything, SystemExit among it
        early = run.failed_early if run is not None else None
        cause, expired = early or error, deadline.expired and early is None
        why = _why(cause, told, expired=expired, killed_helpers=lambda: out_of_memory_kills() > kills)
        # by which reason several processes failed together is not known in one of them
        if run is not None and run.checkpoints is not None and told.place.world_size == 1:
            run.checkpoints.tidy(why.reason)
        return Failed(_failure(item, why, told, meter, run), cause)
    return None


def _work_of(
    item: Item, store: Objects, told: _Told, meter: Meter, deadline: Deadline
) -> Callable[[], Tried | Prepared | None]:
    """Return what is to be done for an item: a `TrialRun`, if it is a trial."""
    if isinstance(item, PreparationRequest):
        return partial(
            run_preparation,
            item,
            meter,
            told.threads,
            check_code=told.check_code,
            elsewhere=told.elsewhere,
            stamps=told.stamps,
            place=told.place,
        )
    return TrialRun(
        item,
        meter,
        told.threads,
        choose=partial(_subset, item, store) if item.fidelity.takes_subset else None,
        copy=_copy(item, store) if item.preparation else None,
        record=partial(_record, store=store),
        end_within=deadline.ring_within,
        store=store,
        resume=lambda spent: deadline.count(spent.wall_seconds),
        check_code=told.check_code,
        elsewhere=told.elsewhere,
        stamps=told.stamps,
        place=told.place,
    )


class _Why(NamedTuple):
    """Why an attempt failed, and whether it was for want of the machine's memory, not of a device's."""

    reason: FailureReason
    message: str
    lacks_memory: bool


def _why(cause: BaseException, told: _Told, *, expired: bool, killed_helpers: Callable[[], bool]) -> _Why:
    """Return why an attempt failed, by the error that ended it. What it had started may have been killed for want of
    memory, and the error be of that."""
    reason = FailureReason.DEADLINE_EXCEEDED if expired else reason_of(cause)
    message = message_of(cause, reason)
    killed = reason in HELPERS_MAY_BE_MISSED and killed_helpers()
    if killed:
        reason = FailureReason.OUT_OF_MEMORY
        message = f"a process of the trial was killed for want of memory; then: {message}"
    lacks_memory = reason is FailureReason.OUT_OF_MEMORY and (killed or lacks_host_memory(cause))
    if (lacks_memory and told.shares_memory) or (reason is FailureReason.OUT_OF_MEMORY and told.beside > 1):
        reason = FailureReason.OUT_OF_SHARED_MEMORY
    return _Why(reason, message, lacks_memory)


def _failure(item: Item, why: _Why, told: _Told, meter: Meter, run: TrialRun | None) -> contract.Failure:
    return contract.Failure(
        key=item.key,
        attempt=item.attempt,
        reason=why.reason,
        message=why.message,
        # what can't be done is refused before anything is trained
        accelerator_seconds=0.0 if why.reason is FailureReason.INVALID_REQUEST else meter.accelerator_seconds,
        deadline_seconds=item.deadline_seconds,
        memory_limit_bytes=told.memory_limit_bytes if why.lacks_memory else None,
        metric=item.metric if isinstance(item, TrialRequest) else None,
        curve=_kept_curve(run),
        study=item.study,
    )


def succeeded(item: Item) -> TerminationMessage:
    """Return the last words of an item whose result is in the store."""
    return TerminationMessage(key=item.key, attempt=item.attempt, reason="Succeeded")


def _done_in_time(
    item: Item, store: Objects, deadline: Deadline, work: Callable[[], Tried | Prepared | None], run: TrialRun | None
) -> Tried | Prepared | None:
    """Return what comes of the work within the deadline; None if its result is there already."""
    try:
        with deadline:
            if _recorded(item, store) is not None:
                return None
            _check_key(item)
            return work()
    except BaseException:
        if run is None or run.early is None:
            raise
        return run.early  # its clean-up took too long, at the last moment


def _kept_curve(run: TrialRun | None) -> tuple[contract.CurvePoint, ...]:
    """Return what a trial had reported until it failed."""
    try:
        return run.curve.bounded(FAILURE_CURVE_BYTES)[0] if run is not None else ()
    except MemoryError:  # the failure itself is to be written down all the same
        return ()


# ----------------------------------------------------------------------------- the choice of a subset


def _subset(request: TrialRequest, store: Objects, examples: int, labels: Callable[[], Labels]) -> NDArray[np.int64]:
    """Return the places of the trial's examples among all training examples, whose labels are read if they count."""
    scores = None if request.preparation is None else _scores(request.preparation, store)
    known = np.zeros(examples, np.int64) if scores is None else labels()
    try:
        return choose(examples, request.fidelity, request.seed, scores, known)
    except ValueError as error:
        raise InvalidRequest(f"fidelity.subset: {error}") from error


def _copy(request: TrialRequest, store: Objects) -> Copy:
    return partial(copy_of_chosen, request, store, partial(_scores_digest, request, store))


def _scores_digest(request: TrialRequest, store: Objects) -> contract.Digest:
    """Return the digest of the scores that choose a trial's examples."""
    assert request.preparation is not None
    result = store.get(contract.preparation_name(request.preparation))
    return PreparationResult.model_validate_json(result).scores_digest


def _scores(key: str, store: Objects) -> NDArray[np.float32]:
    """Return the scores of a preparation. Raises StoreError unless they have the digest that its result says."""
    result = PreparationResult.model_validate_json(store.get(contract.preparation_name(key)))
    data = store.get(contract.preparation_scores_name(key), limit=result.examples * np.dtype("<f4").itemsize)
    if contract.digest(data) != result.scores_digest:
        name = contract.preparation_scores_name(key)
        raise StoreError(f"{store.uri}/{name}: digest {contract.digest(data)}; expected {result.scores_digest}")
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


# ----------------------------------------------------------------------------- requests and records


def _check_key(item: Item) -> None:
    if isinstance(item, TrialRequest):
        expected = contract.trial_key(contract.request_condition(item), item.seed)
    else:
        expected = contract.request_preparation(item)
    if item.key != expected:
        raise InvalidRequest(f"key: given {item.key}; its contents have the key {expected}")


def _recorded(item: Item, store: Objects) -> Result | None:
    """Return the result that is in the store already; None if there is none."""
    try:
        if isinstance(item, TrialRequest):
            return TrialResult.model_validate_json(store.get(contract.result_name(item.key)))
        return PreparationResult.model_validate_json(store.get(contract.preparation_name(item.key)))
    except ObjectNotFound:
        return None
    except ValidationError as error:
        raise _unreadable(item.key, store, error) from error


def _unreadable(key: str, store: Objects, error: ValidationError) -> StoreError:
    return StoreError(f"{store.uri}: the result of {key} can't be read: {error}")


def _record_patiently(outcome: Tried | Prepared, store: Objects) -> None:
    """Do as `_record`, and try again while the store fails for a reason that may pass: the result was paid for."""
    begin_to_record()
    until, failures = time.monotonic() + RECORD_SECONDS, 0
    while True:
        try:
            _record(outcome, store)
            return
        except StoreError as error:
            failures += 1
            delay = contract.doubling_pause(failures, FIRST_DELAY_SECONDS, LAST_DELAY_SECONDS)
            if not error.may_pass or time.monotonic() + delay > until:
                raise
        time.sleep(delay)


def _record(outcome: Tried | Prepared, store: Objects) -> None:
    """Put the result if there is none: the first one written counts."""
    if isinstance(outcome[0], TrialResult):
        _record_trial(*outcome, store)
    else:
        _record_preparation(*outcome, store)


def _record_trial(result: TrialResult, examples: Sequence[KeptExamples], store: Objects) -> None:
    # the values first, under their digest: who sees the result may rely on them
    for each in examples:
        store.put_if_absent(contract.examples_name(result.key, each.described), each.data)
    # releases without notes can read a result that has none
    data = result.model_dump_json(exclude=None if result.notes else {"notes"}).encode()
    name = contract.result_name(result.key)
    if not store.put_if_absent(name, data):
        try:
            TrialResult.model_validate_json(store.get(name))  # what counts must be one
        except ValidationError as error:  # else it would pass for the team's own refusal of its recipe
            raise _unreadable(result.key, store, error) from error


def _record_preparation(result: PreparationResult, scores: NDArray[np.float32], store: Objects) -> None:
    # The scores first: who sees the result may rely on them. An attempt that died between the two has left its own.
    name = contract.preparation_scores_name(result.key)
    if not store.put_if_absent(name, scores.tobytes()):
        result = result.model_copy(update={"scores_digest": contract.digest(store.get(name, limit=scores.nbytes))})
    store.put_if_absent(contract.preparation_name(result.key), result.model_dump_json().encode())


def record_failure(item: Item, store: Objects, failure: contract.Failure) -> TerminationMessage:
    """Put how an item failed into the store, and say it in short."""
    reason, message = failure.reason, failure.message
    try:
        store.put_if_absent(contract.attempt_name(item.key, item.attempt), failure.model_dump_json().encode())
    except StoreError as error:
        if reason is not FailureReason.STORE_FAILED:
            reason, message = FailureReason.STORE_FAILED, f"{error}; the attempt itself ended with {reason}: {message}"
    return last_words(failure.model_copy(update={"reason": reason, "message": message}))


def last_words(failure: contract.Failure) -> TerminationMessage:
    """Return what is said in short of a failure."""
    return TerminationMessage(
        key=failure.key,
        attempt=failure.attempt,
        reason=failure.reason,
        message=bounded(failure.message, LAST_WORDS_CHARACTERS),
        memory_limit_bytes=failure.memory_limit_bytes,
    )
