"""The study that recorded runs are: every one of them is a trial that has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from assay.api.decimals import decimal_string
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.metadata import ObjectMeta
from assay.api.resources import (
    REFERENCE,
    DatasetReference,
    Goal,
    HypothesesSelection,
    Hypothesis,
    HypothesisSpec,
    Metric,
    ProxyArm,
    ProxyStudy,
    ProxyStudySpec,
    ReferenceArm,
    Seeds,
    TrainerSpec,
    Trust,
    Verdicts,
)
from assay.judging.arms import labelled, number_of
from assay.judging.names import Names, names_of, together
from assay.planning.records.records import WorkRecord
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.programs import study_program
from assay.planning.study.study import Study
from assay_trainer.contract import Cost, Dataset, Failure, FailureReason, Provenance, TrialResult

if TYPE_CHECKING:
    from assay.judging.arms import JudgedArms
    from assay.judging.options import JudgingOptions
    from assay.planning.records.records import Records
    from assay.planning.study.planned import PlannedTrial
    from assay.recorded.table import RecordedRun, Table

MOST_HYPOTHESES = 5000
MOST_RUNS = 500_000
"""More of them take more than some seconds to judge, and gigabytes."""

_MOST_SETTINGS = 200
"""Columns that may tell who is kin; a recipe has at most 256 keys."""

_MANIFEST = "file:///recorded/manifest.json"
_DEVICE, _UNKNOWN_COST = "as recorded", "not recorded"


@dataclass(frozen=True)
class RecordedStudy:
    """A study of recorded runs, under names of our own (see `Names`)."""

    study: Study
    records: Records
    names: Names
    arm_of: Mapping[str, str]
    """The table's arms by our own names."""
    missing: frozenset[str]
    """The keys of trials that nobody recorded."""
    missing_runs: int
    """How many of them have a seed that the table has: a single seed is judged as one of two."""
    has_costs: bool
    by_step: bool
    """Whether the arms are read from the same runs, at steps of them."""
    is_compared: bool
    """Whether a baseline was chosen; else one stands in its place that nothing may be said against."""
    said: tuple[str, ...] = ()


def recorded_study(
    table: Table, arms: JudgedArms, options: JudgingOptions, *, name: str, score: str, goal: Goal, by_step: bool = False
) -> RecordedStudy:
    """Return the study of all runs on these arms; `name` is what it is called, `score` what its scores are.

    All seeds that there are make one look. Hypotheses without a run on the reference are left out: nothing can be said
    of them. Raises InvalidInput.
    """
    chosen, baseline, said = _hypotheses(table, arms, options)
    seeds = 1 + max(seed for (hypothesis, arm, seed) in table.runs if arm == arms.reference or arm in arms.proxies)
    _check_size(options, chosen, seeds, 1 + len(arms.proxies))
    hypotheses = names_of("h", (table.shown_hypothesis(each) for each in chosen))
    proxies = names_of("p", (labelled(table, each) for each in arms.proxies))
    others = Names({"x7qm0x": score, "x7qs0x": name})
    own_hypothesis = dict(zip(chosen, hypotheses.shown, strict=True))
    resource = _resource(options, own_hypothesis[baseline or chosen[0]], tuple(proxies.shown), seeds, goal, len(chosen))
    definition = StudyDefinition(
        resource=resource,
        hypotheses=tuple(
            _hypothesis(name, table.settings.get(each, {})) for name, each in zip(hypotheses.shown, chosen, strict=True)
        ),
        code={study_program(resource.spec): table.digest},
        dataset=Dataset(manifest=_MANIFEST, digest=table.digest),
    )
    study = Study.of(definition)
    arm_of = {REFERENCE: arms.reference, **dict(zip(proxies.shown, arms.proxies, strict=True))}
    hypothesis_of = dict(zip(hypotheses.shown, chosen, strict=True))
    records, missing = _records(study, table, hypothesis_of, arm_of)
    return RecordedStudy(
        study,
        records,
        together(hypotheses, proxies, others),
        arm_of,
        missing,
        sum(trial.key in missing and trial.seed < seeds for trial in study.design.trials),
        has_costs=_most_have_costs(table.runs.values()),
        by_step=by_step,
        is_compared=baseline is not None,
        said=said,
    )


