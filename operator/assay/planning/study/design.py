"""The design of a study: all trials that it may run, which is every hypothesis on every arm with every seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.api.arms import Arm, arms_of
from assay.api.recipes import merge_patch
from assay.planning.records.look_records import member
from assay.planning.study.programs import (
    NO_SURROUNDINGS,
    SCORING_ENTRYPOINT,
    Program,
    Surroundings,
    program_of,
    scoring_program,
    study_program,
)
from assay_trainer.contract import (
    Dataset,
    Fidelity,
    condition_digest,
    preparation_key,
    trial_key,
)

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis
    from assay.planning.study.definition import StudyDefinition

SCORING_REPEATS = 3
"""How many initialisations core-set scores are averaged over. Paul et al. 2021 (arXiv:2107.07075) use 10, and find that
a few are enough for the order of the examples."""

SCORING_EPOCHS_DIVISOR = 5
"""Core-set scores are taken after the reference's epochs divided by this. Paul et al. 2021 take them after a tenth to a
fifth of the epochs."""


class PlannedTrial(NamedTuple):
    """One trial of the design."""

    key: str
    hypothesis: str
    arm: str
    seed: int
    preparation: str | None


class TrialCondition(NamedTuple):
    """What the trials of one hypothesis on one arm have in common; they differ in the seed alone."""

    digest: str
    code: str
    program: Program
    recipe: Mapping[str, Any]
    dataset: Dataset
    preparation: str | None
    surroundings: Surroundings = NO_SURROUNDINGS


class PlannedPreparation(NamedTuple):
    """One preparation of the design."""

    key: str
    arm: str
    code: str
    recipe: Mapping[str, Any]
    fidelity: Fidelity
    dataset: Dataset


@dataclass(frozen=True)
class Design:
    """What a study may run; `trials` are in the order in which they start.

    The agenda says which of it is wanted: usually the trials of the first `initial_seeds` seeds, and those of further
    seeds where they can still decide something.
    """

    seeds: tuple[int, ...]
    initial_seeds: int
    arms: tuple[str, ...]
    fidelities: Mapping[str, Fidelity]
    conditions: Mapping[tuple[str, str], TrialCondition]
    preparations: tuple[PlannedPreparation, ...]
    trials: tuple[PlannedTrial, ...]
    ground: Mapping[str, str] = field(default_factory=dict)
    """By arm: the digest of what a hypothesis that changes nothing runs there."""

    @cached_property
    def initial_trials(self) -> tuple[PlannedTrial, ...]:
        """The trials of the initial seeds."""
        return self.trials[: len(self.conditions) * self.initial_seeds]

    @cached_property
    def initial_keys(self) -> frozenset[str]:
        """The keys of the trials of the initial seeds, and of all preparations."""
        preparations = (preparation.key for preparation in self.preparations)
        return frozenset((*preparations, *(trial.key for trial in self.initial_trials)))

    @cached_property
    def work(self) -> tuple[PlannedPreparation | PlannedTrial, ...]:
        """All preparations and trials, each key once; preparations come first, since trials wait for them."""
        unique: dict[str, PlannedPreparation | PlannedTrial] = {each.key: each for each in self.preparations}
        for trial in self.trials:
            unique.setdefault(trial.key, trial)
        return tuple(unique.values())

    @cached_property
    def members(self) -> Mapping[str, Mapping[str, str]]:
        """By proxy and hypothesis, the digits that stand for it among those that were looked at on that proxy."""
        found: dict[str, dict[str, str]] = {arm: {} for arm in self.arms[1:]}
        for (hypothesis, arm), condition in self.conditions.items():
            if arm in found:
                found[arm][hypothesis] = member(self.conditions[hypothesis, self.arms[0]].digest, condition.digest)
        return found

    @cached_property
    def arm_of(self) -> Mapping[str, str]:
        """The arm of each key; where two arms run the same trial, the first of them."""
        return {each.key: each.arm for each in self.work}


def design_of(study: StudyDefinition) -> Design:
    """Return the design: its trials are ordered by seed, then by hypothesis, with all arms of a hypothesis together.

    However early a study ends, it has then run about the same seeds of the same hypotheses on every arm.
    """
    arms = arms_of(study.resource)
    preparations: dict[str, PlannedPreparation] = {}
    conditions: dict[tuple[str, str], TrialCondition] = {}
    for hypothesis in study.hypotheses:
        dataset = study.datasets.get(hypothesis.name, study.dataset)
        for arm in arms:
            preparation = _preparation(study, arm, dataset)
            if preparation:
                preparations.setdefault(preparation.key, preparation)
            conditions[hypothesis.name, arm.name] = _condition(
                study, hypothesis, arm, dataset, preparation.key if preparation else None
            )
    ground = {arm.name: _ground(study, arm) for arm in arms}
    seeds = tuple(range(study.spec.seeds.maximum))
    trials = tuple(
        PlannedTrial(trial_key(condition.digest, seed), hypothesis, arm, seed, condition.preparation)
        for seed in seeds
        for (hypothesis, arm), condition in conditions.items()
    )
    return Design(
        seeds=seeds,
        initial_seeds=study.spec.seeds.initial,
        arms=tuple(arm.name for arm in arms),
        fidelities={arm.name: arm.fidelity for arm in arms},
        conditions=conditions,
        preparations=tuple(preparations.values()),
        trials=trials,
        ground=ground,
    )


def _condition(
    study: StudyDefinition, hypothesis: Hypothesis, arm: Arm, dataset: Dataset, preparation: str | None
) -> TrialCondition:
    program = program_of(study.spec, hypothesis)
    recipe: dict[str, Any] = merge_patch(arm.recipe, hypothesis.spec.recipe)
    return _condition_of(study, program, study.code[program], recipe, arm, dataset, preparation)


def _ground(study: StudyDefinition, arm: Arm) -> str:
    """Return the digest of what a hypothesis that changes nothing runs on an arm. Where each has a program of its own,
    nobody may know the code of the study's."""
    preparation, program = _preparation(study, arm, study.dataset), study_program(study.spec)
    code = study.code.get(program, "")
    key = preparation.key if preparation else None
    return _condition_of(study, program, code, arm.recipe, arm, study.dataset, key).digest


