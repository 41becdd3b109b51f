"""How finely a metric tells hypotheses apart that comes in steps."""

from __future__ import annotations

import numpy as np
import pytest

from assay.planning.assessment.resolution import Resolution, resolution_of
from assay.planning.plan import plan
from assay.planning.records.records import Records, WorkRecord
from assay.planning.study.study import Study
from assay.reporting.answers import verdict_answer
from builders.score_tables import scores
from builders.studies import a_study, records_of_scores, redefined

EXAMPLES, HYPOTHESES, SEEDS = 40, 6, 4
TRUTH = np.array([0.80, 0.81, 0.82, 0.83, 0.84, 0.85])
RIGHT = np.random.default_rng(0).binomial(EXAMPLES, TRUTH[:, None], (HYPOTHESES, SEEDS)) / EXAMPLES
LOSSES = 3 * (1 - TRUTH[:, None]) + np.random.default_rng(1).normal(0, 0.01, (HYPOTHESES, SEEDS))


def study_of(examples: int | None = EXAMPLES) -> Study:
    return redefined(a_study(hypotheses=HYPOTHESES, seeds=SEEDS), held_out_examples=examples)


def judged(
    values: np.ndarray = RIGHT, losses: np.ndarray | None = None, examples: int | None = EXAMPLES
) -> tuple[Study, Records]:
    study = study_of(examples)
    rows = {hypothesis.name: row for row, hypothesis in enumerate(study.hypotheses)}
    records = dict(records_of_scores(study, lambda trial: float(values[rows[trial.hypothesis], trial.seed])))
    if losses is not None:
        for trial in study.design.trials:
            result = records[trial.key].result
            assert result is not None
            loss = float(losses[rows[trial.hypothesis], trial.seed])
            more = {"metrics": {**result.metrics, "loss": loss}}  # type: ignore[union-attr]
            records[trial.key] = WorkRecord(result=result.model_copy(update=more))
    return study, records


def found(
    values: np.ndarray = RIGHT, losses: np.ndarray | None = None, examples: int | None = EXAMPLES
) -> Resolution | None:
    study, records = judged(values, losses, examples)
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    return resolution_of(study, records, scores(values, names))


def test_ties_of_the_same_seed_are_counted() -> None:
    resolution = found()
    assert resolution is not None
    tied = sum(
        RIGHT[first, seed] == RIGHT[second, seed]
        for seed in range(SEEDS)
        for first in range(HYPOTHESES)
        for second in range(first)
    )
    assert resolution.tied == tied / (SEEDS * HYPOTHESES * (HYPOTHESES - 1) / 2)
    assert (resolution.examples, resolution.finer_by) == (EXAMPLES, None)


@pytest.mark.parametrize(
    "values",
    [
        RIGHT + np.random.default_rng(2).normal(0, 0.003, RIGHT.shape),  # no whole numbers of examples
        TRUTH[:, None] + np.zeros(SEEDS),  # nothing is tied
        100 * RIGHT,
        RIGHT * 0,
    ],
)
def test_a_metric_that_is_no_share_of_the_examples_or_ties_few_is_not_spoken_of(values: np.ndarray) -> None:
    assert found(values) is None


def test_scores_that_a_function_has_rounded_count_all_the_same() -> None:
    thirds = np.round(np.round(RIGHT * 30) / 30, 4)
    assert found(thirds, examples=30) is not None


def test_where_the_number_of_examples_is_not_known_nothing_is_said() -> None:
    assert found(examples=None) is None


def test_the_loss_is_named_where_it_tells_more() -> None:
    resolution = found(losses=LOSSES)
    assert resolution is not None
    assert resolution.finer_by is not None
    assert resolution.finer_by > 2


@pytest.mark.parametrize(
    "losses",
    [
        np.random.default_rng(3).normal(0, 1, RIGHT.shape),  # it tells nothing
        np.where(np.arange(SEEDS) == 1, np.nan, LOSSES),  # not all have one
        np.ones(RIGHT.shape),
    ],
)
def test_the_loss_is_not_named_where_it_tells_no_more_or_is_not_known(losses: np.ndarray) -> None:
    resolution = found(losses=losses)
    assert resolution is not None
    assert resolution.finer_by is None


def test_one_hypothesis_that_diverges_changes_little() -> None:
    losses = LOSSES.copy()
    losses[2] = [1e6, 5e6, 1e3, 1e9]
    resolution, without = found(losses=losses), found(losses=LOSSES)
    assert resolution is not None
    assert without is not None
    assert resolution.finer_by is not None
    assert resolution.finer_by > 1.2


@pytest.mark.parametrize("losses", [None, LOSSES])
def test_the_answer_says_the_step_and_what_would_do_better(losses: np.ndarray | None) -> None:
    study, records = judged(losses=losses)
    status = plan(study, records, 0.0).status
    said = verdict_answer(study, status)
    assert "The accuracy comes in steps of 1/40, as so many examples are held out" in said
    assert status.metric_resolution is not None
    assert f"{status.metric_resolution.tied_percent} % of all pairs" in said
    assert ("By the loss of the same trials" in said) is (losses is not None)
