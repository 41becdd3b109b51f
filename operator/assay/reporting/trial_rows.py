"""The table of all trials as JSON, for people who look further with tools of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from assay.planning.records.records import UNKNOWN
from assay.planning.results.progress import State
from assay_trainer.contract import CONTRACT_VERSION, TrialResult

if TYPE_CHECKING:
    from assay.planning.judgement import Judgement
    from assay.planning.study.study import Study


def trial_rows(study: Study, judgement: Judgement) -> bytes:
    """Return a JSON object with `version`, `study`, and `trials`: one object per trial, in the order of the design."""
    rows, progress, records = [], judgement.progress, judgement.records
    for trial in study.design.trials:
        state = progress.states[trial.key]
        if state is State.SPARE:
            continue
        result = records.get(trial.key, UNKNOWN).result
        own = progress.own_failures.get(trial.key)
        failure = progress.failures.get(trial.key) or own
        row: dict[str, Any] = {
            "key": trial.key,
            "hypothesis": trial.hypothesis,
            "arm": trial.arm,
            "seed": trial.seed,
            "state": state.value,
        }
        if (reading := study.design.readings.get(trial.key)) is not None:
            row["read_from"] = list(reading.sources)
        if isinstance(result, TrialResult):
            row |= {
                "metrics": result.metrics,
                "cost": result.cost.model_dump(),
                "profile": result.profile.model_dump() if result.profile else None,
                "run_url": result.run_url,
                "notes": list(result.notes),
            }
        if failure:
            row |= {"reason": failure.reason, "message": failure.message, "own_fault": own is not None}
        rows.append(row)
    return json.dumps({"version": CONTRACT_VERSION, "study": study.name, "trials": rows}).encode()
