"""What was spent, and on which arm."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assay.api.resources import REFERENCE
from assay.planning.results.readings import NO_DEVICE
from assay_trainer.contract import Cost, Fidelity, TrialResult

if TYPE_CHECKING:
    from assay.api.resources import CostUnit
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study


class ArmCosts(NamedTuple):
    """The costs of one arm. Means are over trials on the device model that most of the study's trials ran on; None: no
    trial ran."""

    trials: int
    trial_seconds: float | None
    trial_wall_seconds: float | None
    preparation_seconds: float
    total_seconds: float
    spent_seconds: float
    """What this study spent on the arm's trials and preparations; results that it found in the store count in the total
    alone."""
    saved_seconds: float = 0.0
    """What trials of its own would have cost, whose scores were read from other trials."""


class Matched(NamedTuple):
    """Mean seconds of a hypothesis' trials at the reference and on an arm, over the seeds that it has on both."""

    reference: float
    arm: float


@dataclass(frozen=True)
class Costs:
    """All costs of a study, in accelerator seconds. `spent` is what this study ran, failed and stale work included;
    results that it found in the store are not in it, but count in the arms' means."""

    arms: Mapping[str, ArmCosts]
    relatives: Mapping[str, float]
    matched: Mapping[str, tuple[Matched, ...]]
    """By arm: one for each hypothesis with trials on both, on the device model that most ran on."""
    spent: float
    spent_on_failures: float
    unit: CostUnit | None
    device_model: str | None
    device_models: tuple[str, ...]

    def relative(self, arm: str) -> float | None:
        """Return an arm's cost per trial over the reference's; None if it is not known yet.

        Only the trials (hypothesis, seed) count that succeeded on both, on the same device model: if all counted, an
        arm on which only the cheap hypotheses succeed would look cheap.
        """
        return self.relatives.get(arm)


def costs_of(study: Study, records: Records, scored: Records | None = None) -> Costs:
    """Add up what the records say. `scored` are the same with those of scores that are read among them, if there are
    any: what an arm's trial costs is known from these, too."""
    sums, scored = _summed(study, records), records if scored is None else scored
    _add_readings(study, scored, sums)
    models: Counter[str] = Counter()
    for (_, device_model), tally in sums.tallies.items():
        models[device_model] += tally.trials
    model = models.most_common(1)[0][0] if models else None
    relatives, matched = _compared(study, scored, model)
    return Costs(
        relatives=relatives,
        matched=matched,
        arms={arm: sums.of_arm(arm, model or "") for arm in study.design.arms},
        spent=sums.spent + sums.failed,
        spent_on_failures=sums.failed,
        unit=sums.units[model] if model else None,
        device_model=model,
        device_models=tuple(sorted(models)),
    )


@dataclass(slots=True)
class _Tally:
    """Trials of one arm on one device model, added up."""

    trials: int = 0
    seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass(slots=True)
class _Sums:
    """Accelerator seconds of all records, added up; of work of an earlier spec only what this study `spent`."""

    tallies: defaultdict[tuple[str, str], _Tally] = field(default_factory=lambda: defaultdict(_Tally))
    """By arm and device model."""
    trials: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    preparations: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    own: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By arm, as are the two before: what this study spent itself."""
    saved: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By arm: what trials of its own would have cost that it did not need."""
    units: dict[str, CostUnit] = field(default_factory=dict)
    """By device model."""
    spent: float = 0.0
    failed: float = 0.0

    def tally(self, arm: str, cost: Cost) -> None:
        """Add a trial to those that an arm's means are over."""
        tally = self.tallies[arm, cost.device_model]
        tally.trials += 1
        tally.seconds += cost.accelerator_seconds
        tally.wall_seconds += cost.wall_seconds
        self.units[cost.device_model] = cost.unit

    def of_arm(self, arm: str, model: str) -> ArmCosts:
        """Return the costs of an arm, with means over its trials on a device model."""
        tally, preparation = self.tallies[arm, model], self.preparations[arm]
        count = tally.trials
        return ArmCosts(
            trials=count,
            trial_seconds=tally.seconds / count if count else None,
            trial_wall_seconds=tally.wall_seconds / count if count else None,
            preparation_seconds=preparation,
            total_seconds=self.trials[arm] + preparation,
            spent_seconds=self.own[arm],
            saved_seconds=self.saved[arm],
        )


