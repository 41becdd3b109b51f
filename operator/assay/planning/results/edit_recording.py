"""What is to be written into the log of edits: what the study is judged by now, if scores have been seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assay.api.resources import REFERENCE
from assay.planning.records.edit_digest import guarded_part
from assay.planning.records.edit_log import (
    BASELINE,
    INITIAL,
    MAXIMUM,
    EditRecord,
    Scored,
    Value,
    known_scores,
    records_to_write,
)
from assay_trainer.contract import TrialResult, digest

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudySpec
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study


def edits_to_record(study: Study, records: Records, now: float) -> tuple[EditRecord, ...]:
    """Return the records to write at `now` (Unix seconds); none while nothing has a score, and none if all is known."""
    design, log = study.design, study.history.edits
    runs = {each.name: design.conditions[each.name, REFERENCE].digest for each in study.hypotheses}
    record = EditRecord.model_construct(
        number=1,
        made_at=now,
        judged_by=judged_by(study.spec),
        ground=design.ground[REFERENCE],
        baseline_runs=runs[study.baseline],
        arms={arm: _runs(study, arm) for arm in design.arms if arm != REFERENCE},
        seeds=1,
        scored={},
    )
    if log and log[-1].criteria == record.criteria and known_scores(log).keys() >= runs.items():
        return ()  # as in most rounds: then nobody's scores need to be looked for
    seeds = _seeds_with_scores(study, records)
    if not seeds:
        return ()
    scored = {name: Scored.model_construct(runs=runs[name], seeds=count) for name, count in seeds.items()}
    return tuple(records_to_write(log, record.model_copy(update={"seeds": max(seeds.values()), "scored": scored})))


def judged_by(spec: ProxyStudySpec) -> dict[str, Value]:
    """Return what results are judged by: the values of fields by their paths. A field that is left out has no entry."""
    found: dict[str, Value] = dict(_flat(guarded_part(spec)))
    found |= {BASELINE: spec.hypotheses.baseline, INITIAL: spec.seeds.initial, MAXIMUM: spec.seeds.maximum}
    if "clusterBy" in found:
        found["hypotheses.clusterBy"] = found.pop("clusterBy")
    return found


def _runs(study: Study, arm: str) -> str:
    """Return the digest of what an arm runs, and of its metric if that is not the study's."""
    ground, by = study.design.ground[arm], study.design.metrics[arm]
    return ground if by.name == study.spec.metric.name else digest(f"{ground} {by.name} {by.goal}".encode())


def _flat(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Value]]:
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value if isinstance(value, bool | int) or value is None else str(value)


def _seeds_with_scores(study: Study, records: Records) -> dict[str, int]:
    """Return, by hypothesis, the seeds up to the last one with a score, on whichever arm."""
    seeds: dict[str, int] = {}
    for trial in study.design.trials:
        record = records.get(study.design.run_of(trial).key)
        if record is not None and isinstance(record.result, TrialResult):
            seeds[trial.hypothesis] = trial.seed + 1  # trials are in the order of their seeds
    return seeds
