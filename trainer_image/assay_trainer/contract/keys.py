"""Keys: digests of all that determines a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from assay_trainer.contract.dataset import Input
from assay_trainer.contract.digests import canonical_json, digest, short_digest
from assay_trainer.contract.message import CONTRACT_VERSION
from assay_trainer.contract.requests import Fidelity, PreparationRequest, TrialRequest


def condition_digest(
    *,
    code: str,
    entrypoint: str,
    recipe: Mapping[str, Any],
    fidelity: Fidelity,
    dataset: str,
    held_out: str,
    preparation: str | None,
    inputs: Sequence[Input] = (),
    environment: Mapping[str, str | None] = MappingProxyType({}),
    devices: int = 1,
) -> str:
    """Return the digest of all that determines a trial's result except its seed.

    Data sets and inputs count by their digests, not by their addresses; the order of the inputs counts, too. Several
    devices count: each sees a part of every batch, so that batch norms, and many a train function's batch and rate,
    are others.
    """
    parts = [CONTRACT_VERSION, code, entrypoint, recipe, fidelity.identity(), dataset, held_out, preparation]
    if inputs or environment:  # without them keys are as they were before there were any
        parts.append({"inputs": [each.digest for each in inputs], "environment": dict(environment)})
    if devices > 1:  # with one, keys are as they were when there was only one
        parts.append({"devices": devices})
    return digest(canonical_json(parts))


def trial_key(condition: str, seed: int) -> str:
    """Return the key of the trial of a condition (`condition_digest`) with a seed: 32 hex digits."""
    return short_digest(f"{condition}/{seed}".encode())


def request_condition(request: TrialRequest) -> str:
    """Return the condition digest that a trial request's key must come from."""
    return condition_digest(
        code=request.code,
        entrypoint=request.entrypoint,
        recipe=request.recipe,
        fidelity=request.fidelity,
        dataset=request.dataset.identity,
        held_out=request.held_out.identity,
        preparation=request.preparation,
        inputs=request.inputs,
        environment=request.environment,
        devices=request.devices,
    )


def keyed_trial(**fields: Any) -> TrialRequest:
    """Return the trial request with these fields, and with the key that its contents have. Raises ValidationError."""
    draft = TrialRequest(key="0" * 32, **fields)
    return draft.model_copy(update={"key": trial_key(request_condition(draft), draft.seed)})


def preparation_key(
    *,
    method: str,
    code: str,
    recipe: Mapping[str, Any],
    fidelity: Fidelity,
    repeats: int,
    dataset: str,
    entrypoint: str | None = None,
    inputs: Sequence[Input] = (),
    environment: Mapping[str, str | None] = MappingProxyType({}),
) -> str:
    """Return the key of a preparation: 32 hex digits."""
    parts = [CONTRACT_VERSION, method, code, recipe, fidelity.identity(), repeats, dataset]
    if entrypoint is not None:  # without one keys are as they were before there were any
        parts.append([entrypoint, [each.digest for each in inputs], dict(environment)])
    return short_digest(canonical_json(parts))


def request_preparation(request: PreparationRequest) -> str:
    """Return the key that a preparation's request must have."""
    return preparation_key(
        method=request.method,
        code=request.code,
        recipe=request.recipe,
        fidelity=request.fidelity,
        repeats=request.repeats,
        dataset=request.dataset.identity,
        entrypoint=request.entrypoint,
        inputs=request.inputs,
        environment=request.environment,
    )


def course_key(request: TrialRequest) -> str:
    """Return the key of the course that a trial's training takes, which it shares with the trials that end earlier on
    it: that of the whole run."""
    whole = request.model_copy(update={"fidelity": request.fidelity.whole()})
    return trial_key(request_condition(whole), request.seed)


def lasting_key(request: TrialRequest) -> str:
    """Return the key of a course of training that it shares with runs of any number of epochs, or of steps if its
    length is given in steps."""
    steps = request.fidelity.steps and 1
    any_length = request.fidelity.model_copy(update={"stop_after": None, "epochs": 1, "steps": steps})
    condition = request_condition(request.model_copy(update={"fidelity": any_length}))
    return short_digest(f"{condition}/{request.seed}/any number of epochs".encode())