def _summed(study: Study, records: Records) -> _Sums:
    arm_of, name, sums = study.design.arm_of, study.name, _Sums()
    read = {reading.arm for reading in study.design.readings.values()}
    for key, record in records.items():
        result = record.result
        if result is not None:
            cost, arm = result.cost, arm_of.get(key)
            seconds = cost.charged_seconds
            if result.study == name:
                sums.spent += seconds
                if arm is not None:
                    sums.own[arm] += seconds
            if arm is not None and isinstance(result, TrialResult):
                if arm not in read:
                    sums.tally(arm, cost)
                sums.trials[arm] += seconds
            elif arm is not None:
                sums.preparations[arm] += seconds
        for failure in record.failures:
            if failure.study in (None, name):
                sums.failed += failure.accelerator_seconds
    return sums


def _add_readings(study: Study, scored: Records, sums: _Sums) -> None:
    """Add what the scores that are read had cost when they were reported. Nobody spent it on them: of an arm that needs
    no trials of its own it is saved."""
    for key, reading in study.design.readings.items():
        record = scored.get(key)
        if record is not None and isinstance(record.result, TrialResult):
            cost = record.result.cost
            if cost.device_model != NO_DEVICE:
                sums.tally(reading.arm, cost)
            if reading.arm in study.design.free:
                sums.saved[reading.arm] += cost.accelerator_seconds


def _compared(
    study: Study, records: Records, model: str | None
) -> tuple[dict[str, float], dict[str, tuple[Matched, ...]]]:
    """Return each arm's cost over the reference's, and the mean costs of both by hypothesis."""
    rows = {hypothesis.name: row for row, hypothesis in enumerate(study.hypotheses)}
    shape = (len(rows), len(study.design.seeds))
    seconds = {arm: np.full(shape, np.nan) for arm in study.design.arms}
    for trial in study.design.trials:
        record = records.get(trial.key)
        if record is not None and record.result is not None and record.result.cost.device_model == model:
            seconds[trial.arm][rows[trial.hypothesis], trial.seed] = record.result.cost.accelerator_seconds
    relatives: dict[str, float] = {}
    matched: dict[str, tuple[Matched, ...]] = {}
    reference = seconds[REFERENCE]
    for arm, own in seconds.items():
        on_both = np.isfinite(reference) & np.isfinite(own)
        counts = on_both.sum(axis=1)
        full, part = (np.where(on_both, each, 0.0).sum(axis=1)[counts > 0] for each in (reference, own))
        known = counts[counts > 0]
        matched[arm] = tuple(map(Matched._make, zip((full / known).tolist(), (part / known).tolist(), strict=True)))
        if all_of_reference := float(full.sum()):
            relatives[arm] = float(part.sum()) / all_of_reference
    return relatives, matched


def relative_work(fidelity: Fidelity, reference: Fidelity) -> float:
    """Guess an arm's cost over the reference's before anything has run: epochs x data x pixels, or steps x batch size x
    pixels."""
    pixels = (fidelity.image_size / reference.image_size) ** 2 if fidelity.image_size and reference.image_size else 1.0
    if fidelity.steps and reference.steps:
        sizes = fidelity.batch_size, reference.batch_size
        return fidelity.steps / reference.steps * (sizes[0] / sizes[1] if sizes[0] and sizes[1] else 1.0) * pixels
    epochs = (fidelity.stop_after or fidelity.epochs) / (reference.stop_after or reference.epochs)
    return epochs * fidelity.data_percent / reference.data_percent * pixels
