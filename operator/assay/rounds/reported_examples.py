"""Reading what trials said of each held-out example, where a study's verdicts are about fresh ones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, GeneraliseTo
from assay.planning.records.reported_examples import NO_EXAMPLES, ReportedExamples
from assay.ranking import ExampleErrors
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study
    from assay.store import Ledger


def reported_examples(study: Study, ledger: Ledger, records: Records) -> ReportedExamples:
    """Return what the reference's trials said of the held-out examples, as far as it is new read from the ledger.
    Raises StoreError."""
    if study.spec.verdicts.generalise_to != GeneraliseTo.FRESH_EXAMPLES:
        return NO_EXAMPLES
    results: dict[str, dict[int, TrialResult]] = defaultdict(dict)
    for trial in study.design.trials:
        if trial.arm == REFERENCE and (record := records.get(trial.key)) and isinstance(record.result, TrialResult):
            results[trial.hypothesis][trial.seed] = record.result
    baseline, metric = results[study.baseline], study.spec.metric.name
    found = {
        name: ledger.example_errors(own, baseline, metric) for name, own in results.items() if name != study.baseline
    }
    return ReportedExamples(
        ExampleErrors({name: each.variances for name, each in found.items() if each.variances}),
        {name: each.missing for name, each in found.items() if each.missing},
    )
