"""Rows of `in_the_wild.py`: hypotheses that fail on some of their seeds, by their own fault.

A backlog of 18 hypotheses and a baseline, 3 of which fail: on the seeds on which they would have scored worst (so those
that survive look better than they are), or on any seeds while they are good on the others. Noise is logistic, and a
seed adds to the scores of all. "Without" takes the survivors for the whole, as if failed seeds were missing at random.

false: a verdict that a hypothesis that was seen to fail is better or equivalent, or a wrong verdict on another one (all
of which are equal to the baseline); where the best is looked for: one that was seen to fail may be it, or the best of
the others may not. power: right verdicts on those that don't fail (a third of them better, a third worse); where the
best is looked for: the first place has the best of those that don't fail. So a loss of power would be what healthy
hypotheses pay for those that fail.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from wild_rows import Measured, Row

from assay.api.resources import Metric, OnFailure, Question
from assay.planning.allocation.seeds_needed import seeds_needed
from assay.planning.assessment.failing import comparisons_with
from assay.planning.results.score_tables import ScoreTable
from assay.planning.study.study import Study
from assay.ranking import Scores, compare_with_baseline, rank_intervals
from assay.ranking.arrays import FloatArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from builders.studies import a_study

HYPOTHESES, FAILING, MARGIN, CONFIDENCE = 19, 3, 0.3, 0.95
"""How many hypotheses there are, the baseline first; how many of them fail, the last ones; the smallest effect."""


@dataclass(frozen=True)
class Situation:
    """Who fails, and what is asked. `share` of the seeds fail; the worst ones, or any. `level` is the true score of the
    failing ones where they don't fail; the others' have a spread of about 1. `noise` is that of one seed."""

    share: float
    worst: bool
    level: float = 0.0
    question: Question = Question.BEAT_BASELINE
    initial: int = 3
    maximum: int = 10
    noise: float = 0.35


@cache
def study_of(question: Question, initial: int, maximum: int, on_failure: OnFailure) -> Study:
    """Return the study that is asked, without any results."""
    metric = Metric(name="accuracy", smallest_effect=str(MARGIN), on_failure=on_failure)
    return a_study(
        hypotheses=HYPOTHESES, seeds=initial, maximum=maximum, question=question, metric=metric, capacity=None
    )


def table_of(generator: np.random.Generator, levels: FloatArray, situation: Situation) -> ScoreTable:
    """Draw the scores of all seeds, and which of them fail."""
    shape = (HYPOTHESES, situation.maximum)
    noise = situation.noise * generator.logistic(0, 3**0.5 / np.pi, shape)
    fails = np.zeros(shape, dtype=np.bool_)
    chosen = noise[-FAILING:] if situation.worst else generator.random((FAILING, situation.maximum))
    fails[-FAILING:] = chosen.argsort(axis=1).argsort(axis=1) < round(situation.share * situation.maximum)
    values = levels[:, None] + noise + generator.standard_normal(situation.maximum)
    names = tuple(hypothesis.name for hypothesis in study_of(Question.RANK_ALL, 2, 2, OnFailure.IGNORE).hypotheses)
    scores = Scores(names, tuple(range(situation.maximum)), np.where(fails, np.nan, values))
    return ScoreTable(scores, np.ones(shape, dtype=np.bool_), fails)


@dataclass(frozen=True)
class Judged:
    """What is said of a study: verdicts on all but the baseline, or who may be the best, the first place first. `seen`
    is what was seen of it, `seeds` the share of them that it took."""

    verdicts: Mapping[str, str]
    best: tuple[str, ...]
    seen: ScoreTable
    seeds: float


def judged(table: ScoreTable, situation: Situation, on_failure: OnFailure) -> Judged:
    """Judge a study that ran the seeds that it asked for."""
    study = study_of(situation.question, situation.initial, situation.maximum, on_failure)
    needed = seeds_needed(study, table).seeds
    seen, share = table.limited(needed), float(needed.mean()) / situation.maximum
    unstable = seen.failing if on_failure is OnFailure.UNSTABLE else frozenset()
    initial, maximum = situation.initial, situation.maximum
    if situation.question is Question.FIND_BEST:
        places = rank_intervals(seen.scores, CONFIDENCE, initial=initial, maximum=maximum, unstable=unstable)
        by_rank = sorted((each for each in places if each.may_be_best), key=lambda each: each.rank or 0)
        return Judged({}, tuple(each.hypothesis for each in by_rank), seen, share)
    compare = partial(
        compare_with_baseline,
        baseline=study.baseline,
        smallest_effect=MARGIN,
        confidence=CONFIDENCE,
        initial=initial,
        maximum=maximum,
    )
    said = comparisons_with(study.baseline, seen, unstable, initial, compare)
    verdicts = {
        name: "Unstable" if name in unstable and each.verdict != "Worse" else each.verdict
        for name, each in said.items()
    }
    return Judged(verdicts, (), seen, share)


def failing(generator: np.random.Generator, *_: object, situation: Situation) -> Measured:
    """Simulate a study in which nothing differs and one in which much does, and judge each, without and with."""
    same, different = np.zeros(HYPOTHESES), np.zeros(HYPOTHESES)
    healthy = slice(1, HYPOTHESES - FAILING)
    if situation.question is Question.FIND_BEST:
        same[1], different[healthy] = 0.5, np.linspace(1.5, -1.5, HYPOTHESES - FAILING - 1)
    else:
        different[healthy] = np.resize([1.0, 0.0, -1.0], HYPOTHESES - FAILING - 1)
    same[-FAILING:] = different[-FAILING:] = situation.level
    tables = [table_of(generator, levels, situation) for levels in (same, different)]
    values: dict[str, float] = {}
    for suffix, on_failure in (("", OnFailure.UNSTABLE), ("_before", OnFailure.IGNORE)):
        null, alternative = (judged(table, situation, on_failure) for table in tables)
        if situation.question is Question.FIND_BEST:
            best = _best_that_holds(null.seen, same)
            wrong = best not in null.best or bool(null.seen.failing & set(null.best))
            right = float(alternative.best[:1] == (_best_that_holds(alternative.seen, different),))
        else:
            wrong, right = _any_wrong(null), _right(alternative, different)
        values |= {f"false{suffix}": float(wrong), f"power{suffix}": right, f"seeds{suffix}": alternative.seeds}
    return Measured(values)


def _any_wrong(said: Judged) -> bool:
    """Tell whether anything is wrong where all that don't fail are equal to the baseline."""
    names = said.seen.scores.hypotheses[1 : HYPOTHESES - FAILING]
    return any(said.verdicts[name] in ("Better", "Worse") for name in names) or any(
        said.verdicts[name] in ("Better", "Equivalent") for name in said.seen.failing
    )


