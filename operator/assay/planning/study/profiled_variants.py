"""What `assay profile` runs: the baseline on the reference arm, and on everything that may be faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.api.arms import arms_of
from assay.api.recipes import merge_patch
from assay.api.resources import REFERENCE, LeverKind
from assay.planning.study.design import TrialCondition
from assay.planning.study.programs import SCORING_ENTRYPOINT
from assay.planning.study.requests import preparation_request, trial_request
from assay_trainer.contract import PreparationRequest, TrialRequest, request_condition, trial_key

if TYPE_CHECKING:
    from assay.planning.study.study import Study

SWITCHES = {"bf16": False, "channelsLast": True}
"""Train-loop options of `assay_trainer.vision` that change how fast the same recipe runs, and their values where the
recipe does not give them."""

GPU_SWITCHES = {"tf32": True, "cudnnBenchmark": True, "compile": False, "cudaGraphs": False}
"""Those that do something on a GPU alone."""

ALL_SWITCHES = frozenset({*SWITCHES, *GPU_SWITCHES})


class Variant(NamedTuple):
    """One way to run the baseline. `kind` is None for the reference, with which the others are compared."""

    name: str
    kind: LeverKind | None
    condition: TrialCondition
    arm: str


def variants(study: Study, *, on_gpu: bool = False) -> tuple[Variant, ...]:
    """Return the reference, each proxy, and the reference with each switch of the device turned."""
    conditions = study.design.conditions
    # arms that are ranked by another metric of the same trials are no faster
    arms = {conditions[study.baseline, arm].digest: arm for arm in reversed(study.design.arms)}
    found = [
        Variant(arm, None if arm == REFERENCE else LeverKind.PROXY, conditions[study.baseline, arm], arm)
        for arm in study.design.arms
        if arm in arms.values()
    ]
    reference = found[0].condition
    if reference.program.entrypoint == SCORING_ENTRYPOINT:
        for switch, usual in {**SWITCHES, **(GPU_SWITCHES if on_gpu else {})}.items():
            turned = not reference.recipe.get(switch, usual)
            recipe = merge_patch(reference.recipe, {switch: turned})
            name = f"{switch} {'on' if turned else 'off'}"
            found.append(Variant(name, LeverKind.TRAIN_LOOP, reference._replace(recipe=recipe), REFERENCE))
    return tuple(found)


def variant_request(study: Study, variant: Variant, seed: int) -> TrialRequest:
    """Return the trial of a variant, with the key that its recipe gives it."""
    planned = next(
        trial for trial in study.design.trials if trial.hypothesis == study.baseline and trial.arm == variant.arm
    )
    request = trial_request(study, study.design.run_of(planned), 1).model_copy(
        update={"recipe": dict(variant.condition.recipe), "seed": seed}
    )
    return request.model_copy(update={"key": trial_key(request_condition(request), seed)})


def preparations_of(study: Study) -> tuple[PreparationRequest, ...]:
    """Return the preparations that must run before the variants, for the baseline's data."""
    needed = {study.design.conditions[study.baseline, arm.name].preparation for arm in arms_of(study.resource)}
    return tuple(preparation_request(study, each, 1) for each in study.design.preparations if each.key in needed)
