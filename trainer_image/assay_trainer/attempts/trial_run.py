"""One try of a trial in this process, from the call of the train function to what comes of it."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.attempts.cost import Meter, cpu_seconds
from assay_trainer.attempts.failures import InvalidRequest, InvalidResult
from assay_trainer.attempts.provenance import provenance_of
from assay_trainer.attempts.trial_data import TrialData, data_of
from assay_trainer.attempts.unedited import check_code_unedited, check_inputs_unedited
from assay_trainer.checkpoints import NOTHING, Checkpoints, Spent, ToldToEnd
from assay_trainer.code.declared import uses_of, why_not
from assay_trainer.code.entrypoint import Function, load_entrypoint
from assay_trainer.contract import TrialRequest, TrialResult
from assay_trainer.data import Choose, Copy, check_files_unedited, watch_files
from assay_trainer.described import bounded
from assay_trainer.device import device_count, device_model, seed_everything, use_device
from assay_trainer.objects import Objects, StoreError
from assay_trainer.profile.layers import TracedTimer, keep_layers
from assay_trainer.profile.memory import peak_memory_bytes, reset_peak_memory
from assay_trainer.profile.phases import PHASES, PhaseTimer
from assay_trainer.profile.utilisation import GpuUtilisation
from assay_trainer.ranks.place import ALONE, Place
from assay_trainer.returned import (
    RESULT_CURVE_BYTES,
    KeptExamples,
    LearningCurve,
    Wanted,
    bounded_notes,
    checked_metrics,
    checked_run_url,
    metrics_at_the_end,
)
from assay_trainer.trial import EnoughReported, Trial

Tried = tuple[TrialResult, tuple[KeptExamples, ...]]
"""A result, and the values that lie beside it."""

CLEAN_UP_SECONDS = 60.0
"""The time that a train function has for its clean-up once its trial has ended at a report."""

WHY_NOT_CHARACTERS = 500
"""The most characters of why a trace can't be kept."""