def _right(said: Judged, levels: FloatArray) -> float:
    """Return the share of the hypotheses that don't fail that have the right verdict."""
    right = {1.0: "Better", 0.0: "Equivalent", -1.0: "Worse"}
    pairs = list(zip(said.seen.scores.hypotheses, levels, strict=True))[1 : HYPOTHESES - FAILING]
    return float(np.mean([said.verdicts[name] == right[float(level)] for name, level in pairs]))


def _best_that_holds(seen: ScoreTable, levels: FloatArray) -> str:
    """Return the truly best of the hypotheses that were not seen to fail."""
    names = seen.scores.hypotheses
    return max(zip(levels, names, strict=True), key=lambda pair: (pair[1] not in seen.failing, pair[0]))[1]


ROWS = tuple(
    Row(f"failures {name}", partial(failing, situation=situation))
    for name, situation in (
        ("the worst half of the seeds", Situation(0.5, worst=True, level=0.2)),
        ("the worst fifth of the seeds", Situation(0.2, worst=True, level=0.2)),
        ("any half, good on the others", Situation(0.5, worst=False, level=1.0)),
        ("any fifth, good on the others", Situation(0.2, worst=False, level=1.0)),
        ("any half, good, 4 fixed seeds", Situation(0.5, worst=False, level=1.0, initial=4, maximum=4)),
        ("any half, good, who is best", Situation(0.5, worst=False, level=2.5, question=Question.FIND_BEST)),
        ("the worst half, who is best", Situation(0.5, worst=True, level=0.3, question=Question.FIND_BEST)),
    )
)
