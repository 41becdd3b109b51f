"""What a trial left out is said in the table of trials, and in the rows that others read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assay.planning.judgement import judge
from assay.planning.records.records import Records
from assay.planning.study.study import Study
from assay.reporting.trial_rows import trial_rows
from assay.reporting.trial_table import trial_table
from assay.reporting.trials import trials_of
from assay_trainer.contract import TrialResult
from builders.studies import a_study, records_of_scores

NOTES = ("confusion left out: a list of 10", "loss left out: inf, which is not finite")


def noted(run_url: str | None) -> tuple[Study, Records]:
    study = a_study(hypotheses=2, seeds=2)
    records = dict(records_of_scores(study, lambda trial: 0.5))
    key = study.design.trials[0].key
    result = records[key].result
    assert isinstance(result, TrialResult)
    records[key] = replace(records[key], result=result.model_copy(update={"notes": NOTES, "run_url": run_url}))
    return study, records


@pytest.mark.parametrize(
    ("run_url", "want"),
    [(None, "; ".join(NOTES)), ("https://tracker.example/1", f"run https://tracker.example/1; {'; '.join(NOTES)}")],
)
def test_notes_are_in_the_table_of_trials(run_url: str | None, want: str) -> None:
    study, records = noted(run_url)
    table = trial_table(trials_of(study, judge(study, records)))
    assert table["messages"] == [want]
    assert [row[-1] for row in table["rows"]] == [0, *[None] * (len(table["rows"]) - 1)]


def test_notes_are_in_the_rows_of_the_ledger() -> None:
    study, records = noted(None)
    rows = json.loads(trial_rows(study, judge(study, records)))["trials"]
    assert [row["notes"] for row in rows] == [list(NOTES), *[[]] * (len(rows) - 1)]
