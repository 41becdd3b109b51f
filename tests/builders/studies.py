"""Studies as the planner sees them, and results of their trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.api.resources import Goal, Hypothesis, Metric, ProxyArm, ReferenceArm, Seeds, Trust
from assay.planning.records.records import Records, WorkRecord
from assay.planning.study.capacity import Capacity
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.planned import PlannedPreparation, PlannedTrial
from assay.planning.study.programs import preparing_programs, program_of, scoring_program
from assay.planning.study.study import Study
from assay_trainer import contract
from builders import manifests

CODE = contract.digest(b"the team's code")
DATASET = contract.Dataset(manifest="file:///data/digits/manifest.json", digest=contract.digest(b"digits"))


def a_study(
    *,
    hypotheses: int | Sequence[Hypothesis] = 4,
    proxies: Sequence[ProxyArm] = (),
    seeds: int = 2,
    maximum: int | None = None,
    epochs: int = 10,
    threshold: str = "0.6",
    smallest_effect: str = "0",
    goal: Goal = Goal.MAXIMIZE,
    name: str = "digits",
    capacity: int | None = 2,
    idle_slots_are_free: bool = False,
    **spec: Any,
) -> Study:
    """Return a study of this many hypotheses, the baseline first; `spec` are fields of its spec in snake_case."""
    chosen = manifests.some_hypotheses(hypotheses) if isinstance(hypotheses, int) else tuple(hypotheses)
    fields = {
        "metric": Metric(name="accuracy", goal=goal, smallest_effect=smallest_effect),
        "reference": ReferenceArm(epochs=epochs, batch_size=64),
        "seeds": Seeds(initial=seeds, maximum=maximum or seeds),
        "trust": Trust(threshold=threshold),
        **spec,
    }
    resource = manifests.a_proxy_study(name=name, proxies=proxies, **fields)
    definition = StudyDefinition(
        resource=resource,
        hypotheses=chosen,
        code={
            **dict.fromkeys(preparing_programs(resource.spec), CODE),
            scoring_program(resource.spec): contract.digest(b"our code"),
            **{program_of(resource.spec, hypothesis): CODE for hypothesis in chosen},
        },
        dataset=DATASET,
    )
    return Study.of(definition, capacity=Capacity(capacity, idle_slots_are_free))


def redefined(study: Study, **changes: Any) -> Study:
    """Return the study with another definition; `changes` are fields of it. History and capacity stay."""
    return Study.of(replace(study.definition, **changes), history=study.history, capacity=study.capacity)


def a_profile(**shares: float) -> contract.Profile:
    """Return a profile with these shares of the time; the others are like a loop that the backward pass limits."""
    usual = {
        "data_wait": 0.08,
        "copy_to_device": 0.04,
        "forward": 0.26,
        "backward": 0.42,
        "optimizer": 0.10,
        "evaluation": 0.06,
        "other": 0.04,
    }
    return contract.Profile(
        **{**usual, **shares}, samples_per_second=4200.0, device_utilisation=0.9, peak_memory_bytes=300_000_000
    )


def a_cost(seconds: float = 10.0, *, device_model: str = "a CPU", unit: str = "cpu-process") -> contract.Cost:
    """Return a cost of this many accelerator seconds, a tenth of them for setting up."""
    return contract.Cost.model_validate(
        {
            "unit": unit,
            "devices": 1,
            "device_model": device_model,
            "wall_seconds": seconds,
            "accelerator_seconds": seconds,
            "setup_seconds": 0.1 * seconds,
            "training_seconds": 0.84 * seconds,
            "evaluation_seconds": 0.06 * seconds,
        }
    )


def a_result(
    study: Study,
    trial: PlannedTrial,
    score: float,
    *,
    seconds: float = 10.0,
    curve: tuple[contract.CurvePoint, ...] = (),
    profile: contract.Profile | None = None,
    device_model: str = "a CPU",
    unit: str = "cpu-process",
    started_at: float = 1_000_000.0,
) -> contract.TrialResult:
    """Return the result of a planned trial."""
    metric = study.spec.metric.name
    return contract.TrialResult(
        key=trial.key,
        study=study.name,
        hypothesis=trial.hypothesis,
        arm=trial.arm,
        seed=trial.seed,
        metric=metric,
        score=score,
        metrics={metric: score},
        curve=curve,
        cost=a_cost(seconds, device_model=device_model, unit=unit),
        profile=profile,
        provenance=_provenance(device_model, started_at),
    )


def a_preparation_result(
    study: Study, preparation: PlannedPreparation, *, seconds: float = 5.0, device_model: str = "a CPU"
) -> contract.PreparationResult:
    """Return the result of a planned preparation."""
    return contract.PreparationResult(
        key=preparation.key,
        study=study.name,
        arm=preparation.arm,
        method=preparation.method,
        examples=100,
        scores_digest=contract.digest(b"scores"),
        cost=a_cost(seconds, device_model=device_model),
        provenance=_provenance(device_model, 1_000_000.0),
    )


def a_failure(
    key: str,
    *,
    attempt: int = 1,
    reason: contract.FailureReason = contract.FailureReason.TRAIN_FUNCTION_RAISED,
    message: str = "ValueError: no such optimizer",
    seconds: float = 1.0,
) -> contract.Failure:
    """Return an attempt that ended without a result."""
    return contract.Failure(key=key, attempt=attempt, reason=reason, message=message, accelerator_seconds=seconds)


def records_of_scores(
    study: Study,
    scores: Mapping[tuple[str, str, int], float] | Callable[[PlannedTrial], float | None],
    *,
    seconds: Callable[[PlannedTrial], float] = lambda trial: 10.0,
    curve: Callable[[PlannedTrial, float], tuple[contract.CurvePoint, ...]] = lambda trial, score: (),
    profile: Callable[[PlannedTrial], contract.Profile | None] = lambda trial: None,
    **result: Any,
) -> Records:
    """Return results of the trials that have a score: a mapping by (hypothesis, arm, seed), or a function that may
    return None. The preparations that such trials wait for have a result too."""
    records: dict[str, WorkRecord] = {}
    preparations = {preparation.key: preparation for preparation in study.design.preparations}
    for trial in study.design.trials:
        score = scores(trial) if callable(scores) else scores.get((trial.hypothesis, trial.arm, trial.seed))
        if score is None:
            continue
        if trial.preparation and trial.preparation not in records:
            prepared = a_preparation_result(study, preparations[trial.preparation])
            records[trial.preparation] = WorkRecord(result=prepared)
        found = a_result(
            study,
            trial,
            score,
            seconds=seconds(trial),
            curve=curve(trial, score),
            profile=profile(trial),
            **result,
        )
        records[trial.key] = WorkRecord(result=found)
    return records


def _provenance(device_model: str, started_at: float) -> contract.Provenance:
    return contract.Provenance(
        code=CODE,
        dataset=DATASET.digest,
        python="3.11.7",
        torch=None,
        device_model=device_model,
        started_at=started_at,
    )
