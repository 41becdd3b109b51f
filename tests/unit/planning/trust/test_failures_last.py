"""What arms are compared by where hypotheses fail on one arm and not on another."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pytest

from assay.api.resources import REFERENCE, Metric, OnFailure
from assay.planning.plan import plan
from assay.planning.records.records import WorkRecord
from assay.planning.results.score_tables import ScoreTable
from assay.planning.study.study import Study
from assay.planning.trust.failures_last import with_failures_last
from assay.ranking import Scores
from assay_trainer.contract import FailureReason
from builders.manifests import a_proxy
from builders.studies import a_failure, a_result, a_study

SHORT = a_proxy("short", epochs=2)
FAILED = {"h002": (0, 1)}


def study_of(on_failure: OnFailure = OnFailure.UNSTABLE, hypotheses: int = 5) -> Study:
    metric = Metric(name="accuracy", on_failure=on_failure, failure_score="0" if on_failure == "Score" else None)
    return a_study(hypotheses=hypotheses, proxies=(SHORT,), seeds=3, maximum=5, metric=metric)


def table_of(study: Study, failed: Mapping[str, Collection[int]]) -> ScoreTable:
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    values = np.arange(len(names))[:, None] + np.array([0.0, 10.0, -5.0, 2.0, 1.0])
    fails = np.array([[seed in failed.get(name, ()) for seed in range(5)] for name in names])
    scores = Scores(names, tuple(range(5)), np.where(fails, np.nan, values))
    return ScoreTable(scores, np.ones(fails.shape, dtype=np.bool_), fails)


def test_who_fails_on_one_arm_only_comes_last_there_and_adds_no_noise() -> None:
    study = study_of()
    tables = {REFERENCE: table_of(study, FAILED), "short": table_of(study, {})}
    found = with_failures_last(study, tables)
    reference = found[REFERENCE].scores
    assert found["short"].scores == tables["short"].scores
    assert reference.adjusted_means[reference.row("h002")] == pytest.approx(reference.adjusted_means.min())
    assert (reference.values[reference.row("h002")] < np.delete(reference.values, reference.row("h002"), 0)).all()
    assert np.abs(reference.residuals).max() == pytest.approx(0)


@pytest.mark.parametrize(
    ("reference", "short"),
    [
        ({}, {}),
        (FAILED, FAILED),
        ({"h002": (0,)}, {}),
        # only the initial seeds tell, so that later ones change nothing
        ({"h002": (1, 3, 4)}, {}),
    ],
)
def test_all_else_is_as_it_was(reference: dict[str, Collection[int]], short: dict[str, Collection[int]]) -> None:
    study = study_of()
    tables = {REFERENCE: table_of(study, reference), "short": table_of(study, short)}
    found = with_failures_last(study, tables)
    assert {arm: own.scores for arm, own in found.items()} == {arm: own.scores for arm, own in tables.items()}


@pytest.mark.parametrize("on_failure", [OnFailure.SCORE, OnFailure.IGNORE])
def test_where_the_study_says_how_failed_seeds_count_nobody_comes_last(on_failure: OnFailure) -> None:
    study = study_of(on_failure)
    tables = {REFERENCE: table_of(study, FAILED), "short": table_of(study, {})}
    assert with_failures_last(study, tables) is tables


def test_a_proxy_that_hides_failures_is_not_trusted_and_says_why() -> None:
    study, levels = study_of(hypotheses=24), {}
    for at, hypothesis in enumerate(study.hypotheses):
        levels[hypothesis.name] = 0.5 + 0.01 * at
    fails = {"h020", "h021", "h022", "h023"}

    def record(key: str, hypothesis: str, arm: str, failing: Collection[str]) -> WorkRecord:
        trial = next(trial for trial in study.design.trials if trial.key == key)
        if arm == REFERENCE and hypothesis in failing and trial.seed < 2:
            return WorkRecord(failures=(a_failure(key, reason=FailureReason.SCORE_NOT_FINITE),))
        noise = np.random.default_rng((trial.seed, len(arm), int(levels[hypothesis] * 100))).standard_normal()
        return WorkRecord(result=a_result(study, trial, levels[hypothesis] + 0.001 * float(noise)))

    for failing, want in ((set[str](), True), (fails, False)):
        records = {
            trial.key: record(trial.key, trial.hypothesis, trial.arm, failing)
            for trial in study.design.trials
            if trial.seed < 3
        }
        arm = plan(study, records, 0.0).status.arms[1]
        assert (arm.decision == "Trusted") is want
        assert ("fail on one of the two arms only, and count as last there" in (arm.message or "")) is not want
