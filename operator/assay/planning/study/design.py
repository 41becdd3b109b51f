"""The design of a study: all trials that it may run, which is every hypothesis on every arm with every seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.api.arms import Arm, arms_of
from assay.api.recipes import merge_patch
from assay.planning.records.look_records import member
from assay.planning.study.planned import PlannedPreparation, PlannedTrial
from assay.planning.study.programs import (
    NO_SURROUNDINGS,
    SCORING_ENTRYPOINT,
    Program,
    Surroundings,
    program_of,
    scoring_program,
    study_program,
    subset_program,
)
from assay.planning.study.readings import (
    Reading,
    Wanted,
    is_read,
    longer,
    reading_key,
    runner,
    trials_to_run,
    wanted_of,
)
from assay_trainer.contract import (
    Dataset,
    Fidelity,
    PreparationMethod,
    StatedDataset,
    condition_digest,
    preparation_key,
    trial_key,
)

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis, RankedBy
    from assay.planning.study.definition import StudyDefinition

SCORING_REPEATS = 3
"""How many initialisations core-set scores are averaged over. Paul et al. 2021 (arXiv:2107.07075) use 10, and find that
a few are enough for the order of the examples."""

SCORING_EPOCHS_DIVISOR = 5
"""Core-set scores are taken after the reference's epochs divided by this. Paul et al. 2021 take them after a tenth to a
fifth of the epochs."""


class TrialCondition(NamedTuple):
    """What the trials of one hypothesis on one arm have in common; they differ in the seed alone."""

    digest: str
    code: str
    program: Program
    recipe: Mapping[str, Any]
    dataset: Dataset | StatedDataset
    preparation: str | None
    surroundings: Surroundings = NO_SURROUNDINGS


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
    """One for each hypothesis, arm and seed; some are no trials of their own, but scores that are read: `readings`."""
    metrics: Mapping[str, RankedBy] = field(default_factory=dict)
    """By arm: what it is ranked by."""
    ground: Mapping[str, str] = field(default_factory=dict)
    """By arm: the digest of what a hypothesis that changes nothing runs there."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """By key, of the scores that are read."""
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    """By arm: what is wanted of its trials."""

    @cached_property
    def initial_trials(self) -> tuple[PlannedTrial, ...]:
        """The trials of the initial seeds."""
        return self.trials[: len(self.conditions) * self.initial_seeds]

    @cached_property
    def initial_keys(self) -> frozenset[str]:
        """The keys of the trials of the initial seeds, of what runs for those that are read, and of all
        preparations."""
        preparations = (preparation.key for preparation in self.preparations)
        runs = (trial.key for trial in trials_to_run(self.initial_trials, self.readings))
        return frozenset((*preparations, *runs, *(trial.key for trial in self.initial_trials)))

    @cached_property
    def work(self) -> tuple[PlannedPreparation | PlannedTrial, ...]:
        """All preparations and trials that may run, each key once; preparations come first, since trials wait for
        them."""
        unique: dict[str, PlannedPreparation | PlannedTrial] = {each.key: each for each in self.preparations}
        for trial in map(self.run_of, self.trials) if self.readings else self.trials:
            unique.setdefault(trial.key, trial)
        return tuple(unique.values())

    def run_of(self, trial: PlannedTrial) -> PlannedTrial:
        """Return what runs for a trial if nothing else does: itself, unless its score is read."""
        reading = self.readings.get(trial.key)
        return trial if reading is None else reading.run

    @cached_property
    def members(self) -> Mapping[str, Mapping[str, str]]:
        """By proxy and hypothesis, the digits that stand for it among those that were looked at on that proxy."""
        found: dict[str, dict[str, str]] = {arm: {} for arm in self.arms[1:]}
        for (hypothesis, arm), condition in self.conditions.items():
            if arm in found:
                found[arm][hypothesis] = member(self.conditions[hypothesis, self.arms[0]].digest, condition.digest)
        return found

    @cached_property
    def free(self) -> frozenset[str]:
        """The arms that need no trial of their own while hypotheses are calibrated."""
        return frozenset(arm for arm, wanted in self.wanted.items() if wanted.runs_on != arm)

    @cached_property
    def read_from(self) -> Mapping[tuple[str, str], str]:
        """By hypothesis and arm: the digest of the run from which scores are read while hypotheses are calibrated, for
        arms that need no trials of their own."""
        return {
            (hypothesis, arm): self.conditions[hypothesis, self.wanted[arm].runs_on].digest
            for hypothesis, arm in self.conditions
            if arm in self.free
        }

    @cached_property
    def arm_of(self) -> Mapping[str, str]:
        """The arm of each key; where two arms run the same trial, the first of them. Longer runs from which scores can
        be read are among them, though the study may not run them."""
        found = {each.key: each.arm for each in self.work}
        for reading in self.readings.values():
            for key in reading.sources:
                found.setdefault(key, reading.run.arm)
        return found


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
    seeds = tuple(range(study.spec.seeds.maximum))
    planned = [_planned(study, hypothesis, arms, conditions, seeds) for hypothesis in study.hypotheses]
    return Design(
        seeds=seeds,
        initial_seeds=study.spec.seeds.initial,
        arms=tuple(arm.name for arm in arms),
        fidelities={arm.name: arm.fidelity for arm in arms},
        conditions=conditions,
        preparations=tuple(preparations.values()),
        trials=tuple(trial for seed in seeds for of_hypothesis in planned for trial, _ in of_hypothesis[seed]),
        metrics={arm.name: arm.metric for arm in arms},
        ground={arm.name: _ground(study, arm) for arm in arms},
        readings={
            trial.key: reading
            for of_hypothesis in planned
            for of_seed in of_hypothesis
            for trial, reading in of_seed
            if reading is not None
        },
        wanted={arm.name: wanted_of(arms, arm) for arm in arms},
    )


def _planned(
    study: StudyDefinition,
    hypothesis: Hypothesis,
    arms: Sequence[Arm],
    conditions: Mapping[tuple[str, str], TrialCondition],
    seeds: Sequence[int],
) -> list[list[tuple[PlannedTrial, Reading | None]]]:
    """Return the trials of a hypothesis by seed, one for each arm, and how those are read that are."""
    found: list[list[tuple[PlannedTrial, Reading | None]]] = [[] for _ in seeds]
    for arm in arms:
        condition = conditions[hypothesis.name, arm.name]
        is_reading = is_read(arm, study.spec.metric.name)
        digests = [condition.digest, *_longer(study, hypothesis, arms, arm, conditions)] if is_reading else []
        for seed in seeds:
            key = trial_key(condition.digest, seed)
            trial = PlannedTrial(key, hypothesis.name, arm.name, seed, condition.preparation)
            if not is_reading:
                found[seed].append((trial, None))
                continue
            sources = tuple(dict.fromkeys(trial_key(each, seed) for each in digests))
            run = trial._replace(arm=runner(arms, arm).name)
            reading = Reading(arm.name, run, sources, arm.read_at, arm.metric.name)
            found[seed].append((trial._replace(key=reading_key(key, arm.metric.name)), reading))
    return found


def _longer(
    study: StudyDefinition,
    hypothesis: Hypothesis,
    arms: Sequence[Arm],
    arm: Arm,
    conditions: Mapping[tuple[str, str], TrialCondition],
) -> list[str]:
    """Return the digests of the longer runs that begin as a hypothesis' run on an arm does; the last one is whole."""
    after = longer(arms, arm)
    found = [conditions[hypothesis.name, each.name].digest for each in after]
    if any(each.read_at is None for each in after):
        return found
    own, whole = conditions[hypothesis.name, arm.name], replace(arm, fidelity=arm.whole)
    return [*found, _condition_of(study, own.program, own.code, own.recipe, whole, own.dataset, own.preparation).digest]