def _hypotheses(
    table: Table, arms: JudgedArms, options: JudgingOptions
) -> tuple[Sequence[str], str | None, tuple[str, ...]]:
    """Return the hypotheses that have a run on the reference, the baseline first, and what is to be said of the
    others."""
    there = Counter(hypothesis for hypothesis, arm, _ in table.runs if arm == arms.reference)
    baseline, said = _baseline(table, options)
    if baseline is not None and baseline not in there:
        given = f"{table.shown_hypothesis(baseline)!r}, which has no run on the reference"
        raise InvalidInput([Problem(options.place, options.called("baseline"), given, "a hypothesis that has one")])
    without = len(table.hypotheses) - len(there)
    if without:
        said = (
            *said,
            f"{without:,} of {len(table.hypotheses):,} hypotheses have no run on the reference and are left out.",
            "What is said of a proxy holds for such as were run on: others may have been stopped for early scores.",
        )
    chosen = [each for each in table.hypotheses if each in there]
    if baseline is None:
        # whoever stands in the baseline's place must have scores, as nobody's would be said otherwise
        whole = Counter(hypothesis for (hypothesis, arm, _), run in table.runs.items() if _is_whole(run, arm, arms))
        return sorted(chosen, key=lambda each: (-whole[each], each)), None, said
    return [baseline, *(each for each in chosen if each != baseline)], baseline, said


def _is_whole(run: RecordedRun, arm: str, arms: JudgedArms) -> bool:
    return arm == arms.reference and run.score is not None


def _baseline(table: Table, options: JudgingOptions) -> tuple[str | None, tuple[str, ...]]:
    if options.baseline is not None:
        found = table.hypothesis_called(options.baseline)
        if found is None and (number := number_of(options.baseline)) is not None:
            found = next((each for each in table.hypotheses if number_of(table.shown_hypothesis(each)) == number), None)
        if found is None:
            shown = [table.shown_hypothesis(each) for each in table.hypotheses]
            allowed = f"a hypothesis of the table, such as {shown[0]}"
            problem = Problem(
                options.place,
                options.called("baseline"),
                repr(options.baseline),
                allowed,
                nearest(options.baseline, shown),
            )
            raise InvalidInput([problem])
        return found, ()
    for each in table.hypotheses:
        if table.shown_hypothesis(each).lower() == "baseline":
            return each, ()
    return None, ()


def _check_size(options: JudgingOptions, hypotheses: Sequence[str], seeds: int, arms: int) -> None:
    problems = []
    if len(hypotheses) > MOST_HYPOTHESES:
        given = f"{len(hypotheses):,} hypotheses with a run on the reference"
        allowed = f"at most {MOST_HYPOTHESES:,}: {options.called('where')} keeps some of the rows"
        problems.append(Problem(options.place, options.called("hypothesis"), given, allowed))
    elif len(hypotheses) * seeds * arms > MOST_RUNS:
        given = f"up to {seeds:,} runs of each of {len(hypotheses):,} hypotheses on {arms} arms"
        allowed = (
            f"a table of at most {MOST_RUNS:,} cells: {options.called('proxy')} chooses fewer arms, and "
            f"{options.called('where')} keeps some of the rows"
        )
        problems.append(Problem(options.place, options.called("seed"), given, allowed))
    if problems:
        raise InvalidInput(problems)


def _resource(
    options: JudgingOptions, baseline: str, proxies: Sequence[str], seeds: int, goal: Goal, hypotheses: int
) -> ProxyStudy:
    failure_score = options.failure_score
    spec = ProxyStudySpec(
        hypotheses=HypothesesSelection(baseline=baseline),
        dataset=DatasetReference(manifest=_MANIFEST),
        trainer=TrainerSpec(entrypoint="recorded:run"),
        metric=Metric(
            name="x7qm0x",
            goal=goal,
            smallest_effect=decimal_string(options.smallest_effect),
            on_failure=options.on_failure,
            failure_score=decimal_string(failure_score) if failure_score is not None else None,
        ),
        reference=ReferenceArm(epochs=1),
        proxies=tuple(ProxyArm(name=each, recipe={"recorded on": each}) for each in proxies),
        trust=Trust(
            threshold=decimal_string(options.threshold),
            confidence_percent=options.confidence,
            # nothing more is expected: all of the error may be spent on what is there
            expected_hypotheses=max(2, hypotheses),
        ),
        verdicts=Verdicts(confidence_percent=options.confidence),
    )
    # a table may have more seeds than a study may ask for, or one alone, which shows no noise
    look = Seeds().model_copy(update={"initial": max(2, seeds), "maximum": max(2, seeds)})
    return ProxyStudy(metadata=ObjectMeta(name="x7qs0x"), spec=spec.model_copy(update={"seeds": look}))


