"""What a worker is asked to do for one piece of a study's design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay_trainer.contract import CHECKPOINT_SECONDS, PreparationRequest, TrialRequest

if TYPE_CHECKING:
    from assay.planning.study.planned import PlannedPreparation, PlannedTrial
    from assay.planning.study.study import Study


def trial_request(study: Study, trial: PlannedTrial, attempt: int, *, alone: bool = False) -> TrialRequest:
    """Ask a worker to run a trial of the study's design; `alone`: with nothing beside it."""
    condition = study.design.conditions[trial.hypothesis, trial.arm]
    wanted, seconds = study.design.wanted[trial.arm], study.spec.trainer.checkpoint_seconds
    return TrialRequest(
        key=trial.key,
        attempt=attempt,
        study=study.name,
        hypothesis=trial.hypothesis,
        arm=trial.arm,
        seed=trial.seed,
        code=condition.code,
        entrypoint=condition.program.entrypoint,
        image=condition.program.image,
        recipe=dict(condition.recipe),
        fidelity=study.design.fidelities[trial.arm],
        dataset=condition.dataset,
        held_out=study.definition.dataset,
        preparation=condition.preparation,
        inputs=condition.surroundings.inputs,
        environment=dict(condition.surroundings.environment),
        passed=condition.program.passed,
        metric=study.design.metrics[trial.arm].name,
        wanted_epochs=wanted.epochs,
        wanted_metrics=wanted.metrics,
        deadline_seconds=study.spec.trainer.deadline_seconds,
        checkpoint_seconds=None if seconds == CHECKPOINT_SECONDS else seconds,
        devices=study.spec.trainer.devices,
        threads=study.spec.trainer.threads,
        deterministic=study.spec.trainer.deterministic,
        alone=alone,
    )


def preparation_request(study: Study, preparation: PlannedPreparation, attempt: int) -> PreparationRequest:
    """Ask a worker to run a preparation of the study's design."""
    return PreparationRequest(
        key=preparation.key,
        attempt=attempt,
        study=study.name,
        arm=preparation.arm,
        method=preparation.method,
        entrypoint=preparation.program.entrypoint if preparation.method == "Custom" else None,
        code=preparation.code,
        image=preparation.program.image,
        recipe=dict(preparation.recipe),
        fidelity=preparation.fidelity,
        repeats=preparation.repeats,
        dataset=preparation.dataset,
        inputs=preparation.surroundings.inputs,
        environment=dict(preparation.surroundings.environment),
        passed=preparation.program.passed if preparation.method == "Custom" else (),
        deadline_seconds=study.spec.trainer.deadline_seconds,
        devices=study.spec.trainer.devices,
    )