def _condition(
    study: StudyDefinition, hypothesis: Hypothesis, arm: Arm, dataset: Dataset | StatedDataset, preparation: str | None
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
    dataset: Dataset | StatedDataset,
    preparation: str | None,
) -> TrialCondition:
    surroundings = study.surroundings.get(program, NO_SURROUNDINGS)
    digest = condition_digest(
        code=code,
        entrypoint=program.entrypoint,
        recipe=recipe,
        fidelity=arm.fidelity,
        dataset=dataset.identity,
        held_out=study.dataset.identity,
        preparation=preparation,
        inputs=surroundings.inputs,
        environment=surroundings.environment,
        devices=program.devices,
    )
    return TrialCondition(digest, code, program, recipe, dataset, preparation, surroundings)


def _preparation(study: StudyDefinition, arm: Arm, dataset: Dataset | StatedDataset) -> PlannedPreparation | None:
    if not arm.fidelity.needs_scores:
        return None
    assert isinstance(dataset, Dataset), "others are refused where a study is checked"
    if arm.fidelity.subset_entrypoint is not None:
        return _by_function(study, arm, dataset, arm.fidelity.subset_entrypoint)
    # A team's own recipe means nothing to the scoring network, which then uses its defaults.
    recipe = arm.recipe if study.spec.trainer.entrypoint == SCORING_ENTRYPOINT else {}
    reference = study.spec.reference
    scoring = Fidelity(
        epochs=max(1, (reference.epochs or 1) // SCORING_EPOCHS_DIVISOR),
        steps=max(1, reference.steps // SCORING_EPOCHS_DIVISOR) if reference.steps else None,
        image_size=arm.fidelity.image_size,
        batch_size=arm.fidelity.batch_size,
    )
    # CCS goes by the same scores
    return _planned_preparation(study, arm, "EL2N", scoring_program(study.spec), recipe, scoring, dataset)


def _by_function(study: StudyDefinition, arm: Arm, dataset: Dataset, entrypoint: str) -> PlannedPreparation:
    """Return the preparation by a team's own function, which arms share that want as many examples of one size."""
    program = subset_program(study.spec, entrypoint)
    reference = study.spec.reference
    length = {"epochs": reference.epochs or 1, "steps": reference.steps}
    wanted = arm.whole.model_copy(update=length)
    return _planned_preparation(study, arm, "Custom", program, arm.recipe, wanted, dataset)


def _planned_preparation(
    study: StudyDefinition,
    arm: Arm,
    method: PreparationMethod,
    program: Program,
    recipe: Mapping[str, Any],
    fidelity: Fidelity,
    dataset: Dataset,
) -> PlannedPreparation:
    code, custom = study.code[program], method == "Custom"
    surroundings = study.surroundings.get(program, NO_SURROUNDINGS) if custom else NO_SURROUNDINGS
    repeats = 1 if custom else SCORING_REPEATS
    key = preparation_key(
        method=method,
        code=code,
        recipe=recipe,
        fidelity=fidelity,
        repeats=repeats,
        dataset=dataset.identity,
        entrypoint=program.entrypoint if custom else None,
        inputs=surroundings.inputs,
        environment=surroundings.environment,
    )
    return PlannedPreparation(key, arm.name, method, program, code, recipe, fidelity, repeats, dataset, surroundings)
