"""Work requests with keys that fit their contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay_trainer import contract

NO_CODE = contract.digest(b"")


def a_trial(
    dataset: contract.Dataset,
    entrypoint: str,
    *,
    seed: int = 0,
    attempt: int = 1,
    recipe: Mapping[str, Any] | None = None,
    fidelity: contract.Fidelity | None = None,
    deadline_seconds: int = 60,
    devices: int = 1,
    code: str = NO_CODE,
    layers: bool = False,
) -> contract.TrialRequest:
    """Return the trial of an entry point on a data set, scored by `accuracy`."""
    return contract.keyed_trial(
        attempt=attempt,
        study="study",
        hypothesis="hypothesis",
        arm="reference",
        seed=seed,
        code=code,
        entrypoint=entrypoint,
        recipe=dict(recipe or {}),
        fidelity=fidelity or contract.Fidelity(),
        dataset=dataset,
        held_out=dataset,
        metric="accuracy",
        deadline_seconds=deadline_seconds,
        devices=devices,
        layers=layers,
    )
