"""Does one work item in this process, from the request to the result in the store."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.children import RECORD_SECONDS, begin_to_record
from assay_trainer.code import code_digest
from assay_trainer.contract import (
    FailureReason,
    PreparationRequest,
    PreparationResult,
    TerminationMessage,
    TrialRequest,
    TrialResult,
)
from assay_trainer.cost import Meter, cpu_seconds
from assay_trainer.data import OpenedDataset, open_dataset
from assay_trainer.deadline import Deadline
from assay_trainer.described import bounded
from assay_trainer.device import device_model, seed_everything, torch_version, use_device
from assay_trainer.entrypoint import load_entrypoint
from assay_trainer.failures import (
    HELPERS_MAY_BE_MISSED,
    CodeChanged,
    InvalidRequest,
    InvalidResult,
    lacks_host_memory,
    message_of,
    reason_of,
)
from assay_trainer.inputs import edited
from assay_trainer.linux import out_of_memory_kills
from assay_trainer.objects import ObjectNotFound, Objects, StoreError
from assay_trainer.profile.memory import peak_memory_bytes, reset_peak_memory
from assay_trainer.profile.phases import PHASES
from assay_trainer.profile.utilisation import GpuUtilisation
from assay_trainer.returned import KeptExamples, bounded_curve, bounded_notes, checked_metrics, checked_run_url
from assay_trainer.subsets import choose
from assay_trainer.trial import Images, Labels, Trial

Item = TrialRequest | PreparationRequest
Result = TrialResult | PreparationResult
Tried = tuple[TrialResult, tuple[KeptExamples, ...]]
Prepared = tuple[PreparationResult, NDArray[np.float32]]

LAST_WORDS_CHARACTERS = 500
"""The most characters of a message in the termination message; the whole message is in the store."""


FIRST_DELAY_SECONDS, LAST_DELAY_SECONDS = 1.0, 30.0
"""The pauses between tries to write a result grow from the first to the second of these."""


def perform(
    item: Item,
    store: Objects,
    *,
    device: str,
    threads: int,
    check_code: bool = False,
    elsewhere: Mapping[str, str] = MappingProxyType({}),
    stamps: Mapping[str, str] = MappingProxyType({}),
    shares_memory: bool = False,
    memory_limit_bytes: int | None = None,
) -> TerminationMessage:
    """Run a trial or a preparation, put its result (or failure) into the store, and say in short how it ended.

    `device` is "cpu", "cuda" or "cuda:<n>"; `threads` is the number of CPU threads that the item may use. With
    `check_code`, the item fails if its sources on this machine, with the files `elsewhere`, no longer have its
    digest, or if an input that has a stamp in `stamps` (by URI) was edited. If the result is there already, nothing
    is run. Never raises for what the trial, its code or the store does wrong. The deadline needs the main thread (see
    `Deadline`), and only another process can end a hang within C code. With `shares_memory`, others run beside it: then
    it is not its own fault if the machine's memory is too little. `memory_limit_bytes` is the limit of that memory, if
    somebody has set one.
    """
    meter = Meter(device, item.devices)
    deadline = Deadline(item.deadline_seconds)
    kills = out_of_memory_kills()
    try:
        with deadline:
            result = _recorded(item, store)
            if result is None:
                _check_key(item)
                outcome = (
                    _run_trial(item, store, meter, threads, check_code=check_code, elsewhere=elsewhere, stamps=stamps)
                    if isinstance(item, TrialRequest)
                    else _run_preparation(item, meter, threads)
                )
        if result is None:  # written outside the deadline: what was computed in time is not thrown away
            _record_patiently(outcome, store)
    except BaseException as error:  # noqa: BLE001 - the team's code may raise anything, SystemExit among it
        reason = FailureReason.DEADLINE_EXCEEDED if deadline.expired else reason_of(error)
        message = message_of(error, reason)
        killed = reason in HELPERS_MAY_BE_MISSED and out_of_memory_kills() > kills
        if killed:
            reason = FailureReason.OUT_OF_MEMORY
            message = f"a process of the trial was killed for want of memory; then: {message}"
        lacks_memory = reason is FailureReason.OUT_OF_MEMORY and (killed or lacks_host_memory(error))
        if lacks_memory and shares_memory:
            reason = FailureReason.OUT_OF_SHARED_MEMORY
        return _failed(item, store, meter, reason, message, memory_limit_bytes if lacks_memory else None)
    return TerminationMessage(key=item.key, attempt=item.attempt, reason="Succeeded")


# ----------------------------------------------------------------------------- trials


def _run_trial(
    request: TrialRequest,
    store: Objects,
    meter: Meter,
    threads: int,
    *,
    check_code: bool,
    elsewhere: Mapping[str, str],
    stamps: Mapping[str, str],
) -> Tried:
    device = meter.device
    train_split = open_dataset(request.dataset)
    held_out_split = train_split if request.held_out == request.dataset else open_dataset(request.held_out)
    image_size = request.fidelity.image_size or max(train_split.manifest.train.images)
    train = load_entrypoint(request.entrypoint)
    # after the import, so that no edit in between is missed
    if check_code and _code_here(request, elsewhere) != request.code:
        raise CodeChanged(f"the sources of {request.entrypoint} were edited after the study had begun")
    _check_inputs(request, stamps, "was edited after the study had begun")
    use_device(device, threads)
    seed_everything(request.seed)
    reset_peak_memory(device)
    trial = Trial(
        recipe=request.recipe,
        fidelity=request.fidelity,
        seed=request.seed,
        classes=train_split.manifest.classes,
        training_data=partial(_training_data, request, train_split, image_size, store),
        held_out=lambda: held_out_split.held_out(image_size),
        device=device,
        threads=threads,
    )
    began_ns, began_cpu = time.perf_counter_ns(), cpu_seconds()
    try:
        with GpuUtilisation(device) as gpu:
            metrics, left_out = checked_metrics(train(trial), request.metric)
    finally:
        trial.close()
    _check_inputs(request, stamps, "was edited while a trial ran, which may have read either")
    phases = trial.timer.seconds()
    if trial.timer.first is None:  # it timed nothing: all is training but the reading of the data
        setup_seconds = (began_ns - meter.started_ns) / 1e9 + trial.loading_seconds
    else:
        setup_seconds = (trial.timer.first - meter.started_ns) / 1e9
    model = device_model(device)
    cost = meter.cost(model, setup_seconds=setup_seconds, evaluation_seconds=phases["evaluation"])
    if device.startswith("cuda"):
        utilisation = gpu.share
    else:
        cores_seconds = threads * (time.perf_counter_ns() - began_ns) / 1e9
        utilisation = min(1.0, (cpu_seconds() - began_cpu) / cores_seconds)
    profile = _profile(trial, phases, cost, utilisation)
    provenance = _provenance(request, meter, model, held_out=request.held_out.digest)
    return _result(request, trial, metrics, left_out, cost, profile, provenance)


def _training_data(
    request: TrialRequest, split: OpenedDataset, image_size: int, store: Objects
) -> tuple[Images, Labels]:
    """Return the images and labels of the trial's subset."""
    images, labels = split.train(image_size)
    if not request.fidelity.takes_subset:
        return images, labels
    scores = None if request.preparation is None else _scores(request.preparation, store)
    try:
        chosen = choose(len(labels), request.fidelity, request.seed, scores, labels)
    except ValueError as error:
        raise InvalidRequest(f"fidelity.subset: {error}") from error
    return images[chosen], labels[chosen]