class TrialRun:
    """One try of a trial.

    `choose` returns which training examples are the trial's; None means all; `copy` finds a copy of them. `record`
    writes down what came of a trial that ends at a report; `end_within` ends the train function after so many seconds.
    `store` has its checkpoints, and `resume` hears what the run had taken by the one that it goes on from. The others
    are as in `harness.attempt`.
    """

    def __init__(
        self,
        request: TrialRequest,
        meter: Meter,
        threads: int,
        *,
        choose: Choose | None,
        copy: Copy | None = None,
        record: Callable[[Tried], None],
        end_within: Callable[[float], None],
        store: Objects,
        resume: Callable[[Spent], None],
        check_code: bool,
        elsewhere: Mapping[str, str],
        stamps: Mapping[str, str],
        place: Place = ALONE,
    ) -> None:
        self.curve = LearningCurve(Wanted.by(request))
        self.early: Tried | None = None
        """What came of a trial that has ended at a report. It stands, whatever the function's clean-up does."""
        self.failed_early: Exception | None = None
        """Why nothing came of it."""
        self._request, self._meter, self._threads = request, meter, threads
        self._copy = copy
        self._choose, self._record, self._end_within = choose, record, end_within
        self._check_code, self._elsewhere, self._stamps = check_code, elsewhere, stamps
        self._place = place
        self._store, self._resume = store, resume
        self.checkpoints: Checkpoints | None = None

    def __call__(self) -> Tried | None:
        """Run the train function and return what came of it; None in a process that only helps another one. Raises what
        the function raises and what is wrong with what it gave."""
        request, device = self._request, self._meter.device
        data = data_of(request, self._choose, self._copy)
        train = load_entrypoint(request.entrypoint)
        place = self._place_of(train)
        if place is None:
            return None
        # after the import, so that no edit in between is missed
        if self._check_code:
            check_code_unedited(request.entrypoint, request.code, self._elsewhere)
        check_inputs_unedited(request.inputs, self._stamps, "was edited after the study had begun")
        watch_files()
        use_device(device, self._threads, deterministic=request.deterministic)
        seed_everything(request.seed)
        reset_peak_memory(device)
        self.checkpoints = Checkpoints(
            request,
            self._store,
            self.curve,
            device,
            spent=self._spent,
            resume=self._resume,
            rank=place.rank,
            agreement=place.agreement,
        )
        self._trial = self._trial_of(data, place)
        self._began_ns, self._began_cpu = time.perf_counter_ns(), cpu_seconds()
        returned = self._returned_by(train, self.checkpoints)
        if not place.is_first:
            return None
        if self.failed_early is not None:
            raise self.failed_early
        if self.early is not None:
            return self.early
        if request.fidelity.stop_after is not None:
            return self._outcome(*metrics_at_the_end(self.curve))
        return self._outcome(*checked_metrics(returned, request.metric))

    def _trial_of(self, data: TrialData, place: Place) -> Trial:
        request = self._request
        return Trial(
            recipe=request.recipe,
            fidelity=request.fidelity,
            seed=request.seed,
            classes=data.classes,
            training_data=partial(place.training, data.training) if place.training else data.training,
            held_out=partial(place.held_out, data.held_out) if place.held_out else data.held_out,
            examples=data.examples,
            own_data=data.own,
            own_held_out=data.own_held_out,
            device=self._meter.device,
            threads=self._threads,
            deterministic=request.deterministic,
            rank=place.rank,
            world_size=place.world_size,
            timer=self._timer(place),
            learning_curve=self.curve,
            rotation=data.rotation,
            pixel_statistics=data.pixel_statistics,
            at_enough=self._end_early,
            checkpoints=self.checkpoints,
        )

    def _returned_by(self, train: Function, checkpoints: Checkpoints) -> Any:
        """Call the train function and return what it returns; None if it ended at a report, or broke down after what
        counts of its curve. Raises ToldToEnd, and what the function raises."""
        returned: Any = None
        try:
            with GpuUtilisation(self._meter.device) as self._gpu:
                returned = train(self._trial)
        except EnoughReported:
            pass
        except ToldToEnd:
            raise
        except BaseException:
            # what was reported by then is the result, also if the function breaks down in what follows
            if checkpoints.ended or self.failed_early is not None or not self.curve.has_score:
                raise
            traceback.print_exc()
        finally:
            checkpoints.close()
            self._trial.close()
        self._keep_layers()
        if checkpoints.ended:  # its function has swallowed that, and returned what it had
            raise ToldToEnd
        return returned

    def _place_of(self, train: Function) -> Place | None:
        """Return this process's place among those that run the function; None if it is called without this one. Raises
        InvalidRequest if the function can't use the trial's devices."""
        devices, there = self._request.devices, device_count(self._meter.device)
        if (problem := why_not(train, devices)) is not None:
            raise InvalidRequest(problem)
        if there is not None and there < devices:
            raise InvalidRequest(f"devices: given {devices}; there are {there} here, as the pod template asks for")
        if uses_of(train) == "ranks" or self._place.world_size == 1:
            return self._place
        self._place.leave()
        return ALONE if self._place.is_first else None

    def _timer(self, place: Place) -> PhaseTimer:
        """Return what times the trial's phases; of several ranks the first is traced, if it is to be."""
        if not (self._request.layers and place.is_first):
            return PhaseTimer(self._meter.device)
        return TracedTimer(self._meter.device)

    def _keep_layers(self) -> None:
        """Keep what was traced. It costs no trial its result if that can't be had."""
        if isinstance(self._trial.timer, TracedTimer):
            try:
                keep_layers(self._trial.timer, self._request.key, self._store)
            except Exception as error:  # noqa: BLE001 - torch's profiler, the disk, the store
                why = bounded(f"{type(error).__name__}: {error}", WHY_NOT_CHARACTERS)
                print(f"assay: what was traced can't be kept: {why}", file=sys.stderr)  # noqa: T201

    def _end_early(self) -> None:
        """Measure and record the trial at the report that ends it: its function may hang or die in its clean-up."""
        if not self._place.is_first:
            self._end_within(CLEAN_UP_SECONDS)
            return
        if self.early is None and self.failed_early is None:
            try:
                self.early = self._outcome(*metrics_at_the_end(self.curve))
                self._record(self.early)
            except StoreError:  # it is tried again when the function has ended
                pass
            except Exception as error:  # noqa: BLE001 - it is raised when the function has ended, which may swallow it
                self.failed_early = error
        self._end_within(CLEAN_UP_SECONDS)

    def _outcome(self, metrics: dict[str, float], left_out: Sequence[str]) -> Tried:
        """Measure the trial, and return what comes of it, cut to what a result may hold; notes say what was left
        out."""
        request, trial, meter, checkpoints = self._request, self._trial, self._meter, self.checkpoints
        assert checkpoints is not None  # made with the trial
        check_inputs_unedited(request.inputs, self._stamps, "was edited while a trial ran, which may have read either")
        check_files_unedited()
        model = device_model(meter.device)
        spent = self._spent()
        cost = meter.cost(
            model,
            setup_seconds=spent.setup_seconds,
            evaluation_seconds=spent.phases["evaluation"],
            wall_seconds=spent.wall_seconds,
            accelerator_seconds=spent.accelerator_seconds,
            resumed_seconds=checkpoints.charged_before,
        )
        if meter.device.startswith("cuda"):
            utilisation = self._gpu.share
        else:
            cores_seconds = self._threads * (time.perf_counter_ns() - self._began_ns) / 1e9
            utilisation = min(1.0, (cpu_seconds() - self._began_cpu) / cores_seconds)
        curve, cut = self.curve.bounded(RESULT_CURVE_BYTES)
        run_url, no_url = checked_run_url(trial.run_url)
        # what is said of each example is said of the end of a whole run
        examples, not_kept = trial.example_values.kept() if request.fidelity.stop_after is None else ((), [])
        amiss = trial.keeping.notes(spent.samples) if trial.keeping is not None else ()
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
                profile=_profile(trial, spent, cost, utilisation),
                provenance=provenance_of(request, meter, model, request.held_out.identity, threads=self._threads),
                run_url=run_url,
                notes=_told(bounded_notes([*no_url, *amiss, *cut, *not_kept, *left_out, *checkpoints.notes])),
                per_example=tuple(each.described for each in examples),
            )
        except ValidationError as error:  # else it would pass for the team's own refusal of its recipe
            raise InvalidResult("the result's {}: {}".format(*contract.first_fault(error))) from error
        return result, examples

    def _spent(self) -> Spent:
        """Return what the run has taken so far, with what it had taken by the checkpoint that it went on from."""
        trial, meter, before = self._trial, self._meter, self.checkpoints.before if self.checkpoints else NOTHING
        phases = trial.timer.seconds()
        first, last = trial.timer.first, trial.timer.last
        if first is None:  # it timed nothing: all is training but the reading of the data
            setup = (self._began_ns - meter.started_ns) / 1e9 + trial.loading_seconds
        else:
            setup = (first - meter.started_ns) / 1e9
        # Sampled GPU phases are estimates, so that their sum may exceed the whole by a little.
        measured = max((last - first) / 1e9, sum(phases.values())) if first is not None and last is not None else 0.0
        return Spent(
            wall_seconds=before.wall_seconds + meter.wall_seconds,
            accelerator_seconds=before.accelerator_seconds + meter.accelerator_seconds,
            setup_seconds=before.setup_seconds + setup,
            measured_seconds=before.measured_seconds + measured,
            training_seconds=trial.training_seconds,
            phases={name: before.phases.get(name, 0.0) + phases[name] for name in PHASES},
            samples=before.samples + trial.samples,
            peak_memory_bytes=max(before.peak_memory_bytes, peak_memory_bytes(meter.device)),
        )


def _told(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Print the notes to the trial's log, and return them."""
    for note in notes:
        print(f"assay: {note}", file=sys.stderr)  # noqa: T201
    return notes


def _profile(trial: Trial, spent: Spent, cost: contract.Cost, utilisation: float | None) -> contract.Profile:
    whole = spent.measured_seconds
    shares = {name: min(1.0, spent.phases[name] / whole) if whole else 0.0 for name in PHASES}
    epochs = trial.fidelity.stop_after or trial.fidelity.epochs
    assumed = trial.training_examples * epochs
    if trial.fidelity.steps:
        assumed = trial.fidelity.steps * (trial.fidelity.batch_size or 0)
    samples = spent.samples or assumed
    return contract.Profile(
        **shares,
        other=max(0.0, 1.0 - sum(shares.values())),
        samples_per_second=samples / cost.training_seconds if cost.training_seconds else 0.0,
        device_utilisation=utilisation,
        peak_memory_bytes=spent.peak_memory_bytes,
    )