def _condition_of(
    study: StudyDefinition,
    program: Program,
    code: str,
    recipe: Mapping[str, Any],
    arm: Arm,
    dataset: Dataset,
    preparation: str | None,
) -> TrialCondition:
    surroundings = study.surroundings.get(program, NO_SURROUNDINGS)
    digest = condition_digest(
        code=code,
        entrypoint=program.entrypoint,
        recipe=recipe,
        fidelity=arm.fidelity,
        dataset=dataset.digest,
        held_out=study.dataset.digest,
        preparation=preparation,
        inputs=surroundings.inputs,
        environment=surroundings.environment,
    )
    return TrialCondition(digest, code, program, recipe, dataset, preparation, surroundings)


def _preparation(study: StudyDefinition, arm: Arm, dataset: Dataset) -> PlannedPreparation | None:
    if not arm.fidelity.takes_subset or arm.fidelity.subset == "Random":
        return None
    # A team's own recipe means nothing to the scoring network, which then uses its defaults.
    recipe = arm.recipe if study.spec.trainer.entrypoint == SCORING_ENTRYPOINT else {}
    scoring = Fidelity(
        epochs=max(1, study.spec.reference.epochs // SCORING_EPOCHS_DIVISOR),
        image_size=arm.fidelity.image_size,
        batch_size=arm.fidelity.batch_size,
    )
    code = study.code[scoring_program(study.spec)]
    key = preparation_key(
        method=arm.fidelity.subset,
        code=code,
        recipe=recipe,
        fidelity=scoring,
        repeats=SCORING_REPEATS,
        dataset=dataset.digest,
    )
    return PlannedPreparation(key, arm.name, code, recipe, scoring, dataset)