def _hypothesis(name: str, settings: Mapping[str, str]) -> Hypothesis:
    """Return a hypothesis whose recipe keeps its trials apart from those of all others, and has the settings that tell
    who is kin."""
    recipe = {**dict(islice(settings.items(), _MOST_SETTINGS)), "recorded as": name}
    spec = HypothesisSpec(statement="As recorded.", recipe=recipe)
    return Hypothesis(metadata=ObjectMeta(name=name), spec=spec.model_copy(update={"statement": ""}))


def _records(
    study: Study, table: Table, hypothesis_of: Mapping[str, str], arm_of: Mapping[str, str]
) -> tuple[Records, frozenset[str]]:
    """Return what is known of each trial, and the keys of those that nobody recorded."""
    records, missing = {}, []
    provenance = Provenance(
        code=table.digest, dataset=table.digest, python=_DEVICE, torch=None, device_model=_DEVICE, started_at=0.0
    )
    costs: dict[float | None, Cost] = {}
    like: TrialResult | None = None
    for trial in study.design.trials:
        run = table.runs.get((hypothesis_of[trial.hypothesis], arm_of[trial.arm], trial.seed))
        if run is None:
            missing.append(trial.key)
            records[trial.key] = WorkRecord(
                failures=(_failure(trial, FailureReason.NOT_RECORDED, "no such run is recorded", 0.0),)
            )
        elif run.score is None:
            records[trial.key] = WorkRecord(
                failures=(_failure(trial, FailureReason.METRIC_MISSING, "it ended without a score", run.seconds),)
            )
        else:
            if run.cost not in costs:
                costs[run.cost] = _cost(run)
            like = like or _any_result(trial, costs[run.cost], provenance)
            records[trial.key] = WorkRecord(result=_result(like, trial, run.score, costs[run.cost]))
    return records, frozenset(missing)


def _result(like: TrialResult, trial: PlannedTrial, score: float, cost: Cost) -> TrialResult:
    """Return the result of a trial `like` another one: a copy takes less than half as long as a check of all fields."""
    own = {"key": trial.key, "hypothesis": trial.hypothesis, "arm": trial.arm, "seed": trial.seed}
    return like.model_copy(update={**own, "score": score, "metrics": {like.metric: score}, "cost": cost})


def _any_result(trial: PlannedTrial, cost: Cost, provenance: Provenance) -> TrialResult:
    return TrialResult(
        key=trial.key,
        study="x7qs0x",
        hypothesis=trial.hypothesis,
        arm=trial.arm,
        seed=trial.seed,
        metric="x7qm0x",
        score=0.0,
        metrics={"x7qm0x": 0.0},
        cost=cost,
        provenance=provenance,
    )


def _failure(trial: PlannedTrial, reason: FailureReason, message: str, seconds: float) -> Failure:
    return Failure(
        key=trial.key, attempt=1, reason=reason, message=message, accelerator_seconds=seconds, study="x7qs0x"
    )


def _cost(run: RecordedRun) -> Cost:
    """Return the cost of a run. Costs are compared on one device model alone: so those count that are known."""
    seconds = run.seconds
    return Cost(
        unit="accelerator",
        devices=1,
        device_model=_UNKNOWN_COST if run.cost is None else _DEVICE,
        wall_seconds=seconds,
        accelerator_seconds=seconds,
        setup_seconds=0,
        training_seconds=seconds,
        evaluation_seconds=0,
    )


def _most_have_costs(runs: Iterable[RecordedRun]) -> bool:
    known = [run.cost is not None for run in runs if run.score is not None]
    return sum(known) * 2 > len(known)