def _result(
    request: TrialRequest,
    trial: Trial,
    metrics: dict[str, float],
    left_out: Sequence[str],
    cost: contract.Cost,
    profile: contract.Profile,
    provenance: contract.Provenance,
) -> Tried:
    """Return the trial's outcome cut to what a result may hold, and the values that lie beside it; notes say what was
    left out."""
    curve, cut = bounded_curve(trial.curve, trial.reported)
    run_url, no_url = checked_run_url(trial.run_url)
    examples, not_kept = trial.examples.kept()
    try:
        result = TrialResult(
            key=request.key,
            study=request.study,
            hypothesis=request.hypothesis,
            arm=request.arm,
            seed=request.seed,
            metric=request.metric,
            score=metrics[request.metric],
            metrics=metrics,
            curve=curve,
            cost=cost,
            profile=profile,
            provenance=provenance,
            run_url=run_url,
            notes=_told(bounded_notes([*no_url, *cut, *not_kept, *left_out])),
            per_example=tuple(each.described for each in examples),
        )
    except ValidationError as error:  # else it would pass for the team's own refusal of its recipe
        problem = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise InvalidResult(f"the result's {field}: {problem['msg']}") from error
    return result, examples


def _told(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Print the notes to the trial's log, and return them."""
    for note in notes:
        print(f"assay: {note}", file=sys.stderr)  # noqa: T201
    return notes


def _code_here(request: TrialRequest, elsewhere: Mapping[str, str]) -> str | None:
    """Return the digest of the trial's code as it is now; None if one of its files is gone."""
    try:
        return code_digest(request.entrypoint.partition(":")[0], elsewhere)
    except OSError:
        return None


def _check_inputs(request: TrialRequest, stamps: Mapping[str, str], how: str) -> None:
    if (uri := edited(request.inputs, stamps)) is not None:
        raise CodeChanged(f"spec.trainer.inputs: {uri} {how}")


def _profile(
    trial: Trial, phases: Mapping[Any, float], cost: contract.Cost, utilisation: float | None
) -> contract.Profile:
    first, last = trial.timer.first, trial.timer.last
    measured = sum(phases.values())
    # Sampled GPU phases are estimates, so that their sum may exceed the whole by a little.
    whole = max((last - first) / 1e9, measured) if first is not None and last is not None else 0.0
    shares = {name: phases[name] / whole if whole else 0.0 for name in PHASES}
    samples = trial.samples or trial.training_examples * trial.fidelity.epochs
    return contract.Profile(
        **shares,
        other=max(0.0, 1.0 - sum(shares.values())),
        samples_per_second=samples / cost.training_seconds if cost.training_seconds else 0.0,
        device_utilisation=utilisation,
        peak_memory_bytes=peak_memory_bytes(trial.device),
    )


# ----------------------------------------------------------------------------- preparations


def _run_preparation(request: PreparationRequest, meter: Meter, threads: int) -> Prepared:
    from assay_trainer.subsets.el2n import score_examples  # it needs torch, which a trial may do without

    data: OpenedDataset = open_dataset(request.dataset)
    use_device(meter.device, threads)
    seed_everything(0)
    setup_seconds = meter.wall_seconds
    scores = np.ascontiguousarray(score_examples(request, data, device=meter.device), dtype="<f4")
    model = device_model(meter.device)
    result = PreparationResult(
        key=request.key,
        study=request.study,
        arm=request.arm,
        method=request.method,
        examples=len(scores),
        scores_digest=contract.digest(scores.tobytes()),
        cost=meter.cost(model, setup_seconds=setup_seconds, evaluation_seconds=0.0),
        provenance=_provenance(request, meter, model),
    )
    return result, scores


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
        expected = contract.preparation_key(
            method=item.method,
            code=item.code,
            recipe=item.recipe,
            fidelity=item.fidelity,
            repeats=item.repeats,
            dataset=item.dataset.digest,
        )
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
        raise StoreError(f"{store.uri}: the result of {item.key} can't be read: {error}") from error


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
        TrialResult.model_validate_json(store.get(name))  # what counts must be one


def _record_preparation(result: PreparationResult, scores: NDArray[np.float32], store: Objects) -> None:
    # The scores first: who sees the result may rely on them. An attempt that died between the two has left its own.
    name = contract.preparation_scores_name(result.key)
    if not store.put_if_absent(name, scores.tobytes()):
        result = result.model_copy(update={"scores_digest": contract.digest(store.get(name, limit=scores.nbytes))})
    store.put_if_absent(contract.preparation_name(result.key), result.model_dump_json().encode())


def _failed(
    item: Item, store: Objects, meter: Meter, reason: FailureReason, message: str, memory_limit_bytes: int | None
) -> TerminationMessage:
    failure = contract.Failure(
        key=item.key,
        attempt=item.attempt,
        reason=reason,
        message=message,
        accelerator_seconds=meter.accelerator_seconds,
        deadline_seconds=item.deadline_seconds,
        memory_limit_bytes=memory_limit_bytes,
        metric=item.metric if isinstance(item, TrialRequest) else None,
        study=item.study,
    )
    try:
        store.put_if_absent(contract.attempt_name(item.key, item.attempt), failure.model_dump_json().encode())
    except StoreError as error:
        if reason is not FailureReason.STORE_FAILED:
            reason, message = FailureReason.STORE_FAILED, f"{error}; the attempt itself ended with {reason}: {message}"
    return TerminationMessage(
        key=item.key,
        attempt=item.attempt,
        reason=reason,
        message=bounded(message, LAST_WORDS_CHARACTERS),
        memory_limit_bytes=memory_limit_bytes,
    )


def _provenance(item: Item, meter: Meter, model: str, held_out: str | None = None) -> contract.Provenance:
    return contract.Provenance(
        code=item.code,
        dataset=item.dataset.digest,
        held_out=held_out,
        python=platform.python_version(),
        torch=torch_version(),
        device_model=model,
        release=_release(),
        started_at=meter.started_at,
    )


def _release() -> str | None:
    """Return the release of the image that this runs in, as the image itself says."""
    version, revision = (os.environ.get(f"ASSAY_{name}") for name in ("VERSION", "REVISION"))
    return f"{version}, revision {revision}" if version and revision else None
